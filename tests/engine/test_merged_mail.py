"""What comes late for a merged case lands where it goes on, on both databases."""

from __future__ import annotations

import asyncio
from typing import Any

from engine.core.commands import ClaimTicket
from engine.core.errors import Refused
from engine.core.joining import MergeTicket, SplitTicket, UnmergeTicket
from engine.desk import Desk, Messages, TicketByNumber
from tests.engine.test_inbound import from_line, letter
from tests.support.house import House, sign_in


def test_letters_and_running_conversations_find_the_end_of_the_chain(house: House, database: str) -> None:
    async def work(desk: Desk) -> Any:
        amy = await sign_in(desk, "amy", "frontline")
        a, b, c = [(await desk.receive(letter(f"<{n}@x>", text=f"第{n}封")))["ticket"] for n in (1, 2, 3)]
        await desk.act(amy, MergeTicket(a, b))
        await desk.act(amy, MergeTicket(b, c))
        answer = await desk.receive(letter("<4@x>", reply_to="<1@x>", text="回第一封"))
        eve = (await desk.receive(letter("<5@x>", {"email": "eve@x"}, reply_to="<1@x>", text="別人回")))["ticket"]
        line = (await desk.receive(from_line("m1", "U1", "LINE 的第一句")))["ticket"]
        form = (await desk.receive(letter("<6@x>", {"email": "u1@x"}, text="同一人的信")))["ticket"]
        await desk.act(amy, MergeTicket(line, form, confirm=True))
        again = (await desk.receive(from_line("m2", "U1", "LINE 的第二句")))["ticket"]
        shown = (await desk.query(amy, Messages(form)))["items"]
        await desk.act(amy, UnmergeTicket(line))
        third = (await desk.receive(from_line("m3", "U1", "LINE 的第三句")))["ticket"]
        gone = await desk.query(amy, TicketByNumber(a))
        return (a, b, c), answer["ticket"], eve, (line, form, again, third), shown, gone

    (a, b, c), answer, eve, (line, form, again, third), shown, gone = house.run(work)
    assert answer == c and gone["merged_into"] == c and eve not in (a, b, c)
    assert again == line, "another member's line stands in his own case"
    told = [(one["ticket"], one["text"]) for one in shown if one["author"]["kind"] == "member"]
    assert told == [(line, "LINE 的第一句"), (form, "同一人的信"), (line, "LINE 的第二句")]
    assert third == line


def test_two_that_are_merged_into_each_other_at_once(house: House, database: str) -> None:
    async def work(desk: Desk) -> Any:
        amy = await sign_in(desk, "amy", "frontline")
        a, b = [(await desk.receive(letter(f"<{n}@x>", text=f"第{n}封")))["ticket"] for n in (1, 2)]
        await desk.act(amy, ClaimTicket(a))

        async def merge(pair: tuple[int, int]) -> str:
            try:
                await desk.act(amy, MergeTicket(*pair))
            except Refused as refused:
                return refused.code
            return "done"

        done = await asyncio.gather(*(merge((a, b) if n % 2 else (b, a)) for n in range(20)))
        one, other = await desk.query(amy, TicketByNumber(a)), await desk.query(amy, TicketByNumber(b))
        end = b if one["merged"] else a
        ids = [line["id"] for line in (await desk.query(amy, Messages(end)))["items"] if line["ticket"] == end]
        try:
            await desk.act(amy, SplitTicket(end, tuple(ids), "全部"))
            split = "done"
        except Refused as refused:
            split = refused.code
        return done, {one["merged_into"], other["merged_into"]}, end, split

    done, ends, end, split = house.run(work)
    assert done.count("done") == 1 and set(done) <= {"done", "merged", "same-ticket", "ticket-closed"}
    assert ends == {None, end} and split == "all-lines"

"""Masked words and blocked members on a real store: what search, the conversation and a repeat make of them."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.commands import BlockMember, MemberLine, OpenTicket, UnblockMember
from engine.core.entities import SYSTEM
from engine.core.errors import Refused
from engine.core.questions import Events, Messages, Search, Tickets, Trace, WhoIs
from engine.desk import Desk
from engine.store import tables as t
from engine.store import wall_clock
from tests.support.house import House, member, sign_in

MASK = """
words rude = ["壞蛋"]
rule tidy
  stage guard
  on message.received
  when message.text contains any rude
  then mask rude
rule nearly
  stage notify
  on message.received
  when message.text contains any rude and message.length > 500
  then flag "long"
"""


def test_masked_words_are_found_nowhere_and_a_repeat_is_the_same_line(house: House) -> None:
    house.write("mask.rules", MASK)

    async def work(desk: Desk) -> Any:
        ming = await member(desk)
        line = MemberLine("demo", "你是壞\u200b蛋！請問訂單", client_key="k1")
        first = await desk.act(ming, line)
        again = await desk.act(ming, line)
        with pytest.raises(Refused, match="another line"):
            await desk.act(ming, MemberLine("demo", "你是壞人啊！請問訂單", client_key="k1"))
        number = first["ticket"]
        found = [len((await desk.query(SYSTEM, Search(q)))["items"]) for q in ("壞蛋", "請問訂單")]
        shown = await desk.query(SYSTEM, Messages(number))
        trace = await desk.query(SYSTEM, Trace(number))
        return first, again, found, repr(shown), trace

    first, again, found, shown, trace = house.run(work)
    assert first["message"]["text"] == "你是＊\u200b＊！請問訂單"
    assert again["message"]["id"] == first["message"]["id"] and again["repeat"]
    assert found == [0, 1]
    assert "蛋" not in shown + repr(trace)
    rules = {rule["rule"]: rule["outcome"] for item in trace["items"] for rule in item["rules"]}
    assert rules["nearly"] == "nearly", "the conditions are asked again of the line as it was"


def test_a_case_by_the_api_is_masked_before_it_is_stored(house: House) -> None:
    house.write("mask.rules", MASK)

    async def work(desk: Desk) -> Any:
        ming = await member(desk)
        made = await desk.act(ming, OpenTicket("壞蛋客服", "壞蛋", shop="demo"))
        return made["ticket"]["subject"], (await desk.query(SYSTEM, Search("壞蛋")))["items"]

    assert house.run(work) == ("＊＊客服", [])


BLOCK = """
rule short
  stage guard
  on message.received
  when message.text contains "騷擾"
  then block member for 30m "騷擾客服"
rule long
  stage guard
  on message.received
  when message.text contains "騷擾" and message.text contains "很久"
  then block member for 2h "久"
rule away
  stage guard
  on message.received
  when message.text contains "拒收"
  then reject "不收" block member for 1d
"""


class Clock:
    """The wall clock, moved."""

    def __init__(self) -> None:
        self.ahead = 0

    def __call__(self) -> int:
        return wall_clock() + self.ahead


def test_a_block_ends_by_itself_and_the_longest_of_one_wave_holds(house: House) -> None:
    house.write("block.rules", BLOCK)
    clock = Clock()

    async def work(desk: Desk) -> Any:
        ming = await member(desk)
        first = await desk.act(ming, MemberLine("demo", "騷擾你很久"))
        codes = []
        for ahead in (0, 60, 119, 121):
            clock.ahead = ahead * 60_000_000
            try:
                await desk.act(ming, MemberLine("demo", f"喂 {ahead}"))
                codes.append("taken")
            except Refused as refused:
                codes.append(refused.code)
        events = await desk.query(SYSTEM, Events(first["ticket"]))
        rows = await desk.context.store.read(lambda tx: tx.rows(t.Block.select()))
        return codes, [e["body"] for e in events["items"] if e["kind"] == "member.blocked"], rows

    codes, events, rows = house.run(work, clock)
    assert codes == ["blocked", "blocked", "blocked", "taken"]
    assert [(e["why"], e["rule"]) for e in events] == [("久", "long")]
    assert [(row["reason"], row["actor_kind"]) for row in rows] == [("久", "system")]
    assert rows[0]["until"] == events[0]["blocked_until"]


def test_a_guest_who_comes_back_in_the_same_browser_is_still_blocked_a_rejected_line_notwithstanding(
    house: House,
) -> None:
    house.write("block.rules", BLOCK)

    async def work(desk: Desk) -> Any:
        async def says(text: str, visitor: str | None = None) -> Any:
            who = await desk.query(SYSTEM, WhoIs(None, visitor, "demo"))
            try:
                await desk.act(who["actor"], MemberLine("demo", text))
            except Refused as refused:
                return who["visitor"], refused.code
            return who["visitor"], "taken"

        visitor, first = await says("請拒收我")
        _, again = await says("您好", visitor)
        _, other = await says("您好")
        tickets = await desk.query(SYSTEM, Tickets())
        return first, again, other, len(tickets["items"])

    assert house.run(work) == ("rejected", "blocked", "taken", 1)


def test_staff_blocks_and_unblocks_and_only_with_the_right(house: House) -> None:
    async def work(desk: Desk) -> Any:
        ming = await member(desk)
        lead = await sign_in(desk, "lead", "frontline", ("supervisor",))
        keeper = await sign_in(desk, "keeper", "frontline", ("sysadmin",))
        with pytest.raises(Refused):
            await desk.act(keeper, BlockMember(ming.id))
        forever = (await desk.act(lead, BlockMember(ming.id, None, "詐騙")))["member"]
        shorter = (await desk.act(lead, BlockMember(ming.id, 1_000_000)))["member"]
        with pytest.raises(Refused, match="at the moment"):
            await desk.act(ming, OpenTicket("a", "b", shop="demo"))
        found = [
            (await desk.query(lead, Tickets(filter=text)))["items"] for text in ("member.blocked", "not member.blocked")
        ]
        free = (await desk.act(lead, UnblockMember(ming.id)))["member"]
        taken = await desk.act(ming, MemberLine("demo", "您好"))
        return forever, shorter, free, taken["message"]["text"], found

    forever, shorter, free, text, found = house.run(work)
    assert (forever["blocked"], forever["blocked_until"]) == (True, None)
    assert (shorter["blocked"], shorter["blocked_until"]) == (True, None), "the longer block stays"
    assert (free["blocked"], free["blocked_until"], text, found) == (False, None, "您好", [[], []])

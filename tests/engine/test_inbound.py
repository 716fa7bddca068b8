"""What comes in by a channel, on a real desk: whose it is, where it goes, and that it comes in once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from engine.api import Inbound
from engine.core.commands import BlockMember, MoveTicket, PostMessage
from engine.core.entities import Actor
from engine.core.questions import Messages, TicketByNumber
from engine.desk import Desk
from engine.reload import reload_now
from engine.store import people
from engine.store import tables as t
from tests.support.house import House, member, sign_in

MAIL = "ming@example.org"


def letter(name: str, sender: Mapping[str, str] | None = None, text: str = "我要退款", **more: Any) -> Inbound:
    return Inbound("email", name, sender or {"email": MAIL}, text, 0, **more)


def from_line(name: str, user: str, text: str = "在嗎", **more: Any) -> Inbound:
    return Inbound("line", name, {"line": user}, text, 0, **more)


async def tickets(desk: Desk) -> list[dict[str, Any]]:
    return await desk.context.store.read(lambda tx: tx.rows(t.Ticket.select().order_by(t.Ticket.id)))


async def lines(desk: Desk) -> list[dict[str, Any]]:
    theirs = t.Message.select().where(t.Message.author_kind == "member").order_by(t.Message.id)
    return await desk.context.store.read(lambda tx: tx.rows(theirs))


async def with_address(desk: Desk, address: str = MAIL, *, verified: bool = True) -> Actor:
    """A member whose account has this address."""
    ming = await member(desk)
    link = people.link_identity
    await desk.context.store.write(lambda tx: link(tx, ming.id, "demo", "email", address, verified=verified))
    return ming


def test_forty_copies_at_once_are_one_line(house: House, database: str) -> None:
    """By two servers where the database lets two work."""

    async def work(desk: Desk) -> Any:
        other = await Desk.open(house.config) if database == "postgres" else desk
        try:
            if other is not desk:
                await reload_now(other, by="test", source="start", known=desk.rulebook)
            same = letter("<1@x>", account="shop@example.org")
            came = [(desk, other)[n % 2].receive(same) for n in range(40)]
            others = [
                desk.receive(letter("<1@x>", {"email": f"{n}@example.org"}, account=f"shop{n}@example.org"))
                for n in range(3)
            ]
            receipts = await asyncio.gather(*came)
            elsewhere = await asyncio.gather(*others)
        finally:
            if other is not desk:
                await other.close()
        return receipts, elsewhere, await lines(desk)

    receipts, elsewhere, stored = house.run(work)
    assert sorted(one.pop("repeat") for one in receipts) == [False] + [True] * 39
    assert all(one == receipts[0] for one in receipts), "each gets the same receipt"
    assert len({one["message"]["id"] for one in (receipts[0], *elsewhere)}) == 4, "each account has its own ids"
    assert sorted(line["channel_account"] for line in stored) == [
        "shop0@example.org",
        "shop1@example.org",
        "shop2@example.org",
        "shop@example.org",
    ]


def test_who_is_known_by_the_id_of_another_house_is_one_member(house: House) -> None:
    async def work(desk: Desk) -> Any:
        came = [
            from_line("1", "U1"),
            from_line("2", "U1"),
            from_line("3", "u1"),
            from_line("4", "Ｕ1"),
            from_line("5", "U1", account="other-shop"),
            Inbound("wechat", "1", {"wechat": "U1"}, "在嗎", 0),
            Inbound("line", "6", {"name": "王小明", "line": "U1"}, "還在嗎", 0),
        ]
        return [await desk.receive(one) for one in came], await tickets(desk), await identities(desk)

    receipts, made, known = house.run(work)
    numbers = [one["ticket"] for one in receipts]
    assert numbers[0] == numbers[1] == numbers[6], "one conversation goes on"
    assert len(set(numbers)) == 5, "ids that differ in a letter, an account or a kind are other people"
    assert len({ticket["member_id"] for ticket in made}) == 5
    assert [known[ticket["identity_id"]]["kind"] for ticket in made] == ["line"] * 4 + ["wechat"]
    assert [ticket["account"] for ticket in made] == ["", "", "", "other-shop", ""]


async def identities(desk: Desk) -> dict[int, dict[str, Any]]:
    rows = await desk.context.store.read(lambda tx: tx.rows(t.Identity.select()))
    return {row["id"]: row for row in rows}


def test_an_address_nobody_proved_is_not_the_members(house: House) -> None:
    async def work(desk: Desk) -> Any:
        ming = await with_address(desk)
        proved = await desk.receive(letter("<1@x>", verified=("email",)))
        told = await desk.receive(letter("<2@x>"))
        again = await desk.receive(letter("<3@x>"))
        pretended = await desk.receive(letter("<4@x>", {"account": "hua", "visitor": "v", "email": "a@x"}))
        made = {one["number"]: one for one in await tickets(desk)}
        amy = await sign_in(desk, "amy", "frontline")
        shown = await desk.query(amy, Messages(told["ticket"]))
        return ming, [made[one["ticket"]] for one in (proved, told, again, pretended)], shown["items"]

    ming, (proved, told, again, pretended), shown = house.run(work)
    assert proved["member_id"] == ming.id
    assert told["member_id"] not in (ming.id, 0)
    assert told["member_id"] == again["member_id"], "an unproved address is one guest"
    assert pretended["member_id"] not in (ming.id, told["member_id"])
    assert told["number"] != again["number"], "a letter that answers nothing is a case of its own"
    assert next(line for line in shown if line["author"]["kind"] == "member")["sender"] == {"verified": False}


def test_the_owner_of_an_address_gets_the_cases_of_its_guest(house: House) -> None:
    async def work(desk: Desk) -> Any:
        told = await desk.receive(letter("<1@x>"))
        proved = await desk.receive(letter("<2@x>", verified=("email",)))
        made = {one["number"]: one for one in await tickets(desk)}
        return made[told["ticket"]], made[proved["ticket"]], await identities(desk)

    told, proved, known = house.run(work)
    assert told["member_id"] == proved["member_id"]
    assert known[told["identity_id"]]["verified_at"] is not None


def test_a_letter_goes_into_the_case_it_answers(house: House) -> None:
    """By a token of ours, by a line that left, by one that came; never into another's; never by an agent's address."""

    async def work(desk: Desk) -> Any:
        amy = await sign_in(desk, "amy", "frontline")
        await desk.context.store.write(lambda tx: people.save_agent(tx, "amy", email="Amy@shop.example"))
        ming = await with_address(desk)
        first = (await desk.receive(letter("<1@x>", verified=("email",))))["ticket"]
        answer = await desk.act(amy, PostMessage(first, "好的"))
        await desk.context.store.write(
            lambda tx: tx.insert(
                t.Outbox,
                {"key": "k", "channel": "email", "ticket_id": 1, "message_id": answer["message"]["id"], "due_at": 0}
                | {"created_at": 0, "state": "sent", "external_id": "<ours@desk>"},
            )
        )
        token = desk.context.store.ring.reply_token(first)
        came = {
            "by our line": letter("<2@x>", verified=("email",), reply_to="<ours@desk>"),
            "by an older line": letter("<3@x>", verified=("email",), references=("<?>", "<1@x>")),
            "by the token": letter("<4@x>", reply_token=token.upper()),
            "not proved": letter("<5@x>", reply_to="<ours@desk>"),
            "another's": letter("<6@x>", {"email": "eve@x"}, verified=("email",), reply_token=token),
            "a colleague's": letter(
                "<7@x>", {"email": "amy@shop.example"}, verified=("email",), reply_to="<ours@desk>"
            ),
            "a wrong token": letter("<8@x>", reply_token=token[:-1] + "x", verified=("email",)),
            "no reference": letter("<9@x>", verified=("email",)),
        }
        went = {why: (await desk.receive(one))["ticket"] for why, one in came.items()}
        made = {one["number"]: one for one in await tickets(desk)}
        sender = {}
        for why, number in went.items():
            shown = (await desk.query(amy, Messages(number)))["items"]
            sender[why] = [line["sender"] for line in shown if line["author"]["kind"] == "member"][-1]
        owner = {why: made[number]["member_id"] == ming.id for why, number in went.items()}
        mine = (await desk.query(ming, Messages(first)))["items"]
        return first, went, owner, sender, mine, await lines(desk)

    first, went, owner, sender, mine, stored = house.run(work)
    into = {why for why, number in went.items() if number == first}
    assert into == {"by our line", "by an older line", "by the token"}
    assert len(set(went.values())) == 6
    assert {why for why, is_his in owner.items() if is_his} == into | {"a wrong token", "no reference"}
    assert sender["another's"] == {"verified": True, "refers_to": first}
    assert sender["a colleague's"] == {"verified": True, "agent_address": True, "refers_to": first}
    assert sender["not proved"] == {"verified": False, "refers_to": first}
    assert not any("sender" in line or "html" in line for line in mine), "what the desk thinks of a sender is its own"
    assert [line["reply_to"] for line in stored[:3]] == [None, "<ours@desk>", None]


def test_the_html_is_kept_as_it_came_and_shown_nowhere(house: House) -> None:
    raw = "<p onclick='x()'>退款\x00</p>"

    async def work(desk: Desk) -> Any:
        amy = await sign_in(desk, "amy", "frontline")
        got = await desk.receive(letter("<1@x>", html=raw))
        return got, await desk.query(amy, Messages(got["ticket"])), await lines(desk)

    got, shown, stored = house.run(work)
    assert stored[0]["html"] == "<p onclick='x()'>退款\ufffd</p>"
    assert "onclick" not in str(got) + str(shown)


def test_edges_of_the_door(house: House) -> None:
    async def work(desk: Desk) -> Any:
        amy = await sign_in(desk, "amy", "frontline")
        ming = await with_address(desk)
        await desk.act(amy, BlockMember(ming.id, why="滋擾"))
        blocked = await desk.receive(letter("<1@x>"))
        nobody = await desk.receive(letter("<2@x>", {"name": " "}))
        elsewhere = await desk.receive(letter("<3@x>", shop="no-such"))
        nameless = [await desk.receive(from_line("", "U1", text)) for text in ("一", "二", "一")]
        hidden = [
            await desk.receive(Inbound("phone", f"c{n}", {"phone": "anonymous"}, "", 0, event="call.ringing"))
            for n in (1, 2)
        ]
        return blocked, nobody, elsewhere, nameless, hidden

    blocked, nobody, elsewhere, nameless, hidden = house.run(work)
    assert blocked["refused"] == "blocked"
    assert nobody["refused"] == "requester-needed"
    assert elsewhere["refused"] == "unknown-shop"
    assert [one["repeat"] for one in nameless] == [False, False, True], "what has no outside id is known by what it is"
    assert hidden[0]["ticket"]["number"] != hidden[1]["ticket"]["number"], (
        "who hides the number is nobody in particular"
    )


def test_an_automatic_answer_is_kept_and_opens_nothing_again(house: House) -> None:
    async def work(desk: Desk) -> Any:
        amy = await sign_in(desk, "amy", "frontline")
        number = (await desk.receive(letter("<1@x>", verified=("email",))))["ticket"]
        await desk.act(amy, PostMessage(number, "好的"))
        await desk.act(amy, MoveTicket(number, "close", {"solution": "已說明"}))
        before = await desk.query(amy, TicketByNumber(number))
        away = letter("<2@x>", verified=("email",), reply_to="<1@x>", automatic=True)
        got = await desk.receive(away)
        return number, got, before, await desk.query(amy, TicketByNumber(number))

    number, got, before, after = house.run(work)
    assert before["category"] == after["category"] == "closed"
    assert got["ticket"] == number

"""Who opened a case is known: an agent's words stand as hers, and nobody is thanked for a letter he did not write."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.commands import OpenTicket, PostMessage
from engine.core.errors import Refused
from engine.core.questions import Messages, TicketByNumber, Tickets
from engine.desk import Desk
from tests.support.house import House, member, sign_in

RULES = """
rule receipt
  stage respond
  on ticket.created
  when ticket.opened_by = member
  then reply "收到您的來信"
rule heard
  on message.received
  then add tag heard
rule said
  on message.sent
  when message.author = agent
  then add tag said
rule repair
  stage respond
  on ticket.created
  when message.text contains "鍋爐故障"
  then open work_order to team frontline
"""


def test_an_agents_words_are_hers_and_the_requesters_his(house: House) -> None:
    house.write("new.rules", RULES)

    async def work(desk: Desk) -> None:
        ming = await member(desk, tier="basic")
        amy = await sign_in(desk, "amy", "frontline")

        async def opened(actor: Any, **more: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
            command = OpenTicket("退貨", "客人來電要退貨", requester=None if actor is ming else {"id": ming.id}, **more)
            number = (await desk.act(actor, command))["ticket"]["number"]
            ticket = await desk.query(amy, TicketByNumber(number))
            return ticket, (await desk.query(ming, Messages(number)))["items"]

        ticket, lines = await opened(amy)
        assert ticket["opened_by"] == "agent"
        assert [(line["author"]["kind"], line["text"]) for line in lines] == [("agent", "客人來電要退貨")]
        assert "said" in ticket["tags"] and "heard" not in ticket["tags"]
        assert ticket["type"] == "退換貨", "what it is about is seen in her words too"
        assert ticket["first_replied_at"] is None, "to open a case is no answer"
        assert {one["target"]: one["status"] for one in ticket["sla"]}["first_reply"] == "running"
        waiting = await desk.query(amy, Tickets(view="waiting"))
        assert [one["number"] for one in waiting["items"]] == [ticket["number"]]
        await desk.act(amy, PostMessage(ticket["number"], "登記好了"))
        assert (await desk.query(amy, TicketByNumber(ticket["number"])))["first_replied_at"] is not None

        for actor, more in ((amy, {"author": "member"}), (ming, {})):
            ticket, lines = await opened(actor, **more)
            assert ticket["opened_by"] == "member"
            assert lines[0]["author"]["kind"] == "member"
            assert "收到您的來信" in [line["text"] for line in lines]
            assert "heard" in ticket["tags"] and "said" not in ticket["tags"]

        with pytest.raises(Refused, match="own name"):
            await opened(ming, author="agent")
        found = await desk.query(amy, Tickets(filter="ticket.opened_by = agent"))
        assert [one["number"] for one in found["items"]] == [1]

    house.run(work)


def test_what_a_rule_opens_is_the_desks(house: House) -> None:
    house.write("new.rules", RULES)

    async def work(desk: Desk) -> None:
        ming = await member(desk)
        amy = await sign_in(desk, "amy", "frontline")
        await desk.act(ming, OpenTicket("x", "鍋爐故障"))
        found = await desk.query(amy, Tickets(filter="ticket.kind = work_order"))
        assert [one["opened_by"] for one in found["items"]] == ["desk"]

    house.run(work)

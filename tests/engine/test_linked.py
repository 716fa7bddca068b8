"""A work order opened by a rule, on a real store: staff sees the link from both sides, its member sees nothing."""

from __future__ import annotations

from typing import Any

from engine.core.commands import MemberLine
from engine.core.questions import Messages, Search, TicketByNumber, Tickets
from engine.desk import Desk
from engine.store import stream
from tests.support.house import House, member, sign_in

RULES = """
rule repair
  stage respond
  on message.received
  when message.text contains "鍋爐故障"
  then open work_order to team frontline
rule thank
  stage notify
  on ticket.created
  when ticket.kind = work_order
  then reply "謝謝" notify team frontline "{ticket.number}"
"""


def test_a_work_order_beside_a_chat(house: House) -> None:
    house.write("repair.rules", RULES)

    async def work(desk: Desk) -> Any:
        ming = await member(desk)
        amy = await sign_in(desk, "amy", "frontline")
        number = (await desk.act(ming, MemberLine("demo", "我家鍋爐故障了")))["ticket"]
        chat = await desk.query(amy, TicketByNumber(number, links=True))
        (link,) = chat["links"]
        order = await desk.query(amy, TicketByNumber(link["number"], links=True))
        notes = await desk.query(amy, Messages(link["number"]))
        hidden = [
            await desk.query(ming, TicketByNumber(link["number"])),
            await desk.query(ming, Messages(link["number"])),
            [t["number"] for t in (await desk.query(ming, Tickets()))["items"]],
            "links" in await desk.query(ming, TicketByNumber(number, links=True)),
            len((await desk.query(ming, Search("鍋爐")))["items"]),
        ]

        async def read(member_id: int | None) -> list[stream.Committed]:
            return await desk.context.read(lambda tx: stream.since(tx, 0, member_id=member_id, limit=500))

        frames = await read(ming.id)
        seen = {item.number for item in frames if item.member is not None or item.member_message is not None}
        staff = {item.number for item in await read(None) if item.kind == "ticket.created"}
        return number, link, order, notes, hidden, seen, staff

    number, link, order, notes, hidden, seen, staff = house.run(work)
    assert (link["kind"], link["origin"], link["state"], link["category"]) == ("work_order", False, "待處理", "open")
    assert (order["kind"], order["channel"]) == ("work_order", "internal")
    assert [(one["number"], one["origin"]) for one in order["links"]] == [(number, True)]
    (note,) = notes["items"]
    assert note["visibility"] == "internal" and "我家鍋爐故障了" in note["text"]
    assert hidden == [None, None, [number], False, 1]
    assert seen == {number} and staff >= {number, link["number"]}

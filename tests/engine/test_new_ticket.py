"""What is answered from what was written reads as if read back, whoever made it and whatever rules did."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.commands import MemberLine, OpenTicket
from engine.core.entities import SYSTEM, Actor
from engine.core.questions import Messages, TicketByNumber
from engine.desk import Desk, timed_line, with_times
from tests.support.house import House, member, sign_in

NOW = 1_790_000_000_000_000

RULES = """
rule label
  on ticket.created
  when message.text contains "貼標籤"
  then add tag vip, urgent
rule note_down
  stage notify
  on ticket.created
  when message.text contains "記一筆"
  then note "記下了"
rule promote
  on ticket.created
  when message.text contains "升級"
  then set member.tier to gold
rule repair
  stage respond
  on ticket.created
  when message.text contains "鍋爐故障"
  then open work_order to team frontline
"""

CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "tagged by hand": {"tags": ("vip",)},
    "tagged by a rule": {"text": "貼標籤 refund please"},
    "noted": {"text": "記一筆"},
    "member changed": {"text": "升級"},
    "opened beside": {"text": "鍋爐故障"},
    "values": {"values": {"priority": "urgent", "order_no": "Ａ-1", "product": "衣服", "assignee": "amy"}},
    "internal": {"channel": "internal"},
}


@pytest.mark.parametrize("by", ["agent", "member", "system"])
def test_the_answer_is_what_reading_back_gives(house: House, by: str) -> None:
    house.write("new.rules", RULES)

    async def work(desk: Desk) -> dict[str, tuple[Any, Any]]:
        ming = await member(desk, tier="basic")
        amy = await sign_in(desk, "amy", "frontline")
        actor: Actor = {"agent": amy, "member": ming, "system": SYSTEM}[by]
        found = {}
        for name, case in CASES.items():
            wanted: dict[str, Any] = {"text": "想要換大一號", **case}
            if by == "member":  # who opens a case of his own sets nothing else
                wanted = {"text": wanted["text"]}
            requester = None if by == "member" else {"id": ming.id}
            command = OpenTicket("尺寸不對", shop="demo", requester=requester, **wanted)
            answer = (await desk.act(actor, command))["ticket"]
            found[name] = (answer, await desk.query(actor, TicketByNumber(answer["number"])))
        return found

    for name, (answer, read) in house.run(work, clock=lambda: NOW).items():
        assert answer == read, name
        assert answer["number"]


def test_a_members_line_is_what_reading_back_gives(house: House) -> None:
    house.write("new.rules", RULES)

    async def work(desk: Desk) -> list[tuple[Any, Any]]:
        ming = await member(desk)
        found = []
        for text in ("想要換大一號", "記一筆", "貼標籤"):
            done = await desk.act(ming, MemberLine("demo", text))
            lines = (await desk.query(ming, Messages(done["ticket"])))["items"]
            found.append((done["message"], next(line for line in lines if line["id"] == done["message"]["id"])))
        return found

    for told, read in house.run(work, clock=lambda: NOW):
        assert told == read
        # The sockets' quick way knows of every moment a line holds.
        assert timed_line(told) == with_times(told) != told

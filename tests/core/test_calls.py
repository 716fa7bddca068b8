"""Telephone calls: what an exchange says becomes a case, its fields and events; said twice it changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.commands import CallEvent, MoveTicket
from engine.core.decide import Decision
from engine.core.entities import SYSTEM
from engine.core.errors import Refused
from tests.core.desk import Stage, acted, at, book_of

CALL = """\
kind: call
initial: rings
states:
  rings: {sla: running, category: open}
  talks: {sla: running, category: open}
  lost: {sla: running, category: open}
  over: {sla: stopped, category: closed}
transitions:
  - {trigger: answer, from: rings, to: talks}
  - {trigger: miss, from: rings, to: lost}
  - {trigger: hang_up, from: [rings, talks, lost], to: over}
"""
RULES = """
rule slow on call.missed when call.waited >= 30s and call.direction = inbound then raise ticket.priority to high
rule busy on call.missed when call.result = busy then add tag busy
rule long on call.ended when call.duration > 10m then add tag long
rule known on call.ringing when call.from starts with "09" then note "{call.from | mask}"
rule first on ticket.created when ticket.kind = call then add tag handled
"""


class Phone:
    def __init__(self, rules: str = RULES) -> None:
        self.stage = Stage(book_of(rules, lifecycles__call_yaml=CALL))

    def says(self, what: Any, name: str = "c1", **values: Any) -> Decision:
        event = CallEvent("demo", what, name, caller="0912345678", callee="022345", **values)
        tickets = self.stage.world.tickets
        ticket = max(tickets) if tickets else None
        return self.stage.world.run(event, SYSTEM, member_id=self.stage.member.id, ticket_id=ticket, shop="demo")

    def later(self, moment: str) -> None:
        self.stage.until(moment)


def test_a_call_that_is_taken() -> None:
    phone = Phone()
    phone.stage.agent()
    first = phone.says("ringing")
    assert acted(first) == ["first", "known"] and set(first.events) >= {"call.ringing", "ticket.created"}
    assert "0912345678" not in repr(first.trace), "a number is personal"
    phone.later("2026-03-02 10:01")
    phone.says("answered", agent="amy")
    assert (phone.stage.ticket.state, phone.stage.ticket.assignee) == ("talks", "amy")
    phone.later("2026-03-02 10:20")
    assert acted(phone.says("ended")) == ["long"]
    (call,) = phone.stage.world.calls.values()
    assert (call.rang_at, call.answered_at, call.ended_at, call.result, call.agent) == (
        at("2026-03-02 10:00"), at("2026-03-02 10:01"), at("2026-03-02 10:20"), "answered", "amy"
    )  # fmt: skip
    assert phone.stage.ticket.state == "over"


def test_a_missed_call_opens_a_case_and_says_how_long_it_rang() -> None:
    phone = Phone()
    phone.says("ringing")
    phone.later("2026-03-02 10:00:40")
    assert acted(phone.says("missed")) == ["slow"]
    assert (phone.stage.ticket.state, phone.stage.ticket.priority, phone.stage.ticket.channel) == (
        "lost",
        "high",
        "phone",
    )
    other = Phone()
    assert acted(other.says("missed", result="busy")) == ["busy", "first"], "also when nothing was said before"
    assert other.stage.ticket.state == "lost"


@pytest.mark.parametrize("again", ["ringing", "missed", "answered", "ended"])
def test_what_comes_again_or_after_the_end_changes_nothing(again: Any) -> None:
    phone = Phone()
    phone.says("ringing")
    phone.says("missed")
    decision = phone.says(again)
    assert (decision.changes, decision.events) == ((), ())


def test_what_is_no_event_of_a_call_and_what_nobody_raises_by_hand() -> None:
    phone = Phone()
    with pytest.raises(Refused):
        phone.says("exploded")
    phone.says("ringing")
    with pytest.raises(Refused) as refused:
        phone.stage.does(MoveTicket(phone.stage.ticket.number, "miss"), phone.stage.agent())
    assert refused.value.code == "no-such-move"


def test_a_desk_without_calls_says_so() -> None:
    with pytest.raises(Refused) as refused:
        here = Stage(book_of())
        here.world.run(CallEvent("demo", "missed", "c"), SYSTEM, member_id=here.member.id, shop="demo")
    assert refused.value.code == "unknown-kind"

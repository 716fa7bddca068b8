"""Somebody asks to hurry with a case: when that is taken, what is counted, what rules hear."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.commands import ClaimTicket, MoveTicket, NudgeTicket
from engine.core.entities import HOUR, MINUTE, SYSTEM, Actor
from engine.core.errors import Refused
from tests.core.desk import Stage, acted, book_of

RULES = """
rule by_member on ticket.nudged when nudge.by is empty then add tag by_member
rule by_colleague
  on ticket.nudged
  when nudge.by is set and ticket.assignee is set
  then notify agent ticket.assignee "{nudge.by}: {nudge.note}"
rule again on ticket.nudged when ticket.nudges >= 2 and ticket.nudges changed then add tag again
"""


class Desk:
    """A case of a member, in the hands of amy; ben is a colleague."""

    def __init__(self) -> None:
        self.stage = Stage(book_of(RULES))
        self.amy, self.ben = self.stage.agent("amy"), self.stage.agent("ben")
        self.stage.says()
        self.stage.does(ClaimTicket(1), self.amy)
        self.member = self.stage.customer

    def later(self, micros: int) -> None:
        self.stage.world.advance(self.stage.world.now + micros, SYSTEM)

    def nudge(self, actor: Actor, note: str = "") -> Any:
        return self.stage.does(NudgeTicket(1, note), actor)

    def refused(self, actor: Actor, note: str = "") -> Refused:
        before = self.stage.ticket
        with pytest.raises(Refused) as caught:
            self.nudge(actor, note)
        assert self.stage.ticket == before, "nothing is half done"
        return caught.value


def test_a_member_waits_a_while_first_and_then_between_two() -> None:
    desk = Desk()
    early = desk.refused(desk.member)
    assert (early.kind, early.code, early.retry_after) == ("too-many", "too-early", 30 * 60)
    desk.later(30 * MINUTE)
    assert acted(desk.nudge(desk.member)) == ["by_member"]
    assert (desk.stage.ticket.nudges, desk.stage.ticket.nudged_at) == (1, desk.stage.world.now)
    (event,) = desk.stage.records("ticket.nudged")
    assert event.body == {"by": "member", "count": 1}
    desk.later(MINUTE)
    again = desk.refused(desk.member)
    assert (again.code, again.retry_after) == ("nudged-already", 59 * 60)
    assert desk.refused(desk.ben).code == "nudged-already", "one clock for all who ask"
    desk.later(HOUR)
    assert acted(desk.nudge(desk.member)) == ["again", "by_member"]


def test_a_colleague_asks_at_once_with_a_word_for_colleagues() -> None:
    desk = Desk()
    assert acted(desk.nudge(desk.ben, " she called again ")) == ["by_colleague"]
    (event,) = desk.stage.records("ticket.nudged")
    (noted,) = desk.stage.records("message.noted")
    assert event.body == {"by": "agent", "count": 1, "message": noted.body["message"]}
    line = desk.stage.world.messages[desk.stage.ticket.id][-1]
    assert (line.text, line.visibility) == ("she called again", "internal")


def test_what_cannot_be_hurried_says_why() -> None:
    desk = Desk()
    assert desk.refused(desk.amy).code == "own-ticket"
    assert desk.refused(desk.member, "hurry").pointer == "/note"
    desk.stage.answers(desk.amy)
    desk.later(HOUR)
    assert desk.refused(desk.member).code == "nothing-awaited"
    desk.nudge(desk.ben)  # a colleague may: something was promised on the telephone
    desk.stage.does(MoveTicket(1, "close", {"solution": "換新"}), desk.amy)
    assert desk.refused(desk.ben).code == "ticket-closed"

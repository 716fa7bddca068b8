"""A merge as rules and clocks see it: one event, nothing solved, all as before when it is undone."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core import scenarios
from engine.core.decide import decide
from engine.core.entities import DAY, HOUR, Actor
from engine.core.errors import Refused
from engine.core.joining import MergeTicket, UnmergeTicket
from engine.core.values import replace
from engine.lang import Source
from tests.core.desk import Stage, acted, book_of

RULES = """
rule heard on ticket.merged then notify agent amy "merged"
rule solved on ticket.state_changed when ticket.category = closed then ask rating
rule other on ticket.changed then add tag other
rule late on ticket.created then start timer later for 2h
rule much_later on ticket.created then start timer far for 30h
"""


class Two:
    """Two inquiries of one member; the newest is merged into the first."""

    def __init__(self) -> None:
        self.stage = Stage(book_of(RULES))
        self.amy = self.stage.agent("amy")
        self.stage.says("一")
        self.first = self.stage.ticket
        self.stage.says("二", new=True)

    def does(self, command: Any, actor: Actor | None = None) -> Any:
        world = self.stage.world
        case = world.case(None, self.stage.ticket.id, "demo")
        decision = decide(
            world.book, command, replace(case, other=world.tickets[self.first.id]), actor or self.amy, world.now
        )
        world._apply(decision, actor or self.amy)
        return decision


def test_rules_hear_the_merge_and_not_that_it_was_closed() -> None:
    two = Two()
    decision = two.does(MergeTicket(2, 1))
    assert acted(decision) == ["heard"]
    ticket = two.stage.ticket
    assert (ticket.category, ticket.merged_into, ticket.rating_asked_at) == ("closed", two.first.id, None)
    assert {clock.state for clock in two.stage.world.clocks[ticket.id].values()} == {"dropped"}
    assert not [name for owner, name in two.stage.world.timers if owner == ticket.id]


def test_undone_its_clocks_go_on_with_what_they_had_used() -> None:
    two = Two()
    world = two.stage.world
    world.now += HOUR // 2
    two.does(MergeTicket(2, 1))
    world.now += 3 * HOUR
    assert acted(two.does(UnmergeTicket(2))) == []
    ticket = two.stage.ticket
    assert (ticket.category, ticket.state, ticket.merged_into, ticket.closed_at) == ("open", "待回覆", None, None)
    assert ticket.reopened == 0
    clock = world.clocks[ticket.id]["first_reply"]
    assert (clock.state, clock.used) == ("running", HOUR // 2), "the time between counts for nothing"
    timers = {name for owner, name in world.timers if owner == ticket.id and not name.startswith("sla:")}
    assert timers == {"rule:far"}, "what had its moment meanwhile does not come again"


def test_after_a_week_it_stays() -> None:
    two = Two()
    two.does(MergeTicket(2, 1))
    two.stage.world.now += 8 * DAY
    with pytest.raises(Refused) as caught:
        two.does(UnmergeTicket(2))
    assert caught.value.code == "merged-long-ago"
    with pytest.raises(Refused) as caught:
        two.does(MergeTicket(2, 1), two.stage.customer)
    assert caught.value.code in ("agents-only", "merged")


def test_scenarios_merge_and_take_out_again() -> None:
    text = """
- name: merged and taken out
  agents: {amy: {team: care, roles: [agent]}}
  steps:
    - {message: 一, kind: inquiry, channel: form}
    - agent: amy
      merge: true
      expect: {events: [ticket.merged], not_events: [ticket.state_changed], ticket.category: closed}
    - {agent: amy, claim: true, expect: {error: merged}}
    - agent: amy
      unmerge: true
      expect: {events: [ticket.unmerged], ticket.category: open}
"""
    found, findings = scenarios.read(Source("tests/a.yaml", text))
    assert not findings
    (result,) = [scenarios.run(book_of(RULES), one) for one in found]
    assert result.passed, result.failures

"""Service levels as sums over a calendar: when a clock warns and breaches, what a pause, an end, another policy do."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from engine.core import sla
from engine.core.calendar import Calendar, always
from engine.core.entities import HOUR, MINUTE, Clock
from engine.core.sla import Policy
from engine.core.values import replace
from engine.lang import Duration
from tests.core.desk import TAIPEI, at, clock_of
from tests.core.test_calendar import OFFICE

ALWAYS = always(TAIPEI)
MONDAY = "2026-03-02 "


def policy(warn_at: tuple[int, ...] = (50, 80), **targets: str) -> Policy:
    """A policy `p`; four hours to the first reply unless told otherwise."""
    wanted = targets or {"first_reply": "4h"}
    return Policy("p", None, None, {name: Duration.parse(text) for name, text in wanted.items()}, warn_at)


def started(when: str = MONDAY + "09:00", calendar: Calendar = OFFICE, **targets: str) -> Clock:
    """A clock of `first_reply`."""
    return sla.start("first_reply", policy(**targets), calendar, at(when))


def moments(clock: Clock, rules: Policy, calendar: Calendar = OFFICE) -> list[tuple[str, int]]:
    """Everything the clock has to say until it breaches."""
    told: list[tuple[str, int]] = []
    while (moment := sla.next_moment(clock, rules, calendar)) is not None:
        due, percent = moment
        told.append((clock_of(due), percent))
        if percent >= 100:
            return told
        clock = replace(clock, warned=(*clock.warned, percent))
    return told


@pytest.mark.parametrize(
    ("since", "told"),
    [
        ("2026-03-02 09:00", [("2026-03-02 11:00", 50), ("2026-03-02 13:12", 80), ("2026-03-02 14:00", 100)]),
        ("2026-03-02 08:00", [("2026-03-02 11:00", 50), ("2026-03-02 13:12", 80), ("2026-03-02 14:00", 100)]),
        ("2026-03-02 17:30", [("2026-03-03 10:30", 50), ("2026-03-03 11:42", 80), ("2026-03-03 13:30", 100)]),
        ("2026-03-06 17:00", [("2026-03-07 11:00", 50), ("2026-03-07 12:12", 80), ("2026-03-07 13:00", 100)]),
        ("2026-03-07 13:00", [("2026-03-09 10:00", 50), ("2026-03-09 11:12", 80), ("2026-03-09 12:00", 100)]),
        ("2026-02-25 17:00", [("2026-02-28 11:00", 50), ("2026-02-28 12:12", 80), ("2026-02-28 13:00", 100)]),
        ("2026-03-01 23:00", [("2026-03-02 11:00", 50), ("2026-03-02 13:12", 80), ("2026-03-02 14:00", 100)]),
    ],
)
def test_an_unanswered_case_warns_twice_and_breaches(since: str, told: list[tuple[str, int]]) -> None:
    assert moments(started(since), policy()) == told


@pytest.mark.parametrize(
    ("warn_at", "percents"), [((), [100]), ((80,), [80, 100]), ((10, 50, 99), [10, 50, 99, 100]), ((100,), [100])]
)
def test_warnings_come_before_the_target_only(warn_at: tuple[int, ...], percents: list[int]) -> None:
    assert [percent for _, percent in moments(started(), policy(warn_at))] == percents


@pytest.mark.parametrize(
    ("target", "calendar", "since", "hours", "due"),
    [
        ("4h", OFFICE, MONDAY + "09:00", 4, "2026-03-02 14:00"),
        ("90m", OFFICE, MONDAY + "11:30", 1.5, "2026-03-02 14:00"),
        ("3d", OFFICE, MONDAY + "10:00", 24, "2026-03-05 10:00"),  # three working days, not 72 hours of work
        ("1w", OFFICE, MONDAY + "10:00", 52, "2026-03-10 10:00"),  # seven working days, Saturday's four hours in it
        ("3d", OFFICE, "2026-02-25 10:00", 7 + 4 + 8 + 1, "2026-03-03 10:00"),
        ("1d", OFFICE, "2026-03-01 03:00", 8, "2026-03-02 18:00"),  # Sunday night counts from Monday's opening
        ("1d", OFFICE, MONDAY + "12:30", 8, "2026-03-03 12:00"),  # no working time lies between 12:00 and 13:00
        ("3d", ALWAYS, "2026-02-25 10:00", 72, "2026-02-28 10:00"),
        ("24h", OFFICE, MONDAY + "10:00", 24, "2026-03-05 10:00"),
    ],
)
def test_targets(target: str, calendar: Calendar, since: str, hours: float, due: str) -> None:
    clock = started(since, calendar, first_reply=target)
    assert clock.total == round(hours * HOUR)
    assert clock.due_at is not None and clock_of(clock.due_at) == due


def test_a_pause_takes_no_time() -> None:
    clock = started()
    paused = sla.pause(clock, OFFICE, at(MONDAY + "10:00"))
    assert (paused.state, paused.used, paused.due_at, paused.running_since) == ("paused", HOUR, None, None)
    assert sla.next_moment(paused, policy(), OFFICE) is None
    assert sla.pause(paused, OFFICE, at(MONDAY + "17:00")) == paused, "a standing clock stands"
    resumed = sla.run(paused, OFFICE, at("2026-03-03 09:00"))
    assert (resumed.state, clock_of(resumed.due_at or 0)) == ("running", "2026-03-03 12:00")
    assert moments(resumed, policy()) == [
        ("2026-03-03 10:00", 50),
        ("2026-03-03 11:12", 80),
        ("2026-03-03 12:00", 100),
    ]


def test_many_pauses_add_up() -> None:
    clock = started()
    for hour in (9, 10, 13, 14):
        clock = sla.pause(
            sla.run(clock, OFFICE, at(f"2026-03-03 {hour:02}:00")), OFFICE, at(f"2026-03-03 {hour:02}:30")
        )
    assert clock.used == 2 * HOUR
    assert sla.used(sla.run(clock, OFFICE, at("2026-03-03 15:00")), OFFICE, at("2026-03-03 15:20")) == 140 * MINUTE


def test_a_warning_that_a_pause_has_passed_over_comes_at_once() -> None:
    clock = replace(started(), used=3 * HOUR, running_since=at(MONDAY + "15:00"))
    assert moments(clock, policy())[0] == ("2026-03-02 15:00", 50)


def test_a_breach_stays_a_breach() -> None:
    late = replace(started(), state="breached", breached_at=at(MONDAY + "14:00"))
    assert sla.next_moment(late, policy(), OFFICE) is None
    paused = sla.pause(late, OFFICE, at(MONDAY + "15:00"))
    assert paused.state == "breached" and sla.run(paused, OFFICE, at(MONDAY + "16:00")).state == "breached"
    ended = sla.finish(late, OFFICE, at(MONDAY + "15:00"), met=True)
    assert (ended.state, sla.live(ended)) == ("breached", False)


@pytest.mark.parametrize(("met", "state"), [(True, "met"), (False, "dropped")])
def test_an_end(met: bool, state: str) -> None:
    ended = sla.finish(started(), OFFICE, at(MONDAY + "10:30"), met=met)
    assert (ended.state, ended.used, ended.met_at) == (state, 90 * MINUTE, at(MONDAY + "10:30"))
    assert not sla.live(ended) and sla.next_moment(ended, policy(), OFFICE) is None


def _other(**values: Any) -> Policy:
    return dataclasses.replace(policy(first_reply="2h"), name="gold", **values)


def test_another_policy_counts_what_was_used() -> None:
    moved = sla.retarget(started(), _other(), OFFICE, OFFICE, at(MONDAY + "10:00"))
    assert (moved.policy, moved.total) == ("gold", 2 * HOUR)
    assert sla.used(moved, OFFICE, at(MONDAY + "10:00")) == HOUR
    assert moments(moved, _other()) == [
        ("2026-03-02 10:00", 50),
        ("2026-03-02 10:36", 80),
        ("2026-03-02 11:00", 100),
    ]


def test_another_policy_with_more_time_may_warn_again() -> None:
    warned = replace(started(first_reply="2h"), warned=(50, 80))
    moved = sla.retarget(warned, policy(), OFFICE, OFFICE, at(MONDAY + "11:00"))
    assert moved.warned == (50,), "two of four hours are half"
    assert [percent for _, percent in moments(moved, policy())] == [80, 100]


def test_another_policy_that_is_past_already_breaches_now() -> None:
    moved = sla.retarget(started(), _other(warn_at=()), OFFICE, OFFICE, at(MONDAY + "14:00"))
    assert moments(moved, _other(warn_at=())) == [("2026-03-02 14:00", 100)]


def test_another_calendar_counts_from_here() -> None:
    moved = sla.retarget(started(), policy(), ALWAYS, OFFICE, at(MONDAY + "12:30"))
    assert moved.used == 3 * HOUR and clock_of(moved.due_at or 0) == "2026-03-02 13:30"


def test_a_paused_clock_stays_paused_under_another_policy() -> None:
    paused = sla.pause(started(), OFFICE, at(MONDAY + "10:00"))
    moved = sla.retarget(paused, _other(), OFFICE, OFFICE, at(MONDAY + "11:00"))
    assert (moved.state, moved.used, moved.running_since) == ("paused", HOUR, None)

"""The law of time: every case of the published table, on the core's own decisions."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core import sla
from tests.core.sla_cases import cases, differs, moment, play

CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_a_case_of_the_law(case: dict[str, Any]) -> None:
    assert "expect" in case or "log" in case, "a case says what it expects"
    stage, log = play(case)
    clocks = stage.world.clocks.get(stage.ticket.id, {})
    for target, wanted in case.get("expect", {}).items():
        assert differs(clocks.get(target), wanted, stage.book, stage.shop, stage.world.now) == [], target
    if "log" in case:
        wanted_lines = [line.split(" ", 2) for line in case["log"]]
        assert log == [(moment(f"{day} {clock}"), what) for day, clock, what in wanted_lines]


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_the_heart_of_the_law(case: dict[str, Any]) -> None:
    """What is ended tells nothing; what is late and live was late; the bar is full exactly when it is due."""
    stage, _ = play(case)
    timers = {name for _, name in stage.world.timers}
    for target, clock in stage.world.clocks.get(stage.ticket.id, {}).items():
        calendar = stage.book.calendar(clock.calendar, stage.shop)
        share = sla.percent(clock, calendar, stage.world.now)
        if not sla.live(clock):
            assert not {name for name in timers if name.startswith(f"sla:{target}")}
            assert clock.state in ("met", "breached", "dropped")
        elif clock.running_since is not None and clock.due_at is not None:
            assert (share >= 100) == (clock.due_at <= stage.world.now) == (clock.breached_at is not None)
        assert (clock.state == "breached") == (clock.breached_at is not None)


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 60 and len({case["case"] for case in CASES}) == len(CASES)

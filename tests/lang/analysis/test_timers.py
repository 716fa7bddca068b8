"""Timers of one name: two lengths, or a start and an end, are two wishes for one thing."""

from __future__ import annotations

import pytest

from tests.lang.analysis.small import world

HEARD = 'rule heard\n  stage after\n  on timer.fired\n  when timer.name = t\n  then note "x"\n'
RULE = "rule {name}\n  stage work\n  on ticket.created\n  when {when}\n  then {then}\n"


def said(one: str, other: str, when: str = "member.vip") -> list[str]:
    rules = RULE.format(name="a", when=when, then=one) + RULE.format(name="b", when="ticket.type = A", then=other)
    return [f.message for f in world(HEARD + rules).of("conflicting-actions")]


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        ("start timer t for 1h", "start timer t for 2h", "`a` and `b` start the timer `t` for different times"),
        ("start timer t for 1h", "cancel timer t", "`a` and `b` start and cancel the timer `t`"),
    ],
)
def test_two_wishes_for_one_timer(one: str, other: str, message: str) -> None:
    assert said(one, other) == [message]


def test_the_same_twice_and_other_timers_are_none() -> None:
    assert said("start timer t for 60m", "start timer t for 1h") == []
    assert said("start timer t for 1h", "start timer other for 2h") == []
    assert said("cancel timer t", "cancel timer t") == []
    assert said("start timer t for 1h", "start timer t for 2h", "ticket.type = B") == []

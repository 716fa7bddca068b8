"""What two rules want differently of one thing is told: timers, ways of choosing an agent, actions of plugins."""

from __future__ import annotations

import pytest

from engine.lang import NUMBER, ActionKind
from tests.lang.analysis.small import environment, world

HEARD = 'rule heard\n  stage after\n  on timer.fired\n  when timer.name = t\n  then note "x"\n'
RULE = "rule {name}\n  stage work\n  on ticket.created\n  when {when}\n  then {then}\n"


def said(one: str, other: str, when: str = "member.vip") -> list[str]:
    rules = RULE.format(name="a", when=when, then=one) + RULE.format(name="b", when="ticket.type = A", then=other)
    gift = ActionKind("shop.gift", {"n": NUMBER}, commutes=False)
    known = environment(skills=frozenset({"tax", "law"}), plugin_actions={"shop.gift": gift})
    return [f.message for f in world(HEARD + rules, env=known).of("conflicting-actions")]


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        ("start timer t for 1h", "start timer t for 2h", "`a` and `b` start the timer `t` for different times"),
        ("start timer t for 1h", "cancel timer t", "`a` and `b` start and cancel the timer `t`"),
        (
            "route to team care with skill tax",
            "route to team care with skill law",
            "`a` and `b` choose the agent of one ticket differently",
        ),
        ("do shop.gift(n: 1)", "do shop.gift(n: 2)", "`a` and `b` want `do shop.gift` with different arguments"),
    ],
)
def test_two_effects_on_one_thing(one: str, other: str, message: str) -> None:
    assert said(one, other) == [message]


def test_the_same_twice_and_other_timers_are_none() -> None:
    assert said("start timer t for 60m", "start timer t for 1h") == []
    assert said("start timer t for 1h", "start timer other for 2h") == []
    assert said("cancel timer t", "cancel timer t") == []
    assert said("route to team care with skill tax", "route to team care with skill tax") == []
    assert said("do shop.gift(n: 1)", "do shop.gift(n: 1)") == []
    assert said("start timer t for 1h", "start timer t for 2h", "ticket.type = B") == []

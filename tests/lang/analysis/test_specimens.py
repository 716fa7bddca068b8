"""Each code of the whole-set checks: one specimen that shows it, and a near miss that does not."""

from __future__ import annotations

import pytest

from engine.core.building import build
from engine.lang import check, parse
from engine.lang.analysis import expired
from engine.lang.source import Source
from tests.core.desk import FILES, files
from tests.lang.analysis.small import environment, world

HEAR = 'rule hear on sla.breached then note "late"\n'


def rule(name: str, when: str = "", then: str = 'note "n"', head: str = "", on: str = "message.received") -> str:
    """A rule in few words."""
    return f"rule {name}\n  stage work\n  {head}\n  on {on}\n  {'when ' + when if when else ''}\n  then {then}\n"


def pick(name: str, when: str, then: str, head: str = "") -> str:
    """A rule of the stage that takes only the first."""
    return rule(name, when, then, head, "ticket.created").replace("stage work", "stage pick")


A, B = "set ticket.count to 1", "set ticket.count to 2"
CARE, SENIOR = "route to team care", "route to team senior"
SPECIMENS = {
    "never-true": (
        rule("a", "ticket.amount > 5 and ticket.amount < 3"),
        rule("a", "ticket.amount > 3 and ticket.amount < 5"),
    ),
    "always-true": (
        rule("a", "ticket.amount > 5 or not ticket.amount > 5"),
        rule("a", "ticket.amount > 5 or ticket.amount <= 5"),
    ),
    "dead-condition": (
        rule("a", "member.vip or member.vip and ticket.amount > 5"),
        rule("a", "member.vip or ticket.amount > 5"),
    ),
    "duplicate-condition": (
        rule("a", "member.vip") + rule("b", "member.vip", A),
        rule("a", "member.vip") + rule("b", "not member.vip", A),
    ),
    "implied-rule": (
        rule("a", "ticket.amount > 5") + rule("b", "ticket.amount > 3"),
        rule("a", "ticket.amount > 5") + rule("b", "ticket.amount > 6", A),
    ),
    "shadowed-rule": (
        pick("a", "ticket.amount > 5", CARE) + pick("b", "ticket.amount > 3", SENIOR, "priority 1"),
        pick("a", "ticket.amount > 3", CARE) + pick("b", "ticket.amount > 5", SENIOR, "priority 1"),
    ),
    "conflicting-actions": (
        rule("a", "ticket.amount > 3", A) + rule("b", "ticket.amount < 5", B),
        rule("a", "ticket.amount > 5", A) + rule("b", "ticket.amount < 3", B),
    ),
    "ambiguous-first": (
        pick("a", "ticket.type = A", CARE) + pick("b", "member.vip", SENIOR),
        pick("a", "member.vip", CARE) + pick("b", "not member.vip", SENIOR),
    ),
    "no-route": (
        pick("a", "ticket.type in [A, B]", CARE),
        pick("a", "ticket.type in [A, B]", CARE) + pick("b", "ticket.type = C", SENIOR),
    ),
    "transition-impossible": (
        rule("a", "", "move to closed"),
        rule("a", "ticket.state in [open, closed]", "move to closed"),
    ),
    "reply-storm": (
        "".join(rule(f"r{n}", f"ticket.amount > {n}", f'reply "{n}"') for n in range(4)),
        "".join(rule(f"r{n}", f"ticket.amount > {n}", f'reply "{n}"') for n in range(3)),
    ),
    "stale-read": (
        rule("a", "member.vip", "add tag x") + rule("b", "ticket.tags has x"),
        rule("a", "member.vip", "add tag x") + rule("b", "ticket.tags has y"),
    ),
    "redundant-action": (rule("a", "", "add tag x add tag x"), rule("a", "", "add tag x add tag y")),
    "dead-timer": (
        rule("a", "", "start timer t for 2d"),
        rule("a", "", "start timer t for 2d") + rule("b", "timer.name = t", on="timer.fired"),
    ),
}


@pytest.mark.parametrize("code", SPECIMENS)
def test_a_specimen_shows_it_and_a_near_miss_does_not(code: str) -> None:
    shown, missed = SPECIMENS[code]
    assert world(shown).named(code), [(f.code, f.message) for f in world(shown).findings]
    assert world(missed).named(code) == []


def test_a_shadow_may_be_cast_by_several_together() -> None:
    low = pick("low", "ticket.type = A", CARE)
    one = pick("one", "member.vip", SENIOR, "priority 1")
    other = pick("other", "not member.vip", SENIOR, "priority 1")
    (found,) = world(low + one + other).of("shadowed-rule")
    assert "together" in found.message
    assert world(low + one).of("shadowed-rule") == []


def test_a_witness_shows_the_conflict() -> None:
    (found,) = world(rule("a", "ticket.amount > 3", A) + rule("b", "ticket.amount < 5", B)).of("conflicting-actions")
    assert found.witness == "message.received with ticket.amount = 4"
    assert found.label == "here `1`"
    assert [other.message for other in found.related] == ["here `2`"]


def test_a_higher_rule_settles_a_conflict_unless_it_has_a_limit() -> None:
    two = rule("a", "ticket.amount > 3", A) + rule("b", "ticket.amount < 5", B)
    assert world(two + rule("c", "", "set ticket.count to 3", "priority 9")).of("conflicting-actions") == []
    (found,) = world(two + rule("c", "", "set ticket.count to 3", "priority 9 limit once per ticket")).of(
        "conflicting-actions"
    )
    assert found.witness is None
    assert found.hint is not None and "the `limit` of `c`" in found.hint


def test_what_rests_on_a_setting_says_so() -> None:
    (found,) = world(rule("a", "ticket.amount > setting.big", A) + rule("b", "ticket.amount > 9", B)).of(
        "conflicting-actions"
    )
    assert found.witness is None
    assert found.hint is not None and "`setting.big`" in found.hint
    apart = rule("a", "ticket.amount > setting.big", A) + rule("b", "ticket.amount <= setting.big", B)
    assert world(apart).of("conflicting-actions") == []


def test_an_allow_silences() -> None:
    text = rule("a", "ticket.amount > 5 and ticket.amount < 3", head='allow never-true "on purpose"')
    assert world(text).of("never-true") == []


@pytest.mark.parametrize(("until", "count"), [("2026-01-31", 1), ("2026-02-01", 0)])
def test_a_rule_expires_after_its_last_day(until: str, count: int) -> None:
    file, _ = parse(Source("a.rules", rule("a", head=f'until "{until}"')))
    checked, _ = check([file], environment())
    assert [f.code for f in expired(checked.rules, "2026-02-01")] == ["expired-rule"] * count


# ---- on the desk's own engine --------------------------------------------------------------------------------------


def told(text: str, code: str) -> list[str]:
    """The findings of a code on the small desk of the core's tests."""
    from engine.core.building import build

    return [f.message for f in build(files(text))[1] if f.code == code]


SWING = """
rule up on ticket.changed when ticket.amount = 1 then set ticket.amount to 2
rule down on ticket.changed when ticket.amount = 2 then set ticket.amount to {}
"""


def test_two_rules_that_swing_are_a_loop() -> None:
    assert told(SWING.format(1), "rule-loop") == ["`up` and `down` set each other off again and again"]
    assert told(SWING.format(3), "rule-loop") == []


@pytest.mark.parametrize(
    ("text", "loops"),
    [
        ("rule a on ticket.changed when ticket.step >= 0 then set ticket.step to ticket.step + 1", True),
        ("rule a limit once per ticket on ticket.changed then set ticket.step to ticket.step + 1", False),
        ("rule a on ticket.changed then raise ticket.priority to high", False),
        ("rule a on ticket.changed then add tag x", False),
    ],
)
def test_what_only_rises_or_is_limited_ends(text: str, loops: bool) -> None:
    assert bool(told(text, "rule-loop")) is loops


def test_a_breach_is_heard_and_a_template_is_sent() -> None:
    assert "sla.yaml" in FILES
    assert len(told("", "no-rule-for-event")) == 1
    assert told(HEAR, "no-rule-for-event") == []
    assert "no rule sends the template `hello`" in told("", "unused-template")
    used = told("rule a on message.received then reply template hello", "unused-template")
    assert "no rule sends the template `hello`" not in used


def test_a_first_stage_that_routes_nothing_keeps_no_ticket_from_being_routed() -> None:
    rules = (
        "rule all stage route on ticket.created then route to team care\n"
        'rule tip stage say on message.received when now - ticket.created_at > 1h then note "n"\n'
    )
    desk = FILES["desk.yaml"].replace("notify]", "notify, {name: say, mode: first}]")
    assert desk != FILES["desk.yaml"]
    _, findings = build(files(rules, desk_yaml=desk))
    assert [finding.message for finding in findings if finding.code == "no-route"] == []

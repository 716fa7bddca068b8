"""`do plugin.action(…)`: arguments are checked, it is done at once or put in line, and does no more than it may."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest

from engine.core.building import build
from engine.core.changes import Change, Enqueue, Say, Set, Tag, Untag
from engine.core.entities import Case
from engine.core.rulebook import Extras, PluginAction
from engine.lang import FLAG, NUMBER, TEXT, ActionKind, Severity
from tests.core.desk import Stage, did, files, outcomes


def grade(case: Case, amount: Any, why: str = "", sure: bool = True) -> Iterable[Change]:
    assert case.ticket is not None
    yield Tag("ticket", case.ticket.id, ("graded",))
    yield Untag("ticket", case.ticket.id, ("vip",))
    yield Set("ticket", case.ticket.id, {"fields.amount": amount, "subject": why or "—"})


def greedy(case: Case, state: str) -> Iterable[Change]:
    yield Set("ticket", 1, {"state": state})


def loud(case: Case, state: str) -> Iterable[Change]:
    yield Say(-9, 1, "bot", state, 0)


async def coupon(doing: Any, amount: Any) -> None: ...


EXTRAS = Extras(
    actions=(
        PluginAction(
            ActionKind("shop.grade", {"amount": NUMBER, "why": TEXT, "sure": FLAG}, frozenset({"why", "sure"})),
            grade,
            later=False,
        ),
        PluginAction(ActionKind("shop.greedy", {"state": TEXT}), greedy, later=False),
        PluginAction(ActionKind("shop.loud", {"state": TEXT}), loud, later=False),
        PluginAction(ActionKind("shop.coupon", {"amount": NUMBER}, commutes=False), coupon, later=True),
    )
)


def stage(rules: str) -> Stage:
    book, findings = build(files(rules), extras=EXTRAS, analyse=False)
    assert book is not None, [f.message for f in findings]
    return Stage(book)


def said(rules: str, *, analyse: bool = False) -> list[tuple[str, str]]:
    """What is wrong with rules: the code, and the piece it stands at."""
    _, findings = build(files(rules), extras=EXTRAS, analyse=analyse)
    return [(f.code, f.span.text) for f in findings if f.severity is Severity.ERROR]


@pytest.mark.parametrize(
    ("action", "wrong"),
    [
        ("do shop.grade(amount: 5)", []),
        ('do shop.grade(amount: ticket.number, why: "x", sure: member.is_guest)', []),
        ("do shop.grade(amount: 5, why: ticket.type)", []),  # a name is a text too
        ("do shop.grades(amount: 5)", [("unknown-action", "shop.grades")]),
        ('do shop.grade(why: "x")', [("wrong-arity", "shop.grade")]),
        ("do shop.grade(amount: 5, whi: 3)", [("wrong-arity", "whi")]),
        ('do shop.grade(amount: "many")', [("type-mismatch", '"many"')]),
        ("do shop.grade(amount: ticket.subject)", [("type-mismatch", "ticket.subject")]),
        ("do shop.grade(amount: 5, sure: 3)", [("type-mismatch", "3")]),
        ("do shop.grade(amount: 5, amount: 6)", [("duplicate-key", "amount: 6")]),
    ],
)
def test_arguments_are_checked(action: str, wrong: list[tuple[str, str]]) -> None:
    assert said(f"rule r on ticket.created then {action}") == wrong


def test_a_pure_one_is_done_at_once_and_later_stages_see_it() -> None:
    rules = """
    rule tag stage guard on ticket.created then add tag vip
    rule grade stage classify on ticket.created then do shop.grade(amount: 2.5, why: member.name)
    rule seen stage notify on ticket.created when ticket.tags has graded and not ticket.tags has vip
      and ticket.amount = 2.5 then add tag handled
    """
    here = stage(rules)
    decision = here.says()
    assert here.ticket.tags == ("graded", "handled")
    assert (here.ticket.fields["amount"], here.ticket.subject) == (Decimal("2.5"), "小明")
    assert did(decision, "grade") == ["do shop.grade(amount: 2.5, why: …)"], "texts may be personal"


@pytest.mark.parametrize("name", ["shop.greedy", "shop.loud"])
def test_it_does_no_more_than_rules_may(name: str) -> None:
    here = stage(f"rule r on ticket.created then do {name}(state: ticket.state)")
    decision = here.says()
    assert did(decision, "r")[0].startswith("do failed: `" + name)
    assert here.ticket.state == "待回覆" and len(here.records("rule.failed")) == 1


def test_one_that_reaches_outside_is_put_in_line_and_commits_with_the_decision() -> None:
    here = stage("rule r on ticket.created then do shop.coupon(amount: 4.5)")
    here.says()
    (row,) = [c for c in here.world.outbox if isinstance(c, Enqueue)]
    assert (row.channel, dict(row.body)) == ("do:shop.coupon", {"arguments": {"amount": "4.5"}, "rule": "r"})


def test_one_that_does_not_commute_is_a_conflict_and_the_higher_priority_wins() -> None:
    one = "rule a{} on ticket.created then do shop.coupon(amount: 1)\n"
    rules = one + "rule b on ticket.created then do shop.coupon(amount: 2)"
    assert [code for code, _ in said(rules.format(""), analyse=True)] == ["conflicting-actions"]
    decision = stage(rules.format(" priority 5")).says()
    assert outcomes(decision) == [("a", "acted"), ("b", "lost")]

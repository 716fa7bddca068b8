"""The analysis against brute force over small random worlds, both ways: nothing false, nothing missed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from engine.lang import Rule
from engine.lang.analysis import Case
from tests.lang.analysis.small import DOMAINS, Engine, World, cases, environment, world

TESTS = {
    "ticket.type": ["ticket.type = A", "ticket.type in [A, B]", "ticket.type not in [B]", "ticket.type != C"],
    "ticket.region": ["ticket.region = N", "ticket.region != N", "ticket.region is set", "ticket.region is empty"],
    "ticket.priority": ["ticket.priority >= mid", "ticket.priority < high", "ticket.priority = mid"],
    "ticket.amount": [
        "ticket.amount > 1", "ticket.amount <= 2", "ticket.amount != 2", "ticket.amount in [1, 3]",
        "ticket.amount is empty", "3 < ticket.amount", "ticket.amount >= 1", "ticket.amount not in [1]",
    ],
    "ticket.tags": ["ticket.tags has a", "ticket.tags has any [a, b]", "ticket.tags has all [a, b]",
                    "ticket.tags is empty", "ticket.tags is set"],
    "ticket.subject": [
        'ticket.subject contains "red"', 'ticket.subject contains any ["red hat", "blue"]',
        'ticket.subject contains all ["red", "hat"]', "ticket.subject is empty", 'ticket.subject = "red"',
        'ticket.subject starts with "red"', 'ticket.subject not in ["red", "blue"]',
    ],
    "ticket.note": ['ticket.note contains "red"', 'ticket.note != "red"', "ticket.note is set",
                    'ticket.note ends with "red"', 'ticket.note contains only ["red", "hat"]'],
    "member.vip": ["member.vip", "member.vip = false", "member.vip != true"],
    "shop.name": ["shop.name = demo"],
}  # fmt: skip
CHANGED = ["ticket.type changed", "ticket.type changed from A", "ticket.type changed to B",
           "ticket.type changed from empty to A"]  # fmt: skip

ACTIONS = [
    "set ticket.count to 1", "set ticket.count to 2", "raise ticket.count to 5", "add tag x", "remove tag x",
    "route to team care", "route to team senior", 'note "n"', 'note "m"',
]  # fmt: skip


def _target(action: str) -> str:
    return next((part for part in ("count", "tag", "route") if part in action), action)


@st.composite
def conditions(draw: Any, names: list[str], former: bool) -> str:
    pool = [test for name in names for test in TESTS[name]] + (CHANGED if former else [])
    tree = st.recursive(
        st.sampled_from(pool),
        lambda inner: st.one_of(
            inner.map(lambda text: f"not ({text})"),
            st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda p: f"({p[0]}) {p[1]} ({p[2]})"),
        ),
        max_leaves=4,
    )
    found: str = draw(tree)
    return found


@st.composite
def rule_sets(draw: Any) -> tuple[str, str, list[str], bool]:
    """Rules, a shop's own rules, the fields in play, and whether former values are."""
    names = draw(st.lists(st.sampled_from(sorted(TESTS)), min_size=1, max_size=2, unique=True))
    former = draw(st.integers(0, 3)) == 0
    if former:
        names = list(dict.fromkeys(["ticket.type", *names[:1]]))

    def rule(name: str) -> str:
        stage = draw(st.sampled_from(["work", "work", "pick"]))
        events = draw(st.sampled_from(["ticket.created", "ticket.changed", "message.received",
                                       "ticket.created, message.received"]))  # fmt: skip
        when = f"\n  when {draw(conditions(names, former))}" if draw(st.integers(0, 7)) else ""
        # No rule contradicts itself: each target once.
        several = st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=2, unique_by=_target)
        actions = draw(several)
        priority = draw(st.sampled_from([0, 0, 1]))
        return f"rule {name}\n  stage {stage}\n  priority {priority}\n  on {events}{when}\n  then " + "\n    ".join(
            actions
        )

    shared = "\n".join(rule(f"r{n}") for n in range(draw(st.integers(1, 4))))
    own = "\n".join(rule(name) for name in draw(st.sampled_from([[], [], ["r0"], ["s0"], ["r0", "s0"]])))
    return shared, own, names, former


KEYS = [frozenset(keys.split()) for keys in ("ticket.created", "ticket.changed", "message.received",
        "ticket.created message.received", "message.received ticket.changed")]  # fmt: skip


class Truth:
    """What really happens, case by case."""

    def __init__(self, world: World, names: list[str], former: bool) -> None:
        self.world = world
        self.engine = Engine(world.rules)
        self.seen: list[tuple[Case, dict[str, list[Rule]]]] = []
        for values, past in cases(names, ["ticket.type"] if former else []):
            for keys in KEYS:
                before = {} if "ticket.created" in keys else past
                shop = values["shop.name"]
                values = {**values, "ticket.shop": shop, "member.shop": shop}
                case = Case(keys, shop, values, before, "")
                matches = {stage: list(self.engine.matching(stage, case)) for stage in ("work", "pick")}
                self.seen.append((case, matches))

    def alone(self, key: str) -> list[tuple[Case, dict[str, list[Rule]]]]:
        return [item for item in self.seen if item[0].keys == {key}]

    def conflicts(self) -> set[frozenset[str]]:
        found: set[frozenset[str]] = set()
        for case, matches in self.seen:
            for a, b in combinations(matches["work"], 2):
                if a.id != b.id and rank(a) == rank(b) and needed(case, a, b):
                    above = [rule for rule in matches["work"] if rank(rule) < rank(a)]
                    ties = self.engine.ties([*above, a, b], case)
                    if any({tie.loser, tie.winner} == {a.id, b.id} for tie in ties):
                        found.add(frozenset({a.id, b.id}))
        return found

    def ambiguous(self) -> set[frozenset[str]]:
        found: set[frozenset[str]] = set()
        for case, matches in self.seen:
            rules = matches["pick"]
            for a, b in combinations(rules, 2):
                if rank(a) == rank(b) == rank(rules[0]) and needed(case, a, b) and effects(a) != effects(b):
                    found.add(frozenset({a.id, b.id}))
        return found


def needed(case: Case, a: Rule, b: Rule) -> bool:
    """Whether each of the events is there for one of the two: the smallest waves are looked at."""
    keys = {event.key for rule in (a, b) for event in rule.events}
    return case.keys <= keys


def rank(rule: Rule) -> tuple[int, bool]:
    return (-rule.priority, rule.shop is None)


def effects(rule: Rule) -> set[str]:
    return {" ".join(action.span.text.split()) for action in rule.actions}


def told(world: World, code: str) -> set[frozenset[str]]:
    """The rules named by each finding of a code."""
    found = (frozenset({_owner(world, f.span), *(_owner(world, r.span) for r in f.related)}) for f in world.of(code))
    return set(found)


def shown_pairs(world: World, code: str) -> set[frozenset[str]]:
    """The two rules of which each finding of a code has its case."""
    return set(pairs_in_order(world, code))


def pairs_in_order(world: World, code: str) -> list[frozenset[str]]:
    """The same, finding by finding."""
    return [frozenset({_owner(world, f.span), _owner(world, f.related[0].span)}) for f in world.of(code)]


def _owner(world: World, span: Any) -> str:
    spans = ((rule.source.span, rule.id) for rule in world.checked.rules)
    return next(i for s, i in spans if s.source == span.source and s.start <= span.start < s.end)


def together(groups: Iterable[frozenset[str]]) -> set[frozenset[str]]:
    """Groups that share a rule put together: who hangs together, one way or another."""
    found: list[frozenset[str]] = []
    for group in groups:
        touching = [other for other in found if other & group]
        found = [other for other in found if other not in touching]
        found.append(group.union(*touching))
    return set(found)


def shops_of(world: World, rule: Rule) -> set[str | None]:
    """The shops whose tickets the rule decides."""
    if rule.shop is not None:
        return {rule.shop}
    shops: set[str | None] = {shop for shop, _ in DOMAINS.shops}
    own = {other.shop for other in world.rules.rules if other.name == rule.name and other.shop is not None}
    return shops - own


def rules_told(world: World, code: str) -> set[str]:
    found = set()
    for finding in world.of(code):
        for rule in world.checked.rules:
            if (
                rule.source.span.source == finding.span.source
                and rule.source.span.start <= finding.span.start < rule.source.span.end
            ):
                found.add(rule.id)
    return found


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(rule_sets())
def test_against_brute_force(drawn: tuple[str, str, list[str], bool]) -> None:
    shared, own, names, former = drawn
    note(f"{shared}\n--- demo:\n{own}\n--- {names} {former}")
    here = world(shared, **({"demo": own} if own else {}))
    truth = Truth(here, names, former)
    conditioned = {rule.id for rule in here.checked.rules if rule.condition is not None}
    by_id = {rule.id: rule for rule in here.checked.rules}
    # never-true and always-true: of the condition itself, in each of the rule's events
    holding: dict[str, list[bool]] = {i: [] for i in by_id}
    asked: dict[str, list[bool]] = {i: [] for i in by_id}
    for rule in here.rules.rules:
        if rule.condition is None:
            continue
        for event in rule.events:
            for case, _ in truth.alone(event.key):
                holds = rule.condition.holds(case.values, case.before, None)  # type: ignore[arg-type]
                holding[rule.id].append(holds)
                if case.shop in shops_of(here, rule):
                    asked[rule.id].append(holds)
    # Where no shop has the rule, its condition is not what keeps it from acting.
    never = {i for i in conditioned if not any(asked[i] or holding[i])}
    always = {i for i in conditioned if all(holding[i])}
    assert rules_told(here, "never-true") == never
    assert rules_told(here, "always-true") == always
    for code, real in (("conflicting-actions", truth.conflicts()), ("ambiguous-first", truth.ambiguous())):
        assert together(told(here, code)) == together(real)
        assert shown_pairs(here, code) <= real
    assert rules_told(here, "shadowed-rule") == shadowed(here, truth)
    dead_ones(here, truth)
    implied_ones(here, truth)


def shadowed(here: World, truth: Truth) -> set[str]:
    """Rules that match somewhere and never have their way, wave by single event."""
    found: set[str] = set()
    for rule in here.rules.rules:
        matches = [
            (case, there[rule.stage])
            for event in rule.events
            for case, there in truth.alone(event.key)
            if rule in there[rule.stage]
        ]
        events = {key for case, _ in matches for key in case.keys}
        if not matches or events != {event.key for event in rule.events}:
            continue
        if rule.stage == "pick":
            lost = all(rank(there[0]) < rank(rule) for _, there in matches)
        else:
            lost = all(
                any(all(overruled(action, rule, there) for _, there in group(matches, key)) for _ in (0,))
                for action in rule.actions
                for key in events
            )
        if lost:
            found.add(rule.id)
    return found


def group(matches: Sequence[tuple[Case, list[Rule]]], key: str) -> list[tuple[Case, list[Rule]]]:
    return [item for item in matches if item[0].keys == {key}]


def overruled(action: Any, rule: Rule, there: list[Rule]) -> bool:
    from engine.lang.analysis.writes import writes_of

    return any(
        w.target == mine.target and w.value != mine.value
        for mine in writes_of(action, environment())
        for other in there
        if rank(other) < rank(rule)
        for act in other.actions
        for w in writes_of(act, environment())
    )


def dead_ones(here: World, truth: Truth) -> None:
    """Every part told can be left out; and where nothing is told, no part of the first level can be."""
    from dataclasses import replace

    from engine.lang import tree
    from engine.lang.compiler import compile_test

    def without(test: Any, span: Any) -> Any:
        if isinstance(test, tree.AllOf | tree.AnyOf):
            items = tuple(without(item, span) for item in test.items if item.span != span)
            return replace(test, items=items)
        if isinstance(test, tree.Negation):
            return replace(test, item=without(test.item, span))
        return test

    def same(one: Any, other: Any) -> bool:
        a, b = compile_test(one), compile_test(other)
        return all(
            bool(a(c.values.get, c.before.get, None, {})) == bool(b(c.values.get, c.before.get, None, {}))
            for c, _ in truth.seen
        )

    silent = rules_told(here, "never-true") | rules_told(here, "always-true")
    for rule in here.checked.rules:
        if rule.condition is None:
            continue
        spans = [
            f.span
            for f in here.of("dead-condition")
            if f.span.source == rule.span.source and rule.span.start <= f.span.start < rule.span.end
        ]
        reduced = rule.condition
        for span in spans:
            reduced = without(reduced, span)
        assert same(rule.condition, reduced), f"{spans} of {rule.condition.span.text}"
        if rule.id not in silent and isinstance(rule.condition, tree.AllOf | tree.AnyOf):
            for item in rule.condition.items:
                if item.span in spans or isinstance(item, tree.IsEmpty):
                    continue
                left = without(reduced, item.span)
                if isinstance(left, tree.AllOf | tree.AnyOf) and left.items:
                    assert not same(rule.condition, left), f"{item.span} of {rule.condition.span.text} is dead"


def implied_ones(here: World, truth: Truth) -> None:
    """Every rule told is done by others; and one not told has a case of its own."""
    told_ones = rules_told(here, "implied-rule")
    doubles = set().union(*told(here, "duplicate-condition"))
    skipped = doubles | rules_told(here, "shadowed-rule") | rules_told(here, "never-true")
    by_id = {}
    for rule in here.rules.rules:
        by_id.setdefault(rule.id, rule)
    for rule in here.rules.rules:
        if rule.stage != "work":
            continue

        def does(other: Rule, rule: Rule = rule) -> bool:
            return (
                other.id != rule.id
                and effects(rule) <= effects(other)
                and {e.key for e in rule.events} <= {e.key for e in other.events}
                and (rank(other) <= rank(rule) or all(a.action == "note" for a in rule.actions))
            )

        matches = [there["work"] for case, there in truth.seen if len(case.keys) == 1 and rule in there["work"]]
        if rule.id in told_ones:
            assert all(any(does(other) for other in there) for there in matches), rule.id
        elif rule.id not in skipped and matches:
            assert not all(any(does(other) and other.id not in told_ones for other in there) for there in matches), (
                f"{rule.id} is implied"
            )

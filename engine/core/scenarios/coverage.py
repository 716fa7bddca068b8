"""What the scenarios of a rulebook tried: rules, branches of their conditions, transitions, service-level targets.

A branch is a part of a condition seen true, or seen false, while it mattered: had it been the other way, so had the
whole condition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from engine.core.asking import Helpers, helpers_of
from engine.core.decide import Decision
from engine.core.entities import Clock
from engine.core.rulebook import Rulebook
from engine.core.scenarios.result import Result
from engine.core.scenarios.why import line_of
from engine.core.schema import class_of
from engine.core.schema.nouns import LifecycleFile, PoliciesFile
from engine.core.whynot import as_types, seen_by
from engine.lang import Finding, Rule, Source, Span, tree
from engine.lang.compiler import compile_test
from engine.lang.decoder import Decoder
from engine.lang.document import Document
from engine.lang.said import say

KINDS: Final = ("rules", "branches", "transitions", "targets")

_Leaf = tuple[tree.Node, Callable[..., Any]]


@dataclass(frozen=True, slots=True)
class Never:
    """Something no scenario tried, for people, and where it stands."""

    what: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a kind was tried."""

    kind: str
    tried: int
    of: int
    never: tuple[Never, ...]

    @property
    def percent(self) -> float:
        """0 to 100; 100 where there is nothing to try."""
        return 100.0 * self.tried / self.of if self.of else 100.0


class Coverage:
    """What was tried so far; give it to each `run`, then ask for `shares` and `findings`."""

    def __init__(self, book: Rulebook) -> None:
        self._book = book
        self._acted: set[str] = set()
        self._seen: set[tuple[str, str, bool]] = set()
        self._moves: set[tuple[str, str, str, str]] = set()
        self._clocks: set[tuple[str, str, str]] = set()
        self._leaves: dict[Rule, list[_Leaf]] = {}

    # --- learning -----------------------------------------------------------------------------------------------------

    def finish(self, result: Result) -> None:
        """A scenario is over."""
        self._acted |= result.acted
        self._moves |= result.moves

    def see(self, clocks: Iterable[Clock]) -> None:
        """How the clocks of a case stand after a step."""
        for clock in clocks:
            if clock.breached_at is not None:
                self._clocks.add((clock.policy, clock.target, "breached"))
            elif clock.met_at is not None:
                self._clocks.add((clock.policy, clock.target, "met"))
            self._clocks.update((clock.policy, clock.target, f"{percent}%") for percent in clock.warned)

    def take(self, book: Rulebook, decisions: Sequence[Decision], said: str | None = None) -> None:
        """Asks each rule of each wave again, part by part. `book`: as the scenario has set it; `said`: what the step
        tried to say."""
        for decision in decisions:
            shop, now, line = decision.shop, decision.snapshot["now"], line_of(decision, said)
            for wave in decision.snapshot["waves"]:
                before = dict(wave["before"])
                as_types(book, before)
                for rule in book.rules.asked(wave["keys"], shop):
                    if rule.condition is None or not rule.in_dates(now, str(book.zone(shop))):
                        continue
                    values, lacking = seen_by(book, rule, wave, now, line)
                    if wave.get("answer") and decision.replies:
                        values["message.text"] = decision.replies[-1].text
                        lacking -= {"message.text"}
                    if not lacking:
                        team = values.get("ticket.team")
                        helpers = helpers_of(book, shop, team)
                        self._branch(rule, values, before, helpers)

    def _branch(self, rule: Rule, values: Mapping[str, Any], before: Mapping[str, Any], helpers: Helpers) -> None:
        leaves = self._leaves.get(rule)
        if leaves is None:
            condition = rule.condition
            parts = _parts(condition.tree) if condition is not None else ()
            leaves = self._leaves[rule] = [(part, compile_test(part)) for part in parts]  # type: ignore[arg-type]
        try:
            held = {id(part): bool(call(values.get, before.get, helpers, {})) for part, call in leaves}
        except Exception:  # a plugin's function may fail: the engine passes over the rule then, too
            return
        root = rule.condition.tree if rule.condition is not None else None
        whole = _holds(root, held)
        for part, _ in leaves:
            value = held[id(part)]
            key = (rule.id, _text(part), value)
            if key not in self._seen and _holds(root, {**held, id(part): not value}) is not whole:
                self._seen.add(key)

    # --- telling ------------------------------------------------------------------------------------------------------

    def shares(self) -> tuple[Share, ...]:
        """Each kind of `KINDS`."""
        found = (self._rules(), self._branches(), self._transitions(), self._targets())
        return tuple(
            Share(
                kind, sum(tried for tried, _ in items), len(items), tuple(never for tried, never in items if not tried)
            )
            for kind, items in zip(KINDS, found, strict=True)
        )

    def findings(self) -> list[Finding]:
        """A warning for each rule that no scenario made act, unless it allows that."""
        return [
            Finding(
                "untested-rule",
                say("no scenario makes `{rule}` act", rule.id),
                rule.source.name.span,
                say("write one with a step that expects `fired: [{rule}]`", rule.id),
            )
            for rule in self._every()
            if rule.id not in self._acted
            and not any(h.kind == "allow" and h.value.code == "untested-rule" for h in rule.source.headers)
        ]

    def _every(self) -> list[Rule]:
        return [rule for rule in self._book.rules.rules if rule.variant is None]

    def _rules(self) -> list[tuple[bool, Never]]:
        return [(rule.id in self._acted, Never(rule.id, rule.file, rule.line)) for rule in self._every()]

    def _branches(self) -> list[tuple[bool, Never]]:
        found: dict[tuple[str, str, bool], tuple[bool, Never]] = {}
        for rule in self._every():
            for part in _parts(rule.condition.tree) if rule.condition is not None else ():
                text, span = _text(part), part.span
                for value in (True, False):
                    what = f"{rule.id}: `{text}` {'true' if value else 'false'}"
                    key = (rule.id, text, value)
                    found[key] = (key in self._seen, Never(what, span.source.path, span.line))
        return list(found.values())

    def _transitions(self) -> list[tuple[bool, Never]]:
        places = _places(self._book, LifecycleFile)
        found = []
        for kind, lifecycle in self._book.lifecycles.items():
            for one in lifecycle.transitions:
                tried = any(
                    (k, to, trigger) == (kind, one.target, one.trigger)
                    and (source in one.sources or "*" in one.sources)
                    for k, source, to, trigger in self._moves
                )
                place = places.get((kind, one.trigger, one.target))
                sources = ", ".join(one.sources) if len(one.sources) < 4 else "*"
                what = f"{kind}: {one.trigger} from {sources} to {one.target}"
                found.append((tried, _never(what, place)))
        return found

    def _targets(self) -> list[tuple[bool, Never]]:
        places = _places(self._book, PoliciesFile)
        found = []
        policies = [*self._book.policies.values()]
        policies += [policy for own in self._book.shop_policies.values() for policy in own.values()]
        for policy in policies:
            for target in policy.targets:
                for what in ("met", "breached", *(f"{percent}%" for percent in policy.warn_at)):
                    tried = (policy.name, target, what) in self._clocks
                    said = f"{policy.name}: {target} {what if what in ('met', 'breached') else f'warned at {what}'}"
                    found.append((tried, _never(said, places.get((policy.name,)))))
        return found


def _parts(node: Any) -> Iterator[tree.Node]:
    """The tests that `and`, `or` and `not` join; a definition is one."""
    if isinstance(node, (tree.AllOf, tree.AnyOf)):
        for item in node.items:
            yield from _parts(item)
    elif isinstance(node, tree.Negation):
        yield from _parts(node.item)
    elif not isinstance(node, tree.Always):
        yield node


def _holds(node: Any, held: Mapping[int, bool]) -> bool:
    if isinstance(node, tree.AllOf):
        return all(_holds(item, held) for item in node.items)
    if isinstance(node, tree.AnyOf):
        return any(_holds(item, held) for item in node.items)
    if isinstance(node, tree.Negation):
        return not _holds(node.item, held)
    return held.get(id(node), True)


def _text(part: tree.Node) -> str:
    return " ".join(part.span.text.split())


def _never(what: str, place: Span | None) -> Never:
    return Never(what, place.source.path if place is not None else "", place.line if place is not None else 0)


def _places(book: Rulebook, wanted: type[LifecycleFile] | type[PoliciesFile]) -> dict[tuple[str, ...], Span]:
    """Where each transition or policy stands in its file."""
    found: dict[tuple[str, ...], Span] = {}
    for path, text in book.files.items():
        if class_of(path) is not wanted:
            continue
        file = Decoder(Document.of(Source(path, text), [])).read(wanted)
        if isinstance(file, LifecycleFile):
            for one in file.transitions:
                found.setdefault((file.kind, one.trigger, one.to), one.at.span())
        elif isinstance(file, PoliciesFile):
            for policy in file.policies:
                found.setdefault((policy.name,), policy.at.span())
    return found

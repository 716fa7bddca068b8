"""Why a rule did not act in a decision: asked again from the decision's own snapshot, part by part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from engine.core.actions import ends
from engine.core.asking import helpers_of
from engine.core.rulebook import Rulebook
from engine.core.trace import TraceEntry
from engine.lang import Clause, Duration, Rule, tree
from engine.lang.said import say

Outcome = Literal["false", "not-asked", "limit", "dates", "shop", "stopped", "unknown", "repeated"]


@dataclass(frozen=True, slots=True)
class WhyNot:
    """What kept a rule from acting in one wave."""

    outcome: Outcome
    """false: a part of its condition; not-asked: none of its events; limit, dates, shop; stopped: an earlier stage
    ended the decision; unknown: the snapshot lacks a value; repeated: it had acted in the decision before."""
    why: str
    """The first false part as it is written, or what else it was, for people."""
    held: int = 0
    """Parts of its condition that held, of `parts`."""
    parts: int = 0
    values: Mapping[str, Any] = field(default_factory=dict)
    """What the false part read; personal values as they are."""


def at_stage(wave: Mapping[str, Any], stage: str) -> dict[str, Any]:
    """The values a stage saw: the wave's first, then what earlier stages changed."""
    values: dict[str, Any] = {}
    for entry in wave["stages"]:
        values.update({k: tuple(v) if isinstance(v, list) else v for k, v in entry["values"].items()})
        if entry["stage"] == stage:
            break
    return values


def as_types(book: Rulebook, values: dict[str, Any]) -> None:
    """Values from a snapshot's JSON as conditions want them: exact numbers, tuples."""
    for name, value in values.items():
        spec = book.fields.get(name)
        if spec is None or value is None:
            continue
        kind = spec[0].type.kind
        if kind == "number" and isinstance(value, (str, float)):
            values[name] = Decimal(str(value))
        elif kind == "list" and isinstance(value, list):
            values[name] = tuple(value)


def seen_by(
    book: Rulebook, rule: Rule, wave: Mapping[str, Any], now: int, text: str | None
) -> tuple[dict[str, Any], frozenset[str]]:
    """What a rule saw in a wave of a snapshot, and the fields it asks for that the snapshot does not hold.

    `text` is the line the decision began with; a wave about a line that a rule wrote has none.
    """
    values = at_stage(wave, rule.stage)
    values["now"] = now
    if text is not None and not wave.get("answer"):
        values["message.text"] = text
    as_types(book, values)
    reads = rule.condition.reads if rule.condition is not None else frozenset()
    return values, reads - values.keys()


def why_not(
    book: Rulebook,
    rule: Rule,
    shop: str,
    wave: Mapping[str, Any],
    now: int,
    text: str | None,
    before: Sequence[TraceEntry] = (),
) -> WhyNot:
    """Why the rule did not act in a wave. `before` are the trace's entries of the same decision.

    Meant for a rule that the trace does not tell of; one that it does tell of acted, lost or failed.
    """
    if not {event.key for event in rule.events} & set(wave["keys"]):
        heard = tuple(sorted(wave["keys"]))
        waits = tuple(event.key for event in rule.events)
        return WhyNot("not-asked", say("it waits for {events}; here was {others}", waits, heard))
    if rule.shop is not None and rule.shop != shop:
        return WhyNot("shop", say("it is a rule of the shop {shop}; this is {other}", rule.shop, shop))
    if rule.id not in {asked.id for asked in book.rules.asked(wave["keys"], shop)}:
        return WhyNot("shop", say("the shop {shop} has a rule of its own under this name", shop))
    stages = [stage.name for stage in book.environment.stages]
    for entry in before:
        ended = entry.outcome == "acted" and any(map(ends, entry.changes))
        if ended and stages.index(entry.stage) < stages.index(rule.stage):
            why = say("`{rule}` ended the decision in stage {stage}", entry.rule, entry.stage)
            return WhyNot("stopped", why)
    zone = str(book.zone(shop))
    if not rule.in_dates(now, zone):
        if rule.starts and rule.ends:
            return WhyNot("dates", say("it acts from {starts} until {ends}", rule.starts, rule.ends))
        if rule.starts:
            return WhyNot("dates", say("it acts from {starts}", rule.starts))
        return WhyNot("dates", say("it acts until {ends}", rule.ends))
    values, lacking = seen_by(book, rule, wave, now, text)
    if rule.condition is None:
        return _matched(rule, before, 0)
    helpers = helpers_of(book, shop, values.get("ticket.team"))
    changed_from = dict(wave["before"])
    as_types(book, changed_from)
    clauses = rule.condition.explain(values, changed_from, helpers)
    sure = [clause for clause in clauses if not clause.values.keys() & lacking]
    held = sum(clause.holds for clause in sure)
    for clause in sure:
        if not clause.holds:
            return WhyNot("false", clause.text, held, len(clauses), clause.values)
    if lacking:
        return WhyNot("unknown", say("{field} was not recorded", min(lacking)), held, len(clauses))
    return _matched(rule, before, len(clauses))


_STANDING = frozenset(
    "ticket.kind ticket.category ticket.state ticket.channel ticket.shop shop.name message.author message.automatic "
    "message.direction message.answers member.is_guest ticket.opened_by shop.agents_here shop.hours "
    "ticket.agents_here".split()
)
"""What says where a rule belongs, and not what it is about."""
_OWN = ("timer.", "rating.", "sla.", "call.", "chat.")
"""Objects that an event brings: what is asked of them is what the rule waits for."""


def near(rule: Rule, clauses: Sequence[Clause]) -> Clause | None:
    """The one part that kept a rule from acting where it was near to it, else None.

    Near is a rule whose occasion came (the words it waits for, the change, the timer) and that failed at one other
    part; or one without such, where something held that it asks for beyond where it belongs. A rule of one part is
    never near, nor is one that belongs elsewhere.
    """
    condition = rule.condition
    false = [place for place, clause in enumerate(clauses) if not clause.holds]
    if condition is None or len(false) != 1 or len(clauses) < 2:
        return None
    parts = condition.tree.items if isinstance(condition.tree, tree.AllOf) else (condition.tree,)
    held = [part for place, part in enumerate(parts) if place != false[0]]
    wanted = {name for leaf in _positive(parts[false[0]]) for name in tree.reads(leaf)}
    if wanted and wanted <= _STANDING:
        return None  # it belongs elsewhere
    if any(map(_is_occasion, held)):
        return clauses[false[0]]
    if _is_occasion(parts[false[0]]) or not any(map(_asks, held)):
        return None
    return clauses[false[0]]


def _is_occasion(part: tree.Test) -> bool:
    """Whether a part is about what happened: words of the line, a change, what the event brings."""
    texts = (tree.TextContains, tree.TextAffix, tree.TextMatches, tree.HasChanged)
    return any(
        isinstance(leaf, texts) or any(name.startswith(_OWN) for name in tree.reads(leaf)) for leaf in _positive(part)
    )


def _asks(part: tree.Test) -> bool:
    """Whether a part asks for something to be so that says more than where the rule belongs."""
    return any(
        not isinstance(leaf, tree.IsEmpty)
        and not (isinstance(leaf, tree.Comparison) and leaf.op == "!=")
        and any(name not in _STANDING and not name.startswith("setting.") for name in tree.reads(leaf))
        for leaf in _positive(part)
    )


def _positive(test: tree.Test, positive: bool = True) -> Iterator[tree.Test]:
    """The single tests that are to hold."""
    if isinstance(test, tree.AllOf | tree.AnyOf):
        for item in test.items:
            yield from _positive(item, positive)
    elif isinstance(test, tree.Negation):
        yield from _positive(test.item, not positive)
    elif isinstance(test, tree.Defined):
        yield from _positive(test.item, positive)
    elif positive:
        yield test


def _matched(rule: Rule, before: Sequence[TraceEntry], parts: int) -> WhyNot:
    """All of its condition held."""
    if any(entry.rule == rule.id for entry in before):
        return WhyNot("repeated", say("it had acted in this decision before"), parts, parts)
    if rule.limit is not None:
        per = "" if rule.limit.per is None else f" per {Duration(rule.limit.per)}"
        often = "once" if rule.limit.count == 1 else str(rule.limit.count)
        limit = f"{often}{per} per {rule.limit.scope}"
        return WhyNot("limit", say("it was at its limit: {limit}", limit), parts, parts)
    return WhyNot("unknown", say("it matched, but its place was taken"), parts, parts)

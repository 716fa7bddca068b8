"""Why a step came out as it did: why a rule did not act, which decided what is there, which nearly would have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from engine.core.actions import ACTIONS, in_words
from engine.core.decide import Decision
from engine.core.rulebook import Rulebook
from engine.core.trace import TraceChange, TraceEntry
from engine.core.whynot import WhyNot, why_not
from engine.lang import Rule, suggest
from engine.lang.said import joined, quoted, say

_NEAREST = ("limit", "repeated", "unknown", "false", "dates", "stopped", "shop", "not-asked")
"""What is told first where a step has several decisions: what was nearest to acting."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a rule did, in which step (from 1) and of which case (None: of one that was new, or of none)."""

    step: int
    ticket: int | None
    entry: TraceEntry


def decided(
    written: Sequence[Written], ticket: int | None, field: str, tag: str | None = None, step: int | None = None
) -> str | None:
    """Which rule last wrote a field (`tag`: put this tag there), and in which step, if not in `step`."""
    for one in reversed(written):
        if one.ticket not in (None, ticket):
            continue
        changes = [change for change in one.entry.changes if _is_about(change, field, tag)]
        if changes:
            did = joined((in_words(change) for change in changes), ", ")
            if one.step == step:
                return say("`{rule}` wrote it: {what}", one.entry.rule, did)
            return say("`{rule}` wrote it in step {number}: {what}", one.entry.rule, one.step, did)
    return None


def _is_about(change: TraceChange, field: str, tag: str | None) -> bool:
    if change.missed is not None:
        return False
    if tag is not None:
        return change.target == field and change.action == "add_tag" and tag in (change.value or ())
    return change.target == field or (field == "ticket.assignee" and "assignee" in change.more)


def acted_on(decisions: Sequence[Decision], actions: Sequence[str]) -> str | None:
    """Which rules did one of these actions in a step."""
    names = dict.fromkeys(
        entry.rule
        for decision in decisions
        for entry in decision.trace
        if entry.outcome == "acted" and any(change.action in actions for change in entry.changes)
    )
    return say("what there is comes from {rules}", quoted(names)) if names and actions else None


_NEAR = 2
"""Rules told of that would have brought something about."""


def nearest(
    book: Rulebook, key: str, name: str, decisions: Sequence[Decision], said: str | None, shop: str
) -> str | None:
    """Which rules would have brought something about, and what kept them: those that were nearest to acting.

    `key`: a field that was to hold `name`, or a list of `expect` in which it was to stand.
    """
    acted = {entry.rule for decision in decisions for entry in decision.trace if entry.outcome == "acted"}
    able = [
        rule
        for rule in book.rules.rules
        if rule.id not in acted and rule.shop in (None, shop) and any(_brings(rule, key, name))
    ]
    heard = {event for decision in decisions for wave in decision.snapshot["waves"] for event in wave["keys"]}

    def far(rule: Rule) -> tuple[bool, int, int]:
        return (not heard & {event.key for event in rule.events}, *_distance(book, rule, decisions, said))

    able.sort(key=far)
    told = [why(book, rule.id, decisions, said) for rule in able[:_NEAR]]
    return joined(told, "; ") if told else None


def _distance(book: Rulebook, rule: Rule, decisions: Sequence[Decision], said: str | None) -> tuple[int, int]:
    """How far a rule was from acting: what kept it, and how many parts of its condition did not hold."""
    found = [
        (_NEAREST.index(one.outcome), one.parts - one.held)
        for decision in decisions
        for wave in decision.snapshot["waves"]
        for one in (_asked(book, rule, decision, wave, said),)
    ]
    return min(found, default=(len(_NEAREST), 0))


def _asked(book: Rulebook, rule: Rule, decision: Decision, wave: Any, said: str | None) -> WhyNot:
    now = decision.snapshot["now"]
    return why_not(book, rule, decision.shop, wave, now, line_of(decision, said), decision.trace)


def _brings(rule: Rule, key: str, name: str) -> Iterator[bool]:
    """Whether each action of a rule would bring something about."""
    for action in rule.actions:
        args = action.args
        if "." in key:
            for write in ACTIONS[action.action].writes(args):
                tag = write.target.partition(" ")[2]
                value = tag if write.how == "add" else write.value if write.how in _VALUES else None
                yield write.field == key and str(value) == name
        elif key in ("replies", "notes"):
            yield action.action == ("reply" if key == "replies" else "note") and args.get("template") == name
        elif key == "notified":
            yield action.action == "notify" and name in map(str, args["names"])
        elif key == "timers":
            yield action.action == "start_timer" and args["name"] == name
        elif key == "opened":
            yield action.action == "open" and args["kind"] == name


_VALUES = ("set", "raise", "lower", "move")


def why(book: Rulebook, name: str, decisions: Sequence[Decision], said: str | None = None) -> str:
    """A sentence: the rule was not asked, was out-fought, or the first part of its condition that did not hold."""
    rule = next((r for r in book.rules.rules if name in (r.id, r.name)), None)
    if rule is None:
        close = suggest(name, (r.id for r in book.rules.rules))
        if close is not None:
            return say("there is no rule `{name}`; did you mean `{other}`?", name, close)
        return say("there is no rule `{name}`", name)
    found: list[WhyNot] = []
    for decision in decisions:
        for entry in decision.trace:
            if entry.rule == rule.id and entry.outcome != "acted":
                if entry.outcome == "lost":
                    return say("`{name}` lost: {why}", name, entry.why)
                return say("`{name}` failed: {why}", name, entry.why)
        for wave in decision.snapshot["waves"]:
            found.append(_asked(book, rule, decision, wave, said))
    if not found:
        waits = quoted(event.key for event in rule.events)
        return say("nothing was decided in this step; `{name}` waits for {events}", name, waits)
    nearest = min(found, key=lambda one: (_NEAREST.index(one.outcome), one.parts - one.held))
    if nearest.outcome == "false":
        told = say("`{name}` did not act because `{part}` did not hold", name, nearest.why)
        seen = tuple(f"{field} = {_shown(value)}" for field, value in nearest.values.items())
        if seen:
            told = say("{told} ({facts})", told, seen)
        if nearest.parts > 1:
            told = say("{told}; {held} of {parts} parts held", told, nearest.held, nearest.parts)
        return told
    if nearest.outcome == "not-asked":
        heard = sorted({event for decision in decisions for event in decision.events})
        waits = quoted(event.key for event in rule.events)
        raised = quoted(heard) or say("nothing")
        return say("`{name}` waits for {events}; this step raised {others}", name, waits, raised)
    return say("`{name}` did not act: {why}", name, nearest.why)


def _shown(value: object) -> str:
    return "empty" if value is None else ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def line_of(decision: Decision, said: str | None = None) -> str | None:
    """The line a decision began with, as the rules saw it; `said` is what was tried, which a rejected line was."""
    if decision.rejected is not None:
        return said
    if decision.snapshot["message"] is None:
        return None
    if "text" in decision.snapshot:
        return str(decision.snapshot["text"])
    for change in decision.changes:
        if type(change).__name__ == "Say" and getattr(change, "ref", None) == decision.snapshot["message"]:
            return str(getattr(change, "text", ""))
    return ""

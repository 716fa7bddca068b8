"""Why an expected rule did not act in a step."""

from __future__ import annotations

from collections.abc import Sequence

from engine.core.decide import Decision
from engine.core.rulebook import Rulebook
from engine.core.whynot import WhyNot, why_not
from engine.lang import suggest
from engine.lang.said import quoted, say

_NEAREST = ("limit", "repeated", "unknown", "false", "dates", "stopped", "shop", "not-asked")
"""What is told first where a step has several decisions: what was nearest to acting."""


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
            now = decision.snapshot["now"]
            found.append(why_not(book, rule, decision.shop, wave, now, line_of(decision, said), decision.trace))
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

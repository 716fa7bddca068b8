"""What a step of a scenario caused, held against what it expects; a failure says which rule decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from engine.core.calendar import from_micros
from engine.core.changes import Say
from engine.core.decide import Decision
from engine.core.draft import Draft
from engine.core.entities import SYSTEM, Ticket
from engine.core.errors import Refused
from engine.core.memory import World
from engine.core.rulebook import Rulebook
from engine.core.scenarios.made import length_of, moment
from engine.core.scenarios.result import Failure
from engine.core.scenarios.why import Written, acted_on, decided, nearest, why
from engine.core.schema.scenarios import Expect, Step
from engine.core.sla import TARGETS
from engine.lang import Duration
from engine.lang.said import quoted, say
from engine.lang.types import noun


@dataclass(frozen=True, slots=True)
class Situation:
    """The desk after a step. `shown`: lines of an open window that the step has shown; `written`: what rules did."""

    book: Rulebook
    world: World
    shop: str
    member: int
    ticket: int | None
    zone: ZoneInfo
    shown: tuple[Mapping[str, Any], ...]
    written: Sequence[Written]

    @property
    def case(self) -> Ticket | None:
        """The case at hand."""
        return self.world.tickets.get(self.ticket or 0)


@dataclass(frozen=True, slots=True)
class Came:
    """What a step caused. `number`: from 1; `error`: with what the desk refused it."""

    number: int
    step: Step
    decisions: tuple[Decision, ...]
    error: Refused | None


def said_in(step: Step) -> str | None:
    """What the step tries to say."""
    return next((text for text in (step.message, step.reply, step.anonymous, step.note) if text is not None), None)


def check(there: Situation, came: Came) -> list[Failure]:
    """The expectations of a step that did not come true."""
    found = _Check(there, came)
    found.all()
    return found.failures


_LISTS = ("opened", "fired", "lost", "replies", "notified", "events", "notes", "timers")


class _Check:
    def __init__(self, there: Situation, came: Came) -> None:
        self.there, self.came, self.book = there, came, there.book
        self.expect = came.step.expect or Expect(at=came.step.at)
        self.decisions = came.decisions
        self.failures: list[Failure] = []

    def fail(self, message: str, *path: str | int, help: str | None = None) -> None:
        span = self.expect.at.span(*path) if path else self.came.step.at.span()
        self.failures.append(Failure(self.came.number, span, message, help))

    def nearest(self, key: str, name: str) -> str | None:
        """Which rule would have brought something about, and what kept it."""
        tried = [*self.decisions, *self.there.world.unmoved()]
        return nearest(self.book, key, name, tried, said_in(self.came.step), self.there.shop)

    def all(self) -> None:
        expect, error = self.expect, self.came.error
        if error is not None and expect.error != error.code:
            self.fail(say("the desk refused this step: {why} [{code}]", error.message, error.code))
            return
        if error is None and expect.error is not None:
            self.fail(say("the desk should have refused this step with `{code}`", expect.error), "error")
            return
        facts = self.facts()
        for key in _LISTS:
            self.listed(key, getattr(expect, key), facts[key])
        for n, name in enumerate(expect.not_fired or ()):
            if name in facts["fired"] or f"{self.there.shop}/{name}" in facts["fired"]:
                self.fail(say("`{name}` acted and should not have", name), "not_fired", n)
        for n, name in enumerate(expect.not_events or ()):
            if name in facts["events"]:
                self.fail(say("the event `{name}` came about and should not have", name), "not_events", n)
        case = self.there.case
        for n, name in enumerate(expect.not_tags or ()):
            if case is not None and name in case.tags:
                message = say("the ticket has the tag `{name}` and should not have it", name)
                self.fail(message, "not_tags", n, help=self.writer("ticket.tags", name))
        if expect.rejected is not None:
            was = any(d.rejected is not None for d in self.decisions)
            if was != expect.rejected:
                message = say("the message was rejected") if was else say("the message was not rejected")
                self.fail(message, "rejected", help=acted_on(self.decisions, ("reject",)) if was else None)
        if expect.reply is not None:
            texts = [r.text for d in self.decisions for r in d.replies] + [line["text"] for line in self.there.shown]
            if not any(expect.reply in text for text in texts):
                message = say("no reply contains `{text}`, got {names}", expect.reply, _names(texts))
                self.fail(message, "reply", help=acted_on(self.decisions, ("reply", "answer")))
        for name, value in expect.fields.items():
            self.field(name, value)

    def facts(self) -> dict[str, list[str]]:
        """What came about, by the lists of `expect`."""
        decisions, world = self.decisions, self.there.world
        trace = [entry for decision in decisions for entry in decision.trace]
        said = [change for decision in decisions for change in decision.changes if isinstance(change, Say)]
        return {
            "opened": [wanted.kind for d in decisions for wanted in d.opens],
            "fired": [entry.rule for entry in trace if entry.outcome == "acted"],
            "lost": [entry.rule for entry in trace if entry.outcome == "lost"],
            "replies": [r.template or r.text for d in decisions for r in d.replies]
            + [str(line.get("template") or line["text"]) for line in self.there.shown],
            "notified": [n for d in decisions for n in d.notified],
            "events": [e.split(" ")[0] for d in decisions for e in d.events] + [e for d in decisions for e in d.events],
            "notes": [s.template or s.text for s in said if s.visibility == "internal" and s.rule],
            "timers": [
                name.removeprefix("rule:")
                for (tid, name) in world.timers
                if tid == self.there.ticket and name.startswith("rule:")
            ],
        }

    def listed(self, key: str, wanted: tuple[str, ...] | None, found: list[str]) -> None:
        """One list of `expect`."""
        if wanted is None:
            return
        if not wanted and found:
            message = say("{key}: nothing was expected, got {names}", key, _names(found))
            self.fail(message, key, help=acted_on(self.decisions, _BY.get(key, ())))
        for n, name in enumerate(wanted):
            own = f"{self.there.shop}/{name}" if key in ("fired", "lost") else name  # a shop's own goes by either name
            if name in found or own in found:
                continue
            tried = [*self.decisions, *self.there.world.unmoved()]
            told = why(self.book, name, tried, said_in(self.came.step)) if key == "fired" else None
            if key in _BY:
                told = _both(acted_on(self.decisions, _BY[key]), self.nearest(key, name))
            message = say("{key}: `{name}` is missing, got {names}", key, name, _names(found))
            self.fail(message, key, n, help=told)

    def writer(self, field: str, tag: str | None = None) -> str | None:
        """Which rule wrote what stands in a field."""
        return decided(self.there.written, self.there.ticket, field, tag, self.came.number)

    def field(self, name: str, wanted: Any) -> None:
        """A field that was expected."""
        owner, _, short = name.partition(".")
        case = self.there.case
        if owner == "sla" and short in TARGETS:
            clock = self.there.world.clocks.get(case.id, {}).get(short) if case is not None else None
            state = clock.state if clock else None
            if state != wanted:
                self.fail(say("the clock {name} is {found}, expected {wanted}", short, state, wanted), name)
            return
        if owner != "member" and case is None:
            self.fail(say("there is no {noun} to look at", noun(owner)), name)
            return
        there, got = self.got(name, owner, short, case)
        if not there:
            self.fail(say("there is no field `{name}`", name), name)
            return
        if isinstance(got, tuple):
            missing = [w for w in (wanted or []) if w not in got]
            if (not wanted and got) or missing:
                told = _both(self.writer(name), *(self.nearest(name, str(one)) for one in missing))
                message = say("{name} is {found}, expected {wanted}", name, _names(got), _names(wanted or ()))
                self.fail(message, name, help=told)
            return
        shown, same = self.same(name, got, wanted)
        if not same:
            near = self.nearest(name, str(wanted)) if wanted is not None else None
            message = say("{name} is `{found}`, expected `{wanted}`", name, shown, wanted)
            self.fail(message, name, help=_both(self.writer(name) or say("no rule wrote it"), near))

    def got(self, name: str, owner: str, short: str, case: Ticket | None) -> tuple[bool, Any]:
        """Whether there is such a field, and its value."""
        there = self.there
        holder: Any = case
        if owner == "member":
            holder = there.world.case(there.member, None, there.shop).member  # with what is counted of its cases
        if name in self.book.custom_fields:
            return True, holder.fields.get(short)
        if owner in ("ticket", "member") and hasattr(holder, short):
            return True, getattr(holder, short)
        if name in self.book.fields:
            case_ = there.world.case(there.member, there.ticket, there.shop)
            return True, self.book.getter(name)(Draft(self.book, case_, SYSTEM, there.world.now))
        return False, None

    def same(self, name: str, got: Any, wanted: Any) -> tuple[object, bool]:
        """A value for people, and whether it is the one wanted; lengths and moments however they are written."""
        spec = self.book.fields.get(name)
        kind = spec[0].type.kind if spec is not None else ""
        if kind == "duration" and got is not None:
            try:
                return Duration(got), wanted is not None and got == length_of(wanted).micros
            except ValueError:
                return Duration(got), False
        if kind == "time" and isinstance(got, int):
            at = from_micros(got, self.there.zone)
            shown = at.strftime("%Y-%m-%d %H:%M:%S").removesuffix(":00")
            try:
                return shown, wanted is not None and _minute(got, str(wanted), self.there.zone)
            except ValueError:
                return shown, False
        return got, (got if got is None else str(got)) == (wanted if wanted is None else str(wanted))


def _minute(got: int, wanted: str, zone: ZoneInfo) -> bool:
    """Whether a moment is the one written, which may leave out its seconds."""
    exact = "." in wanted or wanted.count(":") > (1 + (datetime.fromisoformat(wanted).tzinfo is not None))
    apart = got - moment(wanted, zone)
    return apart == 0 if exact else 0 <= apart < 60_000_000


_BY: Mapping[str, tuple[str, ...]] = {
    "replies": ("reply", "answer"),
    "notes": ("note",),
    "notified": ("notify",),
    "timers": ("start_timer",),
    "opened": ("open",),
}
"""The actions that bring about what a list of `expect` names."""


def _both(*parts: str | None) -> str | None:
    """What is known of why, one after another."""
    there = [part for part in dict.fromkeys(parts) if part]
    told = there[0] if there else None
    for part in there[1:]:
        told = say("{told}; {more}", told, part)
    return told


def _names(names: Iterable[Any]) -> str | tuple[str, ...]:
    return quoted(names) or say("nothing")

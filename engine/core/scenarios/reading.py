"""Scenarios as they are written: reading them, and what is wrong with one before it is run."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from engine.core.entities import Member, Ticket
from engine.core.opening import MEMBERS_SET
from engine.core.rulebook import Rulebook
from engine.core.scenarios.made import as_sent, length_of
from engine.core.schema.scenarios import ANSWER, STATUSES, AgentEntry, Expect, MemberEntry, Scenario, Step
from engine.core.sla import TARGETS
from engine.core.typed import typed
from engine.lang import Finding, Source, Span
from engine.lang.decoder import Decoder
from engine.lang.document import At, Document, Path
from engine.lang.findings import closest
from engine.lang.functions import UnknownDay, known_moment
from engine.lang.said import quoted, say
from engine.lang.schema import Entry, Form, slots
from engine.lang.types import noun

CODE = "scenario-invalid"
_NAMED = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+")
"""What looks like the name of a template and not like a text."""
_LENGTHS = say("such as `30s`, `15m`, `4h`, `2d`")
_MOMENTS = say('such as `"2026-03-02 10:00"`, in quotes')
_ANYWHERE = ZoneInfo("UTC")
"""The zone in which it is looked whether something is a time at all."""
FIRST = "member"
"""What the member of a scenario is called among its `members`."""


def read(source: Source) -> tuple[list[Scenario], list[Finding]]:
    """The scenarios of one file. What is not a scenario is a finding `scenario-invalid` at its place."""
    findings: list[Finding] = []
    document = Document.of(source, findings)
    if not document.readable:
        return [], findings
    if not isinstance(document.data, list):
        start = Span(source, 0, min(len(source.text), 1))
        message, hint = say("a file of scenarios is a list"), say("begin each with `- name: …`")
        return [], [Finding(CODE, message, start, hint=hint)]
    decoder, scenarios = _Decoder(document), []
    for index in range(len(document.data)):
        before = len(findings)
        scenario = decoder.read(Scenario, index)
        if scenario is not None and isinstance(scenario.at.raw(), dict):
            _check(scenario)
        if scenario is not None and len(findings) == before:
            scenarios.append(scenario)
    return scenarios, findings


class _Decoder(Decoder):
    """Tells of mistakes of form as mistakes of a scenario."""

    def wrong(self, code: str, message: str, span: Span, hint: str | None = None) -> None:
        """Adds a finding, once."""
        finding = Finding(CODE, message, span, hint=hint)
        if finding not in self.document.findings:
            self.document.findings.append(finding)

    def unknown_key(self, message: str, known: tuple[str, ...], path: Path) -> None:
        """Tells of a key that means nothing."""
        if message == ANSWER:
            self.wrong(CODE, message, self.document.span(*path[:-1]))
            return
        hint = closest(str(path[-1]), known) or say("known: {names}", quoted(sorted(known)))
        self.wrong(CODE, message, At(self.document, path).key(), hint)

    def lacks(self, message: str, path: Path) -> None:
        """Tells of an entry without what it must have, mistyped or not; of one that is no entry it is told already."""
        span = self.document.span(*path)
        if not any(finding.span == span for finding in self.document.findings):
            self.wrong(CODE, message, span)

    def mismatch(self, form: Form, value: Any, path: Path, usual: str, hint: str | None = None) -> None:
        """Tells of a value of another form."""
        if form.told == ANSWER:
            path = path[:-1]
        if form.holds == "list":
            usual = say("`{key}` takes a list", path[-1])
        if form.holds == "mapping" or usual == Entry.FORM:
            usual = say("{called} is a mapping", f"`{path[-1]}`")
        super().mismatch(form, value, path, usual, hint)

    def list_of(self, value: Any, form: Form, path: Path) -> list[Any] | None:
        """The items of a list: a single value is none."""
        if isinstance(value, list) or (value is None and form.told != ANSWER):
            return value or []
        self.mismatch(form, value, path, "")
        return None


def _check(scenario: Scenario) -> None:
    """Tells what is wrong with a scenario beyond the form of its pieces."""
    at = scenario.at
    if not scenario.name:
        at.wrong(CODE, say("a scenario needs a `name`"))
    _moment(at, scenario.now, "now")
    _member(scenario.member)
    for one in scenario.members.values():
        _member(one)
    if isinstance(at.raw("steps"), list | None) and not at.raw("steps"):
        at.wrong(CODE, say("a scenario needs `steps`"), "steps")
    for step in scenario.steps:
        _member(step.member)
        _member(step.sign_in_as)
        if step.at.has("as") and step.as_ not in (*scenario.members, FIRST):
            message = say("there is no {what} `{name}`", noun("member"), step.as_)
            hint = closest(str(step.as_), scenario.members) or say("known: {names}", quoted((FIRST, *scenario.members)))
            step.at.wrong(CODE, message, "as", hint=hint)
        if step.at.has("rate") and step.at.raw("rate") is None:
            step.at.wrong(CODE, say("`{key}` is a number", "rate"), "rate")
        if step.at.has("wait") and not _is_duration(step.wait):
            hint = _LENGTHS
            step.at.wrong(CODE, say("`{text}` is not a duration", step.wait), "wait", hint=hint)
        if step.expect is not None:
            _expected(step.expect)


def _expected(expect: Expect) -> None:
    """Tells of what cannot be expected: a list that is none, a key that is no field."""
    known = tuple(slot.key for slot in slots(Expect) if not slot.rest)
    for slot in slots(Expect):
        if slot.form.holds == "list" and expect.at.has(slot.key) and expect.at.raw(slot.key) is None:
            expect.at.wrong(CODE, say("`{key}` takes a list", slot.key), slot.key)
    for key in expect.fields:
        if "." not in key:
            hint = closest(key, known) or say("known: {names}", (*quoted(sorted(known)), say("or a field")))
            expect.at.wrong_key(CODE, say("`{key}` cannot be expected", key), key, hint=hint)


def _member(member: MemberEntry | None) -> None:
    if member is not None:
        _moment(member.at, member.signed_up_at, "signed_up_at")


def _moment(at: At, text: str | None, key: str) -> None:
    if text is None:
        return
    try:
        known_moment(text)
    except ValueError as error:
        message = say("`{text}` is no time such as `2026-03-02 10:00`", text)
        at.wrong(CODE, message, key, hint=error.args[0] if isinstance(error, UnknownDay) else say("put it in quotes"))


def _is_duration(text: str | None) -> bool:
    try:
        length_of(text)
    except ValueError:
        return False
    return True


# --- against a desk ---------------------------------------------------------------------------------------------------


def unknown_words(book: Rulebook, scenarios: Iterable[Scenario]) -> Iterator[Finding]:
    """What scenarios name that the desk does not have: a field, a rule, an event, a tier, a team, a value."""
    words = _Words(book)
    for scenario in scenarios:
        yield from words.unknown(scenario)


class _Words:
    """What a desk has, by what a scenario may name."""

    def __init__(self, book: Rulebook) -> None:
        self.book = book
        fields = list(book.fields)
        more = [f"ticket.{name}" for name in Ticket.__struct_fields__ if not name.endswith("_id")]
        more += [f"member.{name}" for name in Member.__struct_fields__]
        self.expected = {*fields, *more, *(f"sla.{target}" for target in TARGETS)}
        self.rules = {name for rule in book.rules.rules for name in (rule.id, rule.name)}
        self.events = {key.split(" ")[0] for rule in book.rules.rules for key in (e.key for e in rule.events)}
        self.events |= set(book.environment.events)
        actions = [action for rule in book.rules.rules for action in rule.actions]
        self.timers = {str(action.args["name"]) for action in actions if action.action == "start_timer"}
        self.templates = {name for texts in (book.templates, *book.shop_templates.values()) for name in texts}
        self.notified = {*book.roles, *book.teams, *book.environment.recipients}
        self.triggers = {way.trigger for lifecycle in book.lifecycles.values() for way in lifecycle.transitions}

    def unknown(self, scenario: Scenario) -> Iterator[Finding]:
        """What one scenario names that there is not."""
        book = self.book
        yield from self._word(scenario.at, scenario.shop, book.shops, noun("shop"), "shop")
        yield from self._word(scenario.at, scenario.kind, book.lifecycles, noun("kind"), "kind")
        yield from self._ticket(scenario.at, scenario.ticket, "ticket")
        for member in (scenario.member, *scenario.members.values()):
            yield from self._member(member)
        for agent in scenario.agents.values():
            yield from self._agent(agent)
        for step in scenario.steps:
            yield from self._step(step, scenario.agents)

    def _step(self, step: Step, agents: Mapping[str, AgentEntry]) -> Iterator[Finding]:
        at, book = step.at, self.book
        yield from self._word(at, step.agent, agents, say("agent in this scenario"), "agent")
        if step.at.has("move"):
            yield from self._word(at, step.move, self.triggers, say("trigger"), "move")
        yield from self._word(at, step.shop, book.shops, noun("shop"), "shop")
        yield from self._word(at, step.kind, book.lifecycles, noun("kind"), "kind")
        yield from self._word(at, step.open, book.lifecycles, noun("kind"), "open")
        yield from self._word(at, step.case, book.lifecycles, noun("kind"), "case")
        yield from self._word(at, step.status, STATUSES, noun("status"), "status")
        yield from self._ticket(at, step.ticket, "ticket")
        yield from self._ticket(at, step.set, "set")
        yield from self._member(step.member)
        yield from self._member(step.sign_in_as)
        expect = step.expect
        if expect is None:
            return
        for key, value in expect.fields.items():
            yield from self._word(expect.at, key, self.expected, say("field"), key, key=True)
            yield from self._value(expect.at, key, value, key)
        for key, rules in (("fired", expect.fired), ("not_fired", expect.not_fired), ("lost", expect.lost)):
            yield from self._words(expect.at, rules, self.rules, say("rule"), key)
        for key, events in (("events", expect.events), ("not_events", expect.not_events)):
            for n, name in enumerate(events or ()):
                if name.split(" ")[0] not in self.events:
                    yield from self._word(expect.at, name, self.events, say("event"), key, n)
        yield from self._words(expect.at, expect.opened, book.lifecycles, noun("kind"), "opened")
        yield from self._words(expect.at, expect.timers, self.timers, say("timer that a rule starts"), "timers")
        yield from self._words(
            expect.at, expect.notified, {*self.notified, *agents}, say("role, team or agent"), "notified"
        )
        for key, names in (("replies", expect.replies), ("notes", expect.notes)):
            # A text may stand there as well; what looks like the name of a template must be one.
            for n, name in enumerate(names or ()):
                if _NAMED.fullmatch(name):
                    yield from self._word(expect.at, name, self.templates, noun("template"), key, n)

    def _agent(self, agent: AgentEntry) -> Iterator[Finding]:
        at, book = agent.at, self.book
        yield from self._word(at, agent.team, book.teams, noun("team"), "team")
        yield from self._word(at, agent.role, book.roles, noun("role"), "role")
        yield from self._word(at, agent.status, STATUSES, noun("status"), "status")
        yield from self._words(at, agent.teams, book.teams, noun("team"), "teams")
        yield from self._words(at, agent.skills, book.skills, noun("skill"), "skills")
        yield from self._words(at, agent.roles, book.roles, noun("role"), "roles")

    def _member(self, member: MemberEntry | None) -> Iterator[Finding]:
        if member is None:
            return
        for name, value in member.written().items():
            if f"member.{name}" in self.book.custom_fields:
                yield from self._typed(member.at, f"member.{name}", value, name)
            elif name != "fields":
                yield from self._value(member.at, f"member.{name}", value, name)
        custom = {n.partition(".")[2] for n in self.book.custom_fields if n.startswith("member.")}
        for name, value in member.fields.items():
            yield from self._word(member.at, name, custom, say("field of a member"), "fields", name, key=True)
            yield from self._typed(member.at, f"member.{name}", value, "fields", name)

    def _ticket(self, at: At, values: Mapping[str, Any], key: str) -> Iterator[Finding]:
        """What is wrong with the values of a case under `ticket` or `set`."""
        for name, value in values.items():
            full = f"ticket.{name}"
            if full in self.book.custom_fields:
                yield from self._typed(at, full, value, key, name)
            elif key == "ticket" and full in self.expected and name not in MEMBERS_SET:
                message = say("members do not give `{name}` with a new case", name)
                hint = say("let an agent do it in a step: `agent: …` with `set: …`")
                yield Finding(CODE, message, at.key(key, name), hint=hint)
            elif full not in self.expected:
                short = {n.partition(".")[2] for n in self.expected if n.startswith("ticket.")}
                what = say("field of a {noun}", noun("ticket"))
                if (plain := name.removeprefix("ticket.")) != name and plain in short:
                    hint = say("write `{meant}`", plain)
                    message = say("there is no {what} `{name}`", what, name)
                    yield Finding(CODE, message, at.key(key, name), hint=hint)
                else:
                    yield from self._word(at, name, short, what, key, name, key=True)
            else:
                yield from self._value(at, full, value, key, name)

    @staticmethod
    def _word(
        at: At, name: str | None, known: Collection[str], what: str, *path: str | int, key: bool = False
    ) -> Iterator[Finding]:
        """A name there is not, told at its value or its key."""
        if name is not None and name not in known:
            place = at.key(*path) if key else at.span(*path)
            yield Finding(CODE, say("there is no {what} `{name}`", what, name), place, hint=closest(name, known))

    def _words(
        self, at: At, names: Iterable[str] | None, known: Collection[str], what: str, key: str
    ) -> Iterator[Finding]:
        for n, name in enumerate(names or ()):
            yield from self._word(at, name, known, what, key, n)

    def _typed(self, at: At, name: str, value: Any, *path: str | int) -> Iterator[Finding]:
        """A value that is not of the type of its custom field."""
        spec = self.book.custom_fields.get(name)
        if spec is None or value is None:
            return
        try:
            typed(spec.field, as_sent(spec.field, value, _ANYWHERE))
        except (ValueError, ArithmeticError):
            kind = spec.field.type.kind
            hint = _LENGTHS if kind == "duration" else _MOMENTS if kind == "time" else None
            yield Finding(CODE, say("`{text}` is not {wanted}", str(value), spec.field.type), at.span(*path), hint=hint)

    def _value(self, at: At, name: str, value: Any, *path: str | int) -> Iterator[Finding]:
        """A value that a field of named values does not have."""
        spec = self.book.fields.get(name)
        enum = spec[0].type.enum if spec is not None and spec[0].type.kind == "enum" else None
        if enum is not None and not enum.open and isinstance(value, str):
            yield from self._word(at, value, enum.values, say("value of {field}", name), *path)

"""Scenarios as they are written: reading them, and what is wrong with one before it is run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, get_args

from engine.core.commands import CallNews
from engine.core.entities import AgentStatus, Member, Ticket
from engine.core.opening import MEMBERS_SET
from engine.core.rulebook import typed
from engine.core.sla import TARGETS
from engine.lang import Duration, Finding, Source, Span, load_plain
from engine.lang.findings import closest
from engine.lang.said import quoted, say
from engine.lang.types import noun

if TYPE_CHECKING:
    from engine.core.rulebook import Rulebook

KEYS = {
    "name", "now", "shop", "settings", "member", "members", "ticket", "agents", "answers", "steps", "kind", "channel",
    "note",
}  # fmt: skip
ANSWER_KEYS = {"title", "text", "keywords", "shop"}
MEMBER_KEYS = {"name", "tier", "guest", "language", "tags", "blocked", "complaints_30d", "signed_up_at", "fields"}
FIRST = "member"
"""What the member of a scenario is called among its `members`."""
CALL_KEYS = {"event", "id", "direction", "from", "to", "agent", "result"}
PAGE_KEYS = {"url", "referrer", "title", "device"}
AGENT_KEYS = {"team", "teams", "skills", "roles", "role", "status", "capacity", "name", "alias"}
STEP_KEYS = {
    "message", "attachments", "automatic", "kind", "channel", "ticket", "member", "wait", "agent", "reply", "anonymous",
    "note", "set", "move", "status", "end", "ask_rating", "rate", "comment", "open_chat", "sign_in", "fail_delivery",
    "page", "new", "open", "call", "shop", "as", "expect",
}  # fmt: skip
STATUSES = get_args(AgentStatus)
LISTS = (
    "opened",
    "fired",
    "not_fired",
    "replies",
    "notified",
    "events",
    "notes",
    "lost",
    "timers",
    "not_events",
    "not_tags",
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario as written, with the place of each piece."""

    name: str
    data: Mapping[str, Any]
    path: tuple[Any, ...]
    spans: Mapping[tuple[Any, ...], Span]
    keys: Mapping[tuple[Any, ...], Span] = field(default_factory=dict)

    def key(self, *path: Any) -> Span:
        """The place of a key, or of what is around it."""
        return self.keys.get((*self.path, *path)) or self.span(*path)

    def span(self, *path: Any) -> Span:
        """The place of a piece, or of the nearest thing around it that has one."""
        full = (*self.path, *path)
        while full:
            if full in self.spans:
                return self.spans[full]
            full = full[:-1]
        return next(iter(self.spans.values()))


def read(source: Source) -> tuple[list[Scenario], list[Finding]]:
    """The scenarios of one file. What is not a scenario is a finding `scenario-invalid` at its place."""
    plain, problems = load_plain(source)
    findings = list(problems)
    if plain is None:
        return [], findings
    data, spans = plain.data, plain.spans
    everything = Span(source, 0, min(len(source.text), 1))
    if not isinstance(data, list):
        return [], [
            Finding(
                "scenario-invalid",
                say("a file of scenarios is a list"),
                everything,
                hint=say("begin each with `- name: …`"),
            )
        ]
    scenarios: list[Scenario] = []
    for index, item in enumerate(data):
        scenario = Scenario(
            str(item.get("name", "")) if isinstance(item, dict) else "",
            item,
            (index,),
            spans or {(): everything},
            plain.keys,
        )
        problems = list(_problems(scenario))
        findings.extend(problems)
        if not problems:
            scenarios.append(scenario)
    return scenarios, findings


def _problems(scenario: Scenario) -> Iterable[Finding]:
    def invalid(message: str, *path: Any, hint: str | None = None) -> Finding:
        return Finding("scenario-invalid", message, scenario.span(*path), hint=hint)

    def unknown(message: str, known: Iterable[str], *path: Any, more: tuple[str, ...] = ()) -> Finding:
        hint = closest(str(path[-1]), known) or say("known: {names}", (*quoted(sorted(known)), *more))
        return Finding("scenario-invalid", message, scenario.key(*path), hint=hint)

    data = scenario.data
    if not isinstance(data, dict):
        yield invalid(say("a scenario is a mapping with `name` and `steps`"))
        return
    if not scenario.name:
        yield invalid(say("a scenario needs a `name`"))
    for key in data:
        if key not in KEYS:
            yield unknown(say("`{key}` means nothing in a scenario", key), KEYS, key)
    if data.get("now") is not None and not _is_moment(data["now"]):
        yield invalid(
            say("`{text}` is no time such as `2026-03-02 10:00`", data["now"]), "now", hint=say("put it in quotes")
        )
    yield from _member_problems(data, "member", scenario)
    members = data.get("members") or {}
    if not isinstance(members, dict):
        yield invalid(say("`members` maps names to what they are"), "members")
        members = {}
    for name in members:
        yield from _member_problems(members, name, scenario, "members")
    yield from _mapping_problems(data, "ticket", None, say("a ticket"), scenario)
    yield from _mapping_problems(data, "settings", None, say("the settings"), scenario)
    agents = data.get("agents") or {}
    if not isinstance(agents, dict):
        yield invalid(say("`agents` maps usernames to what they are"), "agents")
    else:
        for username in agents:
            yield from _mapping_problems(agents, username, AGENT_KEYS, say("an agent"), scenario, "agents")
    library = data.get("answers") or []
    if not isinstance(library, list):
        yield invalid(say("`answers` is a list of `{title: …, text: …, keywords: […]}`"), "answers")
        library = []
    for number, answer in enumerate(library):
        known = isinstance(answer, dict) and {"title", "text"} <= answer.keys() <= ANSWER_KEYS
        if not known or not isinstance(answer.get("keywords", []), list):
            yield invalid(
                say("an answer has `title` and `text`, and may have `keywords` and `shop`"), "answers", number
            )
    steps = data.get("steps")
    if not isinstance(steps, list) or not steps:
        yield invalid(say("a scenario needs `steps`"), "steps")
        return
    for number, step in enumerate(steps):
        if not isinstance(step, dict):
            yield invalid(say("a step is a mapping such as `message: …` or `wait: 1h`"), "steps", number)
            continue
        for key in step:
            if key not in STEP_KEYS:
                yield unknown(say("`{key}` is no step", key), STEP_KEYS, "steps", number, key)
        yield from _member_problems(step, "member", scenario, "steps", number)
        if "as" in step and step["as"] not in (*members, FIRST):
            message = say("there is no {what} `{name}`", noun("member"), step["as"])
            hint = closest(str(step["as"]), members) or say("known: {names}", quoted((FIRST, *members)))
            yield invalid(message, "steps", number, "as", hint=hint)
        yield from _mapping_problems(step, "ticket", None, say("a ticket"), scenario, "steps", number)
        yield from _mapping_problems(step, "set", None, "`set`", scenario, "steps", number)
        yield from _mapping_problems(step, "call", CALL_KEYS, say("a call"), scenario, "steps", number)
        if isinstance(step.get("call"), dict) and step["call"].get("event") not in get_args(CallNews):
            yield invalid(say("a call needs an `event`: {names}", quoted(get_args(CallNews))), "steps", number, "call")
        yield from _mapping_problems(step, "page", PAGE_KEYS, say("a page"), scenario, "steps", number)
        if "wait" in step and not _is_duration(step["wait"]):
            hint = say("such as `30s`, `15m`, `4h`, `2d`")
            yield invalid(say("`{text}` is not a duration", step["wait"]), "steps", number, "wait", hint=hint)
        for key in ("rate", "attachments"):
            if key in step and (isinstance(step[key], bool) or not isinstance(step[key], int)):
                yield invalid(say("`{key}` is a number", key), "steps", number, key)
        expect = step.get("expect") or {}
        if not isinstance(expect, dict):
            yield invalid(say("`expect` is a mapping"), "steps", number, "expect")
            continue
        for key, value in expect.items():
            if key in LISTS and not isinstance(value, list):
                yield invalid(say("`{key}` takes a list", key), "steps", number, "expect", key)
            elif key not in LISTS and key not in ("rejected", "error", "reply") and "." not in str(key):
                wanted = (*LISTS, "rejected", "error", "reply")
                yield unknown(
                    say("`{key}` cannot be expected", key),
                    wanted,
                    "steps",
                    number,
                    "expect",
                    key,
                    more=(say("or a field"),),
                )


def _mapping_problems(
    holder: Mapping[str, Any],
    key: str,
    known: set[str] | None,
    what: str,
    scenario: Scenario,
    *path: Any,
) -> Iterable[Finding]:
    """What is wrong with a mapping under a key: that it is none, or names what means nothing."""
    value = holder.get(key)
    if value is None:
        return
    if not isinstance(value, dict):
        called = what if what.startswith(("an ", "`")) else f"`{key}`"
        yield Finding("scenario-invalid", say("{called} is a mapping", called), scenario.span(*path, key))
        return
    for name in value:
        if known is not None and name not in known:
            hint = closest(str(name), known) or say("known: {names}", quoted(sorted(known)))
            message = say("`{name}` means nothing for {what}", name, what)
            yield Finding("scenario-invalid", message, scenario.key(*path, key, name), hint=hint)


def _member_problems(holder: Mapping[str, Any], key: str, scenario: Scenario, *path: Any) -> Iterable[Finding]:
    yield from _mapping_problems(holder, key, MEMBER_KEYS, say("a member"), scenario, *path)
    member = holder.get(key)
    since = member.get("signed_up_at") if isinstance(member, dict) else None
    if since is not None and not _is_moment(since):
        message = say("`{text}` is no time such as `2026-03-02 10:00`", since)
        span = scenario.span(*path, key, "signed_up_at")
        yield Finding("scenario-invalid", message, span, hint=say("put it in quotes"))


def _is_moment(text: Any) -> bool:
    try:
        datetime.fromisoformat(str(text))
    except ValueError:
        return False
    return True


def _is_duration(text: Any) -> bool:
    try:
        Duration.parse(str(text))
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
        more = [f"ticket.{name}" for name in Ticket.__dataclass_fields__ if not name.endswith("_id")]
        more += [f"member.{name}" for name in Member.__dataclass_fields__]
        self.expected = {*fields, *more, *(f"sla.{target}" for target in TARGETS)}
        self.rules = {name for rule in book.rules.rules for name in (rule.id, rule.name)}
        self.events = {key.split(" ")[0] for rule in book.rules.rules for key in (e.key for e in rule.events)}
        self.events |= set(book.environment.events)

    def unknown(self, scenario: Scenario) -> Iterator[Finding]:
        """What one scenario names that there is not."""
        data, book = scenario.data, self.book

        def word(name: Any, known: Collection[str], what: str, *path: Any, key: bool = False) -> Iterator[Finding]:
            if name is None or str(name) in known:
                return
            span = scenario.key(*path) if key else scenario.span(*path)
            message = say("there is no {what} `{name}`", what, name)
            yield Finding("scenario-invalid", message, span, hint=closest(str(name), known))

        def holder(at: Mapping[str, Any], key: str, owner: str, *path: Any) -> Iterator[Finding]:
            values = at.get(key)
            for name, value in values.items() if isinstance(values, dict) else ():
                full = f"{owner}.{name}"
                if owner == "member" and name == "fields":
                    for own, given in value.items() if isinstance(value, dict) else ():
                        custom = {n.partition(".")[2] for n in book.custom_fields if n.startswith("member.")}
                        yield from word(own, custom, say("field of a member"), *path, key, name, own, key=True)
                        yield from self._typed(scenario, f"member.{own}", given, *path, key, name, own)
                elif full in book.custom_fields:
                    yield from self._typed(scenario, full, value, *path, key, name)
                elif key == "ticket" and full in self.expected and name not in MEMBERS_SET:
                    message = say("members do not give `{name}` with a new case", name)
                    hint = say("let an agent do it in a step: `agent: …` with `set: …`")
                    yield Finding("scenario-invalid", message, scenario.key(*path, key, name), hint=hint)
                elif owner != "member" and full not in self.expected:
                    short = {n.partition(".")[2] for n in self.expected if n.startswith(f"{owner}.")}
                    yield from word(name, short, say("field of a {noun}", noun(owner)), *path, key, name, key=True)
                else:
                    yield from self._value(full, value, word, *path, key, name)

        yield from word(data.get("shop"), book.shops, noun("shop"), "shop")
        yield from word(data.get("kind"), book.lifecycles, noun("kind"), "kind")
        yield from holder(data, "ticket", "ticket")
        yield from holder(data, "member", "member")
        for name in data.get("members") or ():
            yield from holder(data["members"], name, "member", "members")
        for username, agent in (data.get("agents") or {}).items():
            named: tuple[tuple[str, Collection[str]], ...] = (("team", book.teams), ("role", book.roles))
            listed: tuple[tuple[str, Collection[str]], ...] = (
                ("teams", book.teams),
                ("skills", book.skills),
                ("roles", book.roles),
            )
            for key, known in named:
                yield from word((agent or {}).get(key), known, noun(key), "agents", username, key)
            yield from word((agent or {}).get("status"), STATUSES, noun("status"), "agents", username, "status")
            for key, known in listed:
                for n, name in enumerate((agent or {}).get(key) or ()):
                    yield from word(name, known, noun(key.removesuffix("s")), "agents", username, key, n)
        for number, step in enumerate(data["steps"]):
            at = ("steps", number)
            yield from word(step.get("shop"), book.shops, noun("shop"), *at, "shop")
            yield from word(step.get("kind"), book.lifecycles, noun("kind"), *at, "kind")
            yield from word(step.get("open"), book.lifecycles, noun("kind"), *at, "open")
            yield from word(step.get("status"), STATUSES, noun("status"), *at, "status")
            for key, owner in (("ticket", "ticket"), ("set", "ticket"), ("member", "member")):
                yield from holder(step, key, owner, *at)
            expect = step.get("expect") or {}
            for key, value in expect.items():
                if "." in str(key):
                    yield from word(key, self.expected, say("field"), *at, "expect", key, key=True)
                    yield from self._value(str(key), value, word, *at, "expect", key)
            for key in ("fired", "not_fired", "lost"):
                for n, name in enumerate(expect.get(key) or ()):
                    yield from word(name, self.rules, say("rule"), *at, "expect", key, n)
            for key in ("events", "not_events"):
                for n, name in enumerate(expect.get(key) or ()):
                    if str(name).split(" ")[0] not in self.events:
                        yield from word(name, self.events, say("event"), *at, "expect", key, n)

    def _typed(self, scenario: Scenario, name: str, value: Any, *path: Any) -> Iterator[Finding]:
        """A value that is not of the type of its custom field."""
        spec = self.book.custom_fields.get(name)
        if spec is None or value is None:
            return
        try:
            typed(spec.field, value)
        except (ValueError, ArithmeticError):
            message = say("`{text}` is not {wanted}", str(value), spec.field.type)
            yield Finding("scenario-invalid", message, scenario.span(*path))

    def _value(self, name: str, value: Any, word: Any, *path: Any) -> Iterator[Finding]:
        """A value that a field of named values does not have."""
        spec = self.book.fields.get(name)
        enum = spec[0].type.enum if spec is not None and spec[0].type.kind == "enum" else None
        if enum is not None and not enum.open and isinstance(value, str):
            found: Iterator[Finding] = word(value, enum.values, say("value of {field}", name), *path)
            yield from found

"""A world so small that every case can be tried: what the analysis says is held against what really happens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise, product
from typing import Any

from engine.core.actions import ACTIONS, merge
from engine.lang import (
    FLAG,
    NUMBER,
    TEXT,
    TIME,
    WEEKDAYS,
    Duration,
    Enum,
    Environment,
    EventKind,
    Field,
    Finding,
    Rule,
    RuleSet,
    Source,
    Stage,
    check,
    compile_rules,
    entity,
    enum_of,
    list_of,
    parse,
)
from engine.lang.analysis import Case, Domains, Tie, analyse
from engine.lang.checked import Checked
from engine.lang.silence import silence

_TICKET = ("ticket", "member", "shop")
TAGS = Enum("tag", ("a", "b"), open=True)
STATES = Enum("state", ("new", "open", "closed"))

FIELDS = {
    item.name: item
    for item in (
        Field("ticket.kind", enum_of(Enum("kind", ("inquiry",)))),
        Field("ticket.type", enum_of(Enum("type", ("A", "B", "C"))), writable=True),
        Field("ticket.state", enum_of(STATES)),
        Field("ticket.region", enum_of(Enum("region", ("N", "S"))), optional=True, writable=True),
        Field("ticket.priority", enum_of(Enum("priority", ("low", "mid", "high"), ordered=True)), writable=True),
        Field("ticket.amount", NUMBER, optional=True, writable=True),
        Field("ticket.count", NUMBER, writable=True),
        Field("ticket.tags", list_of(enum_of(TAGS))),
        Field("ticket.team", entity("team"), optional=True),
        Field("ticket.subject", TEXT, writable=True),
        Field("ticket.note", TEXT, optional=True, writable=True),
        Field("member.vip", FLAG),
        Field("message.automatic", FLAG),
        Field("shop.name", enum_of(Enum("shop", ("demo", "other")))),
        Field("timer.name", enum_of(Enum("timer", (), open=True))),
        Field("setting.big", NUMBER),
        Field("now", TIME),
        Field("weekday", enum_of(WEEKDAYS)),
    )
}

EVENTS = (
    EventKind("ticket.created", (*_TICKET, "message")),
    EventKind("ticket.changed", _TICKET),
    EventKind("message.received", (*_TICKET, "message")),
    EventKind("timer.fired", (*_TICKET, "timer")),
    EventKind("sla.breached", _TICKET, "optional"),
)


def environment(**changes: Any) -> Environment:
    """The small world, some parts changed."""
    parts: dict[str, Any] = {
        "stages": (Stage("work"), Stage("pick", "first"), Stage("after")),
        "fields": FIELDS,
        "events": {event.name: event for event in EVENTS},
        "actions": ACTIONS,
        "teams": frozenset({"care", "senior"}),
        "shops": frozenset({"demo", "other"}),
        "tags": TAGS,
        "states": {"inquiry": STATES.values},
        "moves": {"inquiry": frozenset({("new", "open"), ("open", "closed"), ("closed", "open")})},
        "calendars": frozenset({"office"}),
        "locales": ("en",),
        "setting_values": {"big": 2},
        "zone": "Asia/Taipei",
    }
    return Environment(**{**parts, **changes})


@dataclass
class Hours:
    """Open from nine to six every day in Taipei."""

    zone: str = "Asia/Taipei"

    def in_hours(self, calendar: str, at: int) -> bool:
        """See Helpers."""
        return 9 <= (at // 3_600_000_000 + 8) % 24 < 18

    def add_business(self, at: int, duration: Duration) -> int:
        """See Helpers."""
        return at + duration.micros * 3

    def failed(self, rule: Any, error: Exception) -> None:
        """See Helpers."""
        raise error


DOMAINS = Domains(
    shops=(("demo", "Asia/Taipei"), ("other", "Asia/Taipei")),
    clock_times=(540, 1080),
    helpers=lambda shop, values: Hours(),
    fresh={"ticket.team": (None,)},
)


@dataclass
class Engine:
    """The real matching and merging, without a desk."""

    rules: RuleSet
    runs: dict[str, list[frozenset[str]]] = field(default_factory=dict)

    def matching(self, stage: str, case: Case) -> Sequence[Rule]:
        """See Prover."""
        return self.rules.matching(stage, case.keys, case.values, case.before, Hours(), case.shop)

    def ties(self, rules: Sequence[Rule], case: Case) -> Sequence[Tie]:
        """See Prover."""
        effects = [effect for rule in rules for effect in rule.effects(case.values, case.before, Hours())]
        return [Tie(item.effect.rule.id, item.winner.rule.id, item.target) for item in merge(effects)[1] if item.tie]

    def cascade(self, case: Case, waves: int) -> list[frozenset[str]]:
        """Loops are tried on the desk's own engine."""
        return []


@dataclass
class World:
    """Rules, checked and compiled, and what the analysis says of them."""

    checked: Checked
    rules: RuleSet
    findings: list[Finding]

    def of(self, code: str) -> list[Finding]:
        """The findings of a code."""
        return [finding for finding in self.findings if finding.code == code]

    def named(self, code: str) -> list[str]:
        """The words of the findings of a code."""
        return [finding.message for finding in self.of(code)]


def world(text: str, domains: Domains = DOMAINS, env: Environment | None = None, **more: str) -> World:
    """The world with these rules, in another environment if need be; `more`: shops' own rules, by shop."""
    env = env or environment()
    texts = {"all.rules": text, **{f"shops/{shop}/own.rules": own for shop, own in more.items()}}
    files, problems = [], []
    for path, body in texts.items():
        file, found = parse(Source(path, body))
        files.append(file)
        problems.extend(found)
    checked, found = check(files, env)
    errors = [f"{f.code}: {f.message}" for f in [*problems, *found] if f.severity.value == "error"]
    assert not errors, (errors, text)
    rules = compile_rules(checked, env)
    findings = silence(analyse(checked, env, domains, Engine(rules)), files)
    return World(checked, rules, findings)


def _texts() -> tuple[str, ...]:
    """One text for each answer the tests of texts can give together, made of words and of words grown together."""
    found: dict[tuple[bool, ...], str] = {}
    pieces = ("red", "hat", "blue", "red hat", "redo", "hatred")
    for count in range(5):
        for parts in product(pieces, repeat=count):
            text = " ".join(parts)
            words = text.split()
            answers = (
                "red" in words,
                "hat" in words,
                "blue" in words,
                "red hat" in " ".join(words) and any(a == "red" and b == "hat" for a, b in pairwise(words)),
                text.startswith("red"),
                text.endswith("red"),
                text == "red",
                text == "blue",
                text == "",
            )
            found.setdefault(answers, text)
    return tuple(found.values())


NUMBERS = (None, Decimal("0.5"), 1, Decimal("1.5"), 2, Decimal("2.5"), 3, 4)
TEXTS = _texts()
EVERY: Mapping[str, Sequence[Any]] = {
    "ticket.type": ("A", "B", "C"),
    "ticket.state": STATES.values,
    "ticket.region": (None, "N", "S"),
    "ticket.priority": ("low", "mid", "high"),
    "ticket.amount": NUMBERS,
    "ticket.count": NUMBERS[1:],
    "ticket.tags": ((), ("a",), ("b",), ("a", "b"), ("c",)),
    "ticket.subject": TEXTS,
    "ticket.note": (None, *TEXTS),
    "ticket.team": (None, "care", "senior"),
    "member.vip": (False, True),
    "message.automatic": (False, True),
    "shop.name": ("demo", "other"),
}
"""Values that tell apart whatever the rules of the tests can ask."""


def cases(names: Sequence[str], former: Sequence[str] = ()) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Every case over these fields, and over the former values of some; the others are plain."""
    plain = {name: values[0] for name, values in EVERY.items()}
    plain |= {"ticket.kind": "inquiry", "now": 1_772_416_800_000_000, "weekday": "mon"}
    names = [*names] if "shop.name" in names else [*names, "shop.name"]
    before = [tuple(dict.fromkeys((None, *EVERY[name]))) for name in former]
    for combination in product(*(EVERY[name] for name in names)):
        values = {**plain, **dict(zip(names, combination, strict=True))}
        for past in product(*before):
            yield values, dict(zip(former, past, strict=True))

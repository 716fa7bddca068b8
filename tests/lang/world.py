"""A small desk for the language's tests: enough nouns to use every construct, none of the core's code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.core.actions import ACTIONS
from engine.lang import (
    DATE,
    DURATION,
    FLAG,
    NUMBER,
    TEXT,
    TIME,
    WEEKDAYS,
    ActionKind,
    Duration,
    Enum,
    Environment,
    EventKind,
    Field,
    Function,
    Source,
    Stage,
    Text,
    entity,
    enum_of,
    list_of,
)

TIERS = Enum("tier", ("guest", "basic", "silver", "gold", "vip"), ordered=True)
PRIORITIES = Enum("priority", ("lowest", "low", "normal", "high", "urgent"), ordered=True)
TYPES = Enum("type", ("訂單問題", "商品諮詢", "物流配送", "退換貨", "其他", "3C", "zh-TW", "open"))
KINDS = Enum("kind", ("inquiry", "work_order"))
STATES = Enum("state", ("待回覆", "已回覆", "對話中", "已結案", "done"))
REGIONS = Enum("region", ("北部", "中部", "南部"))
TAGS = Enum("tag", ("vip", "handled"), open=True)
SKILLS = Enum("skill", ("orders", "refunds"))

_TICKET = ("ticket", "member", "shop", "agent")

FIELDS = [
    Field("ticket.number", NUMBER),
    Field("ticket.kind", enum_of(KINDS)),
    Field("ticket.type", enum_of(TYPES), writable=True),
    Field("ticket.state", enum_of(STATES)),
    Field("ticket.priority", enum_of(PRIORITIES), writable=True),
    Field("ticket.subject", TEXT, writable=True),
    Field("ticket.product", TEXT, optional=True, writable=True),
    Field("ticket.order_no", TEXT, optional=True, writable=True),
    Field("ticket.team", entity("team"), optional=True),
    Field("ticket.assignee", entity("agent"), optional=True),
    Field("ticket.shop", TEXT),
    Field("ticket.tags", list_of(enum_of(TAGS))),
    Field("ticket.created_at", TIME),
    Field("ticket.closed_at", TIME, optional=True),
    Field("ticket.idle", DURATION),
    Field("ticket.waiting_for", DURATION, optional=True),
    Field("ticket.reopened", NUMBER),
    Field("ticket.amount", NUMBER, optional=True, writable=True),
    Field("ticket.region", enum_of(REGIONS), optional=True, writable=True),
    Field("ticket.visit", DATE, optional=True, writable=True),
    Field("ticket.notes", list_of(TEXT)),
    Field("message.text", TEXT),
    Field("message.automatic", FLAG),
    Field("message.length", NUMBER),
    Field("member.name", TEXT, optional=True, personal=True),
    Field("member.tier", enum_of(TIERS), writable=True),
    Field("member.is_guest", FLAG),
    Field("member.birthday", DATE, optional=True, personal=True),
    Field("agent.name", TEXT),
    Field("agent.skills", list_of(enum_of(SKILLS))),
    Field("agent.teams", list_of(entity("team"))),
    Field("timer.name", TEXT),
    Field("shop.name", TEXT),
    Field("setting.big", NUMBER),
    Field("setting.patience", DURATION),
    Field("now", TIME),
    Field("weekday", enum_of(WEEKDAYS)),
]

EVENTS = [
    EventKind("ticket.created", (*_TICKET, "message")),
    EventKind("ticket.changed", _TICKET),
    EventKind("ticket.assigned", _TICKET),
    EventKind("message.received", (*_TICKET, "message")),
    EventKind("timer.fired", (*_TICKET, "timer")),
    EventKind("chat.opened", ("member", "shop")),
    EventKind("chat.agent_silent", _TICKET, "required"),
    EventKind("chat.waiting", _TICKET, "optional"),
    EventKind("every"),
]

TEMPLATE_FILE = Source(
    "templates/replies.yaml",
    'ack: {zh-TW: "{member.name} 您好", en: "Dear {member.name}"}\n'
    'quote: {zh-TW: "您寫道 {message.text}", en: "You wrote {message.text}"}\n',
)


def _text(text: str) -> Text:
    at = TEMPLATE_FILE.text.index(text)
    return Text(text, TEMPLATE_FILE.span(at, at + len(text)))


def _double(value: Any) -> Any:
    return value * 2


def _explode(value: Any) -> Any:
    raise ValueError(f"cannot do {value}")


def world(**changes: Any) -> Environment:
    """The test desk, with some parts changed."""
    parts: dict[str, Any] = {
        "stages": (Stage("guard"), Stage("route", "first"), Stage("respond"), Stage("housekeeping")),
        "fields": {item.name: item for item in FIELDS},
        "events": {item.name: item for item in EVENTS},
        "functions": {
            "double": Function("double", (NUMBER,), NUMBER, _double),
            "explode": Function("explode", (NUMBER,), FLAG, _explode),
            "between": Function("between", (NUMBER, NUMBER), FLAG, lambda low, high: low < high),
        },
        "enums": {},
        "actions": ACTIONS,
        "plugin_actions": {
            "shop.coupon": ActionKind("shop.coupon", {"amount": NUMBER, "code": TEXT}, frozenset({"code"}))
        },
        "teams": frozenset({"senior_care", "finance"}),
        "skills": frozenset(SKILLS.values),
        "roles": frozenset({"supervisor"}),
        "recipients": frozenset({"boss@shop"}),
        "calendars": frozenset({"office"}),
        "shops": frozenset({"demo", "other"}),
        "tags": TAGS,
        "states": {"inquiry": ("待回覆", "已回覆", "對話中", "已結案"), "work_order": ("待回覆", "done")},
        "templates": {
            "ack": {"zh-TW": _text("{member.name} 您好"), "en": _text("Dear {member.name}")},
            "quote": {"zh-TW": _text("您寫道 {message.text}"), "en": _text("You wrote {message.text}")},
        },
        "locales": ("zh-TW", "en"),
        "setting_values": {"big": 5000, "patience": Duration.parse("2h")},
        "zone": "Asia/Taipei",
    }
    return Environment(**{**parts, **changes})


HOUR = 3_600_000_000
DAY = 24 * HOUR


@dataclass
class Help:
    """The host's side: office hours 09 to 18 every day; a working day is a day, a working hour is an hour."""

    zone: str = "Asia/Taipei"
    failures: list[tuple[str, str]] = field(default_factory=list)

    def in_hours(self, calendar: str, at: int) -> bool:
        """09:00 to 18:00 in Taipei."""
        return calendar == "office" and 9 <= (at // HOUR + 8) % 24 < 18

    def add_business(self, at: int, duration: Duration) -> int:
        """Two days for each working day, three hours for each working hour: seen apart from the clock."""
        return at + (duration.days * 2 * DAY if duration.days is not None else duration.micros * 3)

    def failed(self, rule: Any, error: Exception) -> None:
        """Remembered for the test."""
        self.failures.append((rule.id, str(error)))


def condition_of(text: str, environment: Environment | None = None, objects: tuple[str, ...] | None = None) -> Any:
    """The compiled condition; fails the test when there are errors."""
    from engine.lang import compile_condition

    source = Source("sla.yaml", text)
    every = ("ticket", "message", "member", "agent", "timer", "shop")
    condition, findings = compile_condition(text, source.span(0, len(text)), environment or world(), objects or every)
    assert condition is not None, [(finding.code, finding.message) for finding in findings]
    return condition


def holds(text: str, values: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> bool:
    """Whether the condition holds for the values."""
    answer = condition_of(text).holds(values, before or {}, Help())
    assert isinstance(answer, bool)
    return answer

"""The types of values a rule can name, and the values that are not plain Python: durations and enumerations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Literal

from engine.lang.said import say

Kind = Literal["text", "number", "flag", "time", "date", "duration", "enum", "list", "entity"]

UNIT_WORDS: Mapping[str, str] = {
    word: unit
    for unit, words in {
        "s": "sec secs second seconds 秒 秒鐘 秒钟",
        "m": "min mins minute minutes 分 分鐘 分钟",
        "h": "hr hrs hour hours 小時 小时 個小時 个小时 鐘頭",
        "d": "day days 天 日",
        "w": "wk wks week weeks 週 周 星期 個星期 个星期 禮拜",
    }.items()
    for word in words.split()
}
"""How people write units of time, and how rules do."""

MICROS = {
    "s": 1_000_000,
    "m": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
    "w": 604_800_000_000,
}
"""Microseconds in each unit of a duration."""


@dataclass(frozen=True)
class Enum:
    """A closed (or `open`) set of names; `ordered` ones compare by their place in `values`, lowest first."""

    name: str
    values: tuple[str, ...]
    ordered: bool = False
    open: bool = False

    @cached_property
    def ranks(self) -> dict[str, int]:
        """Each value's place, from 0."""
        return {value: rank for rank, value in enumerate(self.values)}

    def __contains__(self, value: object) -> bool:
        return value in self.ranks


@dataclass(frozen=True, slots=True)
class Type:
    """A type: a kind, and what the kind needs (the enumeration, a list's items, which entity)."""

    kind: Kind
    enum: Enum | None = None
    item: Type | None = None
    entity: str | None = None

    @property
    def ordered(self) -> bool:
        """Whether `<` and `>` mean something."""
        if self.kind == "enum":
            return self.enum is not None and self.enum.ordered
        return self.kind in ("number", "time", "date", "duration")

    def __str__(self) -> str:
        if self.item is not None:
            return say("a list of {noun}", noun(self.item.enum.name if self.item.enum else self.item.kind))
        name = self.entity if self.enum is None else self.enum.name
        if name:
            return say("an {noun}", noun(name)) if name[0] in "aeiou" else say("a {noun}", noun(name))
        return _KINDS[self.kind]


_KINDS: Mapping[str, str] = {
    "text": say("a text"),
    "number": say("a number"),
    "flag": say("true or false"),
    "time": say("a time"),
    "date": say("a day"),
    "duration": say("a duration"),
    "enum": say("a value"),
}
_NOUNS: Mapping[str, str] = {
    one: one
    for one in (
        *(say("kind"), say("type"), say("state"), say("category"), say("priority"), say("tier"), say("team")),
        *(say("channel"), say("shop"), say("tag"), say("skill"), say("language"), say("status"), say("direction")),
        *(say("author"), say("target"), say("policy"), say("role"), say("timer"), say("weekday"), say("agent")),
        *(say("member"), say("ticket"), say("text"), say("number"), say("flag"), say("time"), say("date")),
        *(say("duration"), say("chat"), say("call"), say("message"), say("field"), say("setting"), say("event")),
        *(say("function"), say("action"), say("filter"), say("template"), say("definition"), say("rule")),
        *(say("stage"), say("calendar"), say("recipient"), say("sender"), say("scope"), say("owner"), say("day")),
        *(say("trigger"), say("scenario"), say("way"), say("opener"), say("mention")),
    )
}


def noun(name: str) -> str:
    """The name of a kind of thing, for people; what a desk names itself stands as it is."""
    return _NOUNS.get(name, name)


TEXT = Type("text")
NUMBER = Type("number")
FLAG = Type("flag")
TIME = Type("time")
DATE = Type("date")
DURATION = Type("duration")

WEEKDAYS = Enum("weekday", ("mon", "tue", "wed", "thu", "fri", "sat", "sun"))
"""The enumeration of the field `weekday`; rules may also write `monday`, `tuesday`…"""

LONG_WEEKDAYS = {
    "monday": "mon",
    "tuesday": "tue",
    "wednesday": "wed",
    "thursday": "thu",
    "friday": "fri",
    "saturday": "sat",
    "sunday": "sun",
}


def enum_of(enum: Enum) -> Type:
    """The type of a value of `enum`."""
    return Type("enum", enum=enum)


def list_of(item: Type) -> Type:
    """The type of a list of `item`s."""
    return Type("list", item=item)


def entity(name: str) -> Type:
    """The type of a reference to a `team`, an `agent` or a `member`."""
    return Type("entity", entity=name)


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time as it was written.

    `micros`: microseconds, 24 hours to a day. `days`: whole days when it was written in days or weeks, else None.
    `business`: counts working time (hours and less) or working days (`days`) only. `name`: the setting it came from.
    """

    micros: int
    days: int | None = None
    business: bool = False
    name: str | None = field(default=None, compare=False)

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read `30s 15m 4h 2d 1w`, with or without ` business`.

        Raises ValueError when it is not one number and one unit, or not a whole number of microseconds.
        """
        words = text.split()
        business = len(words) == 2 and words[1] == "business"
        if not words or (len(words) == 2 and not business) or len(words) > 2:
            raise ValueError(f"not a duration: {text!r}")
        body, unit = words[0][:-1], words[0][-1:]
        if unit not in MICROS or not body or not all(char in "0123456789." for char in body):
            raise ValueError(f"not a duration: {text!r}")
        try:
            micros = Decimal(body) * MICROS[unit]
        except InvalidOperation as error:
            raise ValueError(f"not a duration: {text!r}") from error
        if micros != micros.to_integral_value() or micros > 10**18:
            raise ValueError(f"not a duration: {text!r}")
        whole = int(micros)
        days = whole // MICROS["d"] if unit in "dw" and whole % MICROS["d"] == 0 else None
        return cls(whole, days, business)

    def __str__(self) -> str:
        suffix = " business" if self.business else ""
        units = ("d", "h", "m", "s") if self.days is None else ("d",)
        for unit in units:
            if self.micros % MICROS[unit] == 0:
                return f"{self.micros // MICROS[unit]}{unit}{suffix}"
        return f"{Decimal(self.micros) / MICROS['s']}s{suffix}"

"""The functions every desk has: pieces of times and days, and lengths. Pure: the zone and the time are arguments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from unicodedata import normalize
from zoneinfo import ZoneInfo

from engine.lang.environment import Function
from engine.lang.said import say
from engine.lang.types import DATE, NUMBER, TEXT, TIME, Type, list_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
FIRST_DAY = date(1900, 1, 1)
LAST_DAY = date(9998, 12, 31)
"""The days the desk knows: birthdays lie within, and there are days before and after each, in every zone."""


def known_day(text: str) -> date:
    """The day of `YYYY-MM-DD`. Raises ValueError for what is none, `UnknownDay` for one out of bounds."""
    if not _DAY.fullmatch(text):
        raise ValueError(say("`{day}` is not a day", text))
    return _known(date.fromisoformat(text))


def known_moment(text: str) -> datetime:
    """The same for a time. Raises as `known_day`."""
    found = datetime.fromisoformat(text)
    _known(found.date())
    return found


class UnknownDay(ValueError):
    """A day that the calendar of the desk has not. It says so."""


def _known(day: date) -> date:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise UnknownDay(say("the days from {first} to {last} can be written here", FIRST_DAY, LAST_DAY))
    return day


def shift(day: str, days: int) -> str:
    """A day so many days later; what lies past the ends is the end."""
    try:
        return min(max(date.fromisoformat(day) + timedelta(days=days), FIRST_DAY), LAST_DAY).isoformat()
    except OverflowError:
        return (LAST_DAY if days > 0 else FIRST_DAY).isoformat()


@lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo:
    """The time zone of that name."""
    return ZoneInfo(name)


def local(zone: str, at: int) -> datetime:
    """The time `at` (µs UTC) as a clock in `zone` shows it; what was counted past the ends is the end."""
    return (_EPOCH + timedelta(microseconds=min(max(at, _FIRST), _LAST))).astimezone(zone_of(zone))


def micros(moment: datetime) -> int:
    """A zoned time as µs UTC."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


_FIRST = micros(datetime(FIRST_DAY.year, 1, 1, tzinfo=UTC) - timedelta(days=1))
_LAST = micros(datetime(LAST_DAY.year + 1, 1, 1, tzinfo=UTC) + timedelta(days=1))


@lru_cache(maxsize=4096)
def day_bounds(zone: str, day: str) -> tuple[int, int]:
    """Begin and end (exclusive) of `day` (`YYYY-MM-DD`) in `zone`, µs UTC."""
    first = date.fromisoformat(day)
    tz = zone_of(zone)
    begin = datetime(first.year, first.month, first.day, tzinfo=tz)
    after = first + timedelta(days=1)
    return micros(begin), micros(datetime(after.year, after.month, after.day, tzinfo=tz))


@lru_cache(maxsize=4096)
def moment(zone: str, text: str) -> int:
    """`YYYY-MM-DD[ HH:MM[:SS]]` in `zone` as µs UTC."""
    return micros(datetime.fromisoformat(text).replace(tzinfo=zone_of(zone)))


def date_of(zone: str, at: int) -> str:
    """The day of a time, `YYYY-MM-DD` in `zone`."""
    return local(zone, at).date().isoformat()


def _day_of_date(day: str) -> int:
    return int(day[8:10])


def _day_of_time(zone: str, at: int) -> int:
    return local(zone, at).day


def _month_of_date(day: str) -> int:
    return int(day[5:7])


def _month_of_time(zone: str, at: int) -> int:
    return local(zone, at).month


def _hour(zone: str, at: int) -> int:
    return local(zone, at).hour


def _anniversary_of_date(zone: str, now: int, day: str) -> str:
    year = local(zone, now).year
    month, number = int(day[5:7]), int(day[8:10])
    if (month, number) == (2, 29):
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        number = 29 if leap else 28
    return f"{year:04d}-{month:02d}-{number:02d}"


def _anniversary_of_time(zone: str, now: int, at: int) -> str:
    return _anniversary_of_date(zone, now, date_of(zone, at))


def _length(value: Any) -> int:
    return len(value)


_CODE = re.compile(r"[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*")


def code_in(text: str) -> str:
    """The word of a text that looks most like a number somebody was given (an order, a parcel): letters, digits and the
    hyphens between them, the one with the most digits, the first of two; empty where no word has a digit."""
    found = max(_CODE.findall(normalize("NFKC", text)), key=_digits, default="")
    return found if _digits(found) else ""


def _digits(word: str) -> int:
    return sum(char.isdigit() for char in word)


@dataclass(frozen=True, slots=True)
class Builtin:
    """A function of the language itself: one of several forms, by the types of its arguments."""

    function: Function
    zoned: bool = False
    timed: bool = False


def _forms(*forms: Builtin) -> tuple[Builtin, ...]:
    return forms


def _function(name: str, parameter: Type, result: Type, call: Any, doc: str) -> Function:
    return Function(name, (parameter,), result, call, doc)


_ANY_LIST = list_of(TEXT)

BUILTINS: Mapping[str, tuple[Builtin, ...]] = {
    "date": _forms(
        Builtin(_function("date", TIME, DATE, date_of, "the day of a time, in the shop's zone"), zoned=True)
    ),
    "day": _forms(
        Builtin(_function("day", TIME, NUMBER, _day_of_time, "the day of the month, 1 to 31"), zoned=True),
        Builtin(_function("day", DATE, NUMBER, _day_of_date, "the day of the month, 1 to 31")),
    ),
    "month": _forms(
        Builtin(_function("month", TIME, NUMBER, _month_of_time, "the month, 1 to 12"), zoned=True),
        Builtin(_function("month", DATE, NUMBER, _month_of_date, "the month, 1 to 12")),
    ),
    "hour": _forms(
        Builtin(_function("hour", TIME, NUMBER, _hour, "the hour, 0 to 23, in the shop's zone"), zoned=True)
    ),
    "anniversary": _forms(
        Builtin(
            _function(
                "anniversary",
                DATE,
                DATE,
                _anniversary_of_date,
                "the day this year: `anniversary(member.birthday) = date(now)`; 29 February may be the 28th",
            ),
            zoned=True,
            timed=True,
        ),
        Builtin(
            _function("anniversary", TIME, DATE, _anniversary_of_time, "the day this year, in the shop's zone"),
            zoned=True,
            timed=True,
        ),
    ),
    "length": _forms(
        Builtin(_function("length", TEXT, NUMBER, _length, "how many characters a text has")),
        Builtin(_function("length", _ANY_LIST, NUMBER, _length, "how many items a list has")),
    ),
    "code_in": _forms(
        Builtin(
            _function(
                "code_in",
                TEXT,
                TEXT,
                code_in,
                "the word with the most digits, an order's number in a sentence: `AB-20260228` of "
                "`訂單AB-20260228壞了`; an empty text where there is none",
            )
        )
    ),
}
"""The language's own functions, each with its forms."""

"""What generated code may call. Everything it uses comes from here or is a constant; it has no builtins.

`g` and `b` are the `get` of the values now and before, `h` the host's helpers, `m` a memo of one evaluation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Context, Decimal
from typing import Any, Protocol

from engine.lang.functions import date_of, day_bounds, moment, shift
from engine.lang.text import bounded, fold
from engine.lang.types import Duration

Get = Callable[..., Any]
Memo = dict[Any, Any]

_EXACT = Context(prec=28)


class Helpers(Protocol):
    """What the host gives to an evaluation."""

    zone: str

    def in_hours(self, calendar: str, at: int, /) -> bool:
        """Whether `at` (µs UTC) is within the calendar's working hours."""

    def add_business(self, at: int, duration: Duration, /) -> int:
        """`at` plus working time, by the calendar of the ticket's team, else the shop's."""

    def failed(self, rule: Any, error: Exception, /) -> None:
        """A rule raised and is skipped."""


def fold_field(m: Memo, g: Get, name: str) -> str | None:
    """The fold of a text field, once an evaluation."""
    if name in m:
        found: str | None = m[name]
        return found
    value = g(name)
    folded = None if value is None else fold(value)
    m[name] = folded
    return folded


def fold_value(value: str | None) -> str | None:
    """The fold of a text, or None."""
    return None if value is None else fold(value)


def fold_items(values: Any) -> tuple[str, ...]:
    """The folds of a list's texts."""
    return tuple(fold(value) for value in values or ())


def lower(value: str | None) -> str | None:
    """The text in lower case, or None."""
    return None if value is None else value.lower()


def octets(text: str) -> str:
    """The UTF-8 octets of a text, each as a character."""
    return text if text.isascii() else text.encode("utf-8", "surrogatepass").decode("latin-1")


def stands_apart(text: str, in_octets: str, end: int, length: int) -> bool:
    """Whether the `length` characters of `text` that end before octet `end` do not cut through a word."""
    if len(text) != len(in_octets):
        end = len(in_octets[:end].encode("latin-1").decode("utf-8", "surrogatepass"))
    return bounded(text, end - length, end)


EMPTY: tuple[Any, ...] = ("", (), [])
"""What is empty beside None."""


def is_empty(value: Any) -> bool:
    """None, an empty text and an empty list are empty; zero and false are not."""
    return value is None or value in EMPTY


def differs(now: Any, before: Any) -> bool:
    """Whether a field changed; the ways of being empty are one."""
    if now is None or now in EMPTY:
        return not is_empty(before)
    return bool(now != before)


def add(left: Any, right: Any) -> Any:
    """left + right; empty when one is."""
    if type(left) is int and type(right) is int:
        return left + right
    return None if left is None or right is None else _number(_EXACT.add(left, right))


def subtract(left: Any, right: Any) -> Any:
    """left - right; empty when one is."""
    if type(left) is int and type(right) is int:
        return left - right
    return None if left is None or right is None else _number(_EXACT.subtract(left, right))


def multiply(left: Any, right: Any) -> Any:
    """left * right; empty when one is."""
    if type(left) is int and type(right) is int:
        return left * right
    return None if left is None or right is None else _number(_EXACT.multiply(left, right))


def divide(left: Any, right: Any) -> Any:
    """left / right, to 28 digits; empty when one is, or when it would divide by nothing."""
    return None if left is None or right is None or right == 0 else _number(_EXACT.divide(left, right))


def _number(value: Decimal) -> int | Decimal:
    if value.is_finite() and value == value.to_integral_value():
        return int(value)
    return value


def whole(value: Any) -> int | None:
    """A computed duration in whole µs."""
    return None if value is None else int(value)


def shift_day(day: str | None, days: int) -> str | None:
    """`day` moved by whole days."""
    return None if day is None else shift(day, days)


def days_between(left: str | None, right: str | None) -> int | None:
    """left - right as a duration."""
    if left is None or right is None:
        return None
    return (date.fromisoformat(left) - date.fromisoformat(right)).days * 86_400_000_000


def day_of(h: Helpers, at: int | None) -> str | None:
    """The day of a time in the shop's zone."""
    return None if at is None else date_of(h.zone, at)


def at(h: Helpers, text: str) -> int:
    """A written time in the shop's zone."""
    return moment(h.zone, text)


def day_begin(h: Helpers, text: str) -> int:
    """The first µs of a written day in the shop's zone."""
    return day_bounds(h.zone, text)[0]


def day_end(h: Helpers, text: str) -> int:
    """The first µs after a written day in the shop's zone."""
    return day_bounds(h.zone, text)[1]


def business(h: Helpers, start: int | None, duration: Duration) -> int | None:
    """A time plus working time."""
    return None if start is None else h.add_business(start, duration)


def due(g: Get, h: Helpers, elapsed: int | None, duration: Duration) -> int | None:
    """When `duration` of working time is over that began `elapsed` before now."""
    now = g("now")
    return None if elapsed is None or now is None else h.add_business(now - elapsed, duration)


def in_hours(h: Helpers, calendar: str, moment_: int) -> bool:
    """Whether a time is within working hours."""
    return bool(h.in_hours(calendar, moment_))


def zone(h: Helpers) -> str:
    """The shop's zone."""
    return h.zone


def call(function: Callable[..., Any], *arguments: Any) -> Any:
    """A function applied; empty when an argument is."""
    for argument in arguments:
        if argument is None:
            return None
    return function(*arguments)


def starts(text: str, prefix: str) -> bool:
    """text.startswith"""
    return text.startswith(prefix)


def ends(text: str, suffix: str) -> bool:
    """text.endswith"""
    return text.endswith(suffix)


def has_any(values: Any, items: tuple[Any, ...]) -> bool:
    """Whether the list has one of the items (empty items do not count)."""
    return values is not None and any(item is not None and item in values for item in items)


def has_all(values: Any, items: tuple[Any, ...]) -> bool:
    """Whether the list has each of the items."""
    return values is not None and all(item is not None and item in values for item in items)


NAMES: Mapping[str, Any] = {
    "_fold": fold_field,
    "_fold_value": fold_value,
    "_fold_items": fold_items,
    "_lower": lower,
    "_octets": octets,
    "_apart": stands_apart,
    "_empty": is_empty,
    "_EMPTY": EMPTY,
    "_differs": differs,
    "_add": add,
    "_sub": subtract,
    "_mul": multiply,
    "_div": divide,
    "_whole": whole,
    "_shift": shift_day,
    "_days": days_between,
    "_day": day_of,
    "_at": at,
    "_begin": day_begin,
    "_end": day_end,
    "_business": business,
    "_due": due,
    "_hours": in_hours,
    "_zone": zone,
    "_call": call,
    "_starts": starts,
    "_ends": ends,
    "_any": has_any,
    "_all": has_all,
}
"""The names generated code sees besides its constants."""

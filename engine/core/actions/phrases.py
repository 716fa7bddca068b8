"""Pieces of what actions say of themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from engine.core.trace import TraceChange
from engine.lang.said import joined, say


def fact(change: TraceChange) -> str:
    """`ticket.priority = high`: what holds."""
    return fact_of_field(change.target, change.value)


def fact_of_field(field: str | None, value: Any) -> str:
    """That a field has a value."""
    return say("{field} = {value}", field, shown(value))


def shown(value: Any) -> str | tuple[str, ...]:
    """A value; several are put together by the language."""
    if value is None:
        return say("empty")
    return tuple(map(str, value)) if isinstance(value, list) else str(value)


def name(text: str) -> str:
    """A name as rules write it, in quotes where it is no plain one."""
    return text if text.isidentifier() else f'"{text}"'


def names(texts: Iterable[str]) -> tuple[str, ...]:
    """Several names."""
    return tuple(map(name, texts))


def because(told: str, why: Any) -> str:
    """With what the rule says why, as it was written."""
    return joined((told, f'"{why}"'), " ") if why else told

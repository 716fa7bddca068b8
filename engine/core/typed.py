"""Values as people send them, made the type of their field."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from engine.core.calendar import to_micros
from engine.core.errors import Refused
from engine.core.rulebook import Rulebook
from engine.lang import Field
from engine.lang.functions import known_day, known_moment


def check_field(book: Rulebook, owner: str, name: str, value: Any) -> Any:
    """A value for a custom field as people send it, made the field's type. Raises Refused with the pointer."""
    spec = book.custom_fields.get(f"{owner}.{name}")
    pointer = f"/fields/{name}"
    if spec is None:
        raise Refused("invalid", "unknown-field", f"there is no field `{name}`", pointer=pointer)
    if value is None or value == "":
        if not spec.field.optional and spec.default is None:
            raise Refused("invalid", "field-required", f"`{name}` cannot be empty", pointer=pointer)
        return spec.default
    try:
        return typed(spec.field, value)
    except (ValueError, InvalidOperation, OverflowError):
        kind = spec.field.type
        wanted = f"one of {', '.join(kind.enum.values)}" if kind.enum is not None else f"a {kind.kind}"
        raise Refused("invalid", "wrong-value", f"`{name}` must be {wanted}", pointer=pointer) from None


def typed(spec: Field, value: Any) -> Any:
    """A value as people send it, made the field's type. Raises ValueError, InvalidOperation or OverflowError."""
    kind = spec.type.kind
    if kind == "text" or kind == "entity":
        if not isinstance(value, str) or len(value) > 20_000:
            raise ValueError
        return value
    if kind == "number":
        if isinstance(value, bool):
            raise ValueError
        if isinstance(value, int):
            if abs(value) > 10**15:
                raise ValueError
            return value
        number = Decimal(str(value))
        if not number.is_finite() or abs(number) > 10**15:
            raise ValueError
        return int(number) if number == number.to_integral_value() else number
    if kind == "flag":
        if not isinstance(value, bool):
            raise ValueError
        return value
    if kind == "date":
        return known_day(date.fromisoformat(str(value)).isoformat()).isoformat()
    if kind == "time":
        moment = known_moment(str(value))
        if moment.tzinfo is None:
            raise ValueError
        return to_micros(moment)
    if kind == "duration":
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**10:
            raise ValueError
        return value * 1_000_000
    if kind == "enum":
        if spec.type.enum is None or value not in spec.type.enum.values:
            raise ValueError
        return value
    if kind == "list":
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value) or len(value) > 100:
            raise ValueError
        return tuple(value)
    raise ValueError

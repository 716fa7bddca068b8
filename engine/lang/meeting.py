"""Which types may meet: in comparisons, and in arithmetic with what result."""

from __future__ import annotations

from engine.lang import tree
from engine.lang.tree import type_of
from engine.lang.types import DATE, DURATION, NUMBER, TIME, Type


def is_business(value: tree.Expr) -> bool:
    """Whether it is a length of working time."""
    return isinstance(value, tree.Length) and value.value.business


def comparable(left: Type, right: Type) -> bool:
    """Whether two values of these types can be equal at all."""
    if left.kind == "enum" and right.kind == "enum":
        return (
            left.enum is not None
            and right.enum is not None
            and left.enum.name == right.enum.name
            and left.enum.values == right.enum.values
        )
    if left.kind == "entity" and right.kind == "entity":
        return left.entity == right.entity
    if left.kind == right.kind:
        return True
    return {left.kind, right.kind} in ({"time", "date"}, {"text", "entity"})


def arithmetic_type(op: str, left: tree.Expr, right: tree.Expr) -> Type | None:
    """The type of `left op right`, or None when it has no meaning."""
    if is_business(left):
        return None
    if is_business(right):
        return TIME if op == "+" and type_of(left).kind == "time" else None
    kinds = (type_of(left).kind, op, type_of(right).kind)
    if kinds[0] == "date" and kinds[2] == "duration":
        whole = isinstance(right, tree.Length) and right.value.days is not None
        return DATE if op in "+-" and whole else None
    return {
        ("number", "+", "number"): NUMBER,
        ("number", "-", "number"): NUMBER,
        ("number", "*", "number"): NUMBER,
        ("number", "/", "number"): NUMBER,
        ("time", "-", "time"): DURATION,
        ("time", "+", "duration"): TIME,
        ("time", "-", "duration"): TIME,
        ("duration", "+", "time"): TIME,
        ("duration", "+", "duration"): DURATION,
        ("duration", "-", "duration"): DURATION,
        ("duration", "*", "number"): DURATION,
        ("number", "*", "duration"): DURATION,
        ("duration", "/", "number"): DURATION,
        ("duration", "/", "duration"): NUMBER,
        ("date", "-", "date"): DURATION,
    }.get(kinds)

"""Parts of conditions by what they mean: two that ask the same have the same key, wherever they stand."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any

from engine.lang import tree
from engine.lang.environment import Function
from engine.lang.text import fold
from engine.lang.types import Duration, Type


@lru_cache(maxsize=256)
def _names(cls: type) -> tuple[str, ...]:
    return tuple(item.name for item in fields(cls) if item.name != "span")


def key_of(node: Any) -> Hashable:
    """The key of a checked value or condition, its place left out."""
    if isinstance(node, str):
        return node
    match node:
        case tree.Const():
            return ("const", node.type.kind, type(node.value) is bool, node.value)
        case tree.FieldRef():
            return ("field", node.name)
        case tree.Setting():
            return ("setting", node.name)
        case tree.Defined():
            return ("define", node.key)
        case tree.TextContains():
            words = frozenset(node.words if node.exact else (fold(word) for word in node.words))
            return ("contains", key_of(node.left), node.exact, node.mode, words)
        case Function():
            return ("function", node.name)
        case Duration():
            return ("duration", node.micros, node.days, node.business)
        case Type():
            return ("type", node.kind)
        case tuple():
            return tuple(key_of(item) for item in node)
    if is_dataclass(node) and not isinstance(node, type):
        return (type(node).__name__, *(key_of(getattr(node, name)) for name in _names(type(node))))
    return node if isinstance(node, Hashable) else repr(node)


def setting_in(node: tree.Node) -> str | None:
    """The first setting a value or condition names; a setting varies, so nothing rests on its present value."""
    for part in tree.walk(node):
        if isinstance(part, tree.Setting):
            return part.name
        if isinstance(part, tree.Length) and part.span.text.startswith("setting."):
            return part.span.text
    return None


def plugin_in(node: tree.Node, known: frozenset[str]) -> str | None:
    """The first function that is not the language's own."""
    for part in tree.walk(node):
        if isinstance(part, tree.CallOf) and part.function.name not in known:
            return part.function.name
    return None


def leaves(test: tree.Test, seen: set[str]) -> Iterator[tree.Test]:
    """The single tests of a condition; each definition is gone into once for all who share `seen`."""
    stack: list[tree.Test] = [test]
    while stack:
        here = stack.pop()
        match here:
            case tree.AllOf() | tree.AnyOf():
                stack.extend(here.items)
            case tree.Negation():
                stack.append(here.item)
            case tree.Defined():
                if here.key not in seen:
                    seen.add(here.key)
                    stack.append(here.item)
            case tree.Comparison():
                inner = nested(here)
                if inner is None:
                    yield here
                else:
                    stack.append(inner[0])
            case _:
                yield here


def nested(node: tree.Comparison) -> tuple[tree.Test, bool] | None:
    """The condition inside of `(a > 5) = true`, and whether it must hold; None for a plain comparison."""
    right = node.right
    if isinstance(node.left, tree.Test) and isinstance(right, tree.Const) and isinstance(right.value, bool):
        return node.left, right.value is (node.op == "=")
    return None

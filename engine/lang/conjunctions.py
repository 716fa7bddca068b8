"""Conditions in disjunctive normal form, as far as an index can use them.

A condition becomes rows of literals of which one row must hold wholly. A literal is a test an index can look up (a
field is one of these values, a text holds one of these words, a number lies between) or any other test, by a key
that equal tests share. What would take too many rows stays one test.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from engine.lang import tree
from engine.lang.environment import Function
from engine.lang.required import required
from engine.lang.text import fold
from engine.lang.tree import type_of
from engine.lang.types import Enum, Type

MOST_ROWS = 24
"""Rows of one condition. A shop's rule has one to six; past this the rows cost more than the test they save."""

_MOST_VALUES = 1_000
_ORDERS = ("<", "<=", ">", ">=")
_FLIPPED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


class Literal(NamedTuple):
    """One test of a row.

    `kind`: `=` one of `values`; `~` one of `values` stands in a text or list; `<` between `values` (low, included,
    high, included; None: open); `?` nothing but the test, which is to be `values[0]`. `slot`: of what, as
    `HOW:FIELD`. `key`: the test it comes from, with `!` before one that must not hold. `exact`: holding says all;
    otherwise the test itself must be asked as well.
    """

    kind: str
    slot: str
    values: tuple[Any, ...]
    key: str
    exact: bool = True


Row = tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """A condition as rows. `sure`: it holds exactly when a row does; otherwise it can only hold then, and has to be
    asked, because part of it may raise and what raises must be told. `tests`: the tests by their keys, without `!`."""

    rows: tuple[Row, ...]
    sure: bool
    tests: Mapping[str, tree.Test]


def shape(test: tree.Test | None) -> Shape:
    """The rows of a condition; of none, one empty row."""
    if test is None:
        return Shape(((),), True, {})
    maker = _Maker()
    sure = maker.is_safe(test)
    rows = maker.rows(test, True) if sure else maker.relaxed(test)
    return Shape(tuple(rows), sure, maker.tests)


def is_safe(test: tree.Test | tree.Expr) -> bool:
    """Whether a test cannot raise for values of the declared types: it calls no function, no calendar and computes
    nothing."""
    return not any(
        isinstance(part, tree.CallOf | tree.Arith | tree.Elapsed | tree.WithinHours) for part in tree.walk(test)
    )


class _Maker:
    def __init__(self) -> None:
        self.tests: dict[str, tree.Test] = {}
        self._defined: dict[tuple[str, bool], Sequence[Row]] = {}
        self._safe: dict[str, bool] = {}

    def is_safe(self, node: Any) -> bool:
        if isinstance(node, tree.Defined):
            found = self._safe.get(node.key)
            if found is None:
                found = self._safe[node.key] = is_safe(node)
            return found
        return is_safe(node)

    # ---- rows --------------------------------------------------------------------------------------------------

    def relaxed(self, node: tree.Test) -> Sequence[Row]:
        """Rows of a test that may raise, such that without one of them it is false and raises nothing.

        The compiler asks the safe parts of an `and` or `or` first: when one of an `and` is false, no other is asked.
        """
        match node:
            case tree.Defined():
                return self.relaxed(node.item)
            case tree.AllOf():
                parts = [self.rows(item, True) for item in node.items if self.is_safe(item)]
                unsafe = next((item for item in node.items if not self.is_safe(item)), None)
                if unsafe is not None:
                    parts.append(self.relaxed(unsafe))
                product: Sequence[Row] = [()]
                for part in parts:
                    if len(product) * len(part) <= MOST_ROWS:
                        product = [one + other for one in product for other in part]
                return product
            case tree.AnyOf():
                found: list[Row] = []
                for item in node.items:
                    found.extend(self.rows(item, True) if self.is_safe(item) else self.relaxed(item))
                return found if len(found) <= MOST_ROWS else [()]
        return self.rows(node, True) if self.is_safe(node) else [()]

    def rows(self, node: tree.Test, wanted: bool) -> Sequence[Row]:
        """Rows of a safe test that is to be `wanted`."""
        match node:
            case tree.Always():
                return [()] if node.value is wanted else []
            case tree.Negation():
                return self.rows(node.item, not wanted)
            case tree.Defined():
                key = (node.key, wanted)
                if key not in self._defined:
                    self._defined[key] = self.rows(node.item, wanted)
                return self._defined[key]
            case tree.AllOf() if wanted:
                return self._all(node.items, True)
            case tree.AnyOf() if not wanted:
                return self._all(node.items, False)
            case tree.AllOf() | tree.AnyOf():
                found = [row for item in node.items for row in self.rows(item, wanted)]
                return found if len(found) <= MOST_ROWS else [(self._other(node, wanted),)]
        return [self._literals(node) if wanted else (self._other(node, False),)]

    def _all(self, items: Sequence[tree.Test], wanted: bool) -> Sequence[Row]:
        parts = [(self.rows(item, wanted), item) for item in items]
        parts.sort(key=lambda part: len(part[0]))
        product: Sequence[Row] = [()]
        for rows, item in parts:
            if len(product) * len(rows) > MOST_ROWS:
                rows = [(self._other(item, wanted),)]
            product = [one + other for one in product for other in rows]
        return product

    # ---- literals ----------------------------------------------------------------------------------------------

    def _key(self, node: tree.Test) -> str:
        key = key_of(node)
        self.tests.setdefault(key, node)
        return key

    def _other(self, node: tree.Test, wanted: bool) -> Literal:
        key = self._key(node)
        return Literal("?", f"test:{key}", (wanted,), key if wanted else f"!{key}")

    def _literals(self, node: tree.Test) -> Row:
        found: Row | None = None
        left = getattr(node, "left", None)
        if isinstance(node, tree.Comparison):
            found = self._comparison(node)
        elif isinstance(left, tree.FieldRef):
            match node:
                case tree.OneOf():
                    found = self._one_of(node, left)
                case tree.ListHas():
                    found = self._list_has(node, left)
                case tree.TextContains():
                    found = self._contains(node, left)
                case tree.TextAffix() if fold(node.text):
                    found = (Literal("~", f"part:{left.name}", (fold(node.text),), self._key(node), False),)
                case tree.TextMatches():
                    found = self._matches(node, left)
        return found if found is not None else (self._other(node, True),)

    def _comparison(self, node: tree.Comparison) -> Row | None:
        left, op, right = node.left, node.op, node.right
        if op not in _FLIPPED:
            return None
        if isinstance(right, tree.FieldRef) and isinstance(left, tree.Const | tree.Length):
            left, op, right = right, _FLIPPED[op], left
        if not isinstance(left, tree.FieldRef) or not isinstance(right, tree.Const | tree.Length):
            return None
        value: Any = right.value.micros if isinstance(right, tree.Length) else right.value
        kinds = {type_of(left).kind, type_of(right).kind}
        if isinstance(value, bool) or kinds == {"time", "date"}:
            return None
        if node.enum is not None:
            return self._ranked(node, op, left, value, node.enum)
        if op == "=":
            if "text" in kinds:
                return (Literal("=", f"fold:{left.name}", (fold(value),), self._key(node)),)
            return (Literal("=", f"value:{left.name}", (value,), self._key(node)),)
        if "text" in kinds:
            return None
        included = "=" in op
        bounds = (None, False, value, included) if "<" in op else (value, included, None, False)
        return (Literal("<", f"value:{left.name}", bounds, self._key(node)),)

    def _ranked(self, node: tree.Comparison, op: str, left: tree.FieldRef, value: Any, enum: Enum) -> Row | None:
        place = enum.ranks.get(value)
        if place is None or op not in _ORDERS:
            return None
        ask: Callable[[int], bool] = {
            "<": place.__gt__,
            "<=": place.__ge__,
            ">": place.__lt__,
            ">=": place.__le__,
        }[op]
        values = tuple(name for name, rank in enum.ranks.items() if ask(rank))
        return (Literal("=", f"value:{left.name}", values, self._key(node)),)

    def _one_of(self, node: tree.OneOf, left: tree.FieldRef) -> Row | None:
        if node.negated or left.type.kind == "time" or len(node.items) > _MOST_VALUES:
            return None
        values: dict[Any, None] = {}
        folds = left.type.kind == "text" or any(type_of(item).kind == "text" for item in node.items)
        for item in node.items:
            if isinstance(item, tree.Const):
                values[fold(item.value) if folds else item.value] = None
            elif isinstance(item, tree.Length) and not folds:
                values[item.value.micros] = None
            else:
                return None
        return (Literal("=", f"{'fold' if folds else 'value'}:{left.name}", tuple(values), self._key(node)),)

    def _list_has(self, node: tree.ListHas, left: tree.FieldRef) -> Row | None:
        values: dict[Any, None] = {}
        folds = left.type.item == Type("text")
        for item in node.items:
            if not isinstance(item, tree.Const):
                return None
            values[fold(item.value) if folds else item.value] = None
        slot = f"{'folds' if folds else 'items'}:{left.name}"
        return self._among(node, slot, tuple(values), node.mode)

    def _contains(self, node: tree.TextContains, left: tree.FieldRef) -> Row | None:
        needles = tuple(dict.fromkeys(word if node.exact else fold(word) for word in node.words))
        return self._among(node, f"{'exact' if node.exact else 'words'}:{left.name}", needles, node.mode)

    def _among(self, node: tree.Test, slot: str, values: tuple[Any, ...], mode: str) -> Row | None:
        if not values or "" in values or (mode == "all" and len(values) > 100):
            return None
        key = self._key(node)
        if mode != "all":  # what is nothing but the words has one of them
            return (Literal("~", slot, values, key, mode == "any"),)
        return tuple(Literal("~", slot, (value,), key) for value in values)

    def _matches(self, node: tree.TextMatches, left: tree.FieldRef) -> Row | None:
        found = required(node.pattern, node.ignore_case)
        if found is None:
            return None
        slot = f"{'lower' if node.ignore_case else 'raw'}:{left.name}"
        return (Literal("~", slot, found, self._key(node), False),)


# ---- keys --------------------------------------------------------------------------------------------------------


def key_of(node: tree.Test) -> str:
    """A text that two tests share when they mean the same, wherever they stand. It never begins with `!`."""
    key = _written(node)
    if len(key) <= 64:
        return key
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _written(node: Any) -> str:
    match node:
        case tree.Defined():
            return f"Defined({node.key!r})"
        case tree.Node():
            inner = ",".join(_written(getattr(node, name)) for name in _parts(type(node)))
            return f"{type(node).__name__}({inner})"
        case Enum():
            return node.name
        case Type():
            return node.kind
        case Function():
            return f"{node.name}({','.join(item.kind for item in node.parameters)})"
        case tuple():
            return f"[{','.join(map(_written, node))}]"
    return repr(node)


def _parts(kind: type[tree.Node]) -> tuple[str, ...]:
    found = _PARTS.get(kind)
    if found is None:
        unread = ("span", "name") if kind is tree.TextContains else ("span",)
        found = _PARTS[kind] = tuple(item.name for item in fields(kind) if item.name not in unread)
    return found


_PARTS: dict[type[tree.Node], tuple[str, ...]] = {}

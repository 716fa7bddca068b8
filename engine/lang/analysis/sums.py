"""Sums of fields, and fields against each other: what boxes leave open, settled by z3 where it is installed.

z3 comes with the optional extra `smt`. Without it nothing is known here, and every box counts as possible: findings are
fewer then, or say that they were not replayed, but never other ones. Only what is exact is told: sums, differences and
products with a constant; anything else is a number of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from engine.lang import tree
from engine.lang.analysis.axes import EMPTY, OrderedAxis, RelationAxis
from engine.lang.analysis.boxes import Box
from engine.lang.analysis.groups import Access
from engine.lang.analysis.keys import key_of
from engine.lang.tree import type_of

KINDS = frozenset({"number", "duration"})
"""What is computed with as plain numbers; days and times have calendars behind them."""
STEPS = 200_000
"""How far z3 looks into one box, by its own measure, which is the same on every machine."""
MOST = 5_000
"""Boxes it is asked about for one set of rules."""


@lru_cache(maxsize=1)
def _solver() -> Any:
    """z3, or None where it is not installed."""
    try:
        import z3
    except ImportError:
        return None
    return z3


def is_sum(node: tree.Expr) -> bool:
    """Whether z3 can be asked about a value."""
    return type_of(node).kind in KINDS


def sums_of(
    terms: Mapping[int, tuple[OrderedAxis, tree.Expr]],
    relations: Mapping[int, tuple[RelationAxis, tree.Expr, tree.Expr]],
    accesses: Mapping[str, Access],
) -> Sums | None:
    """What is known of these axes; None where there are none, or nobody to ask."""
    if not terms and not relations:
        return None
    z3 = _solver()
    return None if z3 is None else Sums(z3, terms, relations, accesses)


class Sums:
    """A `Group` of the axes of sums and relations with those of the fields in them."""

    def __init__(
        self,
        z3: Any,
        terms: Mapping[int, tuple[OrderedAxis, tree.Expr]],
        relations: Mapping[int, tuple[RelationAxis, tree.Expr, tree.Expr]],
        accesses: Mapping[str, Access],
    ) -> None:
        self._z3 = z3
        self._here = z3.Context()  # one of its own: rule sets are looked at in several threads
        self._terms = terms
        self._relations = relations
        self._fields: dict[int, tuple[OrderedAxis, str]] = {}
        for name in frozenset().union(*(self._reads(number) for number in (*terms, *relations))):
            axis = accesses[name].axis if name in accesses else None
            if isinstance(axis, OrderedAxis):
                self._fields[axis.id] = (axis, name)
        self._by_name = {name: axis for axis, name in self._fields.values()}
        self._values: dict[Any, tuple[Any, Any]] = {}
        self._known: dict[tuple[tuple[int, int], ...], bool] = {}

    @property
    def numbers(self) -> Iterator[int]:
        """The axes that are worth asking about; a field by itself never is."""
        yield from self._terms
        yield from self._relations

    def possible(self, box: Box) -> bool:
        """Whether some numbers lie in the box."""
        asked = tuple(
            (number, box[number])
            for number in sorted(box)
            if number in self._terms or number in self._relations or number in self._fields
        )
        found = self._known.get(asked)
        if found is None:
            found = len(self._known) >= MOST or self._ask(dict(asked))
            if len(self._known) < MOST:
                self._known[asked] = found
        return found

    def complete(self, point: Box, box: Box) -> None:
        """Which numbers they are, is for the samples to try."""

    # ---- asking --------------------------------------------------------------------------------------------------

    def _reads(self, number: int) -> frozenset[str]:
        if number in self._terms:
            return tree.reads(self._terms[number][1])
        return tree.reads(self._relations[number][1]) | tree.reads(self._relations[number][2])

    def _ask(self, box: Box) -> bool:
        z3 = self._z3
        solver = z3.Solver(ctx=self._here)
        solver.set("rlimit", STEPS)
        named: set[str] = set()
        for number, mask in box.items():
            if number in self._fields:
                named.add(self._fields[number][1])
            elif number in self._terms:
                axis, node = self._terms[number]
                named |= tree.reads(node)
                solver.add(self._within(axis, mask, *self._value(node)))
            else:
                named |= self._reads(number)
                solver.add(self._related(number, mask))
        for name in named & self._by_name.keys():
            axis = self._by_name[name]
            solver.add(self._within(axis, box.get(axis.id, axis.full), *self._field(name, axis)))
        return bool(solver.check() != z3.unsat)

    def _within(self, axis: OrderedAxis, mask: int, value: Any, there: Any) -> Any:
        """That a value lies in the regions of a mask."""
        z3 = self._z3
        ways = [z3.Not(there)] if mask & EMPTY else []
        for low, low_in, high, high_in in _runs(axis, mask):
            parts = [there]
            if low is not None:
                parts.append(value >= self._exact(low) if low_in else value > self._exact(low))
            if high is not None:
                parts.append(value <= self._exact(high) if high_in else value < self._exact(high))
            ways.append(z3.And(*parts))
        return z3.Or(*ways) if ways else z3.BoolVal(False, self._here)

    def _related(self, number: int, mask: int) -> Any:
        z3 = self._z3
        axis, left, right = self._relations[number]
        (one, a), (other, b) = self._value(left), self._value(right)
        there = z3.And(a, b)
        ways = [z3.Not(there)] if mask & EMPTY else []
        if mask & axis.LESS:
            ways.append(z3.And(there, one < other))
        if mask & axis.EQUAL:
            ways.append(z3.And(there, one == other))
        if mask & axis.GREATER:
            ways.append(z3.And(there, one > other))
        return z3.Or(*ways) if ways else z3.BoolVal(False, self._here)

    # ---- values: a number, and whether there is one -----------------------------------------------------------------

    def _value(self, node: tree.Expr) -> tuple[Any, Any]:
        z3 = self._z3
        sure = z3.BoolVal(True, self._here)
        match node:
            case tree.Const() if not isinstance(node.value, bool | str):
                return self._exact(node.value), sure
            case tree.Length() if node.value.days is None and not node.value.business:
                return self._exact(node.value.micros), sure
            case tree.FieldRef():
                return self._field(node.name, self._by_name.get(node.name), node.optional)
            case tree.Arith(op="+" | "-" | "*" as op) if is_sum(node.left) and is_sum(node.right):
                (one, a), (other, b) = self._value(node.left), self._value(node.right)
                if op != "*":
                    return (one + other if op == "+" else one - other), z3.And(a, b)
                if isinstance(node.left, tree.Const) or isinstance(node.right, tree.Const):
                    return one * other, z3.And(a, b)
        return self._number(("value", key_of(node)), True)

    def _field(self, name: str, axis: OrderedAxis | None, optional: bool = True) -> tuple[Any, Any]:
        return self._number(
            name, axis.optional if axis is not None else optional, axis is not None and axis.bounds.whole
        )

    def _number(self, key: Any, optional: bool, whole: bool = False) -> tuple[Any, Any]:
        found = self._values.get(key)
        if found is None:
            z3, count = self._z3, len(self._values)
            value = z3.ToReal(z3.Int(f"n{count}", self._here)) if whole else z3.Real(f"n{count}", self._here)
            there = z3.Bool(f"b{count}", self._here) if optional else z3.BoolVal(True, self._here)
            found = self._values[key] = value, there
        return found

    def _exact(self, number: Any) -> Any:
        return self._z3.RealVal(f"{Decimal(number):f}", self._here)


def _runs(axis: OrderedAxis, mask: int) -> Iterator[tuple[Any, bool, Any, bool]]:
    """The stretches a mask leaves: from, whether that is in, to, whether that is in; None where it has no end."""
    cuts = axis.cuts
    last = 1 + 2 * len(cuts)
    mask |= ~axis.full  # regions in which nothing can be part no stretch
    place = 1
    while place <= last:
        if not mask >> place & 1:
            place += 1
            continue
        end = place
        while end < last and mask >> (end + 1) & 1:
            end += 1
        low_in, high_in = place % 2 == 0, end % 2 == 0
        low = cuts[place // 2 - 1] if place > 1 else None
        high = cuts[(end - 1) // 2] if end < last else None
        yield low, low_in, high, high_in
        place = end + 1

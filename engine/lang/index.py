"""The discrimination index: which of many conditions hold, without asking each of them.

Rows of literals (conjunctions.py) are filed so that an event looks up its own:

* under a list of words or tags, if a row asks for one: all words of a text field are found in one Aho-Corasick pass,
  and with them the strings that patterns cannot do without;
* within that, by what some fields equal: one dictionary for each chosen set of fields, keyed by all their values;
* within that, by bisection when a number, time or day has to lie on one side of a mark or between two.

What a row asks beyond that is compiled when it is first asked, and asked of those rows only. The lookups are one
generated function. An index answers as asking each condition in turn would, in the same order, failures included.
Immutable once made, but for tests that are compiled at first use: any thread may use it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from math import prod
from typing import Any, NamedTuple

import ahocorasick

from engine.lang import tree
from engine.lang.compiler import Compiled, Unit
from engine.lang.conjunctions import Literal, Row, Shape
from engine.lang.runtime import octets
from engine.lang.signatures import Signature, choose
from engine.lang.text import is_word

_SIGNATURES = 24
"""Sets of fields that are looked up for every event: each costs 0.1 µs."""
_GROUP_SIGNATURES = 6
_SMALL = 4
"""Rows under one list of words up to which asking them is cheaper than another dictionary."""
_PROMOTED = 16
"""Tests of any kind that are asked of every event and then looked up like a field, because so many rows share them."""
_SHARED = 16
_MOST_VALUES = 64
_MOST_KEYS = 256

_LOW, _LOW_INCLUDED, _HIGH, _HIGH_INCLUDED, _BETWEEN, _NESTED = range(6)


class Check:
    """Tests that all have to come out as wanted, compiled when they are first asked."""

    __slots__ = ("call",)
    call: Compiled

    def __init__(self, tests: Mapping[str, tree.Test], keys: Sequence[str]) -> None:
        def first(g: Any, b: Any, h: Any, m: Any) -> Any:
            unit = Unit()
            each = [
                f"(not {unit.test_code(tests[key[1:]])})" if key[0] == "!" else unit.test_code(tests[key])
                for key in keys
            ]
            unit.add_source("f", [f"def f(g, b, h, m): return {' and '.join(each)}"])
            self.call = unit.build()[0]
            return self.call(g, b, h, m)

        self.call = first


class _Whole:
    """A condition that is asked as a whole."""

    __slots__ = ("call",)

    def __init__(self, call: Compiled) -> None:
        self.call = call


Asked = tuple[Check | _Whole, tuple[int, ...]]
"""A check and the places of the conditions that hold if it does."""


class Chain(NamedTuple):
    """Rows told apart by one value: `marks` in order, `items` what holds beside them (places, or `Asked`)."""

    value: int
    kind: int
    marks: Sequence[Any]
    items: Sequence[Any]
    asks: bool


class Leaf(NamedTuple):
    """What a lookup gives: places that hold, what is to be asked, what depends on a value."""

    sure: tuple[int, ...]
    asked: tuple[Asked, ...]
    chains: tuple[Chain, ...]


class _Item(NamedTuple):
    """A row on its way into a leaf."""

    place: int
    ranges: tuple[Literal, ...]
    check: Check | _Whole | None


class Index:
    """Many conditions by their places. `calls`: each as a function, None for one that always holds. `whole`: for a
    place, whether it has to be asked even though a row of it holds: it may raise, or depends on more than its rows."""

    __slots__ = ("_probe", "_repeats", "source")

    def __init__(self, shapes: Sequence[Shape], calls: Sequence[Compiled | None], whole: Sequence[bool]) -> None:
        builder = _Builder(shapes, calls, whole)
        self._probe, self.source = builder.build()
        self._repeats = any(len(one.rows) > 1 for one in shapes)

    def find(self, g: Any, b: Any, h: Any) -> tuple[list[int], dict[int, Exception]]:
        """The places whose condition holds, in order, and those whose condition raised.

        `g`, `b`, `h`: see runtime.py. Raises what looking up a value of a wrong type raises.
        """
        m: dict[Any, Any] = {}
        found, values = self._probe(g, b, h, m)
        sure: list[int] = []
        asked: list[Asked] = []
        for leaf in found:
            some, more, chains = leaf
            if some:
                sure += some
            if more:
                asked += more
            for chain in chains:
                which, kind, marks, items, asks = chain
                value = values[which]
                if value is None:
                    continue
                if kind == _LOW:
                    items = items[: bisect_left(marks, value)]
                elif kind == _LOW_INCLUDED:
                    items = items[: bisect_right(marks, value)]
                elif kind == _HIGH:
                    items = items[bisect_right(marks, value) :]
                elif kind == _HIGH_INCLUDED:
                    items = items[bisect_left(marks, value) :]
                else:
                    at = bisect_left(marks, value)
                    at = 2 * at + (at < len(marks) and marks[at] == value)
                    items = items[at] if kind == _BETWEEN else _above(items, at)
                if asks:
                    asked += items
                else:
                    sure += items
        if not asked:
            if len(sure) > 1:
                return sorted(set(sure)) if self._repeats else sorted(sure), {}
            return sure, {}
        raised: dict[int, Exception] = {}
        # A condition that is asked as a whole is asked once, whichever of its rows was found.
        for check, places in dict.fromkeys(asked) if self._repeats else asked:
            try:
                if check.call(g, b, h, m):
                    sure += places
            except Exception as error:  # told by the caller; one condition never takes the others down
                raised.update(dict.fromkeys(places, error))
        return sorted(set(sure)), raised


def _above(nodes: Sequence[Sequence[Any]], at: int) -> list[Any]:
    """What lies over segment `at` of a segment tree."""
    found: list[Any] = []
    at += len(nodes) // 2
    while at:
        found += nodes[at]
        at >>= 1
    return found


# ---- building ------------------------------------------------------------------------------------------------------


class _Entry(NamedTuple):
    """A row with the literal it is filed under first, and the fields it may be filed by."""

    place: int
    row: Row
    among: int
    equal: Mapping[str, int]
    shape: Shape


class _Group:
    """What is filed under one list of words or tags, or (group 0) under none."""

    def __init__(self) -> None:
        self.entries: list[_Entry] = []
        self.leaf: Leaf | None = None
        self.tables: dict[Signature, dict[Any, Leaf]] = {}


class _Builder:
    def __init__(self, shapes: Sequence[Shape], calls: Sequence[Compiled | None], whole: Sequence[bool]) -> None:
        self._calls = [None if call is None else _Whole(call) for call in calls]
        self._whole = whole
        self._rows = [
            (place, row, one)
            for place, one in enumerate(shapes)
            for row in one.rows
            if all(literal.values for literal in row)
        ]
        self._checks: dict[tuple[str, ...], Check] = {}
        self._values: dict[str, int] = {}
        self._groups: dict[tuple[str, tuple[Any, ...]] | None, _Group] = {None: _Group()}
        self._tests: dict[str, tree.Test] = {}
        self._domain: dict[str, int] = {}
        self._always: set[int] = set()
        """Places that are asked as a whole whatever the event: their other rows can tell nothing more."""

    def build(self) -> tuple[Callable[..., Any], str]:
        self._file()
        for key, group in self._groups.items():
            self._divide(group, key is None)
        return self._emit()

    # ---- filing ------------------------------------------------------------------------------------------------

    def _file(self) -> None:
        used: Counter[tuple[str, tuple[Any, ...]]] = Counter()
        tests: Counter[str] = Counter()
        for _, row, _ in self._rows:
            for literal in row:
                if literal.kind == "~":
                    used[literal.slot, literal.values] += 1
                elif literal.kind == "?":
                    tests[literal.slot] += 1
        promoted = {slot for slot, count in tests.most_common(_PROMOTED) if count >= _SHARED}
        domain: defaultdict[str, set[Any]] = defaultdict(set)
        for place, row, one in self._rows:
            among = -1
            equal: dict[str, int] = {}
            best: tuple[int, int] | None = None
            for at, literal in enumerate(row):
                if literal.kind == "~":
                    rank = (used[literal.slot, literal.values], -min(map(len, literal.values)))
                    if best is None or rank < best:
                        best, among = rank, at
                elif literal.kind == "=" and len(literal.values) <= _MOST_VALUES:
                    equal.setdefault(literal.slot, at)
                    domain[literal.slot].update(literal.values)
                elif literal.kind == "?" and literal.slot in promoted:
                    equal.setdefault(literal.slot, at)
                    if literal.slot not in self._tests:
                        self._tests[literal.slot] = one.tests[literal.key.removeprefix("!")]
            key = None if among < 0 else (row[among].slot, row[among].values)
            group = self._groups.get(key)
            if group is None:
                group = self._groups[key] = _Group()
            group.entries.append(_Entry(place, row, among, equal, one))
        self._domain = {slot: len(values) for slot, values in domain.items()}

    def _share(self, entry: _Entry, slot: str) -> float:
        """How much of the events a literal lets pass, guessed from the values that rules name."""
        return len(entry.row[entry.equal[slot]].values) / (self._domain.get(slot, 1) + 1)

    def _divide(self, group: _Group, base: bool) -> None:
        chosen: list[Signature] = []
        if base or len(group.entries) > _SMALL:
            shares = [{slot: self._share(entry, slot) for slot in entry.equal} for entry in group.entries]
            chosen = choose(shares, _SIGNATURES if base else _GROUP_SIGNATURES)
        filed: list[tuple[_Entry, Signature, _Item]] = []
        for entry in group.entries:
            best: Signature = ()
            passed = 1.0
            for signature in chosen:
                if all(slot in entry.equal for slot in signature):
                    share = prod(self._share(entry, slot) for slot in signature)
                    if share < passed and prod(map(len, self._allowed(entry, signature))) <= _MOST_KEYS:
                        best, passed = signature, share
            filed.append((entry, best, self._item(entry, best)))
        plain: list[_Item] = []
        tables: dict[Signature, dict[Any, list[_Item]]] = {}
        if base:
            whole = [item for _, best, item in filed if not best and type(item.check) is _Whole and not item.ranges]
            always = {item.place: item for item in whole}
            self._always.update(always)
            plain.extend(always.values())
        for entry, best, item in filed:
            if item.place in self._always:
                continue
            if not best:
                plain.append(item)
                continue
            table = tables.setdefault(best, {})
            for key in product(*self._allowed(entry, best)):
                table.setdefault(key if len(best) > 1 else key[0], []).append(item)
        group.leaf = self._leaf(plain) if plain else None
        group.tables = {
            signature: {key: self._leaf(items) for key, items in table.items()} for signature, table in tables.items()
        }
        group.entries = []

    @staticmethod
    def _allowed(entry: _Entry, signature: Signature) -> list[tuple[Any, ...]]:
        return [entry.row[entry.equal[slot]].values for slot in signature]

    # ---- leaves ------------------------------------------------------------------------------------------------

    def _item(self, entry: _Entry, signature: Signature) -> _Item:
        done = {entry.equal[slot] for slot in signature}
        if entry.among >= 0:
            done.add(entry.among)
        ranges: list[Literal] = []
        rest: dict[str, int] = {}
        slot = self._range_slot(entry.row)
        for at, literal in enumerate(entry.row):
            if literal.kind == "<" and literal.slot == slot:
                ranges.append(literal)
            elif at not in done or not literal.exact:
                rest.setdefault(literal.key, "?=<~".index(literal.kind))
        # What nothing files, or may raise, is asked as it was compiled with the rest.
        if self._whole[entry.place] or (rest and not done and not ranges):
            return _Item(entry.place, tuple(ranges), self._calls[entry.place])
        if not rest:
            return _Item(entry.place, tuple(ranges), None)
        keys = tuple(sorted(rest, key=lambda key: (rest[key], key)))
        check = self._checks.get(keys)
        if check is None:
            check = self._checks[keys] = Check(entry.shape.tests, keys)
        return _Item(entry.place, tuple(ranges), check)

    @staticmethod
    def _range_slot(row: Row) -> str | None:
        """The value to bisect by: one that is bounded on both sides, else the first."""
        slots = [literal.slot for literal in row if literal.kind == "<"]
        return max(slots, key=slots.count) if slots else None

    def _leaf(self, items: Sequence[_Item]) -> Leaf:
        sure: list[int] = []
        asked: dict[int, tuple[Check | _Whole, list[int]]] = {}
        open_: dict[tuple[str, int, bool], list[tuple[Any, Any]]] = {}
        closed: dict[tuple[str, bool], list[tuple[Any, bool, Any, bool, Any]]] = {}
        for item in items:
            if item.ranges:
                self._bound(item, open_, closed)
            elif item.check is None:
                sure.append(item.place)
            else:
                asked.setdefault(id(item.check), (item.check, []))[1].append(item.place)
        chains = [self._open(slot, kind, asks, some) for (slot, kind, asks), some in open_.items()]
        chains += [self._closed(slot, asks, some) for (slot, asks), some in closed.items()]
        return Leaf(tuple(sure), tuple((check, tuple(places)) for check, places in asked.values()), tuple(chains))

    @staticmethod
    def _bound(item: _Item, open_: dict[Any, list[Any]], closed: dict[Any, list[Any]]) -> None:
        """Files an item by its bounds."""
        slot, asks = item.ranges[0].slot, item.check is not None
        thing: Any = item.place if item.check is None else (item.check, (item.place,))
        lows = [(one.values[0], not one.values[1]) for one in item.ranges if one.values[0] is not None]
        highs = [(one.values[2], one.values[3]) for one in item.ranges if one.values[2] is not None]
        if lows and highs:
            (low, above), (high, included) = max(lows), min(highs)
            closed.setdefault((slot, asks), []).append((low, above, high, included, thing))
        elif lows:
            low, above = max(lows)
            open_.setdefault((slot, _LOW if above else _LOW_INCLUDED, asks), []).append((low, thing))
        else:
            high, included = min(highs)
            open_.setdefault((slot, _HIGH_INCLUDED if included else _HIGH, asks), []).append((high, thing))

    def _value(self, slot: str) -> int:
        return self._values.setdefault(slot, len(self._values))

    def _open(self, slot: str, kind: int, asks: bool, some: list[tuple[Any, Any]]) -> Chain:
        some.sort(key=lambda pair: pair[0])
        return Chain(self._value(slot), kind, [mark for mark, _ in some], [thing for _, thing in some], asks)

    def _closed(self, slot: str, asks: bool, some: list[tuple[Any, bool, Any, bool, Any]]) -> Chain:
        """Between marks every answer is the same, so it is written down for each mark and each gap; where ranges lie
        within each other by hundreds, in a segment tree."""
        marks = sorted({mark for one in some for mark in (one[0], one[2])})
        at = {mark: number for number, mark in enumerate(marks)}
        size = 2 * len(marks) + 1
        spans = [
            (2 * at[low] + (2 if above else 1), 2 * at[high] + (2 if included else 1), thing)
            for low, above, high, included, thing in some
        ]
        if sum(max(end - start, 0) for start, end, _ in spans) <= 16 * len(spans) + 64:
            segments: list[list[Any]] = [[] for _ in range(size)]
            for start, end, thing in spans:
                for number in range(start, end):
                    segments[number].append(thing)
            return Chain(self._value(slot), _BETWEEN, marks, segments, asks)
        nodes: list[list[Any]] = [[] for _ in range(2 * size)]
        for start, end, thing in spans:
            left, right = start + size, max(start, end) + size
            while left < right:
                if left & 1:
                    nodes[left].append(thing)
                    left += 1
                if right & 1:
                    right -= 1
                    nodes[right].append(thing)
                left, right = left >> 1, right >> 1
        return Chain(self._value(slot), _NESTED, marks, nodes, asks)

    # ---- the function ------------------------------------------------------------------------------------------

    def _emit(self) -> tuple[Callable[..., Any], str]:
        unit = Unit()
        lines = ["def find(g, b, h, m):"]
        base = self._groups.pop(None)
        signatures: dict[Signature, int] = {}
        for group in (base, *self._groups.values()):
            for signature in group.tables:
                signatures.setdefault(signature, len(signatures))
        names: dict[str, str] = {}
        for slot in dict.fromkeys([*(slot for signature in signatures for slot in signature), *self._values]):
            names[slot] = f"x{len(names)}"
            lines.append(f"    {names[slot]} = {self._read(slot, unit)}")
        for signature, number in signatures.items():
            parts = ", ".join(names[slot] for slot in signature)
            lines.append(f"    k{number} = {f'({parts})' if len(signature) > 1 else parts}")
        lines.append("    r = []")
        if base.leaf is not None:
            lines.append(f"    r += {unit.constant_object((base.leaf,))}")
        for signature, table in base.tables.items():
            lines.append(f"    e = {unit.constant_object(table.get)}(k{signatures[signature]})")
            lines.append("    if e is not None: r += (e,)")
        if self._groups:
            self._emit_groups(unit, lines, signatures)
        values = "".join(f"{names[slot]}, " for slot in self._values)
        lines.append(f"    return r, ({values})")
        unit.add_source("find", lines)
        return unit.build()[0], "\n".join(lines)

    def _emit_groups(self, unit: Unit, lines: list[str], signatures: Mapping[Signature, int]) -> None:
        groups: list[tuple[tuple[Leaf, ...], tuple[tuple[int, Callable[..., Any]], ...]]] = []
        wanted: defaultdict[tuple[str, str], defaultdict[Any, list[int]]] = defaultdict(lambda: defaultdict(list))
        for key, group in self._groups.items():
            if key is None:  # never: it was taken out
                continue
            tables = tuple((signatures[signature], table.get) for signature, table in group.tables.items())
            how, _, field = key[0].partition(":")
            for value in key[1]:
                wanted[how, field][value].append(len(groups))
            groups.append((() if group.leaf is None else (group.leaf,), tables))
        lines.append("    n = []")
        for how, field in wanted:
            if how in ("items", "folds"):
                found = {value: tuple(some) for value, some in wanted[how, field].items()}
                read = f"g({unit.constant(field)})"
                lines.append(f"    for y in {f'_fold_items({read})' if how == 'folds' else f'{read} or ()'}:")
                lines.append(f"        e = {unit.constant_object(found.get)}(y)")
                lines.append("        if e is not None: n += e")
        for one, both in (("words", "part"), ("exact", "raw"), ("lower", "")):
            for field in dict.fromkeys(field for how, field in wanted if how in (one, both)):
                name = unit.constant(field)
                text = {"words": f"_fold(m, g, {name})", "exact": f"g({name})"}.get(one, f"_lower(g({name}))")
                words, parts = (wanted[one, field], wanted[both, field]) if both else ({}, wanted[one, field])
                machine = _machine(words, parts)
                lines.append(f"    y = {text}")
                lines.append("    if y is not None:")
                lines.append("        z = _octets(y)")
                lines.append(f"        for e, (p, l, c) in {unit.constant_object(machine.iter)}(z):")
                lines.append("            if p: n += p")
                lines.append("            if c and _apart(y, z, e + 1, l): n += c")
        keys = "".join(f"k{number}, " for number in range(len(signatures)))
        lines.append("    if n:")
        lines.append(f"        k = ({keys})")
        lines.append("        for i in {*n}:")
        lines.append(f"            l, t = {unit.constant_object(groups)}[i]")
        lines.append("            r += l")
        lines.append("            for j, f in t:")
        lines.append("                e = f(k[j])")
        lines.append("                if e is not None: r += (e,)")

    def _read(self, slot: str, unit: Unit) -> str:
        how, _, name = slot.partition(":")
        if how == "test":
            return unit.test_code(self._tests[slot])
        if how == "fold":
            return f"_fold(m, g, {unit.constant(name)})"
        return f"g({unit.constant(name)})"


def _machine(words: Mapping[str, list[int]], parts: Mapping[str, list[int]]) -> Any:
    """One automaton for words, which end at a boundary, and for parts, which stand anywhere. Each carries (groups
    that have it anywhere, length, groups that have it as a word).

    Over octets: the automaton tries the letters that may follow one by one, and thousands of Chinese words begin with
    thousands of characters, but with six octets.
    """
    machine = ahocorasick.Automaton()
    for needle in {**words, **parts}:
        anywhere, bound = list(parts.get(needle, ())), words.get(needle, [])
        if bound and not is_word(needle[0]) and not is_word(needle[-1]):
            anywhere, bound = anywhere + bound, []
        machine.add_word(octets(needle), (tuple(anywhere), len(needle), tuple(bound)))
    machine.make_automaton()
    return machine

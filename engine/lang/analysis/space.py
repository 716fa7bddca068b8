"""The space of all cases: an axis for each field and test the rules name, and conditions as unions of boxes in it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any

from engine.lang import tree
from engine.lang.analysis.axes import (
    EMPTY,
    Axis,
    ChoiceAxis,
    FlagAxis,
    JointAxis,
    OrderedAxis,
    PlaceAxis,
    RelationAxis,
    WaveAxis,
    bits,
    lowest,
)
from engine.lang.analysis.boxes import Box, TooManyError, checked, every, join
from engine.lang.analysis.domains import Bounds, Domains, Joint
from engine.lang.analysis.groups import Access, ChangeGroup, Group, ListGroup
from engine.lang.analysis.keys import key_of, leaves, nested, plugin_in, setting_in
from engine.lang.analysis.moments import Moments, micros_of_text
from engine.lang.analysis.sums import is_sum, sums_of
from engine.lang.analysis.texts import OF_MODE, TextGroup, TextTest
from engine.lang.environment import Environment
from engine.lang.functions import BUILTINS
from engine.lang.source import Source, Span
from engine.lang.text import fold
from engine.lang.tree import type_of
from engine.lang.types import Type

_FLIPPED = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
NOWHERE = Span(Source("", ""), 0, 0)
_KNOWN = frozenset(BUILTINS)
_DAY = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Is:
    """An axis lies in some regions; which, is asked when all constants are known."""

    axis: Axis
    mask: Callable[[], int]


@dataclass(frozen=True, slots=True)
class Several:
    """All of the parts, or one of them."""

    all: bool
    parts: tuple[Formula, ...]


Formula = Is | Several
_TRUE: Formula = Several(True, ())
_FALSE: Formula = Several(False, ())


class Space:
    """Made in three steps: `learn` every condition, `settle`, then ask `boxes`."""

    def __init__(self, environment: Environment, domains: Domains) -> None:
        self.environment = environment
        self.domains = domains
        self.moments = Moments(environment, domains)
        self.place = PlaceAxis(0, ())
        self.waves = WaveAxis(1)
        self.axes: list[Axis] = [self.place, self.waves]
        self.full: list[int] = []
        self.accesses: dict[str, Access] = {}
        self.texts: dict[str, TextGroup] = {}
        self.changes: dict[str, ChangeGroup] = {}
        self.lists: dict[str, ListGroup] = {}
        self._joints: dict[str, JointAxis] = {}
        self.flags: dict[Hashable, FlagAxis] = {}
        self._sums: dict[Hashable, OrderedAxis] = {}
        self._relations: dict[Hashable, RelationAxis] = {}
        self._terms: dict[int, tuple[OrderedAxis, tree.Expr]] = {}
        self._compared: dict[int, tuple[RelationAxis, tree.Expr, tree.Expr]] = {}
        self._keys: dict[int, tuple[tree.Test, Hashable]] = {}
        self._formulas: dict[Hashable, Formula] = {}
        self._literals: dict[tuple[Hashable, bool], list[Box]] = {}
        self._definitions: dict[tuple[str, bool], list[Box] | None] = {}
        self._groups: dict[int, tuple[Group, ...]] = {}
        self._seen: set[str] = set()

    # ---- learning ----------------------------------------------------------------------------------------------

    def learn(self, test: tree.Test) -> None:
        """Makes room for what a condition asks."""
        for leaf in leaves(test, self._seen):
            self.learn_leaf(leaf)

    def learn_leaf(self, leaf: tree.Test) -> None:
        """Makes room for a single test."""
        key = self._key(leaf)
        if key not in self._formulas:
            self._formulas[key] = self._formula(leaf)

    def _key(self, leaf: tree.Test) -> Hashable:
        """The leaf's key; asked for again and again, it is worked out once for this very leaf."""
        known = self._keys.get(id(leaf))
        if known is None or known[0] is not leaf:
            known = self._keys[id(leaf)] = (leaf, key_of(leaf))
        return known[1]

    def learn_fact(self, name: str, values: Iterable[Any] | Bounds) -> None:
        """A field's value that is known without a condition."""
        access = self.accesses.get(name)
        if access is not None and isinstance(access.inner, OrderedAxis):
            for value in values.ends if isinstance(values, Bounds) else values:
                if value is not None:
                    access.inner.learn(value)

    def fact(self, name: str, values: Iterable[Any] | Bounds) -> Box | None:
        """The box in which a field has one of these values; None for a field no condition names."""
        access = self.accesses.get(name)
        if access is None:
            return None
        if isinstance(access.inner, ChoiceAxis):
            return {access.axis.id: access.mask(access.inner.pick(values))} if not isinstance(values, Bounds) else None
        return {access.axis.id: access.inner.pick(values)}

    def settle(self) -> None:
        """All conditions are known: cuts the axes into regions."""
        self.place.moments = self.moments.all()
        for axis in self.axes:
            axis.settle()
        for change in self.changes.values():
            change.settle()
        for text in self.texts.values():
            text.settle()
        self.full = [axis.full for axis in self.axes]
        groups: dict[int, list[Group]] = {}
        for group in self.texts.values():
            for number in (group.axis.id, *group.tests):
                groups.setdefault(number, []).append(group)
        for change in self.changes.values():
            for number in (change.access.axis.id, change.before.id, change.flag.id):
                groups.setdefault(number, []).append(change)
        for items in self.lists.values():
            if items.empty is not None:
                for number in (*items.items, items.empty.id):
                    groups.setdefault(number, []).append(items)
        sums = sums_of(self._terms, self._compared, self.accesses)
        if sums is not None:
            for number in sums.numbers:
                groups.setdefault(number, []).append(sums)
        self._groups = {number: tuple(found) for number, found in groups.items()}

    def calm_down(self, boxes: Iterable[Box]) -> None:
        """Chooses for each axis the region that the fewest boxes ask for: what is taken where nothing is said."""
        count: dict[int, dict[int, int]] = {}
        for box in boxes:
            for number, mask in box.items():
                seen = count.setdefault(number, {})
                seen[mask] = seen.get(mask, 0) + 1
        for number, masks in count.items():
            axis = self.axes[number]
            if isinstance(axis, FlagAxis) or axis.full.bit_count() > 64 or not axis.full:
                continue
            scores = {bit: sum(n for mask, n in masks.items() if mask & bit) for bit in bits(axis.full)}
            axis.calm = min(scores, key=lambda bit: (scores[bit], bit))

    # ---- asking ------------------------------------------------------------------------------------------------

    def possible(self, box: Box) -> bool:
        """Whether some case lies in the box; yes where that is not known."""
        if not self._groups:
            return True
        asked: set[Group] = set()
        for number in box:
            found = self._groups.get(number)
            if found is not None:
                asked.update(found)
        return all(group.possible(box) for group in asked)

    def point(self, box: Box) -> Box:
        """One region on each axis the box names or brings with it; elsewhere the axis is calm."""
        point = {n: self.axes[n].calm if self.axes[n].calm & mask else lowest(mask) for n, mask in box.items()}
        asked: dict[int, Group] = {}
        for number in box:
            for group in self._groups.get(number, ()):
                asked[id(group)] = group
        for group in asked.values():
            group.complete(point, box)
        return point

    def holds(self, point: Box, box: Box) -> bool:
        """Whether a point lies in a box."""
        axes = self.axes
        for number, mask in box.items():
            bit = point.get(number)
            if not (axes[number].calm if bit is None else bit) & mask:
                return False
        return True

    def boxes(self, test: tree.Test, positive: bool = True) -> list[Box]:
        """The cases in which a condition holds (or does not). Raises TooManyError past `CAP` boxes."""
        return checked(self._boxes(test, positive))

    def _boxes(self, test: tree.Test, positive: bool) -> list[Box]:
        match test:
            case tree.Always():
                return [{}] if test.value is positive else []
            case tree.AllOf() | tree.AnyOf():
                parts = [self._boxes(item, positive) for item in test.items]
                return self._join(isinstance(test, tree.AllOf) is positive, parts)
            case tree.Negation():
                return self._boxes(test.item, not positive)
            case tree.Defined():
                key = (test.key, positive)
                if key not in self._definitions:
                    try:
                        self._definitions[key] = checked(self._boxes(test.item, positive))
                    except TooManyError:
                        self._definitions[key] = None
                found = self._definitions[key]
                if found is None:
                    raise TooManyError
                return found
            case tree.Comparison():
                inner = nested(test)
                if inner is not None:
                    return self._boxes(inner[0], inner[1] is positive)
        leaf = (self._key(test), positive)
        known = self._literals.get(leaf)
        if known is None:
            known = self._literals[leaf] = self._of_formula(self._formulas[leaf[0]], positive)
        return known

    def _join(self, conjunction: bool, parts: list[list[Box]]) -> list[Box]:
        if conjunction:
            return every(parts, self.possible)
        return join(box for part in parts for box in part)

    def _of_formula(self, formula: Formula, positive: bool) -> list[Box]:
        if isinstance(formula, Is):
            mask = formula.mask() & formula.axis.full
            mask = mask if positive else formula.axis.full & ~mask
            if mask == formula.axis.full:
                return [{}]
            return [{formula.axis.id: mask}] if mask else []
        return self._join(formula.all is positive, [self._of_formula(part, positive) for part in formula.parts])

    # ---- axes --------------------------------------------------------------------------------------------------

    def _add(self, axis: Axis) -> Any:
        self.axes.append(axis)
        return axis

    def _next(self) -> int:
        return len(self.axes)

    def flag(self, key: Hashable, label: str, loose: str | None = None, bound: bool = False) -> FlagAxis:
        """The axis of a test that is true or false."""
        axis = self.flags.get(key)
        if axis is None:
            axis = self.flags[key] = self._add(FlagAxis(self._next(), label, loose, bound))
        return axis

    def field(self, name: str) -> Access | None:
        """Where a field's values lie; None for a list, which has none."""
        field = self.environment.fields.get(name)
        if field is None:
            return None
        return self._field(tree.FieldRef(NOWHERE, name, field.type, field.optional))

    def _field(self, ref: tree.FieldRef) -> Access | None:
        access = self.accesses.get(ref.name)
        if access is not None:
            return access
        joint = next((joint for joint in self.domains.joints if ref.name in joint.fields), None)
        if joint is not None:
            self._join_fields(joint)
            return self.accesses[ref.name]
        axis = self._own_axis(ref)
        if axis is None:
            return None
        access = self.accesses[ref.name] = Access(ref.name, axis, axis)
        return access

    def _join_fields(self, joint: Joint) -> None:
        axis: JointAxis = self._add(JointAxis(self._next(), joint))
        for place, name in enumerate(joint.fields):
            values = dict.fromkeys(row[place] for row in joint.rows)
            inner = ChoiceAxis(axis.id, name, values, None in values, False, False)
            axis.inner[name] = inner
            self._joints[name] = axis
            self.accesses[name] = Access(name, axis, inner)

    def _own_axis(self, ref: tree.FieldRef) -> ChoiceAxis | OrderedAxis | None:
        kind, optional, number = ref.type.kind, ref.optional, self._next()
        if kind == "enum" and ref.type.enum is not None:
            enum = ref.type.enum
            return self._choice(ChoiceAxis(number, ref.name, enum.values, optional, enum.open, False))
        if kind == "flag":
            return self._choice(ChoiceAxis(number, ref.name, (True, False), optional, False, False))
        if kind == "entity":
            teams = sorted(self.environment.teams) if ref.type.entity == "team" else ()
            return self._choice(ChoiceAxis(number, ref.name, teams, optional, not teams, False))
        if kind == "text":
            axis = self._choice(ChoiceAxis(number, ref.name, (), optional, True, True))
            self.texts[ref.name] = TextGroup(ref.name, axis)
            return axis
        if kind in ("number", "duration", "time", "date"):
            bounds = self.domains.bounds.get(ref.name, Bounds(whole=kind == "date"))
            ordered: OrderedAxis = self._add(OrderedAxis(number, ref.name, optional, bounds))
            return ordered
        return None

    def _choice(self, axis: ChoiceAxis) -> ChoiceAxis:
        self._add(axis)
        return axis

    def _list(self, ref: tree.FieldRef) -> ListGroup:
        group = self.lists.get(ref.name)
        if group is None:
            group = self.lists[ref.name] = ListGroup(ref.name, ref.optional)
        return group

    def _change(self, ref: tree.FieldRef) -> ChangeGroup | None:
        group = self.changes.get(ref.name)
        access = self._field(ref)
        if group is None and access is not None:
            label = f"before {ref.name}"
            inner = access.inner
            before: ChoiceAxis | OrderedAxis
            if isinstance(inner, ChoiceAxis):
                before = ChoiceAxis(self._next(), label, (), True, inner.open, inner.text)
            else:
                before = OrderedAxis(self._next(), label, True, inner.bounds)
            self._add(before)
            flag: FlagAxis = self._add(FlagAxis(self._next(), f"{ref.name} changed"))
            tracked = self.domains.tracked is None or ref.name in self.domains.tracked
            group = self.changes[ref.name] = ChangeGroup(access, before, flag, tracked)
        return group

    # ---- formulas ----------------------------------------------------------------------------------------------

    def _formula(self, leaf: tree.Test) -> Formula:
        reads = tree.reads(leaf)
        setting = setting_in(leaf)
        if reads and reads <= self.moments.fields and setting is None and plugin_in(leaf, _KNOWN) is None:
            self.moments.learn(leaf)
            return Is(self.place, lambda: self.moments.mask(leaf))
        found = self._settled(leaf)
        if found is not None:
            return found
        plugin = plugin_in(leaf, _KNOWN)
        loose = f"`{setting}`" if setting else (f"`{plugin}`" if plugin else None)
        flag = self.flag(key_of(leaf), _words(leaf), loose, bound=True)
        flag.reads = reads
        return Is(flag, lambda: FlagAxis.TRUE)

    def _settled(self, leaf: tree.Test) -> Formula | None:
        """What boxes know how to say; None for what is opaque."""
        match leaf:
            case tree.Truth(value=tree.FieldRef()):
                return self._equal(leaf.value, (True,))
            case tree.Comparison():
                return self._comparison(leaf)
            case tree.OneOf():
                return self._one_of(leaf)
            case tree.Elapsed() if setting_in(leaf) is None and plugin_in(leaf, _KNOWN) is None:
                kind = "days" if leaf.duration.days is not None else "hours"
                axis = self._derived(("elapsed", key_of(leaf.elapsed), kind), leaf.elapsed)
                return _compare(axis, leaf.op, leaf.duration.micros)
            case tree.WithinHours(left=tree.FieldRef() as ref):
                access = self._field(ref)
                if access is None:
                    return None
                flag = self.flag(("hours", key_of(leaf.left), leaf.calendar), _words(leaf), bound=True)
                flag.reads = frozenset({ref.name})
                wanted = FlagAxis.FALSE if leaf.negated else FlagAxis.TRUE
                return Several(True, (_set(access), Is(flag, lambda: wanted)))
            case tree.ListHas(left=tree.FieldRef()):
                return self._has(leaf)
            case tree.TextContains(left=tree.FieldRef()) | tree.TextAffix(left=tree.FieldRef()):
                return self._text(leaf)
            case tree.TextMatches(left=tree.FieldRef()):
                return self._text(leaf)
            case tree.IsEmpty(left=tree.FieldRef() as ref):
                return self._is_empty(leaf, ref)
            case tree.HasChanged():
                return self._changed(leaf)
        return None

    def _derived(self, key: Hashable, value: tree.Expr) -> OrderedAxis:
        axis = self._sums.get(key)
        if axis is None:
            bounds = _reach(value) if key == key_of(value) else Bounds()
            axis = self._sums[key] = self._add(OrderedAxis(self._next(), _words(value), True, bounds, bound=True))
            axis.reads = tree.reads(value)
            if key == key_of(value) and is_sum(value):
                self._terms[axis.id] = (axis, value)
        return axis

    def _equal(self, expr: tree.Expr, values: tuple[Any, ...], negated: bool = False) -> Formula | None:
        access = self._field(expr) if isinstance(expr, tree.FieldRef) else None
        if access is None or not isinstance(access.inner, ChoiceAxis):
            return None
        inner = access.inner
        if isinstance(access.axis, ChoiceAxis) and (inner.open or inner.text):
            for value in values:
                inner.learn(value)
        if negated:
            return Is(access.axis, lambda: access.without(inner.pick(values)))
        return Is(access.axis, lambda: access.mask(inner.pick(values)))

    def _comparison(self, node: tree.Comparison) -> Formula | None:
        left, op, right, enum = node.left, node.op, node.right, node.enum
        if _is_constant(left) and not _is_constant(right):
            left, op, right = right, _FLIPPED[op], left
        if not _is_constant(right) or _is_constant(left):
            return self._relation(left, op, right)
        kinds = {type_of(left).kind, type_of(right).kind}
        if isinstance(right, tree.Const):
            if isinstance(right.value, bool):
                return self._equal(left, (right.value is (op == "="),))
            if "text" in kinds:
                if type_of(left).kind != "text":
                    return None
                return self._equal(left, (fold(right.value),), op == "!=")
            if enum is not None:
                place = enum.ranks.get(right.value)
                if place is None:
                    return _FALSE
                return self._equal(left, tuple(v for v in enum.values if _ranked(op, enum.ranks[v], place)))
            if kinds <= {"enum", "entity"}:
                return self._equal(left, (right.value,), op == "!=")
        return self._ordered(left, op, right)

    def _ordered(self, left: tree.Expr, op: str, right: tree.Expr) -> Formula | None:
        setting = setting_in(left)
        if setting is not None or plugin_in(left, _KNOWN) is not None or setting_in(right) is not None:
            return self._relation(left, op, right)
        if isinstance(left, tree.FieldRef):
            access = self._field(left)
            if access is None or not isinstance(access.inner, OrderedAxis):
                return None
            axis = access.inner
        else:
            axis = self._derived(key_of(left), left)
        kind = type_of(left).kind
        if kind == "date" and isinstance(right, tree.Const):
            return _compare(axis, op, _ordinal(right.value))
        if kind == "time":
            text = right.text if isinstance(right, tree.Moment) else str(getattr(right, "value", ""))
            whole = not isinstance(right, tree.Moment) or right.whole_day
            begin = micros_of_text(text)
            return _on_day(axis, op, begin) if whole else _compare(axis, op, begin)
        value = right.value.micros if isinstance(right, tree.Length) else getattr(right, "value", None)
        return None if value is None else _compare(axis, op, value)

    def _relation(self, left: tree.Expr, op: str, right: tree.Expr) -> Formula | None:
        kinds = {type_of(left).kind, type_of(right).kind}
        if kinds & {"flag", "list"}:
            return None
        for side in (left, right):
            if isinstance(side, tree.FieldRef):
                self._field(side)
        one, other = key_of(left), key_of(right)
        if one == other and type_of(left).kind != "time":
            return None
        if repr(one) > repr(other):
            one, other, op = other, one, _FLIPPED[op]
            left, right = right, left
        loose = setting_in(left) or setting_in(right) or plugin_in(left, _KNOWN) or plugin_in(right, _KNOWN)
        key = ("relation", one, other)
        axis = self._relations.get(key)
        if axis is None:
            label = f"{_words(left)} against {_words(right)}"
            axis = self._relations[key] = self._add(
                RelationAxis(self._next(), label, f"`{loose}`" if loose else None, bound=True)
            )
            if loose is None and is_sum(left) and is_sum(right):
                self._compared[axis.id] = (axis, left, right)
        axis.reads = tree.reads(left) | tree.reads(right)
        regions = axis.compare(op)
        return Is(axis, lambda: regions)

    def _one_of(self, node: tree.OneOf) -> Formula | None:
        kind = type_of(node.left).kind
        if kind in ("enum", "entity", "text", "flag") and all(isinstance(item, tree.Const) for item in node.items):
            values = tuple(item.value for item in node.items if isinstance(item, tree.Const))
            texts = any(type_of(item).kind == "text" for item in node.items)
            if texts and kind != "text":
                return None
            return self._equal(node.left, tuple(map(fold, values)) if kind == "text" else values, node.negated)
        op = "!=" if node.negated else "="
        parts = [self._comparison(tree.Comparison(node.span, op, node.left, item)) for item in node.items]
        found = tuple(part for part in parts if part is not None)
        return Several(node.negated, found) if len(found) == len(parts) else None

    def _has(self, node: tree.ListHas) -> Formula | None:
        ref = node.left
        if not isinstance(ref, tree.FieldRef) or not all(isinstance(item, tree.Const) for item in node.items):
            return None
        folds = ref.type.item == Type("text")
        group = self._list(ref)
        parts: list[Formula] = []
        for item in node.items:
            value = str(item.value) if isinstance(item, tree.Const) else ""
            name = fold(value) if folds else value
            flag = group.named.get(name)
            if flag is None:
                flag = group.named[name] = self.flag(("has", ref.name, name), f"{ref.name} has {value}")
                group.items[flag.id] = value
            parts.append(_true(flag))
        return Several(node.mode == "all", tuple(parts))

    def _text(self, node: tree.TextContains | tree.TextAffix | tree.TextMatches) -> Formula | None:
        ref = node.left
        if not isinstance(ref, tree.FieldRef) or ref.type.kind != "text":
            return None
        self._field(ref)
        group = self.texts[ref.name]
        tests: list[TextTest]
        everything = False
        if isinstance(node, tree.TextContains):
            words = [w for w in dict.fromkeys(w if node.exact else fold(w) for w in node.words) if w]
            everything = node.mode == "all" or bool(words and node.mode == "only")
            tests = [TextTest("words", (w,), node.exact) for w in words]
            if node.mode != "all":  # what is nothing but the words has one of them, too
                tests = [TextTest(k, tuple(words), node.exact) for k in OF_MODE[node.mode] if words]
        elif isinstance(node, tree.TextAffix):
            tests = [TextTest(node.where, (fold(node.text),))]
        else:
            tests = [TextTest("pattern", (node.pattern,), ignore_case=node.ignore_case)]
        parts: list[Formula] = []
        for test in tests:
            key = ("text", ref.name, test.kind, test.exact, test.ignore_case, frozenset(test.words))
            flag = self.flag(key, _words(node))
            group.tests.setdefault(flag.id, test)
            parts.append(_true(flag))
        if everything and not parts:
            access = self.accesses[ref.name]
            return _set(access)
        return Several(everything, tuple(parts))

    def _is_empty(self, node: tree.IsEmpty, ref: tree.FieldRef) -> Formula | None:
        if ref.type.kind == "list":
            group = self._list(ref)
            if group.empty is None:
                group.empty = self.flag(("empty", ref.name), f"{ref.name} is empty")
            wanted = FlagAxis.FALSE if node.negated else FlagAxis.TRUE
            return Is(group.empty, lambda: wanted)
        access = self._field(ref)
        if access is None:
            return None
        if node.negated:
            return Is(access.axis, lambda: access.mask(access.inner.full & ~access.inner.empty))
        return Is(access.axis, lambda: access.mask(access.inner.empty))

    def _changed(self, node: tree.HasChanged) -> Formula | None:
        ref = node.field
        if ref.type.kind == "list":
            if node.before is not None or node.after is not None:
                return None
            return _true(self.flag(("changed", ref.name), f"{ref.name} changed"))
        group = self._change(ref)
        if group is None:
            return None
        parts: list[Formula] = [_true(group.flag)]
        for side, before in ((node.before, True), (node.after, False)):
            if side is None:
                continue
            part = self._side(group, ref, side, before)
            if part is None:
                return None
            parts.append(part)
        return Several(True, tuple(parts))

    def _side(
        self, group: ChangeGroup, ref: tree.FieldRef, side: tree.Expr | tree.Nothing, before: bool
    ) -> Formula | None:
        access, inner = group.access, group.access.inner
        if isinstance(side, tree.Nothing):
            if before:
                return Is(group.before, lambda: group.before.empty)
            return Is(access.axis, lambda: access.mask(inner.empty))
        if not _is_constant(side) or setting_in(side) is not None:
            return None
        found = self._comparison(tree.Comparison(side.span, "=", ref, side))
        if not isinstance(found, Is) or found.axis is not access.axis:
            return None
        if not before:
            return found
        # The former value's axis has the same regions as the value's own.
        return Is(group.before, lambda: access.own(found.mask()))


def _true(flag: FlagAxis) -> Formula:
    return Is(flag, lambda: FlagAxis.TRUE)


def _set(access: Access) -> Formula:
    return Is(access.axis, lambda: access.mask(access.inner.full & ~EMPTY))


def _compare(axis: OrderedAxis, op: str, value: Any) -> Formula:
    axis.learn(value)
    return Is(axis, lambda: axis.compare(op, value))


def _on_day(axis: OrderedAxis, op: str, begin: int) -> Formula:
    end = begin + _DAY
    axis.learn(begin)
    axis.learn(end)
    return Is(
        axis,
        lambda: {
            "=": axis.compare(">=", begin) & axis.compare("<", end),
            "!=": axis.compare("<", begin) | axis.compare(">=", end),
            "<": axis.compare("<", begin),
            "<=": axis.compare("<", end),
            ">": axis.compare(">=", end),
            ">=": axis.compare(">=", begin),
        }[op],
    )


def _ordinal(day: str) -> int:
    return micros_of_text(day) // _DAY


def _is_constant(node: tree.Expr) -> bool:
    return isinstance(node, tree.Const | tree.Length | tree.Moment)


def _ranked(op: str, one: int, other: int) -> bool:
    return {"=": one == other, "!=": one != other, "<": one < other, "<=": one <= other, ">": one > other}.get(
        op, one >= other
    )


def _reach(value: tree.Expr) -> Bounds:
    """How far a computed value may go at all: a length is a count."""
    counts = isinstance(value, tree.CallOf) and value.function in (form.function for form in BUILTINS["length"])
    return Bounds(lowest=0, whole=True) if counts else Bounds()


def _words(node: tree.Node) -> str:
    return " ".join(node.span.text.split())

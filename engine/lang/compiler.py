"""Checked tree to Python functions.

Each condition becomes one expression `f(g, b, h, m)` (see runtime.py). Source is built only from the checked tree:
constants are passed by name, so nothing an author wrote ever stands in it; it has no builtins and no attribute access.
Many functions are compiled together in one unit.

Of the parts of an `and` or an `or`, those that cannot raise are asked first: what a plugin's function or a calendar
makes of a case is then only asked, and only fails, where it counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from engine.lang import tree
from engine.lang.conjunctions import is_safe
from engine.lang.patterns import finder
from engine.lang.runtime import NAMES
from engine.lang.text import WordSet, fold
from engine.lang.tree import type_of
from engine.lang.types import Enum, Type

Compiled = Callable[[Any, Any, Any, Any], Any]

_PYTHON = {"=": "==", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_DUE = {"=": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


class Unit:
    """A batch of functions that share one compilation. `add_…` gives a number; `build` makes the functions."""

    def __init__(self) -> None:
        self._names: dict[str, Any] = {"__builtins__": {}, **NAMES}
        self._constants: dict[tuple[type, Any], str] = {}
        self._wordsets: dict[tuple[tuple[str, ...], bool], WordSet] = {}
        self._definitions: dict[str, str] = {}
        self._ranks: dict[tuple[str, ...], dict[str, int]] = {}
        self._lines: list[str] = []
        self._functions: list[str] = []
        self._locals = 0

    def add_test(self, test: tree.Test) -> int:
        """A condition; the function gives a bool."""
        return self._add(self._test(test))

    def add_value(self, value: tree.Expr) -> int:
        """A value; the function gives it, None when empty."""
        return self._add(self._value(value))

    def add_source(self, name: str, lines: Iterable[str]) -> int:
        """A function written out, called `name`: its lines name nothing but what `constant` and `test_code` gave, and
        what runtime.py offers."""
        self._functions.append(name)
        self._lines.extend(lines)
        return len(self._functions) - 1

    def constant(self, value: Any) -> str:
        """The name under which code of this unit sees `value`."""
        return self._constant(value)

    def constant_object(self, value: Any) -> str:
        """The same for a value that need not be equal to another one to be the same."""
        name = f"o{len(self._names)}"
        self._names[name] = value
        return name

    def test_code(self, test: tree.Test) -> str:
        """An expression over `g`, `b`, `h`, `m` that is true when the condition holds."""
        return self._test(test)

    def build(self) -> list[Compiled]:
        """The functions in the order they were added. The unit is used up."""
        source = "\n".join(self._lines)
        exec(compile(source, "<rules>", "exec"), self._names)  # noqa: S102 - built from the checked tree only
        return [self._names[name] for name in self._functions]

    def _add(self, code: str) -> int:
        name = f"f{len(self._functions)}"
        self._functions.append(name)
        self._lines.append(f"def {name}(g, b, h, m): return {code}")
        return len(self._functions) - 1

    # ---- names -------------------------------------------------------------------------------------------------

    def _constant(self, value: Any) -> str:
        """The name under which the code sees `value`."""
        try:
            key = (type(value), value)
            name = self._constants.get(key)
            if name is None:
                name = self._constants[key] = f"c{len(self._constants)}"
                self._names[name] = value
            return name
        except TypeError:
            return self.constant_object(value)

    def _local(self) -> str:
        self._locals += 1
        return f"v{self._locals}"

    def _guarded(self, code: str, test: str) -> str:
        """`test` (with `%` for the value) unless the value is empty."""
        local = self._local()
        return f"(({local} := {code}) is not None and {test.replace('%', local)})"

    # ---- values ------------------------------------------------------------------------------------------------

    def _value(self, node: tree.Expr) -> str:
        match node:
            case tree.Const():
                return self._constant(node.value)
            case tree.Moment():
                return f"_at(h, {self._constant(node.text)})"
            case tree.Length():
                return str(node.value.micros)
            case tree.FieldRef():
                return f"g({self._constant(node.name)})"
            case tree.Setting():
                return f"g({self._constant(node.name)}, {self._constant(node.value)})"
            case tree.Arith():
                return self._arithmetic(node)
            case tree.CallOf():
                arguments = [self._value(argument) for argument in node.arguments]
                if node.timed:
                    arguments.insert(0, f"g({self._constant('now')})")
                if node.zoned:
                    arguments.insert(0, "_zone(h)")
                return f"_call({self._constant(node.function.call)}, {', '.join(arguments)})"
        return self._test(node)

    def _arithmetic(self, node: tree.Arith) -> str:
        left, right = self._value(node.left), self._value(node.right)
        if isinstance(node.right, tree.Length) and node.right.value.business:
            return f"_business(h, {left}, {self._constant(node.right.value)})"
        if type_of(node.left).kind == "date":
            if type_of(node.right).kind == "date":
                return f"_days({left}, {right})"
            days = (node.right.value.days or 0) if isinstance(node.right, tree.Length) else 0
            return f"_shift({left}, {-days if node.op == '-' else days})"
        name = {"+": "_add", "-": "_sub", "*": "_mul", "/": "_div"}[node.op]
        code = f"{name}({left}, {right})"
        exact = node.op in "+-" or node.type.kind == "number"
        return code if exact else f"_whole({code})"

    def _folded(self, node: tree.Expr) -> str:
        """Code for the fold of a text."""
        match node:
            case tree.FieldRef():
                return f"_fold(m, g, {self._constant(node.name)})"
            case tree.Const():
                return self._constant(fold(node.value))
        return f"_fold_value({self._value(node)})"

    # ---- conditions --------------------------------------------------------------------------------------------

    def _test(self, node: Any) -> str:
        match node:
            case tree.Always():
                return "True" if node.value else "False"
            case tree.AllOf():
                return "(" + " and ".join(self._test(item) for item in _safe_first(node.items)) + ")"
            case tree.AnyOf():
                return "(" + " or ".join(self._test(item) for item in _safe_first(node.items)) + ")"
            case tree.Negation():
                return f"(not {self._test(node.item)})"
            case tree.Truth():
                return f"({self._value(node.value)} is True)"
            case tree.Comparison():
                return self._comparison(node)
            case tree.Elapsed():
                code = f"_due(g, h, {self._value(node.elapsed)}, {self._constant(node.duration)})"
                return self._guarded(code, f"% {_DUE[node.op]} g({self._constant('now')})")
            case tree.OneOf():
                return self._one_of(node)
            case tree.WithinHours():
                negation = "not " if node.negated else ""
                return self._guarded(self._value(node.left), f"{negation}_hours(h, {self._constant(node.calendar)}, %)")
            case tree.ListHas():
                return self._list_has(node)
            case tree.TextContains():
                return self._contains(node)
            case tree.TextAffix():
                name = "_starts" if node.where == "starts" else "_ends"
                return self._guarded(self._folded(node.left), f"{name}(%, {self._constant(fold(node.text))})")
            case tree.TextMatches():
                found = finder(node.pattern, node.ignore_case)
                return self._guarded(self._value(node.left), f"{self._constant(found)}(%)")
            case tree.IsEmpty():
                return self._is_empty(self._value(node.left), negated=node.negated)
            case tree.HasChanged():
                return self._changed(node)
            case tree.Defined():
                return f"{self._definition(node)}(g, b, h, m)"
        raise AssertionError(f"not a condition: {node!r}")

    def _is_empty(self, code: str, *, negated: bool) -> str:
        """As runtime.py's `is_empty`, without a call."""
        local = self._local()
        if negated:
            return f"(({local} := {code}) is not None and {local} not in _EMPTY)"
        return f"(({local} := {code}) is None or {local} in _EMPTY)"

    def _definition(self, node: tree.Defined) -> str:
        """A definition is a function of its own, asked once an evaluation."""
        name = self._definitions.get(node.key)
        if name is None:
            name = self._definitions[node.key] = f"d{len(self._definitions)}"
            key = self._constant(("definition", node.key))
            code = self._test(node.item)
            self._lines.append(
                f"def {name}(g, b, h, m):\n    if {key} in m: return m[{key}]\n    m[{key}] = r = {code}\n    return r"
            )
        return name

    def _comparison(self, node: tree.Comparison) -> str:
        left, right = node.left, node.right
        kinds = {type_of(left).kind, type_of(right).kind}
        if "text" in kinds:
            return self._plain(node.op, self._folded(left), right, self._folded(right))
        if node.enum is not None:
            return self._ranked(node.op, self._value(left), right, node.enum)
        if kinds == {"time", "date"}:
            sides = [self._value(side) for side in (left, right)]
            for index, side in enumerate((left, right)):
                if type_of(side).kind == "time":
                    sides[index] = f"_day(h, {sides[index]})"
            return self._plain(node.op, sides[0], right, sides[1])
        if isinstance(right, tree.Moment) and right.whole_day and not isinstance(left, tree.Moment):
            return self._on_day(node.op, self._value(left), right)
        return self._plain(node.op, self._value(left), right, self._value(right))

    def _plain(self, op: str, left: str, right: tree.Expr, code: str) -> str:
        """Compare two values of one kind; false when one is empty."""
        if isinstance(right, tree.Const) and isinstance(right.value, bool):
            if op == "=":
                return f"({left} is {right.value})"
            return f"({left} is {not right.value})"
        if isinstance(right, tree.Const | tree.Length | tree.Moment):
            if op == "=":
                return f"({left} == {code})"
            return self._guarded(left, f"% {_PYTHON[op]} {code}")
        other = self._local()
        return self._guarded(left, f"({other} := {code}) is not None and % {_PYTHON[op]} {other}")

    def _ranked(self, op: str, left: str, right: tree.Expr, enum: Enum) -> str:
        """Compare by rank; a value outside of the enumeration is like an empty one."""
        ranks = self._ranks.setdefault(enum.values, enum.ranks)
        rank = self._constant(ranks.get)
        if isinstance(right, tree.Const):
            place = enum.ranks.get(right.value)
            if place is None:
                return "False"
            lower = "-1 < " if op in ("<", "<=") else ""
            return f"({lower}{rank}({left}, -1) {_PYTHON[op]} {place})"
        one, two = self._local(), self._local()
        return (
            f"(({one} := {rank}({left}, -1)) >= 0 and ({two} := {rank}({self._value(right)}, -1)) >= 0"
            f" and {one} {_PYTHON[op]} {two})"
        )

    def _on_day(self, op: str, left: str, day: tree.Moment) -> str:
        text = self._constant(day.text)
        begin, end = f"_begin(h, {text})", f"_end(h, {text})"
        return self._guarded(
            left,
            {
                "=": f"{begin} <= % < {end}",
                "!=": f"not {begin} <= % < {end}",
                "<": f"% < {begin}",
                "<=": f"% < {end}",
                ">": f"% >= {end}",
                ">=": f"% >= {begin}",
            }[op],
        )

    def _one_of(self, node: tree.OneOf) -> str:
        constants = [item.value for item in node.items if isinstance(item, tree.Const)]
        constants += [item.value.micros for item in node.items if isinstance(item, tree.Length)]
        kind = type_of(node.left).kind
        if len(constants) == len(node.items) and kind != "time":
            if kind == "text" or any(type_of(item).kind == "text" for item in node.items):
                left, members = self._folded(node.left), frozenset(fold(value) for value in constants)
            else:
                left, members = self._value(node.left), frozenset(constants)
            known = self._constant(members)
            if node.negated:
                return self._guarded(left, f"% not in {known}")
            return f"({left} in {known})"
        op, joint, none = ("!=", " and ", "True") if node.negated else ("=", " or ", "False")
        tests = [self._comparison(tree.Comparison(node.span, op, node.left, item)) for item in node.items]
        return f"({joint.join(tests) or none})"

    def _list_has(self, node: tree.ListHas) -> str:
        folds = type_of(node.left).item == Type("text")
        values = self._value(node.left)
        if folds:
            values = f"_fold_items({values})"
        if all(isinstance(item, tree.Const) for item in node.items):
            constants = [item.value for item in node.items if isinstance(item, tree.Const)]
            members = frozenset(fold(value) for value in constants) if folds else frozenset(constants)
            if node.mode == "any":
                return f"(not {self._constant(members.isdisjoint)}({values} or ()))"
            return f"({self._constant(members.issubset)}({values} or ()))"
        items = ", ".join(self._folded(item) if folds else self._value(item) for item in node.items)
        return f"_{node.mode}({values}, ({items},))"

    def _contains(self, node: tree.TextContains) -> str:
        key = (node.words, node.exact)
        words = self._wordsets.get(key)
        if words is None:
            words = self._wordsets[key] = WordSet(node.words, node.exact)
        test = self._constant({"any": words.any, "all": words.all, "only": words.only}[node.mode])
        text = self._value(node.left) if node.exact else self._folded(node.left)
        return self._guarded(text, f"{test}(%)")

    def _changed(self, node: tree.HasChanged) -> str:
        name = self._constant(node.field.name)
        parts = [f"_differs(g({name}), b({name}))"]
        for getter, side in (("b", node.before), ("g", node.after)):
            if side is None:
                continue
            if isinstance(side, tree.Nothing):
                parts.append(f"_empty({getter}({name}))")
                continue
            if type_of(side).kind == "text" or node.field.type.kind == "text":
                parts.append(f"(_fold_value({getter}({name})) == {self._folded(side)})")
            elif isinstance(side, tree.Moment) and side.whole_day:
                parts.append(self._on_day("=", f"{getter}({name})", side))
            else:
                parts.append(self._plain("=", f"{getter}({name})", side, self._value(side)))
        return "(" + " and ".join(parts) + ")"


def _safe_first(items: Sequence[tree.Test]) -> Sequence[tree.Test]:
    return sorted(items, key=lambda item: not is_safe(item))


def compile_test(test: tree.Test) -> Compiled:
    """One condition by itself."""
    unit = Unit()
    unit.add_test(test)
    return unit.build()[0]

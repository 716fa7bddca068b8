"""One compiled rule: its condition, what it wants done, and how it is shown. Immutable, shared by threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from engine.lang import ast, tree
from engine.lang.checked import CheckedAction, Dynamic, EventRef, Limit
from engine.lang.compiler import Compiled, Unit, compile_test
from engine.lang.conjunctions import Shape, shape
from engine.lang.functions import date_of
from engine.lang.runtime import Helpers
from engine.lang.source import Span
from engine.lang.tree import Test
from engine.lang.verbs import Args


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a condition, how it was written, whether it held, and the values it read."""

    text: str
    span: Span
    holds: bool
    values: Mapping[str, Any]


class Effect(NamedTuple):
    """An action that a rule wants done now, with its arguments. `position`: its place in the rule, from 0."""

    rule: Rule
    position: int
    action: str
    args: Args

    @property
    def order(self) -> tuple[int, bool, str, int]:
        """Higher priority first, then a shop's own, then the rule's id, then its place in the rule."""
        return (-self.rule.priority, self.rule.shop is None, self.rule.id, self.position)


class Condition:
    """A compiled condition. `reads`: the fields it may read. `call`: the condition as a function of (`g`, `b`, `h`,
    `m`), see runtime.py."""

    __slots__ = ("_parts", "_shape", "_tree", "call", "reads")

    def __init__(self, test: Test, call: Compiled | None = None) -> None:
        self._tree: Test | None = test
        self.reads = tree.reads(test)
        self.call: Compiled = call if call is not None else compile_test(test)
        self._parts: list[tuple[Test, Compiled]] | None = None
        self._shape: Shape | None = None

    @property
    def tree(self) -> Test:
        """Its checked form."""
        if self._tree is None:
            self._tree = self._read()
        return self._tree

    def _read(self) -> Test:
        raise AssertionError("only a stored condition has its tree elsewhere")

    @property
    def shape(self) -> Shape:
        """How the index files it; worked out once."""
        if self._shape is None:
            self._shape = shape(self.tree)
        return self._shape

    def holds(self, values: Mapping[str, Any], before: Mapping[str, Any], helpers: Helpers) -> bool:
        """Whether it holds. `before`: the values before the wave, for `changed`. Raises what a plugin's function
        raises."""
        return bool(self.call(values.get, before.get, helpers, {}))

    def explain(self, values: Mapping[str, Any], before: Mapping[str, Any], helpers: Helpers) -> list[Clause]:
        """The parts that are joined by `and`, in order, each with whether it held and the values it read.

        Personal values are given as they are; masking them is the caller's.
        """
        if self._parts is None:
            items = self.tree.items if isinstance(self.tree, tree.AllOf) else (self.tree,)
            self._parts = [(item, compile_test(item)) for item in items]
        clauses = []
        for item, call in self._parts:
            read = {name: values.get(name) for name in sorted(tree.reads(item))}
            holds = bool(call(values.get, before.get, helpers, {}))
            clauses.append(Clause(" ".join(item.span.text.split()), item.span, holds, read))
        return clauses


Maker = tuple[str, Callable[[Any, Any, Any, Any], Args | None]]
"""An action, and what makes its arguments of (`g`, `b`, `h`, `m`), see runtime.py; None when its team or agent is
empty."""


class Body(Protocol):
    """What of a rule is only needed when it acts or is shown, so that a stored rule may leave it unread till then."""

    @property
    def actions(self) -> tuple[CheckedAction, ...]: ...

    @property
    def source(self) -> ast.Rule: ...

    @property
    def makers(self) -> tuple[Maker, ...]: ...


@dataclass(frozen=True, slots=True)
class Whole:
    """A body that was just compiled."""

    actions: tuple[CheckedAction, ...]
    source: ast.Rule
    makers: tuple[Maker, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Rule:
    """A compiled rule.

    `id`: its name, or `shop/name` for a shop's own. `starts`, `ends`: first and last day (`YYYY-MM-DD`, shop's zone).
    `reads`: the fields its condition, actions and texts may read. `names_automatic`: its condition asks
    `message.automatic`, so it may answer automatic messages.
    """

    id: str
    name: str
    title: str | None
    file: str
    line: int
    span: Span
    stage: str
    priority: int
    owner: str | None
    note: str | None
    shop: str | None
    starts: str | None
    ends: str | None
    limit: Limit | None
    events: tuple[EventRef, ...]
    condition: Condition | None
    reads: frozenset[str]
    names_automatic: bool
    variant: str | None
    body: Body = field(repr=False)

    def __repr__(self) -> str:
        return f"<rule {self.id} at {self.file}:{self.line}>"

    @property
    def actions(self) -> tuple[CheckedAction, ...]:
        """What it wants done, checked, in the order written."""
        return self.body.actions

    @property
    def source(self) -> ast.Rule:
        """The rule as it was parsed."""
        return self.body.source

    def effects(self, values: Mapping[str, Any], before: Mapping[str, Any], helpers: Helpers) -> list[Effect]:
        """What the rule wants done, in the order written. An action whose team or agent is empty is left out."""
        memo: dict[Any, Any] = {}
        found = []
        for position, (action, make) in enumerate(self.body.makers):
            args = make(values.get, before.get, helpers, memo)
            if args is not None:
                found.append(Effect(self, position, action, args))
        return found

    @property
    def shape(self) -> Shape:
        """Its condition as the index files it."""
        return shape(None) if self.condition is None else self.condition.shape

    @property
    def call(self) -> Compiled | None:
        """The whole of what it asks, days included, as a function (see Condition); None when it asks nothing."""
        condition = self.condition
        if self.starts is None and self.ends is None:
            return None if condition is None else condition.call

        def asked(g: Any, b: Any, h: Any, m: Any) -> bool:
            return (condition is None or bool(condition.call(g, b, h, m))) and self.in_dates(g("now"), h.zone)

        return asked

    @property
    def unsure(self) -> bool:
        """Whether it has to be asked even where its shape holds: its condition may raise, or it has days."""
        return self.starts is not None or self.ends is not None or not self.shape.sure

    def in_dates(self, now: int | None, zone: str) -> bool:
        """Whether `now` (µs UTC) is within the rule's days, both included."""
        if now is None or (self.starts is None and self.ends is None):
            return True
        day = date_of(zone, now)
        return (self.starts is None or self.starts <= day) and (self.ends is None or day <= self.ends)


@dataclass(frozen=True, slots=True)
class _Late:
    """An argument computed by function number `index` of the unit."""

    index: int
    needed: bool


def plan_actions(actions: Iterable[CheckedAction], unit: Unit) -> list[dict[str, Any]]:
    """The actions' arguments, with what has to be computed added to `unit`; `make_actions` takes them afterwards."""
    return [_plan(action, unit) for action in actions]


def make_actions(
    actions: Iterable[CheckedAction], plans: Iterable[dict[str, Any]], functions: Sequence[Compiled]
) -> tuple[Maker, ...]:
    """A maker for each action; `functions` are those of the built unit."""
    return tuple(_maker(action, plan, functions) for action, plan in zip(actions, plans, strict=True))


def _plan(action: CheckedAction, unit: Unit) -> dict[str, Any]:
    def plan(value: Any) -> Any:
        if isinstance(value, Dynamic):
            return _Late(unit.add_value(value.value), value.needed)
        if isinstance(value, tuple):
            return tuple(plan(item) for item in value)
        if isinstance(value, Mapping):
            return {name: plan(item) for name, item in value.items()}
        return value

    return {name: plan(value) for name, value in action.args.items()}


class _LeftOut(Exception):
    """An action whose target is empty."""


def _maker(action: CheckedAction, arguments: dict[str, Any], functions: Sequence[Compiled]) -> Maker:
    if not _is_late(arguments):
        return action.action, lambda g, b, h, m: arguments

    def fill(value: Any, g: Any, b: Any, h: Any, m: Any) -> Any:
        if isinstance(value, _Late):
            found = functions[value.index](g, b, h, m)
            if found is None and value.needed:
                raise _LeftOut
            return found
        if isinstance(value, tuple):
            return tuple(fill(item, g, b, h, m) for item in value)
        if isinstance(value, dict):
            return {name: fill(item, g, b, h, m) for name, item in value.items()}
        return value

    def make(g: Any, b: Any, h: Any, m: Any) -> Args | None:
        try:
            filled: Args = fill(arguments, g, b, h, m)
        except _LeftOut:
            return None
        return filled

    return action.action, make


def _is_late(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_is_late, value.values()))
    if isinstance(value, tuple):
        return any(map(_is_late, value))
    return isinstance(value, _Late)

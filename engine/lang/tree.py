"""The checked tree: what a condition means, with every name resolved and every value typed.

The compiler turns it into Python, the store into SQL, the analysis into boxes. It holds no name that is not known.
`text` of a span is how the author wrote it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from engine.lang.environment import Function
from engine.lang.source import Span
from engine.lang.types import FLAG, Duration, Enum, Type


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of a checked condition."""

    span: Span


# ---- values: each has a type; an empty operand makes an empty result --------------------------------------------


@dataclass(frozen=True, slots=True)
class Const(Node):
    """A constant in its run-time form: str, int, Decimal, bool, a day `YYYY-MM-DD`, or int microseconds."""

    value: Any
    type: Type


@dataclass(frozen=True, slots=True)
class Moment(Node):
    """A time written as text, in the shop's zone: a whole day (`2026-01-31`) or a minute (`2026-01-31 09:00`)."""

    text: str
    whole_day: bool
    type: Type


@dataclass(frozen=True, slots=True)
class Length(Node):
    """A duration as written; `value.business` ones only meet a duration in a comparison or a time in a sum."""

    value: Duration
    type: Type


@dataclass(frozen=True, slots=True)
class FieldRef(Node):
    """A field's value now."""

    name: str
    type: Type
    optional: bool


@dataclass(frozen=True, slots=True)
class Setting(Node):
    """`setting.NAME`: `value` unless the event's values bring another one (a shop's own)."""

    name: str
    value: Any
    type: Type


@dataclass(frozen=True, slots=True)
class Arith(Node):
    """`left op right` for `+ - * /`; the operand types decide which arithmetic it is."""

    op: str
    left: Expr
    right: Expr
    type: Type


@dataclass(frozen=True, slots=True)
class CallOf(Node):
    """A function applied. `zoned` ones get the shop's zone, `timed` ones the present time, before the arguments."""

    function: Function
    arguments: tuple[Expr, ...]
    type: Type
    zoned: bool = False
    timed: bool = False


# ---- conditions ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Always(Node):
    """`true` or `false` as a condition."""

    value: bool


@dataclass(frozen=True, slots=True)
class AllOf(Node):
    """Each holds."""

    items: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class AnyOf(Node):
    """One holds."""

    items: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class Negation(Node):
    """It does not hold (because it is false, or because something is empty)."""

    item: Test


@dataclass(frozen=True, slots=True)
class Truth(Node):
    """A flag that is true."""

    value: Expr


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """`left op right`, both of one kind (time and day may meet); texts by their folds, ordered enums by rank."""

    op: str
    left: Expr
    right: Expr
    enum: Enum | None = None


@dataclass(frozen=True, slots=True)
class Elapsed(Node):
    """`elapsed op D business`: compares now with `D` of working time after (now - elapsed)."""

    op: str
    elapsed: Expr
    duration: Duration


@dataclass(frozen=True, slots=True)
class OneOf(Node):
    """`left [not] in [..]`."""

    left: Expr
    items: tuple[Expr, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class WithinHours(Node):
    """A time within a calendar's working hours, or (negated) outside of them."""

    left: Expr
    calendar: str
    negated: bool


@dataclass(frozen=True, slots=True)
class ListHas(Node):
    """A list that has any or all of the items."""

    left: Expr
    mode: Literal["any", "all"]
    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class TextContains(Node):
    """A text in which any or all of the words stand, or nothing else does; `name` is the word list's, if it has one."""

    left: Expr
    exact: bool
    mode: Literal["any", "all", "only"]
    words: tuple[str, ...]
    name: str | None = None


@dataclass(frozen=True, slots=True)
class TextAffix(Node):
    """A text that starts or ends with another, by their folds."""

    left: Expr
    where: Literal["starts", "ends"]
    text: str


@dataclass(frozen=True, slots=True)
class TextMatches(Node):
    """A text in which the RE2 pattern is found, unfolded."""

    left: Expr
    pattern: str
    ignore_case: bool


@dataclass(frozen=True, slots=True)
class IsEmpty(Node):
    """An empty value (none, an empty list, an empty text), or (negated) one that is set."""

    left: Expr
    negated: bool


@dataclass(frozen=True, slots=True)
class HasChanged(Node):
    """A field that differs from before the wave; `before`/`after` are asked for unless None; EMPTY means empty."""

    field: FieldRef
    before: Expr | Nothing | None
    after: Expr | Nothing | None


@dataclass(frozen=True, slots=True)
class Nothing(Node):
    """The empty value, where one may be named."""


@dataclass(frozen=True, slots=True, eq=False)
class Defined(Node):
    """A named condition. `key` tells definitions of one name in different shops apart.

    Definitions share their parts, so whoever walks a tree must go into each key once only (`walk` does): a row of
    definitions that use the former twice has few nodes, and more paths than there is time.
    """

    name: str
    key: str
    item: Test = field(repr=False)
    type: Type = FLAG


Test = (
    Always
    | AllOf
    | AnyOf
    | Negation
    | Truth
    | Comparison
    | Elapsed
    | OneOf
    | WithinHours
    | ListHas
    | TextContains
    | TextAffix
    | TextMatches
    | IsEmpty
    | HasChanged
    | Defined
)
Expr = Const | Moment | Length | FieldRef | Setting | Arith | CallOf | Test


def walk(node: Any) -> Iterator[Node]:
    """The node and everything it is made of (definitions once each), without recursion."""
    stack: list[Any] = [node]
    seen: set[str] = set()
    while stack:
        here = stack.pop()
        if isinstance(here, tuple):
            stack.extend(reversed(here))
        elif isinstance(here, Node):
            if isinstance(here, Defined):
                if here.key in seen:
                    continue
                seen.add(here.key)
            yield here
            stack.extend([getattr(here, name) for name in _parts(type(here))])


_NAMES: dict[type, tuple[str, ...]] = {}


def _parts(cls: type[Node]) -> tuple[str, ...]:
    """What a node is made of but its place, last first."""
    names = _NAMES.get(cls)
    if names is None:
        names = _NAMES[cls] = tuple(item.name for item in reversed(fields(cls)) if item.name != "span")
    return names


def uses(node: Any) -> Iterator[Defined]:
    """The definitions named in `node` itself, not those that these use in turn."""
    stack: list[Any] = [node]
    while stack:
        here = stack.pop()
        if isinstance(here, tuple):
            stack.extend(here)
        elif isinstance(here, Defined):
            yield here
        elif isinstance(here, Node):
            stack.extend([getattr(here, name) for name in _parts(type(here))])


def reads(node: Any) -> frozenset[str]:
    """The fields a checked tree reads, `now` among them when a part needs it; settings are not fields here."""
    found: set[str] = set()
    for part in walk(node):
        if isinstance(part, FieldRef):
            found.add(part.name)
        elif isinstance(part, Elapsed) or (isinstance(part, CallOf) and part.timed):
            found.add("now")
    return frozenset(found)


def type_of(node: Expr) -> Type:
    """The type of a value; a condition is a flag."""
    found: Type = getattr(node, "type", FLAG)
    return found

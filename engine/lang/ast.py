"""The syntax tree: what was written, before anything is known about what the names mean. Frozen, with spans."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal
from typing import Any, Literal

from engine.lang.source import Place, Source, Span
from engine.lang.types import Duration


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of the tree and where it stands."""

    span: Span


# ---- values ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A bare name: a value, a definition, a word list or a field without a dot."""

    text: str


@dataclass(frozen=True, slots=True)
class Path(Node):
    """A dotted name: `ticket.type`."""

    text: str


@dataclass(frozen=True, slots=True)
class TextValue(Node):
    """A text in quotes; `place` maps its characters back to the source."""

    text: str


@dataclass(frozen=True, slots=True)
class Number(Node):
    """An exact number."""

    value: int | Decimal


@dataclass(frozen=True, slots=True)
class DurationValue(Node):
    """A duration as written."""

    value: Duration


@dataclass(frozen=True, slots=True)
class Bool(Node):
    """`true` or `false`."""

    value: bool


@dataclass(frozen=True, slots=True)
class Empty(Node):
    """`empty` as a value."""


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function call."""

    name: Name
    arguments: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """`first` and then operator and operand, from left to right; one level of precedence."""

    first: Value
    rest: tuple[tuple[str, Value], ...]


# ---- conditions ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Or(Node):
    """One of them."""

    items: tuple[Cond, ...]


@dataclass(frozen=True, slots=True)
class And(Node):
    """Each of them."""

    items: tuple[Cond, ...]


@dataclass(frozen=True, slots=True)
class Not(Node):
    """The other way round."""

    item: Cond


@dataclass(frozen=True, slots=True)
class Compare(Node):
    """`left op right`; op is `= != < <= > >=`."""

    left: Value
    op: str
    right: Value
    op_span: Span


@dataclass(frozen=True, slots=True)
class In(Node):
    """`left [not] in [..]`."""

    left: Value
    items: tuple[Value, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class InHours(Node):
    """`left [not] in hours NAME`."""

    left: Value
    calendar: Name | TextValue
    negated: bool


@dataclass(frozen=True, slots=True)
class Has(Node):
    """`left has value`, `has any [..]`, `has all [..]`."""

    left: Value
    mode: Literal["any", "all"]
    items: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Contains(Node):
    """`left contains [exact] …`: either a named word list or the words themselves."""

    left: Value
    exact: bool
    mode: Literal["any", "all", "only"]
    words: Name | None
    items: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Affix(Node):
    """`left starts with "…"`, `left ends with "…"`."""

    left: Value
    where: Literal["starts", "ends"]
    text: TextValue


@dataclass(frozen=True, slots=True)
class Matches(Node):
    """`left matches /…/i`."""

    left: Value
    pattern: str
    flags: str
    pattern_span: Span


@dataclass(frozen=True, slots=True)
class Presence(Node):
    """`left is empty`, `left is set`."""

    left: Value
    empty: bool


@dataclass(frozen=True, slots=True)
class Changed(Node):
    """`left changed [from value] [to value]`."""

    left: Value
    before: Value | None
    after: Value | None


Value = Name | Path | TextValue | Number | DurationValue | Bool | Empty | Call | Arithmetic | Any
Cond = Or | And | Not | Compare | In | InHours | Has | Contains | Affix | Matches | Presence | Changed | Value


# ---- actions ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Message(Node):
    """A template by name, or a text of the rule's own."""

    template: Name | TextValue | None
    text: TextValue | None


@dataclass(frozen=True, slots=True)
class Argument(Node):
    """`name: value` of a plugin's action."""

    name: Name
    value: Value


@dataclass(frozen=True, slots=True)
class Action(Node):
    """An action: its verb, where the verb stands, and its parts by name (what was left out is None or empty)."""

    verb: str
    verb_span: Span
    parts: tuple[tuple[str, Any], ...]

    def __getitem__(self, name: str) -> Any:
        for key, value in self.parts:
            if key == name:
                return value
        raise KeyError(name)


# ---- events and headers ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EventName(Node):
    """`ticket.created`, `chat.agent_silent after 2m`."""

    name: Name | Path
    after: DurationValue | Path | None


@dataclass(frozen=True, slots=True)
class Every(Node):
    """`every …`: a period, or a day (a weekday, `day`, or the day of the month) with a time of day."""

    period: DurationValue | Path | None
    day: Name | None
    number: Number | None
    at: TextValue | None
    each: Name | None


@dataclass(frozen=True, slots=True)
class Limit(Node):
    """`limit COUNT [per WINDOW] per SCOPE`."""

    count: Number
    window: DurationValue | Path | None
    scope: Name


@dataclass(frozen=True, slots=True)
class Header(Node):
    """One header of a rule; `value` by `kind`: a name, a number, a text, a limit, an allowance."""

    kind: str
    value: Any


# ---- items -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Allow(Node):
    """`allow CODE "why"`."""

    code: str
    code_span: Span
    why: str


@dataclass(frozen=True, slots=True)
class StageLine(Node):
    """`stage NAME` outside of a rule: of the rules below."""

    name: Name | TextValue


@dataclass(frozen=True, slots=True)
class Define(Node):
    """`define NAME = cond`."""

    name: Name
    condition: Cond


@dataclass(frozen=True, slots=True)
class Words(Node):
    """`words NAME = [..]` or `words NAME from "path"`."""

    name: Name
    items: tuple[Value, ...]
    path: TextValue | None


@dataclass(frozen=True, slots=True)
class Rule(Node):
    """A rule. A part that could not be read is None (events, actions: empty) and `whole` is False."""

    name: Name
    title: TextValue | None
    headers: tuple[Header, ...]
    events: tuple[EventName | Every, ...]
    condition: Cond | None
    actions: tuple[Action, ...]
    whole: bool = True


Item = Rule | Define | Words | StageLine | Allow


@dataclass(frozen=True, slots=True)
class File:
    """A parsed file. `broken` holds the names that unreadable items would have declared."""

    source: Source
    items: tuple[Item, ...]
    broken: frozenset[str] = frozenset()
    whole: bool = True

    @property
    def path(self) -> str:
        """The file's path, from `rules/`."""
        return self.source.path


def place_of(text: TextValue) -> Place:
    """Maps offsets of the text's value to the source."""
    return Place.embedded(text.text, text.span)


def walk(node: Any) -> Iterator[Node]:
    """The node and everything below it, parents first, without recursion."""
    stack: list[Any] = [node]
    while stack:
        here = stack.pop()
        if isinstance(here, tuple):
            stack.extend(reversed(here))
        elif isinstance(here, Node):
            yield here
            stack.extend(getattr(here, item.name) for item in reversed(fields(here)) if item.name != "span")
        elif is_dataclass(here) and not isinstance(here, Span | Source | Duration | type):
            stack.extend(getattr(here, item.name) for item in reversed(fields(here)))

"""What the host knows about its fields beyond their types: bounds, fields that go together, which events meet.

The language knows no desk. Without these the analysis holds every value of a field's type for possible; with them it
neither reports what no desk can come to nor misses what no desk can avoid.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Any

from engine.lang import tree
from engine.lang.runtime import Helpers
from engine.lang.source import Span

Number = int | Decimal


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the greatest value of a number or duration (µs); None: open. `whole`: no fractions."""

    lowest: Number | None = None
    highest: Number | None = None
    whole: bool = False

    @property
    def ends(self) -> tuple[Number | None, Number | None]:
        """The least and the greatest."""
        return self.lowest, self.highest


class Shape(Enum):
    """What may be so of a field whatever its value: `SET`, it is not empty; `UNCHANGED`, it is what it was before."""

    SET = "set"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class OneChanged:
    """At least one of these fields is another than before."""

    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Same:
    """A field has the value of this other one; both lie between the bounds of whole numbers they have."""

    other: str


Settled = tuple[Any, ...] | Bounds | Shape | OneChanged | Same
"""What is known of a field: the values it can have (None: empty), the numbers between which it lies and is never empty,
or how it stands to something else."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is so of a field when an event arises.

    `until`: fields; once a rule of an earlier stage may have written one of them, nothing is known any more. `plain`:
    only of the event itself, not of one that comes `after` a while.
    """

    field: str
    settled: Settled
    until: frozenset[str] = frozenset()
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Joint:
    """Fields whose values go together: each row is one combination that can be. All fields are never empty."""

    fields: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


TOGETHER: tuple[frozenset[str], ...] = tuple(
    frozenset(names.split())
    for names in (
        "member.created chat.started ticket.created message.received",
        "member.created member.signed_in",
        "message.received ticket.changed ticket.state_changed ticket.assigned member.changed",
        "message.sent ticket.changed ticket.state_changed ticket.assigned member.changed chat.waiting",
        "chat.ended ticket.changed ticket.state_changed ticket.assigned member.changed message.sent",
        "ticket.transferred ticket.mentioned ticket.changed ticket.state_changed ticket.assigned member.changed "
        "chat.waiting chat.ended",
        "ticket.nudged ticket.mentioned ticket.changed ticket.state_changed ticket.assigned member.changed "
        "chat.waiting chat.ended",
        "task.added task.assigned",
        "ticket.claimed ticket.changed ticket.state_changed ticket.assigned member.changed chat.ended",
    )
)
"""Event kinds that arise together. Those of `after`, `every`, and kinds named nowhere here come alone."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A state and the ways into it: what is so before each, and its condition (None: always open)."""

    state: str
    place: Span
    ways: tuple[tuple[Mapping[str, tuple[Any, ...]], tree.Test | None], ...]


@dataclass(frozen=True, slots=True)
class Domains:
    """Facts of one desk.

    `facts`: what is so whenever an event of that kind arises.
    `still`: kinds of events in which nothing has changed by itself but these fields.
    `fresh`: what is so of a ticket that has just been opened. `before` is empty in events of `creations`; `tracked`:
    fields that have a value before the wave (None: all).
    `clock_times`: minutes of the day at which some calendar opens or closes, `holidays` their days (`YYYY-MM-DD`).
    `helpers` gives what conditions ask of the host, for a shop. `expected`: events somebody should hear, and where it
    is said that they come. `lengths`: number fields that count the characters of a text field. `arrivals`: how cases
    come into their states.
    """

    bounds: Mapping[str, Bounds] = field(default_factory=dict)
    joints: tuple[Joint, ...] = ()
    facts: Mapping[str, tuple[Known, ...]] = field(default_factory=dict)
    fresh: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    still: Mapping[str, frozenset[str]] = field(default_factory=dict)
    creations: frozenset[str] = frozenset({"ticket.created"})
    tracked: frozenset[str] | None = None
    waves: tuple[frozenset[str], ...] = TOGETHER
    beside: tuple[frozenset[str], ...] = ()
    """Kinds that may come along as well, where what a rule writes may make otherwise what an event settles."""
    shops: tuple[tuple[str, str], ...] = ()
    """Each shop and its time zone; none: one place in the environment's zone."""
    clock_times: tuple[int, ...] = ()
    holidays: tuple[str, ...] = ()
    helpers: Callable[[str | None, Mapping[str, Any]], Helpers] | None = None
    expected: Mapping[str, tuple[Span, str]] = field(default_factory=dict)
    lengths: Mapping[str, str] = field(default_factory=dict)
    follows: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Fields that rules do not write and that are otherwise all the same when rules write one of those beside them."""
    arrivals: tuple[Arrival, ...] = ()
    shares: frozenset[str] = frozenset()
    """Numbers of which 1 is the whole, so that `80` where `80%` is meant is out of reach."""
    required: Mapping[tuple[str, str, str], frozenset[str]] = field(default_factory=dict)
    """What every transition of a kind from one state to another requires of people, where there is such."""
    inside: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    """Of a case that its member does not see: for each of these fields the values of which any says so."""

    def until(self, name: str) -> frozenset[str]:
        """The fields after whose writing a field may be otherwise: itself, and those it follows."""
        return self.follows.get(name, frozenset()) | {name}

    def settled(self) -> Hashable:
        """The facts as something that can be compared: what is said of a rule by itself depends on them."""
        return tuple(self.facts.items())

    def meets(self, one: str, other: str) -> bool:
        """Whether two event kinds can arise together."""
        return one == other or any(one in wave and other in wave for wave in self.waves)

    def may_meet(self, one: str, other: str) -> bool:
        """Whether that cannot be ruled out."""
        return self.meets(one, other) or any(one in wave and other in wave for wave in self.beside)

"""What the host knows about its fields beyond their types: bounds, fields that go together, which events meet.

The language knows no desk. Without these the analysis holds every value of a field's type for possible; with them it
neither reports what no desk can come to nor misses what no desk can avoid.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
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

    `facts`: what is so whenever an event of that kind arises: field → the values it can have (None: empty), or bounds
    between which it lies. `plain_facts`: what is so besides where it is not one of `after`.
    `still`: kinds of events that come alone while nothing has changed: only time has passed.
    `fresh`: what is so of a ticket that has just been opened. `before` is empty in events of `creations`; `tracked`:
    fields that have a value before the wave (None: all).
    `clock_times`: minutes of the day at which some calendar opens or closes, `holidays` their days (`YYYY-MM-DD`).
    `helpers` gives what conditions ask of the host, for a shop. `expected`: events somebody should hear, and where it
    is said that they come. `lengths`: number fields that count the characters of a text field. `arrivals`: how cases
    come into their states.
    """

    bounds: Mapping[str, Bounds] = field(default_factory=dict)
    joints: tuple[Joint, ...] = ()
    facts: Mapping[str, Mapping[str, tuple[Any, ...] | Bounds]] = field(default_factory=dict)
    plain_facts: Mapping[str, Mapping[str, tuple[Any, ...] | Bounds]] = field(default_factory=dict)
    fresh: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    still: frozenset[str] = frozenset()
    creations: frozenset[str] = frozenset({"ticket.created"})
    tracked: frozenset[str] | None = None
    waves: tuple[frozenset[str], ...] = TOGETHER
    shops: tuple[tuple[str, str], ...] = ()
    """Each shop and its time zone; none: one place in the environment's zone."""
    clock_times: tuple[int, ...] = ()
    holidays: tuple[str, ...] = ()
    helpers: Callable[[str | None, Mapping[str, Any]], Helpers] | None = None
    expected: Mapping[str, tuple[Span, str]] = field(default_factory=dict)
    lengths: Mapping[str, str] = field(default_factory=dict)
    arrivals: tuple[Arrival, ...] = ()
    shares: frozenset[str] = frozenset()
    """Numbers of which 1 is the whole, so that `80` where `80%` is meant is out of reach."""
    required: Mapping[tuple[str, str, str], frozenset[str]] = field(default_factory=dict)
    """What every transition of a kind from one state to another requires of people, where there is such."""
    inside: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    """Of a case that its member does not see: for each of these fields the values of which any says so."""

    def settled(self) -> Hashable:
        """The facts as something that can be compared: what is said of a rule by itself depends on them."""
        found = (self.facts, self.plain_facts)
        return tuple(tuple((event, tuple(facts.items())) for event, facts in table.items()) for table in found)

    def meets(self, one: str, other: str) -> bool:
        """Whether two event kinds can arise together."""
        return one == other or any(one in wave and other in wave for wave in self.waves)

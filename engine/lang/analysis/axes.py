"""One axis for each field or test: its values cut into regions that no condition tells apart, sets of them as bits.

Bit 0 is the empty value. Between the constants of an ordered axis lie gaps: bits 1, 3, 5 … are gaps, 2, 4 … constants.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Final

from engine.lang.analysis.domains import Bounds, Joint

EMPTY: Final = 1
"""The mask of the empty value."""
BLANK: Final = 2
"""The mask of the empty text `""`, which is a value when compared and empty when asked `is empty`."""


class _Other:
    """A value that no condition names."""

    def __repr__(self) -> str:
        return "another value"


OTHER: Final = _Other()


class Axis:
    """A dimension of the boxes. `full`: every region that can be. `calm`: the region the fewest conditions ask for,
    taken where nothing is said. `loose`: why its value is not the analysis's to choose; None when it is. `bound`: its
    value follows from other fields in a way the boxes do not know, so a case must be tried."""

    __slots__ = ("bound", "calm", "full", "id", "label", "loose", "reads")

    def __init__(self, id: int, label: str, loose: str | None = None, bound: bool = False) -> None:
        self.id = id
        self.label = label
        self.loose = loose
        self.bound = bound
        self.reads: frozenset[str] = frozenset()
        self.full = 0
        self.calm = 0

    def settle(self) -> None:
        """Called when all constants are known; sets `full` and a first `calm`."""
        raise NotImplementedError


class FlagAxis(Axis):
    """True (bit 1) or false (bit 0): a test of a text, an item of a list, a change, something opaque."""

    __slots__ = ()
    TRUE: Final = 2
    FALSE: Final = 1

    def settle(self) -> None:
        """See Axis."""
        self.full = 3
        self.calm = self.FALSE


class ChoiceAxis(Axis):
    """A field with separate values. `open`: there are values nobody has named; `text`: `""` is one of them."""

    __slots__ = ("bits", "open", "optional", "text", "values")

    def __init__(self, id: int, label: str, values: Iterable[Any], optional: bool, open: bool, text: bool) -> None:
        super().__init__(id, label)
        self.optional = optional
        self.open = open
        self.text = text
        self.values: list[Any] = [None, "", OTHER]
        self.bits: dict[Any, int] = {}
        for value in values:
            self.learn(value)

    def learn(self, value: Any) -> None:
        """A value some condition names."""
        if value not in self.bits and value is not None and not (self.text and value == ""):
            self.bits[value] = 1 << len(self.values)
            self.values.append(value)

    def settle(self) -> None:
        """See Axis."""
        self.full = (1 << len(self.values)) - 8
        self.full |= (EMPTY if self.optional else 0) | (BLANK if self.text else 0) | (4 if self.open else 0)
        self.calm = 4 if self.open else (EMPTY if self.optional else lowest(self.full))

    def pick(self, values: Iterable[Any]) -> int:
        """The regions of these values; None is the empty one."""
        mask = 0
        for value in values:
            if value is None:
                mask |= EMPTY
            elif value == "" and self.text:
                mask |= BLANK
            else:
                mask |= self.bits.get(value, 0)
        return mask & self.full

    @property
    def empty(self) -> int:
        """What `is empty` means."""
        return self.full & (EMPTY | (BLANK if self.text else 0))


class OrderedAxis(Axis):
    """A field or sum with an order, in whole or exact numbers (days as ordinals, times as local µs)."""

    __slots__ = ("bounds", "cuts", "optional")

    def __init__(
        self,
        id: int,
        label: str,
        optional: bool,
        bounds: Bounds,
        bound: bool = False,
    ) -> None:
        super().__init__(id, label, None, bound)
        self.optional = optional
        self.bounds = bounds
        self.cuts: list[Any] = [value for value in (bounds.lowest, bounds.highest) if value is not None]

    def learn(self, value: Any) -> None:
        """A constant some condition compares with."""
        self.cuts.append(value)

    def settle(self) -> None:
        """See Axis."""
        cuts = self.cuts = sorted(set(self.cuts))
        bounds = self.bounds
        full = EMPTY if self.optional else 0
        for index in range(len(cuts) + 1):
            if bounds.lowest is not None and (index == 0 or cuts[index - 1] < bounds.lowest):
                continue
            if bounds.highest is not None and (index == len(cuts) or cuts[index] > bounds.highest):
                continue
            low = cuts[index - 1] if index else None
            high = cuts[index] if index < len(cuts) else None
            if self.between(low, high) is not None:
                full |= 1 << (1 + 2 * index)
        for index, cut in enumerate(cuts):
            inside = (bounds.lowest is None or cut >= bounds.lowest) and (
                bounds.highest is None or cut <= bounds.highest
            )
            if inside and not (bounds.whole and cut != int(cut)):
                full |= 1 << (2 + 2 * index)
        self.full = full
        self.calm = EMPTY if self.optional else lowest(full)

    def between(self, low: Any, high: Any) -> Any:
        """A value strictly between; None when there is none."""
        whole = self.bounds.whole
        if low is None and high is None:
            return 0
        if low is None:
            below = math.floor(high) if whole else high
            return below - 1 if below == high or not whole else below
        if high is None:
            return (math.floor(low) if whole else low) + 1
        if whole:
            found = math.floor(low) + 1
            return found if found < high else None
        # A round number where one fits, else the exact middle.
        near = math.floor(low) + 1
        return near if near < high else (Decimal(low) + Decimal(high)) / 2

    def compare(self, op: str, value: Any) -> int:
        """The regions in which `axis op value` holds; `value` must have been learnt."""
        place = 2 + 2 * bisect_left(self.cuts, value)
        equal, below = 1 << place, (1 << place) - 2
        mask = {
            "=": equal,
            "!=": ~equal,
            "<": below,
            "<=": below | equal,
            ">": ~(below | equal),
            ">=": ~below,
        }[op]
        return mask & self.full & ~EMPTY

    def region(self, value: Any) -> int:
        """The region a value lies in, learnt or not; 0 where it lies in none."""
        if value is None:
            return self.empty
        index = bisect_left(self.cuts, value)
        exact = index < len(self.cuts) and self.cuts[index] == value
        return 1 << (2 * index + (2 if exact else 1)) & self.full

    def pick(self, values: Iterable[Any] | Bounds) -> int:
        """The regions of these values (None is the empty one), or of all between bounds."""
        if isinstance(values, Bounds):
            mask = self.full & ~EMPTY
            for op, end in zip((">=", "<="), values.ends, strict=True):
                mask &= mask if end is None else self.compare(op, end)
            return mask
        mask = 0
        for value in values:
            mask |= self.empty if value is None else self.compare("=", value)
        return mask

    @property
    def empty(self) -> int:
        """What `is empty` means."""
        return self.full & EMPTY

    def value(self, bit: int) -> Any:
        """A value of a region; None for the empty one."""
        if bit == EMPTY:
            return None
        place = bit.bit_length() - 1
        if place % 2 == 0:
            return self.cuts[place // 2 - 1]
        index = place // 2
        low = self.cuts[index - 1] if index else None
        high = self.cuts[index] if index < len(self.cuts) else None
        return self.between(low, high)


class JointAxis(Axis):
    """Several fields whose values go together; each row of the table is a region (from bit 0 on)."""

    __slots__ = ("inner", "joint", "spread")

    def __init__(self, id: int, joint: Joint) -> None:
        super().__init__(id, ", ".join(joint.fields))
        self.joint = joint
        self.inner: dict[str, ChoiceAxis] = {}
        self.spread: dict[str, dict[int, int]] = {}

    def settle(self) -> None:
        """See Axis."""
        self.full = (1 << len(self.joint.rows)) - 1
        self.calm = 1
        for place, name in enumerate(self.joint.fields):
            axis = self.inner[name]
            axis.settle()
            spread: dict[int, int] = {}
            for number, row in enumerate(self.joint.rows):
                bit = axis.pick((row[place],))
                spread[bit] = spread.get(bit, 0) | 1 << number
            self.spread[name] = spread

    def widen(self, name: str, mask: int) -> int:
        """The rows in which the field has one of the values of `mask` (of its own axis)."""
        found = 0
        for bit, rows in self.spread[name].items():
            if bit & mask:
                found |= rows
        return found

    def narrow(self, name: str, mask: int) -> int:
        """The values (of the field's own axis) that these rows leave it."""
        found = 0
        for bit, rows in self.spread[name].items():
            if rows & mask:
                found |= bit
        return found


class RelationAxis(Axis):
    """How two values compare: empty (bit 0), less, equal, greater."""

    __slots__ = ()
    LESS: Final = 2
    EQUAL: Final = 4
    GREATER: Final = 8

    def settle(self) -> None:
        """See Axis."""
        self.full = 15
        self.calm = EMPTY

    def compare(self, op: str) -> int:
        """The regions in which `left op right` holds."""
        return {"=": 4, "!=": 10, "<": 2, "<=": 6, ">": 8, ">=": 12}[op]


class PlaceAxis(Axis):
    """The shop and the moment: each region is one concrete pair, chosen so that every case is among them."""

    __slots__ = ("moments",)

    def __init__(self, id: int, moments: Sequence[tuple[str | None, int]]) -> None:
        super().__init__(id, "now")
        self.moments = moments

    def settle(self) -> None:
        """See Axis."""
        self.full = (1 << len(self.moments)) - 1
        self.calm = 1


class WaveAxis(Axis):
    """Which events arise together: two rules whose waves share a bit can be asked at once."""

    __slots__ = ("known",)

    def __init__(self, id: int) -> None:
        super().__init__(id, "event")
        self.known: dict[str, int] = {}

    def bit(self, name: str) -> int:
        """The bit of an event key, or of a set of events."""
        return self.known.setdefault(name, 1 << len(self.known))

    def settle(self) -> None:
        """See Axis."""
        self.full = (1 << len(self.known)) - 1
        self.calm = 1


def lowest(mask: int) -> int:
    """The lowest bit of a mask."""
    return mask & -mask


def bits(mask: int) -> Iterable[int]:
    """Each bit of a mask, lowest first."""
    while mask:
        bit = mask & -mask
        yield bit
        mask ^= bit

"""Axes that belong together: what has changed, and what a list has. (`texts.py` has the third kind.)"""

from __future__ import annotations

from typing import Protocol

from engine.lang.analysis.axes import BLANK, EMPTY, Axis, ChoiceAxis, FlagAxis, JointAxis, OrderedAxis, bits, lowest
from engine.lang.analysis.boxes import Box


class Group(Protocol):
    """Knows which combinations on some axes cannot be."""

    def possible(self, box: Box) -> bool:
        """Whether something can be so; yes where that is not known."""

    def complete(self, point: Box, box: Box) -> None:
        """Adds to a point in `box` what the box brings with it on the group's other axes."""


class Access:
    """How a field's own values lie on an axis: as they are, or as rows of a table of several fields."""

    __slots__ = ("axis", "inner", "name")

    def __init__(self, name: str, axis: Axis, inner: ChoiceAxis | OrderedAxis) -> None:
        self.name = name
        self.axis = axis
        self.inner = inner

    def mask(self, inner: int) -> int:
        """The regions of the axis for regions of the field."""
        if isinstance(self.axis, JointAxis):
            return self.axis.widen(self.name, inner)
        return inner & self.axis.full

    def own(self, mask: int) -> int:
        """The regions of the field for regions of the axis."""
        return self.axis.narrow(self.name, mask) if isinstance(self.axis, JointAxis) else mask

    def in_box(self, box: Box) -> int:
        """The regions of the field a box allows."""
        return self.own(box.get(self.axis.id, self.axis.full))

    def without(self, inner: int) -> int:
        """The regions of all other values, without the empty one."""
        return self.mask(self.inner.full & ~EMPTY & ~inner)


class ChangeGroup:
    """A field, its value before the wave, and whether they differ."""

    __slots__ = ("access", "before", "flag", "tracked")

    def __init__(self, access: Access, before: ChoiceAxis | OrderedAxis, flag: FlagAxis, tracked: bool) -> None:
        self.access = access
        self.before = before
        self.flag = flag
        self.tracked = tracked

    def settle(self) -> None:
        """Gives the former value the regions the value has."""
        inner = self.access.inner
        if isinstance(self.before, ChoiceAxis) and isinstance(inner, ChoiceAxis):
            self.before.values, self.before.bits = inner.values, inner.bits
        elif isinstance(self.before, OrderedAxis) and isinstance(inner, OrderedAxis):
            self.before.cuts = inner.cuts
        self.before.settle()
        if not self.tracked:
            self.before.full = self.before.calm = EMPTY

    def _plain(self, mask: int) -> int:
        inner = self.access.inner
        if isinstance(inner, ChoiceAxis) and inner.text and mask & BLANK:
            return mask & ~BLANK | EMPTY
        return mask

    def _sides(self, box: Box) -> tuple[int, int]:
        now = self._plain(self.access.in_box(box))
        return now, self._plain(box.get(self.before.id, self.before.full))

    def _exact(self, mask: int) -> bool:
        """Whether it is one value, so that two of it are the same."""
        if mask & (mask - 1):
            return False
        place = mask.bit_length() - 1
        return place == 0 or (place % 2 == 0 if isinstance(self.access.inner, OrderedAxis) else place > 2)

    def possible(self, box: Box) -> bool:
        """See Group."""
        flag = box.get(self.flag.id)
        if flag is None or flag == 3:
            return True
        now, before = self._sides(box)
        if flag == FlagAxis.FALSE:
            return bool(now & before)
        return not (now == before and self._exact(now))

    def complete(self, point: Box, box: Box) -> None:
        """See Group."""
        flag = box.get(self.flag.id, 3)
        now, before = self._sides(box)
        both = now & before
        if flag & FlagAxis.FALSE and both:
            bit = self.access.inner.calm if self.access.inner.calm & both else lowest(both)
            self._put(point, box, bit, bit, FlagAxis.FALSE)
            return
        for one in bits(now):
            for other in bits(before):
                if one != other or not self._exact(one):
                    self._put(point, box, one, other, FlagAxis.TRUE)
                    return

    def _put(self, point: Box, box: Box, now: int, before: int, flag: int) -> None:
        axis = self.access.axis
        rows = self.access.mask(now) & box.get(axis.id, axis.full)
        if rows:
            point[axis.id] = lowest(rows)
        point[self.before.id] = before & self.before.full or lowest(box.get(self.before.id, self.before.full))
        point[self.flag.id] = flag


class ListGroup:
    """The items conditions ask a list for, and whether it is empty."""

    __slots__ = ("empty", "items", "name", "named", "optional")

    def __init__(self, name: str, optional: bool) -> None:
        self.name = name
        self.optional = optional
        self.items: dict[int, str] = {}
        self.named: dict[str, FlagAxis] = {}
        self.empty: FlagAxis | None = None

    def possible(self, box: Box) -> bool:
        """See Group."""
        if self.empty is None or box.get(self.empty.id) != FlagAxis.TRUE:
            return True
        return all(box.get(number) != FlagAxis.TRUE for number in self.items)

    def complete(self, point: Box, box: Box) -> None:
        """See Group."""

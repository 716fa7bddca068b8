"""What is known without a condition, in the space of all cases: as boxes, and as ties that no box can say."""

from __future__ import annotations

from typing import Protocol

from engine.lang.analysis.axes import FlagAxis, OrderedAxis
from engine.lang.analysis.boxes import Box
from engine.lang.analysis.domains import Bounds, Known, OneChanged, Same, Shape
from engine.lang.analysis.groups import Access
from engine.lang.analysis.space import Space


def learn(space: Space, known: Known) -> None:
    """Makes room for what is known."""
    if isinstance(known.settled, tuple | Bounds):
        space.learn_fact(known.field, known.settled)


def box_of(space: Space, known: Known) -> Box | None:
    """The box in which it is so; None where no condition names the field, and where it is no box."""
    match known.settled:
        case OneChanged(fields=(name,)):
            flag = changed(space, name)
            return None if flag is None else {flag.id: FlagAxis.TRUE}
        case Shape.UNCHANGED:
            flag = changed(space, known.field)
            return None if flag is None else {flag.id: FlagAxis.FALSE}
        case Shape.SET:
            access = space.accesses.get(known.field)
            if access is None:
                return None
            return {access.axis.id: access.mask(access.inner.full & ~access.inner.empty)}
        case tuple() | Bounds() as values:
            return space.fact(known.field, values)
    return None


def changed(space: Space, name: str) -> FlagAxis | None:
    """The test of whether a field has changed; None where no condition asks, or nothing is known of before."""
    if space.domains.tracked is not None and name not in space.domains.tracked:
        return None
    group = space.changes.get(name)
    return space.flags.get(("changed", name)) if group is None else group.flag


def asked_changes(space: Space) -> list[str]:
    """The fields of which some condition asks whether they have changed."""
    lists = (str(key[1]) for key in space.flags if isinstance(key, tuple) and key[0] == "changed")
    return [*space.changes, *lists]


class Tie(Protocol):
    """Knows which boxes cannot be in an event."""

    def possible(self, box: Box) -> bool:
        """Whether something can be so; yes where that is not known."""


def tie_of(space: Space, known: Known) -> Tie | None:
    """What of a fact is no box; None where there is nothing."""
    match known.settled:
        case OneChanged(fields=(_, _, *_) as names):
            flags = [changed(space, name) for name in names]
            return OneTrue([flag.id for flag in flags if flag is not None]) if None not in flags else None
        case Same(other=other) if {known.field, other} <= space.accesses.keys():
            return Alike(space.accesses[known.field], space.accesses[other])
    return None


class OneTrue:
    """At least one of these flags is true."""

    __slots__ = ("_flags",)

    def __init__(self, flags: list[int]) -> None:
        self._flags = flags

    def possible(self, box: Box) -> bool:
        """See Tie."""
        return any(box.get(flag) != FlagAxis.FALSE for flag in self._flags)


class Alike:
    """Two numbers are the same, one of few whole ones."""

    __slots__ = ("_one", "_other", "_values")

    def __init__(self, one: Access, other: Access) -> None:
        self._one = one
        self._other = other
        bounds = one.inner.bounds if isinstance(one.inner, OrderedAxis) else Bounds()
        low, high = bounds.ends
        self._values = None if low is None or high is None else range(int(low), int(high) + 1)

    def possible(self, box: Box) -> bool:
        """See Tie."""
        one, other = self._one.inner, self._other.inner
        if self._values is None or not isinstance(one, OrderedAxis) or not isinstance(other, OrderedAxis):
            return True
        mine, its = self._one.in_box(box), self._other.in_box(box)
        return any(one.region(n) & mine and other.region(n) & its for n in self._values)

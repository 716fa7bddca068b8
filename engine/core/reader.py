"""Reading many fields of a draft at once, and again only those that may have changed.

A getter says which parts of the draft it reads. Between the stages of a wave rules replace the ticket, the member, the
chat or the agent; all else (the line, the call, the event's own fields, the moment) stands still for the whole wave.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

from engine.core.view import Getter
from engine.core.view import View as Draft

PARTS = ("ticket", "member", "chat", "agent")
"""The parts that actions replace."""


class Attribute:
    """The getter of an attribute of one part of a draft: None where the part is missing."""

    __slots__ = ("name", "part")

    def __init__(self, part: str, name: str) -> None:
        self.part = part
        self.name = name

    def __call__(self, draft: Draft) -> Any:
        holder = getattr(draft, self.part)
        return None if holder is None else getattr(holder, self.name)


class Of:
    """A getter that reads the named parts of a draft, and of the rest only what stands still during a wave."""

    __slots__ = ("get", "parts")

    def __init__(self, get: Getter, *parts: str) -> None:
        self.get = get
        self.parts = parts

    def __call__(self, draft: Draft) -> Any:
        return self.get(draft)


_Plain = tuple[str, tuple[str, ...], Callable[[Any], tuple[Any, ...]]]
"""A part, fields that are its attributes, and what gives them all."""
_Plan = tuple[tuple[_Plain, ...], tuple[tuple[str, Getter], ...]]


class Reader:
    """A fixed set of fields. The names in what it gives stand in the same order on every machine."""

    def __init__(self, getters: Mapping[str, Getter]) -> None:
        attributes: dict[str, list[tuple[str, str]]] = {}
        self._other: list[tuple[str, Getter, tuple[str, ...]]] = []
        for name, get in sorted(getters.items()):
            if isinstance(get, Attribute):
                attributes.setdefault(get.part, []).append((name, get.name))
            else:
                self._other.append((name, get.get, get.parts) if isinstance(get, Of) else (name, get, PARTS))
        self._plain: tuple[_Plain, ...] = tuple(
            (part, tuple(name for name, _ in pairs), _tuple_of([attribute for _, attribute in pairs]))
            for part, pairs in attributes.items()
        )
        self._all: _Plan = (self._plain, tuple((name, get) for name, get, _ in self._other))
        self._some: dict[frozenset[str], _Plan] = {}

    def read(self, draft: Draft) -> dict[str, Any]:
        """The fields as they stand now."""
        return self._read(draft, self._all)

    def again(self, draft: Draft, parts: frozenset[str]) -> dict[str, Any]:
        """Those fields that one of the `parts`, which were replaced, may have changed."""
        plan = self._some.get(parts)
        if plan is None:
            plain = tuple(one for one in self._plain if one[0] in parts)
            other = tuple((name, get) for name, get, needs in self._other if not parts.isdisjoint(needs))
            plan = self._some[parts] = (plain, other)
        return self._read(draft, plan)

    @staticmethod
    def _read(draft: Draft, plan: _Plan) -> dict[str, Any]:
        plain, other = plan
        values: dict[str, Any] = {}
        for part, names, get in plain:
            holder = getattr(draft, part)
            if holder is None:
                values.update(dict.fromkeys(names))
            else:
                values.update(zip(names, get(holder), strict=True))
        for name, getter in other:
            values[name] = getter(draft)
        return values


def _tuple_of(attributes: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    if len(attributes) > 1:
        return attrgetter(*attributes)
    one = attrgetter(*attributes)
    return lambda holder: (one(holder),)

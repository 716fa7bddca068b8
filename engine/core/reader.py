"""Reading many fields of a draft at once, and again only those that may have changed.

A getter says which parts of the draft it reads. Between the stages of a wave rules replace the ticket, the member, the
chat or the agent; all else (the line, the call, the event's own fields, the moment) stands still for the whole wave.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Any, NamedTuple

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


class Custom:
    """The getter of a custom field of one part of a draft: None where the part is missing, or has no such field."""

    __slots__ = ("name", "part")

    def __init__(self, part: str, name: str) -> None:
        self.part = part
        self.name = name

    def __call__(self, draft: Draft) -> Any:
        holder = getattr(draft, self.part)
        return None if holder is None else holder.fields.get(self.name)


_Some = tuple[str, tuple[str, ...], Callable[[Any], Iterable[Any]]]
"""A part, fields of it, and what gives them all."""


class _Plan(NamedTuple):
    """How some fields are read, most of them many at once."""

    blank: dict[str, None]
    """Their names in order."""
    many: tuple[_Some, ...]
    single: tuple[tuple[str, Getter], ...]


class Reader:
    """A fixed set of fields. The names in what it gives stand in the same order on every machine."""

    def __init__(self, getters: Mapping[str, Getter]) -> None:
        attributes: dict[str, list[tuple[str, str]]] = {}
        custom: dict[str, list[tuple[str, str]]] = {}
        other: list[str] = []
        self._single: list[tuple[str, Getter, tuple[str, ...]]] = []
        for name, get in sorted(getters.items()):
            if isinstance(get, Attribute):
                attributes.setdefault(get.part, []).append((name, get.name))
                continue
            other.append(name)
            if isinstance(get, Custom):
                custom.setdefault(get.part, []).append((name, get.name))
            else:
                self._single.append((name, get.get, get.parts) if isinstance(get, Of) else (name, get, PARTS))
        self._many: list[_Some] = [(part, *_many(pairs, _tuple_of)) for part, pairs in attributes.items()]
        self._order = [name for _, names, _ in self._many for name in names] + other
        self._many += [(part, *_many(pairs, _fields_of)) for part, pairs in custom.items()]
        self._all = self._plan(self._many, self._single)
        self._some: dict[frozenset[str], _Plan] = {}

    def read(self, draft: Draft) -> dict[str, Any]:
        """The fields as they stand now."""
        return self._read(draft, self._all)

    def again(self, draft: Draft, parts: frozenset[str]) -> dict[str, Any]:
        """Those fields that one of the `parts`, which were replaced, may have changed."""
        plan = self._some.get(parts)
        if plan is None:
            many = [one for one in self._many if one[0] in parts]
            plan = self._some[parts] = self._plan(many, [one for one in self._single if not parts.isdisjoint(one[2])])
        return self._read(draft, plan)

    def _plan(self, many: list[_Some], single: list[tuple[str, Getter, tuple[str, ...]]]) -> _Plan:
        read = {name for _, names, _ in many for name in names} | {name for name, _, _ in single}
        blank = dict.fromkeys(name for name in self._order if name in read)
        return _Plan(blank, tuple(many), tuple((name, get) for name, get, _ in single))

    @staticmethod
    def _read(draft: Draft, plan: _Plan) -> dict[str, Any]:
        values: dict[str, Any] = plan.blank.copy()
        for part, names, get in plan.many:
            holder = getattr(draft, part)
            if holder is not None:
                values.update(zip(names, get(holder), strict=True))
        for name, getter in plan.single:
            values[name] = getter(draft)
        return values


def _many(
    pairs: list[tuple[str, str]], made: Callable[[list[str]], Callable[[Any], Iterable[Any]]]
) -> tuple[tuple[str, ...], Callable[[Any], Iterable[Any]]]:
    return tuple(name for name, _ in pairs), made([of for _, of in pairs])


def _fields_of(names: list[str]) -> Callable[[Any], Iterable[Any]]:
    return lambda holder: map(holder.fields.get, names)


def _tuple_of(attributes: list[str]) -> Callable[[Any], Iterable[Any]]:
    if len(attributes) > 1:
        return attrgetter(*attributes)
    one = attrgetter(*attributes)
    return lambda holder: (one(holder),)

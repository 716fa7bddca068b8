"""From a box to a concrete case: an event, a ticket, a member, what was before, and the words that show it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import islice
from typing import Any

from engine.lang.analysis.axes import (
    EMPTY,
    OTHER,
    ChoiceAxis,
    FlagAxis,
    JointAxis,
    OrderedAxis,
    bits,
    lowest,
)
from engine.lang.analysis.boxes import Box
from engine.lang.analysis.groups import ChangeGroup
from engine.lang.analysis.view import View
from engine.lang.environment import Field
from engine.lang.functions import local, moment
from engine.lang.said import both, say
from engine.lang.text import fold

_EPOCH = date(1970, 1, 1)
_NAMES = ("amy", "ben", "cho", "dan")
_TEXTS = ("您好", "再問一下", "謝謝", "hello", "在嗎", "x")
TRIES = 600
"""Cases tried where the boxes do not say how fields hang together."""


@dataclass(frozen=True, slots=True)
class Case:
    """A concrete event and what it finds. `keys`: the events of the wave."""

    keys: frozenset[str]
    shop: str | None
    values: Mapping[str, Any]
    before: Mapping[str, Any]
    shown: str


class NoTextError(Exception):
    """A text is needed that was not found."""


def sample(
    view: View, box: Box, keys: frozenset[str], proves: Callable[[Case], bool], tries: int | None = None
) -> Case | None:
    """A case in the box that `proves` accepts; None when none was found. Raises NoTextError.

    Fields that hang together in ways boxes do not know are tried in turn, with the constants at hand; `tries`: so many.
    """
    maker = _Maker(view, box, keys)
    for changes in ({}, *islice(maker.variations(), tries)):
        case = maker.case(changes)
        if proves(case):
            return replace(case, shown=maker.words(case.values, case.before, changes))
    return None


def reasons(view: View, box: Box) -> tuple[str, ...]:
    """What a box rests on that nobody can say beforehand: settings, plugins' functions, two patterns."""
    found: dict[str, None] = {}
    for number, mask in box.items():
        axis = view.space.axes[number]
        if axis.loose is not None and mask != axis.full:
            found[axis.loose] = None
    for text in view.space.texts.values():
        why = text.loose(box)
        if why is not None:
            found[why] = None
    return tuple(found)


def unsettled(view: View, box: Box) -> tuple[str, ...]:
    """What of a box hangs together with other fields in a way that was not found out."""
    axes = view.space.axes
    return tuple(dict.fromkeys(f"`{axes[n].label}`" for n in box if axes[n].bound and axes[n].loose is None))


class _Maker:
    def __init__(self, view: View, box: Box, keys: frozenset[str]) -> None:
        self.view = view
        self.space = view.space
        self.box = box
        self.keys = keys
        self.point = view.space.point(box)
        self.created = bool({view.kind(key) for key in keys} & view.domains.creations)
        place = self.point.get(0, view.space.place.calm)
        self.shop, self.now = view.space.place.moments[place.bit_length() - 1]
        self.zone = view.space.moments.zone(self.shop)

    # ---- one case ----------------------------------------------------------------------------------------------

    def case(self, changes: Mapping[str, Any]) -> Case:
        """The case of the box's point, some values exchanged. How it is told of is left out."""
        values, before = self._plain
        return Case(self.keys, self.shop, {**values, **changes}, before, "")

    @cached_property
    def _plain(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The values at the point, and those before the wave. Raises NoTextError."""
        values: dict[str, Any] = {}
        for name, field in self.view.environment.fields.items():
            if not name.startswith("setting."):
                values[name] = self.value(name, field)
        values.update(self.space.moments.values(self.shop, self.now))
        self.texts(values)
        before = {} if self.created else {**values}
        for name, group in self.space.changes.items():
            if not self.created:
                before[name] = self.former(name, group, values[name])
        for name in self.space.lists:
            flag = self.space.flags.get(("changed", name))
            if flag is not None and self.box.get(flag.id) == FlagAxis.TRUE and not self.created:
                before[name] = (*values[name], "before") if values[name] is not None else ("before",)
        if self.view.domains.tracked is not None:
            before = {name: value for name, value in before.items() if name in self.view.domains.tracked}
        return values, before

    def value(self, name: str, field: Field) -> Any:
        """A field's value at the point."""
        access = self.space.accesses.get(name)
        if access is not None:
            axis = access.axis
            bit = self.point.get(axis.id, axis.calm)
            inner = access.own(bit) if isinstance(axis, JointAxis) else bit
            return self.of_bit(access.inner, lowest(inner), field.type.kind, name)
        items = self.space.lists.get(name)
        if items is not None:
            return self.items(name)
        if field.optional:
            return None
        kind = field.type.kind
        if kind in ("number", "duration"):
            bounds = self.view.domains.bounds.get(name)
            return bounds.lowest if bounds is not None and bounds.lowest is not None else 0
        if kind == "enum":
            enum = field.type.enum
            return enum.values[0] if enum is not None and enum.values else "x"
        return {
            "flag": False,
            "list": (),
            "time": self.now,
            "date": local(self.zone, self.now).date().isoformat(),
            "text": _TEXTS[0],
            "entity": _NAMES[0],
        }.get(kind)

    def of_bit(self, axis: ChoiceAxis | OrderedAxis, bit: int, kind: str, name: str, other: int = 0) -> Any:
        """A value of a region; `other`: which one, where a region has several."""
        if isinstance(axis, ChoiceAxis):
            value = axis.values[bit.bit_length() - 1]
            if value is OTHER:
                names = _TEXTS if axis.text else _NAMES
                free = [n for n in names if n not in axis.bits and fold(n) not in axis.bits]
                return free[other % len(free)] if free else f"another {other}"
            return value
        value = axis.value(bit)
        if value is None:
            return None
        if other and bit.bit_length() % 2 == 0:
            low = axis.cuts[bit.bit_length() // 2 - 2] if bit.bit_length() > 2 else None
            nearer = axis.between(low, value)
            value = nearer if nearer is not None else value
        return self.real(value, kind)

    def real(self, value: Any, kind: str) -> Any:
        """A value of an axis as the engine has it."""
        if kind == "date":
            return (_EPOCH + timedelta(days=int(value))).isoformat()
        if kind == "time":
            whole = int(value)
            stamp = (_EPOCH + timedelta(days=whole // 86_400_000_000)).isoformat()
            seconds, micros = divmod(whole % 86_400_000_000, 1_000_000)
            clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
            return moment(self.zone, f"{stamp} {clock}") + micros
        if kind == "duration":
            return int(value)
        return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else value

    def items(self, name: str) -> tuple[str, ...]:
        """A list that has what the point asks for."""
        group = self.space.lists[name]
        found = [value for number, value in group.items.items() if self.point.get(number) == FlagAxis.TRUE]
        if not found and group.empty is not None and self.box.get(group.empty.id) == FlagAxis.FALSE:
            field = self.view.environment.fields[name]
            enum = field.type.item.enum if field.type.item is not None else None
            known = [value for value in (enum.values if enum is not None else ()) if value not in group.items.values()]
            found = [known[0] if known else "another"]
        return tuple(found)

    def texts(self, values: dict[str, Any]) -> None:
        """Fills in the texts. Raises NoTextError."""
        for name, group in self.space.texts.items():
            mask = self.point.get(group.axis.id, group.axis.calm)
            asked = {**self.box, group.axis.id: self.box.get(group.axis.id, group.axis.full if group.tests else mask)}
            for number in group.tests:
                asked.setdefault(number, self.point.get(number, FlagAxis.FALSE))
            if group.axis.id in self.point and mask & asked[group.axis.id]:
                asked[group.axis.id] = mask
            elif group.axis.id not in self.box:
                asked[group.axis.id] = group.axis.calm
                if any(self.point.get(number) == FlagAxis.TRUE for number in group.tests):
                    asked[group.axis.id] = 4
            least, most, counted = self.length(name)
            text = group.sample(asked, least, most)
            if text is OTHER:
                text = group.sample({**self.box}, least, most)
            if text is OTHER:
                raise NoTextError(name)
            values[name] = text
            if counted is not None:
                values[counted] = None if text is None else len(text)

    def length(self, name: str) -> tuple[int, int | None, str | None]:
        """How long a text may be, and the field that counts it."""
        for counted, text in self.view.domains.lengths.items():
            if text != name or counted not in self.view.environment.fields:
                continue
            access = self.space.accesses.get(counted)
            mask = None if access is None else self.box.get(access.axis.id)
            if access is None or mask is None or not isinstance(access.inner, OrderedAxis):
                return 0, None, counted
            allowed = [bit for bit in bits(mask) if bit != EMPTY]
            if not allowed:
                return 0, None, counted
            first = access.inner.value(allowed[0])
            last = access.inner.value(allowed[-1])
            least = int(first) if first is not None else 0
            top = allowed[-1].bit_length() == access.inner.full.bit_length() and allowed[-1].bit_length() % 2 == 0
            return max(0, least), None if top else int(last), counted
        return 0, None, None

    def former(self, name: str, group: ChangeGroup, now: Any) -> Any:
        """A field's value before the wave."""
        flag = self.point.get(group.flag.id, FlagAxis.FALSE)
        if flag == FlagAxis.FALSE:
            return now
        kind = self.view.environment.fields[name].type.kind
        bit = self.point.get(group.before.id, group.before.calm)
        found = self.of_bit(group.before, bit, kind, name)
        return self.of_bit(group.before, bit, kind, name, other=1) if found == now else found

    # ---- trying ------------------------------------------------------------------------------------------------

    def variations(self) -> Iterable[Mapping[str, Any]]:
        """Other values for the fields that hang together, at most `TRIES`."""
        names = sorted({name for n in self.box if self.space.axes[n].bound for name in self.space.axes[n].reads})
        names = [n for n in names if n != "now" and n in self.view.environment.fields]
        if not names:
            return
        choices = {name: self.choices(name) for name in names}
        state = (
            1  # which cases are tried first, the same every time: Knuth's MMIX generator, as the language draws no lots
        )
        for _ in range(TRIES):
            picked: dict[str, Any] = {}
            for name in names:
                state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
                picked[name] = choices[name][(state >> 33) % len(choices[name])]
            yield picked

    def choices(self, name: str) -> list[Any]:
        """Values worth trying: of the regions the box allows, and what the written constants lead to."""
        field = self.view.environment.fields[name]
        access = self.space.accesses.get(name)
        if access is not None and isinstance(access.inner, ChoiceAxis):
            allowed = access.in_box(self.box)
            return [self.of_bit(access.inner, bit, field.type.kind, name, o) for bit in bits(allowed) for o in (0, 1)]
        lengths: set[Any] = {0, 1}
        for axis in self.space.axes:
            if isinstance(axis, OrderedAxis) and axis.id in self.box:
                lengths.update(axis.cuts)
        found: list[Any] = []
        kind = field.type.kind
        if kind == "time":
            found = [self.now + sign * int(n * times) for n in lengths for times in (1, 2, 5) for sign in (-1, 1)]
            found += [self.real(n, "time") for n in lengths if abs(n) > 10**14]
        elif kind in ("number", "duration"):
            small = [0, 1, 2, 3, 5, 7, 10, 50, 100, 1000, 10_000, -1, -10]
            found = [n * times for n in [*lengths, *small] for times in (1, 2, 4)]
            found += [n + d for n in lengths for d in (-1, 1)] + [n / Decimal(2) for n in lengths]
            found = [int(n) if kind == "duration" or n == int(n) else n for n in found]
        elif kind == "date":
            today = local(self.zone, self.now).date()
            found = [(today + timedelta(days=n)).isoformat() for n in (-400, -365, -30, -1, 0, 1, 30, 365)]
        if access is not None and isinstance(access.inner, OrderedAxis):
            mask = access.in_box(self.box)
            found += [self.real(access.inner.value(bit), kind) for bit in bits(mask) if bit != EMPTY]
            if kind in ("number", "duration"):
                bounds = access.inner.bounds
                found = [n for n in found if bounds.lowest is None or n >= bounds.lowest]
        if field.optional:
            found.append(None)
        return found or [None]

    # ---- words -------------------------------------------------------------------------------------------------

    def words(self, values: Mapping[str, Any], before: Mapping[str, Any], changes: Mapping[str, Any]) -> str:
        """The case for people: what it says beyond the plain."""
        names: dict[str, None] = {}
        former: dict[str, None] = {}
        facts = self.view.facts(self.keys) or {}  # what is so in every such event need not be said
        reached = {n for n, mask in self.box.items() if n > 1 and facts.get(n) != mask}
        for name, access in self.space.accesses.items():
            if access.axis.id in reached and (
                not isinstance(access.axis, JointAxis) or access.in_box(self.box) != access.own(access.axis.full)
            ):
                names[name] = None
        for name, text in self.space.texts.items():
            if reached & set(text.tests):
                names[name] = None
        for name, group in self.space.lists.items():
            if reached & set(group.items) or (group.empty is not None and group.empty.id in reached):
                names[name] = None
        for name, change in self.space.changes.items():
            if {change.flag.id, change.before.id} & reached:
                former[name] = None
                names[name] = None
        for number in reached:
            for name in self.space.axes[number].reads:
                if name in values and name != "now":
                    names[name] = None
        for name in changes:
            names[name] = None
        parts = [self.fact(name, values.get(name)) for name in names if not name.endswith(".shop")]
        parts += [say("before: {fact}", self.fact(name, before.get(name))) for name in former if not self.created]
        if 0 in self.box:
            parts.append(f"now = {local(self.zone, self.now):%a %Y-%m-%d %H:%M}")
            if self.shop is not None and len(self.view.domains.shops) > 1:
                parts.append(f"shop.name = {self.shop}")
        events = both(sorted(self._event(key) for key in self.keys))
        return say("{events} with {facts}", events, tuple(parts)) if parts else say("any {events}", events)

    def _event(self, key: str) -> str:
        for seen in self.view.rules:
            for event in seen.rule.events:
                if event.key == key:
                    node = seen.rule.source.events[seen.rule.events.index(event)]
                    return " ".join(node.span.text.split())
        return key

    def fact(self, name: str, value: Any) -> str:
        """`ticket.type = 退換貨`, as a condition would say it."""
        kind = self.view.environment.fields[name].type.kind
        if value is None or value == ():
            return f"{name} is empty"
        if kind == "list":
            return f"{name} = [{', '.join(value)}]"
        if kind == "text":
            shown = str(value).replace("\n", "\\n")
            return f'{name} = "{shown}"'
        if kind == "time":
            return f"{name} = {local(self.zone, value):%Y-%m-%d %H:%M}"
        if kind == "duration":
            return f"{name} = {_length(value)}"
        if isinstance(value, bool):
            return f"{name} = {'true' if value else 'false'}"
        return f"{name} = {value}"


def _length(micros: int) -> str:
    for unit, size in (("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000)):
        if micros and micros % size == 0:
            return f"{micros // size}{unit}"
    return f"{Decimal(micros) / 1_000_000}s"

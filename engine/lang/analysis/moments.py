"""Shops and moments: what is asked of the time alone is tried on moments chosen so that every case is among them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from engine.lang import tree
from engine.lang.analysis.domains import Domains
from engine.lang.compiler import compile_test
from engine.lang.environment import Environment
from engine.lang.functions import date_of, local, moment
from engine.lang.runtime import Helpers
from engine.lang.types import WEEKDAYS

_SHOPS = ("shop.name", "ticket.shop", "member.shop")

_FIRST = date(2026, 3, 2)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = 60_000_000
_DAY = 1440 * _MINUTE


def micros_of_text(text: str) -> int:
    """A written day or time as µs of its own local clock: written times compare alike in every zone."""
    return (datetime.fromisoformat(text).replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


class Moments:
    """The shops and moments that tell apart what the rules ask of them."""

    def __init__(self, environment: Environment, domains: Domains) -> None:
        self._environment = environment
        self._domains = domains
        self._shops: tuple[tuple[str | None, str], ...] = domains.shops or ((None, environment.zone),)
        self._cuts: set[int] = set()
        self._by_clock = False
        self._by_date = False
        self._found: list[tuple[str | None, int]] | None = None
        self._values: list[tuple[str | None, dict[str, Any]]] | None = None
        self._by_shop: dict[str | None, int] = {}
        self._zones = dict(self._shops)
        self.fields = frozenset({"now", "weekday", *(_SHOPS if domains.shops else ())})
        """What the shop and the moment decide alone."""

    def learn(self, leaf: tree.Test) -> None:
        """A test of the time."""
        for part in tree.walk(leaf):
            if isinstance(part, tree.Moment):
                self._cut(part.text, part.whole_day)
            elif isinstance(part, tree.Const) and part.type.kind == "date":
                self._cut(str(part.value), True)
            elif isinstance(part, tree.WithinHours | tree.Elapsed) or (
                isinstance(part, tree.FieldRef) and part.name == "weekday"
            ):
                self._by_clock = True
            elif isinstance(part, tree.CallOf):
                self._by_clock = True
                self._by_date = self._by_date or part.function.name in ("day", "month", "anniversary")

    def learn_days(self, starts: str | None, ends: str | None) -> None:
        """The days from which and until which a rule acts."""
        if starts:
            self._cuts.add(micros_of_text(starts))
        if ends:
            self._cuts.add(micros_of_text(ends) + _DAY)

    def _cut(self, text: str, whole: bool) -> None:
        begin = micros_of_text(text)
        self._cuts |= {begin, begin + _DAY} if whole else {begin, begin + 1}

    def all(self) -> list[tuple[str | None, int]]:
        """Each shop with each moment; the first moment is a plain one, in the middle of a working morning."""
        if self._found is None:
            clocks = self._clocks()
            self._found = [(shop, moment(zone, self._text(clock))) for shop, zone in self._shops for clock in clocks]
        return self._found

    @staticmethod
    def _text(clock: int) -> str:
        return (_EPOCH + timedelta(microseconds=clock)).replace(tzinfo=None).isoformat(sep=" ")

    def _clocks(self) -> list[int]:
        """Moments by the local clock."""
        plain = micros_of_text(_FIRST.isoformat()) + 10 * 60 * _MINUTE
        cuts = sorted(self._cuts)
        if not self._by_clock and not cuts:
            return [plain]
        times = sorted({hour * 60 for hour in range(24)} | {minute % 1440 for minute in self._domains.clock_times})
        stops = sorted({*times, *((a + b) // 2 for a, b in zip(times, [*times[1:], 1440], strict=True))})
        days = 366 if self._by_date else 14
        found = [plain]
        first = micros_of_text(_FIRST.isoformat())
        if self._by_clock:
            starts = [first + n * _DAY for n in range(days)]
            starts += [micros_of_text(day) for day in self._domains.holidays]
            found += [start + stop * _MINUTE for start in starts for stop in stops]
        # Between two written times a whole week must be there, as far as they leave room and are not many.
        for low, high in zip([None, *cuts], [*cuts, None], strict=True):
            begin = low if low is not None else (high or first) - 7 * _DAY
            end = high if high is not None else begin + 7 * _DAY
            found += [begin, end - 1]
            if self._by_clock and len(cuts) <= 60:
                day = begin - begin % _DAY
                for _ in range(8):
                    found += [at for at in (day + stop * _MINUTE for stop in stops) if begin <= at < end]
                    day += _DAY
        return list(dict.fromkeys(found))

    def mask(self, leaf: tree.Test) -> int:
        """The places and moments in which a test holds."""
        call = compile_test(leaf)
        found = 0
        hosts: dict[str | None, Helpers] = {}
        for number, (shop, values) in enumerate(self._told()):
            if shop not in hosts:
                hosts[shop] = self.helpers(shop, values)  # of these values it only asks the shop
            if call(values.get, {}.get, hosts[shop], {}):
                found |= 1 << number
        return found

    def within(self, starts: str | None, ends: str | None) -> int:
        """The moments within a rule's days."""
        found = 0
        for number, (shop, at) in enumerate(self.all()):
            day = date_of(self._zones[shop], at)
            if (starts is None or starts <= day) and (ends is None or day <= ends):
                found |= 1 << number
        return found

    def of_shops(self, shops: frozenset[str | None]) -> int:
        """The moments in these shops."""
        if not self._by_shop:
            digits: dict[str | None, list[str]] = {shop: [] for shop, _ in self._shops}
            for shop, _ in reversed(self.all()):
                for name, row in digits.items():
                    row.append("1" if name == shop else "0")
            self._by_shop = {name: int("".join(row), 2) for name, row in digits.items()}
        found = 0
        for shop in shops:
            found |= self._by_shop.get(shop, 0)
        return found

    def _told(self) -> list[tuple[str | None, dict[str, Any]]]:
        """Each shop with what each moment decides, in the order of `all`."""
        if self._values is None:
            self._values = [(shop, self.values(shop, at)) for shop, at in self.all()]
        return self._values

    def zone(self, shop: str | None) -> str:
        """A shop's time zone."""
        return self._zones.get(shop, self._environment.zone)

    def values(self, shop: str | None, at: int) -> dict[str, Any]:
        """The fields a shop and a moment decide."""
        values: dict[str, Any] = {"now": at, "weekday": WEEKDAYS.values[local(self.zone(shop), at).weekday()]}
        if shop is not None:
            values.update(dict.fromkeys(_SHOPS, shop))
        return values

    def helpers(self, shop: str | None, values: Mapping[str, Any]) -> Helpers:
        """What conditions ask of the host there."""
        if self._domains.helpers is None:
            return Plain(self.zone(shop))
        return self._domains.helpers(shop, values)


class Plain:
    """A host without calendars: always open, every hour is a working hour."""

    def __init__(self, zone: str) -> None:
        self.zone = zone

    def in_hours(self, calendar: str, at: int) -> bool:
        """See Helpers."""
        return True

    def add_business(self, at: int, duration: Any) -> int:
        """See Helpers."""
        found: int = at + duration.micros
        return found

    def failed(self, rule: Any, error: Exception) -> None:
        """See Helpers."""

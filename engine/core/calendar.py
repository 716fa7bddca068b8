"""Business hours and holidays: is it open, add working time, working time between. Times are µs UTC."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from engine.core.entities import DAY, MINUTE, SECOND
from engine.lang import WEEKDAYS
from engine.lang.functions import known_day
from engine.lang.said import quoted, say
from engine.lang.types import LONG_WEEKDAYS

HORIZON_DAYS = 3700
"""How far ahead working time is looked for: a calendar closed for ten years is closed."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.toordinal()


def to_micros(moment: datetime) -> int:
    """µs UTC of an aware datetime, exact."""
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds


@lru_cache(maxsize=256)  # a decision asks again and again about its one moment
def from_micros(at: int, zone: ZoneInfo) -> datetime:
    """The local time of a moment, exact to the µs."""
    return (_EPOCH + timedelta(microseconds=at)).astimezone(zone)


@dataclass(slots=True)
class Calendar:
    """When people work. `hours` holds for each weekday (0 Monday) its spans in minutes of the day it begins;
    a span may end after midnight (22:00-06:00 is 1320..1800)."""

    name: str
    zone: ZoneInfo
    hours: Mapping[int, tuple[tuple[int, int], ...]]
    holidays: frozenset[date] = frozenset()
    label: Mapping[str, str] = field(default_factory=dict)
    _days: dict[int, tuple[tuple[int, int], ...]] = field(default_factory=dict, repr=False)
    _begins: dict[int, int] = field(default_factory=dict, repr=False)
    _week: tuple[tuple[tuple[int, int], ...], ...] | None = field(default=None, repr=False)
    _first_days: dict[int, tuple[int, int]] = field(default_factory=dict, repr=False)
    """By UTC day, the local day in which it begins and the first µs of the one after."""

    def week(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """The spans of each weekday, in order."""
        if self._week is None:
            self._week = tuple(tuple(sorted(self.hours.get(day, ()))) for day in range(7))
        return self._week

    def is_open(self, at: int) -> bool:
        """Whether the moment lies in working time; the end of a span does not."""
        day = self._local_day(at)
        return any(start <= at < end for d in (day - 1, day) for start, end in self._spans(d))

    def add(self, at: int, amount: int) -> int:
        """The moment at which `amount` µs of working time after `at` are used up.

        At the end of a span the span's end is answered, not the next opening: what is due at 18:00 is due then.
        """
        if amount <= 0:
            return at
        left = amount
        day = self._local_day(at)
        for d in range(day - 1, day + HORIZON_DAYS):
            for start, end in self._spans(d):
                if end <= at:
                    continue
                begin = max(start, at)
                if end - begin >= left:
                    return begin + left
                left -= end - begin
        return at + HORIZON_DAYS * DAY

    def add_days(self, at: int, count: int) -> int:
        """The same local time on the `count`-th working day after the day of `at`."""
        local = from_micros(at, self.zone)
        day = self._local_day(at)
        left = count
        for d in range(day + 1, day + HORIZON_DAYS):
            if self._is_working_day(d):
                left -= 1
                if left <= 0:
                    target = date.fromordinal(d)
                    return to_micros(datetime.combine(target, local.time(), tzinfo=self.zone))
        return at + HORIZON_DAYS * DAY

    def closes(self, at: int) -> int | None:
        """When working time ends for the last time on the day of `at`; None where it has."""
        ends = [end for _, end in self._spans(self._local_day(at)) if end > at]
        return max(ends, default=None)

    def opens_today(self, at: int) -> int | None:
        """When working time begins on the day of `at`; None where it has begun, or the day has none."""
        begin = next((start for start, _ in self._spans(self._local_day(at))), None)
        return begin if begin is not None and begin > at else None

    def opens_on_a_later_day(self, at: int) -> int | None:
        """The first moment of the next working day after the day of `at`; None where there is none for long."""
        day = self._local_day(at)
        return next((self._spans(d)[0][0] for d in range(day + 1, day + HORIZON_DAYS) if self._spans(d)), None)

    def between(self, since: int, until: int) -> int:
        """Working time from one moment to a later one, µs; 0 when it is not later."""
        if until <= since:
            return 0
        total = 0
        for d in range(self._local_day(since) - 1, self._local_day(until) + 1):
            for start, end in self._spans(d):
                if start < until and end > since:
                    total += min(end, until) - max(start, since)
        return total

    def ever_open(self) -> bool:
        """False for a calendar without a single working span."""
        return any(self.hours.get(day) for day in range(7))

    def _local_day(self, at: int) -> int:
        utc = at // DAY
        known = self._first_days.get(utc)
        if known is None:
            day = utc + _EPOCH_DAY  # the local day is the same, or beside it
            while utc * DAY < self._begin(day):
                day -= 1
            while utc * DAY >= self._begin(day + 1):
                day += 1
            if len(self._first_days) > 2_000:
                self._first_days.clear()
            known = self._first_days[utc] = (day, self._begin(day + 1))
        day, next_ = known
        while at >= next_:
            day += 1
            next_ = self._begin(day + 1)
        return day

    def _begin(self, ordinal: int) -> int:
        """The first µs of a local day. Where clocks once went back over midnight (Newfoundland, until 2011) a day has
        two midnights: it begins at the first."""
        known = self._begins.get(ordinal)
        if known is None:
            if len(self._begins) > 2_000:
                self._begins.clear()
            known = self._begins[ordinal] = self._wall(_midnight(ordinal), 0)
        return known

    def _is_working_day(self, ordinal: int) -> bool:
        day = date.fromordinal(ordinal)
        return bool(self.hours.get(day.weekday())) and day not in self.holidays

    def _spans(self, ordinal: int) -> tuple[tuple[int, int], ...]:
        known = self._days.get(ordinal)
        if known is not None:
            return known
        # A night that goes on into a day with early hours counts once: the day's spans begin where the night's end.
        night = max((end for _, end in self._walls(ordinal - 1)), default=0)
        walls = ((max(start, night), end) for start, end in self._walls(ordinal))
        spans = tuple((start, end) for start, end in walls if start < end)
        if len(self._days) > 2_000:
            self._days.clear()
        self._days[ordinal] = spans
        return spans

    def _walls(self, ordinal: int) -> list[tuple[int, int]]:
        """The spans that begin on a day, as they stand in `hours`."""
        if not self._is_working_day(ordinal):
            return []
        midnight = _midnight(ordinal)
        return [
            (self._wall(midnight, start), self._wall(midnight, end))
            for start, end in sorted(self.hours[midnight.weekday()])
        ]

    def _wall(self, midnight: datetime, minutes: int) -> int:
        """µs UTC of a wall-clock minute of the day: spans follow the wall clock, also on a day with a clock change."""
        local = (midnight + timedelta(minutes=minutes)).replace(tzinfo=self.zone)
        return to_micros(local)


def _midnight(ordinal: int) -> datetime:
    return datetime.combine(date.fromordinal(ordinal), datetime.min.time())


def parse_days(text: str) -> tuple[int, ...]:
    """`mon`, `mon-fri`, `sat,sun` → weekdays (0 Monday). Raises ValueError."""
    days: list[int] = []
    for part in text.replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        begin = _weekday(first)
        end = _weekday(last) if dash else begin
        step = begin
        while True:
            days.append(step)
            if step == end:
                break
            step = (step + 1) % 7
    return tuple(days)


def _weekday(text: str) -> int:
    name = text.lower()
    short = LONG_WEEKDAYS.get(name, name)
    if short not in WEEKDAYS.values:
        raise ValueError(say("`{text}` is not a weekday ({names})", text, quoted(WEEKDAYS.values)))
    return WEEKDAYS.ranks[short]


def parse_span(text: str) -> tuple[int, int]:
    """`09:00-18:00` → minutes; an end not after the start lies on the next day. Raises ValueError."""
    first, dash, last = text.replace(" ", "").partition("-")
    if not dash:
        raise ValueError(say("`{text}` is not a span of hours such as `09:00-18:00`", text))
    start, end = _clock(first), _clock(last)
    if start >= 24 * 60:
        raise ValueError(say("`{text}` begins after the day has ended", text))
    return (start, end if end > start else end + 24 * 60)


def _clock(text: str) -> int:
    hours, colon, minutes = text.partition(":")
    if not (colon and hours.isdigit() and minutes.isdigit() and len(minutes) == 2):
        raise ValueError(say("`{text}` is not a time of day such as `09:00`", text))
    value = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or value > 24 * 60:
        raise ValueError(say("`{text}` is not a time of day", text))
    return value


def parse_holidays(texts: Iterable[str]) -> frozenset[date]:
    """`2026-01-01` and `2026-02-16..2026-02-20` (both included). Raises ValueError."""
    days: set[date] = set()
    for text in texts:
        first, dots, last = text.partition("..")
        begin = known_day(first.strip())
        end = known_day(last.strip()) if dots else begin
        if end < begin or (end - begin).days > 366:
            raise ValueError(f"`{text}` does not go forward, or is longer than a year")
        days.update(begin + timedelta(days=n) for n in range((end - begin).days + 1))
    return frozenset(days)


def always(zone: ZoneInfo, name: str = "always") -> Calendar:
    """Open around the clock."""
    return Calendar(name=name, zone=zone, hours=dict.fromkeys(range(7), ((0, 24 * 60),)))


def merge_spans(spans: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Spans in order, overlapping ones joined, so that no minute counts twice."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        at = bisect_right(merged, (start, 1 << 30)) - 1
        if at >= 0 and merged[at][1] >= start:
            merged[at] = (merged[at][0], max(merged[at][1], end))
        else:
            merged.append((start, end))
    return tuple(merged)


__all__ = [
    "MINUTE",
    "Calendar",
    "always",
    "from_micros",
    "merge_spans",
    "parse_days",
    "parse_holidays",
    "parse_span",
    "to_micros",
]

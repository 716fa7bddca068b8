"""When scheduled rules run: the moments of `every …` in a shop's zone. Pure sums; times are µs UTC.

A time of day that the clocks skip is run at the moment they are set past it; one that comes twice is run the first
time. `every D` counts elapsed time from one fixed Monday midnight of the zone, so neither a restart nor a change of the
clocks shifts it: `every 1d` is midnight in winter, `every 15m` the quarters.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from engine.core.calendar import from_micros, to_micros
from engine.lang import WEEKDAYS
from engine.lang.checked import Schedule

_ANCHOR = date(2024, 1, 1)
"""A Monday: from its midnight periods are counted, in each zone from its own."""
_AROUND = timedelta(days=2)
"""No zone was ever moved by more than a day, and that of a moment is at most a day off."""


@lru_cache(maxsize=4096)
def next_moment(schedule: Schedule, after: int, zone: ZoneInfo) -> int:
    """The first moment of the schedule that is later than `after` (µs UTC), in the shop's zone."""
    if schedule.period is not None:
        anchor = to_micros(datetime.combine(_ANCHOR, time.min, tzinfo=zone))
        return anchor + ((after - anchor) // schedule.period + 1) * schedule.period
    at = time.fromisoformat(schedule.at or "00:00")
    day = from_micros(after, zone).date() - _AROUND
    while True:
        if _falls_on(schedule, day):
            # `fold` is 0: the first of two equal times; of a skipped one the offset before the gap, so right behind it.
            found = to_micros(datetime.combine(day, at, tzinfo=zone))
            if found > after:
                return found
        day += timedelta(days=1)


def _falls_on(schedule: Schedule, day: date) -> bool:
    """Whether a schedule by the day runs on this one. A month that is too short has its last day instead."""
    if schedule.number is not None:
        return day.day == min(schedule.number, monthrange(day.year, day.month)[1])
    return schedule.day == "day" or WEEKDAYS.values[day.weekday()] == schedule.day

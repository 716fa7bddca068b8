"""When scheduled rules run: in the shop's zone, over changes of the clocks, in short months, whatever is restarted."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.calendar import from_micros, to_micros
from engine.core.schedule import next_moment
from engine.lang import Schedule

HOUR = 3_600_000_000
DAY = 24 * HOUR

ZONES = [
    ZoneInfo(name)
    for name in (
        "UTC", "Asia/Taipei", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo",
        "Africa/Casablanca", "Pacific/Apia", "Asia/Kathmandu", "Pacific/Chatham",
    )
]  # fmt: skip
"""Lord Howe moves by half an hour, São Paulo at midnight, Casablanca by the moon; Apia left out a whole day."""

TIMES = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.integers(0, 59))
DAILY = st.builds(lambda at: Schedule(None, "day", None, at, None), TIMES)
WEEKLY = st.builds(
    lambda day, at: Schedule(None, day, None, at, None),
    st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]),
    TIMES,
)
MONTHLY = st.builds(lambda number, at: Schedule(None, "month", number, at, None), st.integers(1, 31), TIMES)
PERIODIC = st.builds(
    lambda minutes: Schedule(minutes * 60_000_000, None, None, None, None),
    st.integers(1, 366 * 1440) | st.sampled_from([1, 5, 15, 60, 240, 1440, 10080]),
)
ANY = DAILY | WEEKLY | MONTHLY | PERIODIC
MOMENTS = st.integers(
    to_micros(datetime(2010, 1, 1, tzinfo=ZONES[0])), to_micros(datetime(2030, 1, 1, tzinfo=ZONES[0]))
)
ANYWHERE = st.sampled_from(ZONES)


def at(text: str, zone: ZoneInfo) -> int:
    """A local time, µs UTC."""
    return to_micros(datetime.fromisoformat(text).replace(tzinfo=zone))


def run(schedule: Schedule, zone: ZoneInfo, since: str, until: str) -> list[str]:
    """The local times of every run after a local time and up to another, with their offset from UTC."""
    found, moment, end = [], at(since, zone), at(until, zone)
    while (moment := next_moment(schedule, moment, zone)) <= end:
        found.append(from_micros(moment, zone).strftime("%m-%d %H:%M %z"))
    return found


def test_a_day_has_its_run_when_the_hour_is_skipped_and_when_it_comes_twice() -> None:
    berlin, early = ZoneInfo("Europe/Berlin"), Schedule(None, "day", None, "02:30", None)
    assert run(early, berlin, "2026-03-28 00:00", "2026-03-31 00:00") == [
        "03-28 02:30 +0100",
        "03-29 03:30 +0200",
        "03-30 02:30 +0200",
    ]
    assert run(early, berlin, "2026-10-24 00:00", "2026-10-27 00:00") == [
        "10-24 02:30 +0200",
        "10-25 02:30 +0200",
        "10-26 02:30 +0100",
    ]


def test_a_day_that_the_zone_left_out_is_not_made_up() -> None:
    daily = Schedule(None, "day", None, "09:00", None)
    assert run(daily, ZoneInfo("Pacific/Apia"), "2011-12-28 10:00", "2012-01-01 10:00") == [
        "12-29 09:00 -1000",
        "12-31 09:00 +1400",
        "01-01 09:00 +1400",
    ]


def test_weeks_and_months() -> None:
    taipei = ZoneInfo("Asia/Taipei")
    monday = Schedule(None, "mon", None, "08:30", None)
    assert run(monday, taipei, "2026-03-01 00:00", "2026-03-16 08:30") == [
        "03-02 08:30 +0800",
        "03-09 08:30 +0800",
        "03-16 08:30 +0800",
    ]
    last = Schedule(None, "month", 31, "07:00", None)
    assert run(last, taipei, "2028-01-01 00:00", "2028-05-01 00:00") == [
        "01-31 07:00 +0800",
        "02-29 07:00 +0800",
        "03-31 07:00 +0800",
        "04-30 07:00 +0800",
    ]


@pytest.mark.parametrize(
    ("minutes", "zone", "since", "runs"),
    [
        (15, "Asia/Taipei", "2026-03-02 10:07", ["03-02 10:15 +0800", "03-02 10:30 +0800"]),
        (60, "Asia/Kathmandu", "2026-03-02 10:07", ["03-02 11:00 +0545", "03-02 12:00 +0545"]),
        (1440, "Asia/Taipei", "2026-03-02 10:07", ["03-03 00:00 +0800", "03-04 00:00 +0800"]),
        (10080, "America/New_York", "2026-01-08 10:07", ["01-12 00:00 -0500", "01-19 00:00 -0500"]),
    ],
)
def test_periods_are_counted_from_a_monday_midnight_of_the_zone(
    minutes: int, zone: str, since: str, runs: list[str]
) -> None:
    place, schedule = ZoneInfo(zone), Schedule(minutes * 60_000_000, None, None, None, None)
    first = next_moment(schedule, at(since, place), place)
    found = [first, next_moment(schedule, first, place)]
    assert [from_micros(moment, place).strftime("%m-%d %H:%M %z") for moment in found] == runs


@given(ANY, ANYWHERE, MOMENTS, st.integers(0, 40 * DAY))
def test_the_next_is_the_same_wherever_one_asks_from(
    schedule: Schedule, zone: ZoneInfo, after: int, later: int
) -> None:
    found = next_moment(schedule, after, zone)
    assert found > after
    between = min(after + later, found - 1)
    assert next_moment(schedule, between, zone) == found, "a restart in between shifts nothing"
    assert next_moment(schedule, found - 1, zone) == found


@given(DAILY | WEEKLY | MONTHLY, ANYWHERE, MOMENTS)
def test_the_wall_clock_shows_the_time_unless_the_clocks_were_set_past_it(
    schedule: Schedule, zone: ZoneInfo, after: int
) -> None:
    local = from_micros(next_moment(schedule, after, zone), zone)
    shown = local.strftime("%H:%M")
    if shown != schedule.at:
        wanted = datetime.combine(local.date(), datetime.min.time().fromisoformat(schedule.at or ""), tzinfo=zone)
        days = (wanted, wanted - timedelta(days=1))
        assert any(from_micros(to_micros(day), zone).strftime("%H:%M") != schedule.at for day in days), "no such gap"
    assert local.fold == 0, "of a time that comes twice the first"


@given(DAILY, ANYWHERE, MOMENTS)
def test_every_day_has_exactly_one_run(schedule: Schedule, zone: ZoneInfo, after: int) -> None:
    runs = [after]
    for _ in range(60):
        runs.append(next_moment(schedule, runs[-1], zone))
    wanted = {to_micros(datetime.combine(day, datetime.min.time().fromisoformat(schedule.at or ""), tzinfo=zone))
              for day in _days(from_micros(after, zone).date(), 70)}  # fmt: skip
    assert runs[1:] == sorted(moment for moment in wanted if moment > after)[:60]


@given(PERIODIC, ANYWHERE, MOMENTS)
def test_periods_are_a_period_apart(schedule: Schedule, zone: ZoneInfo, after: int) -> None:
    first = next_moment(schedule, after, zone)
    assert first - after <= (schedule.period or 0)
    assert next_moment(schedule, first, zone) - first == schedule.period


@given(MONTHLY, ANYWHERE, MOMENTS)
def test_every_month_has_its_run(schedule: Schedule, zone: ZoneInfo, after: int) -> None:
    moment, months = after, []
    for _ in range(14):
        moment = next_moment(schedule, moment, zone)
        local = from_micros(moment, zone)
        months.append(local.year * 12 + local.month)
    assert months == list(range(months[0], months[0] + 14))


def _days(start: date, count: int) -> list[date]:
    return [start + timedelta(days=n) for n in range(-3, count)]

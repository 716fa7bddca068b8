"""Working time: lunch, weekend, holidays, nights, clock changes; adding and measuring are each other's inverse."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.calendar import (
    Calendar,
    always,
    from_micros,
    merge_spans,
    parse_days,
    parse_holidays,
    parse_span,
    to_micros,
)
from engine.core.entities import DAY, HOUR, MINUTE, SECOND
from tests.core.desk import TAIPEI, at, clock_of

BERLIN = ZoneInfo("Europe/Berlin")


def calendar(zone: ZoneInfo = TAIPEI, holidays: Iterable[str] = (), **hours: list[str]) -> Calendar:
    """A calendar as calendars.yaml has it; `mon_fri=["09:00-12:00"]`."""
    spans: dict[int, tuple[tuple[int, int], ...]] = {}
    for days, texts in hours.items():
        for day in parse_days(days.replace("_", "-")):
            spans[day] = merge_spans((*spans.get(day, ()), *map(parse_span, texts)))
    return Calendar("test", zone, spans, parse_holidays(holidays))


# 2026-03-02 is a Monday; the holidays stand in the week before.
OFFICE = calendar(holidays=["2026-02-26..2026-02-27"], mon_fri=["09:00-12:00", "13:00-18:00"], sat=["10:00-14:00"])
NIGHT = calendar(holidays=["2026-03-04"], mon_fri=["22:00-06:00"])
SUMMER = calendar(BERLIN, mon_sun=["22:00-06:00"])


@pytest.mark.parametrize(
    ("calendar_", "moment", "open_"),
    [
        (OFFICE, "2026-03-02 08:59", False),
        (OFFICE, "2026-03-02 09:00", True),
        (OFFICE, "2026-03-02 11:59", True),
        (OFFICE, "2026-03-02 12:00", False),
        (OFFICE, "2026-03-02 12:30", False),
        (OFFICE, "2026-03-02 13:00", True),
        (OFFICE, "2026-03-02 18:00", False),
        (OFFICE, "2026-02-28 10:00", True),
        (OFFICE, "2026-02-28 09:59", False),
        (OFFICE, "2026-03-01 12:00", False),
        (OFFICE, "2026-02-26 10:00", False),
        (NIGHT, "2026-03-02 21:59", False),
        (NIGHT, "2026-03-02 22:00", True),
        (NIGHT, "2026-03-03 05:59", True),
        (NIGHT, "2026-03-03 06:00", False),
        (NIGHT, "2026-03-04 05:59", True),  # belongs to Tuesday, when the night began
        (NIGHT, "2026-03-04 22:00", False),
        (NIGHT, "2026-03-05 03:00", False),
        (NIGHT, "2026-03-07 05:59", True),
        (NIGHT, "2026-03-07 22:00", False),
        (always(TAIPEI), "2026-03-01 00:00", True),
    ],
)
def test_open(calendar_: Calendar, moment: str, open_: bool) -> None:
    assert calendar_.is_open(at(moment)) is open_


@pytest.mark.parametrize(
    ("calendar_", "since", "amount", "until"),
    [
        (OFFICE, "2026-03-02 09:00", 1 * HOUR, "2026-03-02 10:00"),
        (OFFICE, "2026-03-02 11:30", 1 * HOUR, "2026-03-02 13:30"),  # lunch
        (OFFICE, "2026-03-02 11:00", 1 * HOUR, "2026-03-02 12:00"),  # the end of a span, not the next opening
        (OFFICE, "2026-03-02 17:00", 4 * HOUR, "2026-03-03 12:00"),
        (OFFICE, "2026-03-02 03:00", 1 * HOUR, "2026-03-02 10:00"),
        (OFFICE, "2026-02-28 13:00", 2 * HOUR, "2026-03-02 10:00"),  # Sunday
        (OFFICE, "2026-02-25 17:30", 1 * HOUR, "2026-02-28 10:30"),  # two holidays
        (OFFICE, "2026-02-26 10:00", 4 * HOUR, "2026-02-28 14:00"),
        (OFFICE, "2026-03-02 09:00", 44 * HOUR, "2026-03-07 14:00"),  # a week
        (OFFICE, "2026-03-02 10:15", 0, "2026-03-02 10:15"),
        (OFFICE, "2026-03-01 10:15", 0, "2026-03-01 10:15"),
        (NIGHT, "2026-03-02 12:00", 9 * HOUR, "2026-03-03 23:00"),
        (NIGHT, "2026-03-03 05:00", 2 * HOUR, "2026-03-03 23:00"),
        (NIGHT, "2026-03-03 22:00", 9 * HOUR, "2026-03-05 23:00"),  # no night begins on the 4th
        (always(TAIPEI), "2026-02-26 10:00", 30 * HOUR, "2026-02-27 16:00"),
    ],
)
def test_add(calendar_: Calendar, since: str, amount: int, until: str) -> None:
    assert clock_of(calendar_.add(at(since), amount)) == until


@pytest.mark.parametrize(
    ("calendar_", "since", "until", "hours"),
    [
        (OFFICE, "2026-03-02 09:00", "2026-03-02 18:00", 8),
        (OFFICE, "2026-03-02 11:30", "2026-03-02 13:30", 1),
        (OFFICE, "2026-03-02 12:10", "2026-03-02 12:50", 0),
        (OFFICE, "2026-02-25 09:00", "2026-03-02 09:00", 8 + 4),
        (OFFICE, "2026-03-02 00:00", "2026-03-09 00:00", 44),
        (OFFICE, "2026-03-02 10:00", "2026-03-02 10:00", 0),
        (OFFICE, "2026-03-02 11:00", "2026-03-02 10:00", 0),
        (NIGHT, "2026-03-02 00:00", "2026-03-09 00:00", 4 * 8),
        (NIGHT, "2026-03-03 01:00", "2026-03-03 23:00", 6),
    ],
)
def test_between(calendar_: Calendar, since: str, until: str, hours: int) -> None:
    assert calendar_.between(at(since), at(until)) == hours * HOUR


@pytest.mark.parametrize(
    ("since", "days", "until"),
    [
        ("2026-03-02 10:00", 1, "2026-03-03 10:00"),
        ("2026-03-06 17:00", 1, "2026-03-07 17:00"),  # Saturday is a working day, however short
        ("2026-03-06 17:00", 2, "2026-03-09 17:00"),
        ("2026-02-25 10:00", 1, "2026-02-28 10:00"),
        ("2026-02-25 10:00", 3, "2026-03-03 10:00"),
        ("2026-03-01 03:00", 3, "2026-03-04 03:00"),
    ],
)
def test_working_days_end_at_the_same_time_of_day(since: str, days: int, until: str) -> None:
    assert clock_of(OFFICE.add_days(at(since), days)) == until


def test_the_clock_is_put_forward_in_march() -> None:
    # On 2026-03-29 Berlin goes from 02:00 to 03:00: the night has seven hours.
    assert SUMMER.between(at("2026-03-28 22:00", BERLIN), at("2026-03-29 06:00", BERLIN)) == 7 * HOUR
    assert clock_of(SUMMER.add(at("2026-03-28 22:00", BERLIN), 5 * HOUR), BERLIN) == "2026-03-29 04:00"
    early = calendar(BERLIN, mon_sun=["01:00-02:00", "03:00-04:00"])
    assert early.between(at("2026-03-29 00:00", BERLIN), at("2026-03-30 00:00", BERLIN)) == 2 * HOUR
    within = calendar(BERLIN, mon_sun=["02:15-03:05", "08:00-09:00"])
    whole = within.between(at("2026-03-29 00:00", BERLIN), at("2026-03-30 00:00", BERLIN))
    assert HOUR <= whole <= HOUR + 50 * MINUTE, "a span that the day skips takes nothing from the others"
    days = calendar(BERLIN, mon_sun=["09:00-17:00"])
    assert clock_of(days.add_days(at("2026-03-28 12:00", BERLIN), 1), BERLIN) == "2026-03-29 12:00"


def test_the_clock_is_put_back_in_october() -> None:
    # On 2026-10-25 Berlin goes from 03:00 back to 02:00: the night has nine hours.
    assert SUMMER.between(at("2026-10-24 22:00", BERLIN), at("2026-10-25 06:00", BERLIN)) == 9 * HOUR
    assert clock_of(SUMMER.add(at("2026-10-24 22:00", BERLIN), 9 * HOUR), BERLIN) == "2026-10-25 06:00"
    second_half_past_two = at("2026-10-25 02:30", BERLIN) + HOUR
    assert SUMMER.is_open(second_half_past_two)
    assert always(BERLIN).between(at("2026-10-25 00:00", BERLIN), at("2026-10-26 00:00", BERLIN)) == 25 * HOUR


def test_a_night_that_runs_into_early_hours_counts_once() -> None:
    both = calendar(mon=["22:00-06:00"], tue=["05:00-12:00"])
    assert both.between(at("2026-03-02 00:00"), at("2026-03-04 00:00")) == 14 * HOUR
    assert clock_of(both.add(at("2026-03-02 22:00"), 9 * HOUR)) == "2026-03-03 07:00"


def test_overlapping_spans_of_a_day_count_once() -> None:
    twice = calendar(mon=["09:00-12:00", "11:00-13:00", "13:00-14:00"])
    assert twice.between(at("2026-03-02 00:00"), at("2026-03-03 00:00")) == 5 * HOUR


def test_a_calendar_that_never_opens_is_known() -> None:
    assert not calendar().ever_open()
    assert OFFICE.ever_open()


SPANS = st.lists(
    st.tuples(st.integers(0, 1439), st.integers(60, 1440)).map(lambda s: (s[0], s[0] + s[1])), min_size=1, max_size=3
).map(merge_spans)
CALENDARS = st.builds(
    Calendar,
    st.just("random"),
    st.sampled_from([TAIPEI, BERLIN, ZoneInfo("America/St_Johns"), ZoneInfo("Pacific/Apia")]),
    st.dictionaries(st.integers(0, 6), SPANS, min_size=1),
    st.frozensets(st.dates(date(2026, 3, 1), date(2026, 11, 30)), max_size=5),
)
MOMENTS = st.integers(at("2026-03-20 00:00") // SECOND, at("2026-11-05 00:00") // SECOND).map(lambda s: s * SECOND)


@settings(deadline=None, max_examples=150)
@given(CALENDARS, MOMENTS, st.integers(1, 200 * 60).map(lambda m: m * MINUTE))
def test_what_is_added_is_what_lies_between(calendar_: Calendar, since: int, amount: int) -> None:
    until = calendar_.add(since, amount)
    assert calendar_.between(since, until) == amount
    assert calendar_.between(since, until - 1) == amount - 1, "there is no earlier such moment"
    assert calendar_.is_open(until - 1)


@settings(deadline=None, max_examples=150)
@given(CALENDARS, st.lists(MOMENTS, min_size=3, max_size=3).map(sorted))
def test_time_between_adds_up_and_is_no_more_than_passes(calendar_: Calendar, moments: list[int]) -> None:
    a, b, c = moments
    assert calendar_.between(a, b) + calendar_.between(b, c) == calendar_.between(a, c)
    assert 0 <= calendar_.between(a, c) <= c - a


def test_moments_keep_their_microseconds() -> None:
    moment = at("2026-03-02 10:00") + 123_457
    assert to_micros(from_micros(moment, BERLIN)) == moment


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("mon", (0,)),
        ("Monday", (0,)),
        ("mon-fri", (0, 1, 2, 3, 4)),
        ("sat, sun", (5, 6)),
        ("fri-mon", (4, 5, 6, 0)),
        ("mon-tuesday,sun", (0, 1, 6)),
    ],
)
def test_days(text: str, days: tuple[int, ...]) -> None:
    assert parse_days(text) == days


@pytest.mark.parametrize("text", ["", "mo", "monster", "mon-", "-fri", "mon-fri-sat", "mon,,tue", "1", "週一"])
def test_bad_days(text: str) -> None:
    with pytest.raises(ValueError, match="is not a weekday"):
        parse_days(text)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("09:00-18:00", (540, 1080)),
        ("9:00 - 18:00", (540, 1080)),
        ("22:00-06:00", (1320, 1800)),
        ("00:00-24:00", (0, 1440)),
        ("20:00-00:00", (1200, 1440)),
        ("09:00-09:00", (540, 1980)),
    ],
)
def test_spans(text: str, span: tuple[int, int]) -> None:
    assert parse_span(text) == span


@pytest.mark.parametrize(
    "text", ["", "09:00", "09:00-", "-18:00", "9-18", "09:60-18:00", "25:00-26:00", "09:00-24:01", "24:00-06:00", "a-b"]
)
def test_bad_spans(text: str) -> None:
    with pytest.raises(ValueError, match="`"):
        parse_span(text)


def test_holidays() -> None:
    found = parse_holidays(["2026-01-01", "2026-02-27..2026-03-01", "2026-02-28"])
    assert sorted(d.isoformat() for d in found) == ["2026-01-01", "2026-02-27", "2026-02-28", "2026-03-01"]


@pytest.mark.parametrize(
    "text", ["", "2026-02-30", "2026-03-01..2026-02-01", "2026-01-01..2028-01-01", "2026-01-01..", "元旦"]
)
def test_bad_holidays(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        parse_holidays([text])


def test_a_year_of_days_costs_no_memory() -> None:
    calendar_ = calendar(mon_sun=["09:00-18:00"])
    since = at("2026-01-01 00:00")
    assert calendar_.between(since, since + 7_000 * DAY) == 7_000 * 9 * HOUR
    assert len(calendar_._days) <= 2_001


@given(st.sampled_from(["Asia/Taipei", "America/Sao_Paulo", "Pacific/Apia", "Africa/Cairo"]), st.data())
def test_the_day_of_a_moment_is_the_same_whatever_was_asked_before(zone: str, data: st.DataObject) -> None:
    calendar = always(ZoneInfo(zone))
    spans = st.integers(-26 * HOUR, 26 * HOUR)
    at = data.draw(st.integers(946_684_800, 1_900_000_000)) * SECOND
    for step in data.draw(st.lists(spans, min_size=1, max_size=20)):
        at += step
        assert calendar._local_day(at) == from_micros(at, ZoneInfo(zone)).toordinal()


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        ("2026-03-02 08:59", "2026-03-02 09:00"),
        ("2026-03-02 09:00", None),
        ("2026-03-02 12:30", None),
        ("2026-03-02 19:00", None),
        ("2026-02-28 07:00", "2026-02-28 10:00"),
        ("2026-03-01 07:00", None),
        ("2026-02-26 07:00", None),
    ],
)
def test_when_the_day_begins_is_known_before_it_has_begun(moment: str, opens: str | None) -> None:
    assert OFFICE.opens_today(at(moment)) == (None if opens is None else at(opens))

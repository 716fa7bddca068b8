"""The starter desk does not go stale by the calendar: what is sound today is sound in ten years, greetings included."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest

import engine.reload
from engine.reload import load_files
from tests.starter.test_starter import FILES

YEARS = range(2026, 2037)


@pytest.mark.parametrize("year", [2027, YEARS[-1]])
def test_the_starter_desk_is_without_a_warning_on_a_day_to_come(year: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has ended stays ended: the last day of ten years would show what ends on any day of them."""

    class LastDay(date):
        @classmethod
        def today(cls) -> LastDay:
            return cls(year, 12, 31)

    monkeypatch.setattr(engine.reload, "date", LastDay)
    found = load_files(FILES, run_scenarios=False).findings
    assert [(finding.code, finding.message) for finding in found] == []


def test_mid_autumn_has_its_day_in_each_of_the_years() -> None:
    """Its days are looked up, so they are held against the moon: the full moon is the day itself, or the next two."""
    (rule,) = re.findall(r"(?ms)^rule mid_autumn_greeting .*?(?=^rule )", FILES["80-housekeeping.rules"])
    days = [date.fromisoformat(day) for day in re.findall(r"\d{4}-\d\d-\d\d", rule)]
    assert {day.year for day in days} >= set(YEARS) and len({day.year for day in days}) == len(days)
    full = datetime(2026, 9, 26, 16, 49, tzinfo=UTC)
    month = timedelta(days=29.530588)
    for day in days:
        assert date(day.year, 9, 7) <= day <= date(day.year, 10, 8)
        noon = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
        off = (noon - full) / month
        assert abs(off - round(off)) * 29.530588 < 2.2, day

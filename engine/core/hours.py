"""A calendar's hours as people read them: `週一至週五 09:00–18:00，週六 10:00–14:00`."""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby

from engine.core.calendar import Calendar
from engine.core.phrases import phrase

_DAY = 24 * 60
"""Minutes."""


def hours_in_words(calendar: Calendar, locale: str) -> str:
    """The hours of a week in a language. Holidays are not named."""
    return _in_words(calendar.week(), locale)


@lru_cache(maxsize=256)
def _in_words(week: tuple[tuple[tuple[int, int], ...], ...], locale: str) -> str:
    if not any(week):
        return phrase("hours.never", locale)
    if all(spans == ((0, _DAY),) for spans in week):
        return phrase("hours.always", locale)
    names = phrase("hours.days", locale).split()
    parts = []
    for spans, run in groupby(range(7), key=week.__getitem__):
        days = list(run)
        if not spans:
            continue
        if len(days) == 7:
            when = phrase("hours.daily", locale)
        elif len(days) > 1:
            when = names[days[0]] + phrase("hours.to", locale) + names[days[-1]]
        else:
            when = names[days[0]]
        said = phrase("hours.and", locale).join(_span(start, end, locale) for start, end in spans)
        parts.append(f"{when} {said}")
    return phrase("hours.then", locale).join(parts)


def _span(start: int, end: int, locale: str) -> str:
    late = phrase("hours.next_day", locale) if end > _DAY else ""
    return f"{_time(start)}–{late}{_time(end if end <= _DAY else end - _DAY)}"


def _time(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"

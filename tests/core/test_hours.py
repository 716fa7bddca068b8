"""A calendar's hours in words, in each language."""

from __future__ import annotations

import pytest

from engine.core.calendar import Calendar, always
from engine.core.hours import hours_in_words
from tests.core.desk import TAIPEI, Stage, book_of

NINE_TO_SIX = ((540, 1080),)
LUNCH = ((540, 720), (780, 1080))


def of(**days: tuple[tuple[int, int], ...]) -> Calendar:
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    return Calendar("c", TAIPEI, {names.index(day): spans for day, spans in days.items()})


@pytest.mark.parametrize(
    ("calendar", "told"),
    [
        (always(TAIPEI), ("每天 24 小時", "每天 24 小时", "around the clock")),
        (of(), ("目前不開放", "目前不开放", "closed")),
        (of(sun=NINE_TO_SIX), ("週日 09:00–18:00", "周日 09:00–18:00", "Sun 09:00–18:00")),
        (
            of(**dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), ((720, 1260),))),
            ("每天 12:00–21:00", "每天 12:00–21:00", "every day 12:00–21:00"),
        ),
        (
            of(mon=LUNCH, tue=LUNCH, wed=LUNCH, thu=LUNCH, fri=LUNCH, sat=((600, 840),)),
            (
                "週一至週五 09:00–12:00、13:00–18:00，週六 10:00–14:00",
                "周一至周五 09:00–12:00、13:00–18:00，周六 10:00–14:00",
                "Mon–Fri 09:00–12:00, 13:00–18:00; Sat 10:00–14:00",
            ),
        ),
        (
            of(mon=NINE_TO_SIX, wed=NINE_TO_SIX, thu=((1320, 1800),)),
            (
                "週一 09:00–18:00，週三 09:00–18:00，週四 22:00–翌日 06:00",
                "周一 09:00–18:00，周三 09:00–18:00，周四 22:00–次日 06:00",
                "Mon 09:00–18:00; Wed 09:00–18:00; Thu 22:00–the next day 06:00",
            ),
        ),
        (of(fri=((1080, 1440),)), ("週五 18:00–24:00", "周五 18:00–24:00", "Fri 18:00–24:00")),
    ],
)
def test_hours_in_words(calendar: Calendar, told: tuple[str, str, str]) -> None:
    assert tuple(hours_in_words(calendar, locale) for locale in ("zh-TW", "zh-CN", "en")) == told


def test_a_text_says_the_hours_of_the_shops_calendar_in_the_members_language() -> None:
    rules = 'rule told on ticket.created then reply "{shop.hours}"'
    calendars = (
        'office: {zone: Asia/Taipei, hours: {mon-fri: ["12:00-21:00"]}}\nalways: {hours: {mon-sun: ["00:00-24:00"]}}\n'
    )
    stage = Stage(book_of(rules, calendars=calendars))
    assert [say.text for say in stage.says().replies] == ["週一至週五 12:00–21:00"]
    stage = Stage(book_of(rules, calendars=calendars), language="en")
    assert [say.text for say in stage.says().replies] == ["Mon–Fri 12:00–21:00"]

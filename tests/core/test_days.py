"""Days at the ends of the calendar: those the desk knows can be written everywhere, the others are told where they
stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from engine.core import scenarios
from engine.core.building import build
from engine.core.errors import Refused
from engine.core.typed import check_field
from engine.lang import Severity, Source
from tests.core.desk import FILES, Stage, book_of, files

KNOWN = ("1900-01-01", "1969-12-31", "1970-01-01", "9998-12-31")
UNKNOWN = ("0001-01-01", "1899-12-31", "9999-01-01", "9999-12-31")
Place = Callable[[str], Mapping[str, str]]


def _ruled(condition: str, head: str = "") -> Place:
    return lambda day: files(
        f"rule a {head.format(day=day)} on ticket.created when {condition.format(day=day)} then add tag x"
    )


def _holiday(text: str) -> Place:
    calendars = FILES["calendars.yaml"]
    return lambda day: files(
        "rule a on ticket.created when now in hours office then add tag x",
        calendars_yaml=calendars.replace('"2026-01-01"', f'"{text.format(day=day)}"'),
    )


PLACES: Mapping[str, Place] = {
    "a day of a time": _ruled('date(now) = "{day}"'),
    "days of a time": _ruled('date(ticket.created_at) in ["{day}", "2026-01-01"]'),
    "after a day": _ruled('ticket.created_at > "{day}"'),
    "until a day": _ruled('ticket.created_at <= "{day}"'),
    "on a day": _ruled('ticket.created_at = "{day}"'),
    "before a moment": _ruled('now < "{day} 23:59"'),
    "a moment": _ruled('now >= "{day} 00:00" and now in hours office'),
    "a day with days": _ruled('member.birthday + 1d < "{day}"'),
    "a birthday": _ruled('member.birthday = "{day}"'),
    "an anniversary": _ruled('anniversary(member.birthday) = "{day}"'),
    "its weekday": _ruled('date(now) = "{day}" and weekday = mon'),
    "set": lambda day: files(f'rule a on ticket.created then set member.birthday to "{day}"'),
    "from": _ruled("now in hours office", 'from "{day}"'),
    "until": _ruled("now in hours office", 'until "{day}"'),
    "a holiday": _holiday("{day}"),
    "holidays": _holiday("{day}..{day}"),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("day", KNOWN)
def test_a_day_of_the_calendar_stands_everywhere(place: str, day: str) -> None:
    book, findings = build(PLACES[place](day))
    assert book is not None, [finding.message for finding in findings]
    assert not [finding for finding in findings if finding.severity is Severity.ERROR]
    decision = Stage(book).says()
    assert "failed" not in [entry.outcome for entry in decision.trace]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("day", UNKNOWN)
def test_another_is_told_where_it_stands(place: str, day: str) -> None:
    book, findings = build(PLACES[place](day))
    assert book is None
    (found,) = (finding for finding in findings if finding.severity is Severity.ERROR)
    assert found.code == "bad-date" and day in found.span.text


@pytest.mark.parametrize("key", ["now: {}", "member: {{signed_up_at: {}}}"])
@pytest.mark.parametrize("day", UNKNOWN)
def test_a_scenario_has_the_same_days(key: str, day: str) -> None:
    stands = key.format(f'"{day} 10:00"')
    text = f"- name: x\n  {stands}\n  steps: [{{message: 你好}}]\n"
    read, problems = scenarios.read(Source("tests/a.yaml", text))
    assert problems and day in problems[0].span.text, (read, problems)


@pytest.mark.parametrize("day", UNKNOWN)
def test_people_are_told_too(day: str) -> None:
    book = book_of(desk_yaml=FILES["desk.yaml"] + "  ticket.seen_at: {type: time, optional: true}\n")
    for owner, name, value in (("member", "birthday", day), ("ticket", "seen_at", f"{day}T10:00:00+08:00")):
        with pytest.raises(Refused):
            check_field(book, owner, name, value)


@pytest.mark.parametrize("span", ["3000000d", "99999999d"])
@pytest.mark.parametrize("condition", ['date(now + {span}) > "2026-01-01"', 'date(now) + {span} > "2026-01-01"'])
def test_what_is_counted_past_the_end_fails_no_decision(condition: str, span: str) -> None:
    book, findings = build(files(f"rule a on ticket.created when {condition.format(span=span)} then add tag x"))
    if book is None:
        assert all(finding.code == "bad-duration" for finding in findings if finding.severity is Severity.ERROR)
        return
    assert "failed" not in [entry.outcome for entry in Stage(book).says().trace]

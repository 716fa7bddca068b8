"""What the database leaves over for scheduled rules: never less than what the condition holds for, and no more than
its untranslatable parts cost."""

from __future__ import annotations

import random
from typing import Any

import pytest

from engine.core.changes import Set, Tag
from engine.core.entities import DAY, HOUR
from engine.lang import Condition, Source, Span, compile_condition
from engine.store import Store
from engine.store import tables as t
from engine.store.wider import wider
from tests.store.desk import change, guest, line
from tests.store.test_filters import (
    ATOMS,
    ENVIRONMENT,
    NOW,
    WORDS,
    ZONE,
    cases,
    compiled,
    filled,
    found_by_sql,
    found_in_memory,
)

__all__ = ["cases", "filled"]

OPAQUE = (
    "ticket.subject matches /a+/i",
    'ticket.account != "A1"',
    'ticket.account contains "A"',
    "ticket.amount / 2 > 3",
    "day(ticket.created_at) > 15",
    "ticket.idle > 1d business",
    "ticket.age >= 2h business",
    "ticket.age < 2d business",
)
"""What only memory can decide."""


class Host:
    """The host's side: a working day is a day, a working hour three hours."""

    zone = ZONE

    def in_hours(self, calendar: str, at: int, /) -> bool:
        raise AssertionError

    def add_business(self, at: int, duration: Any, /) -> int:
        return at + (duration.days * DAY if duration.days is not None else duration.micros * 3)

    def failed(self, rule: Any, error: Exception, /) -> None:
        raise error


def found_wider(store: Store, *conditions: Condition | None) -> set[int] | None:
    """Numbers of tickets that are left over; None: all."""
    where = wider(conditions, "ticket", NOW, store.ring, WORDS, ZONE)
    if where is None:
        return None
    return set(store.read_sync(lambda tx: tx.values(t.Ticket.select(t.Ticket.number).where(where))))


def held(condition: Condition, cases: dict[int, dict[str, Any]]) -> set[int]:
    """Numbers for which the condition holds."""
    return {number for number, values in cases.items() if condition.holds(values, {}, Host())}


def test_nothing_that_matches_is_left_out_however_parts_are_joined(
    filled: Store, cases: dict[int, dict[str, Any]]
) -> None:
    chance = random.Random(5)

    def build(depth: int) -> str:
        if depth == 0 or chance.random() < 0.2:
            return chance.choice(OPAQUE if chance.random() < 0.4 else ATOMS)
        left, right = build(depth - 1), build(depth - 1)
        form = chance.choice(["({} and {})", "({} or {})", "not ({} and {})", "not ({} or not {})"])
        return form.format(left, right)

    narrowed = 0
    for _ in range(150):
        text = build(3)
        condition = compiled(text)
        left = found_wider(filled, condition)
        if left is not None:
            assert held(condition, cases) <= left, text
            narrowed += len(left) < 60
    assert narrowed > 40, "and it does leave something out"


def test_what_sql_can_decide_is_decided_exactly(filled: Store, cases: dict[int, dict[str, Any]]) -> None:
    for text in ATOMS:
        condition = compiled(text)
        if "open_tickets" in text:
            assert found_wider(filled, condition) is None, "counting for each row costs more than asking the rule"
        else:
            assert found_wider(filled, condition) == found_in_memory(condition, cases), text


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("ticket.priority = urgent and ticket.subject matches /a+/", "ticket.priority = urgent"),
        ("not (ticket.priority = urgent or ticket.subject matches /a+/)", "not ticket.priority = urgent"),
        ("(ticket.state = 對話中 and ticket.subject matches /a+/) or ticket.rating = 5",
         "ticket.state = 對話中 or ticket.rating = 5"),
        ("ticket.idle > 3d business", "ticket.idle >= 2d"),
        ("ticket.idle >= 5h business", "ticket.idle >= 5h"),
        ("not ticket.idle > 3d business", None),
        ("ticket.priority = urgent or ticket.subject matches /a+/", None),
        ("ticket.subject matches /a+/", None),
    ],
)  # fmt: skip
def test_an_opaque_part_is_left_out_where_that_lets_more_through(filled: Store, text: str, same: str | None) -> None:
    assert found_wider(filled, compiled(text)) == (None if same is None else found_by_sql(filled, compiled(same)))


def test_several_rules_leave_over_what_any_of_them_may_want(filled: Store) -> None:
    urgent, rated = compiled("ticket.priority = urgent"), compiled("ticket.rating = 5")
    both = found_by_sql(filled, urgent) | found_by_sql(filled, rated)
    assert found_wider(filled, urgent, rated) == both
    assert found_wider(filled, urgent, None) is None, "a rule without a condition wants every ticket"
    assert found_wider(filled) is None


@pytest.mark.parametrize(
    "text",
    [
        "member.tier >= silver",
        'member.name contains "明"',
        "member.tags has vip",
        "not member.tags has vip",
        "member.is_guest and not member.blocked",
        "member.blocked",
        "member.open_tickets >= 1",
        "member.open_tickets = 0",
    ],
)
def test_over_members_the_same_condition_finds_the_members(store: Store, text: str) -> None:
    chance = random.Random(3)
    tickets = 0
    for n in range(24):
        member = guest(store, f"m{n}")
        if n % 3:
            store.write_sync(lambda tx, member=member: line(tx, member, "hi"))
            tickets += 1
            values = {
                "name": chance.choice([None, "王小明", "Ming"]),
                "tier": chance.choice(["guest", "basic", "silver", "gold"]),
                "blocked_until": chance.choice([None, NOW - HOUR, NOW + DAY]),
            }
            tags = [Tag("member", member, ("vip",))] if chance.random() < 0.5 else []
            change(store, tickets, Set("member", member, values), *tags)
    condition, _ = compile_condition(text, Span(Source("rule", text), 0, len(text)), ENVIRONMENT, ("member",))
    assert condition is not None
    where = wider([condition], "member", NOW, store.ring, WORDS, ZONE)
    found = set(store.read_sync(lambda tx: tx.values(t.Member.select(t.Member.id).where(where))))
    wanted = set()
    for row in store.read_sync(lambda tx: tx.rows(t.Member.select())):
        opened = t.Ticket.select(t.Ticket.id).where(t.Ticket.member_id == row["id"])
        tags = t.TagUse.select(t.TagUse.name).where(
            (t.TagUse.owner_kind == "member") & (t.TagUse.owner_id == row["id"])
        )
        values = {
            "member.name": row["name"],
            "member.tier": row["tier"],
            "member.is_guest": bool(row["guest"]),
            "member.blocked": (row["blocked_until"] or 0) > NOW,
            "member.open_tickets": len(store.read_sync(lambda tx, opened=opened: tx.values(opened))),
            "member.tags": tuple(store.read_sync(lambda tx, tags=tags: tx.values(tags))),
        }
        if condition.holds(values, {}, Host()):
            wanted.add(row["id"])
    assert found == wanted and 0 < len(wanted) < 24

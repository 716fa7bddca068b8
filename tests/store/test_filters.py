"""Filters: the SQL of a condition finds exactly the tickets for which the compiled condition holds, on every
database."""

from __future__ import annotations

import random
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from engine.core.changes import Set, Tag
from engine.core.entities import DAY, HOUR, Case
from engine.lang import (
    DURATION,
    FLAG,
    NUMBER,
    TEXT,
    TIME,
    Condition,
    Enum,
    Environment,
    Field,
    Source,
    Span,
    Type,
    compile_condition,
    entity,
    enum_of,
    list_of,
)
from engine.store import NotFilterable, Store
from engine.store import tables as t
from engine.store.filters import where
from engine.store.load import ticket_case
from engine.store.values import Lexicon
from tests.store.desk import agent, change, guest, line

ZONE = "Asia/Taipei"
NOW = 1_900_000_000_000_000
PRIORITY = Enum("priority", ("lowest", "low", "normal", "high", "urgent"), ordered=True)
TIER = Enum("tier", ("guest", "basic", "silver", "gold"), ordered=True)
REGION = Enum("region", ("北部", "中部", "南部"))
TAG = Enum("tag", ("vip", "急件", "old"), open=True)
STATE = Enum("state", ("待回覆", "對話中", "已結案"))
SKILL = Enum("skill", ("orders", "refunds", "english"))
STATUS = Enum("status", ("online", "busy", "away", "offline"))

TYPES: Mapping[str, tuple[Type, bool]] = {
    "ticket.number": (NUMBER, False),
    "ticket.state": (enum_of(STATE), False),
    "ticket.priority": (enum_of(PRIORITY), False),
    "ticket.team": (entity("team"), True),
    "ticket.assignee": (entity("agent"), True),
    "ticket.subject": (TEXT, False),
    "ticket.order_no": (TEXT, True),
    "ticket.tags": (list_of(enum_of(TAG)), False),
    "ticket.created_at": (TIME, False),
    "ticket.closed_at": (TIME, True),
    "ticket.age": (DURATION, False),
    "ticket.waiting_for": (DURATION, True),
    "ticket.idle": (DURATION, False),
    "ticket.reply_count": (NUMBER, False),
    "ticket.rating": (NUMBER, True),
    "ticket.amount": (NUMBER, True),
    "ticket.region": (enum_of(REGION), True),
    "ticket.remark": (TEXT, True),
    "ticket.account": (TEXT, True),
    "ticket.visit": (TIME, True),
    "ticket.gift": (FLAG, True),
    "member.points": (NUMBER, False),
    "member.home": (enum_of(REGION), False),
    "member.nick": (TEXT, False),
    "member.code": (TEXT, False),
    "member.fan": (FLAG, False),
    "member.name": (TEXT, True),
    "member.tier": (enum_of(TIER), False),
    "member.tags": (list_of(enum_of(TAG)), False),
    "member.is_guest": (FLAG, False),
    "member.blocked": (FLAG, False),
    "member.open_tickets": (NUMBER, False),
    "agent.skills": (list_of(enum_of(SKILL)), True),
    "agent.status": (enum_of(STATUS), True),
    "chat.page": (TEXT, True),
    "now": (TIME, False),
}
ENVIRONMENT = Environment(
    fields={name: Field(name, type_, optional) for name, (type_, optional) in TYPES.items()},
    teams=frozenset({"care", "other_care"}),
    tags=TAG,
    skills=frozenset(SKILL.values),
)
WORDS = Lexicon(
    priorities=PRIORITY.ranks,
    tiers=TIER.ranks,
    personal=frozenset({"ticket.account", "member.code"}),
    defaults={"member.points": 3, "member.home": "中部", "member.nick": "ABC", "member.code": "A1", "member.fan": True},
    field_types={
        "member.points": "number",
        "member.home": "enum",
        "member.nick": "text",
        "member.code": "text",
        "member.fan": "flag",
        "ticket.amount": "number",
        "ticket.region": "enum",
        "ticket.remark": "text",
        "ticket.account": "text",
        "ticket.visit": "time",
        "ticket.gift": "flag",
    },
)


class Host:
    """What an evaluation in memory asks of its host."""

    zone = ZONE

    def in_hours(self, calendar: str, at: int, /) -> bool:
        raise AssertionError

    def add_business(self, at: int, duration: Any, /) -> int:
        raise AssertionError

    def failed(self, rule: Any, error: Exception, /) -> None:
        raise error


def compiled(text: str) -> Condition:
    """A filter as the list compiles it."""
    condition, findings = compile_condition(
        text, Span(Source("filter", text), 0, len(text)), ENVIRONMENT, ("ticket", "member", "agent", "chat")
    )
    assert condition is not None, (text, [(f.code, f.message) for f in findings])
    return condition


def values_of(case: Case) -> dict[str, Any]:
    """The fields of a case as a decision would read them."""
    ticket, member, agent_ = case.ticket, case.member, case.agent
    assert ticket is not None and member is not None
    values: dict[str, Any] = {"now": NOW}
    for name in ("number", "state", "priority", "team", "assignee", "subject", "order_no", "tags", "created_at"):
        values[f"ticket.{name}"] = getattr(ticket, name)
    for name in ("closed_at", "reply_count", "rating"):
        values[f"ticket.{name}"] = getattr(ticket, name)
    values["ticket.age"] = max(NOW - ticket.created_at, 0)
    values["ticket.idle"] = max(NOW - (ticket.last_line_at or ticket.created_at), 0)
    values["ticket.waiting_for"] = None if ticket.waiting_since is None else max(NOW - ticket.waiting_since, 0)
    values |= {f"ticket.{name}": value for name, value in ticket.fields.items()}
    values |= {f"member.{name}": value for name, value in member.fields.items()}
    values |= {"member.name": member.name, "member.tier": member.tier, "member.tags": member.tags}
    values |= {"member.is_guest": member.guest, "member.blocked": (member.blocked_until or 0) > NOW}
    values["member.open_tickets"] = member.open_tickets
    values["agent.skills"] = agent_.skills if agent_ else None
    values["agent.status"] = agent_.status if agent_ else None
    return values


def set_of_member(store: Store, number: int, set_: Set) -> None:
    """Values of a member by the words of this file."""
    import tests.store.desk as desk

    known, desk.LEXICON = desk.LEXICON, WORDS
    try:
        change(store, number, set_)
    finally:
        desk.LEXICON = known


@pytest.fixture
def filled(store: Store) -> Store:
    """Sixty tickets with all kinds of values and gaps."""
    chance = random.Random(7)
    agent(store, "amy", skills=["orders", "refunds"])
    agent(store, "ben", skills=[])
    subjects = [
        "退款問題",
        "ABC order",
        "abcd",
        "A退款B",
        "",
        "ＡＢＣ 退欵",
        "订单 123",
        "訂單123",
        "x",
        "refund now",
        "Refunds",
    ]
    for n in range(60):
        member = guest(store, f"v{n}")
        age = chance.choice([0, HOUR, 3 * DAY, 40 * DAY]) + n
        fields = {
            "amount": chance.choice([None, 0, 5000, 5001, Decimal("12.5"), -3]),
            "region": chance.choice([None, "北部", "中部", "南部"]),
            "remark": chance.choice([None, "", "急 ABC", "abc", "退貨請快", "ＡＢＣ"]),
            "account": chance.choice([None, "A1", "a1", "B2"]),
            "visit": chance.choice([None, NOW - DAY, NOW + HOUR]),
            "gift": chance.choice([None, True, False]),
        }
        values = {
            "subject": chance.choice(subjects),
            "order_no": chance.choice([None, "", "X-1", "x-1", "Y 2"]),
            "state": chance.choice(STATE.values),
            "category": "open",
            "priority": chance.choice(PRIORITY.values),
            "team": chance.choice([None, "care", "other_care"]),
            "assignee": chance.choice([None, "amy", "ben"]),
            "created_at": NOW - age,
            "last_line_at": chance.choice([None, NOW - HOUR]),
            "closed_at": chance.choice([None, NOW - 2 * DAY]),
            "waiting_since": chance.choice([None, NOW - 3 * HOUR]),
            "reply_count": chance.randrange(3),
            "rating": chance.choice([None, 1, 5]),
        }
        tags = tuple(tag for tag in TAG.values if chance.random() < 0.4)

        def job(tx: Any, member: int = member, values: Any = values, fields: Any = fields) -> None:
            import tests.store.desk as desk

            known, desk.LEXICON = desk.LEXICON, WORDS
            try:
                line(tx, member, "hi", ticket={**values, "fields": fields})
            finally:
                desk.LEXICON = known

        store.write_sync(job)
        own = {
            "points": n % 5,
            "home": "北部",
            "nick": ("退貨", "x", "")[n % 3],
            "code": ("a1", "B2")[n % 2],
            "fan": n % 4 == 0,
        }
        if n % 3:  # every third has never been given any: the defaults hold
            set_of_member(store, n + 1, Set("member", member, {f"fields.{name}": value for name, value in own.items()}))
        person = {
            "name": chance.choice([None, "王小明", "Ming Wang", "明"]),
            "tier": chance.choice(TIER.values),
            "blocked_until": chance.choice([None, None, NOW - 1, NOW + DAY, t.NEVER]),
        }
        more = [Tag("ticket", n + 1, tags)] if tags else []
        change(store, n + 1, Set("member", member, person), Tag("member", member, tags[:1]), *more)
    return store


@pytest.fixture
def cases(filled: Store) -> dict[int, dict[str, Any]]:
    """What a decision would see of each ticket."""

    def job(tx: Any) -> dict[int, dict[str, Any]]:
        found = [ticket_case(tx, WORDS, number=n, lines=0) for n in range(1, 61)]
        return {case.ticket.number: values_of(case) for case in found if case is not None and case.ticket is not None}

    return filled.write_sync(job).result


def found_by_sql(store: Store, condition: Condition) -> set[int]:
    """Numbers the database finds."""
    query = t.Ticket.select(t.Ticket.number).where(where(condition, NOW, store.ring, WORDS, ZONE))
    return set(store.read_sync(lambda tx: tx.values(query)))


def found_in_memory(condition: Condition, cases: Mapping[int, Mapping[str, Any]]) -> set[int]:
    """Numbers for which the compiled condition holds."""
    return {number for number, values in cases.items() if condition.holds(values, {}, Host())}


ATOMS = (
    "true",
    "false",
    "ticket.number < 20",
    "ticket.state = 對話中",
    "ticket.state != 對話中",
    "ticket.state in [對話中, 已結案]",
    "ticket.state not in [對話中]",
    "ticket.priority >= high",
    "ticket.priority < normal",
    "ticket.priority = urgent",
    "ticket.priority != urgent",
    "ticket.team = care",
    "ticket.team != care",
    "ticket.team is empty",
    "ticket.assignee = amy",
    "ticket.assignee is set",
    'ticket.subject = "abc ORDER"',
    'ticket.subject != "退款问题"',
    'ticket.subject contains "退款"',
    'ticket.subject contains "退"',
    'ticket.subject contains "abc"',
    'ticket.subject contains "款b"',
    'ticket.subject contains any ["訂單", "refund"]',
    'ticket.subject contains all ["退", "a"]',
    'ticket.subject contains exact "退款"',
    'ticket.subject contains "refund now"',
    'ticket.subject contains " "',
    'ticket.subject starts with "ABC"',
    'ticket.subject ends with "b"',
    'ticket.subject starts with "退"',
    'ticket.subject starts with "refund n"',
    "ticket.subject is empty",
    'ticket.order_no = "x-1"',
    'ticket.order_no != "x-1"',
    "ticket.order_no is set",
    'ticket.order_no in ["X-1", "y 2"]',
    'ticket.order_no not in ["X-1"]',
    "ticket.tags has vip",
    "ticket.tags has any [vip, old]",
    "ticket.tags has all [vip, 急件]",
    "ticket.tags is empty",
    "member.tags has vip",
    "ticket.age > 1d",
    "ticket.age <= 1h",
    "ticket.idle > 30m",
    "ticket.waiting_for > 2h",
    "ticket.waiting_for < 2h",
    "ticket.waiting_for is empty",
    "ticket.closed_at < now - 1d",
    "ticket.closed_at is set",
    'ticket.created_at > "2029-01-01"',
    'ticket.created_at = "2030-03-18"',
    'ticket.created_at != "2030-03-18"',
    "date(ticket.created_at) = date(now)",
    "date(now) = date(ticket.created_at)",
    "date(now) > date(ticket.created_at)",
    "date(ticket.created_at) != date(now)",
    "date(ticket.closed_at) < date(now)",
    "date(ticket.closed_at) != date(now)",
    'date(ticket.created_at) >= "2030-03-18"',
    'ticket.created_at <= "2030-03-18 01:00"',
    "ticket.reply_count + 1 > 2",
    "ticket.reply_count = 0",
    "ticket.rating = 5",
    "ticket.rating != 5",
    "ticket.rating <= 4",
    "ticket.amount > 5000",
    "ticket.amount = 12.5",
    "ticket.amount != 0",
    "ticket.amount in [0, 5000]",
    "ticket.amount * 2 >= 10000",
    "ticket.amount is empty",
    "5000 < ticket.amount",
    "ticket.region = 北部",
    "ticket.region != 北部",
    "ticket.region not in [北部, 中部]",
    'ticket.remark contains "abc"',
    'ticket.remark = "ABC"',
    'ticket.remark starts with "退貨"',
    "ticket.remark is empty",
    'ticket.account = "A1"',
    'ticket.account in ["a1", "b2"]',
    "ticket.account is set",
    "ticket.visit > now",
    "ticket.visit - now < 2h",
    "ticket.gift",
    "ticket.gift = true",
    "ticket.gift = false",
    "ticket.gift != true",
    "member.points = 3",
    "member.points != 3",
    "member.points + 1 > 3",
    "member.home = 中部",
    "member.home not in [中部]",
    'member.nick contains "abc"',
    'member.nick = "退貨"',
    "member.nick is empty",
    "member.points is set",
    'member.code = "A1"',
    'member.code in ["B2", "zz"]',
    "member.code is set",
    "member.fan",
    "member.fan = false",
    'member.name = "王小明"',
    'member.name contains "明"',
    'member.name contains "ming"',
    "member.name is empty",
    "member.tier >= silver",
    "member.tier < basic",
    "member.is_guest",
    "member.blocked = false",
    "member.blocked",
    "member.open_tickets >= 1",
    "agent.skills has refunds",
    "agent.status = offline",
    "agent.status != online",
)


def test_every_operator_means_the_same_in_sql_and_in_memory(filled: Store, cases: dict[int, dict[str, Any]]) -> None:
    wrong = []
    for text in (form for atom in ATOMS for form in (atom, f"not {atom}", f"not not {atom}")):
        condition = compiled(text)
        sql, memory = found_by_sql(filled, condition), found_in_memory(condition, cases)
        if sql != memory:
            wrong.append((text, sorted(sql ^ memory)))
    assert wrong == []


def test_combinations_mean_the_same_in_sql_and_in_memory(filled: Store, cases: dict[int, dict[str, Any]]) -> None:
    chance = random.Random(11)

    def build(depth: int) -> str:
        if depth == 0 or chance.random() < 0.25:
            return chance.choice(ATOMS)
        left, right = build(depth - 1), build(depth - 1)
        form = chance.choice(["({} and {})", "({} or {})", "not ({} and {})", "not ({} or not {})"])
        return form.format(left, right)

    wrong, some = [], 0
    for _ in range(150):
        text = build(3)
        condition = compiled(text)
        sql, memory = found_by_sql(filled, condition), found_in_memory(condition, cases)
        some += 0 < len(memory) < 60
        if sql != memory:
            wrong.append((text, sorted(sql ^ memory)))
    assert wrong == []
    assert some > 50, "the conditions do tell tickets apart"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("ticket.state = 對話中 and ticket.subject matches /a+/", "ticket.subject matches /a+/"),
        ("ticket.idle > 3d business", "ticket.idle > 3d business"),
        ('ticket.account != "A1"', 'ticket.account != "A1"'),
        ('ticket.account contains "A"', "ticket.account"),
        ('chat.page contains "cart"', "chat.page"),
        ("ticket.amount / 2 > 3", "ticket.amount / 2"),
    ],
)
def test_what_sql_cannot_decide_is_refused_with_its_place(store: Store, text: str, place: str) -> None:
    with pytest.raises(NotFilterable) as refused:
        where(compiled(text), NOW, store.ring, WORDS, ZONE)
    assert isinstance(refused.value.span, Span)
    assert refused.value.span.text == place


@pytest.mark.parametrize("joint", ["or", "and"])
def test_hundreds_of_tests_in_a_row_are_no_deeper_than_a_database_reads(store: Store, joint: str) -> None:
    many = compiled(f" {joint} ".join(f"ticket.number != {n}" for n in range(400)))
    assert found_by_sql(store, many) == set()
    assert found_by_sql(store, compiled(f"ticket.number in [{', '.join(map(str, range(400)))}]")) == set()


def test_values_of_a_filter_are_parameters_never_sql(store: Store) -> None:
    member = guest(store)
    store.write_sync(lambda tx: line(tx, member, "hi", ticket={"subject": "x"}))
    for evil in ("' OR '1'='1", "%", "_", "\\", "x%", '\\") OR 1=1 --', "；", "''", "\u0000"):
        escaped = evil.replace("\\", "\\\\").replace('"', '\\"')
        for operator in ("=", "contains", "starts with", "ends with"):
            text = f'ticket.subject {operator} "{escaped}"'
            condition, findings = compile_condition(
                text, Span(Source("filter", text), 0, len(text)), ENVIRONMENT, ("ticket",)
            )
            if condition is None:
                assert findings, text
                continue
            if "\u0000" in evil:
                continue
            assert found_by_sql(store, condition) == set(), text

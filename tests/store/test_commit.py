"""Applying decisions and loading them back: what was decided is what the next case sees."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from peewee import IntegrityError

from engine.core.changes import ClearTimer, Create, Enqueue, Record, Set, Tag, Timer, Untag
from engine.core.entities import Actor
from engine.core.trace import TraceEntry
from engine.store import FileRefused, Store, StoreError, Tx
from engine.store import tables as t
from engine.store.commit import Applied, apply
from engine.store.load import member_case, peek_ticket_case, take_timer, ticket_case
from engine.store.packing import unpack_snapshot, unpack_trace
from engine.store.people import find_member, guest_member, link_identity
from engine.store.uploads import add_file
from tests.store.conftest import Clock
from tests.store.desk import LEXICON, Decided, agent, change, guest, line, new_ticket, say


def case_of(store: Store, number: int) -> Any:
    """The case of a ticket as the next decision would see it."""
    case = store.write_sync(lambda tx: ticket_case(tx, LEXICON, number=number)).result
    assert case is not None
    return case


def rows(store: Store, query: Any) -> list[dict[str, Any]]:
    """Rows of a select."""
    return store.read_sync(lambda tx: tx.rows(query))


def test_a_first_line_opens_a_chat_and_the_second_goes_into_it(store: Store) -> None:
    member = guest(store)
    first = store.write_sync(lambda tx: line(tx, member, "我要退款"))
    second = store.write_sync(lambda tx: line(tx, member, "請快一點"))
    assert first.result.number == second.result.number == 1
    assert first.result.ticket_id == second.result.ticket_id
    case = case_of(store, 1)
    assert [m.text for m in case.messages] == ["我要退款", "請快一點"]
    assert case.chat is not None and case.chat.page == "/p"
    assert case.member is not None and case.member.open_tickets == 1
    assert case.ticket.version == 2 and case.ticket.state == "對話中"
    assert [e.kind for e in first.events] == ["ticket.created", "message.received"]
    assert first.events[1].message_id == first.result.messages[0]
    assert first.events[1].body["message"] == first.result.messages[0], "the reference became the line's id"


def test_a_closed_chat_is_left_alone(store: Store) -> None:
    member = guest(store)
    store.write_sync(lambda tx: line(tx, member, "hi"))
    change(store, 1, Set("ticket", 1, {"state": "已結案", "category": "closed", "closed_at": 5}))
    assert store.write_sync(lambda tx: line(tx, member, "again")).result.number == 2


def test_two_shops_are_two_members_and_two_chats(store: Store) -> None:
    first, second = guest(store, "v1", "demo"), guest(store, "v1", "other")
    assert first != second
    a = store.write_sync(lambda tx: line(tx, first, "a")).result
    b = store.write_sync(lambda tx: line(tx, second, "b")).result
    assert a.number != b.number


def test_the_same_client_key_is_stored_once_for_an_author(store: Store) -> None:
    one, two = guest(store, "v1"), guest(store, "v2")
    store.write_sync(lambda tx: line(tx, one, "hi", client_key="k"))
    with pytest.raises(IntegrityError):
        store.write_sync(lambda tx: line(tx, one, "hi", client_key="k"))
    store.write_sync(lambda tx: line(tx, two, "hi", client_key="k"))
    assert len(rows(store, t.Message.select())) == 2


def test_the_same_outside_id_is_stored_once_for_a_channel(store: Store) -> None:
    member = guest(store)
    store.write_sync(lambda tx: line(tx, member, "hi", external_id="<1@mail>"))
    with pytest.raises(IntegrityError):
        store.write_sync(lambda tx: line(tx, member, "hi", external_id="<1@mail>"))
    assert len(rows(store, t.Message.select())) == 1


def test_values_of_every_kind_come_back_as_they_went_in(store: Store) -> None:
    member = guest(store)
    agent(store, "amy")
    fields = {
        "amount": Decimal("12.50"),
        "count": 3,
        "region": "北部",
        "account": "A123456789",
        "ok": True,
        "many": ("a", "b"),
    }
    store.write_sync(lambda tx: line(tx, member, "hi", ticket={"fields": fields, "assignee": "amy", "team": "care"}))
    ticket = case_of(store, 1).ticket
    assert dict(ticket.fields) == fields
    assert (ticket.assignee, ticket.team) == ("amy", "care")
    change(store, 1, Set("ticket", 1, {"fields.amount": 9000, "fields.region": None, "route_skills": ("refunds",)}))
    ticket = case_of(store, 1).ticket
    assert ticket.fields["amount"] == 9000 and "region" not in ticket.fields
    assert ticket.fields["account"] == "A123456789", "what was not named stays, encrypted or not"
    assert ticket.route_skills == ("refunds",)
    values = {r["name"]: r for r in rows(store, t.FieldValue.select())}
    assert values["amount"]["number"] == 9000 and "region" not in values
    assert values["account"]["text"] is None and values["account"]["key"]


def test_an_assignment_is_remembered_for_round_robin_and_counts_as_load(store: Store) -> None:
    member = guest(store)
    amy = agent(store, "amy")
    agent(store, "ben", shops=["*"])
    agent(store, "eve", shops=["other"])
    agent(store, "off", enabled=False)

    def assigned(tx: Tx) -> Applied:
        now = Set("agent", amy, {"last_assigned_at": tx.now})
        return line(tx, member, "hi", ticket={"assignee": "amy"}, more=[now])

    written = store.write_sync(assigned)
    case = case_of(store, 1)
    roster = store.write_sync(lambda tx: ticket_case(tx, LEXICON, number=1).lookups.roster("demo")).result
    assert [a.username for a in roster] == ["amy", "ben"]
    assert [a.load for a in roster] == [1, 0]
    assert roster[0].last_assigned_at == written.now
    assert roster[0].teams == ("care",) and roster[0].roles == ("agent",)
    seen = store.read_sync(lambda tx: peek_ticket_case(tx, LEXICON, 1, lines=1))
    read = store.read_sync(lambda tx: peek_ticket_case(tx, LEXICON, 1).lookups.roster("demo"))
    assert read == roster, "who only reads may ask as well, and locks nobody"
    assert [message.text for message in seen.messages] == ["hi"]
    assert case.agent.username == "amy" and case.agent.load == 1

    def last(tx: Tx) -> str | None:
        return ticket_case(tx, LEXICON, number=1).lookups.last_agent(member)

    assert store.write_sync(last).result is None, "nobody has answered yet"
    amy = case.agent.id
    change(store, 1, say("您好", case, written.now, author_kind="agent", author_id=amy, direction="outbound"))
    assert store.write_sync(last).result == "amy"


def test_tags_clocks_timers_and_outbox(store: Store) -> None:
    member = guest(store)
    clock = {
        "target": "first_reply",
        "policy": "gold",
        "calendar": "office",
        "total": 60,
        "started_at": 1,
        "due_at": 777,
    }
    clock |= {"state": "running", "warned": (50,), "running_since": 1}
    written = store.write_sync(
        lambda tx: line(
            tx,
            member,
            "hi",
            more=[
                Create("clock", -1, clock),
                Tag("ticket", -1, ("vip", "急件")),
                Tag("member", member, ("old",)),
                Timer(-1, "sla:first_reply", 777, "sla", {"target": "first_reply"}),
                Timer(-1, "gone", 5, "rule"),
                Enqueue("test", -1, -2, 888, {}),
            ],
        )
    )
    assert written.kicks == (777, 5, 888)
    case = case_of(store, 1)
    assert case.ticket.tags == ("vip", "急件") and case.member.tags == ("old",)
    assert case.timers == {"sla:first_reply": 777, "gone": 5}
    assert case.clocks[0].warned == (50,) and case.clocks[0].due_at == 777
    assert rows(store, t.Ticket.select(t.Ticket.due_at)) == [{"due_at": 777}]
    change(
        store,
        1,
        Set("ticket", 1, {}),
        Set("clock", 1, {"state": "met", "met_at": 9, "due_at": None}, key="first_reply"),
        Untag("ticket", 1, ("vip",)),
        Tag("ticket", 1, ("急件", "handled")),
        Timer(1, "sla:first_reply", 999, "sla"),
        ClearTimer(1, "gone"),
        ClearTimer(1, "never was"),
    )
    case = case_of(store, 1)
    assert case.ticket.tags == ("急件", "handled") and case.ticket.version == 2
    assert case.timers == {"sla:first_reply": 999}
    assert case.clocks[0].state == "met"
    assert rows(store, t.Ticket.select(t.Ticket.due_at)) == [{"due_at": t.NEVER}]
    out = rows(store, t.Outbox.select())[0]
    assert len(out["key"]) == 32 and out["state"] == "waiting" and out["message_id"] == written.result.messages[0]


def test_a_decision_record_holds_trace_and_encrypted_snapshot(store: Store) -> None:
    member = guest(store)

    def job(tx: Tx) -> Any:
        case = member_case(tx, LEXICON, member, kind="chat")
        assert case is not None
        snapshot = {
            "now": tx.now,
            "message": -2,
            "waves": [{"keys": ["x"], "values": {"member.birthday": "1990-01-02"}}],
        }
        changes = [
            new_ticket(case, tx.now),
            say("嗨", case, tx.now),
            Record("message.received", {"message": -2}, ticket=-1),
        ]
        return apply(tx, case, Decided(changes, snapshot=snapshot, trace=[TraceEntry("vip")]), LEXICON)

    written = store.write_sync(job)
    row = rows(store, t.Decision.select())[0]
    assert row["event_id"] == written.events[0].id and row["ticket_id"] == written.result.ticket_id
    assert b"1990" not in bytes(row["snapshot"])
    snapshot = store.read_sync(lambda tx: unpack_snapshot(tx, row["snapshot"]))
    assert snapshot["message"] == written.result.messages[0]
    assert snapshot["waves"][0]["values"] == {"member.birthday": "1990-01-02"}
    assert unpack_trace(row["trace"]) == [TraceEntry("vip")]


def test_notices_ratings_and_rule_uses(store: Store) -> None:
    member, amy = guest(store), agent(store, "amy")
    notice = Create("notification", -7, {"agent": "amy", "text": "看一下", "ticket": -1, "rule": "r", "shop": "demo"})
    use = Create("rule_use", -8, {"rule": "r", "scope": "ticket", "key": "1", "at": 50})
    store.write_sync(
        lambda tx: line(tx, member, "hi", more=[notice, use, Record("notice.created", {"notice": -7}, ticket=-1)])
    )
    assert rows(
        store, t.Notification.select(t.Notification.agent_id, t.Notification.ticket_id, t.Notification.text)
    ) == [{"agent_id": amy, "ticket_id": 1, "text": "看一下"}]

    def uses(tx: Tx) -> tuple[int, int, int]:
        ask = ticket_case(tx, LEXICON, number=1).lookups.rule_uses
        return ask("r", "ticket", "1", None), ask("r", "ticket", "1", 50), ask("r", "ticket", "2", None)

    assert store.write_sync(uses).result == (1, 0, 0)
    for score, at in ((5, 100), (2, 200)):
        values = {"ticket": 1, "member": member, "score": score, "comment": "好", "at": at}
        change(store, 1, Create("rating", -1, values))
    rated = rows(store, t.Rating.select())
    assert [(r["score"], r["created_at"], r["revised_at"]) for r in rated] == [(2, 100, 200)]
    assert case_of(store, 1).rating_at == 100


def test_a_member_change_is_stored_and_counts_are_not(store: Store) -> None:
    member = guest(store)
    store.write_sync(lambda tx: line(tx, member, "hi"))
    values = {"open_tickets": 9, "tier": "gold", "name": "王小明", "fields.birthday": "1990-01-02"}
    change(store, 1, Set("member", member, values))
    found = case_of(store, 1).member
    assert (found.tier, found.name, found.open_tickets) == ("gold", "王小明", 1)
    assert found.fields == {"birthday": "1990-01-02"}
    raw = rows(store, t.Member.select())[0]
    assert raw["tier_rank"] == 3 and "1990" not in raw["fields"]


def test_a_change_of_something_that_is_not_there_stores_nothing(store: Store) -> None:
    member = guest(store)
    store.write_sync(lambda tx: line(tx, member, "hi"))
    for wrong in (
        Record("x", {}, ticket=-9),
        Set("ticket", 99, {"subject": "x"}),
        Set("ticket", 1, {"assignee": "nobody"}),
    ):
        with pytest.raises(StoreError):
            change(store, 1, Set("ticket", 1, {"subject": "changed"}), wrong)
    assert case_of(store, 1).ticket.subject == ""


def test_uploads_are_hung_on_a_line_by_their_uploader_only(store: Store) -> None:
    one, two = guest(store, "v1"), guest(store, "v2")

    def upload(tx: Tx) -> str:
        return add_file(tx, digest="d" * 64, shown="圖.png", media_type="image/png", size=3, uploader=f"member:{one}")[
            "id"
        ]

    name = store.write_sync(upload).result
    with pytest.raises(FileRefused):
        store.write_sync(lambda tx: line(tx, two, "mine", attachments=(name,)))
    with pytest.raises(FileRefused):
        store.write_sync(lambda tx: line(tx, one, "mine", attachments=("0" * 32,)))
    store.write_sync(lambda tx: line(tx, one, "mine", attachments=(name,)))
    assert len(case_of(store, 1).messages[0].attachments) == 1
    assert rows(store, t.File.select())[0]["claimed_at"] is not None


def test_a_timer_is_taken_once_and_not_before_its_time(store: Store) -> None:
    member = guest(store)
    now = store.write_sync(lambda tx: tx.now).result
    more = [Timer(-1, "a", now + 1_000_000_000, "rule"), Timer(-1, "b", now, "rule", {"name": "b"})]
    store.write_sync(lambda tx: line(tx, member, "hi", more=more))
    ids = {r["name"]: r["id"] for r in rows(store, t.Timer.select())}
    assert store.write_sync(lambda tx: take_timer(tx, ids["a"])).result is None
    taken = store.write_sync(lambda tx: take_timer(tx, ids["b"])).result
    assert taken is not None and taken["name"] == "b"
    assert store.write_sync(lambda tx: take_timer(tx, ids["b"])).result is None


def test_a_case_holds_the_last_twenty_lines(store: Store) -> None:
    member = guest(store)

    async def many() -> None:
        await asyncio.gather(*[store.write(lambda tx, i=i: line(tx, member, f"line {i}")) for i in range(25)])

    asyncio.run(many())
    assert [m.text for m in case_of(store, 1).messages] == [f"line {i}" for i in range(5, 25)]


def test_lines_that_come_at_once_open_one_chat(store: Store) -> None:
    member = guest(store)

    async def many() -> set[int]:
        written = await asyncio.gather(*[store.write(lambda tx, i=i: line(tx, member, f"line {i}")) for i in range(30)])
        return {w.result.number for w in written}

    assert asyncio.run(many()) == {1}


def test_an_inbound_line_is_a_fixed_handful_of_statements(store: Store) -> None:
    member = guest(store)
    actor = Actor(kind="member", id=member)

    def counted(tx: Tx) -> int:
        line(tx, member, "hi", actor=actor)
        return tx.statements

    first = store.write_sync(counted).result
    counts = [store.write_sync(counted).result for _ in range(30)]
    assert len(set(counts)) == 1, f"the longer the conversation, the more statements: {counts}"
    assert first <= 14 and counts[0] <= 12


def test_an_identity_is_found_by_its_blind_index_only(store: Store) -> None:
    member = guest(store)

    def job(tx: Tx) -> tuple[Any, ...]:
        link_identity(tx, member, "demo", "phone", "+886 912-345-678", verified=True)
        link_identity(tx, member, "demo", "email", "Ming@Example.org", verified=False)
        return (
            find_member(tx, "demo", "phone", "0912345678"),
            find_member(tx, "demo", "email", "ming@example.ORG"),
            find_member(tx, "other", "phone", "0912345678"),
            find_member(tx, "demo", "phone", "0912345679"),
        )

    assert store.write_sync(job).result == (member, member, None, None)
    other = guest(store, "v2")
    with pytest.raises(IntegrityError):
        store.write_sync(lambda tx: link_identity(tx, other, "demo", "phone", "0912 345 678", verified=False))
    assert store.write_sync(lambda tx: guest_member(tx, LEXICON, "demo", "v1", tier="guest")).result == (member, False)


def test_the_lines_a_member_wrote_lately_are_counted(store: Store, clock: Clock) -> None:
    member = guest(store)
    for n in range(3):
        store.write_sync(lambda tx, n=n: line(tx, member, f"第 {n} 句"))
        clock.now += 10_000_000
    case = case_of(store, 1)
    change(store, 1, say("您好", case, clock.now, author_kind="bot", direction="outbound"))

    def since(seconds: int) -> int:
        at = clock.now - seconds * 1_000_000
        return store.write_sync(lambda tx: ticket_case(tx, LEXICON, number=1).lookups.member_lines(1, at)).result

    assert [since(5), since(15), since(25), since(60)] == [0, 1, 2, 3]

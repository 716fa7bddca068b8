"""Schedules in the store: planned by the rulebook, taken by one process, gone on with where another left off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.core.changes import Set, Tag, Timer
from engine.core.values import replace
from engine.store import Store, Tx
from engine.store import tables as t
from engine.store.load import member_case, peek_member_cases, peek_ticket_case, peek_ticket_cases
from engine.store.schedules import LEASE, Run, finish, is_due, keep, members_left, next_due, place, take, tickets_left
from tests.store.conftest import Clock
from tests.store.desk import LEXICON, agent, change, guest, line

TICKETS = "every 1h for each ticket"
MEMBERS = "every 1h for each member"


def plan(store: Store, **due: int) -> None:
    """Every kind of schedule in shop demo, by name; the others go."""
    keys = {"tickets": TICKETS, "members": MEMBERS, "once": "every 1h"}
    store.write_sync(lambda tx: keep(tx, {("demo", keys[name]): at for name, at in due.items()}))


def rows(store: Store) -> list[tuple[str, int, int | None]]:
    """Key, due time and begin of each."""
    return [
        (row["key"], row["due_at"], row["since"])
        for row in store.read_sync(lambda tx: tx.rows(t.Schedule.select().order_by(t.Schedule.key)))
    ]


def taken(store: Store) -> Run:
    """A run that must be there."""
    run = store.write_sync(take).result
    assert run is not None
    return run


def test_a_plan_is_kept_up_and_what_was_missed_stays_due(store: Store, clock: Clock) -> None:
    now = clock.now
    plan(store, tickets=now + 10_000_000, once=now + 20_000_000)
    assert rows(store) == [("every 1h", now + 20_000_000, None), (TICKETS, now + 10_000_000, None)]
    assert store.read_sync(next_due) == now + 10_000_000 and not store.read_sync(is_due)
    plan(store, tickets=now + 15_000_000, members=now + 30_000_000)
    assert rows(store) == [(MEMBERS, now + 30_000_000, None), (TICKETS, now + 15_000_000, None)]
    clock.now += 16_000_000
    plan(store, tickets=now + 99_000_000, members=now + 40_000_000)
    assert rows(store) == [(MEMBERS, now + 40_000_000, None), (TICKETS, now + 15_000_000, None)], "missed: still due"
    assert store.read_sync(is_due)
    plan(store)
    assert rows(store) == [] and store.read_sync(next_due) is None and store.write_sync(take).result is None


def test_a_run_goes_over_what_there_was_when_it_began(store: Store, clock: Clock) -> None:
    first = guest(store, "a")
    store.write_sync(lambda tx: line(tx, first, "hi"))
    plan(store, tickets=clock.now, members=clock.now + 1)
    run = taken(store)
    assert (run.key, run.done) == (TICKETS, 0)
    later = guest(store, "b")
    store.write_sync(lambda tx: line(tx, later, "hi"))
    assert store.read_sync(lambda tx: tickets_left(tx, run, ["chat"], None, 9)) == [run.upto]
    assert store.read_sync(lambda tx: tickets_left(tx, run, ["inquiry"], None, 9)) == [], "a kind rules do not know"
    other = Run(run.id, "other", run.key, run.since, 0, run.upto)
    assert store.read_sync(lambda tx: tickets_left(tx, other, ["chat"], None, 9)) == [], "another shop's"
    store.write_sync(lambda tx: finish(tx, run, clock.now + 10**9))
    run = taken(store)
    assert run.key == MEMBERS
    assert store.read_sync(lambda tx: members_left(tx, run, None, 1)) == [first]
    assert store.write_sync(lambda tx: place(tx, run, first)).result
    run = taken(store)
    assert store.read_sync(lambda tx: members_left(tx, run, None, 9)) == [later]


def test_a_place_is_taken_once(store: Store, clock: Clock) -> None:
    plan(store, once=clock.now)
    run = taken(store)
    assert (run.done, run.upto) == (0, 1)
    assert store.write_sync(lambda tx: place(tx, run, 1)).result
    assert not store.write_sync(lambda tx: place(tx, run, 1)).result, "done already"
    store.write_sync(lambda tx: finish(tx, run, clock.now + 10**9))
    assert not store.write_sync(lambda tx: place(tx, run, 2)).result, "that run is over"
    ((_, due, since),) = rows(store)
    assert due > clock.now and since is None


def test_a_place_that_is_not_committed_is_not_taken(store: Store, clock: Clock) -> None:
    plan(store, once=clock.now)
    run = taken(store)

    def fails(tx: Tx) -> None:
        assert place(tx, run, 1)
        raise RuntimeError("the decision failed")

    with pytest.raises(RuntimeError):
        store.write_sync(fails)
    assert store.write_sync(lambda tx: place(tx, run, 1)).result


def test_one_process_has_a_run_until_it_is_gone(open_store: Callable[[], Store], clock: Clock) -> None:
    one, other = open_store(), open_store()
    began = clock.now
    plan(one, once=began)
    run = taken(one)
    assert other.write_sync(take).result is None
    assert not other.read_sync(is_due) and one.read_sync(is_due)
    due = other.read_sync(next_due)
    assert due is not None and due > began, "it looks again when the other should be done"
    assert taken(one) == run, "who has it goes on"
    clock.now += LEASE + 1_000
    assert other.read_sync(is_due)
    again = taken(other)
    assert (again.id, again.since, again.done) == (run.id, run.since, 0)
    assert not one.write_sync(lambda tx: place(tx, run, 1)).result, "who was late may not act any more"
    assert other.write_sync(lambda tx: place(tx, again, 1)).result
    one.write_sync(lambda tx: finish(tx, run, clock.now + 10**9))
    assert rows(other) == [("every 1h", began, began)], "nor end what is another's"


def test_many_cases_are_read_as_one_by_one(store: Store) -> None:
    agent(store, "amy")
    for n, visitor in enumerate(("v1", "v2", "v1")):
        member = guest(store, visitor)
        values = {"assignee": "amy"} if n == 1 else {}
        store.write_sync(lambda tx, member=member, values=values: line(tx, member, "你好", ticket=values))
        change(store, n + 1, Tag("ticket", n + 1, ("vip", f"n{n}")), Tag("member", member, ("good",)))
        change(store, n + 1, Timer(n + 1, "rule:t", 5 + n, "rule", {"name": "t"}))
        if n == 0:
            change(store, 1, Set("ticket", 1, {"category": "closed"}))

    def both(tx: Tx) -> tuple[Any, Any, Any, Any]:
        tickets = dict(peek_ticket_cases(tx, LEXICON, (1, 2, 3, 99)))
        one_by_one = {n: peek_ticket_case(tx, LEXICON, ticket_id=n) for n in (1, 2, 3)}
        ids = sorted({case.member.id for case in one_by_one.values() if case is not None and case.member is not None})
        members = {n: member_case(tx, LEXICON, n, new_ticket=True) for n in ids}
        return tickets, one_by_one, dict(peek_member_cases(tx, LEXICON, ids)), members

    tickets, one_by_one, members, known = store.write_sync(both).result
    assert {n: replace(case, lookups=None) for n, case in tickets.items()} == {
        n: replace(case, lookups=None) for n, case in one_by_one.items()
    }
    assert {n: case.member for n, case in members.items()} == {n: case.member for n, case in known.items()}
    assert [case.member.open_tickets for case in members.values()] == [1, 1]

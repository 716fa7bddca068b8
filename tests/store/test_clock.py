"""The desk's time when the machine's clock is set: small steps are waited out, others told and followed."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from peewee import BigIntegerField, Model

from engine.core.entities import DAY, HOUR, MINUTE, SECOND
from engine.store import KeyRing, Store, Timekeeper, Tx, sessions, setback
from engine.store import tables as t
from tests.store.desk import guest, line
from tests.support.machine import START, Machine

TO_COME: Mapping[type[Model], tuple[str, ...]] = {
    t.Session: ("expires_at",),
    t.SignOn: ("expires_at",),
    t.SlaClock: ("due_at",),
    t.Ticket: ("due_at",),
    t.Timer: ("due_at",),
    t.Schedule: ("due_at", "held_until"),
    t.Outbox: ("due_at",),
    t.Job: ("held_until", "expires_at"),
    t.JobSchedule: ("next_at",),
}
"""Moments to come, which are made to come sooner (an ended job and a used token may be kept longer)."""
AS_SAID: Mapping[type[Model], tuple[str, ...]] = {
    t.Event: ("at",),
    t.Decision: ("at",),
    t.RuleDay: ("last_at",),
    t.TagUse: ("at",),
    t.Member: ("blocked_until",),
    t.Block: ("until",),
    t.ScheduledLine: ("send_at",),
    t.Task: ("due_at",),
    t.Record: ("at", "created_at"),
}
"""Moments that stay: the log and its sums, the work log, an order among tags, an end that somebody has named."""


@pytest.fixture
def machine() -> Machine:
    """A machine whose clock is right."""
    return Machine()


@pytest.fixture
def opened(storage_url: str, plugins: Any, ring: KeyRing, machine: Machine) -> Iterator[Callable[[], Store]]:
    """Opens the store again on the machine, after closing it."""
    stores: list[Store] = []

    def again() -> Store:
        for store in stores:
            store.close()
        stores.append(Store.open(plugins.open("storage", storage_url, {}), keys=ring, clock=machine.clock()))
        return stores[-1]

    yield again
    for store in stores:
        store.close()


def told(store: Store) -> list[tuple[int, int]]:
    """From where to where the log says that the clock was set, in whole hours from the start."""
    store.write_sync(lambda tx: None)  # what was queued before is written by now
    rows = store.read_sync(lambda tx: tx.rows(t.Event.select(t.Event.body).where(t.Event.kind == "clock.stepped")))
    bodies = [json.loads(row["body"]) for row in rows]
    return [(round((body["from"] - START) / HOUR), round((body["to"] - START) / HOUR)) for body in bodies]


def test_a_small_step_back_is_waited_out_without_a_word(machine: Machine) -> None:
    clock = machine.clock()
    before = clock.now()
    machine.ahead -= 1 * SECOND
    assert clock.now() == before
    machine.run(3 * SECOND)
    assert clock.now() > before + SECOND
    assert not clock.take_steps()


def test_a_large_step_back_is_followed_and_told_once(machine: Machine) -> None:
    clock = machine.clock()
    machine.ahead = 40 * DAY
    assert clock.now() > START + 39 * DAY
    machine.run(2 * SECOND)
    clock.now()
    machine.ahead = 0
    now = clock.now()
    assert START < now < START + MINUTE, "the desk's time stands still until the wrong one comes again"
    assert clock.now() >= now
    forward, back = clock.take_steps()
    assert not forward.back and back.back
    assert clock.take_steps() == []
    assert clock.stepped_within(HOUR) == back
    machine.run(2 * HOUR)
    assert clock.stepped_within(HOUR) is None


def test_many_small_steps_back_are_a_large_one(machine: Machine) -> None:
    clock = machine.clock()
    clock.now()
    for _ in range(10):
        machine.ahead -= SECOND
        clock.now()
    assert clock.now() < START + 3 * SECOND - 10 * SECOND + 5 * SECOND
    assert clock.take_steps()


def test_a_process_that_stood_still_between_two_looks_has_not_been_set(machine: Machine) -> None:
    pauses = iter([0, 0, 0, 30 * SECOND])

    def wall() -> int:
        shown = machine.wall()
        machine.run(next(pauses, 0))
        return shown

    clock = Timekeeper(wall, machine.steady)
    for _ in range(5):
        clock.now()
    assert not clock.take_steps()


def test_the_log_tells_of_both_steps_and_time_goes_on(opened: Callable[[], Store], machine: Machine) -> None:
    store = opened()
    store.write_sync(lambda tx: tx.record("test"))
    machine.ahead = 40 * DAY
    store.write_sync(lambda tx: tx.record("test"))
    machine.ahead = 0
    now = store.write_sync(lambda tx: tx.now).result
    assert now < START + MINUTE
    assert told(store) == [(0, 40 * 24), (40 * 24, 0)]


def test_a_restart_after_the_clock_was_put_right_lives_today(opened: Callable[[], Store], machine: Machine) -> None:
    machine.ahead = 40 * DAY
    opened().write_sync(lambda tx: tx.record("test"))
    machine.ahead = 0
    store = opened()
    assert store.write_sync(lambda tx: tx.now).result < START + MINUTE
    assert told(store) == [(40 * 24, 0)]


def test_a_restart_waits_a_small_step_out(opened: Callable[[], Store], machine: Machine) -> None:
    newest = opened().write_sync(lambda tx: tx.record("test")).events[0].at
    machine.ahead = -SECOND
    store = opened()
    assert store.write_sync(lambda tx: tx.now).result >= newest
    assert told(store) == []


def test_sessions_are_neither_dead_nor_immortal_after_a_step(opened: Callable[[], Store], machine: Machine) -> None:
    store = opened()

    def sign_in(tx: Tx) -> str:
        return sessions.open_session(tx, "agent", 1, "browser", lasts=7 * DAY)[0]

    def alive(token: str) -> bool:
        return store.read_sync(lambda tx: sessions.find_session(tx, token) is not None)

    old = store.write_sync(sign_in).result
    machine.ahead = 40 * DAY
    made_ahead = store.write_sync(sign_in).result
    found = store.read_sync(lambda tx: sessions.find_session(tx, made_ahead))
    assert found is not None
    store.write_sync(lambda tx: sessions.touch_session(tx, found.id))
    machine.ahead = 0
    store.write_sync(lambda tx: None)
    store.write_sync(lambda tx: None)
    assert alive(old) and alive(made_ahead)
    machine.run(13 * HOUR)
    assert not alive(old) and not alive(made_ahead), "nobody used them for twelve hours"
    rows = store.read_sync(lambda tx: tx.rows(t.Session.select()))
    assert all(row["expires_at"] <= START + 7 * DAY + HOUR for row in rows)


def test_what_waits_to_leave_and_what_is_due_come_by_so_much_sooner(
    opened: Callable[[], Store], machine: Machine
) -> None:
    store = opened()
    machine.ahead = 40 * DAY

    def ahead(tx: Tx) -> None:
        tx.insert(t.Outbox, {"key": "a", "channel": "test", "due_at": tx.now + HOUR, "created_at": tx.now})
        tx.insert(t.Schedule, {"shop": "demo", "key": "k", "due_at": 0, "held_until": tx.now + MINUTE, "holder": "x"})
        tx.insert(
            t.JobSchedule,
            {"name": "n", "kind": "upkeep", "every": HOUR, "next_at": tx.now + HOUR, "last_at": tx.now},
        )
        tx.insert(
            t.Job,
            {
                "kind": "upkeep",
                "state": "running",
                "owner_kind": "system",
                "held_until": tx.now + 15 * SECOND,
                "created_at": tx.now,
                "updated_at": tx.now,
            },
        )
        tx.insert(t.Agent, {"username": "amy", "name": "Amy", "last_assigned_at": tx.now, "created_at": tx.now})

    store.write_sync(ahead)
    machine.ahead = 0
    store.write_sync(lambda tx: None)
    store.write_sync(lambda tx: None)
    soon = START + MINUTE

    def look(tx: Tx) -> dict[str, int]:
        return {
            "outbox": tx.value(t.Outbox.select(t.Outbox.due_at)),
            "run": tx.value(t.Schedule.select(t.Schedule.held_until)),
            "schedule": tx.value(t.JobSchedule.select(t.JobSchedule.next_at)),
            "job": tx.value(t.Job.select(t.Job.held_until)),
            "assigned": tx.value(t.Agent.select(t.Agent.last_assigned_at)),
        }

    found = store.read_sync(look)
    assert START + 59 * MINUTE < found.pop("outbox") < START + 2 * HOUR
    assert all(at <= soon for at in found.values()), found


def test_a_timer_that_nobody_had_come_to_comes_by_so_much_sooner_too(
    opened: Callable[[], Store], machine: Machine
) -> None:
    """It was due while the clock was ahead, and the pump was late: set meanwhile, it is due now, not in a day."""
    store = opened()
    known, other = guest(store, "v1"), guest(store, "v2")

    def timer(tx: Tx, number: int, name: str, due_at: int) -> None:
        ticket = tx.value(t.Ticket.select(t.Ticket.id).where(t.Ticket.number == number))
        tx.insert(t.Timer, {"ticket_id": ticket, "name": name, "kind": "rule", "due_at": due_at, "body": "{}"})

    def before(tx: Tx) -> None:
        line(tx, known, "hi")
        timer(tx, 1, "old", START + 5 * HOUR)

    def ahead(tx: Tx) -> None:
        line(tx, known, "again")
        timer(tx, 1, "late", tx.now + SECOND)
        line(tx, other, "hi")
        timer(tx, 2, "very late", tx.now + SECOND)

    store.write_sync(before)
    machine.ahead = DAY
    store.write_sync(ahead)
    machine.run(3 * SECOND)
    store.write_sync(lambda tx: tx.record("test"))
    machine.ahead = 0
    store.write_sync(lambda tx: None)
    store.write_sync(lambda tx: None)
    rows = store.read_sync(lambda tx: tx.rows(t.Timer.select(t.Timer.name, t.Timer.due_at)))
    due = {row["name"]: row["due_at"] for row in rows}
    assert due.pop("old") == START + 5 * HOUR, "it was set before, for a moment to come"
    assert set(due) == {"late", "very late"} and max(due.values()) < START + MINUTE, due


def test_what_was_written_before_stays_as_it_is(opened: Callable[[], Store], machine: Machine) -> None:
    store = opened()

    def before(tx: Tx) -> None:
        tx.insert(t.Outbox, {"key": "b", "channel": "test", "due_at": tx.now + HOUR, "created_at": tx.now})
        sessions.open_session(tx, "agent", 1, "browser", lasts=7 * DAY)

    def rows(tx: Tx) -> list[Any]:
        return [tx.rows(model.select()) for model in (t.Outbox, t.Session)]

    store.write_sync(before)
    then = store.read_sync(rows)
    for ahead in (40 * DAY, 0):
        machine.ahead = ahead
        store.write_sync(lambda tx: None)
    assert len(told(store)) == 2
    assert store.read_sync(rows) == then


def test_every_moment_that_is_kept_is_thought_of() -> None:
    """Whoever adds a column with a moment says what becomes of it when the clock is set back."""
    names = ("at", "since", "until")
    kept = {
        (model.__name__, name)
        for model in t.MODELS
        for name, column in model._meta.fields.items()
        if isinstance(column, BigIntegerField) and name.rpartition("_")[2] in names
    }
    thought_of = {
        (model.__name__, name)
        for table in (setback.HAS_BEEN, TO_COME, AS_SAID)
        for model, columns in table.items()
        for name in columns
    }
    assert len(kept) > 60
    assert kept == thought_of
    twice = [
        one
        for a, b in itertools.combinations((setback.HAS_BEEN, TO_COME, AS_SAID), 2)
        for model in a.keys() & b.keys()
        for one in set(a[model]) & set(b[model])
    ]
    assert not twice

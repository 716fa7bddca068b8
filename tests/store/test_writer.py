"""The writer: batches, savepoints, COMMITs that fail, jobs that raise, order of events, time."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from peewee import IntegrityError

from engine.store import KeyRing, Store, StoreBusy, StoreClosed, StoreError, Tx, bulk, people
from engine.store.doctor import check_chain
from engine.store.lookups import StoreLookups
from engine.store.tables import Counter, Event, Parameter, Ticket
from engine.store.values import Lexicon
from tests.store.conftest import Clock

LEXICON = Lexicon(live_kinds=frozenset({"chat"}))


def put(name: str, value: str = "1") -> Callable[[Tx], str]:
    """A job that leaves a row and an event."""

    def job(tx: Tx) -> str:
        tx.insert_many(Parameter, [{"shop": "t", "name": name, "value": value, "at": tx.now}])
        tx.record("test.put", {"name": name})
        return name

    return job


def names(store: Store) -> list[str]:
    """The rows that jobs of `put` left."""
    query = Parameter.select(Parameter.name).where(Parameter.shop == "t").order_by(Parameter.name)
    return store.read_sync(lambda tx: tx.values(query))


def hold(store: Store) -> threading.Event:
    """Keeps the writer busy until the event is set, so that what follows becomes one batch."""
    go, begun = threading.Event(), threading.Event()

    def job(tx: Tx) -> None:
        begun.set()
        go.wait(10)

    threading.Thread(target=store.write_sync, args=(job,)).start()
    begun.wait(10)
    return go


def together(store: Store, *jobs: Callable[[Tx], Any]) -> list[Any]:
    """Runs jobs in one batch; gives results and exceptions."""

    async def main() -> list[Any]:
        go = hold(store)
        waiting = [asyncio.ensure_future(store.write(job)) for job in jobs]
        await asyncio.sleep(0)
        go.set()
        return await asyncio.gather(*waiting, return_exceptions=True)

    return asyncio.run(main())


def test_many_callers_at_once_each_get_their_own_answer(store: Store) -> None:
    written = together(store, *(put(f"n{i:03}") for i in range(300)))
    assert [w.result for w in written] == [f"n{i:03}" for i in range(300)]
    assert names(store) == [f"n{i:03}" for i in range(300)]


def test_events_are_numbered_in_the_order_of_commits_without_gaps(store: Store) -> None:
    written = together(store, *(put(f"n{i:03}") for i in range(250)))
    assert [w.events[0].id for w in written] == list(range(1, 251))
    assert store.last_event_id == 250
    kinds = store.read_sync(lambda tx: tx.values(Event.select(Event.body).order_by(Event.id)))
    assert kinds[0] == '{"name":"n000"}' and kinds[-1] == '{"name":"n249"}'


def test_a_job_that_raises_leaves_the_others_and_no_trace_of_itself(store: Store) -> None:
    def bad(tx: Tx) -> None:
        put("bad")(tx)
        tx.next_number()
        raise RuntimeError("no")

    first, failed, last = together(store, put("a"), bad, put("b"))
    assert isinstance(failed, RuntimeError)
    assert (first.result, last.result) == ("a", "b")
    assert names(store) == ["a", "b"]
    assert store.read_sync(lambda tx: tx.value(Event.select(Event.id).order_by(Event.id.desc()))) == 2
    assert store.read_sync(lambda tx: tx.value(Counter.select(Counter.value).where(Counter.name == "ticket"))) == 0


def test_a_job_that_breaks_a_constraint_fails_alone(store: Store) -> None:
    store.write_sync(put("a"))
    failed, fine = together(store, put("a"), put("b"))
    assert isinstance(failed, IntegrityError)
    assert fine.result == "b"
    assert names(store) == ["a", "b"]


def test_a_commit_that_fails_fails_its_batch_and_the_writer_lives_on(store: Store) -> None:
    def tables(tx: Tx) -> None:
        tx.database.execute_sql("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
        tx.database.execute_sql(
            "CREATE TABLE child (id INTEGER PRIMARY KEY, "
            "parent INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)"
        )

    def orphan(tx: Tx) -> None:
        tx.database.execute_sql("INSERT INTO child VALUES (1, 99)")  # found out at the COMMIT only

    store.write_sync(tables)
    store.write_sync(put("before"))
    outcome = together(store, put("a"), orphan, put("b"))
    assert all(isinstance(one, StoreError) for one in outcome)
    assert names(store) == ["before"]
    written = store.write_sync(put("after"))
    assert names(store) == ["after", "before"]
    assert written.events[0].id == 2, "a batch that was not committed uses up no number"


def test_a_deadlocked_batch_is_run_again_job_by_job(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    class Deadlock(Exception):
        pass

    known = store.storage.retryable
    monkeypatch.setattr(store.storage, "retryable", lambda error: isinstance(error, Deadlock) or known(error))
    runs: list[int] = []

    def twice(tx: Tx) -> str:
        put("d")(tx)
        runs.append(1)
        if len(runs) < 3:
            raise Deadlock
        return "through"

    first, second, third = together(store, put("a"), twice, put("b"))
    assert (first.result, second.result, third.result) == ("a", "through", "b")
    assert len(runs) == 3
    assert names(store) == ["a", "b", "d"]
    ids = [w.events[0].id for w in (first, second, third)]
    assert sorted(ids) == [1, 2, 3]


def test_a_deadlock_without_end_is_told_to_its_caller_only(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    class Deadlock(Exception):
        pass

    monkeypatch.setattr(store.storage, "retryable", lambda error: isinstance(error, Deadlock))

    def never(tx: Tx) -> None:
        raise Deadlock

    first, second = together(store, put("a"), never)
    assert first.result == "a"
    assert isinstance(second, Deadlock)


def test_time_stands_still_in_a_job_and_never_runs_backwards(store: Store, clock: Clock) -> None:
    seen = store.write_sync(lambda tx: (tx.now, tx.now)).result
    assert seen[0] == seen[1]
    clock.now -= 10_000_000
    later = store.write_sync(lambda tx: tx.now).result
    assert later >= seen[0]


def test_time_does_not_run_backwards_over_a_restart(open_store: Callable[[], Store], clock: Clock) -> None:
    store = open_store()
    before = store.write_sync(put("a")).now
    store.close()
    clock.now -= 3_600_000_000
    assert open_store().write_sync(lambda tx: tx.now).result >= before


def test_kicks_come_with_the_answer_of_their_own_job(store: Store) -> None:
    def kick(due: int) -> Callable[[Tx], None]:
        return lambda tx: tx.kick(due)

    first, second = together(store, kick(5), kick(6))
    assert first.kicks == (5,) and second.kicks == (6,)


def test_a_read_sees_one_picture_and_keeps_nothing_it_wrote(store: Store) -> None:
    store.write_sync(put("a"))
    inside, go = threading.Event(), threading.Event()

    def look(tx: Tx) -> tuple[int, int]:
        count = Parameter.select(Parameter.name).where(Parameter.shop == "t")
        before = len(tx.rows(count))
        inside.set()
        go.wait(10)
        return before, len(tx.rows(count))

    result: list[tuple[int, int]] = []
    reader = threading.Thread(target=lambda: result.append(store.read_sync(look)))
    reader.start()
    inside.wait(10)
    store.write_sync(put("b"))
    go.set()
    reader.join(10)
    assert result == [(1, 1)]


def test_what_is_queued_is_done_before_closing_and_nothing_after(open_store: Callable[[], Store]) -> None:
    store = open_store()

    async def main() -> list[Any]:
        go = hold(store)
        waiting = [asyncio.ensure_future(store.write(put(f"n{i}"))) for i in range(5)]
        await asyncio.sleep(0)
        closing = threading.Thread(target=store.close)
        closing.start()
        go.set()
        results = await asyncio.gather(*waiting)
        closing.join(10)
        with pytest.raises(StoreClosed):
            await store.write(put("late"))
        with pytest.raises(StoreClosed):
            await store.read(lambda tx: None)
        return results

    assert [w.result for w in asyncio.run(main())] == [f"n{i}" for i in range(5)]
    assert names(open_store()) == [f"n{i}" for i in range(5)]


def test_a_caller_who_gave_up_does_not_keep_the_others_waiting(store: Store) -> None:
    async def main() -> str:
        go = hold(store)
        given_up = asyncio.ensure_future(store.write(put("a")))
        other = asyncio.ensure_future(store.write(put("b")))
        await asyncio.sleep(0)
        given_up.cancel()
        go.set()
        return (await other).result

    assert asyncio.run(main()) == "b"
    assert names(store) == ["a", "b"], "what was queued is written, whoever still listens"


def test_a_full_disk_fails_what_needs_room_and_the_writer_lives_on(tmp_path: Path, plugins: Any) -> None:
    store = Store.open(plugins.open("storage", f"sqlite:{tmp_path}/desk.db", {}), keys=KeyRing.fresh())
    try:
        store.write_sync(put("before"))

        def pages(limit: int | None) -> Callable[[Tx], None]:
            def job(tx: Tx) -> None:
                used = tx.database.execute_sql("PRAGMA page_count").fetchone()[0]
                tx.database.execute_sql(f"PRAGMA max_page_count = {limit or used + 1}")

            return job

        store.write_sync(pages(None))
        outcome = together(store, put("a"), put("big", "x" * 200_000), put("b"))
        assert isinstance(outcome[1], Exception) and "full" in str(outcome[1])
        kept = [
            name
            for name, one in zip(("a", "b"), (outcome[0], outcome[2]), strict=True)
            if not isinstance(one, Exception)
        ]
        assert names(store) == sorted(["before", *kept]), "exactly what was acknowledged is there"
        store.write_sync(pages(1_000_000))
        store.write_sync(put("after", "x" * 200_000))
        assert "after" in names(store)
        assert store.read_sync(check_chain).troubles == ()
    finally:
        store.close()


def test_a_store_locked_by_another_is_busy_and_then_not(
    tmp_path: Path, plugins: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plugins.storage.sqlite.BUSY", 50)
    store = Store.open(plugins.open("storage", f"sqlite:{tmp_path}/desk.db", {}), keys=KeyRing.fresh())
    other = sqlite3.connect(tmp_path / "desk.db", isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy):
            store.write_sync(put("a"))
        assert names(store) == [], "reading goes on meanwhile"
        other.execute("ROLLBACK")
        assert store.write_sync(put("b")).result == "b"
    finally:
        other.close()
        store.close()


@pytest.mark.parametrize("storage_url", ["postgres"], indirect=True)
def test_a_lost_connection_to_the_server_is_made_anew(
    open_store: Callable[[], Store], storage_url: str, plugins: Any
) -> None:
    store = open_store()
    store.write_sync(put("a"))
    assert names(store) == ["a"]
    killer = plugins.open("storage", storage_url, {})
    killer.database.execute_sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    killer.close()
    for _ in range(3):  # a batch may meet the dead connection and fail; it is told so, and the next one works
        try:
            store.write_sync(put("b"))
            break
        except StoreError:
            continue
    assert names(store) == ["a", "b"]


def saved(name: str, **values: Any) -> Callable[[Tx], int]:
    """A job that makes or changes an agent."""
    return lambda tx: people.save_agent(tx, name, **{"shops": ["demo"], **values})


def serving(tx: Tx) -> dict[str, int]:
    """A job that asks who serves, and what they carry."""
    return {one.username: one.load for one in StoreLookups(tx, LEXICON).roster("demo")}


def test_who_serves_is_known_in_a_batch_until_a_job_changes_it(store: Store) -> None:
    written = together(store, saved("amy"), serving, serving, saved("bob"), serving, saved("amy", shops=[]), serving)
    assert [w.result for w in written if isinstance(w.result, dict)] == [
        {"amy": 0}, {"amy": 0}, {"amy": 0, "bob": 0}, {"bob": 0}
    ]  # fmt: skip


def test_what_agents_carry_is_counted_by_each_job_of_a_batch(store: Store) -> None:
    def given(tx: Tx) -> None:
        words = {"kind": "chat", "shop": "demo", "type": "other", "state": "open", "category": "open"}
        member = people.add_member(tx, LEXICON, "demo", guest=True, tier="basic")
        amy = people.agent_id(tx, "amy")
        words |= {"channel": "chat", "priority": "normal", "created_at": tx.now, "updated_at": tx.now}
        row = {**words, "number": tx.next_number(), "member_id": member, "assignee_id": amy}
        tx.insert(Ticket, row)

    written = together(store, saved("amy"), serving, given, serving, given, serving)
    assert [w.result["amy"] for w in written if isinstance(w.result, dict)] == [0, 1, 2]


def test_what_a_job_knew_that_was_rolled_back_is_asked_again(store: Store) -> None:
    def bad(tx: Tx) -> None:
        saved("eve")(tx)
        serving(tx)
        tx.next_number()
        raise ValueError("no")

    def number(tx: Tx) -> int:
        return tx.next_number()

    _, first, refused, second, others, many, last = together(
        store, saved("amy"), number, bad, number, serving, lambda tx: list(bulk.numbers(tx, 3)), number
    )
    assert isinstance(refused, ValueError)
    assert others.result == {"amy": 0}
    assert [first.result, second.result, *many.result, last.result] == list(range(first.result, first.result + 6))
    assert store.write_sync(number).result == last.result + 1

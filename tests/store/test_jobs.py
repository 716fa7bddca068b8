"""Jobs and schedules as rows: one holder at a time, moved on by the holder only, begun once, gone when their time is
over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from engine.store import BadCursor, Store, jobs, uploads
from engine.store import tables as t
from engine.store.jobs import LEASE, Claimed
from tests.store.test_processes import both

NOW = 1_800_000_000_000_000
KINDS = ("export", "upkeep")


def added(store: Store, kind: str = "export", **values: object) -> int:
    return store.write_sync(lambda tx: jobs.add(tx, kind, {"a": 1}, **values)).result  # type: ignore[arg-type]


def claimed(store: Store, now: int = NOW, limit: int = 10) -> list[Claimed]:
    return store.write_sync(lambda tx: jobs.claim(tx, KINDS, now, limit)).result


def state(store: Store, job_id: int) -> str:
    row = store.read_sync(lambda tx: jobs.one(tx, job_id))
    assert row is not None
    return str(row["state"])


def test_a_job_goes_to_one_of_two_processes(open_store: Callable[[], Store]) -> None:
    first, second = open_store(), open_store()
    ids = [added(first) for _ in range(20)]
    taken = both(first, second, *[lambda tx: jobs.claim(tx, KINDS, NOW, 2) for _ in range(8)])
    assert Counter(job.id for found in taken for job in found) == Counter(ids)


def test_what_is_of_an_unknown_kind_is_left_and_what_waits_is_due_at_once(store: Store) -> None:
    added(store, "unheard")
    assert claimed(store) == []
    assert store.read_sync(lambda tx: jobs.next_at(tx, KINDS)) is None
    waiting = added(store)
    assert store.read_sync(lambda tx: jobs.next_at(tx, KINDS)) == 0
    assert [job.id for job in claimed(store)] == [waiting]
    assert store.read_sync(lambda tx: jobs.next_at(tx, KINDS)) == NOW + LEASE
    assert store.read_sync(lambda tx: jobs.next_at(tx, ())) is None


def test_a_lease_that_is_over_is_taken_and_the_late_one_moves_nothing(open_store: Callable[[], Store]) -> None:
    first, second = open_store(), open_store()
    added(first)
    (job,) = claimed(first)
    moved = first.write_sync(lambda tx: jobs.move(tx, job, {"n": 1}, 1, 9, NOW)).result
    assert moved is not None and moved.place == {"n": 1} and moved.tries == 0
    assert claimed(second, NOW + LEASE - 1) == []
    first.write_sync(lambda tx: jobs.renew(tx, [job.id], NOW + 10))
    assert claimed(second, NOW + LEASE) == []
    (taken,) = claimed(second, NOW + LEASE + 10)
    assert (taken.place, taken.done, taken.total, taken.tries) == ({"n": 1}, 1, 9, 0)
    assert first.write_sync(lambda tx: jobs.move(tx, job, {"n": 2}, 2, 9, NOW)).result is None
    over = first.write_sync(lambda tx: jobs.end(tx, job, "done", now=NOW, expires_at=None)).result
    assert over is False and state(first, job.id) == "running"
    first.write_sync(lambda tx: jobs.let_go(tx, [job.id]))
    assert state(first, job.id) == "running", "only the holder gives back"
    second.write_sync(lambda tx: jobs.let_go(tx, [job.id]))
    assert state(first, job.id) == "waiting"


def test_cancelling_ends_what_waits_and_asks_what_runs(store: Store) -> None:
    waiting, running = added(store), added(store)
    (job,) = [job for job in claimed(store) if job.id == running]
    store.write_sync(lambda tx: jobs.let_go(tx, [waiting]))
    asked = [
        store.write_sync(lambda tx, i=i: jobs.ask_to_cancel(tx, i, NOW, NOW + 9)).result for i in (waiting, running)
    ]
    assert asked == ["cancelled", "cancelling"]
    assert store.write_sync(lambda tx: jobs.ask_to_cancel(tx, running, NOW, NOW + 9)).result == "running", "once asked"
    moved = store.write_sync(lambda tx: jobs.move(tx, job, {}, 1, 2, NOW)).result
    assert moved is not None and moved.cancelled
    assert store.write_sync(lambda tx: jobs.ask_to_cancel(tx, waiting, NOW, NOW)).result is None
    assert [job.id for job in claimed(store, NOW + 2 * LEASE)] == [running]


def test_an_ended_job_goes_with_its_file_when_its_time_is_over(store: Store) -> None:
    file = store.write_sync(
        lambda tx: uploads.add_file(tx, digest="d", shown="a.csv", media_type="text/csv", size=3, uploader="agent:1")
    ).result["id"]
    ids = [added(store), added(store)]
    for job in claimed(store):
        store.write_sync(
            lambda tx, job=job: jobs.end(
                tx, job, "done", now=NOW, expires_at=NOW + 100, result={"rows": 3}, file=file if job.id == 1 else None
            )
        )
    kept = store.read_sync(lambda tx: tx.value(t.File.select(t.File.claimed_at)))
    assert kept is not None, "nobody takes it for an upload that was forgotten"
    assert store.write_sync(lambda tx: jobs.expire(tx, NOW + 99, 10)).result == 0
    assert store.write_sync(lambda tx: jobs.expire(tx, NOW + 100, 1)).result == 1
    assert store.write_sync(lambda tx: jobs.expire(tx, NOW + 100, 5)).result == 1
    assert store.read_sync(lambda tx: tx.value(t.File.select(t.File.claimed_at))) is None
    assert [store.read_sync(lambda tx, i=i: jobs.one(tx, i)) for i in ids] == [None, None]


def test_lists_are_by_owner_newest_first_in_pages(store: Store) -> None:
    mine = [added(store, owner_kind="agent", owner_id=7) for _ in range(5)]
    added(store)
    page = store.read_sync(lambda tx: jobs.listed(tx, ("agent", 7), 2))
    assert [row["id"] for row in page["items"]] == mine[:-3:-1]
    rest = store.read_sync(lambda tx: jobs.listed(tx, ("agent", 7), 9, page["next"]))
    assert [row["id"] for row in rest["items"]] == mine[2::-1] and rest["next"] is None
    assert len(store.read_sync(lambda tx: jobs.listed(tx, None, 50))["items"]) == 6
    with pytest.raises(BadCursor):
        store.read_sync(lambda tx: jobs.listed(tx, None, 50, "nonsense"))


def schedule(store: Store, next_at: int = NOW, every: int = 100) -> None:
    store.write_sync(
        lambda tx: jobs.keep_schedule(tx, "hourly", "upkeep", {}, every=every, at=None, zone="UTC", next_at=next_at)
    )


def test_a_schedule_begins_its_job_once_for_several_processes(open_store: Callable[[], Store]) -> None:
    first, second = open_store(), open_store()
    schedule(first)
    schedule(second, NOW + 50)
    (row,) = first.read_sync(lambda tx: jobs.due_schedules(tx, KINDS, NOW))
    assert row["next_at"] == NOW, "writing it down again leaves its moment"
    begun = both(first, second, lambda tx: jobs.run_schedule(tx, dict(row), NOW + 100, NOW))
    assert sorted(found is not None for found in begun) == [False, True]
    assert first.read_sync(lambda tx: jobs.due_schedules(tx, KINDS, NOW)) == []
    assert first.read_sync(lambda tx: tx.values(t.Job.select(t.Job.kind))) == ["upkeep"]
    (row,) = first.read_sync(lambda tx: jobs.due_schedules(tx, KINDS, NOW + 100))
    assert first.write_sync(lambda tx: jobs.run_schedule(tx, row, NOW + 200, NOW + 100)).result is None, (
        "the one before still waits"
    )
    schedule(first, NOW + 7, every=50)
    (row,) = first.read_sync(lambda tx: jobs.due_schedules(tx, KINDS, NOW + 7))
    assert (row["every"], row["next_at"]) == (50, NOW + 7), "what runs at other times now is planned anew"

"""The worker: steps stored with their place, one holder, cancel, failure, schedules, `kill -9`, upkeep."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from peewee import OperationalError

from engine import worker as worker_module
from engine.core.commands import OpenTicket
from engine.core.entities import DAY, SECOND, SYSTEM
from engine.desk import Claimed, Context, Desk, JobKind, JobSchedule, Step, jobs
from engine.store import StoreError, Tx, rule_days, uploads, wall_clock
from engine.store import jobs as rows
from engine.store import tables as t
from engine.store.doctor import check_chain
from engine.worker import Worker
from tests.support.house import House, sign_in
from tests.support.waiting import stays_async, until_async


@pytest.fixture
def stored(house: House, database: str) -> House:
    """A desk on each database."""
    return house


async def count(context: Context, job: Claimed) -> Step:
    """Writes the numbers up to `upto` into the log, one a step."""
    n, upto = int(job.place.get("n", 0)), int(job.arguments["upto"])
    if n == job.arguments.get("fail_at"):
        raise ValueError("this number is bad")

    def write(tx: Tx) -> None:
        tx.record("counted", {"job": job.id, "n": n})

    return Step({"n": n + 1}, n + 1, upto, write, finished=n + 1 == upto, result={"counted": n + 1})


COUNT = {"count": JobKind("count", count)}


async def begun(desk: Desk, **arguments: Any) -> int:
    def job(tx: Tx) -> int:
        return jobs.record_new(tx, SYSTEM, "count", arguments)

    return (await desk.context.store.write(job)).result


async def shown(desk: Desk, job_id: int) -> dict[str, Any]:
    row = await desk.context.read(lambda tx: rows.one(tx, job_id))
    assert row is not None
    return row


async def counted(desk: Desk, job_id: int) -> list[int]:
    def look(tx: Tx) -> list[int]:
        bodies = tx.values(t.Event.select(t.Event.body).where(t.Event.kind == "counted").order_by(t.Event.id))
        return [body["n"] for body in map(json.loads, bodies) if body["job"] == job_id]

    return await desk.context.read(look)


async def events(desk: Desk) -> list[str]:
    kinds = t.Event.select(t.Event.kind).where(t.Event.kind.startswith("job.")).order_by(t.Event.id)
    return [str(kind) for kind in await desk.context.read(lambda tx: tx.values(kinds))]


@asynccontextmanager
async def working(desk: Desk, **options: Any) -> AsyncIterator[Worker]:
    worker = Worker(desk.context, **{"kinds": COUNT, "schedules": {}, "pace": 0.0, **options})
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        await task


async def until(desk: Desk, job_id: int, state: str) -> dict[str, Any]:
    """The job's row, once it is in this state."""

    async def look() -> dict[str, Any] | None:
        row = await shown(desk, job_id)
        return row if row["state"] == state else None

    row = await until_async(look, f"job {job_id} is {state}", seconds=60)
    assert row is not None
    return row


async def done_more_than(desk: Desk, job_id: int, count: int) -> None:
    """Returns once the job has got further."""

    async def look() -> bool:
        return bool((await shown(desk, job_id))["done"] > count)

    await until_async(look, f"job {job_id} has done more than {count}")


def test_jobs_take_turns_one_that_fails_stops_none_and_all_is_told(stored: House) -> None:
    async def work(desk: Desk) -> None:
        good, bad, other = [await begun(desk, upto=30, **more) for more in ({}, {"fail_at": 3}, {})]
        async with working(desk):
            done = await until(desk, good, "done")
            failed = await until(desk, bad, "failed")
            await until(desk, other, "done")
        assert (done["done"], done["total"], done["result"], done["error"]) == (30, 30, {"counted": 30}, None)
        assert (failed["error"], failed["done"], failed["result"]) == ("ValueError: this number is bad", 3, None)
        assert done["expires_at"] - done["updated_at"] == jobs.KEEP
        assert await counted(desk, good) == list(range(30)) == await counted(desk, other)
        assert await counted(desk, bad) == [0, 1, 2], "what a step wrote before stays"
        first = await desk.context.read(
            lambda tx: tx.values(t.Event.select(t.Event.body).where(t.Event.kind == "counted"))
        )
        assert len({body[:9] for body in first[:6]}) > 1, "each got its turn"
        assert sorted(await events(desk)) == ["job.created"] * 3 + ["job.done"] * 2 + ["job.failed"]

    stored.run(work)


def test_a_step_may_say_in_the_transaction_how_it_came_out_and_its_writes_go_when_that_raises(house: House) -> None:
    async def step(context: Context, job: Claimed) -> Step:
        def write(tx: Tx) -> Step:
            tx.record("counted", {"job": job.id, "n": 0})
            if job.arguments["upto"] == 2:
                raise ValueError("no")
            return Step(finished=True, result="from the transaction")

        return Step({"not": "this"}, write=write)

    async def work(desk: Desk) -> None:
        one, two = await begun(desk, upto=1), await begun(desk, upto=2)
        async with working(desk, kinds={"count": JobKind("count", step)}):
            assert (await until(desk, one, "done"))["result"] == "from the transaction"
            await until(desk, two, "failed")
        assert (await counted(desk, one), await counted(desk, two)) == ([0], [])

    house.run(work)


def test_a_running_job_is_cancelled_after_its_step_and_a_stopped_worker_gives_its_jobs_back(stored: House) -> None:
    async def work(desk: Desk) -> None:
        long = await begun(desk, upto=100_000)
        async with working(desk):
            await done_more_than(desk, long, 4)
        row = await shown(desk, long)
        assert (row["state"], row["holder"], row["tries"]) == ("waiting", None, 0)
        async with working(desk):
            await done_more_than(desk, long, row["done"])
            assert await jobs.cancel(desk.context, long) == "running"
            row = await until(desk, long, "cancelled")
        assert await counted(desk, long) == list(range(row["done"]))
        assert await jobs.cancel(desk.context, long) is None
        waiting = await begun(desk, upto=1)
        assert await jobs.cancel(desk.context, waiting) == "cancelled"
        assert await events(desk) == ["job.created", "job.cancelling", "job.cancelled", "job.created", "job.cancelled"]

    stored.run(work)


def test_two_workers_never_run_one_job_at_once_and_a_lost_lease_undoes_the_late_step(stored: House) -> None:
    held, resume = asyncio.Event(), asyncio.Event()

    async def slow(context: Context, job: Claimed) -> Step:
        step = await count(context, job)
        if job.place.get("n") == 3 and not held.is_set():
            held.set()
            await resume.wait()  # and no sign of life meanwhile: the clock below runs ahead
        return step

    async def work(desk: Desk) -> None:
        other = await Desk.open(stored.config, listened=False)
        try:
            job_id = await begun(desk, upto=40)
            ahead = 0
            async with working(desk, kinds={"count": JobKind("count", slow)}):
                await held.wait()
                async with working(other, clock=lambda: wall_clock() + ahead):
                    await asyncio.sleep(0.2)
                    assert (await shown(desk, job_id))["done"] == 3, "it is held"
                    ahead = 2 * rows.LEASE
                    await done_more_than(desk, job_id, 9)
                    resume.set()
                    await until(desk, job_id, "done")
            assert await counted(desk, job_id) == list(range(40))
        finally:
            await other.close()

    stored.run(work)


# --- trouble with the storage ---------------------------------------------------------------------------------------


async def big(context: Context, job: Claimed) -> Step:
    """Writes more into the log than a full disk takes."""

    def write(tx: Tx) -> None:
        tx.record("counted", {"job": job.id, "n": 0, "much": "x" * 200_000})

    return Step({"n": 1}, 1, 1, write, finished=True)


def test_trouble_with_the_storage_fails_no_job_and_keeps_none_waiting(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "AGAIN", 0.1)
    full: set[int] = set()

    async def step(context: Context, job: Claimed) -> Step:
        found = await count(context, job)

        def write(tx: Tx) -> None:
            assert found.write is not None
            found.write(tx)
            if job.id in full:
                raise OperationalError("database or disk is full")

        return replace(found, write=write)

    async def work(desk: Desk) -> None:
        first, dropped, other = [await begun(desk, upto=3) for _ in range(3)]
        full.update((first, dropped))
        async with working(desk, kinds={"count": JobKind("count", step)}):
            await until(desk, other, "done")
            await asyncio.sleep(0.3)
            assert (await shown(desk, first))["state"] == "running", "it is tried again"
            assert await jobs.cancel(desk.context, dropped) == "running"
            await until(desk, dropped, "cancelled")
            full.clear()
            await until(desk, first, "done")
        assert await counted(desk, first) == [0, 1, 2] == await counted(desk, other)

    house.run(work)


def test_a_step_that_the_store_refuses_for_its_own_sake_fails_its_job(
    stored: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store is there: what a step asks for is at fault, and to ask for it for ever helps nobody."""
    monkeypatch.setattr(worker_module, "AGAIN", 0.05)
    runs: dict[int, int] = {}

    async def step(context: Context, job: Claimed) -> Step:
        runs[job.id] = runs.get(job.id, 0) + 1
        found = await count(context, job)

        def write(tx: Tx) -> None:
            assert found.write is not None
            found.write(tx)
            if job.arguments.get("bad") == "row":
                tx.insert(t.Ticket, {"number": 1})  # a row without what it must have: the database refuses it
            if job.arguments.get("bad") == "change" or (job.arguments.get("bad") == "once" and runs[job.id] == 1):
                raise StoreError("there is no ticket with the id 5")

        return replace(found, write=write)

    async def work(desk: Desk) -> None:
        row, change, once, other = [await begun(desk, upto=2, bad=bad) for bad in ("row", "change", "once", "")]
        async with working(desk, kinds={"count": JobKind("count", step)}):
            failed = [await until(desk, one, "failed") for one in (row, change)]
            for one in (once, other):
                await until(desk, one, "done")
        assert "IntegrityError" in failed[0]["error"] and runs[row] == 1
        assert failed[1]["error"] == "StoreError: there is no ticket with the id 5"
        assert runs[change] == worker_module.TRIES
        assert await counted(desk, once) == [0, 1] and await counted(desk, change) == []

    stored.run(work)


def test_a_command_that_waits_is_told_of_a_full_disk_and_its_job_stays(house: House) -> None:
    async def work(desk: Desk) -> None:
        large = await begun(desk)
        # No page more than it has: a disk that is full.
        await desk.context.store.write(lambda tx: tx.database.execute_sql("PRAGMA max_page_count = 1"))
        with pytest.raises(StoreError, match="full"):
            await Worker(desk.context, kinds={"count": JobKind("count", big)}, schedules={}, patient=False).finish(
                large
            )
        assert (await shown(desk, large))["state"] == "waiting"

    house.run(work)


def test_a_sign_of_life_that_fails_is_followed_by_the_next(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(worker_module, "BEAT", 0.05)
    beats = []

    def renew(self: Worker, tx: Tx, ids: tuple[int, ...]) -> None:
        beats.append(ids)
        raise StoreError("the storage is away")

    async def slow(context: Context, job: Claimed) -> Step:
        while len(beats) < 3:
            await asyncio.sleep(0.02)
        return await count(context, job)

    async def work(desk: Desk) -> None:
        monkeypatch.setattr(Worker, "_renew", renew)
        job_id = await begun(desk, upto=1)
        async with working(desk, kinds={"count": JobKind("count", slow)}):
            await until(desk, job_id, "done")

    house.run(work)
    assert "sign of life" in caplog.text


# --- schedules ------------------------------------------------------------------------------------------------------


def test_a_schedule_runs_once_for_several_workers_and_once_after_a_downtime(stored: House) -> None:
    every = {"often": JobSchedule("often", "count", every=3600 * SECOND, arguments={"upto": 2})}

    async def ran(desk: Desk, times: int) -> bool:
        states = await desk.context.read(lambda tx: tx.values(t.Job.select(t.Job.state)))
        return bool(states == ["done"] * times)

    async def work(desk: Desk) -> None:
        other = await Desk.open(stored.config, listened=False)
        ahead = 0
        try:
            options = {"schedules": every, "clock": lambda: wall_clock() + ahead}
            async with working(desk, **options), working(other, **options):
                await until_async(lambda: ran(desk, 1), "it ran once")
                await stays_async(lambda: ran(desk, 1), "it ran once, and not again before its time", seconds=1.2)
            ahead = 26 * 3600 * SECOND
            async with working(desk, **options), working(other, **options):
                await until_async(lambda: ran(desk, 2), "it ran again")
                await stays_async(lambda: ran(desk, 2), "what was missed is made up for once", seconds=1.2)
        finally:
            await other.close()

    stored.run(work)


def test_times_of_day_are_of_their_zone() -> None:
    night = JobSchedule("night", "count", at="03:30", zone="Asia/Taipei")
    noon = 1_800_000_000 * SECOND  # 2027-01-15 08:00 UTC, 16:00 in Taipei
    assert night.next_at(noon) == noon + int(11.5 * 3600) * SECOND
    assert night.next_at(night.next_at(noon)) == night.next_at(noon) + DAY


# --- kill -9 --------------------------------------------------------------------------------------------------------

KILLED = """
import asyncio, sys
from pathlib import Path
from engine.config import load
from engine.desk import Desk
from engine.store import jobs as rows
from engine import worker
from tests.engine.test_worker import COUNT

rows.LEASE, worker.BEAT, worker.LOOK = 400_000, 0.1, 0.05

async def main():
    desk = await Desk.open(load(Path(sys.argv[1]), overrides={"storage.url": sys.argv[2]}), listened=False)
    print("ready", flush=True)
    await worker.Worker(desk.context, kinds=COUNT, schedules={}, pace=0.0).run()

asyncio.run(main())
"""


def test_a_killed_worker_loses_and_doubles_nothing(stored: House) -> None:
    job_id = stored.run(lambda desk: begun(desk, upto=2_000))
    seen: list[int] = []
    for _ in range(12):
        command = [sys.executable, "-c", KILLED, str(stored.folder), str(stored.config["storage.url"])]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
        assert child.stdout is not None and child.stdout.readline() == b"ready\n"
        time.sleep(0.55 + 0.037 * len(seen))
        os.kill(child.pid, signal.SIGKILL)
        child.wait(10)
        child.stdout.close()
        seen.append(stored.run(lambda desk: shown(desk, job_id))["done"])
        if len(seen) > 4 and seen[-1] >= 300:
            break
    assert len(set(seen)) >= 3, f"it was killed in the middle, more than once: {seen}"

    async def rest(desk: Desk) -> None:
        async with working(desk):
            row = await until(desk, job_id, "done")
        assert row["done"] == 2_000
        assert await counted(desk, job_id) == list(range(2_000))
        assert (await desk.context.read(check_chain)).troubles == ()

    stored.run(rest)


# --- upkeep ---------------------------------------------------------------------------------------------------------


def test_upkeep_takes_out_what_is_too_old_in_small_steps_and_sums_up_what_rules_did(stored: House) -> None:
    async def before(desk: Desk) -> str:
        amy = await sign_in(desk, "amy", "frontline", ("admin",))
        for n in range(3):
            await desk.act(amy, OpenTicket("x", "please help", requester={"name": f"a{n}"}), key=f"k{n}")
        digest, _ = desk.context.blobs.put(io.BytesIO(b"bytes"), 100)
        await desk.context.store.write(
            lambda tx: uploads.add_file(
                tx, digest=digest, shown="a.txt", media_type="text/plain", size=5, uploader="agent:1"
            )
        )
        await desk.context.store.write(lambda tx: jobs.record_new(tx, SYSTEM, "count", {}, now=1))
        await desk.context.store.write(lambda tx: tx.run(t.Job.update(state="done", expires_at=5)))
        return digest

    digest = stored.run(before)

    async def after(desk: Desk) -> None:
        def left(tx: Tx) -> dict[str, int]:
            tables = {"sessions": t.Session, "requests": t.RequestKey, "files": t.File}
            found = {name: len(tx.values(model.select())) for name, model in tables.items()}
            full = t.Decision.select(t.Decision.id).where(t.Decision.snapshot != b"")
            return {
                **found,
                "snapshots": len(tx.values(full)),
                "counts": len(tx.values(t.Job.select().where(t.Job.kind == "count"))),
            }

        assert all((await desk.context.read(left)).values()), "there is something of each"
        async with working(desk, kinds=None, schedules=None):
            await until_async(lambda: finished(desk), "the upkeep is done")
        assert not any((await desk.context.read(left)).values())
        assert desk.context.blobs.link(digest) is None
        row = next(row for row in await jobs.newest(desk.context) if row["kind"] == "upkeep")
        assert row["result"] == {"snapshots": 3, "sessions": 1, "requests": 3, "jobs": 1, "files": 1}
        assert row["done"] == row["total"]
        assert await desk.context.read(rule_days.page) is None
        assert await desk.context.read(lambda tx: tx.values(t.RuleDay.select(t.RuleDay.acted)))
        assert await desk.explain(1) is not None

    async def finished(desk: Desk) -> bool:
        return ("upkeep", "done") in [(row["kind"], row["state"]) for row in await jobs.newest(desk.context)]

    stored.run(after, lambda: wall_clock() + 120 * DAY)


# --- beside a server ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["<&-", "</dev/null", "<rules/roles.yaml"])
def test_beside_needs_an_input_that_can_be_closed(house: House, given: str) -> None:
    command = f'exec "$0" -m engine worker --beside --desk . {given}'
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        ["/bin/sh", "-c", command, sys.executable], cwd=house.folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("engine worker: `--beside`") and done.stderr.count("\n") == 1

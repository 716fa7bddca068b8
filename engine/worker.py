"""The worker: runs long work from the table `job`, step by step, beside the server or alone.

It claims jobs under a lease, gives each in turn one step, and stores what the step wrote together with the job's new
place. It looks once a second when there is nothing to do. A worker that is told to stop gives its jobs back after the
step; one that dies is followed by another once the lease is over.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from engine.core.building import build
from engine.core.entities import SYSTEM
from engine.desk import activation
from engine.desk.context import Context
from engine.desk.feed import rest
from engine.desk.jobs import Claimed, JobKind, JobSchedule, Step, next_moment, record
from engine.store import (
    BadCursor,
    FileRefused,
    NotFilterable,
    StoreBusy,
    StoreClosed,
    StoreError,
    Tx,
    is_away,
    jobs,
    rulebooks,
    wall_clock,
)

log = logging.getLogger(__name__)

LOOK = 1.0
"""Seconds between looks at the table when there is nothing to do."""
BEAT = 4.0
"""Seconds between signs of life while a step takes long."""
HELD = 4
"""Jobs held at the same time: each gets its turn, a long one does not keep the others waiting."""
NICE = 10
"""How much lower the priority of a worker beside a server is."""
AGAIN = 5.0
"""Seconds until a step is tried again that the storage kept from being stored."""
TRIES = 3
"""Runs of a step that the store refuses for the step's own sake, or for that of another in the same COMMIT."""
_ASKED_WRONGLY = (BadCursor, FileRefused, NotFilterable)


class _Lost(Exception):
    """Another process has the job: what the step wrote is undone."""


class Worker:
    """Runs jobs of one open desk. `run` until `stop`.

    `kinds` and `schedules` are the desk's, unless given. `pace`: how long it rests after a step, in lengths of the
    step's transaction, so that others come to write. Not `patient`: trouble with the storage ends it with StoreError,
    for a command that somebody waits for; the job stays where it stood.
    """

    def __init__(
        self,
        context: Context,
        *,
        kinds: Mapping[str, JobKind] | None = None,
        schedules: Mapping[str, JobSchedule] | None = None,
        clock: Callable[[], int] = wall_clock,
        pace: float = 1.0,
        patient: bool = True,
    ) -> None:
        self._context = context
        self._kinds = context.tables.jobs if kinds is None else kinds
        self._schedules = context.tables.schedules if schedules is None else schedules
        self._clock = clock
        self._pace = pace
        self._patient = patient
        self._held: dict[int, Claimed] = {}
        self._later: dict[int, float] = {}
        """Held jobs whose step the storage did not take: not before then (monotonic time)."""
        self._refused: dict[int, int] = {}
        """How often in a row the store refused the step of a held job."""
        self._wake = asyncio.Event()
        self._stopping = False

    # --- life -------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Works until told to stop; gives back what it holds."""
        await self._plan()
        beat = asyncio.create_task(self._beat())
        try:
            while not self._stopping:
                try:
                    if not await self.turn():
                        await rest(self._wake, LOOK)
                except StoreClosed:
                    raise
                except Exception as error:
                    if not self._patient and not isinstance(error, StoreBusy) and is_away(error):
                        raise error if isinstance(error, StoreError) else StoreError(str(error)) from error
                    log.exception("the worker could not look at its jobs; trying again")
                    await rest(self._wake, LOOK)
        finally:
            beat.cancel()
            await asyncio.gather(beat, return_exceptions=True)
            held = tuple(self._held)
            try:
                await self._context.store.write(lambda tx: jobs.let_go(tx, held))
            except StoreClosed:
                pass
            except StoreError as error:
                log.warning("the jobs could not be given back, others take them when the lease is over: %s", error)
            self._held.clear()

    def stop(self) -> None:
        """Ends after the step that is going on."""
        self._stopping = True
        self._wake.set()

    async def finish(self, job_id: int) -> None:
        """Works until one job is over, or told to stop: for a command that has begun it."""
        runner = asyncio.create_task(self.run())
        try:
            while not runner.done() and not await self._context.read(lambda tx: _is_over(tx, job_id)):
                await asyncio.sleep(0.1)
        finally:
            self.stop()
            await runner

    async def turn(self) -> bool:
        """Begins what is due, takes what waits, and gives each job that it holds one step. False: nothing to do."""
        now = self._clock()
        due = await self._context.read(lambda tx: jobs.next_at(tx, self._kinds))
        if due is not None and due <= now and len(self._held) < HELD:
            await self._schedule(now)
            await self._claim(now)
        stepped = False
        for job in tuple(self._held.values()):
            if not self._stopping and self._later.get(job.id, 0.0) <= time.monotonic():
                await self._step(job)
                stepped = stepped or job.id not in self._later
        return stepped

    # --- schedules and claims ---------------------------------------------------------------------------------------

    async def _plan(self) -> None:
        """Writes down what the house and its features want to be run again and again."""
        now = self._clock()

        def job(tx: Tx) -> None:
            for one in self._schedules.values():
                # What was never run yet is due at once.
                jobs.keep_schedule(
                    tx, one.name, one.kind, one.arguments, every=one.every, at=one.at, zone=one.zone, next_at=now
                )

        await self._context.store.write(job)

    async def _schedule(self, now: int) -> None:
        due = await self._context.read(lambda tx: jobs.due_schedules(tx, self._kinds, now))
        for row in due:
            following = next_moment(row["every"], row["at"], row["zone"], now)

            def job(tx: Tx, row: Mapping[str, Any] = row, following: int = following) -> dict[str, Any]:
                job_id = jobs.run_schedule(tx, dict(row), following, now)
                if job_id is not None:
                    record(tx, "job.created", job_id, row["kind"])
                return {}

            await self._context.write(job)

    async def _claim(self, now: int) -> None:
        room = HELD - len(self._held)
        claimed = (await self._context.store.write(lambda tx: jobs.claim(tx, self._kinds, now, room))).result
        if claimed:
            await self._follow_rules()
        for job in claimed:
            if job.tries >= jobs.TRIES:
                await self._end(job, "failed", error=f"{jobs.TRIES} processes ended while they did its next step")
            else:
                self._held[job.id] = job

    async def _follow_rules(self) -> None:
        """Works with the rulebook in force, which another process may have changed."""
        context = self._context
        digest = await context.read(rulebooks.in_force)
        if digest is None or (context.rulebook is not None and context.rulebook.digest == digest):
            return
        texts = await context.read(activation.texts_in_force)
        if texts is not None:
            book, _ = await asyncio.to_thread(build, texts, extras=context.extras, analyse=False, shelf=context.shelf)
            if book is not None:
                context.take(book)

    async def _beat(self) -> None:
        """Signs of life while a step takes long; stops where the process itself no longer runs."""
        while True:
            await asyncio.sleep(BEAT)
            if self._held:
                try:
                    await self._context.store.write(partial(self._renew, ids=tuple(self._held)))
                except StoreClosed:
                    return
                except StoreBusy:
                    pass  # the next sign comes long before the lease is over
                except Exception:
                    # It beats on: without it every job that takes long would be taken for one whose process is gone.
                    log.warning("the worker could not give a sign of life; trying again", exc_info=True)

    def _renew(self, tx: Tx, ids: tuple[int, ...]) -> None:
        jobs.renew(tx, ids, self._clock())

    # --- steps ------------------------------------------------------------------------------------------------------

    async def _step(self, job: Claimed) -> None:
        """One step of one job, stored with its place. What the step raises fails this job; the others go on.

        Where the storage is away the job stays where it stood until it is back. A step that is refused by a storage
        which is there is tried again too, as its COMMIT may have failed for another's sake, but only `TRIES` times.
        """
        if self._later.pop(job.id, None) is not None:
            job = await self._as_asked(job)
        if job.cancelled:
            await self._end(job, "cancelled")
            return
        try:
            if job.left:
                job = await self._tried_again(job)
            step = await self._run(job)
            began = time.perf_counter()
            moved = (await self._context.write(lambda tx: self._store(tx, job, step)))["moved"]
        except _Lost:
            log.warning("job %d (%s) went to another process", job.id, job.kind)
            self._held.pop(job.id, None)
        except (StoreBusy, StoreClosed):
            raise  # nothing was stored: the same step again
        except Exception as error:
            away = is_away(error)
            if away and not self._patient:
                raise
            if away or self._may_be_refused_again(job, error):
                log.warning("job %d (%s) waits, its step could not be stored: %s", job.id, job.kind, error)
                self._later[job.id] = time.monotonic() + AGAIN
                return
            log.exception("job %d (%s) failed", job.id, job.kind)
            await self._end(job, "failed", error=f"{type(error).__name__}: {error}")
        else:
            self._refused.pop(job.id, None)
            if moved is None:
                del self._held[job.id]
            else:
                self._held[job.id] = moved
            await asyncio.sleep(self._pace * (time.perf_counter() - began))

    async def _tried_again(self, job: Claimed) -> Claimed:
        found: Claimed | None = (await self._context.store.write(lambda tx: jobs.try_again(tx, job))).result
        if found is None:
            raise _Lost
        self._held[job.id] = found
        return found

    async def _run(self, job: Claimed) -> Step:
        """One step. What would end the process, or this task, fails the job like any other mistake."""
        try:
            return await self._kinds[job.kind].step(self._context, job)
        except (asyncio.CancelledError, SystemExit) as error:
            task = asyncio.current_task()
            if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
                raise  # the worker itself is told to end
            raise RuntimeError(f"its step raised {type(error).__name__}") from error

    def _may_be_refused_again(self, job: Claimed, error: Exception) -> bool:
        """Whether a step that the store refused gets another try; counts this one."""
        if not isinstance(error, StoreError) or isinstance(error, _ASKED_WRONGLY):
            return False
        self._refused[job.id] = self._refused.get(job.id, 0) + 1
        return self._refused[job.id] < TRIES

    async def _as_asked(self, job: Claimed) -> Claimed:
        """The job with a wish to cancel it, which is otherwise heard of when a step is stored."""
        row = await self._context.read(lambda tx: jobs.one(tx, job.id))
        return replace(job, cancelled=row is not None and row["cancel_at"] is not None)

    def _store(self, tx: Tx, job: Claimed, step: Step) -> dict[str, Any]:
        """Inside the transaction: what the step wrote, and where the job stands now (`moved` None: it is over)."""
        if step.write is not None:
            step = step.write(tx) or step
        moved = jobs.move(tx, job, step.place, step.done, step.total, self._clock())
        if moved is None:
            raise _Lost
        if not step.finished:
            return {"moved": moved}
        self._over(tx, job, "done", result=step.result, file=step.file)
        return {"moved": None}

    async def _end(self, job: Claimed, state: str, *, error: str | None = None) -> None:
        self._held.pop(job.id, None)
        self._refused.pop(job.id, None)
        with suppress(_Lost):
            await self._context.write(lambda tx: self._over(tx, job, state, error=error))

    def _over(
        self, tx: Tx, job: Claimed, state: str, *, result: Any = None, file: str | None = None, error: str | None = None
    ) -> dict[str, Any]:
        """Ends a job, with its event. Raises _Lost where another process has it."""
        now = self._clock()
        expires = now + self._kinds[job.kind].keep
        if not jobs.end(tx, job, state, now=now, expires_at=expires, result=result, file=file, error=error):
            raise _Lost
        # The log is for good and the row is not: what a step says may hold what people wrote.
        more = {} if error is None else {"error": error.partition(":")[0][:100]}
        record(tx, f"job.{state}", job.id, job.kind, SYSTEM, jobs.owner_name(tx, job.owner_kind, job.owner_id), **more)
        return {}


def _is_over(tx: Tx, job_id: int) -> bool:
    row = jobs.one(tx, job_id)
    return row is None or row["state"] in jobs.OVER

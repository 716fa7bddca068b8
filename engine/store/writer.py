"""The one writer thread and the readers: the same for every database.

A unit of work is a plain function `job(tx) -> result`. Writes are queued; the writer thread takes what waits (at most
`BATCH`), runs each job in a savepoint of one transaction, numbers and chains the batch's events last, commits, and
only then answers everybody at once. So a transaction never spans an `await`, one COMMIT (one fsync) serves many
callers, and nobody is told of what is not on disk.

- A job that raises is rolled back alone; the others stand.
- A COMMIT that fails fails its whole batch; the writer lives on.
- A deadlock or serialization failure runs the batch again job by job: a job may run twice, so it does nothing but
  write.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

from peewee import PeeweeException

from engine.store import migrate, setback
from engine.store.clock import Timekeeper, wall_clock
from engine.store.errors import (
    KeyRingError,
    StoreAway,
    StoreBusy,
    StoreClosed,
    StoreError,
    StoreGone,
    is_away,
    unusable,
)
from engine.store.log import EventRow, bind_lines, number_events, store_decisions
from engine.store.search import Index
from engine.store.secret import KeyRing
from engine.store.sql import Connection, Prepared
from engine.store.tables import SEARCHES, Event, Parameter
from engine.store.tx import Shared, Tx

log = logging.getLogger(__name__)

T = TypeVar("T")

BATCH = 200
"""Jobs in one COMMIT: enough to hide the fsync, few enough that the first of them does not wait long."""
GATHER = 0.001
"""Seconds the writer waits for the next job while fewer wait than its last batch held: who was answered together asks
again together, and a batch of one would have the others wait for two COMMITs. Who writes alone is never waited for."""
READERS = 3
"""Reader threads: two cores are kept busy, and one slow list does not hold up the rest."""
TRIES = 5
"""Runs of a job that meets a deadlock before its caller is told."""
SLOW = 0.5
"""Seconds after which a job is named in the log: it holds up everybody."""


_RING = Prepared(lambda: Parameter.select(Parameter.value).where(Parameter.name == "store.ring"))


@dataclass(frozen=True, slots=True)
class Written(Generic[T]):
    """What a write gives back, after its COMMIT."""

    result: T
    events: tuple[EventRow, ...]
    """What the job recorded, with ids."""
    kicks: tuple[int, ...]
    """Due times the pump should know of."""
    now: int
    """The time the job saw."""


class _Job:
    __slots__ = ("error", "fn", "future", "written")

    def __init__(self, fn: Callable[[Tx], Any]) -> None:
        self.fn = fn
        self.future: Future[Written[Any]] = Future()
        self.written: Written[Any] | None = None
        self.error: BaseException | None = None


class _AsyncJob(_Job):
    __slots__ = ("loop", "waiter")

    def __init__(self, fn: Callable[[Tx], Any], loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(fn)
        self.loop = loop
        self.waiter: asyncio.Future[Written[Any]] = loop.create_future()


class _Again(Exception):
    """The batch met a deadlock: each job is to run alone."""


class Store:
    """The desk's memory. Made by `Store.open`, ended by `close`."""

    def __init__(self, storage: Any, ring: KeyRing, clock: Timekeeper, readers: int) -> None:
        self.storage = storage
        self.ring = ring
        self.instance = secrets.token_hex(8)
        self.indexes = {name: Index(storage.index(name)) for name in SEARCHES}
        self.last_event_id = 0
        """The newest event this process committed or found at its start."""
        self.refusals = 0
        """Writes that the database could not take, since the start."""
        self.clock = clock
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closing = False
        self._gate = threading.Lock()
        self._writer = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._readers = ThreadPoolExecutor(readers, thread_name_prefix="store-reader")

    @classmethod
    def open(
        cls,
        storage: Any,
        *,
        keys: Path | KeyRing,
        clock: Callable[[], int] | Timekeeper = wall_clock,
        readers: int = READERS,
        upgrade: bool = True,
    ) -> Store:
        """Brings the storage to this version's schema and starts the threads.

        `keys` is the key ring or its file; `clock` gives whole microseconds UTC, see `Timekeeper.of`. `upgrade`: see
        `migrate.up`.
        Raises StoreNewer, StoreOlder, StoreGone, StoreBusy, KeyRingError, or StoreError where the storage cannot be
        used.
        """
        if isinstance(keys, Path):
            _not_over_what_is_left(storage, keys)
        migrate.up(storage, upgrade=upgrade)
        ring = keys if isinstance(keys, KeyRing) else KeyRing.load(keys, make=cls._ring_of(storage) is None)
        store = cls(storage, ring, Timekeeper.of(clock), readers)
        connection = Connection(storage.database)
        try:
            store._check_ring(connection)
            newest = connection.row(Event.select(Event.id, Event.at).order_by(Event.id.desc()).limit(1))
        except PeeweeException as error:
            raise unusable(error) from error
        finally:
            storage.database.close()
        if newest is not None:
            store.last_event_id = newest["id"]
            store.clock.begin(newest["at"])
        store._writer.start()
        store.now()
        return store

    @staticmethod
    def _ring_of(storage: Any) -> Any:
        """The mark of the ring a store was made with; None for a new one."""
        try:
            return Connection(storage.database).value(_RING)
        except PeeweeException as error:
            raise unusable(error) from error
        finally:
            storage.database.close()

    def _check_ring(self, connection: Connection) -> None:
        known = connection.value(_RING)
        if known is None:
            row = {"shop": "", "name": "store.ring", "value": self.ring.fingerprint(), "at": self.clock.now()}
            connection.insert_many(Parameter, [row], ignore=True)
        elif known != self.ring.fingerprint():
            raise KeyRingError("the key ring is not the one this store was made with: put its own file back")

    # ------------------------------------------------------------------------------------------------------ writing

    async def write(self, job: Callable[[Tx], T]) -> Written[T]:
        """Runs the job on the writer thread; answers after the COMMIT that holds it.

        Raises what the job raised, StoreAway where the database could not take it, StoreError when the COMMIT failed
        for another reason, StoreClosed.
        """
        waiting = _AsyncJob(job, asyncio.get_running_loop())
        self._put(waiting)
        return await waiting.waiter

    def write_sync(self, job: Callable[[Tx], T]) -> Written[T]:
        """`write` for callers without a loop (commands, tests): blocks until the COMMIT."""
        waiting = _Job(job)
        self._put(waiting)
        return waiting.future.result()

    def _put(self, job: _Job) -> None:
        with self._gate:
            if self._closing:
                raise StoreClosed("the store is closed")
            self._queue.put(job)

    def now(self) -> int:
        """The desk's time. A step of the clock is written down by the writer, and what it has put awry straightened."""
        now = self.clock.now()
        for step in self.clock.take_steps():
            with contextlib.suppress(StoreClosed):
                self._put(_Job(partial(setback.straighten, step=step)))
        return now

    def _tx(self, shared: Shared | None = None) -> Tx:
        return Tx(self.storage.database, self.ring, self.indexes, self.now(), self.instance, shared)

    def _gather(self, likely: int) -> tuple[list[_Job], bool]:
        """The next jobs, and whether they are the last; `likely` is how many may be coming."""
        batch: list[_Job] = []
        job = self._queue.get()
        while job is not None:
            batch.append(job)
            if len(batch) == BATCH:
                return batch, False
            try:
                job = self._queue.get(timeout=GATHER) if len(batch) < likely else self._queue.get_nowait()
            except queue.Empty:
                return batch, False
        return batch, True

    def _run(self) -> None:
        likely = 1
        while True:
            batch, stop = self._gather(likely)
            likely = len(batch)
            if batch:
                try:
                    self._run_batch(batch)
                except BaseException as error:  # the writer must outlive anything: everybody waits for it
                    log.exception("a batch failed in an unforeseen way")
                    self._fail(batch, error)
                self._answer(batch)
            if stop:
                with contextlib.suppress(PeeweeException):
                    self.storage.database.close()
                return

    def _run_batch(self, batch: list[_Job]) -> None:
        try:
            self._transaction(batch)
        except _Again:
            for job in batch:
                self._alone(job)

    def _alone(self, job: _Job) -> None:
        """Runs one job in a transaction of its own, again while it meets deadlocks."""
        for attempt in range(TRIES):
            job.written = job.error = None
            try:
                self._transaction([job])
                return
            except _Again as again:
                job.error = again.__cause__
                time.sleep(0.002 * 2**attempt)

    def _transaction(self, batch: Sequence[_Job]) -> None:
        """All jobs in one transaction. Leaves `written` or `error` in each.

        Raises _Again when the database asks for another try.
        """
        database = self.storage.database
        try:
            self.storage.begin()
        except PeeweeException as error:
            self._drop_connection()
            busy = StoreBusy(f"the store could not be locked for writing, another program holds it: {error}")
            self._fail(batch, busy if self.storage.retryable(error) else StoreAway(str(error)))
            return
        done: list[tuple[_Job, Tx, Any]] = []
        connection, shared = Connection(database), Shared()
        try:
            for job in batch:
                outcome = self._in_savepoint(connection, job, shared)
                if outcome is not None:
                    done.append((job, *outcome))
            events = [event for _, tx, _ in done for event in tx.events]
            if events:
                for _, tx, _ in done:
                    if tx.texts:
                        bind_lines(self.ring.chain, tx.events, tx.texts)
                last = number_events(connection, self.ring.chain, events)
            store_decisions(connection, [decision for _, tx, _ in done for decision in tx.decisions])
            for _, tx, _ in done:
                for index, row, old, text in tx.texts:
                    self.indexes[index].change(row, old, text)
            database.execute_sql("COMMIT")
        except Exception as error:
            self._roll_back()
            if self.storage.retryable(error):
                raise _Again from error
            log.error("a batch of %d jobs was not committed: %s", len(batch), error)
            self._fail(batch, _told(error))
            return
        if events:
            self.last_event_id = max(self.last_event_id, last)
        for job, tx, result in done:
            job.written = Written(result, tuple(tx.events), tuple(tx.kicks), tx.now)

    def _in_savepoint(self, connection: Connection, job: _Job, shared: Shared) -> tuple[Tx, Any] | None:
        started = time.perf_counter()
        connection.say("SAVEPOINT job")
        tx = self._tx(shared)
        try:
            result = job.fn(tx)
        except Exception as error:
            if self.storage.retryable(error):
                raise
            shared.clear()
            try:
                connection.say("ROLLBACK TO SAVEPOINT job")
                connection.say("RELEASE SAVEPOINT job")
            except PeeweeException:
                # The database gave the whole transaction up (a full disk): the batch fails with what made it do so.
                raise error from None
            job.error = _told(error) if is_away(error) else error
            return None
        connection.say("RELEASE SAVEPOINT job")
        took = time.perf_counter() - started
        if took > SLOW:
            log.warning("a write job held the writer for %.1f s: %r", took, job.fn)
        return tx, result

    def _roll_back(self) -> None:
        try:
            self.storage.database.execute_sql("ROLLBACK")
        except PeeweeException as error:
            # SQLite may have rolled back by itself; a lost server connection cannot. A new connection serves both.
            log.info("rolling back: %s; the writer connects again", error)
            self._drop_connection()

    def _drop_connection(self) -> None:
        with contextlib.suppress(Exception):
            self.storage.database.close()

    @staticmethod
    def _fail(batch: Sequence[_Job], error: BaseException) -> None:
        for job in batch:
            job.written = None
            if job.error is None:
                job.error = error

    def _answer(self, batch: Sequence[_Job]) -> None:
        """Answers everybody; callers on one loop are woken together."""
        loops: dict[asyncio.AbstractEventLoop, list[_AsyncJob]] = {}
        for job in batch:
            if job.written is None and job.error is None:
                job.error = StoreError("the job was neither done nor refused")
            if job.error is not None and is_away(job.error):
                self.refusals += 1
            if isinstance(job, _AsyncJob):
                loops.setdefault(job.loop, []).append(job)
            elif job.error is not None:
                job.future.set_exception(job.error)
            elif job.written is not None:
                job.future.set_result(job.written)
        for loop, jobs in loops.items():
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits there any more
                loop.call_soon_threadsafe(_resolve, jobs)

    # ------------------------------------------------------------------------------------------------------ reading

    async def read(self, fn: Callable[[Tx], T]) -> T:
        """Runs a function that only reads, on a reader thread, over one unchanging picture of the store.

        Raises what it raised, StoreAway where the database does not answer, StoreClosed.
        """
        if self._closing:
            raise StoreClosed("the store is closed")
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, fn)

    def read_sync(self, fn: Callable[[Tx], T]) -> T:
        """`read` for callers without a loop."""
        if self._closing:
            raise StoreClosed("the store is closed")
        return self._readers.submit(self._read, fn).result()

    def _read(self, fn: Callable[[Tx], T]) -> T:
        try:
            self.storage.begin(read=True)
        except PeeweeException:  # the connection was lost since its last use: once more on a new one
            self._drop_connection()
            try:
                self.storage.begin(read=True)
            except PeeweeException as error:
                raise StoreAway(f"the store does not answer: {error}") from error
        try:
            return fn(self._tx())
        finally:
            try:
                self.storage.database.execute_sql("ROLLBACK")
            except PeeweeException:
                self._drop_connection()

    # ------------------------------------------------------------------------------------------------------ closing

    def close(self) -> None:
        """Finishes what is queued, then ends the threads. A second call does nothing."""
        with self._gate:
            if self._closing:
                return
            self._closing = True
            self._queue.put(None)
        self._writer.join()
        self._readers.shutdown(wait=True)
        self.storage.close()


def _not_over_what_is_left(storage: Any, keys: Path) -> None:
    """Raises StoreGone where the keys of a desk are there and its storage is not. Asked in this order: another process
    that begins a new one makes the tables first, and then the keys."""
    if not getattr(storage, "fleeting", False) and keys.exists() and migrate.is_new(storage):
        raise StoreGone(
            f"the storage is empty, but the keys {keys} are of a desk that was here before: put its storage back (a "
            "backup, or the right `storage.url`); to begin a new desk, move the keys away"
        )


def _told(error: Exception) -> StoreError:
    """What callers are told of an error of the database."""
    if isinstance(error, StoreError):
        return error
    return StoreAway(f"not stored: {error}") if is_away(error) else StoreError(f"not committed: {error}")


def _resolve(jobs: Sequence[_AsyncJob]) -> None:
    for job in jobs:
        if job.waiter.done():  # the caller gave up; what was written stands
            continue
        if job.error is not None:
            job.waiter.set_exception(job.error)
        elif job.written is not None:
            job.waiter.set_result(job.written)

"""Lanes: what is asked of a plugin runs on a thread and a loop of its own, with a deadline.

A plugin that waits for ever, or that blocks its thread, holds its own lane and nothing else: who asked is told so in
time, and nothing more is handed to a lane that is full. One that fails again and again rests for a while, longer each
time. `state` is what operators see.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")

AT_ONCE = 8
"""Calls of one lane that may be under way: one that is not over in time counts until it ends."""
WAITING = 10_000
"""Things told that may wait in one lane; more are passed over and counted."""
PATIENCE = 0.5
"""Seconds that what runs in a lane has to end when the desk does."""
LONGEST_REST = 3600.0
"""Seconds a lane rests at most."""


class Overdue(Exception):
    """A plugin did not answer in time; what it was asked to do may or may not have happened."""


@dataclass(frozen=True, slots=True)
class State:
    """How a lane is doing. Counts are since the start; `hangs` are calls that are past their time and not over."""

    name: str
    running: int
    hangs: int
    overdue: int
    failures: int
    passed_over: int
    rests: float
    """Seconds until it is given work again; 0: now."""

    @property
    def trouble(self) -> str | None:
        """What is wrong, for an operator."""
        if self.hangs:
            return f"`{self.name}` does not answer: {self.hangs} of its calls are past their time and not over"
        if self.rests:
            return f"`{self.name}` failed again and again and is left alone for {self.rests:.0f} s more"
        return None


class _Call:
    """One thing asked."""

    __slots__ = ("future", "late", "over", "task", "work")

    def __init__(self, work: Callable[[], Awaitable[Any]]) -> None:
        self.work = work
        self.future: Future[Any] = Future()
        self.task: asyncio.Task[Any] | None = None
        self.late = False
        self.over = False

    def cancel(self) -> None:
        """Asks it to end, in the lane's thread."""
        if self.task is not None:
            self.task.cancel()


class Lane:
    """One plugin's thing (a channel, a notifier …) and the thread it runs on, which begins with the first call."""

    def __init__(self, name: str, *, within: float, failures: int, rest: float) -> None:
        """`within`: seconds a call may take; after so many `failures` in a row it rests `rest` seconds."""
        self.name = name
        self._within = within
        self._most = failures
        self._rest = rest
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self._running = 0
        self._hangs = 0
        self._overdue = 0
        self._failures = 0
        self._in_a_row = 0
        self._rests = 0
        self._until = 0.0
        self._waiting = 0
        self._passed_over = 0
        self.freed: Callable[[], object] = lambda: None
        """Called, on any thread, when a call is over."""

    @property
    def taken(self) -> int:
        """How many of `AT_ONCE` calls it cannot take: those that hang, or all while it rests."""
        return AT_ONCE if time.monotonic() < self._until else min(self._hangs, AT_ONCE)

    def state(self) -> State:
        """How it is doing."""
        return State(
            self.name,
            self._running,
            self._hangs,
            self._overdue,
            self._failures,
            self._passed_over,
            max(0.0, self._until - time.monotonic()),
        )

    async def call(self, work: Callable[[], Awaitable[T]]) -> T:
        """Runs `work` in the lane and waits for it, not longer than its time.

        Raises Overdue, and what it raised.
        """
        call = _Call(work)
        loop = self._opened()
        with self._lock:
            self._running += 1
        loop.call_soon_threadsafe(self._start, loop, call)
        done, _ = await asyncio.wait({asyncio.wrap_future(call.future)}, timeout=self._within)
        if not done and self._late(loop, call):
            raise Overdue(f"no answer within {self._within:g} s")
        try:
            result: T = call.future.result()
        except BaseException:
            self._failed()
            raise
        self._in_a_row = self._rests = 0
        return result

    def ask(self, work: Callable[[], T]) -> T:
        """Calls `work` in the lane and waits for it on this thread, not longer than its time: what a decision needs.
        While a call hangs, or so many in a row were late, it is not asked at all: one waits once, not each time.

        Raises Overdue, and what it raised; an error is the answer to what was asked, and does not count.
        """
        if self.taken:
            raise Overdue(f"`{self.name}` did not answer in time and is left alone for now")

        async def called() -> T:
            return work()

        call = _Call(called)
        loop = self._opened()
        with self._lock:
            self._running += 1
        loop.call_soon_threadsafe(self._start, loop, call)
        try:
            call.future.exception(self._within)
        except TimeoutError:
            if self._late(loop, call):
                raise Overdue(f"`{self.name}`: no answer within {self._within:g} s") from None
        self._in_a_row = self._rests = 0
        result: T = call.future.result()
        return result

    async def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Runs `work` in the lane as long as it takes; cancelled with the caller."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_awaited(work), self._opened()))

    def post(self, work: Callable[[], None]) -> None:
        """Has `work` done in its turn; nobody waits for it. What it raises is its own affair."""
        if self._waiting >= WAITING:
            self._passed_over += 1
            return
        with self._lock:
            self._waiting += 1
        self._opened().call_soon_threadsafe(self._posted, work)

    def close(self) -> bool:
        """Ends the lane, if what runs there lets it; False where it still holds its thread."""
        loop = self._loop
        if loop is None:
            return True
        try:
            asyncio.run_coroutine_threadsafe(_end_all(), loop).result(2 * PATIENCE)
        except TimeoutError:
            return False
        loop.call_soon_threadsafe(loop.stop)
        return True

    # --- inside -----------------------------------------------------------------------------------------------------

    def _opened(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=_live, args=(self._loop,), name=f"lane {self.name}", daemon=True).start()
            return self._loop

    def _start(self, loop: asyncio.AbstractEventLoop, call: _Call) -> None:
        if call.late:  # given up while the thread was blocked: it need not be begun
            self._over(call, None)
            return
        call.task = loop.create_task(_awaited(call.work))
        call.task.add_done_callback(lambda task: self._over(call, task))

    def _over(self, call: _Call, task: asyncio.Task[Any] | None) -> None:
        """A call has ended, in the lane's thread: also one that nobody waits for any more."""
        with self._lock:
            self._running -= 1
            self._hangs -= call.late
            call.over = True
        if task is None or task.cancelled():
            call.future.set_exception(RuntimeError("it cancelled itself"))
        elif (error := task.exception()) is not None:
            call.future.set_exception(error)
        else:
            call.future.set_result(task.result())
        self.freed()

    def _late(self, loop: asyncio.AbstractEventLoop, call: _Call) -> bool:
        """A call's time is over; False: so is the call, just now."""
        with self._lock:
            if call.over:
                return False
            call.late = True
            self._hangs += 1
            self._overdue += 1
        loop.call_soon_threadsafe(call.cancel)
        log.error("`%s` did not answer within %g s; the others go on", self.name, self._within)
        self._failed()
        return True

    def _failed(self) -> None:
        with self._lock:
            self._failures += 1
            self._in_a_row += 1
            if not self._most or self._in_a_row < self._most:
                return
            rest = min(LONGEST_REST, self._rest * 2**self._rests)
            self._rests = min(self._rests + 1, 20)
            self._in_a_row = self._most - 1  # the next failure after the rest is enough
            self._until = time.monotonic() + rest
        log.error("`%s` failed %d times in a row and is left alone for %.0f s", self.name, self._most, rest)

    def _posted(self, work: Callable[[], None]) -> None:
        with self._lock:
            self._waiting -= 1
        work()


def _live(loop: asyncio.AbstractEventLoop) -> None:
    loop.run_forever()
    loop.close()


async def _end_all() -> None:
    """Cancels what runs in this loop. Raises TimeoutError where something will not be."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    if tasks:
        _, deaf = await asyncio.wait(tasks, timeout=PATIENCE)
        if deaf:
            raise TimeoutError


async def _awaited(work: Callable[[], Awaitable[T]]) -> T:
    return await work()


class Lanes:
    """The lanes of one desk, each made when it is first asked for."""

    def __init__(self, *, failures: int, rest: float, within: Callable[[str], float]) -> None:
        """`within` gives the seconds a call of a lane may take."""
        self._failures = failures
        self._rest = rest
        self._within = within
        self._lanes: dict[str, Lane] = {}
        self.freed: Callable[[], object] = lambda: None
        """Called, on any thread, when a call of any lane is over."""

    def of(self, name: str, *, rests: bool = True) -> Lane:
        """A lane. `rests` False: it is asked however often it failed."""
        lane = self._lanes.get(name)
        if lane is None:
            failures = self._failures if rests else 0
            lane = self._lanes[name] = Lane(name, within=self._within(name), failures=failures, rest=self._rest)
            lane.freed = lambda: self.freed()
        return lane

    def taken(self) -> dict[str, int]:
        """How many calls each lane cannot take now, where that is any."""
        return {name: taken for name, lane in self._lanes.items() if (taken := lane.taken)}

    def states(self) -> list[State]:
        """How each is doing, by name."""
        return [lane.state() for _, lane in sorted(self._lanes.items())]

    def close(self) -> list[str]:
        """Ends all; gives the names of those that hold on."""
        return [name for name, lane in self._lanes.items() if not lane.close()]


__all__ = ["AT_ONCE", "Lane", "Lanes", "Overdue", "State"]

"""What time brings: timers that run out, and scheduled rules (`every …`) over tickets or members.

What came due while the server was down is done at its start, once. A scheduled run looks with the readers: the database
finds where a rule may hold, and the decision is tried there; only where a rule acts does the writer decide it again and
keep it. So a hundred thousand tickets of which fifty match cost the writer fifty jobs. Timers come in between pages.
"""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass
from typing import Any

from engine.core import schedule
from engine.core.commands import ScheduleDue, TimerDue
from engine.core.decide import decide, unheard
from engine.core.entities import SYSTEM, Case
from engine.core.rulebook import Rulebook
from engine.desk import sending
from engine.desk.context import Context
from engine.store import StoreClosed, Tx, load, outbox, scheduled, schedules
from engine.store.schedules import Run
from engine.store.wider import wider

log = logging.getLogger(__name__)

PAGE = 200
"""Tickets or members looked at between two looks at the timers."""
TOGETHER = 16
"""Decisions handed to the writer at once: what others want of it comes in between."""


@dataclass(frozen=True, slots=True)
class _Page:
    """Where rules will act, by id, and how far the look went; `last` None: to the end."""

    hits: tuple[int, ...]
    last: int | None


class Clock:
    """Drives one desk's time; `Desk.tick` is its only caller."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._planned: object = None
        """The rulebook and the step of the clock that the table of schedules was last written for."""

    async def tick(self, book: Rulebook) -> int | None:
        """Does all that is due now; gives when something is next, µs UTC, or None."""
        store = self._context.store
        while True:
            due, lines = await store.read(lambda tx: (outbox.due_timers(tx), scheduled.due(tx)))
            # Queued in the order they fell due, so they fire in that order, and share their commits.
            await asyncio.gather(*(self._fire(row["id"]) for row in due))
            await asyncio.gather(*(sending.send_due(self._context, line_id) for line_id in lines))
            if not due and not lines and not await self._step(book):
                return await store.read(_next)

    # --- timers -----------------------------------------------------------------------------------------------------

    async def _fire(self, timer_id: int) -> None:
        def job(tx: Tx) -> dict[str, Any]:
            row = load.take_timer(tx, timer_id)
            if row is None:
                return {}
            command = TimerDue(row["ticket_id"], row["name"], row["kind"], row["due_at"], json.loads(row["body"]))
            work = self._context.work(tx)
            case = load.ticket_case(tx, work.words, ticket_id=row["ticket_id"])
            if case is not None:
                work.decide(command, case)
            return {}

        try:
            await self._context.write(job)
        except Exception as error:
            log.exception("a timer failed and is set aside")
            text = f"{type(error).__name__}: {error}"
            await self._context.write(lambda tx: _without_timer(tx, timer_id, text))

    # --- schedules --------------------------------------------------------------------------------------------------

    async def _step(self, book: Rulebook) -> bool:
        """One page of one run. False when nothing is due, or what is due is another process's."""
        context = self._context
        wanted = (book.digest, context.store.clock.stepped)
        if self._planned != wanted:
            await context.write(lambda tx: _plan(tx, book))
            self._planned = wanted
        if not await context.store.read(schedules.is_due):
            return False
        run = (await context.store.write(schedules.take)).result
        if run is None:
            return False
        page = await context.store.read(lambda tx: self._look(tx, book, run))
        for start in range(0, len(page.hits), TOGETHER):
            await asyncio.gather(*(self._act(run, hit) for hit in page.hits[start : start + TOGETHER]))
        await context.write(lambda tx: _go_on(tx, book, run, page.last))
        return True

    def _look(self, tx: Tx, book: Rulebook, run: Run) -> _Page:
        """Reads where the rules of a run will act."""
        zone = str(book.zone(run.shop)) if run.shop in book.shops else "UTC"
        rules = [rule for rule in book.rules.asked([run.key], run.shop) if rule.in_dates(tx.now, zone)]
        over = schedules.each(run.key)
        if not rules or run.shop not in book.shops:
            return _Page((), None)
        if over is None:
            return _Page((run.upto,) if run.done < run.upto else (), None)
        where = wider((rule.condition for rule in rules), over, tx.now, tx.ring, self._context.lexicon, zone)
        if over == "ticket":
            found = schedules.tickets_left(tx, run, book.lifecycles, where, PAGE)
        else:
            found = schedules.members_left(tx, run, where, PAGE)
        peek = load.peek_ticket_cases if over == "ticket" else load.peek_member_cases
        hits = tuple(one for one, case in peek(tx, self._context.lexicon, found) if self._acts(tx, book, run, case))
        return _Page(hits, found[-1] if len(found) == PAGE else None)

    @staticmethod
    def _acts(tx: Tx, book: Rulebook, run: Run, case: Case | None) -> bool:
        """Whether some rule acts on a ticket or member as it is. What cannot be read or decided is left to the writer,
        where it is told of."""
        if case is None:
            return True
        try:
            moment = (ScheduleDue(run.key, run.since), case, SYSTEM, tx.now)
            return not unheard(book, *moment) and bool(decide(book, *moment).trace)
        except Exception:
            return True

    async def _act(self, run: Run, one: int) -> None:
        """Decides and keeps what a run does with one ticket or member. What fails is told of, and the run goes on."""

        def job(tx: Tx) -> dict[str, Any]:
            case = self._case(tx, run, one) if schedules.place(tx, run, one) else None
            if case is not None:  # where no rule takes the moment for its own there is nothing to keep
                self._context.work(tx).decide(ScheduleDue(run.key, run.since), case, only_acting=True)
            return {}

        try:
            await self._context.write(job)
        except StoreClosed:
            raise
        except Exception as error:
            log.exception("a scheduled rule failed; the run goes on without this one")
            text = f"{type(error).__name__}: {error}"
            await self._context.write(lambda tx: _without(tx, run, one, text))

    def _case(self, tx: Tx, run: Run, one: int) -> Case | None:
        words, over = self._context.lexicon, schedules.each(run.key)
        if over == "ticket":
            return load.ticket_case(tx, words, ticket_id=one, lines=0)
        if over == "member":
            return load.member_case(tx, words, one, new_ticket=True, opens=False, lines=0)
        return load.empty_case(tx, words, run.shop)


def _next(tx: Tx) -> int | None:
    """When the next timer, outbox row, scheduled rule or line falls due; None when nothing waits."""
    found = (outbox.next_due(tx), schedules.next_due(tx), scheduled.next_due(tx))
    return min((due for due in found if due is not None), default=None)


def _plan(tx: Tx, book: Rulebook) -> dict[str, Any]:
    """What a rulebook wants to be run, from now on."""
    wanted = {
        (shop, event.key): schedule.next_moment(event.every, tx.now, book.zone(shop))
        for shop in book.shops
        for event in book.schedules(shop)
        if event.every is not None
    }
    schedules.keep(tx, wanted)
    return {}


def _go_on(tx: Tx, book: Rulebook, run: Run, last: int | None) -> dict[str, Any]:
    """After a page: the run's place, or its end. What was missed meanwhile is not made up."""
    if last is not None:
        schedules.place(tx, run, last)
        return {}
    every = next((e.every for e in book.schedules(run.shop) if e.key == run.key), None)
    if every is not None:
        schedules.finish(tx, run, schedule.next_moment(every, max(tx.now, run.since), book.zone(run.shop)))
    return {}


def _without(tx: Tx, run: Run, one: int, error: str) -> dict[str, Any]:
    """Passes over what cannot be decided, and says so in the log."""
    schedules.place(tx, run, one)
    over = schedules.each(run.key)
    body = {"schedule": run.key, "error": error[:500]}
    ticket_id, member_id = (one if over == "ticket" else None), (one if over == "member" else None)
    tx.record("schedule.failed", body, shop=run.shop, ticket_id=ticket_id, member_id=member_id)
    return {}


def _without_timer(tx: Tx, timer_id: int, error: str) -> dict[str, Any]:
    """Takes a timer out that cannot fire, and says so in the log: the others go on."""
    row = schedules.drop_timer(tx, timer_id)
    if row is not None:
        tx.record("timer.failed", {"name": row["name"], "error": error[:500]}, ticket_id=row["ticket_id"])
    return {}

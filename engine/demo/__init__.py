"""The demo shop: accounts, members and tickets of the last month, or of a year, on an empty desk.

It runs as a job in the command's own process: stopped or killed, it goes on where it stood when it is run again.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import sys
from collections.abc import Collection
from contextlib import suppress

from engine.config import Config
from engine.core.entities import MINUTE, SYSTEM
from engine.core.errors import Refused
from engine.demo import people
from engine.demo.begun import leave_begun
from engine.demo.month import Clock
from engine.demo.people import ACCOUNTS, Account, add_accounts, set_passwords, told
from engine.demo.year import MONTH, THROUGH, YEAR, Demo
from engine.desk import Desk, jobs
from engine.desk.context import Context
from engine.reload import reload_now
from engine.store import Tx, bulk, wall_clock
from engine.store import jobs as rows
from engine.store.sql import Row
from engine.worker import Worker


class Stopped(Exception):
    """The demo was stopped before its end; the text says how far it is."""


async def fill(config: Config, *, tickets: int = 200, password: str | None = None, progress: bool = False) -> str:
    """Fills an empty desk, or goes on where it was stopped; one that has the demo already gets the password only.

    Returns what to tell the operator. Raises Stopped after Ctrl-C, Refused for a desk of somebody else, one whose rules
    have errors, and one whose demo has failed.
    """
    until = wall_clock() - 5 * MINUTE
    begin = until - (MONTH if tickets <= THROUGH else YEAR)
    clock = Clock(until - 2 * YEAR)
    desk = await Desk.open(config, clock=clock, listened=False, alone="engine demo")
    try:
        context = desk.context
        made, job, used = await context.read(_standing)
        if used and not made:
            raise Refused("conflict", "desk-in-use", _IN_USE.format(data=config.data))
        if job is not None and job["state"] == "failed":
            again = f"delete {config.data} and run it again, or fill another folder (--data)"
            raise Refused("conflict", "demo-failed", f"the demo could not be made: {job['error']}; {again}")
        going_on = job is not None and job["state"] not in rows.OVER
        clock.turn(job["arguments"]["from"] if job is not None and going_on else begin)
        if desk.rulebook is None:
            await reload_now(desk, by="demo", note="starter rules", source="start", may_grant=True)
        if desk.rulebook is None:
            raise Refused("conflict", "no-rules", f"the rules in {config.rules} have errors; see `engine validate`")
        password = password or os.environ.get("ENGINE_DEMO_PASSWORD") or secrets.token_urlsafe(9)

        def begun(tx: Tx) -> None:
            arguments = {"tickets": tickets, "from": begin, "until": until}
            jobs.record_new(tx, SYSTEM, "demo", arguments, now=wall_clock())

        kept: Collection[str] = ()
        if made:
            # Later than anything here: the moment at which a password was set tells whose it is.
            clock.turn(context.store.now() + 1)
            kept = await set_passwords(desk, password)
            if job is None and not await context.read(bulk.count_tickets):
                await context.store.write(begun)  # an older version was killed right after the accounts
        else:
            for feature in desk.plugins.tables["features"].values():
                for fill_in in (feature.starter, feature.demo):
                    if fill_in is not None:
                        await fill_in(context)
            # In one transaction: accounts without a job would be taken for a demo that is there.
            await add_accounts(desk, password, begun)
        job = await context.read(lambda tx: rows.unfinished(tx, "demo"))
        if job is not None:
            await _run(desk, clock, int(job["id"]), progress)
    finally:
        await desk.close()
    return told(password, kept)


_IN_USE = (
    "the desk in {data} has accounts, members or tickets that the demo has not made, and nothing of it was changed; "
    "give the demo a folder of its own, such as `--data data/demo` (and, on a database server, a database of its own)"
)


def _standing(tx: Tx) -> tuple[bool, Row | None, bool]:
    """Whether the demo made this desk, its newest job that is still in the table, and whether anything is there."""
    return people.made_here(tx), rows.newest(tx, "demo"), people.known(tx) or bulk.count_tickets(tx) > 0


async def _run(desk: Desk, clock: Clock, job_id: int, progress: bool) -> None:
    """Runs the job to its end in this process. Raises Stopped, Refused."""
    context = desk.context
    worker = Worker(context, kinds={"demo": Demo(desk, clock).kind}, schedules={}, pace=0.0, patient=False)
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    with suppress(NotImplementedError, ValueError, RuntimeError):  # only a main thread hears of signals
        for number in signals:
            loop.add_signal_handler(number, worker.stop)
    bar = asyncio.create_task(_show(context, job_id)) if progress else None
    try:
        await worker.finish(job_id)
    finally:
        if bar is not None:
            bar.cancel()
            await asyncio.gather(bar, return_exceptions=True)
        with suppress(NotImplementedError, ValueError, RuntimeError):
            for number in signals:
                loop.remove_signal_handler(number)
    row = await context.read(lambda tx: rows.one(tx, job_id))
    if row is None or row["state"] == "done":
        calendar = context.book.calendar_of(next(iter(context.book.shops)), None)
        await context.store.write(lambda tx: leave_begun(tx, calendar))
        return
    if row["state"] in rows.OVER:
        raise Refused("conflict", "demo-failed", f"the demo could not be made: {row['error'] or row['state']}")
    raise Stopped(f"stopped at {_percent(row)} %; the same command goes on from there")


async def _show(context: Context, job_id: int) -> None:
    """A bar on the terminal."""
    while True:
        row = await context.read(lambda tx: rows.one(tx, job_id))
        if row is not None:
            full = _percent(row) * WIDTH // 100
            bar = "█" * full + "·" * (WIDTH - full)
            print(f"\rdemo {bar} {_percent(row):>3} %", end="", file=sys.stderr, flush=True)
        await asyncio.sleep(0.5)


WIDTH = 40


def _percent(row: Row) -> int:
    return int(100 * row["done"] // row["total"]) if row["total"] else 0


__all__ = ["ACCOUNTS", "Account", "Stopped", "fill", "told"]

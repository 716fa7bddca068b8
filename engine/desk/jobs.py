"""Long work: what a kind of job is, how one is begun, and schedules. `engine/worker.py` runs them, step by step.

A step reads and works out what it needs, then hands back what is to be written. The runner writes it together with the
job's new place, in one transaction: a process that dies between two steps loses nothing and does nothing twice. A step
takes less than a second, so that whoever else writes is not kept waiting.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from engine.core import schedule
from engine.core.entities import DAY, SYSTEM, Actor
from engine.desk.context import Context
from engine.lang.checked import Schedule
from engine.store import Tx, jobs, wall_clock
from engine.store.jobs import Claimed
from engine.store.sql import Row

MANAGE = "jobs.manage"
"""The right to see and cancel everybody's jobs."""
KEEP = 7 * DAY
"""How long an ended job is shown, and its file kept."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one step came to. `place`: where the job stands after it; `write`: what is stored together with that, in one
    transaction; it may return another step, which counts instead.

    `done` of `total` is for people. A step that is `finished` is the last: `result` is plain data for whoever asked,
    `file` the public name of an upload that belongs to the job.
    """

    place: Mapping[str, Any] = field(default_factory=dict)
    done: int = 0
    total: int | None = None
    write: Callable[[Tx], Step | None] | None = None
    finished: bool = False
    result: Any = None
    file: str | None = None


@dataclass(frozen=True, slots=True)
class JobKind:
    """One kind of long work. `step` works out the next part of a job; what it raises fails the job. `keep`: µs an ended
    one is shown."""

    name: str
    step: Callable[[Context, Claimed], Awaitable[Step]]
    keep: int = KEEP


@dataclass(frozen=True, slots=True)
class JobSchedule:
    """A job that is begun `every` so many µs, or each day `at` a time (`03:30`) in a `zone`.

    What was missed while nothing ran is made up for once; a job that is still going on is not begun again.
    """

    name: str
    kind: str
    every: int | None = None
    at: str | None = None
    zone: str = "UTC"
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def next_at(self, after: int) -> int:
        """The first moment later than `after`, µs UTC."""
        return next_moment(self.every, self.at, self.zone, after)


def next_moment(every: int | None, at: str | None, zone: str, after: int) -> int:
    """The first moment of a schedule later than `after`, µs UTC."""
    when = Schedule(period=every, day=None if every else "day", number=None, at=at, each=None)
    return schedule.next_moment(when, after, ZoneInfo(zone))


def record_new(tx: Tx, actor: Actor, kind: str, arguments: Mapping[str, Any], *, now: int | None = None) -> int:
    """A new job and its event; returns the job's id. `now`: where the transaction's time is not the machine's."""
    job_id = jobs.add(tx, kind, arguments, owner_kind=actor.kind, owner_id=actor.id, now=now)
    record(tx, "job.created", job_id, kind, actor, actor.username)
    return job_id


def ask_to_cancel(tx: Tx, actor: Actor, row: Row) -> str | None:
    """Cancels a job that waits, and asks the worker of a running one to stop after its step, with their events.

    Returns the state it is in then; None: it is over already.
    """
    now = wall_clock()
    state = jobs.ask_to_cancel(tx, row["id"], now, now + KEEP)
    if state in ("cancelled", "cancelling"):
        owner = jobs.owner_name(tx, row["owner_kind"], row["owner_id"])
        record(tx, f"job.{state}", row["id"], row["kind"], actor, owner)
    return "running" if state == "cancelling" else state


async def cancel(context: Context, job_id: int) -> str | None:
    """Cancels a job for the house; returns the state it is in then, None where there is none that is not over."""

    def job(tx: Tx) -> dict[str, Any]:
        row = jobs.one(tx, job_id)
        return {"state": None if row is None else ask_to_cancel(tx, SYSTEM, row)}

    state: str | None = (await context.write(job))["state"]
    return state


async def newest(context: Context, limit: int = 50) -> list[Row]:
    """The newest jobs of everybody."""
    found: list[Row] = (await context.read(lambda tx: jobs.listed(tx, None, limit)))["items"]
    return found


def record(tx: Tx, event: str, job_id: int, kind: str, actor: Actor = SYSTEM, owner: str = "", **more: Any) -> None:
    """Tells the log of a job. `owner`: the username of the agent who began it, whose screens are told at once."""
    tx.record(event, {"job": job_id, "kind": kind, "owner": owner, **more}, actor=actor, object=f"job:{job_id}")


__all__ = [
    "KEEP",
    "MANAGE",
    "Claimed",
    "JobKind",
    "JobSchedule",
    "Step",
    "ask_to_cancel",
    "cancel",
    "newest",
    "next_moment",
    "record",
    "record_new",
]

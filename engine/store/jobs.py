"""Long work in the store: rows claimed under a lease, moved on step by step, ended; and schedules that begin them.

A step's writes and the row's new place are one transaction, made only while the lease is held: a process that dies or
comes late neither loses nor doubles anything. Leases go by the machine's clock (`now`), not by the transaction's: that
of a desk may stand in the past.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from peewee import fn

from engine.core.entities import SECOND
from engine.store import tables as t
from engine.store.log import to_json
from engine.store.paging import cursor, limited, read_cursor
from engine.store.sql import Row
from engine.store.tx import Tx

LEASE = 15 * SECOND
"""How long a job is held without a sign of life; after it another process goes on with it."""
TRIES = 5
"""Processes that may die at one step before the job is given up."""
OVER = ("done", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job that this process holds."""

    id: int
    kind: str
    arguments: Mapping[str, Any]
    place: Mapping[str, Any]
    done: int
    total: int | None
    owner_kind: str
    owner_id: int
    cancelled: bool
    """Whether somebody asked to cancel it."""
    left: bool
    """Whether the process that held it before is gone."""
    tries: int
    """Processes that were gone while they did its next step."""


# -------------------------------------------------------------------------------------------------------------- begin


def add(
    tx: Tx,
    kind: str,
    arguments: Mapping[str, Any],
    *,
    owner_kind: str = "system",
    owner_id: int = 0,
    now: int | None = None,
) -> int:
    """A new job that waits to be run; returns its id."""
    at = tx.now if now is None else now
    row = {
        "kind": kind,
        "arguments": to_json(arguments),
        "owner_kind": owner_kind,
        "owner_id": owner_id,
        "created_at": at,
        "updated_at": at,
    }
    return tx.insert(t.Job, row)


def next_at(tx: Tx, kinds: Collection[str]) -> int | None:
    """When a job or schedule of these kinds is next to be taken, by anybody; it may lie in the past. None: nothing."""
    if not kinds:
        return None
    ours = t.Job.kind.in_(sorted(kinds)) & t.Job.state.in_(("waiting", "running"))
    job = tx.value(t.Job.select(fn.MIN(t.Job.held_until)).where(ours))
    wanted = t.JobSchedule.kind.in_(sorted(kinds))
    schedule = tx.value(t.JobSchedule.select(fn.MIN(t.JobSchedule.next_at)).where(wanted))
    return min((int(found) for found in (job, schedule) if found is not None), default=None)


def claim(tx: Tx, kinds: Collection[str], now: int, limit: int) -> list[Claimed]:
    """Takes at most `limit` jobs of these kinds that wait, or whose process is gone, the oldest first.

    Of two processes that see a job at once, one finds it taken.
    """
    free = (t.Job.state == "waiting") | (t.Job.state == "running") & (t.Job.held_until <= now)
    ours = t.Job.kind.in_(sorted(kinds)) & t.Job.state.in_(("waiting", "running")) & free
    values = {"state": "running", "holder": tx.instance, "held_until": now + LEASE}
    seen = tx.rows(t.Job.select(t.Job.id, t.Job.state).where(ours).order_by(t.Job.id).limit(limit))
    taken = {
        row["id"]: row["state"] == "running"
        for row in seen
        if tx.run(t.Job.update(values).where((t.Job.id == row["id"]) & free))
    }
    # Read only now: who held it may have moved it on until it was taken.
    rows = tx.rows(t.Job.select().where(t.Job.id.in_(list(taken))).order_by(t.Job.id))
    return [_claimed(row, left=taken[row["id"]]) for row in rows]


def try_again(tx: Tx, job: Claimed) -> Claimed | None:
    """Counts that the next step of a job is begun which a process left in the middle; None: another process has it.

    One process holds several jobs, and only one of them can have ended it.
    """
    mine = (t.Job.id == job.id) & _mine(tx)
    if not tx.run(t.Job.update(tries=t.Job.tries + 1).where(mine)):
        return None
    return replace(job, left=False, tries=job.tries + 1)


def _claimed(row: Row, *, left: bool) -> Claimed:
    return Claimed(
        id=row["id"],
        kind=row["kind"],
        arguments=json.loads(row["arguments"]),
        place=json.loads(row["place"]),
        done=row["done"],
        total=row["total"],
        owner_kind=row["owner_kind"],
        owner_id=row["owner_id"],
        cancelled=row["cancel_at"] is not None,
        left=left,
        tries=row["tries"],
    )


# ------------------------------------------------------------------------------------------------------------- while


def renew(tx: Tx, ids: Collection[int], now: int) -> None:
    """A sign of life for jobs that this process holds."""
    tx.run(t.Job.update(held_until=now + LEASE).where(t.Job.id.in_(list(ids)) & _mine(tx)))


def move(tx: Tx, job: Claimed, place: Mapping[str, Any], done: int, total: int | None, now: int) -> Claimed | None:
    """Moves a job on to its new place; None: another process has it, and what the step wrote is to be undone."""
    values = {
        "place": to_json(place),
        "done": done,
        "total": total,
        "tries": 0,
        "held_until": now + LEASE,
        "updated_at": now,
    }
    if not tx.run(t.Job.update(values).where((t.Job.id == job.id) & _mine(tx))):
        return None
    row = tx.row(t.Job.select().where(t.Job.id == job.id))
    return None if row is None else _claimed(row, left=False)


def end(
    tx: Tx,
    job: Claimed,
    state: str,
    *,
    now: int,
    expires_at: int | None,
    result: Any = None,
    file: str | None = None,
    error: str | None = None,
) -> bool:
    """Ends a job that this process holds as `done`, `failed` or `cancelled`; False: another process has it."""
    values = {
        "state": state,
        "result": None if result is None else to_json(result),
        "file": file,
        "error": error,
        "holder": None,
        "held_until": 0,
        "expires_at": expires_at,
        "updated_at": now,
    }
    if not tx.run(t.Job.update(values).where((t.Job.id == job.id) & _mine(tx))):
        return False
    if file is not None:
        tx.run(t.File.update(claimed_at=tx.now).where(t.File.name == file))
    return True


def let_go(tx: Tx, ids: Collection[int]) -> None:
    """Gives jobs back that this process holds: they wait, where they stand, for whoever comes next."""
    if ids:
        values = {"state": "waiting", "holder": None, "held_until": 0, "tries": 0}
        tx.run(t.Job.update(values).where(t.Job.id.in_(list(ids)) & _mine(tx)))


def _mine(tx: Tx) -> Any:
    return (t.Job.holder == tx.instance) & (t.Job.state == "running")


def ask_to_cancel(tx: Tx, job_id: int, now: int, expires_at: int) -> str | None:
    """Cancels a waiting job at once, and asks a running one's process to stop; returns the state it is in then.

    `cancelling`: it runs and was not asked before. None: the job is over already.
    """
    waiting = {"state": "cancelled", "cancel_at": now, "expires_at": expires_at, "updated_at": now}
    if tx.run(t.Job.update(waiting).where((t.Job.id == job_id) & (t.Job.state == "waiting"))):
        return "cancelled"
    running = (t.Job.id == job_id) & (t.Job.state == "running")
    if tx.run(t.Job.update(cancel_at=now).where(running & t.Job.cancel_at.is_null())):
        return "cancelling"
    return "running" if tx.value(t.Job.select(t.Job.id).where(running)) else None


# ------------------------------------------------------------------------------------------------------------- asking


def listed(tx: Tx, owner: tuple[str, int] | None, limit: int, after: str | None = None) -> dict[str, Any]:
    """A page of jobs, newest first: those of an owner (kind, id), or all. Raises BadCursor."""
    query = t.Job.select().order_by(t.Job.id.desc())
    if owner is not None:
        query = query.where((t.Job.owner_kind == owner[0]) & (t.Job.owner_id == owner[1]))
    if after is not None:
        query = query.where(t.Job.id < read_cursor(after, 1)[0])
    limit = limited(limit)
    rows = tx.rows(query.limit(limit + 1))
    more, rows = len(rows) > limit, rows[:limit]
    return {"items": [_plain(row) for row in rows], "next": cursor(rows[-1]["id"]) if more else None}


def one(tx: Tx, job_id: int) -> Row | None:
    """A job, with its values read."""
    row = tx.row(t.Job.select().where(t.Job.id == job_id))
    return None if row is None else _plain(row)


def owner_name(tx: Tx, kind: str, owner_id: int) -> str:
    """The username of the agent who began a job; empty for the house and others."""
    if kind != "agent":
        return ""
    return str(tx.value(t.Agent.select(t.Agent.username).where(t.Agent.id == owner_id)) or "")


def unfinished(tx: Tx, kind: str) -> Row | None:
    """The oldest job of a kind that is not over."""
    ours = (t.Job.kind == kind) & t.Job.state.in_(("waiting", "running"))
    row = tx.row(t.Job.select().where(ours).order_by(t.Job.id))
    return None if row is None else _plain(row)


def newest(tx: Tx, kind: str) -> Row | None:
    """The newest job of a kind, over or not; one that ended long ago is gone."""
    row = tx.row(t.Job.select().where(t.Job.kind == kind).order_by(t.Job.id.desc()))
    return None if row is None else _plain(row)


def _plain(row: Row) -> Row:
    result = None if row["result"] is None else json.loads(row["result"])
    return {**row, "arguments": json.loads(row["arguments"]), "result": result}


# ---------------------------------------------------------------------------------------------------------- schedules


def keep_schedule(
    tx: Tx,
    name: str,
    kind: str,
    arguments: Mapping[str, Any],
    *,
    every: int | None,
    at: str | None,
    zone: str,
    next_at: int,
) -> None:
    """Writes a schedule down; one that is there keeps its next moment, unless it runs at other times now."""
    when = {"every": every, "at": at, "zone": zone}
    row = tx.row(t.JobSchedule.select().where(t.JobSchedule.name == name))
    if row is None:
        values = {"name": name, "kind": kind, "arguments": to_json(arguments), **when, "next_at": next_at}
        tx.insert(t.JobSchedule, values, ignore=True)
        return
    changed = {column: value for column, value in when.items() if row[column] != value}
    values = {**changed, "next_at": next_at} if changed else {}
    if row["kind"] != kind or row["arguments"] != to_json(arguments):
        values |= {"kind": kind, "arguments": to_json(arguments)}
    tx.update(t.JobSchedule, values, id=row["id"])


def due_schedules(tx: Tx, kinds: Collection[str], now: int) -> list[Row]:
    """Schedules of these kinds that are due."""
    due = t.JobSchedule.kind.in_(sorted(kinds)) & (t.JobSchedule.next_at <= now)
    return tx.rows(t.JobSchedule.select().where(due).order_by(t.JobSchedule.next_at, t.JobSchedule.id))


def run_schedule(tx: Tx, row: Row, next_at: int, now: int) -> int | None:
    """Begins the job of a due schedule and moves the schedule on, both or neither; returns the job's id.

    None: another process was faster, or the job it began before is not over yet.
    """
    same = (t.JobSchedule.id == row["id"]) & (t.JobSchedule.next_at == row["next_at"])
    if not tx.run(t.JobSchedule.update(next_at=next_at, last_at=now).where(same)):
        return None
    ours = (t.Job.kind == row["kind"]) & (t.Job.arguments == row["arguments"]) & (t.Job.owner_kind == "system")
    if tx.value(t.Job.select(t.Job.id).where(ours & t.Job.state.in_(("waiting", "running"))).limit(1)) is not None:
        return None
    return add(tx, row["kind"], json.loads(row["arguments"]), now=now)


# ------------------------------------------------------------------------------------------------------------- expiry


def expire(tx: Tx, now: int, limit: int) -> int:
    """Takes ended jobs out whose time is over; their files become uploads that nobody needs. Returns how many."""
    over = t.Job.state.in_(OVER) & (t.Job.expires_at <= now)
    rows = tx.rows(t.Job.select(t.Job.id, t.Job.file).where(over).order_by(t.Job.id).limit(limit))
    files = [row["file"] for row in rows if row["file"] is not None]
    if files:
        tx.run(t.File.update(claimed_at=None).where(t.File.name.in_(files)))
    if rows:
        tx.run(t.Job.delete().where(t.Job.id.in_([row["id"] for row in rows])))
    return len(rows)

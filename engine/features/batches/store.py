"""The statements of batches."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from peewee import fn

from engine.features.batches.tables import BatchRow
from engine.store import Tx, jobs
from engine.store.sql import Row
from engine.store.tables import Job

SHOWN = 200
"""Rows that failed which an answer lists; how many there are it always tells."""
_TAKEN_OUT = 1_000
"""Rows in one round of clearing."""


def begin(tx: Tx, job_id: int, numbers: Sequence[int]) -> None:
    """The tickets of a new batch, in the order given."""
    tx.insert_many(BatchRow, [{"job_id": job_id, "number": number} for number in numbers])


def begin_undo(tx: Tx, kind: str, job_id: int, of: int) -> int:
    """The rows of a batch that takes another one back: what it changed and nobody took back yet. Returns how many."""
    query = BatchRow.select(BatchRow.number, BatchRow.before, BatchRow.after).where(_left(tx, kind, of, but=job_id))
    rows = [{"job_id": job_id, **row} for row in tx.rows(query.order_by(BatchRow.id.desc()))]
    tx.insert_many(BatchRow, rows)
    return len(rows)


def left_to_undo(tx: Tx, kind: str, of: int) -> int:
    """How many rows of a batch changed something that was not taken back."""
    return int(tx.value(BatchRow.select(fn.COUNT(BatchRow.id)).where(_left(tx, kind, of))))


def _left(tx: Tx, kind: str, of: int, but: int = 0) -> Any:
    undos = [job_id for job_id, _ in _undos(tx, kind, of) if job_id != but]
    taken = BatchRow.alias("taken")
    back = taken.select(taken.number).where(taken.job_id.in_(undos) & (taken.state == "done"))
    changed = (BatchRow.job_id == of) & (BatchRow.state == "done") & BatchRow.before.is_null(False)
    return changed & BatchRow.number.not_in(back) if undos else changed


def _undos(tx: Tx, kind: str, of: int) -> list[tuple[int, str]]:
    """The jobs that take a batch back, with their states, the first first."""
    query = Job.select(Job.id, Job.arguments, Job.state).where((Job.kind == kind) & (Job.id > of)).order_by(Job.id)
    return [(row["id"], row["state"]) for row in tx.rows(query) if json.loads(row["arguments"]).get("of") == of]


def undone_by(tx: Tx, kind: str, of: int) -> int | None:
    """The last job that takes a batch back, if one was begun."""
    undos = _undos(tx, kind, of)
    return undos[-1][0] if undos else None


def undoing(tx: Tx, kind: str, of: int) -> bool:
    """Whether a batch is being taken back now."""
    return any(state in ("waiting", "running") for _, state in _undos(tx, kind, of))


def unfinished(tx: Tx, kinds: Sequence[str], owner_kind: str, owner_id: int) -> int:
    """How many jobs of these kinds of one owner wait or run."""
    mine = (Job.owner_kind == owner_kind) & (Job.owner_id == owner_id) & Job.kind.in_(list(kinds))
    return int(tx.value(Job.select(fn.COUNT(Job.id)).where(mine & Job.state.in_(("waiting", "running")))))


def waiting(tx: Tx, job_id: int, limit: int) -> list[Row]:
    """The next rows to be done."""
    mine = (BatchRow.job_id == job_id) & (BatchRow.state == "waiting")
    return [_read(row) for row in tx.rows(BatchRow.select().where(mine).order_by(BatchRow.id).limit(limit))]


def done(tx: Tx, row_id: int, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Notes what was changed of one ticket; False: another process has done it already."""
    changed = {name: after[name] for name in before}
    values = {
        "state": "done",
        "before": json.dumps(dict(before), ensure_ascii=False) if before else None,
        "after": json.dumps(changed, ensure_ascii=False) if before else None,
    }
    return bool(tx.run(BatchRow.update(values).where((BatchRow.id == row_id) & (BatchRow.state == "waiting"))))


def failed(tx: Tx, row_id: int, code: str, message: str) -> None:
    """Notes why one ticket stays as it is."""
    values = {"state": "failed", "code": code, "message": message}
    tx.run(BatchRow.update(values).where((BatchRow.id == row_id) & (BatchRow.state == "waiting")))


def counts(tx: Tx, job_id: int) -> dict[str, int]:
    """How many rows are `waiting`, `done`, `failed`, and how many were `changed`."""
    changed = fn.SUM(BatchRow.before.is_null(False).cast("integer"))
    query = BatchRow.select(BatchRow.state, fn.COUNT(BatchRow.id).alias("n"), changed.alias("changed"))
    found = {row["state"]: row for row in tx.rows(query.where(BatchRow.job_id == job_id).group_by(BatchRow.state))}
    counted = {state: int(found[state]["n"]) if state in found else 0 for state in ("waiting", "done", "failed")}
    return {**counted, "changed": int(found["done"]["changed"] or 0) if "done" in found else 0}


def failures(tx: Tx, job_id: int) -> list[Row]:
    """The first rows that failed: number, code, message."""
    query = BatchRow.select(BatchRow.number, BatchRow.code, BatchRow.message)
    mine = (BatchRow.job_id == job_id) & (BatchRow.state == "failed")
    return tx.rows(query.where(mine).order_by(BatchRow.id).limit(SHOWN))


def job(tx: Tx, job_id: int) -> Row | None:
    """The job of a batch."""
    return jobs.one(tx, job_id)


def drop_old(tx: Tx) -> bool:
    """Takes out rows of jobs that are gone; says whether there may be more."""
    orphans = BatchRow.select(BatchRow.id).where(BatchRow.job_id.not_in(Job.select(Job.id))).limit(_TAKEN_OUT)
    ids = tx.values(orphans)
    if ids:
        tx.run(BatchRow.delete().where(BatchRow.id.in_(ids)))
    return len(ids) == _TAKEN_OUT


def _read(row: Row) -> Row:
    return {**row, **{name: json.loads(row[name] or "{}") for name in ("before", "after")}}

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


def begin_undo(tx: Tx, job_id: int, of: int) -> int:
    """The rows of a batch that takes another one back: those that were done and changed something. Returns how many."""
    query = (
        BatchRow.select(BatchRow.number, BatchRow.before, BatchRow.after)
        .where((BatchRow.job_id == of) & (BatchRow.state == "done") & BatchRow.before.is_null(False))
        .order_by(BatchRow.id.desc())
    )
    rows = [{"job_id": job_id, **row} for row in tx.rows(query)]
    tx.insert_many(BatchRow, rows)
    return len(rows)


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


def undone_by(tx: Tx, kind: str, job_id: int) -> int | None:
    """The job of a kind that takes a batch back, if one was begun."""
    query = Job.select(Job.id, Job.arguments).where((Job.kind == kind) & (Job.id > job_id))
    return next((row["id"] for row in tx.rows(query) if json.loads(row["arguments"]).get("of") == job_id), None)


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

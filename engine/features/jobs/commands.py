"""Jobs as agents see them: their own, or everybody's with the right to manage them.

Beginning and end are events, told to the screens of who began the job. Progress is none: it is no fact that anybody
asks the log for later, and one a second for each job would drown those that are: who wants it asks for the job again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.core.errors import Refused, missing
from engine.desk import Asked, LiveEvent, PlainCommand, Questions, Work
from engine.desk.jobs import MANAGE, ask_to_cancel
from engine.features.jobs import store
from engine.store.sql import Row
from engine.store.stream import Committed


@dataclass(frozen=True, slots=True)
class Jobs:
    """The actor's jobs, newest first; with the right to manage them everybody's."""

    limit: int = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class JobById:
    """One job."""

    job_id: int


@dataclass(frozen=True, slots=True)
class CancelJob:
    """A job is not wanted any more: one that waits ends at once, one that runs after its step."""

    job_id: int


def _listed(work: Work, question: Jobs) -> dict[str, Any]:
    owner = None if _manages(work) else ("agent", work.actor.id)
    page = store.listed(work.tx, owner, question.limit, question.cursor)
    return {"items": _shown(work, page["items"]), "next": page["next"]}


def _one(work: Work, question: JobById) -> dict[str, Any] | None:
    row = _seen(work, question.job_id)
    return None if row is None else _shown(work, [row])[0]


def _cancel(work: Work, command: CancelJob) -> dict[str, Any]:
    row = _seen(work, command.job_id)
    if row is None:
        raise missing("job")
    if ask_to_cancel(work.tx, work.actor, row) is None:
        raise Refused("conflict", "job-over", "this job is over already")
    return {"job": _one(work, JobById(command.job_id))}


def _seen(work: Work, job_id: int) -> Row | None:
    """A job that the actor may see; None, the same for one of somebody else and one that is not there."""
    row = store.one(work.tx, job_id)
    mine = row is not None and (row["owner_kind"], row["owner_id"]) == (work.actor.kind, work.actor.id)
    return row if mine or _manages(work) else None


def _manages(work: Work) -> bool:
    return work.actor.kind == "system" or MANAGE in work.actor.permissions


def _shown(work: Work, rows: list[Row]) -> list[dict[str, Any]]:
    names = store.usernames(work.tx, {row["owner_id"] for row in rows if row["owner_kind"] == "agent"})
    return [
        {
            "id": row["id"],
            "kind": row["kind"],
            "state": row["state"],
            "done": row["done"],
            "total": row["total"],
            "result": row["result"],
            "file": row["file"],
            "error": row["error"],
            "owner": names.get(row["owner_id"]) if row["owner_kind"] == "agent" else None,
            "cancelling": row["cancel_at"] is not None and row["state"] == "running",
            "created_at": row["created_at"],
            "updated_at": row["updated_at"],
            "expires_at": row["expires_at"],
        }
        for row in rows
    ]


def _frame(item: Committed) -> Mapping[str, Any]:
    state = {"job.created": "waiting", "job.cancelling": "running"}.get(item.kind) or item.kind.removeprefix("job.")
    return {"type": "job", "id": item.body.get("job"), "kind": item.body.get("kind"), "state": state}


_TOLD = LiveEvent(_frame, to=lambda item: item.body.get("owner"))

COMMANDS = (PlainCommand(CancelJob, _cancel, rights=(MANAGE,)),)
QUESTIONS: Questions = {Jobs: Asked(_listed), JobById: Asked(_one)}
LIVE_EVENTS = {f"job.{name}": _TOLD for name in ("created", "done", "failed", "cancelling", "cancelled")}

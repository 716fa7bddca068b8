"""Jobs: long work, how far it is, and cancelling it."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from engine.features.jobs.commands import CancelJob, JobById, Jobs
from web.routes import API, Call, Reply, path_id, route
from web.schema import PageQuery, Time

ONE = f"{API}/jobs/{{job}}"
path_id("job", "A job's id.")

State = Literal["waiting", "running", "done", "failed", "cancelled"]


class Job(Struct):
    """A piece of long work. Its beginning and end come over the socket; how far it is, is told by asking again."""

    id: int
    kind: str
    """What it is: `upkeep` …"""
    state: State
    done: int
    total: int | None
    """`done` of `total`; null: nobody knows how much there is."""
    result: Any
    """What came of it, as its kind says; null until it is done."""
    file: str | None
    """The file it made, for `GET /api/v1/files/{name}`."""
    error: str | None
    """Why it failed."""
    owner: str | None
    """Who began it; null: the desk itself."""
    cancelling: bool
    """It was asked to stop, and stops after its step."""
    created_at: Time
    updated_at: Time
    expires_at: Time | None
    """When an ended job is taken out, with its file."""


class JobPage(Struct):
    items: list[Job]
    """Newest first."""
    next: str | None


@route("GET", f"{API}/jobs", {200: JobPage}, tag="jobs", query=PageQuery)
async def list_jobs(call: Call) -> Reply:
    """The long work I began, newest first; with `jobs.manage` everybody's."""
    return Reply(await call.ask(Jobs(call.query.limit, call.query.cursor)))


@route("GET", ONE, {200: Job}, tag="jobs")
async def get_job(call: Call) -> Reply:
    """One job, and how far it is."""
    return Reply(await call.need(JobById(call.path["job"]), "job"))


@route("POST", f"{ONE}/cancel", {200: Job}, tag="jobs")
async def cancel_job(call: Call) -> Reply:
    """Cancel a job: one that waits ends at once, one that runs after its step."""
    return Reply((await call.act(CancelJob(call.path["job"])))["job"])

"""Batches: the same done to many tickets at once."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from engine.features.batches.commands import BatchById, StartBatch, UndoBatch
from web.routes import API, Call, Reply, given, path_id, route
from web.schema import Body, Id, Line, Name, Time, Visibility, Words

ONE = f"{API}/batches/{{batch}}"
path_id("batch", "A batch's id, which is its job's.")

Tags = Annotated[list[Name], Meta(max_length=50)]


class BatchMove(Body):
    trigger: Name | None = None
    to: Literal["closed"] | None = None
    """In place of a trigger: each ticket is closed by the move its own lifecycle has for that."""
    fields: dict[str, Any] = {}  # noqa: RUF012 (msgspec copies it)
    """What the move requires, where it is the same for all."""


class BatchReply(Body):
    text: Line
    visibility: Visibility = "public"


class BatchDo(Body):
    """What is done to each ticket; all of it, or nothing where something of it is refused."""

    priority: Name | UnsetType = UNSET
    team: Name | None | UnsetType = UNSET
    assignee: Name | None | UnsetType = UNSET
    type: Name | UnsetType = UNSET
    add_tags: Tags = []  # noqa: RUF012 (msgspec copies it)
    remove_tags: Tags = []  # noqa: RUF012 (msgspec copies it)
    transition: Name | BatchMove | None = None
    """A trigger, or one with fields."""
    reply: Line | BatchReply | None = None
    """A text for the members, or one with its visibility."""


class BatchBody(Body):
    do: BatchDo
    numbers: Annotated[list[Id], Meta(min_length=1, max_length=20_000)] | None = None
    """These tickets; without them those that `filter`, `view` and `q` find at this moment."""
    filter: Annotated[str, Meta(max_length=5_000)] | None = None
    view: Literal["mine", "unassigned", "waiting", "overdue", "all"] | None = None
    q: Words | None = None


class BatchFailure(Struct):
    number: int
    code: str
    message: str


class Batch(Struct):
    id: int
    state: Literal["waiting", "running", "done", "failed", "cancelled"]
    """Cancelled by `POST /jobs/{id}/cancel`: what was done by then stays done."""
    total: int
    done: int
    failed: list[BatchFailure]
    """Tickets that stay as they were, and why; the first 200."""
    failed_count: int
    undoes: int | None
    """The batch that this one takes back."""
    undone_by: int | None
    undoable: bool
    created_at: Time


@route(
    "POST",
    f"{API}/tickets/batch",
    {202: Batch},
    tag="batches",
    body=BatchBody,
    errors=(409,),
    example={"numbers": [1], "do": {"add_tags": ["vip"]}},
)
async def start_batch(call: Call) -> Reply:
    """Do the same to many tickets: named ones, or all that a filter finds. It runs beside; `GET /batches/{id}` tells
    how far it is."""
    body: BatchBody = call.body
    what = body.do
    do: dict[str, Any] = {
        "values": given(what, "priority", "team", "assignee", "type"),
        "add_tags": what.add_tags,
        "remove_tags": what.remove_tags,
    }
    if what.transition is not None:
        move = BatchMove(what.transition) if isinstance(what.transition, str) else what.transition
        do["move"] = {"trigger": move.trigger, "to": move.to, "fields": move.fields}
    if what.reply is not None:
        reply = BatchReply(what.reply) if isinstance(what.reply, str) else what.reply
        do["reply"] = {"text": reply.text, "visibility": reply.visibility}
    numbers = None if body.numbers is None else tuple(body.numbers)
    done = await call.act(StartBatch(do, numbers, body.filter, body.view, body.q))
    return Reply(done["batch"], 202)


@route("GET", ONE, {200: Batch}, tag="batches")
async def get_batch(call: Call) -> Reply:
    """How far a batch of mine is, and which tickets stay as they were."""
    return Reply(await call.need(BatchById(call.path["batch"]), "batch"))


@route("POST", f"{ONE}/undo", {202: Batch}, tag="batches", errors=(409,))
async def undo_batch(call: Call) -> Reply:
    """Take back what a batch changed, ticket by ticket, where nobody has changed it since. Answers stay sent."""
    return Reply((await call.act(UndoBatch(call.path["batch"])))["batch"], 202)

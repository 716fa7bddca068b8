"""The work log (服務記錄): what was done for a ticket, written once; a correction takes the place of an entry."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct, field

from engine.features.records.commands import AddRecord, RecordKind, Records
from web.lines_schema import Attachment
from web.routes import API, Call, Reply, route
from web.scheduled_schema import Moment, micros
from web.schema import Body, Name, Time

ALL = f"{API}/tickets/{{number}}/records"
RecordText = Annotated[str, Meta(max_length=10_000)]
RecordReason = Annotated[str, Meta(max_length=500)]
Minutes = Annotated[int, Meta(ge=0, le=6_000)]


class RecordAgent(Struct):
    username: str
    name: str


class Review(Body):
    """A review (復盤): what the trouble was, what was done, what solved it, how it was talked about."""

    problem: RecordText = ""
    handling: RecordText = ""
    solution: RecordText = ""
    communication: RecordText = ""


class WorkRecord(Struct):
    id: int
    """Its number within the ticket; shown as `#00234-3`."""
    kind: RecordKind
    text: str
    review: Review | None
    minutes: int
    """Time spent."""
    at: Time
    """When that was."""
    created_at: Time
    """When it was written down."""
    agent: RecordAgent
    attachments: list[Attachment]
    corrects: int | None
    """The entry whose place it takes."""
    reason: str | None
    """Why it was corrected."""
    corrected_by: int | None
    """The entry that takes this one's place: read that one, and this one for how it was."""
    erased: bool
    """True: what it said was erased, as the law may ask; that it was written stays."""


class RecordPage(Struct):
    items: list[WorkRecord]
    """All that was ever written, oldest first."""
    minutes: int
    """Time spent on the ticket, without what was corrected."""
    next: str | None


class RecordBody(Body):
    kind: RecordKind
    text: RecordText = ""
    minutes: Minutes = 0
    at: Moment | None = None
    """When that was; now, without it."""
    attachments: Annotated[list[Name], Meta(max_length=20)] = field(default_factory=list)
    corrects: Annotated[int, Meta(ge=1, le=32_767)] | None = None
    """The entry whose place it takes."""
    reason: RecordReason = ""
    """Of a correction."""
    review: Review | None = None
    """Of an entry of the kind `closing`."""


@route("GET", ALL, {200: RecordPage}, tag="records")
async def ticket_records(call: Call) -> Reply:
    """The work log of a ticket, with what was corrected."""
    return Reply(await call.need(Records(call.path["number"]), "ticket"))


@route(
    "POST",
    ALL,
    {201: WorkRecord},
    tag="records",
    body=RecordBody,
    example={"kind": "handling", "text": "已向倉庫查件，明天回覆", "minutes": 10},
)
async def add_record(call: Call) -> Reply:
    """Write down what was done, or a correction. It is never changed nor deleted."""
    body: RecordBody = call.body
    done = await call.act(
        AddRecord(
            call.path["number"],
            body.kind,
            body.text,
            body.minutes,
            micros(body.at),
            tuple(body.attachments),
            body.corrects,
            body.reason,
            {} if body.review is None else {name: getattr(body.review, name) for name in Review.__struct_fields__},
        )
    )
    return Reply(done["record"], 201)

"""The log: who did what, when, and from where."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from engine.features.audit.commands import Audit
from web.routes import API, Call, Reply, route
from web.schema import Cursor, Limit, Query, Time


class AuditActor(Struct):
    kind: Literal["agent", "member", "guest", "system"]
    username: str | None
    """Agents only."""
    name: str | None


class AuditEntry(Struct):
    seq: int
    at: Time
    kind: str
    """What happened, as in the tickets' events."""
    actor: AuditActor
    shop: str | None
    ticket: int | None
    """The number of the case it is about."""
    member: int | None
    """The member it is about."""
    address: str | None
    """From where it was done, or somebody tried to sign in. Where a member acted, `•••` without the right
    `member.personal`; `device` too."""
    device: str | None
    account: str | None
    """Of a sign-in that failed: the account that was tried. Null where there is none, and where it is a member's
    without the right `member.personal`."""
    details: dict[str, Any]
    """Of what is about the desk itself; of a case, a member or a line they stand with these."""


class AuditPage(Struct):
    items: list[AuditEntry]
    """Newest first."""
    next: str | None = None


class AuditQuery(Query):
    kind: Annotated[str, Meta(max_length=100)] | None = None
    """Only this kind of event."""
    actor: Annotated[str, Meta(max_length=100)] | None = None
    """Only what the agent of this username did."""
    people: bool = False
    """Only what agents did, and sign-ins that failed."""
    limit: Limit = 50
    cursor: Cursor | None = None


@route("GET", f"{API}/audit", {200: AuditPage}, tag="desk", query=AuditQuery)
async def audit_log(call: Call) -> Reply:
    """Who did what in the shops I serve, newest first."""
    q: AuditQuery = call.query
    return Reply(await call.ask(Audit(q.kind, q.actor, q.people, q.limit, q.cursor)))

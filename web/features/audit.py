"""Audit: who did what, from where, and who tried in vain to sign in."""

from __future__ import annotations

from msgspec import Struct

from engine.features.audit.commands import Acts
from web.routes import API, Call, Reply, route
from web.schema import PageQuery, Time


class AuditQuery(PageQuery):
    refused: bool = False
    """Only sign-ins that failed."""


class Act(Struct):
    seq: int
    at: Time
    kind: str
    """The event: `session.refused` is a sign-in that failed."""
    agent: str | None
    """Who did it; null: somebody who was not signed in."""
    name: str | None
    account: str | None
    """Of a sign-in that failed: the agent's account that was tried; null where there is no such account, or it is a
    member's."""
    address: str | None
    device: str | None


class ActPage(Struct):
    items: list[Act]
    """Newest first."""
    next: str | None


@route("GET", f"{API}/audit", {200: ActPage}, tag="system", query=AuditQuery)
async def list_acts(call: Call) -> Reply:
    """What agents did, and sign-ins that failed, newest first, each with address and device."""
    q: AuditQuery = call.query
    return Reply(await call.ask(Acts(q.refused, q.limit, q.cursor)))

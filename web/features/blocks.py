"""The blacklist: who is on it, why and until when."""

from __future__ import annotations

from msgspec import Struct

from engine.features.blocks.commands import Blocks
from web.routes import API, Call, Reply, route
from web.schema import PageQuery, Time


class BlockedMember(Struct):
    id: int
    name: str | None
    guest: bool


class Block(Struct):
    """One that holds now."""

    id: int
    shop: str
    member: BlockedMember
    why: str
    by: str | None
    """The agent; None: a rule."""
    created_at: Time
    blocked_until: Time | None
    """None: it has no end."""


class BlockPage(Struct):
    items: list[Block]
    """Newest first."""
    next: str | None


@route("GET", f"{API}/blocks", {200: BlockPage}, tag="members", query=PageQuery)
async def list_blocks(call: Call) -> Reply:
    """Who is on the blacklist."""
    return Reply(await call.ask(Blocks(call.query.limit, call.query.cursor or None)))

"""Search: lines and subjects that hold what was typed."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from engine.desk import Search
from web.routes import API, Call, Reply, route
from web.schema import Cursor, Limit, Query, Time


class SearchHit(Struct):
    ticket: int
    subject: str
    message: int | None
    text: str
    at: Time


class SearchPage(Struct):
    items: list[SearchHit]
    """Newest first."""
    next: str | None = None


class SearchQuery(Query):
    q: Annotated[str, Meta(min_length=1, max_length=200)]
    limit: Limit = 20
    cursor: Cursor | None = None


@route("GET", f"{API}/search", {200: SearchPage}, tag="desk", query=SearchQuery)
async def search(call: Call) -> Reply:
    """Lines and tickets that hold the words, and signs as they are typed."""
    return Reply(await call.ask(Search(call.query.q, call.query.limit, call.query.cursor)))

"""Notifications: what the rules told me, and reading it."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from engine.desk import NoticeKind, Refused
from engine.features.notifications.commands import Notifications, ReadNotifications
from web.people_schema import Notice
from web.routes import API, Call, Reply, route
from web.schema import Body, Id, Limit, Query


class NoticesQuery(Query):
    limit: Limit = 50
    kind: NoticeKind | Literal[""] = ""


class NoticePage(Struct):
    items: list[Notice]
    """Newest first."""
    next: str | None = None


class NoticesBody(Body):
    """Those that are named, or all."""

    ids: Annotated[list[Id], Meta(max_length=500)] | UnsetType = UNSET
    all: bool = False


class NoticesRead(Struct):
    read: int
    """How many were unread before."""


@route("GET", f"{API}/notices", {200: NoticePage}, tag="notices", query=NoticesQuery)
async def list_notices(call: Call) -> Reply:
    """What the rules told me, newest first; all of it, or of one kind."""
    return Reply(await call.ask(Notifications(call.query.limit, call.query.kind or None)))


@route("POST", f"{API}/notices/read", {200: NoticesRead}, tag="notices", body=NoticesBody, example={"all": True})
async def read_notices(call: Call) -> Reply:
    """I have read these, or all."""
    body: NoticesBody = call.body
    if (body.ids is UNSET) != body.all:
        raise Refused("invalid", "ids-or-all", "name the ids, or say `all`", pointer="/ids")
    return Reply(await call.act(ReadNotifications(None if body.ids is UNSET else tuple(body.ids))))

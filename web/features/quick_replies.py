"""Quick replies: the ready texts an agent may use, and keeping them."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from engine.features.quick_replies.commands import DeleteQuickReply, QuickReplies, SaveQuickReply, UseQuickReply
from web.routes import API, Call, Reply, given, path_id, route
from web.schema import Body, Query, ShopName, Short, Time

ONE = f"{API}/quick-replies/{{reply}}"
path_id("reply", "A quick reply's id.")

Title = Annotated[str, Meta(min_length=1, max_length=60)]
Text = Annotated[str, Meta(min_length=1, max_length=2_000)]
Group = Annotated[str, Meta(max_length=40)]
Scope = Literal["personal", "shop", "desk"]


class QuickReply(Struct):
    """A ready text."""

    id: int
    title: str
    text: str
    """Variables stand in braces: `{member.name}`, `{agent.alias}`, `{ticket.number}` …"""
    group: str | None
    scope: Scope
    shop: str | None
    """The shop that shares it."""
    mine: bool
    uses: int
    """How often I used it."""
    keys: list[str]
    """Pinyin of the title and its initials: what is typed to find it."""
    updated_at: Time


class QuickReplyPage(Struct):
    items: list[QuickReply]
    """Most used first."""
    next: str | None


class QuickRepliesQuery(Query):
    q: Short = ""
    """Only those whose title, group, text or pinyin has it."""


class QuickReplyBody(Body):
    title: Title
    text: Text
    group: Group | None = None
    scope: Scope = "personal"
    shop: ShopName | None = None


class QuickReplyPatch(Body):
    title: Title | UnsetType = UNSET
    text: Text | UnsetType = UNSET
    group: Group | None | UnsetType = UNSET
    scope: Scope | UnsetType = UNSET
    shop: ShopName | None | UnsetType = UNSET


@route("GET", f"{API}/quick-replies", {200: QuickReplyPage}, tag="quick-replies", query=QuickRepliesQuery)
async def list_quick_replies(call: Call) -> Reply:
    """The quick replies I may use, most used first."""
    return Reply(await call.ask(QuickReplies(call.query.q)))


@route(
    "POST",
    f"{API}/quick-replies",
    {201: QuickReply},
    tag="quick-replies",
    body=QuickReplyBody,
    example={"title": "請稍等", "text": "好的，我幫您確認一下。"},
)
async def add_quick_reply(call: Call) -> Reply:
    """A new quick reply, of my own or shared."""
    entry = (await call.act(SaveQuickReply(given(call.body))))["entry"]
    return Reply(entry, 201, {"Location": f"{API}/quick-replies/{entry['id']}"})


@route("PATCH", ONE, {200: QuickReply}, tag="quick-replies", body=QuickReplyPatch, example={"title": "稍等一下"})
async def change_quick_reply(call: Call) -> Reply:
    """Change the values that are named."""
    return Reply((await call.act(SaveQuickReply(given(call.body), call.path["reply"])))["entry"])


@route("DELETE", ONE, {204: None}, tag="quick-replies")
async def delete_quick_reply(call: Call) -> Reply:
    """Take a quick reply out."""
    await call.act(DeleteQuickReply(call.path["reply"]))
    return Reply(status=204)


@route("POST", f"{ONE}/use", {204: None}, tag="quick-replies")
async def use_quick_reply(call: Call) -> Reply:
    """I have put this one into an answer."""
    await call.act(UseQuickReply(call.path["reply"]))
    return Reply(status=204)

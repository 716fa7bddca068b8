"""Members: find, make, change."""

from __future__ import annotations

from typing import cast

from msgspec import UNSET

from engine.desk import BlockMember, ChangeMember, CreateMember, MemberById, Members, UnblockMember
from web import schema
from web.routes import API, Call, Reply, given, route

ONE = f"{API}/members/{{member}}"


@route("GET", f"{API}/members", {200: schema.MemberPage}, tag="members", query=schema.MembersQuery)
async def list_members(call: Call) -> Reply:
    """Members by name; by account or contact for who may see these."""
    q: schema.MembersQuery = call.query
    return Reply(await call.ask(Members(q.q or None, q.shop, q.limit, q.cursor or None)))


@route("POST", f"{API}/members", {201: schema.Member}, tag="members", body=schema.MemberBody, errors=(404,))
async def create_member(call: Call) -> Reply:
    """A new member."""
    body: schema.MemberBody = call.body
    tier, email, phone, language = (
        None if value is UNSET else value for value in (body.tier, body.email, body.phone, body.language)
    )
    # Without a shop it is the only one there is; the desk says so where there are more.
    shop = cast(str, body.shop)
    done = await call.act(CreateMember(shop, body.name, tier, email, phone, language))
    member = done["member"]
    return Reply(member, 201, {"Location": f"{API}/members/{member['id']}"})


@route("GET", ONE, {200: schema.Member}, tag="members")
async def get_member(call: Call) -> Reply:
    """One member with the last tickets."""
    return Reply(await call.need(MemberById(call.path["member"]), "member"))


@route("PATCH", ONE, {200: schema.Member}, tag="members", body=schema.MemberPatch)
async def change_member(call: Call) -> Reply:
    """Change the fields that are named."""
    done = await call.act(ChangeMember(call.path["member"], given(call.body)))
    return Reply(done["member"])


@route("POST", f"{ONE}/block", {200: schema.Member}, tag="members", body=schema.BlockBody)
async def block_member(call: Call) -> Reply:
    """Put a member on the blacklist, for some time or for good; a longer block that is there stays."""
    body: schema.BlockBody = call.body
    lasts = None if body.seconds is None else body.seconds * 1_000_000
    done = await call.act(BlockMember(call.path["member"], lasts, body.why))
    return Reply(done["member"])


@route("DELETE", f"{ONE}/block", {200: schema.Member}, tag="members")
async def unblock_member(call: Call) -> Reply:
    """Take a member off the blacklist."""
    done = await call.act(UnblockMember(call.path["member"]))
    return Reply(done["member"])

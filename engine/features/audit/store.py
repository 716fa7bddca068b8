"""The one log as its readers see it: who did what, when, on what, and from where. Nothing of what customers wrote."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from peewee import JOIN, Expression

from engine.core.access import EACH_SHOP, Scope
from engine.store import Tx
from engine.store import tables as t
from engine.store.log import agent_object
from engine.store.paging import cursor, limited, read_cursor
from engine.store.show import show_place

REFUSED = "session.refused"
"""A sign-in that failed."""

_COLUMNS = (
    t.Event.id.alias("seq"), t.Event.at, t.Event.kind, t.Event.shop, t.Event.actor_kind, t.Event.member_id,
    t.Event.ticket_id, t.Event.message_id, t.Event.address, t.Event.device, t.Event.body,
    t.Agent.username, t.Agent.name, t.Ticket.number,
)  # fmt: skip


def log(
    tx: Tx,
    scope: Scope,
    kind: str | None,
    actor: str | None,
    people: bool,
    limit: int,
    after: str | None,
) -> dict[str, Any]:
    """A page of the log, newest first, as far as the shops of the scope go. `kind`: only such events; `actor`: only
    what the agent of this username did; `people`: only what agents did, and sign-ins that failed. Raises BadCursor."""
    limit = limited(limit)
    agent = (t.Event.actor_kind == "agent") & (t.Agent.id == t.Event.actor_id)
    query = (
        t.Event.select(*_COLUMNS)
        .join(t.Agent, JOIN.LEFT_OUTER, on=agent)
        .switch(t.Event)
        .join(t.Ticket, JOIN.LEFT_OUTER, on=(t.Ticket.id == t.Event.ticket_id))
    )
    if scope.shops is not None:
        query = query.where(_in_shops(tx, scope.shops))
    if kind is not None:
        query = query.where(t.Event.kind == kind)
    if people:
        query = query.where((t.Event.actor_kind == "agent") | (t.Event.kind == REFUSED))
    if actor is not None:
        query = query.where(t.Agent.username == actor)
    if after is not None:
        query = query.where(t.Event.id < read_cursor(after, 1)[0])
    rows = tx.rows(query.order_by(t.Event.id.desc()).limit(limit + 1))
    more, rows = len(rows) > limit, rows[:limit]
    tried = {row["seq"]: json.loads(row["body"] or "{}").get("account") for row in rows if row["kind"] == REFUSED}
    shown = _shown(tx, {name for name in tried.values() if name}, personal=scope.personal)
    items = [{**_entry(row, scope), "account": shown.get(tried.get(row["seq"]) or "")} for row in rows]
    return {"items": items, "next": cursor(rows[-1]["seq"]) if more else None}


def _in_shops(tx: Tx, shops: Sequence[str]) -> Expression:
    """What happened in these shops; and, of what is of no shop, what agents did who serve one of them and who tried to
    sign in as they. The rest of no shop is the whole desk's, and read by who sees every shop."""
    serving = t.AgentShop.select(t.AgentShop.agent_id).where(t.AgentShop.shop.in_([*shops, EACH_SHOP]))
    ours = tx.values(serving.distinct())
    did = (t.Event.actor_kind == "agent") & t.Event.actor_id.in_(ours)
    tried = t.Event.object.in_([agent_object(one) for one in ours])
    # Presence is recorded in some shop of the agent's, and is a matter of all of them.
    at_large = t.Event.shop.is_null() | (t.Event.kind == "agent.status_changed")
    return t.Event.shop.in_(list(shops)) | (at_large & (did | tried))


def _shown(tx: Tx, accounts: Collection[str], *, personal: bool) -> dict[str, str]:
    """Those of these accounts that the reader may see: agents', and members' with the right to what is personal."""
    if not accounts:
        return {}
    found = t.Login.username.in_(sorted(accounts))
    if not personal:
        found = found & (t.Login.owner_kind == "agent")
    return {row["username"]: row["username"] for row in tx.rows(t.Login.select(t.Login.username).where(found))}


def _entry(row: dict[str, Any], scope: Scope) -> dict[str, Any]:
    """`details` only of what is about the desk itself and was done by a colleague or the desk: what is said of a case,
    a member or a line may hold what a customer wrote, and is read where these are seen."""
    of_the_desk = row["actor_kind"] in ("agent", "system") and not (
        row["ticket_id"] or row["member_id"] or row["message_id"]
    )
    # From where a member acted tells who he is; of a sign-in that failed nobody knows who it was.
    plain = scope.personal or row["actor_kind"] in ("agent", "system") or row["kind"] == REFUSED
    place = {name: row[name] for name in ("address", "device")}
    return {
        **{name: row[name] for name in ("seq", "at", "kind", "shop")},
        **show_place(place, ("address", "device"), personal=plain),
        "actor": {"kind": row["actor_kind"], "username": row["username"], "name": row["name"]},
        "ticket": row["number"],
        "member": row["member_id"],
        "details": json.loads(row["body"]) if of_the_desk and row["body"] else {},
    }

"""Tickets beside each other: opened from one another, linked by hand, merged; and those that may be one trouble."""

from __future__ import annotations

from typing import Any

from peewee import fn

from engine.core.access import Scope
from engine.core.entities import INTERNAL
from engine.store import tables as t
from engine.store.merges import taken_in
from engine.store.queries import OPEN, find_ticket, may_see, of_ticket
from engine.store.sql import Prepared, p
from engine.store.tx import Tx

BY_HAND = ("parent", "related", "duplicate")
"""Kinds of links that people make: from a parent to its child, from a duplicate to what it repeats. All others are made
by a rule (the kind of the case it opened) or by a split."""
APART = "apart"
"""Two tickets that look like one and are not, says somebody: shown nowhere, so that it is not asked again."""
MOST = 50
"""Links that one ticket has by hand at most."""
REPEATS = 10
"""Tickets that are told as the same trouble at most."""
DEEPEST = 50
"""How far the parents of parents are followed."""

_SEEN_BY = (t.Ticket.shop, t.Ticket.member_id, t.Ticket.channel)
_SHOWN = ("id", "number", "kind", "subject", "state", "category", "link", "created_at")


def _links() -> Any:
    this = t.Ticket.alias("this")
    linked = (
        t.TicketLink.id,
        t.TicketLink.kind.alias("link"),
        (t.TicketLink.to_id == this.id).alias("origin"),
        t.TicketLink.created_at,
    )
    other = ((t.TicketLink.from_id == this.id) & (t.TicketLink.to_id == t.Ticket.id)) | (
        (t.TicketLink.to_id == this.id) & (t.TicketLink.from_id == t.Ticket.id)
    )
    shown = (t.Ticket.number, t.Ticket.kind, t.Ticket.subject, t.Ticket.state, t.Ticket.category)
    query = t.TicketLink.select(*linked, *shown, *_SEEN_BY).join(this, on=(this.number == p("number")))
    query = query.switch(t.TicketLink).join(t.Ticket, on=other).where(t.TicketLink.kind != APART)
    return query.order_by(t.TicketLink.id)


_LINKS = Prepared(_links)


def links(tx: Tx, scope: Scope, number: int) -> list[dict[str, Any]]:
    """Cases linked with a ticket, oldest link first, as far as the scope sees them. `origin`: the link comes from
    there."""
    rows = [row for row in tx.rows(_LINKS, number=number) if may_see(scope, row)]
    more = [{"origin": bool(row["origin"]), "by_hand": row["link"] in BY_HAND} for row in rows]
    return [{**{name: row[name] for name in _SHOWN}, **extra} for row, extra in zip(rows, more, strict=True)]


def add(tx: Tx, from_id: int, to_id: int, kind: str) -> int | None:
    """Links two tickets; returns the id, or None where they are linked so already."""
    same = {"from_id": from_id, "to_id": to_id, "kind": kind}
    known = t.TicketLink.select(t.TicketLink.id)
    for name, value in same.items():
        known = known.where(getattr(t.TicketLink, name) == value)
    if tx.value(known) is not None:
        return None
    return tx.insert(t.TicketLink, {**same, "created_at": tx.now})


def remove(tx: Tx, link_id: int) -> None:
    """Takes a link away."""
    tx.run(t.TicketLink.delete().where(t.TicketLink.id == link_id))


def one(tx: Tx, link_id: int) -> dict[str, Any] | None:
    """A link that people made: its ends and kind."""
    row = tx.row(t.TicketLink.select().where((t.TicketLink.id == link_id) & t.TicketLink.kind.in_(BY_HAND)))
    return None if row is None else dict(row)


def count(tx: Tx, ticket_id: int) -> int:
    """How many links a ticket has by hand."""
    ends = (t.TicketLink.from_id == ticket_id) | (t.TicketLink.to_id == ticket_id)
    return int(tx.value(t.TicketLink.select(fn.COUNT(t.TicketLink.id)).where(ends & t.TicketLink.kind.in_(BY_HAND))))


def is_under(tx: Tx, ticket_id: int, parent_id: int) -> bool:
    """Whether a ticket is the other one, or stands below it by parents of parents."""
    seen, last = {ticket_id}, [ticket_id]
    for _ in range(DEEPEST):
        if parent_id in seen or not last:
            break
        link = t.TicketLink
        up = link.select(link.from_id).where(link.to_id.in_(last) & (link.kind == "parent"))
        last = [one for one in tx.values(up) if one not in seen]
        seen.update(last)
    return parent_id in seen


# --- merged, and the same trouble again -----------------------------------------------------------------------------


def took_in(tx: Tx, scope: Scope, number: int) -> list[dict[str, Any]]:
    """Cases that were merged into one, oldest first, for staff; of which member, where that is another's."""
    found = find_ticket(tx, scope, number)
    if found is None:
        return []
    return [
        {
            "number": row["number"],
            "subject": row["subject"],
            "member": (row["m_name"] or "") if row["member_id"] != found["member_id"] else None,
        }
        for row in taken_in(tx, found["id"])
    ]


def repeats(tx: Tx, scope: Scope, number: int, within: int) -> list[dict[str, Any]] | None:
    """Open tickets that may tell the same trouble as this one, newest first: of the same member, of one with the same
    telephone (told only to who may see those), or of the same order, in which something was said at most `within` µs
    before this one was opened. `why` says what is the same. None: not for the actor."""
    this = tx.row(t.Ticket.select().where(of_ticket(scope) & (t.Ticket.number == number)))
    if this is None:
        return None
    if this["category"] not in OPEN or this["channel"] == INTERNAL:
        return []
    mine, theirs = t.Identity, t.Identity.alias("theirs")
    phones = (
        theirs.select(theirs.member_id)
        .join(mine, on=((mine.value_key == theirs.value_key) & (mine.shop == theirs.shop)))
        .where((mine.member_id == this["member_id"]) & (mine.kind == "phone") & (theirs.kind == "phone"))
    )
    same_phone = set(tx.values(phones)) - {this["member_id"]} if scope.personal else set()
    alike: Any = t.Ticket.member_id.in_([this["member_id"], *sorted(same_phone)])
    if this["order_no_folded"]:
        alike |= t.Ticket.order_no_folded == this["order_no_folded"]
    link = t.TicketLink
    apart = [
        link.select(link.to_id).where((link.from_id == this["id"]) & (link.kind == APART)),
        link.select(link.from_id).where((link.to_id == this["id"]) & (link.kind == APART)),
    ]
    others = of_ticket(scope) & (t.Ticket.id != this["id"]) & (t.Ticket.shop == this["shop"]) & alike
    others &= t.Ticket.category.in_(OPEN) & (t.Ticket.channel != INTERNAL) & t.Ticket.id.not_in(apart[0])
    others &= t.Ticket.id.not_in(apart[1])
    others &= fn.COALESCE(t.Ticket.last_line_at, t.Ticket.created_at) >= this["created_at"] - within
    rows = tx.rows(
        t.Ticket.select(t.Ticket, t.Member.name.alias("m_name"))
        .join(t.Member, on=(t.Member.id == t.Ticket.member_id))
        .where(others)
        .order_by(t.Ticket.id.desc())
        .limit(REPEATS)
    )
    return [
        {
            **{name: row[name] for name in ("number", "kind", "type", "subject", "state", "category", "channel")},
            **{name: row[name] for name in ("order_no", "created_at")},
            "member": (row["m_name"] or "") if row["member_id"] != this["member_id"] else None,
            "why": _same(this, row, same_phone),
        }
        for row in rows
    ]


def _same(this: Any, other: Any, same_phone: set[int]) -> list[str]:
    found = []
    if other["member_id"] == this["member_id"]:
        found.append("member")
    elif other["member_id"] in same_phone:
        found.append("phone")
    if this["order_no_folded"] and other["order_no_folded"] == this["order_no_folded"]:
        found.append("order")
    if other["type"] == this["type"]:
        found.append("type")
    return found

"""Merged tickets: where each goes on, which went into one, how one was before."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

from peewee import fn

from engine.core.access import Scope, shown_to_members
from engine.core.entities import MergeRecord
from engine.store import tables as t
from engine.store.log import to_json
from engine.store.sql import Prepared, Row, p
from engine.store.tx import Tx

FURTHEST = 100
"""How long a chain of merges is followed. A merge points to the end of a chain, so a long one is not made by hand."""

_ONE = Prepared(
    lambda: t.Ticket.select(
        t.Ticket.id, t.Ticket.number, t.Ticket.merged_into, t.Ticket.member_id, t.Ticket.shop, t.Ticket.channel
    ).where(t.Ticket.id == p("id"))
)


def end_of(tx: Tx, ticket_id: int) -> Row:
    """Id, number, member, shop and channel of the ticket in which one goes on: its own, where it is not merged."""
    row = tx.row(_ONE, id=ticket_id)
    for _ in range(FURTHEST):
        if row is None or row["merged_into"] is None:
            break
        row = tx.row(_ONE, id=row["merged_into"])
    if row is None:
        raise LookupError(f"there is no ticket with the id {ticket_id}")
    return row


def shown_end(tx: Tx, scope: Scope, row: Mapping[str, Any]) -> int | None:
    """The number of the ticket in which a merged one goes on; None where it is not merged, or the end not for who
    asks."""
    if row["merged_into"] is None:
        return None
    end = end_of(tx, row["merged_into"])
    if scope.staff:
        return int(end["number"])
    own = end["member_id"] == scope.member_id and shown_to_members(end["channel"])
    return int(end["number"]) if own else None


def taken_in(tx: Tx, ticket_id: int) -> list[Row]:
    """The tickets that went into one, directly or through others: `id`, `number`, `subject`, `member_id`, the
    member's name as `m_name`; oldest first."""
    found: dict[int, Row] = {}
    last: Collection[int] = (ticket_id,)
    while last and len(found) < FURTHEST:
        query = (
            t.Ticket.select(
                t.Ticket.id, t.Ticket.number, t.Ticket.subject, t.Ticket.member_id, t.Member.name.alias("m_name")
            )
            .join(t.Member, on=(t.Member.id == t.Ticket.member_id))
            .where(t.Ticket.merged_into.in_(list(last)))
        )
        new = [row for row in tx.rows(query) if row["id"] not in found and row["id"] != ticket_id]
        found.update({row["id"]: row for row in new})
        last = [row["id"] for row in new]
    return [found[one] for one in sorted(found)]


def lock(tx: Tx, ids: Collection[int]) -> None:
    """Locks tickets to the COMMIT, in the order of their ids, so that of two merges at once the second sees the
    first."""
    for one in sorted(set(ids)):
        tx.value(_LOCK, id=one)


_LOCK = Prepared(lambda: t.Ticket.select(t.Ticket.id).where(t.Ticket.id == p("id")), lock_rows=t.Ticket)


def id_of(tx: Tx, number: int) -> int | None:
    """The id of the ticket of a number."""
    found = tx.value(t.Ticket.select(t.Ticket.id).where(t.Ticket.number == number))
    return None if found is None else int(found)


# ---------------------------------------------------------------------------------------------------------------- undo


def keep(tx: Tx, ticket_id: int, values: Mapping[str, Any]) -> None:
    """Keeps how a ticket is, with its timers, before they are cleared. Those of its clocks follow from the clocks."""
    timer = t.Timer
    columns = timer.name, timer.kind, timer.due_at, timer.body
    timers = tx.rows(timer.select(*columns).where((timer.ticket_id == ticket_id) & (timer.kind != "sla")))
    row = {name: values[name] for name in ("at", "state", "category", "closed_at")}
    row |= {"ticket_id": ticket_id, "chat": to_json(values["chat"]), "timers": to_json([dict(one) for one in timers])}
    tx.insert_many(t.TicketMerge, [row], key=("ticket_id",))


def record_of(tx: Tx, ticket_id: int) -> MergeRecord | None:
    """How a merged ticket was; None where it cannot be restored."""
    row = tx.row(t.TicketMerge.select().where(t.TicketMerge.ticket_id == ticket_id))
    if row is None:
        return None
    line = t.Message
    late = (line.ticket_id == ticket_id) & (line.author_kind == "member") & (line.created_at > row["at"])
    return MergeRecord(
        at=row["at"],
        state=row["state"],
        category=row["category"],
        closed_at=row["closed_at"],
        chat=json.loads(row["chat"]),
        line_since=tx.value(line.select(fn.MIN(line.created_at)).where(late)),
    )


def take_back(tx: Tx, ticket_id: int) -> None:
    """Sets the timers again that are still to come; what had its moment meanwhile had it elsewhere, or not at all."""
    merge = t.TicketMerge
    timers = json.loads(tx.value(merge.select(merge.timers).where(merge.ticket_id == ticket_id)) or "[]")
    rows = [{"ticket_id": ticket_id, **timer} for timer in timers if timer["due_at"] > tx.now]
    for row in rows:
        tx.kick(row["due_at"])
    tx.insert_many(t.Timer, rows, key=("ticket_id", "name"))
    tx.run(merge.delete().where(merge.ticket_id == ticket_id))


# --------------------------------------------------------------------------------------------------------------- split


def set_line(tx: Tx, message_id: int, values: Mapping[str, Any], real: Callable[[int], int]) -> None:
    """Changes a line. Of one that goes into another ticket what has left is that one's too: who answers comes there."""
    if "ticket_id" in values:
        values = {**values, "ticket_id": real(values["ticket_id"])}
        tx.run(t.Outbox.update(ticket_id=values["ticket_id"]).where(t.Outbox.message_id == message_id))
    tx.update(t.Message, values, id=message_id)


def newest_line(tx: Tx, ticket_id: int) -> None:
    """The list shows the last line that stands in a ticket now."""
    line = t.Message
    shown = (line.ticket_id == ticket_id) & (line.visibility != "internal")
    tx.update(t.Ticket, {"last_message_id": tx.value(line.select(fn.MAX(line.id)).where(shown))}, id=ticket_id)

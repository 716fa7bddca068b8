"""Lines that wait for their time: kept, changed, taken to be sent. Whoever takes one sends it; nobody else can.

A row goes in the transaction that stores the line, so a crash leaves the one or the other, never both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from peewee import fn

from engine.core.entities import DAY
from engine.store import tables as t
from engine.store import uploads
from engine.store.log import to_json
from engine.store.sql import Prepared, Row, p
from engine.store.tx import Tx

KEEP = 30 * DAY
"""How long a line is kept that could not be sent."""
AT_ONCE = 200
"""Lines sent in one look."""
FOR_OTHERS = ("writer-gone", "permission-needed")
"""Why a line was not sent that its writer can do nothing about: colleagues see it."""

_DUE = Prepared(
    lambda: (
        t.ScheduledLine.select(t.ScheduledLine.id)
        .where((t.ScheduledLine.state == "waiting") & (t.ScheduledLine.send_at <= p("now")))
        .order_by(t.ScheduledLine.send_at, t.ScheduledLine.id)
        .limit(p("limit"))
    )
)
_NEXT = Prepared(
    lambda: t.ScheduledLine.select(fn.MIN(t.ScheduledLine.send_at)).where(t.ScheduledLine.state == "waiting")
)
_HELD = Prepared(
    lambda: (
        t.ScheduledLine.select(t.ScheduledLine.id)
        .join(t.Ticket, on=(t.Ticket.id == t.ScheduledLine.ticket_id))
        .where(
            (t.Ticket.number == p("number"))
            & (t.ScheduledLine.agent_id == p("agent_id"))
            & (t.ScheduledLine.state == "waiting")
            & (t.ScheduledLine.undo == p("undo"))
        )
        .order_by(t.ScheduledLine.send_at, t.ScheduledLine.id)
    )
)


def move(tx: Tx, from_id: int, to_id: int) -> None:
    """What waits to be sent in one ticket waits in another, in which that one goes on."""
    line = t.ScheduledLine
    tx.run(line.update(ticket_id=to_id).where((line.ticket_id == from_id) & (line.state == "waiting")))


def holder(line_id: int) -> str:
    """As which a line holds its files."""
    return f"line:{line_id}"


def next_due(tx: Tx) -> int | None:
    """When the next line is to be sent, µs UTC; None when none waits."""
    found: int | None = tx.value(_NEXT)
    return found


def due(tx: Tx) -> list[int]:
    """Ids of the lines whose time has come, in the order they are to be sent."""
    return list(tx.values(_DUE, now=tx.now, limit=AT_ONCE))


def held(tx: Tx, number: int, agent_id: int) -> list[int]:
    """Ids of what an agent may still take back on a ticket, in the order written."""
    return list(tx.values(_HELD, number=number, agent_id=agent_id, undo=True))


def add(tx: Tx, values: Mapping[str, Any], files: Sequence[str]) -> int:
    """Keeps a line until its time; returns its id. Raises FileRefused where a file is not the writer's own."""
    newest = tx.value(
        t.Message.select(fn.COALESCE(fn.MAX(t.Message.id), 0)).where(t.Message.ticket_id == values["ticket_id"])
    )
    row = {**values, "after_message": newest, "created_at": tx.now, "updated_at": tx.now}
    line_id = tx.insert(t.ScheduledLine, row)
    uploads.hold(tx, holder(line_id), files, f"agent:{values['agent_id']}")
    tx.kick(values["send_at"])
    return line_id


def one(tx: Tx, line_id: int) -> Row | None:
    """One line as it is kept, with its ticket's number, its writer and its files."""
    return next(iter(_shown(tx, t.ScheduledLine.id == line_id)), None)


def of_ticket(tx: Tx, ticket_id: int, agent_id: int | None) -> list[Row]:
    """What is kept on a ticket, the next first; what may still be taken back its writer alone sees, and what was not
    sent too, unless the writer can do nothing about it."""
    own = t.ScheduledLine.agent_id == (agent_id or 0)
    planned = ~t.ScheduledLine.undo & (t.ScheduledLine.state == "waiting")
    left = (t.ScheduledLine.state == "kept") & t.ScheduledLine.reason.in_(FOR_OTHERS)
    return _shown(tx, (t.ScheduledLine.ticket_id == ticket_id) & (own | planned | left))


def _shown(tx: Tx, where: Any) -> list[Row]:
    line = t.ScheduledLine
    writer = (t.Agent.username, t.Agent.name.alias("agent_name"), t.Agent.enabled.alias("writer_enabled"))
    query = (
        line.select(line, t.Ticket.number, t.Ticket.shop, *writer)
        .join(t.Ticket, on=(t.Ticket.id == line.ticket_id))
        .switch(line)
        .join(t.Agent, on=(t.Agent.id == line.agent_id))
        .where(where)
        .order_by(line.send_at, line.id)
    )
    rows = tx.rows(query)
    files = uploads.held(tx, [holder(row["id"]) for row in rows])
    return [{**row, "attachments": files[holder(row["id"])]} for row in rows]


def count(tx: Tx, agent_id: int, *, undo: bool = False) -> int:
    """How many lines of an agent wait for another time, or only so that they may be taken back."""
    line = t.ScheduledLine
    these = (line.agent_id == agent_id) & (line.state == "waiting") & (line.undo == undo)
    return int(tx.value(line.select(fn.COUNT(line.id)).where(these)))


def member_wrote(tx: Tx, row: Row) -> bool:
    """Whether the member has written since the line was kept."""
    line = t.Message
    later = (line.ticket_id == row["ticket_id"]) & (line.id > row["after_message"]) & (line.author_kind == "member")
    return tx.value(line.select(line.id).where(later & ~line.automatic).limit(1)) is not None


def take(tx: Tx, line_id: int) -> bool:
    """Takes a waiting line for this transaction, which says it and drops it, or puts it back. False where somebody was
    faster: it is not to be sent."""
    return tx.update(t.ScheduledLine, {"state": "taken"}, id=line_id, state="waiting") == 1


def put_back(tx: Tx, line_id: int) -> None:
    """A line that was taken in this transaction waits again."""
    tx.update(t.ScheduledLine, {"state": "waiting"}, id=line_id, state="taken")


def change(tx: Tx, line_id: int, values: Mapping[str, Any]) -> bool:
    """Gives a line other values; it waits again. False where it is gone."""
    done = tx.update(t.ScheduledLine, {**values, "state": "waiting", "reason": None, "updated_at": tx.now}, id=line_id)
    if "send_at" in values:
        tx.kick(values["send_at"])
    return done == 1


def keep_back(tx: Tx, line_id: int, reason: str) -> bool:
    """Its time came and it cannot be sent: it stays, for its writer to see. False where it waits no more."""
    values = {"state": "kept", "reason": reason, "undo": False, "updated_at": tx.now}
    return tx.update(t.ScheduledLine, values, id=line_id, state="waiting") == 1


def tell(tx: Tx, row: Row, agent_id: int, text: str, texts: Mapping[str, str]) -> int:
    """A notice for an agent about a line; returns its id."""
    told = {"text": text, "texts": to_json(texts), "created_at": tx.now}
    return tx.insert(t.Notification, {"agent_id": agent_id, "ticket_id": row["ticket_id"], **told})


def sweep(tx: Tx) -> None:
    """Takes out lines that could not be sent and that nobody has looked after for long."""
    old = (t.ScheduledLine.state == "kept") & (t.ScheduledLine.updated_at <= tx.now - KEEP)
    drop(tx, tx.values(t.ScheduledLine.select(t.ScheduledLine.id).where(old).limit(AT_ONCE)))


def erase(tx: Tx, agent_id: int) -> None:
    """Takes out all of an agent's."""
    drop(tx, tx.values(t.ScheduledLine.select(t.ScheduledLine.id).where(t.ScheduledLine.agent_id == agent_id)))


def drop(tx: Tx, ids: Sequence[int]) -> None:
    """Takes lines out with their hold on files."""
    uploads.release(tx, [holder(one) for one in ids])
    tx.run(t.ScheduledLine.delete().where(t.ScheduledLine.id.in_(list(ids))))

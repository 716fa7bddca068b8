"""The log as a stream: what was committed after an event id, ready for sockets; who has read how far; lines that come
twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from peewee import JOIN, fn

from engine.core.access import shown_to_members
from engine.store import tables as t
from engine.store.lines import attachments_of
from engine.store.queries import body_of, of_member
from engine.store.show import MEMBER_EVENTS, show_event, show_message
from engine.store.sql import Prepared, Row, p
from engine.store.tx import Tx

BATCH = 500
"""Events read in one go: a process that fell behind catches up in steps."""


@dataclass(frozen=True, slots=True)
class Committed:
    """An event of the log with what a socket needs to decide who gets it, and what they get."""

    id: int
    at: int
    kind: str
    shop: str | None
    actor_kind: str
    actor_id: int
    ticket_id: int | None
    number: int | None
    ticket_kind: str | None
    member_id: int | None
    """The member who hears of it: the ticket's own, as far as members are shown it. Of no ticket there is nobody."""
    assignee: str | None
    team: str | None
    state: str | None
    category: str | None
    body: Mapping[str, Any]
    object: str | None
    message: Mapping[str, Any] | None
    """Its line, as staff see it."""
    member_message: Mapping[str, Any] | None
    """Its line, as the member may see it; None where they may not."""
    _row: Row
    _hidden: bool

    @property
    def staff(self) -> Mapping[str, Any]:
        """The event as staff see it (`show_event`)."""
        return show_event(self._row, self.body, staff=True)

    @property
    def member(self) -> Mapping[str, Any] | None:
        """The event as the ticket's member may see it; None: not at all."""
        seen = self.kind in MEMBER_EVENTS and not self._hidden
        return show_event(self._row, self.body, staff=False) if seen else None


def _rows() -> Any:
    return (
        t.Event.select(
            t.Event,
            t.Agent.name.alias("agent_name"),
            t.Agent.username.alias("agent_username"),
            t.Ticket.number,
            t.Ticket.kind.alias("t_kind"),
            t.Ticket.shop.alias("t_shop"),
            t.Ticket.member_id.alias("t_member_id"),
            t.Ticket.channel.alias("t_channel"),
            t.Ticket.team,
            t.Ticket.state,
            t.Ticket.category,
            _assignee.username.alias("assignee"),
            t.Member.name.alias("m_name"),
            *[field.alias(f"l_{field.column_name}") for field in t.Message._meta.sorted_fields],
            _writer.name.alias("w_name"),
            _writer.username.alias("w_username"),
            t.Outbox.state.alias("delivery"),
            _taker.name.alias("unsent_name"),
        )
        .join(t.Agent, JOIN.LEFT_OUTER, on=((t.Event.actor_kind == "agent") & (t.Agent.id == t.Event.actor_id)))
        .switch(t.Event)
        .join(t.Ticket, JOIN.LEFT_OUTER, on=(t.Ticket.id == t.Event.ticket_id))
        .join(_assignee, JOIN.LEFT_OUTER, on=(_assignee.id == t.Ticket.assignee_id))
        .switch(t.Ticket)
        .join(t.Member, JOIN.LEFT_OUTER, on=(t.Member.id == t.Ticket.member_id))
        .switch(t.Event)
        .join(t.Message, JOIN.LEFT_OUTER, on=(t.Message.id == t.Event.message_id))
        .join(_writer, JOIN.LEFT_OUTER, on=((t.Message.author_kind == "agent") & (_writer.id == t.Message.author_id)))
        .switch(t.Message)
        .join(t.Outbox, JOIN.LEFT_OUTER, on=(t.Outbox.message_id == t.Message.id))
        .switch(t.Message)
        .join(_taker, JOIN.LEFT_OUTER, on=(_taker.id == t.Message.unsent_by))
        .where(t.Event.id > p("since"))
    )


_OF_LINE = tuple((field.column_name, f"l_{field.column_name}") for field in t.Message._meta.sorted_fields)
_assignee = t.Agent.alias("assignee")
_writer = t.Agent.alias("writer")
_taker = t.Agent.alias("taker")
_SINCE = Prepared(lambda: _rows().order_by(t.Event.id).limit(p("limit")))
_SINCE_OF_MEMBER = Prepared(lambda: _rows().where(of_member(p("member_id"))).order_by(t.Event.id).limit(p("limit")))
_LAST = Prepared(lambda: t.Event.select(fn.COALESCE(fn.MAX(t.Event.id), 0)))


def last_id(tx: Tx) -> int:
    """The id of the newest event; 0 where there is none."""
    return int(tx.value(_LAST))


def since(tx: Tx, event_id: int, *, member_id: int | None = None, limit: int = BATCH) -> list[Committed]:
    """Events after an id, in order; of one member's tickets only where `member_id` is given. Two statements."""
    if member_id is None:
        rows = tx.rows(_SINCE, since=event_id, limit=limit)
    else:
        rows = tx.rows(_SINCE_OF_MEMBER, since=event_id, limit=limit, member_id=member_id)
    files = _files(tx, {row["l_id"] for row in rows if row["l_id"] is not None})
    return [_committed(row, files.get(row["l_id"], [])) for row in rows]


_FILES_BETWEEN = Prepared(
    lambda: (
        t.MessageFile.select(t.MessageFile.message_id)
        .where(t.MessageFile.message_id.between(p("first"), p("last")))
        .limit(1)
    )
)


def _files(tx: Tx, lines: set[int]) -> dict[int, list[dict[str, Any]]]:
    """Files by line. Lines of one read are neighbours and most have none: that is asked first, and quickly."""
    if not lines or tx.row(_FILES_BETWEEN, first=min(lines), last=max(lines)) is None:
        return {}
    return attachments_of(tx, lines)


def _committed(row: Row, files: list[dict[str, Any]]) -> Committed:
    body = body_of(row)
    line: dict[str, Any] | None = None
    own_line: dict[str, Any] | None = None
    shown = row["number"] is not None and shown_to_members(row["t_channel"])
    hidden = not shown
    if row["l_id"] is not None:
        raw = {
            **{name: row[column] for name, column in _OF_LINE},
            "number": row["number"],
            "m_name": row["m_name"],
            "agent_name": row["w_name"],
            "agent_username": row["w_username"],
            "delivery": row["delivery"],
            "unsent_name": row["unsent_name"],
        }
        line = show_message(raw, files, staff=True)
        hidden = hidden or raw["visibility"] == "internal"
        own_line = None if hidden else show_message(raw, files, staff=False)
    return Committed(
        id=row["id"],
        at=row["at"],
        kind=row["kind"],
        shop=row["shop"] or row["t_shop"],
        actor_kind=row["actor_kind"],
        actor_id=row["actor_id"],
        ticket_id=row["ticket_id"],
        number=row["number"],
        ticket_kind=row["t_kind"],
        member_id=row["t_member_id"] if shown else None,
        assignee=row["assignee"],
        team=row["team"],
        state=row["state"],
        category=row["category"],
        body=body,
        object=row["object"],
        message=line,
        member_message=own_line,
        _row={**row, "shown_as": row["l_shown_as"]},
        _hidden=hidden,
    )


# ---------------------------------------------------------------------------------------------- duplicates and reading


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A line that was stored before: what its repeat is acknowledged with."""

    message_id: int
    seq: int
    ticket_id: int
    number: int
    text: str


def _duplicate(where: Any) -> Any:
    return (
        t.Message.select(
            t.Message.id.alias("message_id"),
            t.Message.ticket_id,
            t.Message.text,
            t.Ticket.number,
            fn.MIN(t.Event.id).alias("seq"),
        )
        .join(t.Ticket, on=(t.Ticket.id == t.Message.ticket_id))
        .switch(t.Message)
        .join(t.Event, on=(t.Event.message_id == t.Message.id))
        .where(where)
        .group_by(t.Message.id, t.Message.ticket_id, t.Message.text, t.Ticket.number)
    )


_BY_CLIENT = Prepared(
    lambda: _duplicate(
        (t.Message.author_kind == p("author_kind"))
        & (t.Message.author_id == p("author_id"))
        & (t.Message.client_key == p("client_key"))
    )
)
_BY_OUTSIDE = Prepared(
    lambda: _duplicate(
        (t.Message.channel == p("channel"))
        & (t.Message.channel_account == p("account"))
        & (t.Message.external_id == p("external_id"))
    )
)


def duplicate_by_client(tx: Tx, author_kind: str, author_id: int, client_key: str) -> Duplicate | None:
    """The line this author stored under the same key of the client's."""
    row = tx.row(_BY_CLIENT, author_kind=author_kind, author_id=author_id, client_key=client_key)
    return None if row is None else Duplicate(**row)


def duplicate_by_outside(tx: Tx, channel: str, account: str, external_id: str) -> Duplicate | None:
    """The line that came by this channel and account under the same outside id."""
    row = tx.row(_BY_OUTSIDE, channel=channel, account=account or channel, external_id=external_id)
    return None if row is None else Duplicate(**row)


def mark_read(tx: Tx, owner_kind: Literal["agent", "member"], owner_id: int, ticket_id: int, seq: int) -> bool:
    """Somebody has read a ticket up to an event; False when they had read as far before."""
    mine = (t.Seen.owner_kind == owner_kind) & (t.Seen.owner_id == owner_id) & (t.Seen.ticket_id == ticket_id)
    known = tx.value(t.Seen.select(t.Seen.event_id).where(mine))
    if known is not None and known >= seq:
        return False
    upto = t.Event.select(fn.COALESCE(fn.MAX(t.Event.message_id), 0)).where(
        (t.Event.ticket_id == ticket_id) & (t.Event.id <= seq)
    )
    row = {
        "owner_kind": owner_kind,
        "owner_id": owner_id,
        "ticket_id": ticket_id,
        "event_id": seq,
        "message_id": int(tx.value(upto)),
        "at": tx.now,
    }
    tx.insert_many(t.Seen, [row], key=("owner_kind", "owner_id", "ticket_id"))
    return True

"""What is to leave and what is to come: outbox rows claimed, sent, failed, tried again; timers that fall due.

A row goes `waiting → sending → sent | failed | uncertain`. `sending` is committed before the channel is called, so a
crash in between is seen: such a row goes again only where the channel refuses a duplicate by its key, else it is
`uncertain` and a person decides. A failure waits longer each time; after the last try the row is `failed`: a dead
letter, visible, sent again by hand. What was due while nothing ran is due at once, once.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from peewee import JOIN, fn

from engine.core.changes import Enqueue
from engine.core.entities import HOUR, MINUTE, SECOND
from engine.store import tables as t
from engine.store.errors import KeyRingError
from engine.store.lines import attachments_of
from engine.store.people import identities_of
from engine.store.sql import Prepared, Row, p
from engine.store.tx import Tx
from engine.store.values import open_body, seal_body

BACK_OFF = (
    5 * SECOND,
    30 * SECOND,
    2 * MINUTE,
    10 * MINUTE,
    30 * MINUTE,
    *([HOUR] * 4),
    *([4 * HOUR] * 10),
)
"""Waits between tries: quick at first for what mends itself, then for two days: a mail server may be down for one."""
CLAIM = 50
"""Rows of one channel claimed in one go, where nobody says how many it takes."""
OF_THE_HOUSE = frozenset({"visitor", "account"})
"""Identities by which nobody is reached: a browser's, and the shop's own number of a member."""
LEASE = 60 * SECOND
"""How long a claim is believed without a sign of life of its process; then another may think it gone."""
TIMERS = 200
"""Timers looked up in one go; each fires in a job of its own."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row that this process is to send now."""

    id: int
    key: str
    channel: str
    tries: int
    """Earlier tries."""
    ticket_id: int | None
    number: int | None
    shop: str | None
    subject: str
    account: str
    """By which of the channel's accounts the ticket came."""
    message_id: int | None
    text: str
    html: str | None
    body: Mapping[str, Any]
    recipient: Mapping[str, str]
    """Identity kind to value, of the ticket's identity first, else all the member's; with `name`."""
    files: tuple[Mapping[str, Any], ...]


_DUE_TIMERS = Prepared(
    lambda: t.Timer.select().where(t.Timer.due_at <= p("now")).order_by(t.Timer.due_at, t.Timer.id).limit(p("limit"))
)
_NEXT_TIMER = Prepared(lambda: t.Timer.select(fn.MIN(t.Timer.due_at)))
_NEXT_OUT = Prepared(lambda: t.Outbox.select(fn.MIN(t.Outbox.due_at)).where(t.Outbox.state == "waiting"))


def next_due(tx: Tx) -> int | None:
    """When the next timer or outbox row falls due; None when nothing waits. It may lie in the past."""
    found = [due for due in (tx.value(_NEXT_TIMER), tx.value(_NEXT_OUT)) if due is not None]
    return min(found, default=None)


def is_out(tx: Tx, full: Collection[str] = ()) -> bool:
    """Whether something is to leave by now, by another channel than those that are `full`."""
    due = tx.value(_NEXT_OUT)
    if due is None or due > tx.now:
        return False
    if not full:
        return True
    out = t.Outbox
    others = (out.state == "waiting") & (out.due_at <= tx.now) & out.channel.not_in(sorted(full))
    return tx.value(out.select(out.id).where(others).limit(1)) is not None


def due_timers(tx: Tx, limit: int = TIMERS) -> list[Row]:
    """Timers that are due, the longest first: id, ticket_id, name, kind, due_at, body. `load.take_timer` takes each."""
    rows = tx.rows(_DUE_TIMERS, now=tx.now, limit=limit)
    return [{**row, "body": json.loads(row["body"])} for row in rows]


# --------------------------------------------------------------------------------------------------------------- outbox


def claim(tx: Tx, limit: int = CLAIM, busy: Mapping[str, int] = MappingProxyType({})) -> list[Claimed]:
    """Marks what is due as `sending` by this process and gives it, to be sent after the commit: of each channel at
    most `limit` rows, less what it is `busy` with.

    Several processes may claim at once: each row goes to one of them.
    """
    out = t.Outbox
    due = (out.state == "waiting") & (out.due_at <= tx.now)
    full = [channel for channel, count in busy.items() if count >= limit]
    ids: list[int] = []
    for channel in tx.values(out.select(out.channel).distinct().where(due & out.channel.not_in(full))):
        room = limit - busy.get(channel, 0)
        found: Any = out.select(out.id).where(due & (out.channel == channel)).order_by(out.due_at, out.id).limit(room)
        ids += tx.values(found.for_update("FOR UPDATE SKIP LOCKED") if tx.database.for_update else found)
    if not ids:
        return []
    tx.run(
        t.Outbox.update(state="sending", claimed_by=tx.instance, claimed_at=tx.now).where(
            t.Outbox.id.in_(ids) & (t.Outbox.state == "waiting")
        )
    )
    rows = tx.rows(
        t.Outbox.select(
            t.Outbox,
            t.Ticket.number,
            t.Ticket.shop,
            t.Ticket.subject,
            t.Ticket.member_id,
            t.Ticket.identity_id,
            t.Ticket.account,
            t.Member.name.alias("m_name"),
            t.Message.text,
            t.Message.html,
        )
        .join(t.Ticket, JOIN.LEFT_OUTER, on=(t.Ticket.id == t.Outbox.ticket_id))
        .join(t.Member, JOIN.LEFT_OUTER, on=(t.Member.id == t.Ticket.member_id))
        .switch(t.Outbox)
        .join(t.Message, JOIN.LEFT_OUTER, on=(t.Message.id == t.Outbox.message_id))
        .where(t.Outbox.id.in_(ids))
        .order_by(t.Outbox.due_at, t.Outbox.id)
    )
    rows = [{**row, "body": body} for row in rows if (body := _body(tx, row)) is not None]
    people = identities_of(tx, {row["member_id"] for row in rows if row["member_id"] is not None})
    files = attachments_of(tx, {row["message_id"] for row in rows if row["message_id"] is not None})
    return [
        Claimed(
            id=row["id"],
            key=row["key"],
            channel=row["channel"],
            tries=row["tries"],
            ticket_id=row["ticket_id"],
            number=row["number"],
            shop=row["shop"],
            subject=row["subject"] or "",
            account=row["account"] or "",
            message_id=row["message_id"],
            text=row["text"] or "",
            html=row["html"],
            body=row["body"],
            recipient=_recipient(row, people.get(row["member_id"], [])),
            files=tuple(files.get(row["message_id"], ())),
        )
        for row in rows
    ]


def _body(tx: Tx, row: Row) -> dict[str, Any] | None:
    """What goes along with a row; one that this desk's keys do not open is given up, for all to see."""
    try:
        return open_body(tx.ring, row["body"])
    except KeyRingError as error:
        _settle(tx, row["id"], {"state": "failed", "error": str(error), "settled_at": tx.now})
        return None


def _recipient(row: Row, identities: list[Row]) -> dict[str, str]:
    outside = [one for one in identities if one["kind"] not in OF_THE_HOUSE]
    own = [one for one in outside if one["id"] == row["identity_id"]]
    found = {one["kind"]: one["value"] for one in (own or outside)}
    if row["m_name"]:
        found["name"] = row["m_name"]
    return found


def renew(tx: Tx) -> None:
    """A sign of life for what this process is sending."""
    tx.run(
        t.Outbox.update(claimed_at=tx.now).where((t.Outbox.state == "sending") & (t.Outbox.claimed_by == tx.instance))
    )


def sent(tx: Tx, row_id: int, external_id: str | None = None) -> bool:
    """The channel took it. False when the row was not `sending` any more."""
    return _settle(tx, row_id, {"state": "sent", "external_id": external_id, "error": None, "settled_at": tx.now})


def uncertain(tx: Tx, row_id: int, error: str) -> bool:
    """It may have left; only a person sends it again. False when the row was not `sending` any more."""
    return _settle(tx, row_id, {"state": "uncertain", "error": error[:1000], "settled_at": tx.now})


def failed(tx: Tx, row_id: int, error: str, *, permanent: bool = False, retry_after: int | None = None) -> int | None:
    """It did not leave. Gives when it will be tried again; None when it was given up (or was not `sending` any more).

    `retry_after` is what the outside asked for, in µs; the longer of it and ours is waited.
    """
    row = tx.row(t.Outbox.select(t.Outbox.tries).where((t.Outbox.id == row_id) & (t.Outbox.state == "sending")))
    if row is None:
        return None
    tries = row["tries"] + 1
    base = {"tries": tries, "error": error[:1000], "claimed_by": None, "claimed_at": None}
    if permanent or tries > len(BACK_OFF):
        _settle(tx, row_id, {**base, "state": "failed", "settled_at": tx.now})
        return None
    due_at: int = tx.now + max(BACK_OFF[tries - 1], retry_after or 0)
    _settle(tx, row_id, {**base, "state": "waiting", "due_at": due_at})
    tx.kick(due_at)
    return due_at


def _settle(tx: Tx, row_id: int, values: Mapping[str, Any]) -> bool:
    return tx.update(t.Outbox, values, id=row_id, state="sending") == 1


def send_again(tx: Tx, message_id: int) -> bool:
    """A person wants a failed or uncertain line to go again, under the same key. False when there is none such."""
    again = {"state": "waiting", "due_at": tx.now, "tries": 0, "error": None, "settled_at": None, "claimed_by": None}
    changed = tx.run(
        t.Outbox.update(again).where((t.Outbox.message_id == message_id) & t.Outbox.state.in_(("failed", "uncertain")))
    )
    if changed:
        tx.kick(tx.now)
    return bool(changed)


def ways_out(tx: Tx, message_id: int) -> dict[str, str]:
    """By which channels a line leaves the house, and how far each has come."""
    rows = tx.rows(t.Outbox.select(t.Outbox.channel, t.Outbox.state).where(t.Outbox.message_id == message_id))
    return {row["channel"]: row["state"] for row in rows}


def take_back(tx: Tx, message_id: int, takes_back: Callable[[str], bool]) -> bool:
    """A line that has not left by now does not leave any more; from where it has, its channel takes it back. False
    where it is beyond reach: it is being sent, or its channel cannot."""
    tx.run(t.Outbox.delete().where((t.Outbox.message_id == message_id) & t.Outbox.state.in_(UNLEFT)))
    rows = tx.rows(t.Outbox.select().where(t.Outbox.message_id == message_id))
    if any(row["state"] != "sent" or not takes_back(row["channel"]) for row in rows):
        return False
    for row in rows:
        tx.insert(
            t.Outbox,
            {
                "key": secrets.token_hex(16),
                "channel": row["channel"],
                "ticket_id": row["ticket_id"],
                "body": seal_body(tx.ring, {"take_back": row["external_id"]}),
                "due_at": tx.now,
                "created_at": tx.now,
            },
        )
        tx.kick(tx.now)
    return True


UNLEFT = ("waiting", "failed")
"""States of what has not left: no copy of it is anywhere else."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """What was found half-sent after a crash."""

    again: int
    uncertain: tuple[Row, ...]
    """id, ticket_id, message_id of what may have left: shown to the agents."""


def recover(tx: Tx, refuses_duplicates: Callable[[str], bool], *, older_than: int = 0) -> Recovered:
    """What a process that is gone left `sending` goes again where its channel can, else is `uncertain`.

    `older_than` (µs): LEASE where other processes may live, which renew their claims; 0 where none can. This process's
    own claims are never touched.
    """
    left = (t.Outbox.state == "sending") & (t.Outbox.claimed_at <= tx.now - older_than)
    rows = tx.rows(
        t.Outbox.select(t.Outbox.id, t.Outbox.channel, t.Outbox.ticket_id, t.Outbox.message_id)
        .where(left & (t.Outbox.claimed_by != tx.instance))
        .order_by(t.Outbox.id)
    )
    safe = [row["id"] for row in rows if refuses_duplicates(row["channel"])]
    unsure = [row for row in rows if not refuses_duplicates(row["channel"])]
    if safe:
        tx.run(
            t.Outbox.update(state="waiting", due_at=tx.now, claimed_by=None, claimed_at=None).where(
                t.Outbox.id.in_(safe)
            )
        )
        tx.kick(tx.now)
    if unsure:
        tx.run(
            t.Outbox.update(
                state="uncertain", error="the desk stopped while this was being sent", settled_at=tx.now
            ).where(t.Outbox.id.in_([row["id"] for row in unsure]))
        )
    return Recovered(len(safe), tuple({k: row[k] for k in ("id", "ticket_id", "message_id")} for row in unsure))


def backlog(tx: Tx) -> dict[str, int]:
    """How many rows stand in each state that is not `sent`: for metrics and `readyz`."""
    rows = tx.rows(
        t.Outbox.select(t.Outbox.state, fn.COUNT(t.Outbox.id).alias("count"))
        .where(t.Outbox.state.in_(("waiting", "sending", "failed", "uncertain")))
        .group_by(t.Outbox.state)
    )
    return {row["state"]: row["count"] for row in rows}


def put(tx: Tx, changes: Iterable[Enqueue], real: Callable[[int], int]) -> None:
    """Puts in line what is to leave after the commit; `real` knows the ids of what the same decision has made."""
    rows = []
    for out in changes:
        tx.kick(out.due_at)
        rows.append(
            {
                "key": secrets.token_hex(16),
                "channel": out.channel,
                "ticket_id": real(out.ticket) if out.ticket is not None else None,
                "message_id": real(out.message) if out.message is not None else None,
                "body": seal_body(tx.ring, out.body),
                "due_at": out.due_at,
                "created_at": tx.now,
            }
        )
    tx.insert_many(t.Outbox, rows)

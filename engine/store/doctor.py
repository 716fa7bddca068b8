"""Proofs an operator may ask for: is the log whole, does the store hold together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from peewee import SQL, fn

from engine.store import tables as t
from engine.store.errors import KeyRingError
from engine.store.log import GENESIS, digest_of, keyed, link
from engine.store.tx import Tx

STEP = 5_000
"""Events read at a time: flat memory, whatever the length of the log."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is not right. `event_id` is where the log is broken."""

    code: str
    message: str
    event_id: int | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check of the log found."""

    events: int
    troubles: tuple[Trouble, ...]


def check_chain(tx: Tx, most: int = 50) -> Checked:
    """Walks the whole log: every event's hash follows from the one before, every body that is still there from its
    digest, the last from the counter. Finds edited, missing, added and reordered rows; at most `most` of them are
    told.

    An erased body is no trouble: its digest stands for it.
    """
    troubles: list[Trouble] = []
    previous, last_id, count = GENESIS, 0, 0
    key = keyed(tx.ring.chain)
    while len(troubles) < most:
        rows = tx.rows(t.Event.select().where(t.Event.id > last_id).order_by(t.Event.id).limit(STEP))
        if not rows:
            break
        for row in rows:
            count += 1
            number = row["id"]
            if number != last_id + 1:
                troubles.append(_missing(last_id + 1, number - 1))
            elif link(key, previous, row) != row["hash"]:
                troubles.append(Trouble("event-changed", f"event {number} is not what was written", number))
            if row["body"] is not None and digest_of(row["body"]) != row["body_digest"]:
                troubles.append(Trouble("event-body-changed", f"the body of event {number} is not what it was", number))
            previous, last_id = row["hash"], number
    counter = tx.row(t.Counter.select().where(t.Counter.name == "event"))
    if counter is None:
        troubles.append(Trouble("counter-missing", "the counter row of the log is gone"))
    elif len(troubles) < most:
        if counter["value"] > last_id:
            troubles.append(_missing(last_id + 1, counter["value"]))
        elif counter["value"] < last_id:
            troubles.append(
                Trouble("event-added", f"events after {counter['value']} were not written by the desk", last_id)
            )
        elif count and counter["mark"] != previous:
            troubles.append(Trouble("event-changed", f"event {last_id}, the last, is not what was written", last_id))
    return Checked(count, tuple(troubles[:most]))


def _missing(first: int, last: int) -> Trouble:
    what = f"event {first} is missing" if first == last else f"events {first} to {last} are missing"
    return Trouble("event-missing", what, first)


def check_store(tx: Tx) -> list[Trouble]:
    """Looks for what should never be: unreadable identities, numbers ahead of their counter, messages without a
    ticket."""
    troubles: list[Trouble] = []
    highest: Any = tx.value(t.Ticket.select(fn.COALESCE(fn.MAX(t.Ticket.number), 0)))
    counted = tx.value(t.Counter.select(t.Counter.value).where(t.Counter.name == "ticket"))
    if counted is None or highest > counted:
        troubles.append(Trouble("counter-behind", f"ticket numbers went to {highest}, the counter says {counted}"))
    for row in tx.rows(t.Identity.select().order_by(t.Identity.id.desc()).limit(100)):
        try:
            tx.ring.decrypt_text(row["value"], f"identity:{row['kind']}")
        except KeyRingError:
            troubles.append(Trouble("identity-unreadable", f"identity {row['id']} does not open with this key ring"))
    strays = tx.value(
        t.Message.select(fn.COUNT(SQL("*"))).where(t.Message.ticket_id.not_in(t.Ticket.select(t.Ticket.id)))
    )
    if strays:
        troubles.append(Trouble("message-without-ticket", f"{strays} messages belong to no ticket"))
    return troubles

"""Scheduled rules in the store: when each runs next, who runs it, and how far it has come.

A run goes over the tickets or members there were when it began, by id. Its place moves in the transaction that deals
with each of them, and only for the process that holds the run: so nothing is done twice, whoever crashes or is late.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from peewee import Case, fn

from engine.core.entities import SECOND
from engine.store import tables as t
from engine.store.queries import OPEN
from engine.store.sql import Prepared, Row, p
from engine.store.tx import Tx

LEASE = 60 * SECOND
"""How long a run is held: longer than any page takes; after it another process goes on with it."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run that this process holds. `since`: when it was due; `done`, `upto`: ids, the rest lies between them."""

    id: int
    shop: str
    key: str
    since: int
    done: int
    upto: int


_ALL = Prepared(lambda: t.Schedule.select().order_by(t.Schedule.due_at, t.Schedule.id))


def _next() -> Any:
    theirs = (t.Schedule.holder != p("me")) & (t.Schedule.held_until > t.Schedule.due_at)
    return t.Schedule.select(fn.MIN(Case(None, ((theirs, t.Schedule.held_until),), t.Schedule.due_at)))


_NEXT = Prepared(_next)


def keep(tx: Tx, wanted: Mapping[tuple[str, str], int]) -> None:
    """Brings the table in line with a rulebook: (shop, event key) → when it runs next.

    A run that is going on or was missed stays as it is; what no rule waits for any more goes.
    """
    for row in tx.rows(_ALL):
        due = wanted.get((row["shop"], row["key"]))
        if due is None:
            tx.run(t.Schedule.delete().where(t.Schedule.id == row["id"]))
        elif row["since"] is None and row["due_at"] > tx.now and row["due_at"] != due:
            tx.update(t.Schedule, {"due_at": due}, id=row["id"])
    rows = [{"shop": shop, "key": key, "due_at": due} for (shop, key), due in sorted(wanted.items())]
    tx.insert_many(t.Schedule, rows, ignore=True)


def next_due(tx: Tx) -> int | None:
    """When the next run begins or goes on; None when nothing is scheduled. It may lie in the past."""
    found = tx.value(_NEXT, me=tx.instance)
    return None if found is None else int(found)


def is_due(tx: Tx) -> bool:
    """Whether there is a run that this process could take now."""
    due = next_due(tx)
    return due is not None and due <= tx.now


def take(tx: Tx) -> Run | None:
    """Takes the run that is longest due, or goes on with one whose process is gone. None where there is none."""
    for row in tx.rows(_ALL):
        if row["due_at"] > tx.now:
            break
        free = (t.Schedule.holder.is_null()) | (t.Schedule.holder == tx.instance) | (t.Schedule.held_until <= tx.now)
        values = {"holder": tx.instance, "held_until": tx.now + LEASE}
        began = row["since"]
        if began is None:
            newest = {"ticket": t.Ticket, "member": t.Member}.get(each(row["key"]) or "")
            upto = 1 if newest is None else int(tx.value(newest.select(fn.MAX(newest.id))) or 0)
            values |= {"since": row["due_at"], "done": 0, "upto": upto}
            row |= values
        # Of two processes that see the run at once, one finds it taken.
        same = (t.Schedule.due_at == row["due_at"]) & (
            t.Schedule.since.is_null() if began is None else t.Schedule.since == began
        )
        if tx.run(t.Schedule.update(values).where((t.Schedule.id == row["id"]) & same & free)):
            return Run(row["id"], row["shop"], row["key"], row["since"], row["done"], row["upto"])
    return None


def each(key: str) -> Literal["ticket", "member"] | None:
    """What a run goes over, by the event's key (`every day at 09:00 for each ticket`)."""
    if key.endswith(" for each ticket"):
        return "ticket"
    return "member" if key.endswith(" for each member") else None


def place(tx: Tx, run: Run, done: int) -> bool:
    """Moves the run's place on to an id, in the transaction that deals with it; False: that was done, or another
    process has the run."""
    mine = (t.Schedule.id == run.id) & (t.Schedule.holder == tx.instance) & (t.Schedule.since == run.since)
    return tx.run(t.Schedule.update(done=done).where(mine & (t.Schedule.done < done))) == 1


def finish(tx: Tx, run: Run, next_due: int) -> None:
    """Ends a run: it comes again at `next_due`, µs UTC."""
    mine = (t.Schedule.id == run.id) & (t.Schedule.holder == tx.instance) & (t.Schedule.since == run.since)
    rest = {"due_at": next_due, "since": None, "done": 0, "upto": 0, "holder": None, "held_until": 0}
    tx.run(t.Schedule.update(rest).where(mine))


def tickets_left(tx: Tx, run: Run, kinds: Iterable[str], where: Any, limit: int) -> list[int]:
    """Ids of the shop's tickets that the run has not come to yet, the oldest first. `where`: see `wider`."""
    left = (t.Ticket.id > run.done) & (t.Ticket.id <= run.upto) & (t.Ticket.shop == run.shop)
    # A merged ticket lives on in another; one of a kind that rules no longer know cannot be decided.
    left &= t.Ticket.merged_into.is_null() & t.Ticket.kind.in_(sorted(kinds))
    if where is not None:
        left &= where
    return [
        int(found) for found in tx.values(t.Ticket.select(t.Ticket.id).where(left).order_by(t.Ticket.id).limit(limit))
    ]


def members_left(tx: Tx, run: Run, where: Any, limit: int) -> list[int]:
    """Ids of the shop's members that the run has not come to yet, the oldest first. `where`: see `wider`."""
    left = (t.Member.id > run.done) & (t.Member.id <= run.upto) & (t.Member.shop == run.shop)
    left &= t.Member.merged_into.is_null()
    if where is not None:
        left &= where
    return [
        int(found) for found in tx.values(t.Member.select(t.Member.id).where(left).order_by(t.Member.id).limit(limit))
    ]


def drop_timer(tx: Tx, timer_id: int) -> Row | None:
    """Takes a timer out, due or not. Returns its row; None when it was gone."""
    row = tx.row(t.Timer.select().where(t.Timer.id == timer_id))
    if row is not None:
        tx.run(t.Timer.delete().where(t.Timer.id == timer_id))
    return row


# --- what is published, carried to tickets ----------------------------------------------------------------------------


def count_open(tx: Tx) -> int:
    """How many tickets are open."""
    return int(tx.value(t.Ticket.select(fn.COUNT(t.Ticket.id)).where(t.Ticket.category.in_(OPEN))) or 0)


def open_after(tx: Tx, last: int, limit: int) -> list[int]:
    """Open tickets by id, after one."""
    mine = t.Ticket.category.in_(OPEN) & (t.Ticket.id > last)
    return list(tx.values(t.Ticket.select(t.Ticket.id).where(mine).order_by(t.Ticket.id).limit(limit)))

"""What can be worked out again from what is kept, and is: the search indexes, sums, the counter of numbers.

Nothing is guessed: a line that was changed, an event that is missing, a file without its bytes stay as they are, for
`engine doctor` to tell and a backup to mend.
"""

from __future__ import annotations

from typing import Any

from peewee import fn

from engine.store import doctor
from engine.store import tables as t
from engine.store.tx import Tx

MENDED = frozenset({"search-differs", "due-differs", "last-line-differs", "counter-behind"})
"""Codes of troubles that are mended here."""


def mendable(tx: Tx) -> list[doctor.Trouble]:
    """The troubles that `mend` would end, as the doctor tells them."""
    found = [*doctor.check_search(tx), *doctor.check_sums(tx), *doctor.check_store(tx)]
    return [one for one in found if one.code in MENDED]


def mend(tx: Tx) -> list[doctor.Trouble]:
    """Works out again what differs; gives what was mended. One transaction: all of it, or nothing."""
    found = mendable(tx)
    codes = {one.code for one in found}
    if "search-differs" in codes:
        for name, (model, column) in doctor.searched().items():
            _index(tx, name, model, column)
    ticket = t.Ticket
    if "due-differs" in codes:
        tx.run(ticket.update(due_at=doctor.earliest_due()).where(ticket.due_at != doctor.earliest_due()))
    if "last-line-differs" in codes:
        newest = doctor.newest_line()
        tx.run(
            ticket.update(last_message_id=newest).where(
                ticket.last_message_id.is_null(False) & (ticket.last_message_id != newest)
            )
        )
    if "counter-behind" in codes:
        highest: Any = tx.value(ticket.select(fn.COALESCE(fn.MAX(ticket.number), 0)))
        tx.run(t.Counter.update(value=highest).where((t.Counter.name == "ticket") & (t.Counter.value < highest)))
    return found


def _index(tx: Tx, name: str, model: Any, column: Any) -> None:
    """A search index made anew."""
    index = tx.indexes[name]
    index.clear()
    last = 0
    while rows := tx.rows(
        model.select(model.id, column.alias("text")).where(model.id > last).order_by(model.id).limit(doctor.STEP)
    ):
        for row in rows:
            index.put(row["id"], row["text"] or "")
        last = rows[-1]["id"]

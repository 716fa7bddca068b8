"""The statements of templates of tickets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from peewee import fn

from engine.features.ticket_templates.tables import TicketTemplate
from engine.store import Tx
from engine.store.sql import Row


def listed(tx: Tx, shops: Sequence[str] | None) -> list[Row]:
    """Every template of the shops (None: of all) and of the whole desk, by title."""
    query = TicketTemplate.select().order_by(TicketTemplate.title, TicketTemplate.id)
    if shops is not None:
        query = query.where(TicketTemplate.shop.in_(["", *shops]))
    return tx.rows(query)


def entry(tx: Tx, row_id: int) -> Row | None:
    """One template."""
    return tx.row(TicketTemplate.select().where(TicketTemplate.id == row_id))


def count(tx: Tx) -> int:
    """How many there are."""
    return int(tx.value(TicketTemplate.select(fn.COUNT(TicketTemplate.id))))


def save(tx: Tx, values: Mapping[str, Any], row_id: int | None = None) -> int:
    """Makes or changes a template; what is not named stays. Returns its id."""
    columns = {**values, "updated_at": tx.now}
    if row_id is None:
        return tx.insert(TicketTemplate, {**columns, "created_at": tx.now})
    tx.update(TicketTemplate, columns, id=row_id)
    return row_id


def delete(tx: Tx, row_id: int) -> None:
    """Takes a template out."""
    tx.run(TicketTemplate.delete().where(TicketTemplate.id == row_id))

"""The statements of saved views."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from peewee import fn

from engine.features.views.tables import View
from engine.store import Tx
from engine.store.log import to_json
from engine.store.sql import Row


def listed(tx: Tx, agent_id: int | None, shops: Sequence[str] | None) -> list[Row]:
    """The views an agent may use: own ones, those of the shops (None: of all) and of the desk, by name."""
    shared = View.agent_id.is_null()
    if shops is not None:
        shared &= View.shop.in_(["", *shops])
    query = View.select().where((View.agent_id == (agent_id or 0)) | shared).order_by(View.name, View.id)
    return [_plain(row) for row in tx.rows(query)]


def entry(tx: Tx, view_id: int) -> Row | None:
    """One view."""
    row = tx.row(View.select().where(View.id == view_id))
    return None if row is None else _plain(row)


def count(tx: Tx, agent_id: int | None) -> int:
    """How many an agent keeps; None: how many are shared."""
    whose = View.agent_id.is_null() if agent_id is None else View.agent_id == agent_id
    return int(tx.value(View.select(fn.COUNT(View.id)).where(whose)))


def save(tx: Tx, values: Mapping[str, Any], view_id: int | None = None) -> int:
    """Makes or changes a view; what is not named stays. Returns its id."""
    columns = {**values, "updated_at": tx.now}
    if "columns" in columns:
        columns["columns"] = to_json(columns["columns"])
    if view_id is None:
        return tx.insert(View, columns)
    tx.update(View, columns, id=view_id)
    return view_id


def delete(tx: Tx, view_id: int) -> None:
    """Takes a view out."""
    tx.run(View.delete().where(View.id == view_id))


def erase(tx: Tx, agent_id: int) -> None:
    """Takes out an agent's own views."""
    tx.run(View.delete().where(View.agent_id == agent_id))


def _plain(row: Row) -> Row:
    return {**row, "columns": json.loads(row["columns"])}

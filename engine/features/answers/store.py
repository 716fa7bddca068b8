"""The auto-reply library: its rows, and all of it as the one value that decisions ask."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from engine.core.library import Answer, Library
from engine.store import tables as t
from engine.store.log import to_json
from engine.store.sql import Prepared, Row, p
from engine.store.tx import Tx

VERSION = "answers"
"""The counter that every change of the library counts up, in the same transaction."""

_VERSION = Prepared(lambda: t.Counter.select(t.Counter.value).where(t.Counter.name == p("name")))
_KNOWN: WeakKeyDictionary[Any, Library] = WeakKeyDictionary()


def library(tx: Tx) -> Library:
    """The answers in use, read anew only when they changed."""
    version = int(tx.value(_VERSION, name=VERSION) or 0)
    known = _KNOWN.get(tx.database)
    if known is None or known.version != version:
        known = Library(version, tuple(_answer(row) for row in listed(tx) if row["enabled"]))
        _KNOWN[tx.database] = known
    return known


def listed(tx: Tx) -> list[Row]:
    """Every entry in its order, as plain values."""
    return [_plain(row) for row in tx.rows(t.Answer.select().order_by(t.Answer.position, t.Answer.id))]


def entry(tx: Tx, answer_id: int) -> Row | None:
    """One entry."""
    row = tx.row(t.Answer.select().where(t.Answer.id == answer_id))
    return None if row is None else _plain(row)


def save(tx: Tx, values: Mapping[str, Any], answer_id: int | None = None) -> int:
    """Makes or changes an entry; what is not named stays. Gives its id."""
    columns = {k: to_json(v) if k in ("titles", "keywords", "texts") else v for k, v in values.items()}
    columns["updated_at"] = tx.now
    if answer_id is None:
        answer_id = tx.insert(t.Answer, {**columns, "created_at": tx.now})
    else:
        tx.update(t.Answer, columns, id=answer_id)
    tx.next_number(VERSION)
    return answer_id


def delete(tx: Tx, answer_id: int) -> None:
    """Takes an entry out."""
    tx.run(t.Answer.delete().where(t.Answer.id == answer_id))
    tx.next_number(VERSION)


def _plain(row: Row) -> Row:
    return {
        **row,
        "titles": json.loads(row["titles"]),
        "keywords": json.loads(row["keywords"]),
        "texts": json.loads(row["texts"]),
        "enabled": bool(row["enabled"]),
    }


def _answer(row: Row) -> Answer:
    return Answer(row["id"], row["titles"], row["texts"], tuple(row["keywords"]), row["shop"], row["position"])

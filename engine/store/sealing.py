"""Values of fields that are stored otherwise than the rulebook in force has them: plain though they are personal now,
or encrypted though they no longer are. Screens cover them at once (`Scope.masked`); here they are written anew."""

from __future__ import annotations

import json
from functools import reduce
from operator import or_
from typing import Any, get_args

from peewee import fn

from engine.store import tables as t
from engine.store.log import to_json
from engine.store.sql import Prepared, p
from engine.store.tx import Tx
from engine.store.values import Lexicon, Owner, decode_fields, encode_fields, field_rows

_FIELDS = {
    "ticket": Prepared(lambda: t.Ticket.select(t.Ticket.fields).where(t.Ticket.id == p("id")), lock_rows=t.Ticket),
    "member": Prepared(lambda: t.Member.select(t.Member.fields).where(t.Member.id == p("id")), lock_rows=t.Member),
}
_MODELS: dict[str, Any] = {"ticket": t.Ticket, "member": t.Member}


def _stray(words: Lexicon) -> Any:
    """Values whose row for filters is not of the kind that their field wants. What is no longer declared stays as it
    is: nobody said that it may be read."""
    wrong = []
    for owner in get_args(Owner):
        names = {full.removeprefix(f"{owner}.") for full in words.field_types if full.startswith(f"{owner}.")}
        sealed = {name for name in names if words.is_personal(owner, name)}
        mine = t.FieldValue.owner_kind == owner
        wrong.append(mine & t.FieldValue.name.in_(sorted(sealed)) & t.FieldValue.key.is_null())
        wrong.append(mine & t.FieldValue.name.in_(sorted(names - sealed)) & t.FieldValue.key.is_null(False))
    return reduce(or_, wrong)


def count_stray(tx: Tx, words: Lexicon) -> int:
    """How many such values there are."""
    return int(tx.value(t.FieldValue.select(fn.COUNT(t.FieldValue.id)).where(_stray(words))))


def owners_of_stray(tx: Tx, words: Lexicon, limit: int) -> list[tuple[Owner, int]]:
    """Tickets and members that have such values."""
    which = (t.FieldValue.owner_kind, t.FieldValue.owner_id)
    rows = tx.rows(t.FieldValue.select(*which).where(_stray(words)).distinct().order_by(*which).limit(limit))
    return [(row["owner_kind"], row["owner_id"]) for row in rows]


def reseal(tx: Tx, words: Lexicon, owner: Owner, owner_id: int) -> None:
    """Writes the values of one of them as the rulebook has them, and what filters find them by."""
    text = tx.value(_FIELDS[owner], id=owner_id) or "{}"
    stored = json.loads(text)
    known = {name for name in stored if f"{owner}.{name}" in words.field_types}
    values = {name: value for name, value in decode_fields(owner, text, tx.ring).items() if name in known}
    written = json.loads(encode_fields(owner, values, words, tx.ring))
    names = [full.removeprefix(f"{owner}.") for full in words.field_types if full.startswith(f"{owner}.")]
    mine = (t.FieldValue.owner_kind == owner) & (t.FieldValue.owner_id == owner_id)
    tx.run(t.FieldValue.delete().where(mine & t.FieldValue.name.in_(names)))
    tx.insert_many(t.FieldValue, field_rows(owner, owner_id, values, words, tx.ring))
    tx.update(_MODELS[owner], {"fields": to_json({**stored, **written})}, id=owner_id)

"""The auto-reply library: its rows, and all of it as the one value that decisions ask."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

from peewee import fn

from engine.core.entities import DAY
from engine.core.library import Answer, Library
from engine.features.answers import tables as t
from engine.lang import fold
from engine.store.log import to_json
from engine.store.sql import Prepared, Row, p
from engine.store.tables import Counter
from engine.store.tx import Tx

HOT_DAYS = 90
"""Days for which clicks count."""
KEY = "answers.clicks"
"""Where the key of the day stands under which clicks are counted."""
VERSION = "answers"
"""The counter that every change of the library counts up, in the same transaction."""

_VERSION = Prepared(lambda: Counter.select(Counter.value).where(Counter.name == p("name")))


@dataclass(frozen=True)
class Entries:
    """Every entry of the library in its order, as plain values; of one version."""

    version: int
    rows: tuple[Row, ...]

    @cached_property
    def library(self) -> Library:
        """Those in use, for decisions."""
        return Library(self.version, tuple(_answer(row) for row in self.rows if row["enabled"]))

    @cached_property
    def _written(self) -> dict[int, str]:
        words = ((row["id"], *row["titles"].values(), *row["texts"].values(), *row["keywords"]) for row in self.rows)
        return {answer_id: fold("\n".join(said)) for answer_id, *said in words}

    def having(self, text: str) -> list[Row]:
        """The entries whose titles, texts or keywords have a text; every entry where there is none."""
        wanted = fold(text.strip())
        return [row for row in self.rows if wanted in self._written[row["id"]]] if wanted else list(self.rows)


_KNOWN: WeakKeyDictionary[Any, Entries] = WeakKeyDictionary()


def entries(tx: Tx) -> Entries:
    """The entries, read anew only when they changed."""
    version = int(tx.value(_VERSION, name=VERSION) or 0)
    known = _KNOWN.get(tx.database)
    if known is None or known.version != version:
        rows = tx.rows(t.Answer.select().order_by(t.Answer.position, t.Answer.id))
        known = _KNOWN[tx.database] = Entries(version, tuple(map(_plain, rows)))
    return known


def library(tx: Tx) -> Library:
    """The answers in use."""
    return entries(tx).library


def count(tx: Tx) -> int:
    """How many entries there are."""
    return int(tx.value(t.Answer.select(fn.COUNT(t.Answer.id))))


def clicks(tx: Tx) -> dict[int, int]:
    """How often each entry was chosen in the last days, by id: each `who` of `click` counts once a day."""
    count = fn.COUNT(t.AnswerClick.who)
    query = (
        t.AnswerClick.select(t.AnswerClick.answer_id, count.alias("clicks"))
        .where(t.AnswerClick.day > tx.now // DAY - HOT_DAYS)
        .group_by(t.AnswerClick.answer_id)
    )
    return {row["answer_id"]: row["clicks"] for row in tx.rows(query)}


def click(tx: Tx, answer_id: int, who: str) -> None:
    """Counts that somebody chose an entry: a member, or a network. Neither can be told from the row a day later."""
    day = tx.now // DAY
    digest = hmac.new(_key_of(tx, day), who.encode(), hashlib.sha256).hexdigest()
    tx.insert_many(t.AnswerClick, [{"answer_id": answer_id, "day": day, "who": digest}], ignore=True)


def _key_of(tx: Tx, day: int) -> bytes:
    """The key of a day: made with its first click, in the place of the one before, which then is nowhere."""
    row = tx.row(Counter.select().where(Counter.name == KEY))
    if row is not None and row["value"] == day:
        return bytes.fromhex(row["mark"])
    if row is not None:
        tx.run(Counter.delete().where((Counter.name == KEY) & (Counter.value == row["value"])))
    tx.insert_many(Counter, [{"name": KEY, "value": day, "mark": secrets.token_hex(32)}], ignore=True)
    return bytes.fromhex(str(tx.value(Counter.select(Counter.mark).where(Counter.name == KEY))))


def forget_clicks(tx: Tx) -> bool:
    """Takes out the key of a day that is over, and the clicks of the first day that counts no more; returns whether
    there were such clicks."""
    tx.run(Counter.delete().where((Counter.name == KEY) & (Counter.value < tx.now // DAY)))
    day = tx.value(t.AnswerClick.select(fn.MIN(t.AnswerClick.day)))
    if day is None or day > tx.now // DAY - HOT_DAYS:
        return False
    tx.run(t.AnswerClick.delete().where(t.AnswerClick.day == day))
    return True


def entry(tx: Tx, answer_id: int) -> Row | None:
    """One entry."""
    row = tx.row(t.Answer.select().where(t.Answer.id == answer_id))
    return None if row is None else _plain(row)


def types(tx: Tx) -> list[Row]:
    """Question types by name: label, and how many entries have it."""
    counts = {
        row["type"]: row["answers"]
        for row in tx.rows(
            t.Answer.select(t.Answer.type, fn.COUNT(t.Answer.id).alias("answers"))
            .where(t.Answer.type.is_null(False))
            .group_by(t.Answer.type)
        )
    }
    rows = tx.rows(t.AnswerType.select().order_by(t.AnswerType.created_at, t.AnswerType.name))
    return [
        {"name": row["name"], "label": json.loads(row["label"]), "answers": counts.get(row["name"], 0)} for row in rows
    ]


def save_type(tx: Tx, name: str, label: Mapping[str, str]) -> None:
    """Makes a question type or gives it another label."""
    if not tx.update(t.AnswerType, {"label": to_json(label)}, name=name):
        tx.insert_many(t.AnswerType, [{"name": name, "label": to_json(label), "created_at": tx.now}])


def delete_type(tx: Tx, name: str) -> bool:
    """Takes a question type out; False when there is none."""
    return tx.run(t.AnswerType.delete().where(t.AnswerType.name == name)) > 0


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


def delete(tx: Tx, answer_ids: Collection[int]) -> int:
    """Takes entries out, with what was clicked of them. Returns how many there were."""
    ids = list(answer_ids)
    tx.run(t.AnswerClick.delete().where(t.AnswerClick.answer_id.in_(ids)))
    gone = tx.run(t.Answer.delete().where(t.Answer.id.in_(ids)))
    if gone:
        tx.next_number(VERSION)
    return gone


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

"""Traces as desks kept them when they kept sentences: what a store of then holds."""

from __future__ import annotations

import sqlite3

from engine.core.actions import in_words
from engine.store.log import plain_json
from engine.store.packing import pack, unpack_trace
from tests.support.house import House


def tell_in_sentences(house: House) -> int:
    """Rewrites every trace of a closed desk as it would have been kept then; returns how many rules they tell of."""
    count = 0
    (path,) = house.config.data.glob("*.db")
    with sqlite3.connect(path) as store:
        for number, packed in store.execute("SELECT id, trace FROM decision").fetchall():
            old = [
                {
                    "rule": entry.rule,
                    "title": entry.title,
                    "file": entry.file,
                    "line": entry.line,
                    "stage": entry.stage,
                    "wave": entry.wave,
                    "outcome": entry.outcome,
                    "why": str.__str__(entry.why),
                    "values": entry.values,
                    "changes": [str.__str__(in_words(change)) for change in entry.changes],
                }
                for entry in unpack_trace(packed)
            ]
            store.execute("UPDATE decision SET trace = ? WHERE id = ?", (pack(plain_json(old)), number))
            count += len(old)
    return count

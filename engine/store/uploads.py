"""Uploads: rows of files, by their random public names."""

from __future__ import annotations

import secrets
from collections.abc import Collection

from peewee import fn

from engine.core.access import Scope
from engine.core.entities import DAY
from engine.store import tables as t
from engine.store.queries import of_ticket
from engine.store.sql import Row
from engine.store.tx import Tx

UNUSED = DAY
"""An upload that no message names by then is removed."""


def add_file(tx: Tx, *, digest: str, shown: str, media_type: str, size: int, uploader: str) -> Row:
    """A new upload of `uploader` (`agent:3`, `member:5`, `visitor:KEY`); gives id, name, media_type and size as the
    API has them (`id` is the random public name)."""
    name = secrets.token_hex(16)
    tx.insert(
        t.File,
        {
            "name": name,
            "digest": digest,
            "shown": shown,
            "media_type": media_type,
            "size": size,
            "uploader": uploader,
            "created_at": tx.now,
        },
    )
    return {"id": name, "name": shown, "media_type": media_type, "size": size}


def hand_over(tx: Tx, names: Collection[str], before: str, uploader: str) -> None:
    """Of these uploads those that are `before`'s are another's from now on."""
    if names:
        tx.run(t.File.update(uploader=uploader).where(t.File.name.in_(list(names)) & (t.File.uploader == before)))


def find_file(tx: Tx, name: str, scope: Scope, uploader: str | None = None) -> Row | None:
    """A file for whoever may read the message it hangs on, or its uploader while it hangs on none.

    Gives digest, shown, media_type, size; None where it is not there or not for them.
    """
    row = tx.row(t.File.select().where(t.File.name == name))
    if row is None:
        return None
    if uploader is not None and row["uploader"] == uploader:
        return row
    query = (
        t.MessageFile.select(t.MessageFile.message_id)
        .join(t.Message, on=(t.Message.id == t.MessageFile.message_id))
        .join(t.Ticket, on=(t.Ticket.id == t.Message.ticket_id))
        .where(t.MessageFile.file_id == row["id"])
        .limit(1)
    )
    query = query.where(of_ticket(scope))
    if not scope.staff:
        query = query.where((t.Message.visibility != "internal") & t.Message.unsent_at.is_null())
    return row if tx.value(query) is not None else None


def unused_bytes(tx: Tx) -> int:
    """Bytes of visitors' and members' uploads that no message names yet."""
    theirs = t.File.claimed_at.is_null() & ~t.File.uploader.startswith("agent:")
    return int(tx.value(t.File.select(fn.COALESCE(fn.SUM(t.File.size), 0)).where(theirs)) or 0)


def unused_files(tx: Tx, limit: int = 100) -> list[Row]:
    """Uploads that no message named within a day: id, digest, and whether other rows share the bytes."""
    other = t.File.alias("other")
    shared = other.select(other.id).where((other.digest == t.File.digest) & (other.id != t.File.id)).limit(1)
    return tx.rows(
        t.File.select(t.File.id, t.File.digest, shared.alias("shared_with"))
        .where(t.File.claimed_at.is_null() & (t.File.created_at <= tx.now - UNUSED))
        .order_by(t.File.id)
        .limit(limit)
    )


def remove_files(tx: Tx, ids: list[int]) -> int:
    """Removes rows of uploads that hang on nothing; gives how many."""
    if not ids:
        return 0
    return tx.run(t.File.delete().where(t.File.id.in_(ids) & t.File.claimed_at.is_null()))

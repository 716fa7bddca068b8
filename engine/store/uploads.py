"""Uploads: rows of files, by their random public names."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from typing import Any

from peewee import fn

from engine.core.access import Scope
from engine.core.entities import DAY
from engine.store import tables as t
from engine.store.errors import FileRefused
from engine.store.queries import of_ticket, words_for_members
from engine.store.sql import Row
from engine.store.tx import Tx

UNUSED = DAY
"""An upload that no message names by then is removed."""
RECORD = "record:"
"""How the owner of what a record of the work log holds begins; its id follows."""


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
        query = query.where(words_for_members())
    return row if tx.value(query) is not None or (scope.staff and _of_record(tx, row["id"], scope)) else None


def _of_record(tx: Tx, file_id: int, scope: Scope) -> bool:
    """Whether an upload hangs on a record of a ticket that the scope sees."""
    holds = t.FileHold.select(t.FileHold.owner).where(
        (t.FileHold.file_id == file_id) & t.FileHold.owner.startswith(RECORD)
    )
    ids = [int(owner.removeprefix(RECORD)) for owner in tx.values(holds)]
    query = t.Record.select(t.Record.id).join(t.Ticket, on=(t.Ticket.id == t.Record.ticket_id))
    return bool(ids) and tx.value(query.where(t.Record.id.in_(ids) & of_ticket(scope)).limit(1)) is not None


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
        .where(t.File.claimed_at.is_null() & (t.File.created_at <= tx.now - UNUSED) & ~_is_held())
        .order_by(t.File.id)
        .limit(limit)
    )


def remove_files(tx: Tx, ids: list[int]) -> int:
    """Removes rows of uploads that hang on nothing; gives how many."""
    if not ids:
        return 0
    return tx.run(t.File.delete().where(t.File.id.in_(ids) & t.File.claimed_at.is_null() & ~_is_held()))


# --- what is written and not sent yet holds its files ----------------------------------------------------------------


def _is_held() -> Any:
    held: Any = fn.EXISTS(t.FileHold.select(t.FileHold.file_id).where(t.FileHold.file_id == t.File.id))
    return held


def hold(tx: Tx, owner: str, names: Sequence[str], uploader: str) -> None:
    """From now on `owner` holds these uploads, and no others, in this order.

    Raises FileRefused where one is not the uploader's own, or is not there.
    """
    tx.run(t.FileHold.delete().where(t.FileHold.owner == owner))
    if not names:
        return
    rows = {row["name"]: row for row in tx.rows(t.File.select().where(t.File.name.in_(list(names))))}
    for name in names:
        if name not in rows or rows[name]["uploader"] != uploader:
            raise FileRefused(f"there is no upload `{name}`")
    holds = [
        {"owner": owner, "file_id": rows[name]["id"], "position": position}
        for position, name in enumerate(dict.fromkeys(names))
    ]
    tx.insert_many(t.FileHold, holds)


def held(tx: Tx, owners: Collection[str]) -> dict[str, list[dict[str, Any]]]:
    """The files of each owner, in order, as the API shows them."""
    found: dict[str, list[dict[str, Any]]] = {owner: [] for owner in owners}
    if found:
        query = (
            t.FileHold.select(t.FileHold.owner, t.File.name, t.File.shown, t.File.media_type, t.File.size)
            .join(t.File, on=(t.File.id == t.FileHold.file_id))
            .where(t.FileHold.owner.in_(list(found)))
            .order_by(t.FileHold.owner, t.FileHold.position)
        )
        for row in tx.rows(query):
            shown = {"id": row["name"], "name": row["shown"], "media_type": row["media_type"], "size": row["size"]}
            found[row["owner"]].append(shown)
    return found


def release(tx: Tx, owners: Collection[str]) -> None:
    """These hold nothing any more; what no line names then is swept as any unused upload."""
    if owners:
        tx.run(t.FileHold.delete().where(t.FileHold.owner.in_(list(owners))))

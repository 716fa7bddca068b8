"""Drafts and waiting lines on both storages: revisions, files that are held, and what is swept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.core.entities import DAY
from engine.store import FileRefused, Store, Tx, drafts, scheduled, uploads
from engine.store import tables as t
from tests.store.desk import agent, guest, line


def _file(tx: Tx, uploader: str) -> str:
    kind = {"media_type": "text/plain", "size": 1, "uploader": uploader}
    return str(uploads.add_file(tx, digest=f"d{tx.now}", shown="a.txt", **kind)["id"])


def test_a_draft_is_kept_by_revision_and_holds_its_file_until_it_goes(open_store: Callable[[], Store]) -> None:
    store = open_store()
    member, amy = guest(store), agent(store, "amy")
    ticket: Any = store.write_sync(lambda tx: line(tx, member, "hi")).result.ticket_id
    name = store.write_sync(lambda tx: _file(tx, f"agent:{amy}")).result
    other = store.write_sync(lambda tx: _file(tx, "agent:999")).result

    def save(text: str, base: int | None, *files: str) -> bool:
        return store.write_sync(lambda tx: drafts.save(tx, amy, ticket, "public", text, files, base)).result

    def one() -> Any:
        return store.read_sync(lambda tx: drafts.one(tx, amy, ticket, "public"))

    assert save("one", None, name) and not save("again", None)
    first = one()["revision"]
    assert save("two", first, name) and not save("late", first) and one()["revision"] > first
    with pytest.raises(FileRefused):
        save("hers", one()["revision"], other)
    assert (one()["text"], [file["id"] for file in one()["attachments"]]) == ("two", [name]), "nothing half done"

    def unused() -> int:
        def job(tx: Tx) -> int:
            tx.run(t.File.update(created_at=tx.now - 2 * DAY))
            return len(uploads.unused_files(tx))

        return store.write_sync(job).result

    assert unused() == 1, "the other one"
    values = {"agent_id": amy, "ticket_id": ticket, "text": "later", "undo": True, "send_at": 5}
    kept = store.write_sync(lambda tx: scheduled.add(tx, values, (name,))).result
    assert store.write_sync(lambda tx: drafts.clear_sent(tx, amy, ticket, "public", " two ", None)).result
    assert one() is None and unused() == 1, "the waiting line holds it"
    assert store.read_sync(lambda tx: scheduled.of_ticket(tx, ticket, amy))[0]["attachments"][0]["id"] == name
    assert store.read_sync(lambda tx: scheduled.of_ticket(tx, ticket, None)) == [], "only its writer takes it back"
    store.write_sync(lambda tx: scheduled.drop(tx, [kept]))
    assert unused() == 2

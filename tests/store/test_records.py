"""The work log on both storages: the database refuses to change it, and what was changed all the same is found."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.access import Scope
from engine.core.entities import SYSTEM
from engine.store import Store, Tx, records
from engine.store import tables as t
from engine.store.doctor import ADVICE
from tests.store.desk import agent, guest, line


@pytest.fixture
def ticket(store: Store) -> int:
    """A ticket with three entries."""
    writer, member = agent(store, "amy"), guest(store)
    number = store.write_sync(lambda tx: line(tx, member, "hi")).result.number

    def write(tx: Tx) -> int:
        row = records.locked_ticket(tx, Scope(), number or 0)
        assert row is not None
        for n in range(3):
            about = {"kind": "handling", "agent_id": writer, "at": tx.now, "minutes": 5, "corrects": None, "round": 0}
            record = records.add(tx, row["id"], about, {"text": f"call {n}"}, (), f"agent:{writer}")
            tx.record("record.added", {"record": record}, actor=SYSTEM, shop="demo", ticket_id=row["id"])
        return int(row["id"])

    return store.write_sync(write).result


def found(store: Store) -> list[str]:
    return [one.code for one in store.read_sync(records.check_records).troubles]


def test_the_database_refuses_all_but_erasing(store: Store, ticket: int) -> None:
    ours = t.Record.ticket_id == ticket
    for query in (
        t.Record.update(body='{"text":"otherwise"}').where(ours),
        t.Record.update(minutes=99).where(ours),
        t.Record.update(body=None, minutes=99).where(ours),
        t.Record.update(body=None, hash="0").where(ours),
        t.Record.delete().where(ours),
    ):
        with pytest.raises(Exception, match="never changed or deleted"):
            store.write_sync(lambda tx, query=query: tx.run(query))
    assert found(store) == []
    assert store.write_sync(lambda tx: records.erase(tx, [ticket])).result == 3
    assert store.write_sync(lambda tx: records.erase(tx, [ticket])).result == 0
    assert found(store) == [], "what the desk erased leaves the chain whole"
    with pytest.raises(Exception, match="never changed or deleted"):
        store.write_sync(lambda tx: tx.run(t.Record.update(body="{}").where(ours)))


OURS: Any = t.Record.number


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda: t.Record.update(minutes=99).where(OURS == 2), "record-changed"),
        (lambda: t.Record.update(body='{"text":"x"}').where(OURS == 2), "record-changed"),
        (lambda: t.Record.update(body_digest="0").where(OURS == 2), "record-changed"),
        (lambda: t.Record.delete().where(OURS == 2), "record-missing"),
        (lambda: t.Record.delete().where(OURS == 3), "record-missing"),
        (lambda: t.Record.delete(), "record-missing"),
    ],
)
def test_what_was_changed_from_outside_is_found(store: Store, ticket: int, change: Any, code: str) -> None:
    database = store.storage.database
    on = "" if database.param == "?" else ' ON "record"'

    def mutilate(tx: Tx) -> None:
        for name in ("record_fixed", "record_kept"):
            tx.say(f'DROP TRIGGER IF EXISTS "{name}"{on}')
        tx.run(change())

    store.write_sync(mutilate)
    told = found(store)
    assert code in told and ADVICE.keys() >= set(told)

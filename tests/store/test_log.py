"""The chain of events: every edited, missing, added or reordered row is found; an erased body is no trouble."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from engine.store import Store, Tx
from engine.store import tables as t
from engine.store.doctor import check_chain, check_store
from engine.store.log import digest_of, keyed, link
from tests.store.desk import guest, line


@pytest.fixture
def filled(store: Store) -> Store:
    """A store with twenty events, written in batches."""
    member = guest(store)

    async def many() -> None:
        await asyncio.gather(*[store.write(lambda tx, i=i: line(tx, member, f"line {i}")) for i in range(19)])

    asyncio.run(many())
    return store


def codes(store: Store) -> list[tuple[str, int | None]]:
    """What the doctor finds."""
    return [(one.code, one.event_id) for one in store.read_sync(check_chain).troubles]


def tamper(store: Store, sql: str) -> None:
    """Changes rows behind the desk's back."""
    store.write_sync(lambda tx: tx.database.execute_sql(sql))


def test_a_whole_log_is_whole(filled: Store) -> None:
    checked = filled.read_sync(check_chain)
    assert checked.events == 20 and checked.troubles == ()
    assert filled.read_sync(check_store) == []


def test_an_empty_log_is_whole(store: Store) -> None:
    assert store.read_sync(check_chain).troubles == ()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("UPDATE event SET kind = 'x' WHERE id = 7", ("event-changed", 7)),
        ("UPDATE event SET at = at + 1 WHERE id = 7", ("event-changed", 7)),
        ("UPDATE event SET actor_id = 99 WHERE id = 7", ("event-changed", 7)),
        ("UPDATE event SET shop = NULL WHERE id = 7", ("event-changed", 7)),
        ("UPDATE event SET ticket_id = 2 WHERE id = 7", ("event-changed", 7)),
        ("UPDATE event SET hash = 'aa' WHERE id = 20", ("event-changed", 20)),
        ("UPDATE event SET body = '{}' WHERE id = 7", ("event-body-changed", 7)),
        ("UPDATE event SET body_digest = 'aa', body = NULL WHERE id = 7", ("event-changed", 7)),
        ("DELETE FROM event WHERE id = 7", ("event-missing", 7)),
        ("DELETE FROM event WHERE id = 1", ("event-missing", 1)),
        ("DELETE FROM event WHERE id = 20", ("event-missing", 20)),
        ("DELETE FROM event WHERE id > 15", ("event-missing", 16)),
        ("DELETE FROM event", ("event-missing", 1)),
        (
            "INSERT INTO event (id, at, kind, actor_kind, actor_id, body_digest, hash) "
            "VALUES (21, 1, 'x', 'system', 0, 'a', 'b')",
            ("event-changed", 21),
        ),
        ("UPDATE counter SET value = 19 WHERE name = 'event'", ("event-added", 20)),
    ],
)
def test_tampering_is_found_where_it_was_done(filled: Store, sql: str, expected: tuple[str, int]) -> None:
    tamper(filled, sql)
    assert expected in codes(filled)


def test_two_events_exchanged_are_found(filled: Store) -> None:
    tamper(filled, "UPDATE event SET id = 1000 WHERE id = 5")
    tamper(filled, "UPDATE event SET id = 5 WHERE id = 6")
    tamper(filled, "UPDATE event SET id = 6 WHERE id = 1000")
    assert {5, 6} <= {place for _, place in codes(filled)}


def test_a_log_rewritten_without_the_key_is_found(filled: Store) -> None:
    def rewrite(tx: Tx) -> None:
        """Somebody with the database and our source, but not the key ring."""
        previous = "0" * 64
        last: dict[str, Any] = {}
        for row in tx.rows(t.Event.select().order_by(t.Event.id)):
            if row["id"] == 7:
                row["body"] = '{"message":1}'
                row["body_digest"] = digest_of(row["body"])
            row["hash"] = previous = link(keyed(b"guessed"), previous, row)
            tx.update(t.Event, {k: row[k] for k in ("body", "body_digest", "hash")}, id=row["id"])
            last = row
        tx.update(t.Counter, {"mark": last["hash"]}, name="event")

    filled.write_sync(rewrite)
    assert codes(filled)


def test_an_erased_body_leaves_the_chain_whole(filled: Store) -> None:
    tamper(filled, "UPDATE event SET body = NULL WHERE id IN (3, 4)")
    assert codes(filled) == []


def test_the_chain_goes_on_over_a_restart(open_store: Callable[[], Store]) -> None:
    store = open_store()
    member = guest(store)
    store.write_sync(lambda tx: line(tx, member, "one"))
    store.close()
    store = open_store()
    assert store.last_event_id == 2
    store.write_sync(lambda tx: line(tx, member, "two"))
    checked = store.read_sync(check_chain)
    assert checked.events == 3 and checked.troubles == ()

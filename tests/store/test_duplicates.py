"""A line that comes twice is the first one."""

from __future__ import annotations

from engine.store import Store, stream
from tests.store.desk import guest, line


def test_a_repeated_line_is_found_with_its_first_number(store: Store) -> None:
    member = guest(store)
    written = store.write_sync(lambda tx: line(tx, member, "hi", client_key="k", external_id="<1@x>"))
    store.write_sync(lambda tx: line(tx, member, "again", client_key="k2"))
    stored = store.read_sync(lambda tx: stream.duplicate_by_client(tx, "member", member, "k"))
    assert stored is not None
    assert (stored.text, stored.number, stored.seq) == ("hi", 1, written.events[1].id)
    assert store.read_sync(lambda tx: stream.duplicate_by_outside(tx, "chat", "", "<1@x>")) == stored
    assert store.read_sync(lambda tx: stream.duplicate_by_client(tx, "member", member + 1, "k")) is None
    assert store.read_sync(lambda tx: stream.duplicate_by_client(tx, "agent", member, "k")) is None

"""What every storage tells of itself, on each database that is there."""

from __future__ import annotations

from engine.store import Store
from tests.store.desk import guest, line


def test_a_storage_says_what_it_is_and_how_much_it_takes(store: Store, storage_url: str) -> None:
    storage = store.storage
    assert storage_url.startswith(storage.name)
    assert storage.looked_at
    member = guest(store)
    before = store.read_sync(lambda tx: storage.size())
    for n in range(20):
        store.write_sync(lambda tx, n=n: line(tx, member, f"{n} " + "長" * 20_000))
    assert store.read_sync(lambda tx: storage.size()) > before > 0

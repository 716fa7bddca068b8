"""A store on SQLite and on PostgreSQL: every test that takes `store` runs on both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.plugins import load
from engine.store import KeyRing, Store
from tests.support import stores

if TYPE_CHECKING:
    from tests.support.postgres import Postgres

KINDS = ("sqlite", "postgres")


class Clock:
    """A clock that stands until it is moved; each look is a microsecond later."""

    def __init__(self, now: int = 1_800_000_000_000_000) -> None:
        self.now = now

    def __call__(self) -> int:
        self.now += 1
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The clock of `store`."""
    return Clock()


@pytest.fixture(scope="session")
def plugins() -> Any:
    """The shelves."""
    return load()


@pytest.fixture(params=KINDS)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database of each kind: no table in it."""
    if request.param == "sqlite":
        yield f"sqlite:{tmp_path}/desk.db"
        return
    server: Postgres = request.getfixturevalue("postgres_server")
    name = server.create()
    yield server.url(name)
    server.drop(name)


@pytest.fixture(params=KINDS)
def storage_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database of each kind, with tables and nothing in them."""
    if request.param == "sqlite":
        yield stores.sqlite(tmp_path / "desk.db")
        return
    server: Postgres = request.getfixturevalue("postgres_server")
    name = stores.postgres(server)
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def ring() -> KeyRing:
    """The key ring of `store`."""
    return KeyRing.fresh()


@pytest.fixture
def open_store(storage_url: str, plugins: Any, ring: KeyRing, clock: Clock) -> Iterator[Callable[[], Store]]:
    """Opens the database again, as often as a test wants; all are closed at its end."""
    opened: list[Store] = []

    def again() -> Store:
        store = Store.open(plugins.open("storage", storage_url, {}), keys=ring, clock=clock)
        opened.append(store)
        return store

    yield again
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Callable[[], Store]) -> Store:
    """An open, empty store."""
    return open_store()


@pytest.fixture
def numbers() -> Iterator[int]:
    """Whole numbers, each once."""
    return count(1)

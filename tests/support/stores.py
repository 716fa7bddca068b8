"""Stores as the first start leaves them: migrated, with nothing in them. A copy is much quicker than migrating."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from engine import plugins
from engine.store import migrate

if TYPE_CHECKING:
    from tests.support.postgres import Postgres


def migrated(url: str) -> None:
    """Brings an empty database to this version's schema."""
    storage = plugins.load().open("storage", url, {})
    migrate.up(storage)
    storage.close()


@functools.cache
def _file() -> Path:
    """The one that is copied, made once a process."""
    folder = Path(tempfile.mkdtemp(prefix="store-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    migrated(f"sqlite:{folder}/desk.db")
    return folder / "desk.db"


def sqlite(path: Path) -> str:
    """A new store in this file; gives its address."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(_file(), path)
    return f"sqlite:{path}"


def postgres(server: Postgres) -> str:
    """A new store on this server; gives the name of its database."""
    return server.create(server.template("store", migrated))

"""SQLite: one file, write-ahead log, every COMMIT on disk (`synchronous=FULL`), full text in FTS5.

Addresses: `sqlite:data/desk.db` (from the desk's folder), `sqlite:///absolute/desk.db`; `sqlite:` alone is a file
that is gone when it is closed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import peewee
from peewee import SQL, Select, SqliteDatabase

from engine.api import Part, Storage, hookimpl

BUSY = 5000
"""Milliseconds to wait for another process's transaction; ours take a few."""
CHECKPOINT = 4000
"""Pages of the log (16 MB) after which they go into the file: most are written again within a thousand, SQLite's own
measure, and each way there costs the commit that has to walk it."""
STATEMENTS = 400
"""Compiled statements kept a connection: all our fixed ones."""
_translated: Any = peewee.__exception_wrapper__  # type: ignore[attr-defined]  # SQLite's errors as peewee's

# For each of these values the module would look for ways to adapt it, and raise and catch errors where there is none:
# fifty times a ticket. None and bytes stay what they are, a flag is a number.
_NONE: dict[None, None] = {None: None}
sqlite3.register_adapter(type(None), _NONE.get)
sqlite3.register_adapter(bytes, bytes)
sqlite3.register_adapter(bool, int)


class _Database(SqliteDatabase):
    """Remembers its connections so that `close_all` can end those of other threads."""

    def __init__(self, path: str) -> None:
        super().__init__(
            path,
            pragmas=(
                ("busy_timeout", BUSY),
                ("journal_mode", "wal"),
                ("synchronous", "full"),
                ("foreign_keys", 1),
                ("temp_store", "memory"),
                ("cache_size", -16000),
                ("wal_autocheckpoint", CHECKPOINT),
            ),
            timeout=BUSY / 1000,
            check_same_thread=False,
            cached_statements=STATEMENTS,
        )
        self._open: set[Any] = set()

    def _connect(self) -> Any:
        connection = super()._connect()  # type: ignore[misc]  # peewee's types leave it out
        self._open.add(connection)
        return connection

    def _close(self, connection: Any) -> None:
        self._open.discard(connection)
        super()._close(connection)  # type: ignore[misc]

    def close_all(self) -> None:
        """Ends every connection, whichever thread made it."""
        for connection in list(self._open):
            connection.close()


class Sqlite(Storage):
    """One SQLite file."""

    alone = True
    name = "sqlite"
    looked_at = "the database's own checks find nothing"

    def __init__(self, path: Path | None) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        if path is None:
            self._folder = tempfile.TemporaryDirectory(prefix="desk-")
            path = Path(self._folder.name) / "desk.db"
        self.fleeting = self._folder is not None
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.database = _Database(str(path))
        self._indexes: dict[str, Fts] = {}

    def exists(self) -> bool:
        """Whether there is a file that holds something: to look inside would make one."""
        return self.path.exists() and self.path.stat().st_size > 0

    def beside(self, name: str) -> Path:
        """A file beside the database, wherever a desk has it."""
        return self.path.with_name(f"{self.path.name}.{name}")

    def begin(self, read: bool = False) -> None:
        """IMMEDIATE for writing: the lock is had at once or not at all, never half-way."""
        self.database.execute_sql("BEGIN" if read else "BEGIN IMMEDIATE")

    def retryable(self, error: BaseException) -> bool:
        """Busy and locked; a full disk is not."""
        text = str(error)
        return "database is locked" in text or "database table is locked" in text

    @contextlib.contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """A lock file beside the database, let go by the system if the process dies."""
        path = self.beside(f"{name}.lock")
        with path.open("w") as file:
            deadline = time.monotonic() + 60
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise TimeoutError(f"`{path}` is held by another process") from None
                    time.sleep(0.05)
            yield

    def index(self, name: str) -> Fts:
        """An FTS5 table `search_NAME`."""
        if name not in self._indexes:
            self._indexes[name] = Fts(self.database, name)
        return self._indexes[name]

    def troubles(self) -> list[str]:
        """What SQLite's own checks find: torn pages, indexes that do not fit, rows that refer to nothing."""
        found = [str(row[0]) for row in self.database.execute_sql("PRAGMA integrity_check(20)").fetchall()]
        strays = self.database.execute_sql("PRAGMA foreign_key_check").fetchmany(20)
        told = [f"row {row} of `{table}` refers to a `{parent}` that is not there" for table, row, parent, _ in strays]
        return [line for line in found if line != "ok"] + told

    def size(self) -> int:
        """Pages that are there, free ones too; without the log beside it."""
        query = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        return int(self.database.execute_sql(query).fetchone()[0])

    def copy_before(self, migration: str) -> Path | None:
        """A copy named after the migration; an earlier one of that name is replaced."""
        copy = self.beside(f"before-{migration}")
        copy.unlink(missing_ok=True)
        self.backup(copy)
        return copy

    def backup(self, to: Path) -> None:
        """SQLite's own online copy, to a file that is complete or not there."""
        draft = to.with_name(f"{to.name}.{os.getpid()}.{threading.get_ident()}.part")
        source = sqlite3.connect(self.path, timeout=BUSY / 1000)
        try:
            target = sqlite3.connect(draft)
            try:
                source.backup(target)
            finally:
                target.close()
        finally:
            source.close()
        descriptor = os.open(draft, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
        draft.replace(to)

    def close(self) -> None:
        """Closes every connection; a throw-away store is removed."""
        self.database.close_all()
        if self._folder is not None:
            self._folder.cleanup()


class Fts:
    """Contentless FTS5 over our tokens: it stores the index only, and deletes with the old tokens."""

    def __init__(self, database: SqliteDatabase, name: str) -> None:
        self._database = database
        self._table = table = f"search_{name}"
        self._put = f'INSERT INTO "{table}" (rowid, body) VALUES (?, ?)'  # noqa: S608 (the name is the store's)
        self._remove = f'INSERT INTO "{table}" ("{table}", rowid, body) VALUES (\'delete\', ?, ?)'  # noqa: S608

    def ensure(self) -> None:
        """Makes the table where it is missing."""
        self._database.execute_sql(
            f'CREATE VIRTUAL TABLE IF NOT EXISTS "{self._table}" '
            "USING fts5(body, content='', tokenize='unicode61 remove_diacritics 0')"
        )

    def put(self, id: int, tokens: Sequence[str]) -> None:
        """Adds a row."""
        self._run(self._put, (id, " ".join(tokens)))

    def remove(self, id: int, tokens: Sequence[str]) -> None:
        """Takes a row out by its old tokens."""
        self._run(self._remove, (id, " ".join(tokens)))

    def clear(self) -> None:
        """Takes every row out."""
        self._database.execute_sql(f'INSERT INTO "{self._table}" ("{self._table}") VALUES (\'delete-all\')')  # noqa: S608

    def ids(self, after: int, limit: int) -> list[int]:
        """Rows that are indexed, in order."""
        sql = f'SELECT id FROM "{self._table}_docsize" WHERE id > ? ORDER BY id LIMIT ?'  # noqa: S608
        return [int(row[0]) for row in self._database.execute_sql(sql, (after, limit)).fetchall()]

    def _run(self, sql: str, values: tuple[Any, ...]) -> None:
        """Past peewee's log and hooks: a ticket brings five texts."""
        with _translated:
            self._database.connection().execute(sql, values)

    def matching(self, parts: Sequence[Part]) -> Any:
        """Rows that hold every phrase."""
        query = " AND ".join(_phrase(tokens, prefix) for tokens, prefix in parts)
        table = SQL(f'"{self._table}"')
        return Select([table], [SQL("rowid").alias("id")]).where(SQL(f'"{self._table}" MATCH ?', (query,)))


def _phrase(tokens: Sequence[str], prefix: bool) -> str:
    words = " + ".join('"' + token.replace('"', '""') + '"' for token in tokens)
    return f"({words} *)" if prefix else f"({words})"


@hookimpl
def open_storage(url: str, config: Mapping[str, Any]) -> Storage | None:
    """Answers for `sqlite:` addresses."""
    scheme, _, rest = url.partition(":")
    if scheme != "sqlite":
        return None
    if rest.startswith("///"):
        rest = rest[2:]
    if not rest:
        return Sqlite(None)
    path = Path(rest)
    return Sqlite(path if path.is_absolute() else Path(config.get("folder", ".")) / path)

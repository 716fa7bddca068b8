"""PostgreSQL: psycopg 3, READ COMMITTED, text compared byte by byte, full text in a tsvector built by us.

Addresses: `postgresql://USER@HOST/DATABASE` as libpq has them. No extension is needed. READ COMMITTED is what the
store is written for: rows that matter are locked, and the counter row keeps events in order.
"""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
import subprocess
import threading
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from peewee import SQL, PeeweeException, PostgresqlDatabase, Select

from engine.api import Part, Storage, hookimpl

RETRY = frozenset({"40001", "40P01", "55P03", "57014"})
"""SQLSTATE of serialization failure, deadlock, lock not available, statement cancelled by a timeout."""
LOCK_WAIT = "10s"
"""A row lock that is not had by then is not waited for: the job runs again."""
_INDEXES = """
SELECT c.relname, c.oid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
WHERE a.amname = 'btree' AND i.indisvalid AND c.relnamespace = current_schema()::regnamespace ORDER BY c.relname
"""
POSITIONS = 16_383
"""The highest position a tsvector holds; later ones count as this one."""


class _Database(PostgresqlDatabase):
    """Text columns compare byte by byte, so that both databases order and equate alike."""

    def __init__(self, url: str) -> None:
        super().__init__(url, prefer_psycopg3=True, field_types={"TEXT": 'TEXT COLLATE "C"'})
        self._open: set[Any] = set()
        self._guard = threading.Lock()

    def _connect(self) -> Any:
        connection = super()._connect()  # type: ignore[misc]  # peewee's types leave it out
        connection.execute(f"SET lock_timeout = '{LOCK_WAIT}'; SET timezone = 'UTC'; SET client_min_messages = warning")
        with self._guard:
            self._open.add(connection)
        return connection

    def _close(self, connection: Any) -> None:
        with self._guard:
            self._open.discard(connection)
        super()._close(connection)  # type: ignore[misc]

    def close_all(self) -> None:
        """Ends every connection, whichever thread made it."""
        with self._guard:
            connections, self._open = self._open, set()
        for connection in connections:
            connection.close()


class Postgres(Storage):
    """One PostgreSQL database."""

    alone = False
    fleeting = False
    name = "postgres"

    def __init__(self, url: str) -> None:
        self._url = url
        self.database = _Database(url)
        self._indexes: dict[str, Words] = {}

    def exists(self) -> bool:
        """The server knows; to look inside makes nothing."""
        return True

    def begin(self, read: bool = False) -> None:
        """READ COMMITTED for writing; one unchanging picture for reading."""
        self.database.execute_sql(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" if read else "BEGIN ISOLATION LEVEL READ COMMITTED"
        )

    def retryable(self, error: BaseException) -> bool:
        """Deadlocks, serialization failures, lock time-outs, by their SQLSTATE."""
        seen: BaseException | None = error
        while seen is not None:
            for one in (seen, *seen.args):
                if getattr(one, "sqlstate", None) in RETRY:
                    return True
            seen = seen.__cause__ or seen.__context__
        return False

    @contextlib.contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """An advisory lock on a connection of its own, let go by the server if the process dies."""
        import psycopg

        key = zlib.crc32(f"desk:{name}".encode())
        with psycopg.connect(self._url, autocommit=True) as connection:
            try:
                connection.execute("SET statement_timeout = '60s'")
                connection.execute("SELECT pg_advisory_lock(%s)", (key,))
            except psycopg.errors.QueryCanceled:
                raise TimeoutError(f"the lock `{name}` is held by another process") from None
            try:
                yield
            finally:
                connection.execute("SELECT pg_advisory_unlock(%s)", (key,))

    def index(self, name: str) -> Words:
        """A table `search_NAME`."""
        if name not in self._indexes:
            self._indexes[name] = Words(self.database, name)
        return self._indexes[name]

    def troubles(self) -> list[str]:
        """What `amcheck` finds in the indexes, where the database has that extension. Rows that refer to nothing are
        refused by the server."""
        if not self._amcheck():
            return []
        found = []
        for name, number in self.database.execute_sql(_INDEXES).fetchall():
            try:
                with self.database.atomic():
                    self.database.execute_sql("SELECT bt_index_check(%s::oid, true)", (number,))
            except PeeweeException as error:
                found.append(f"index {name}: {error}")
        return found

    @property
    def looked_at(self) -> str:
        """What `troubles` looked at, for who is told that it found nothing."""
        if self._amcheck():
            return "`amcheck` finds nothing in the indexes; tables are for `pg_amcheck`, beside the server"
        return "pages and indexes are not looked at: they are for `pg_amcheck`, or for the extension `amcheck` here"

    def _amcheck(self) -> bool:
        query = "SELECT 1 FROM pg_extension WHERE extname = 'amcheck'"
        return self.database.execute_sql(query).fetchone() is not None

    def size(self) -> int:
        """The database with all its schemas."""
        return int(self.database.execute_sql("SELECT pg_database_size(current_database())").fetchone()[0])

    def copy_before(self, migration: str) -> Path | None:
        """None: a server's database is copied by its own tools, and a migration there is one transaction."""
        return None

    def backup(self, to: Path) -> None:
        """`pg_dump` in its custom format. Raises FileNotFoundError where it is not installed."""
        tool = shutil.which("pg_dump")
        if tool is None:
            raise FileNotFoundError(
                "`pg_dump` is needed to back up a PostgreSQL store; install the server's client tools"
            )
        draft = to.with_name(f"{to.name}.part")
        done = subprocess.run(
            [tool, "--format=custom", f"--file={draft}", f"--dbname={self._url}"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            draft.unlink(missing_ok=True)
            raise RuntimeError(f"pg_dump failed: {done.stderr.strip()}")
        draft.replace(to)

    def close(self) -> None:
        """Closes every connection."""
        self.database.close_all()


class Words:
    """A tsvector with our tokens and their positions, cast and not parsed, under a plain GIN index."""

    def __init__(self, database: PostgresqlDatabase, name: str) -> None:
        self._database = database
        self._table = table = f"search_{name}"
        self._put = (
            f'INSERT INTO "{table}" (id, body) VALUES (%s, %s::tsvector) '  # noqa: S608 (the name is the store's)
            "ON CONFLICT (id) DO UPDATE SET body = excluded.body"
        )
        self._remove = f'DELETE FROM "{table}" WHERE id = %s'  # noqa: S608

    def ensure(self) -> None:
        """Makes table and index where they are missing."""
        table = self._table
        self._database.execute_sql(
            f'CREATE TABLE IF NOT EXISTS "{table}" (id BIGINT PRIMARY KEY, body TSVECTOR NOT NULL)'
        )
        self._database.execute_sql(f'CREATE INDEX IF NOT EXISTS "{table}_body" ON "{table}" USING GIN (body)')

    def put(self, id: int, tokens: Sequence[str]) -> None:
        """Adds a row."""
        vector = " ".join(f"{_quoted(token)}:{min(at, POSITIONS)}" for at, token in enumerate(tokens, 1))
        self._database.execute_sql(self._put, (id, vector))

    def remove(self, id: int, tokens: Sequence[str]) -> None:
        """Takes a row out."""
        self._database.execute_sql(self._remove, (id,))

    def clear(self) -> None:
        """Takes every row out."""
        self._database.execute_sql(f'DELETE FROM "{self._table}"')  # noqa: S608 (the name is the store's)

    def ids(self, after: int, limit: int) -> list[int]:
        """Rows that are indexed, in order."""
        sql = f'SELECT id FROM "{self._table}" WHERE id > %s ORDER BY id LIMIT %s'  # noqa: S608
        return [int(row[0]) for row in self._database.execute_sql(sql, (after, limit)).fetchall()]

    def matching(self, parts: Sequence[Part]) -> Any:
        """Rows that hold every phrase."""
        query = " & ".join(_phrase(tokens, prefix) for tokens, prefix in parts)
        return Select([SQL(f'"{self._table}"')], [SQL("id")]).where(SQL("body @@ %s::tsquery", (query,)))


def _quoted(token: str) -> str:
    """A lexeme as tsvector and tsquery read it; longer than 2,046 bytes it would be refused."""
    short = token.encode()[:2000].decode(errors="ignore")
    return "'" + short.replace("\\", "\\\\").replace("'", "''") + "'"


def _phrase(tokens: Sequence[str], prefix: bool) -> str:
    words = " <-> ".join(_quoted(token) for token in tokens)
    return f"({words}:*)" if prefix else f"({words})"


@hookimpl
def open_storage(url: str, config: Mapping[str, Any]) -> Storage | None:
    """Answers for `postgresql:` and `postgres:` addresses."""
    if url.partition(":")[0] not in ("postgresql", "postgres"):
        return None
    if importlib.util.find_spec("psycopg") is None:
        raise ImportError("PostgreSQL needs its driver: pip install 'yingda[postgres]'")
    return Postgres("postgresql:" + url.partition(":")[2])

"""What can go wrong in the store, as errors a caller may tell apart."""

from __future__ import annotations

import errno
import sqlite3
from typing import Any

from peewee import DatabaseError, IntegrityError, InterfaceError, OperationalError, PeeweeException

_NO_ROOM = (
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.ENFILE, errno.EMFILE, errno.ENOMEM,
    errno.ESTALE,
)  # fmt: skip
"""What the system says where it is not the file's fault: no room, a limit, a disk that is ill or gone."""
_SQLITE_AWAY = frozenset(
    {
        sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)  # fmt: skip
_POSTGRES_AWAY = ("08", "53", "57", "58")
"""Classes of SQLSTATE: no connection, no room, told to stop, trouble of the system."""
_READ_ONLY = "25006"


Taken = IntegrityError
"""A row that is to be the only one of its key, and is not: somebody stored it first."""


class StoreError(Exception):
    """The store could not do its work; the text is fit for an operator."""


class StoreClosed(StoreError):
    """The store is closed or closing: nothing more is taken."""


class StoreNewer(StoreError):
    """The store was written by a newer version of the desk."""


class StoreGone(StoreError):
    """There was a desk here, and its storage is not there any more: it is not begun anew over what is left."""


class StoreOlder(StoreError):
    """The store was written by an older version of the desk, and who opens it may not change its schema."""


class StoreBusy(StoreError):
    """Another process holds the store longer than we wait."""


class StoreAway(StoreError):
    """The store cannot be written or reached for now: no room, no server, a file that cannot be opened. What was asked
    for is not to blame, and may be asked for again."""


class KeyRingError(StoreError):
    """The key ring is missing, unreadable, or not the one this store was made with."""


class FileRefused(StoreError):
    """A named upload is not there, or not this person's to use."""


class BadCursor(StoreError):
    """A paging cursor that we did not give out."""


class NotFilterable(StoreError):
    """A condition holds something that the database cannot decide. `span` is where."""

    def __init__(self, message: str, span: object | None = None) -> None:
        super().__init__(message)
        self.span = span


def unusable(error: Exception) -> StoreError:
    """What an operator is told of an error of the database at the start, with what to do."""
    code = int(getattr(_driver(error), "sqlite_errorcode", 0) or 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreBusy(f"the storage is locked by another program ({error}): end that, then start again")
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return StoreError(f"the storage is damaged ({error}): keep the file for a look, and put a backup in its place")
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR) or (isinstance(error, OSError) and is_away(error)):
        return StoreAway(
            f"the storage cannot be written ({error}): see that the disk has room and is well, and that no limit of "
            "the system (`ulimit`) is in the way"
        )
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return StoreError(
            f"the storage cannot be opened for writing ({error}): see who owns the data folder and what is in it"
        )
    return (StoreAway if is_away(error) else StoreError)(f"the storage cannot be used: {error}")


def _driver(error: BaseException) -> object:
    """The driver's own error, which peewee keeps inside its, sometimes twice; what else went wrong is another one."""
    inner: Any = error.__cause__ or error.__context__ or (error.args[0] if error.args else None)
    return _driver(inner) if isinstance(inner, PeeweeException) and str(inner) == str(error) else inner


def is_away(error: BaseException) -> bool:
    """Whether the storage could not do its work for now, whatever was asked of it. False: it lies in what was asked."""
    if isinstance(error, StoreError):
        return isinstance(error, (StoreAway, StoreBusy, StoreClosed))
    if isinstance(error, OSError):
        return error.errno in _NO_ROOM
    if not isinstance(error, (DatabaseError, InterfaceError)):
        return False
    driver = _driver(error)
    code, state = getattr(driver, "sqlite_errorcode", None), getattr(driver, "sqlstate", None)
    if code is not None:
        return int(code) & 0xFF in _SQLITE_AWAY
    if state is not None:
        return str(state).startswith(_POSTGRES_AWAY) or state == _READ_ONLY
    # peewee has InterfaceErrors of its own, for a query that is not complete.
    return isinstance(error, OperationalError) or (isinstance(error, InterfaceError) and isinstance(driver, Exception))

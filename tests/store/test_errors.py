"""Whether the storage is away, or what was asked of it is wrong: told apart by the database's own code."""

from __future__ import annotations

import errno
import os

import pytest
from peewee import OperationalError, SqliteDatabase

from engine.store import is_away, unusable


def test_a_statement_that_sqlite_cannot_read_is_not_a_store_that_is_away() -> None:
    database = SqliteDatabase(":memory:")
    for statement in ("SELECT " + "(" * 150 + "1" + ")" * 150, "SELECT nothing FROM nowhere"):
        with pytest.raises(OperationalError) as caught:
            database.execute_sql(statement)
        assert not is_away(caught.value)
    database.execute_sql("PRAGMA max_page_count = 1")
    with pytest.raises(OperationalError) as caught:
        database.execute_sql("CREATE TABLE more (a)")
        database.execute_sql("CREATE TABLE most (a)")
    assert is_away(caught.value), "the store is full"


@pytest.mark.parametrize(
    "code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.ENFILE, errno.EMFILE]
)
def test_a_disk_that_takes_no_more_is_away_and_told_with_what_to_do(code: int) -> None:
    error = OSError(code, os.strerror(code))
    assert is_away(error)
    told = unusable(error)
    assert is_away(told) and "see that the disk has room" in str(told) and os.strerror(code) in str(told)

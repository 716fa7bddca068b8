"""PostgreSQL looks its own indexes through where the extension `amcheck` is installed, and says what it looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.store import Store
from tests.store.conftest import KINDS

pytestmark = pytest.mark.parametrize("storage_url", [kind for kind in KINDS if "postgres" in str(kind)], indirect=True)

WRONG = """
CREATE FUNCTION turned(n bigint) RETURNS bigint IMMUTABLE LANGUAGE sql AS 'SELECT n';
CREATE INDEX turned_number ON counter (turned(value));
CREATE OR REPLACE FUNCTION turned(n bigint) RETURNS bigint IMMUTABLE LANGUAGE sql AS 'SELECT -n - 1';
"""
"""An index that does not say any more what its table says, as one whose order changed with a system library."""


def test_what_amcheck_finds_is_told(open_store: Callable[[], Store]) -> None:
    storage: Any = open_store().storage
    sql = storage.database.execute_sql
    assert "are not looked at" in storage.looked_at and storage.troubles() == []
    if sql("SELECT 1 FROM pg_available_extensions WHERE name = 'amcheck'").fetchone() is None:
        pytest.skip("this server came without amcheck")
    sql("CREATE EXTENSION amcheck")
    assert "finds nothing" in storage.looked_at and storage.troubles() == []
    sql(WRONG)
    (trouble,) = storage.troubles()
    assert trouble.startswith("index turned_number: ") and "lacks matching index tuple" in trouble

"""Cursors: only our own, of this order, with numbers that a column holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.core.access import Scope
from engine.core.questions import Tickets
from engine.store import BadCursor, Store, queries
from engine.store.paging import cursor


def test_a_cursor_means_nothing_in_another_order_nor_beyond_what_a_column_holds(store: Store) -> None:
    ordered = Tickets(sort="-updated_at")
    place = cursor(5, 5, 1)
    assert store.read_sync(lambda tx: queries.tickets(tx, Scope(), replace(ordered, cursor=place)))["items"] == []
    for wrong in (replace(ordered, sort="number", cursor=place), replace(ordered, cursor=cursor(10**30, 5, 1))):
        with pytest.raises(BadCursor):
            store.read_sync(lambda tx, wrong=wrong: queries.tickets(tx, Scope(), wrong))

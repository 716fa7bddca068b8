"""All SQL stands in `engine/store`, in a feature's `store.py`, and in the storages themselves."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAKES_SQL = {"select", "where", "execute_sql", "insert_many", "order_by"}
"""What is called to make or run a statement."""
ROOMS = ("engine/store/", "plugins/storage/", "engine/scaffold/")
NOT_SQL = {"engine/desk/queries/tickets.py": "filters.where"}
"""Calls of that name that are no SQL: a filter is made into a condition in the store."""
STILL: set[str] = set()
"""Files of before; none may come to them."""


def _is_room(place: str) -> bool:
    parts = place.split("/")
    feature = parts[:2] == ["engine", "features"] and parts[-1] in ("store.py", "tables.py")
    return place.startswith(ROOMS) or feature


def statements() -> dict[str, list[int]]:
    """Lines outside the rooms that make or run SQL, by file."""
    found: dict[str, list[int]] = {}
    for top in ("engine", "plugins", "web"):
        for path in (ROOT / top).rglob("*.py"):
            place = path.relative_to(ROOT).as_posix()
            if _is_room(place) or "node_modules" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                called = node.func if isinstance(node, ast.Call) else None
                if not isinstance(called, ast.Attribute) or called.attr not in MAKES_SQL:
                    continue
                if ast.unparse(called) != NOT_SQL.get(place):
                    found.setdefault(place, []).append(called.lineno)
    return found


def test_sql_stands_in_its_rooms() -> None:
    outside = {place: lines for place, lines in statements().items() if place not in STILL}
    assert not outside, f"SQL outside the store: {outside}"


def test_a_file_that_lost_its_sql_leaves_the_list() -> None:
    there = statements()
    assert not [place for place in STILL if (ROOT / place).exists() and place not in there]


def test_the_store_is_seen_to_make_sql() -> None:
    assert ".select(" in (ROOT / "engine/store/queries.py").read_text("utf-8")

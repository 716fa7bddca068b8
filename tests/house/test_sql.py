"""All SQL stands in `engine/store`, in a feature's `store.py`, and in the storages themselves."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.house import reference

ROOT = Path(__file__).resolve().parents[2]
MAKES_SQL = {"select", "where", "execute_sql", "insert_many", "order_by"}
"""What is called to make or run a statement."""
ROOMS = ("engine/store/", "plugins/storage/", "engine/scaffold/")
NOT_SQL = {"engine/desk/queries/tickets.py": "filters.where"}
"""Calls of that name that are no SQL: a filter is made into a condition in the store."""

KNOW_TABLES = {"engine/desk/feature.py", "engine/demo/copies.py", "engine/demo/people.py"}
"""Who else names tables: a feature's row tells which it has, and the demo writes rows by the thousand."""


def _is_room(place: str) -> bool:
    parts = place.split("/")
    feature = parts[:2] == ["engine", "features"] and parts[-1] in ("store.py", "tables.py")
    return place.startswith(ROOMS) or feature


def statements(root: Path) -> dict[str, list[int]]:
    """Lines outside the rooms that make or run SQL, by file."""
    found: dict[str, list[int]] = {}
    for top in ("engine", "plugins", "web"):
        for path in (root / top).rglob("*.py"):
            place = path.relative_to(root).as_posix()
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
    outside = statements(ROOT)
    assert not outside, f"SQL outside the store: {outside}"


def test_nobody_else_knows_the_tables() -> None:
    """Without them no statement can be made, by whatever name."""
    know = {path for path, text in reference.sources().items() if "engine.store.tables" in imported(ast.parse(text))}
    assert {path for path in know if not _is_room(path)} == KNOW_TABLES


def imported(tree: ast.Module) -> set[str]:
    """The modules that a file imports, also those taken out of their package by name."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def test_sql_elsewhere_is_found(tmp_path: Path) -> None:
    for place in (
        "engine/desk/x.py",
        "engine/store/x.py",
        "engine/features/a/store.py",
        "engine/features/a/commands.py",
    ):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text("rows = tx.rows(Ticket.select().where(Ticket.id == 1))\n")
    assert set(statements(tmp_path)) == {"engine/desk/x.py", "engine/features/a/commands.py"}

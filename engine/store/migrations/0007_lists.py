"""Indexes that hold all that a view of the inbox asks, in the order in which it is read: no row is looked up to be
counted or passed over."""

from __future__ import annotations

from typing import Any

from playhouse.migrate import migrate

NARROW = (
    ("updated_at", "id"),
    ("category", "updated_at", "id"),
    ("assignee_id", "category", "updated_at"),
    ("category", "due_at"),
)
WIDE = (
    ("updated_at", "id", "shop"),
    ("category", "updated_at", "id", "shop", "waiting_since", "due_at"),
    ("assignee_id", "category", "updated_at", "id", "shop"),
    ("category", "due_at", "shop"),
)


def up(migrator: Any, db: Any) -> None:
    """Widens four indexes; each step looks first, so that it may be run again."""
    known = {tuple(index.columns): index.name for index in db.get_indexes("ticket")}
    migrate(*(migrator.add_index("ticket", columns) for columns in WIDE if columns not in known))
    migrate(*(migrator.drop_index("ticket", known[columns]) for columns in NARROW if columns in known))

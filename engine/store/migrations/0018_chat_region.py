"""Where a visitor is was never known: the column goes until something fills it."""

from __future__ import annotations

from typing import Any

from playhouse.migrate import migrate


def up(migrator: Any, db: Any) -> None:
    """Drops it."""
    if any(column.name == "region" for column in db.get_columns("chat")):
        migrate(migrator.drop_column("chat", "region", cascade=False))

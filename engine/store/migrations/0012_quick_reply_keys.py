"""Pinyin of quick replies is worked out from the title when it is asked for: what was stored knew one reading only."""

from __future__ import annotations

from typing import Any

from playhouse.migrate import migrate


def up(migrator: Any, db: Any) -> None:
    """Drops the column."""
    if "keys" in {column.name for column in db.get_columns("quick_reply")}:
        migrate(migrator.drop_column("quick_reply", "keys", cascade=False))

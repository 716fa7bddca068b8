"""How often a case was nudged, and when last."""

from __future__ import annotations

from typing import Any

from peewee import BigIntegerField, SmallIntegerField
from playhouse.migrate import migrate


def up(migrator: Any, db: Any) -> None:
    """Adds the columns; nobody could nudge before."""
    there = {column.name for column in db.get_columns("ticket")}
    if "nudges" not in there:
        migrate(migrator.add_column("ticket", "nudges", SmallIntegerField(default=0)))
    if "nudged_at" not in there:
        migrate(migrator.add_column("ticket", "nudged_at", BigIntegerField(null=True)))

"""What an agent is told is kept in each language of the shop."""

from __future__ import annotations

from typing import Any

from peewee import TextField
from playhouse.migrate import migrate


def up(migrator: Any, db: Any) -> None:
    """Adds the column."""
    if all(column.name != "texts" for column in db.get_columns("notice")):
        migrate(migrator.add_column("notice", "texts", TextField(null=True)))

"""Who handed a case to a team is not given it again by the queue."""

from __future__ import annotations

from typing import Any

from peewee import TextField
from playhouse.migrate import migrate


def up(migrator: Any, db: Any) -> None:
    """Adds the column; of what was handed on before nothing is known."""
    if "left_by" not in {column.name for column in db.get_columns("ticket")}:
        migrate(migrator.add_column("ticket", "left_by", TextField(null=True)))

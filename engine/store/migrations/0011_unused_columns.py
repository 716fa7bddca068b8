"""Columns of long work that nothing ever filled: a job that waits for its time, a schedule that is switched off."""

from __future__ import annotations

from typing import Any

from playhouse.migrate import migrate

UNUSED = (("job", "start_at"), ("job_schedule", "enabled"))


def up(migrator: Any, db: Any) -> None:
    """Drops them."""
    there = {table: {column.name for column in db.get_columns(table)} for table, _ in UNUSED}
    migrate(*(migrator.drop_column(table, name, cascade=False) for table, name in UNUSED if name in there[table]))

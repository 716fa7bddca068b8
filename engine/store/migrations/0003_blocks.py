"""A block ends by itself: its end stands with the member, in place of a mere yes or no."""

from __future__ import annotations

from typing import Any

from peewee import BigIntegerField
from playhouse.migrate import migrate

_CARRY_OVER = "UPDATE member SET blocked_until = 4611686018427387904 WHERE blocked"
"""2 to the 62nd: never."""


def up(migrator: Any, db: Any) -> None:
    """Moves the flag over; each step looks first, so that it may be run again."""
    columns = {column.name for column in db.get_columns("member")}
    if "blocked_until" not in columns:
        migrate(migrator.add_column("member", "blocked_until", BigIntegerField(null=True)))
    if "blocked" in columns:
        db.execute_sql(_CARRY_OVER)
        migrate(migrator.drop_column("member", "blocked"))

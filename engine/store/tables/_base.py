"""What the tables share. Times are whole microseconds UTC, nouns stand by name, ordered ones also by rank.

Foreign keys are plain columns with a REFERENCES clause: rows are read as dictionaries, never as graphs of objects.
"""

from __future__ import annotations

from typing import Any

from peewee import SQL, BigAutoField, BigIntegerField, Model

NEVER = 1 << 62
"""A due time that never comes: kept instead of NULL where a column is sorted by."""


def ref(table: str, **options: Any) -> BigIntegerField:
    """A column that holds the id of a row of `table`."""
    return BigIntegerField(constraints=[SQL(f'REFERENCES "{table}" ("id")')], **options)


class Row(Model):
    """What all rows with an id of their own share."""

    id = BigAutoField()

    class Meta:
        legacy_table_names = False

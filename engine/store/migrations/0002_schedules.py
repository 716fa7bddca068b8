"""Scheduled rules: when each runs next, and how far a run has come."""

from __future__ import annotations

from typing import Any

from peewee import BigAutoField, BigIntegerField, Model, TextField


class Schedule(Model):
    """`every …` in a shop."""

    id = BigAutoField()
    shop = TextField()
    key = TextField()
    due_at = BigIntegerField(index=True)
    since = BigIntegerField(null=True)
    done = BigIntegerField(default=0)
    upto = BigIntegerField(default=0)
    holder = TextField(null=True)
    held_until = BigIntegerField(default=0)

    class Meta:
        legacy_table_names = False
        indexes = ((("shop", "key"), True),)


def up(migrator: Any, db: Any) -> None:
    """Makes the table; nothing is due in it until a rulebook is in force."""
    with db.bind_ctx([Schedule], bind_refs=False, bind_backrefs=False):
        db.create_tables([Schedule])

"""Long work with its progress."""

from __future__ import annotations

from peewee import BigIntegerField, TextField

from engine.store.tables._base import Row


class Job(Row):
    """Long work with its progress: the truth that the queue only points at."""

    name = TextField()
    state = TextField(default="waiting")
    arguments = TextField(default="{}")
    done = BigIntegerField(default=0)
    total = BigIntegerField(null=True)
    result = TextField(null=True)
    error = TextField(null=True)
    owner_kind = TextField()
    owner_id = BigIntegerField(default=0)
    created_at = BigIntegerField()
    updated_at = BigIntegerField()

    class Meta:
        indexes = ((("state", "id"), False),)

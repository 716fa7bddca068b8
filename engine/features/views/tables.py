"""Saved views."""

from __future__ import annotations

from peewee import BigIntegerField, TextField

from engine.store.tables import Row, ref


class View(Row):
    """A saved filter: of one agent (`agent_id`), of a shop, or of every shop (`shop` empty)."""

    shop = TextField(default="")
    agent_id = ref("agent", null=True)
    name = TextField()
    expression = TextField(default="", column_name="filter")
    sort = TextField(default="-updated_at")
    columns = TextField(default="[]")
    updated_at = BigIntegerField()

    class Meta:
        indexes = ((("agent_id", "shop"), False),)

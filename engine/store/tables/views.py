"""Saved filters and unsent texts."""

from __future__ import annotations

from peewee import BigIntegerField, CompositeKey, Model, TextField

from engine.store.tables._base import Row, ref


class View(Row):
    """A saved filter; shared or of one agent."""

    shop = TextField(default="")
    agent_id = ref("agent", null=True)
    name = TextField()
    expression = TextField(default="", column_name="filter")
    sort = TextField(default="-updated_at")
    columns = TextField(default="[]")
    updated_at = BigIntegerField()

    class Meta:
        indexes = ((("agent_id", "shop"), False),)


class Draft(Model):
    """An unsent text of an agent on a ticket."""

    agent_id = ref("agent")
    ticket_id = ref("ticket")
    text = TextField()
    visibility = TextField(default="public")
    updated_at = BigIntegerField()

    class Meta:
        legacy_table_names = False
        primary_key = CompositeKey("agent_id", "ticket_id")

"""Unsent texts."""

from __future__ import annotations

from peewee import BigIntegerField, CompositeKey, Model, TextField

from engine.store.tables._base import ref


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

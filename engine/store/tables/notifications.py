"""What rules told agents inside the desk."""

from __future__ import annotations

from peewee import BigIntegerField, TextField

from engine.store.tables._base import Row, ref


class Notification(Row):
    """What an agent is told inside the desk."""

    agent_id = ref("agent")
    ticket_id = BigIntegerField(null=True)
    text = TextField()
    texts = TextField(null=True)
    """By language, JSON; null where it reads the same in all of them."""
    rule = TextField(null=True)
    kind = TextField(default="other")
    """What it is about: see `engine.core.notices.KINDS`."""
    created_at = BigIntegerField()
    read_at = BigIntegerField(null=True)

    class Meta:
        table_name = "notice"
        indexes = ((("agent_id", "id"), False),)

"""What is to leave, and the accounts it leaves by."""

from __future__ import annotations

from peewee import BigIntegerField, BlobField, BooleanField, SmallIntegerField, TextField

from engine.store.tables._base import Row, ref


class Outbox(Row):
    """Something to leave: waiting, sending, then sent, failed or uncertain."""

    key = TextField(unique=True)
    channel = TextField()
    ticket_id = ref("ticket", null=True)
    message_id = ref("message", null=True)
    body = TextField(default="{}")
    due_at = BigIntegerField()
    state = TextField(default="waiting")
    tries = SmallIntegerField(default=0)
    error = TextField(null=True)
    external_id = TextField(null=True)
    claimed_by = TextField(null=True)
    claimed_at = BigIntegerField(null=True)
    created_at = BigIntegerField()
    settled_at = BigIntegerField(null=True)

    class Meta:
        indexes = ((("state", "due_at"), False), (("message_id",), False), (("channel", "external_id"), False))


class ChannelAccount(Row):
    """A mailbox or official account; its secrets encrypted."""

    channel = TextField()
    name = TextField()
    shop = TextField()
    settings = TextField(default="{}")
    secret = BlobField(null=True)
    enabled = BooleanField(default=True)
    created_at = BigIntegerField()

    class Meta:
        indexes = ((("channel", "name"), True),)

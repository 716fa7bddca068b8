"""Messages: lines and notes, with their files."""

from __future__ import annotations

from peewee import BigIntegerField, BooleanField, CompositeKey, Model, SmallIntegerField, TextField

from engine.store.tables._base import Row, ref


class Message(Row):
    """A line or a note. `author_id` is a member's or an agent's id, by `author_kind`."""

    ticket_id = ref("ticket")
    author_kind = TextField()
    author_id = BigIntegerField(null=True)
    shown_as = TextField(default="")
    visibility = TextField(default="public")
    direction = TextField(default="inbound")
    automatic = BooleanField(default=False)
    channel = TextField(default="chat")
    channel_account = TextField(default="")
    language = TextField(null=True)
    text = TextField()
    html = TextField(null=True)
    rule = TextField(null=True)
    template = TextField(null=True)
    client_key = TextField(null=True)
    external_id = TextField(null=True)
    reply_to = TextField(null=True)
    """What the outside calls the line that this one answers."""
    sender = TextField(null=True)
    """What is known of who sent it, beside who it is taken for (JSON, see `engine.core.entities.Arrival`)."""
    created_at = BigIntegerField()
    unsent_at = BigIntegerField(null=True)
    unsent_by = ref("agent", null=True)

    class Meta:
        indexes = (
            (("ticket_id", "id"), False),
            (("author_kind", "author_id", "client_key"), True),
            (("channel", "channel_account", "external_id"), True),
        )


class File(Row):
    """An upload. `name` is random and public, `shown` is what people see, `digest` finds the bytes."""

    name = TextField(unique=True)
    digest = TextField(index=True)
    shown = TextField()
    media_type = TextField()
    size = BigIntegerField()
    uploader = TextField()
    """`agent:3`, `member:5` or `visitor:KEY`: who alone may name it in a message."""
    created_at = BigIntegerField()
    claimed_at = BigIntegerField(null=True)

    class Meta:
        indexes = ((("claimed_at", "created_at"), False),)


class MessageFile(Model):
    """A file that hangs on a message, in order."""

    message_id = ref("message")
    file_id = ref("file")
    position = SmallIntegerField(default=0)

    class Meta:
        legacy_table_names = False
        primary_key = CompositeKey("message_id", "file_id")
        indexes = ((("file_id",), False),)

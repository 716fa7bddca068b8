"""What agents have written and not sent yet: drafts, lines that wait for their time, and the files of both."""

from __future__ import annotations

from peewee import BigIntegerField, BooleanField, CompositeKey, Model, SmallIntegerField, TextField

from engine.store.tables._base import Row, ref


class Draft(Model):
    """A text of an agent on a ticket, one for each visibility; nobody else reads it."""

    agent_id = ref("agent")
    ticket_id = ref("ticket")
    visibility = TextField(default="public")
    text = TextField()
    revision = BigIntegerField(default=1)
    """Grows with each time it is kept, so that a tab which knows an older one is told."""
    updated_at = BigIntegerField()

    class Meta:
        legacy_table_names = False
        primary_key = CompositeKey("agent_id", "ticket_id", "visibility")
        indexes = ((("ticket_id",), False),)


class ScheduledLine(Row):
    """A line that the desk keeps until its time and then sends as its writer.

    `state`: `waiting`, or `kept` where its time came and it could not be sent, with the `reason`. Sent or cancelled it
    is gone from here.
    """

    agent_id = ref("agent", index=True)
    ticket_id = ref("ticket", index=True)
    visibility = TextField(default="public")
    text = TextField()
    undo = BooleanField(default=False)
    """Waits only so that its writer may still take it back."""
    unless_answered = BooleanField(default=False)
    """Not sent where the member has written meanwhile."""
    after_message = BigIntegerField(default=0)
    """The ticket's newest line when it was written."""
    send_at = BigIntegerField()
    state = TextField(default="waiting")
    reason = TextField(null=True)
    created_at = BigIntegerField()
    updated_at = BigIntegerField()

    class Meta:
        indexes = ((("state", "send_at"), False),)


class FileHold(Model):
    """An upload that a draft or a waiting line names: it is not swept as unused. `owner` says which of them."""

    owner = TextField()
    file_id = ref("file")
    position = SmallIntegerField(default=0)

    class Meta:
        legacy_table_names = False
        primary_key = CompositeKey("owner", "file_id")
        indexes = ((("file_id",), False),)

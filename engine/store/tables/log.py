"""The one log: what happened, what was decided, the numbers given."""

from __future__ import annotations

from peewee import BigIntegerField, BlobField, Model, TextField

from engine.store.tables._base import Row


class Event(Model):
    """Something that happened: history, sockets and audit. Numbered in the order of commits, chained by `hash`."""

    id = BigIntegerField(primary_key=True)
    at = BigIntegerField()
    kind = TextField()
    shop = TextField(null=True)
    actor_kind = TextField()
    actor_id = BigIntegerField(default=0)
    object = TextField(null=True)
    ticket_id = BigIntegerField(null=True)
    member_id = BigIntegerField(null=True)
    message_id = BigIntegerField(null=True)
    address = TextField(null=True)
    """From where an agent did it, and with what; also where somebody tried to sign in."""
    device = TextField(null=True)
    body = TextField(null=True)
    body_digest = TextField()
    hash = TextField()

    class Meta:
        legacy_table_names = False
        indexes = (
            (("ticket_id", "id"), False),
            (("message_id",), False),
            (("kind", "id"), False),
        )


class Decision(Row):
    """One root event decided: what was known (packed, encrypted), what was wanted and why (packed)."""

    event_id = BigIntegerField()
    ticket_id = BigIntegerField(null=True)
    at = BigIntegerField()
    root = TextField()
    rulebook = TextField()
    snapshot = BlobField()
    trace = BlobField()
    micros = BigIntegerField(default=0)

    class Meta:
        indexes = ((("ticket_id", "id"), False), (("at",), False))


class Counter(Model):
    """The last number given: `ticket`, and `event` with the last hash of the chain in `mark`."""

    name = TextField(primary_key=True)
    value = BigIntegerField(default=0)
    mark = TextField(default="")

    class Meta:
        legacy_table_names = False

"""Time: timers of tickets, and schedules of rules."""

from __future__ import annotations

from peewee import BigIntegerField, TextField

from engine.store.tables._base import Row, ref


class Timer(Row):
    """A moment to come. One of a name for a ticket."""

    ticket_id = ref("ticket")
    name = TextField()
    kind = TextField()
    due_at = BigIntegerField(index=True)
    body = TextField(default="{}")

    class Meta:
        indexes = ((("ticket_id", "name"), True),)


class Schedule(Row):
    """`every …` in a shop: when it runs next, and how far the run going on has come (`since`: when it was due)."""

    shop = TextField()
    key = TextField()
    due_at = BigIntegerField(index=True)
    since = BigIntegerField(null=True)
    done = BigIntegerField(default=0)
    """The last ticket or member of this run that was dealt with, by id, of those `upto` there were at its begin."""
    upto = BigIntegerField(default=0)
    holder = TextField(null=True)
    """The process that runs it, until `held_until`."""
    held_until = BigIntegerField(default=0)

    class Meta:
        indexes = ((("shop", "key"), True),)

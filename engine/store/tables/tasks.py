"""Sub-tasks of tickets."""

from __future__ import annotations

from peewee import BigIntegerField, SmallIntegerField, TextField

from engine.store.tables._base import Row, ref


class Task(Row):
    """What a colleague, or one of a team, does for a ticket. `number`: within its ticket, for good."""

    ticket_id = ref("ticket")
    number = SmallIntegerField()
    position = SmallIntegerField()
    title = TextField()
    assignee_id = ref("agent", null=True)
    team = TextField(null=True)
    due_at = BigIntegerField(null=True)
    state = TextField(default="open")
    result = TextField(null=True)
    created_by = ref("agent", null=True)
    created_at = BigIntegerField()
    closed_by = ref("agent", null=True)
    closed_at = BigIntegerField(null=True)

    class Meta:
        indexes = ((("ticket_id", "number"), True), (("assignee_id", "state", "due_at"), False))

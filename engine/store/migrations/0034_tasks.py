"""Sub-tasks of tickets."""

from __future__ import annotations

from typing import Any

from peewee import SQL, BigAutoField, BigIntegerField, Model, SmallIntegerField, TextField


def ref(table: str, **options: Any) -> BigIntegerField:
    """A column that holds the id of a row of `table`."""
    return BigIntegerField(constraints=[SQL(f'REFERENCES "{table}" ("id")')], **options)


class Task(Model):
    """What a colleague, or one of a team, does for a ticket."""

    id = BigAutoField()
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
        legacy_table_names = False
        indexes = ((("ticket_id", "number"), True), (("assignee_id", "state", "due_at"), False))


def up(migrator: Any, db: Any) -> None:
    """Makes the table."""
    with db.bind_ctx([Task], bind_refs=False, bind_backrefs=False):
        db.create_tables([Task])

"""Lines wait for their time, and of a line taken back it is known who did it."""

from __future__ import annotations

from typing import Any

from peewee import SQL, BigAutoField, BigIntegerField, BooleanField, Model, TextField
from playhouse.migrate import migrate


def ref(table: str, **options: Any) -> BigIntegerField:
    """A column that holds the id of a row of `table`."""
    return BigIntegerField(constraints=[SQL(f'REFERENCES "{table}" ("id")')], **options)


class ScheduledLine(Model):
    """A line that the desk keeps until its time and then sends as its writer."""

    id = BigAutoField()
    agent_id = ref("agent", index=True)
    ticket_id = ref("ticket", index=True)
    visibility = TextField(default="public")
    text = TextField()
    undo = BooleanField(default=False)
    unless_answered = BooleanField(default=False)
    after_message = BigIntegerField(default=0)
    send_at = BigIntegerField()
    state = TextField(default="waiting")
    reason = TextField(null=True)
    created_at = BigIntegerField()
    updated_at = BigIntegerField()

    class Meta:
        legacy_table_names = False
        indexes = ((("state", "send_at"), False),)


def up(migrator: Any, db: Any) -> None:
    """Makes the table and adds the column."""
    with db.bind_ctx([ScheduledLine], bind_refs=False, bind_backrefs=False):
        db.create_tables([ScheduledLine])
    if "unsent_by" not in {column.name for column in db.get_columns("message")}:
        migrate(migrator.add_column("message", "unsent_by", ref("agent", null=True)))

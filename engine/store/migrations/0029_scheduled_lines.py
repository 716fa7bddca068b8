"""Lines wait for their time, and of a line taken back it is known who did it."""

from __future__ import annotations

from typing import Any

from peewee import SQL, BigAutoField, BigIntegerField, BooleanField, Model, SqliteDatabase, TextField
from playhouse.migrate import migrate
from playhouse.sqlite_ext import AutoIncrementField


def ref(table: str, **options: Any) -> BigIntegerField:
    """A column that holds the id of a row of `table`."""
    return BigIntegerField(constraints=[SQL(f'REFERENCES "{table}" ("id")')], **options)


class Columns(Model):
    """A line that the desk keeps until its time and then sends as its writer."""

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
        table_name = "scheduled_line"
        indexes = ((("state", "send_at"), False),)


def scheduled_line(db: Any) -> type[Model]:
    """The table. Rows of it go again, and what comes late for one that is gone must not meet another: no id is used
    twice, which SQLite has to be told."""

    class ScheduledLine(Columns):
        id = AutoIncrementField() if isinstance(db, SqliteDatabase) else BigAutoField()

        class Meta:
            table_name = "scheduled_line"

    return ScheduledLine


def up(migrator: Any, db: Any) -> None:
    """Makes the table and adds the column."""
    table = scheduled_line(db)
    with db.bind_ctx([table], bind_refs=False, bind_backrefs=False):
        db.create_tables([table])
    if "unsent_by" not in {column.name for column in db.get_columns("message")}:
        migrate(migrator.add_column("message", "unsent_by", ref("agent", null=True)))

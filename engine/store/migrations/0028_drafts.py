"""Drafts are kept one for each visibility, with their files. What was kept before stays, under its own visibility."""

from __future__ import annotations

from typing import Any

from peewee import SQL, BigIntegerField, CompositeKey, Model, SmallIntegerField, TextField
from playhouse.migrate import migrate

BEFORE = "draft_before"


def ref(table: str) -> BigIntegerField:
    """A column that holds the id of a row of `table`."""
    return BigIntegerField(constraints=[SQL(f'REFERENCES "{table}" ("id")')])


class Draft(Model):
    """A text of an agent on a ticket, one for each visibility."""

    agent_id = ref("agent")
    ticket_id = ref("ticket")
    visibility = TextField(default="public")
    text = TextField()
    revision = BigIntegerField(default=1)
    updated_at = BigIntegerField()

    class Meta:
        legacy_table_names = False
        primary_key = CompositeKey("agent_id", "ticket_id", "visibility")
        indexes = ((("ticket_id",), False),)


class FileHold(Model):
    """An upload that a draft or a waiting line names."""

    owner = TextField()
    file_id = ref("file")
    position = SmallIntegerField(default=0)

    class Meta:
        legacy_table_names = False
        primary_key = CompositeKey("owner", "file_id")
        indexes = ((("file_id",), False),)


def up(migrator: Any, db: Any) -> None:
    """Makes the tables anew and carries the drafts over; a key cannot be changed in SQLite."""
    if "draft" in db.get_tables() and "revision" not in {column.name for column in db.get_columns("draft")}:
        migrate(migrator.rename_table("draft", BEFORE))
    with db.bind_ctx([Draft, FileHold], bind_refs=False, bind_backrefs=False):
        db.create_tables([Draft, FileHold])
    if BEFORE in db.get_tables():
        db.execute_sql(
            "INSERT INTO draft (agent_id, ticket_id, visibility, text, revision, updated_at) "
            "SELECT agent_id, ticket_id, visibility, text, 1, updated_at FROM draft_before WHERE true "
            "ON CONFLICT DO NOTHING"
        )
        db.execute_sql("DROP TABLE draft_before")

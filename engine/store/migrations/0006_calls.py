"""Telephone calls."""

from __future__ import annotations

from typing import Any

from peewee import SQL, BigAutoField, BigIntegerField, BlobField, Model, TextField


def ref(table: str, **options: Any) -> BigIntegerField:
    """A column that holds the id of a row of `table`."""
    return BigIntegerField(constraints=[SQL(f'REFERENCES "{table}" ("id")')], **options)


class Call(Model):
    """One telephone call; a ticket may have many. Numbers are encrypted."""

    id = BigAutoField()
    ticket_id = ref("ticket")
    account = TextField(default="phone")
    name = TextField()
    direction = TextField(default="inbound")
    caller = BlobField(null=True)
    callee = BlobField(null=True)
    agent_id = ref("agent", null=True)
    rang_at = BigIntegerField()
    answered_at = BigIntegerField(null=True)
    ended_at = BigIntegerField(null=True)
    result = TextField(null=True)
    recording = TextField(null=True)

    class Meta:
        legacy_table_names = False
        indexes = ((("account", "name"), True), (("ticket_id", "id"), False))


def up(migrator: Any, db: Any) -> None:
    """Makes the table."""
    with db.bind_ctx([Call], bind_refs=False, bind_backrefs=False):
        db.create_tables([Call])

"""How a merged ticket was before, and which tickets were merged into one."""

from __future__ import annotations

from typing import Any

from peewee import SQL, BigAutoField, BigIntegerField, Model, TextField


class TicketMerge(Model):
    """How a merged ticket was before, while the merge may be undone."""

    id = BigAutoField()
    ticket_id = BigIntegerField(unique=True, constraints=[SQL('REFERENCES "ticket" ("id")')])
    at = BigIntegerField()
    state = TextField()
    category = TextField()
    closed_at = BigIntegerField(null=True)
    chat = TextField(default="{}")
    timers = TextField(default="[]")

    class Meta:
        legacy_table_names = False


class Ticket(Model):
    """Of the ticket's columns only the one with the new index."""

    merged_into = BigIntegerField(null=True)

    class Meta:
        legacy_table_names = False
        indexes = ((("merged_into",), False),)


def up(migrator: Any, db: Any) -> None:
    """Makes the table and the index; each looks first, so that it may be run again."""
    with db.bind_ctx([TicketMerge, Ticket], bind_refs=False, bind_backrefs=False):
        db.create_tables([TicketMerge])
        schema: Any = Ticket._schema  # type: ignore[attr-defined]
        schema.create_indexes(safe=True)

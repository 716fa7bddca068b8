"""What a ticket opened by hand begins with."""

from __future__ import annotations

from typing import Any

from peewee import BigAutoField, BigIntegerField, Model, TextField


class TicketTemplate(Model):
    """One template."""

    id = BigAutoField()
    shop = TextField(default="")
    title = TextField()
    given = TextField(default="{}")
    created_at = BigIntegerField()
    updated_at = BigIntegerField()

    class Meta:
        legacy_table_names = False
        table_name = "ticket_template"
        indexes = ((("shop", "id"), False),)


def up(migrator: Any, db: Any) -> None:
    """Makes the table."""
    with db.bind_ctx([TicketTemplate], bind_refs=False, bind_backrefs=False):
        db.create_tables([TicketTemplate])

"""Templates of tickets."""

from __future__ import annotations

from peewee import BigIntegerField, TextField

from engine.store.tables import Row


class TicketTemplate(Row):
    """One template: every shop's where `shop` is empty. `given`: what it fills in, JSON."""

    shop = TextField(default="")
    title = TextField()
    given = TextField(default="{}")
    created_at = BigIntegerField()
    updated_at = BigIntegerField()

    class Meta:
        table_name = "ticket_template"
        indexes = ((("shop", "id"), False),)

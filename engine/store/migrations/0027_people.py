"""Who follows a ticket, and what a notice is about.

What was told before is of no kind: it had none, and is read by then.
"""

from __future__ import annotations

from typing import Any

from peewee import SQL, BigIntegerField, CompositeKey, Model, TextField
from playhouse.migrate import migrate


def ref(table: str) -> BigIntegerField:
    """A column that holds the id of a row of `table`."""
    return BigIntegerField(constraints=[SQL(f'REFERENCES "{table}" ("id")')])


class TicketAgent(Model):
    """What an agent is to a ticket beside holding it."""

    ticket_id = ref("ticket")
    agent_id = ref("agent")
    role = TextField()
    since = BigIntegerField()

    class Meta:
        legacy_table_names = False
        primary_key = CompositeKey("ticket_id", "agent_id", "role")
        indexes = ((("agent_id", "role", "ticket_id"), False),)


def up(migrator: Any, db: Any) -> None:
    """Makes the table and adds the column; each step looks first, so that it may be run again."""
    with db.bind_ctx([TicketAgent], bind_refs=False, bind_backrefs=False):
        db.create_tables([TicketAgent])
    if "kind" not in {column.name for column in db.get_columns("notice")}:
        migrate(migrator.add_column("notice", "kind", TextField(default="other")))

"""Who opened a case: its member, an agent in his name, or the desk by a rule. Read from the log for those there are."""

from __future__ import annotations

from typing import Any

from peewee import BigIntegerField, Model, TextField
from playhouse.migrate import migrate


class Ticket(Model):
    """A case; only what is changed."""

    id = BigIntegerField(primary_key=True)
    opened_by = TextField(default="member")

    class Meta:
        legacy_table_names = False


class Event(Model):
    """What happened; only what is read."""

    id = BigIntegerField(primary_key=True)
    kind = TextField()
    actor_kind = TextField()
    ticket_id = BigIntegerField(null=True)

    class Meta:
        legacy_table_names = False


class TicketLink(Model):
    """From the case beside which another was opened; only what is read."""

    to_id = BigIntegerField()

    class Meta:
        legacy_table_names = False


def up(migrator: Any, db: Any) -> None:
    """Adds the column and fills it."""
    if "opened_by" in {column.name for column in db.get_columns("ticket")}:
        return
    migrate(migrator.add_column("ticket", "opened_by", TextField(default="member")))
    with db.bind_ctx([Ticket, Event, TicketLink], bind_refs=False, bind_backrefs=False):
        created = (Event.kind == "ticket.created") & (Event.actor_kind == "agent")
        by_agents = Event.select(Event.ticket_id).where(created)
        by_rules = TicketLink.select(TicketLink.to_id)  # until now only rules linked cases
        Ticket.update(opened_by="agent").where(Ticket.id.in_(by_agents)).execute()
        Ticket.update(opened_by="desk").where(Ticket.id.in_(by_rules)).execute()

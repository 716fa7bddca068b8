"""The work log (服務記錄) of tickets."""

from __future__ import annotations

from peewee import BigIntegerField, IntegerField, SmallIntegerField, TextField

from engine.store.tables._base import Row, ref


class Record(Row):
    """What an agent did for a ticket, as written down. The database refuses to change or delete one; only its `body`
    may be erased.

    `number`: within its ticket. `corrects`: the number of the one whose place it takes. `round`: how often the ticket
    had been reopened. `body`: JSON; null once erased, when `body_digest` still stands for it. `hash`: over the hash of
    the ticket's record before, and all but the body.
    """

    ticket_id = ref("ticket")
    number = SmallIntegerField()
    kind = TextField()
    agent_id = ref("agent")
    at = BigIntegerField()
    created_at = BigIntegerField()
    minutes = IntegerField(default=0)
    corrects = SmallIntegerField(null=True)
    round = SmallIntegerField(default=0)
    body = TextField(null=True)
    body_digest = TextField()
    hash = TextField()

    class Meta:
        indexes = ((("ticket_id", "number"), True), (("ticket_id", "corrects"), True))

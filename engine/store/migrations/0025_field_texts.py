"""No text from outside stands in an index as long as it came: PostgreSQL has no room there for a long one, and refused
to store it.

The index over texts of custom fields goes: a list's filter asks each ticket for its own values, so nothing ever read
it. Long outside ids of lines, which only SQLite took, become the digests they are looked up by from now on.
"""

from __future__ import annotations

import hashlib
from typing import Any

from peewee import BigAutoField, Model, TextField, fn
from playhouse.migrate import migrate

LONGEST_ID = 200


class Message(Model):
    """A line; only what is changed."""

    id = BigAutoField()
    external_id = TextField(null=True)
    reply_to = TextField(null=True)

    class Meta:
        legacy_table_names = False


class Outbox(Model):
    """What leaves; only what is changed."""

    id = BigAutoField()
    external_id = TextField(null=True)

    class Meta:
        legacy_table_names = False


def up(migrator: Any, db: Any) -> None:
    """Drops the index and shortens ids."""
    for index in db.get_indexes("field_value"):
        if tuple(index.columns) == ("name", "text"):
            migrate(migrator.drop_index("field_value", index.name))
    with db.bind_ctx([Message, Outbox], bind_refs=False, bind_backrefs=False):
        for column in (Message.external_id, Message.reply_to, Outbox.external_id):
            model = column.model
            for id, name in model.select(model.id, column).where(fn.LENGTH(column) > LONGEST_ID).tuples():
                digest = "digest:" + hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()
                model.update({column: digest}).where(model.id == id).execute()

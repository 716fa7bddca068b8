"""Quick replies: group and title, what is typed to find one, and how often each agent used which."""

from __future__ import annotations

from typing import Any

from peewee import SQL, BigIntegerField, CompositeKey, Model, TextField
from playhouse.migrate import migrate


def ref(table: str, **options: Any) -> BigIntegerField:
    """A column that holds the id of a row of `table`."""
    return BigIntegerField(constraints=[SQL(f'REFERENCES "{table}" ("id")')], **options)


class QuickReplyUse(Model):
    """How often an agent put a quick reply into an answer."""

    reply_id = ref("quick_reply")
    agent_id = ref("agent")
    uses = BigIntegerField(default=0)
    last_at = BigIntegerField(default=0)

    class Meta:
        legacy_table_names = False
        primary_key = CompositeKey("reply_id", "agent_id")
        indexes = ((("agent_id",), False),)


def up(migrator: Any, db: Any) -> None:
    """Renames two columns of the table that was there, adds one, makes the other."""
    columns = {column.name for column in db.get_columns("quick_reply")}
    for old, new in (("folder", "group"), ("name", "title")):
        if old in columns:
            db.execute_sql(f'ALTER TABLE quick_reply RENAME COLUMN "{old}" TO "{new}"')
    if "keys" not in columns:
        migrate(migrator.add_column("quick_reply", "keys", TextField(default="[]")))
    with db.bind_ctx([QuickReplyUse], bind_refs=False, bind_backrefs=False):
        db.create_tables([QuickReplyUse])

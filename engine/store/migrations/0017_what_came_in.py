"""By whom an identity was given out, by which account a line and its case came, what a line answers, and the facts of
a visit.

An address that a guest only told stands beside the one an account has: nobody is taken for the member by writing it.
"""

from __future__ import annotations

from typing import Any

from peewee import BigIntegerField, TextField
from playhouse.migrate import migrate

COLUMNS: tuple[tuple[str, str, Any], ...] = (
    ("identity", "issuer", TextField(default="")),
    ("ticket", "account", TextField(default="")),
    ("message", "reply_to", TextField(null=True)),
    ("message", "sender", TextField(null=True)),
    ("chat", "address", TextField(null=True)),
    ("chat", "browser", TextField(null=True)),
    ("chat", "language", TextField(null=True)),
    ("chat", "visits", BigIntegerField(null=True)),
)
UNIQUE = (
    ("identity", ("shop", "kind", "value_key"), ("shop", "kind", "issuer", "value_key")),
    ("message", ("channel_account", "external_id"), ("channel", "channel_account", "external_id")),
)
"""Tables with the key they had and the one they have now."""
SEARCHED = ("channel", "external_id")
"""How a reply finds the line of ours that it answers."""
TOLD = """UPDATE identity SET issuer = 'self' WHERE verified_at IS NULL AND kind IN ('email', 'phone')
AND EXISTS (SELECT 1 FROM member WHERE member.id = identity.member_id AND member.guest)"""


def up(migrator: Any, db: Any) -> None:
    """Adds the columns and changes the keys; what is done already stays."""
    there = {table: {column.name for column in db.get_columns(table)} for table, _, _ in COLUMNS}
    migrate(*(migrator.add_column(table, name, field) for table, name, field in COLUMNS if name not in there[table]))
    for table, before, after in UNIQUE:
        keys = {tuple(index.columns): index.name for index in db.get_indexes(table)}
        if after not in keys:
            migrate(migrator.add_index(table, after, unique=True))
        if before in keys:
            migrate(migrator.drop_index(table, keys[before]))
    if SEARCHED not in {tuple(index.columns) for index in db.get_indexes("outbox")}:
        migrate(migrator.add_index("outbox", SEARCHED))
    db.execute_sql(TOLD)

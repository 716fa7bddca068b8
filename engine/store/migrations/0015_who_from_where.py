"""From where an agent did what the log tells; sign-on tokens that were used; a lock on logins that nothing ever set."""

from __future__ import annotations

from typing import Any

from peewee import BigIntegerField, Model, TextField
from playhouse.migrate import migrate

UNUSED = ("failures", "locked_until")


class SignOn(Model):
    """A sign-on token of a shop that was used."""

    digest = TextField(primary_key=True)
    expires_at = BigIntegerField(index=True)

    class Meta:
        legacy_table_names = False


def up(migrator: Any, db: Any) -> None:
    """Adds columns to the log and a table, drops two columns; what is done already stays."""
    there = {table: {column.name for column in db.get_columns(table)} for table in ("event", "login")}
    new = [name for name in ("address", "device") if name not in there["event"]]
    migrate(*(migrator.add_column("event", name, TextField(null=True)) for name in new))
    migrate(*(migrator.drop_column("login", name, cascade=False) for name in UNUSED if name in there["login"]))
    with db.bind_ctx([SignOn], bind_refs=False, bind_backrefs=False):
        db.create_tables([SignOn])

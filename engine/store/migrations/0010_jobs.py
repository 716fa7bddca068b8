"""Long work: the table that was there and unused gets its columns; schedules; how far snapshots are cleared."""

from __future__ import annotations

from typing import Any

from peewee import BigAutoField, BigIntegerField, BooleanField, Model, TextField
from playhouse.migrate import migrate


class JobSchedule(Model):
    """A job that is begun again and again."""

    id = BigAutoField()
    name = TextField(unique=True)
    kind = TextField()
    arguments = TextField(default="{}")
    every = BigIntegerField(null=True)
    at = TextField(null=True)
    zone = TextField(default="UTC")
    next_at = BigIntegerField()
    last_at = BigIntegerField(null=True)
    enabled = BooleanField(default=True)

    class Meta:
        legacy_table_names = False


COLUMNS = {
    "place": TextField(default="{}"),
    "file": TextField(null=True),
    "holder": TextField(null=True),
    "held_until": BigIntegerField(default=0),
    "tries": BigIntegerField(default=0),
    "start_at": BigIntegerField(default=0),
    "cancel_at": BigIntegerField(null=True),
    "expires_at": BigIntegerField(null=True),
}


def up(migrator: Any, db: Any) -> None:
    """Alters one table, makes the other; what is there already stays."""
    there = {column.name for column in db.get_columns("job")}
    if "name" in there:
        db.execute_sql('ALTER TABLE job RENAME COLUMN "name" TO "kind"')
    migrate(*(migrator.add_column("job", name, field) for name, field in COLUMNS.items() if name not in there))
    if ("owner_kind", "owner_id", "id") not in {tuple(index.columns) for index in db.get_indexes("job")}:
        migrate(migrator.add_index("job", ("owner_kind", "owner_id", "id")))
    with db.bind_ctx([JobSchedule], bind_refs=False, bind_backrefs=False):
        db.create_tables([JobSchedule])
    if db.execute_sql("SELECT 1 FROM counter WHERE name = 'snapshots'").fetchone() is None:
        db.execute_sql("INSERT INTO counter (name, value, mark) VALUES ('snapshots', 0, '')")

"""What was done to many tickets at once, row by row."""

from __future__ import annotations

from typing import Any

from peewee import BigAutoField, BigIntegerField, Model, TextField


class BatchRow(Model):
    """One ticket of one batch."""

    id = BigAutoField()
    job_id = BigIntegerField()
    number = BigIntegerField()
    state = TextField(default="waiting")
    code = TextField(null=True)
    message = TextField(null=True)
    before = TextField(null=True)
    after = TextField(null=True)

    class Meta:
        legacy_table_names = False
        indexes = ((("job_id", "number"), True), (("job_id", "state", "id"), False))


def up(migrator: Any, db: Any) -> None:
    """Makes the table."""
    with db.bind_ctx([BatchRow], bind_refs=False, bind_backrefs=False):
        db.create_tables([BatchRow])

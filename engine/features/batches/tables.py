"""The rows of a batch: one a ticket."""

from __future__ import annotations

from peewee import BigIntegerField, TextField

from engine.store.tables import Row


class BatchRow(Row):
    """One ticket of one batch, by the number of its job: `waiting`, then `done` or `failed`.

    `before` and `after` hold what the batch changed, as JSON: what is taken back, and what tells whether somebody has
    changed it since.
    """

    job_id = BigIntegerField()
    number = BigIntegerField()
    state = TextField(default="waiting")
    code = TextField(null=True)
    message = TextField(null=True)
    before = TextField(null=True)
    after = TextField(null=True)

    class Meta:
        indexes = ((("job_id", "number"), True), (("job_id", "state", "id"), False))

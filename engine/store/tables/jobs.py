"""Long work, its schedules, and where each piece of it stands."""

from __future__ import annotations

from peewee import BigIntegerField, TextField

from engine.store.tables._base import Row


class Job(Row):
    """One piece of long work: `waiting`, `running`, then `done`, `failed` or `cancelled`."""

    kind = TextField()
    arguments = TextField(default="{}")
    state = TextField(default="waiting")
    place = TextField(default="{}")
    """Where it stands, as JSON: written with what the step wrote, so nothing is done twice."""
    done = BigIntegerField(default=0)
    total = BigIntegerField(null=True)
    result = TextField(null=True)
    file = TextField(null=True)
    """The public name of an upload that it made; the upload stays as long as the job."""
    error = TextField(null=True)
    owner_kind = TextField()
    owner_id = BigIntegerField(default=0)
    holder = TextField(null=True)
    """The process that runs it, until `held_until`; that is 0 while it waits."""
    held_until = BigIntegerField(default=0)
    tries = BigIntegerField(default=0)
    """How often it was taken since its last step: a step that kills its process is not tried for ever."""
    cancel_at = BigIntegerField(null=True)
    """When somebody asked to cancel it."""
    expires_at = BigIntegerField(null=True)
    """When an ended job is taken out, with its file."""
    created_at = BigIntegerField()
    updated_at = BigIntegerField()

    class Meta:
        indexes = ((("state", "id"), False), (("owner_kind", "owner_id", "id"), False))


class JobSchedule(Row):
    """A job that is begun again and again: `every` so many µs, or each day `at` a time in its `zone`."""

    name = TextField(unique=True)
    kind = TextField()
    arguments = TextField(default="{}")
    every = BigIntegerField(null=True)
    at = TextField(null=True)
    zone = TextField(default="UTC")
    next_at = BigIntegerField()
    last_at = BigIntegerField(null=True)

"""A clock that ended without the thing it waited for is called what it is: `dropped`, in the API too."""

from __future__ import annotations

from typing import Any

from peewee import Model, TextField


class SlaClock(Model):
    """One target of one ticket; only what is changed."""

    state = TextField()

    class Meta:
        legacy_table_names = False


def up(migrator: Any, db: Any) -> None:
    """Renames the state; which of them were late stands in `breached_at`, as before."""
    with db.bind_ctx([SlaClock], bind_refs=False, bind_backrefs=False):
        SlaClock.update(state="dropped").where(SlaClock.state == "stopped").execute()

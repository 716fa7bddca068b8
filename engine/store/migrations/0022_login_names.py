"""Names to sign in with lose the spaces around them, which are no part of a name any more. Where another login has the
name already, both stay as they are: the doctor tells of the one that cannot be signed in with."""

from __future__ import annotations

from typing import Any

from peewee import BigAutoField, Model, TextField


class Login(Model):
    """A login; only what is changed."""

    id = BigAutoField()
    username = TextField(unique=True)

    class Meta:
        legacy_table_names = False


def up(migrator: Any, db: Any) -> None:
    """Trims each name that stays the only one."""
    with db.bind_ctx([Login], bind_refs=False, bind_backrefs=False):
        names = {row.id: row.username for row in Login.select().order_by(Login.id)}
        taken = set(names.values())
        for id, name in names.items():
            trimmed = name.strip()
            if trimmed and trimmed not in taken:
                taken.add(trimmed)
                Login.update(username=trimmed).where(Login.id == id).execute()

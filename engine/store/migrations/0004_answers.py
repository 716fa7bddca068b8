"""The auto-reply library."""

from __future__ import annotations

from typing import Any

from peewee import BigAutoField, BigIntegerField, BooleanField, Model, TextField


class Answer(Model):
    """An entry of the auto-reply library; titles and texts by language, as JSON."""

    id = BigAutoField()
    shop = TextField(default="")
    titles = TextField()
    keywords = TextField(default="[]")
    texts = TextField()
    enabled = BooleanField(default=True)
    position = BigIntegerField(default=0)
    created_at = BigIntegerField()
    updated_at = BigIntegerField()

    class Meta:
        legacy_table_names = False
        indexes = ((("shop", "position"), False),)


def up(migrator: Any, db: Any) -> None:
    """Makes the table, and the counter that says which version of the library is in use."""
    with db.bind_ctx([Answer], bind_refs=False, bind_backrefs=False):
        db.create_tables([Answer])
    if db.execute_sql("SELECT 1 FROM counter WHERE name = 'answers'").fetchone() is None:
        db.execute_sql("INSERT INTO counter (name, value, mark) VALUES ('answers', 0, '')")

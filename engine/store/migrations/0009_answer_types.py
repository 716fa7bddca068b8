"""The auto-reply library: question types, and who clicked which answer on which day."""

from __future__ import annotations

from typing import Any

from peewee import SQL, BigIntegerField, CompositeKey, Model, TextField
from playhouse.migrate import migrate


class AnswerType(Model):
    """A question type of the library; its label by language, as JSON."""

    name = TextField(primary_key=True)
    label = TextField(default="{}")
    created_at = BigIntegerField()

    class Meta:
        legacy_table_names = False


class AnswerClick(Model):
    """One person chose an answer on one day (UTC); `who` is a digest that leads back to nobody."""

    answer_id = BigIntegerField(constraints=[SQL('REFERENCES "answer" ("id")')])
    day = BigIntegerField()
    who = TextField()

    class Meta:
        legacy_table_names = False
        primary_key = CompositeKey("answer_id", "day", "who")
        indexes = ((("day",), False),)


def up(migrator: Any, db: Any) -> None:
    """Adds the column and makes the tables."""
    if "type" not in {column.name for column in db.get_columns("answer")}:
        migrate(migrator.add_column("answer", "type", TextField(null=True)))
    with db.bind_ctx([AnswerType, AnswerClick], bind_refs=False, bind_backrefs=False):
        db.create_tables([AnswerType, AnswerClick])

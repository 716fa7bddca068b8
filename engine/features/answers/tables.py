"""The entries of the auto-reply library, their question types, and what was clicked."""

from __future__ import annotations

from peewee import BigIntegerField, BooleanField, CompositeKey, Model, TextField

from engine.store.tables import Row, ref


class Answer(Row):
    """An entry; titles and texts by language, as JSON. Every shop's where `shop` is empty."""

    shop = TextField(default="")
    type = TextField(null=True)
    """Its question type, by name."""
    titles = TextField()
    keywords = TextField(default="[]")
    texts = TextField()
    enabled = BooleanField(default=True)
    position = BigIntegerField(default=0)
    created_at = BigIntegerField()
    updated_at = BigIntegerField()

    class Meta:
        indexes = ((("shop", "position"), False),)


class AnswerType(Model):
    """A question type of the library; its label by language, as JSON."""

    name = TextField(primary_key=True)
    label = TextField(default="{}")
    created_at = BigIntegerField()

    class Meta:
        legacy_table_names = False


class AnswerClick(Model):
    """A member, or somebody of a network, chose an answer on one day (UTC). `who` is a digest under a key of that day:
    once the key is gone, it leads back to nobody."""

    answer_id = ref("answer")
    day = BigIntegerField()
    who = TextField()

    class Meta:
        legacy_table_names = False
        primary_key = CompositeKey("answer_id", "day", "who")
        indexes = ((("day",), False),)

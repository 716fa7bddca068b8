"""Rules: texts by digest, what is in force, how often each rule acted, what is set beside them."""

from __future__ import annotations

from peewee import BigIntegerField, BlobField, CompositeKey, Model, TextField

from engine.store.tables._base import Row


class Rulebook(Model):
    """The texts of a rulebook by its digest, packed."""

    digest = TextField(primary_key=True)
    texts = BlobField()
    created_at = BigIntegerField()

    class Meta:
        legacy_table_names = False


class Activation(Row):
    """When a rulebook was put in force, by whom and why."""

    digest = TextField()
    at = BigIntegerField()
    actor_kind = TextField()
    actor_id = BigIntegerField(default=0)
    note = TextField(default="")


class Parameter(Model):
    """A setting made in the UI beside the rules. The desk's own keep `shop` empty."""

    shop = TextField(default="")
    name = TextField()
    value = TextField()
    at = BigIntegerField()

    class Meta:
        legacy_table_names = False
        primary_key = CompositeKey("shop", "name")


class RuleUse(Row):
    """A rule acted for a scope: what `limit` counts."""

    rule = TextField()
    scope = TextField()
    key = TextField()
    at = BigIntegerField()

    class Meta:
        indexes = ((("rule", "scope", "key", "at"), False),)


class RuleDay(Row):
    """What one rule did on one day (UTC) in one shop: sums over decision records."""

    rule = TextField()
    day = TextField()
    shop = TextField(default="")
    """Empty: of no shop, or summed up before shops were kept apart."""
    acted = BigIntegerField(default=0)
    lost = BigIntegerField(default=0)
    failed = BigIntegerField(default=0)
    last_at = BigIntegerField(default=0)

    class Meta:
        indexes = ((("rule", "day", "shop"), True), (("day",), False))

"""How often each rule acted and lost, by day: sums over the decision records."""

from __future__ import annotations

from typing import Any

from peewee import BigAutoField, BigIntegerField, Model, TextField


class RuleDay(Model):
    """One rule on one day (UTC)."""

    id = BigAutoField()
    rule = TextField()
    day = TextField()
    acted = BigIntegerField(default=0)
    lost = BigIntegerField(default=0)
    failed = BigIntegerField(default=0)
    last_at = BigIntegerField(default=0)

    class Meta:
        legacy_table_names = False
        indexes = ((("rule", "day"), True), (("day",), False))


def up(migrator: Any, db: Any) -> None:
    """Makes the table, and the counter that says up to which decision it is filled."""
    with db.bind_ctx([RuleDay], bind_refs=False, bind_backrefs=False):
        db.create_tables([RuleDay])
    if db.execute_sql("SELECT 1 FROM counter WHERE name = 'rule_days'").fetchone() is None:
        db.execute_sql("INSERT INTO counter (name, value, mark) VALUES ('rule_days', 0, '')")

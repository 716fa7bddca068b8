"""What rules did is summed up by shop, so that who serves one reads no numbers of others.

Sums of before are of no shop that is known: they stay, for who sees every shop.
"""

from __future__ import annotations

from typing import Any

from peewee import TextField
from playhouse.migrate import migrate

BEFORE, AFTER = ("rule", "day"), ("rule", "day", "shop")


def up(migrator: Any, db: Any) -> None:
    """Adds the column and changes the key; what is done already stays."""
    if all(column.name != "shop" for column in db.get_columns("rule_day")):
        migrate(migrator.add_column("rule_day", "shop", TextField(default="")))
    keys = {tuple(index.columns): index.name for index in db.get_indexes("rule_day")}
    if AFTER not in keys:
        migrate(migrator.add_index("rule_day", AFTER, unique=True))
    if BEFORE in keys:
        migrate(migrator.drop_index("rule_day", keys[BEFORE]))

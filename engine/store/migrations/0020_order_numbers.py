"""Order numbers are found however they are typed: by their fold, which gets an index."""

from __future__ import annotations

from typing import Any

from playhouse.migrate import migrate


def up(migrator: Any, db: Any) -> None:
    """Adds the index."""
    if ("order_no_folded",) not in {tuple(index.columns) for index in db.get_indexes("ticket")}:
        migrate(migrator.add_index("ticket", ("order_no_folded",)))

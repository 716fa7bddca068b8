"""Files that no message names are counted at each upload: an index finds them."""

from __future__ import annotations

from typing import Any

from playhouse.migrate import migrate


def up(migrator: Any, db: Any) -> None:
    """Adds the index."""
    if ("claimed_at", "created_at") not in {tuple(index.columns) for index in db.get_indexes("file")}:
        migrate(migrator.add_index("file", ("claimed_at", "created_at")))

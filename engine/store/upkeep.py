"""What is no longer wanted goes, a little at a time: old snapshots, and uploads nobody named."""

from __future__ import annotations

from engine.core.entities import DAY
from engine.store import tables as t
from engine.store import uploads
from engine.store.tx import Tx

LOOKED_AT = 2_000
"""Decisions looked at in one go."""
_MARK = "snapshots"
"""The counter that says up to which moment snapshots are cleared: what is cleared is not looked at again each hour."""


def clear_snapshots(tx: Tx, days: int) -> tuple[int, bool]:
    """Empties the next snapshots that are older than so many days; returns how many, and whether there may be more."""
    until = tx.now - days * DAY
    mark = int(tx.value(t.Counter.select(t.Counter.value).where(t.Counter.name == _MARK)) or 0)
    if until <= mark:
        return 0, False
    full = (t.Decision.snapshot != b"").alias("full")
    old = (t.Decision.at >= mark) & (t.Decision.at < until)
    # One moment may have many decisions: the page ends with the last of its last moment.
    rows = tx.rows(
        t.Decision.select(t.Decision.id, t.Decision.at, full).where(old).order_by(t.Decision.at).limit(LOOKED_AT)
    )
    more = len(rows) == LOOKED_AT
    upto = rows[-1]["at"] + 1 if more else until
    page = (t.Decision.at >= mark) & (t.Decision.at < upto)
    cleared = 0
    if any(row["full"] for row in rows):
        cleared = tx.run(t.Decision.update(snapshot=b"").where(page & (t.Decision.snapshot != b"")))
    tx.run(t.Counter.update(value=upto).where(t.Counter.name == _MARK))
    return cleared, more


def drop_uploads(tx: Tx) -> tuple[int, list[str]]:
    """Removes some uploads that no message named in time; returns how many, and the digests whose bytes can go."""
    unused = uploads.unused_files(tx)
    removed = uploads.remove_files(tx, [row["id"] for row in unused])
    return removed, [row["digest"] for row in unused if not row["shared_with"]]

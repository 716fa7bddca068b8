"""What is no longer wanted goes by itself: old snapshots, uploads nobody named, ended sessions, remembered requests."""

from __future__ import annotations

from engine.core.entities import DAY
from engine.store import sessions, uploads
from engine.store import tables as t
from engine.store.tx import Tx

ENDED = 30 * DAY
"""How long the row of a session that has ended is kept, for whoever asks who was signed in."""


def tidy(tx: Tx, snapshot_days: int) -> dict[str, list[str] | int]:
    """One round. Gives how much went, and under `blobs` the digests of files whose bytes nobody needs any more."""
    snapshots = tx.run(
        t.Decision.update(snapshot=b"").where(
            (t.Decision.at < tx.now - snapshot_days * DAY) & (t.Decision.snapshot != b"")
        )
    )
    unused = uploads.unused_files(tx)
    files = uploads.remove_files(tx, [row["id"] for row in unused])
    ended = tx.run(t.Session.delete().where(t.Session.expires_at < tx.now - ENDED))
    return {
        "snapshots": snapshots,
        "files": files,
        "sessions": ended,
        "requests": sessions.forget_requests(tx),
        "blobs": [row["digest"] for row in unused if not row["shared_with"]],
    }

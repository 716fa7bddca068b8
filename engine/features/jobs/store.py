"""What lists of jobs read: the statements of `engine.store.jobs`, and who began them."""

from __future__ import annotations

from collections.abc import Collection

from engine.store import Tx
from engine.store.jobs import listed, one
from engine.store.tables import Agent


def usernames(tx: Tx, ids: Collection[int]) -> dict[int, str]:
    """Usernames of agents by id."""
    if not ids:
        return {}
    rows = tx.rows(Agent.select(Agent.id, Agent.username).where(Agent.id.in_(sorted(ids))))
    return {row["id"]: row["username"] for row in rows}


__all__ = ["listed", "one", "usernames"]

"""Blocks: who is on the blacklist now, why, until when, and by whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.core.entities import NEVER
from engine.desk import Asked, Questions, Work
from engine.features.blocks import store
from engine.store.paging import cursor, read_cursor


@dataclass(frozen=True, slots=True)
class Blocks:
    """The blocks that hold now, newest first, by pages."""

    limit: int = 50
    cursor: str | None = None


def _listed(work: Work, question: Blocks) -> dict[str, Any]:
    before = read_cursor(question.cursor, 1)[0] if question.cursor else None
    rows = store.listed(work.tx, work.scope.shops, before, question.limit + 1)
    items = [
        {
            "id": row["id"],
            "shop": row["shop"],
            "member": {"id": row["member_id"], "name": row["member_name"], "guest": bool(row["guest"])},
            "why": row["reason"],
            "by": row["agent_name"],
            "created_at": row["created_at"],
            "blocked_until": None if row["until"] is None or row["until"] >= NEVER else row["until"],
        }
        for row in rows[: question.limit]
        if row["member_id"] is not None
    ]
    more = len(rows) > question.limit
    return {"items": items, "next": cursor(rows[question.limit - 1]["id"]) if more else None}


QUESTIONS: Questions = {Blocks: Asked(_listed, ("member.block",))}

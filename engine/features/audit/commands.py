"""Audit: the acts of agents and the sign-ins that failed, newest first, each with its address and device."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from engine.desk import Asked, Questions, Work
from engine.features.audit import store


@dataclass(frozen=True, slots=True)
class Acts:
    """A page of what agents did, and of sign-ins that failed; `refused`: of these only."""

    refused: bool = False
    limit: int = 50
    cursor: str | None = None


def _acts(work: Work, question: Acts) -> dict[str, Any]:
    """What concerns members is left out: whose case or account it was is no matter of this list."""
    page = store.acts(work.tx, work.scope.shops, question.refused, question.limit, question.cursor)
    tried = {row["id"]: json.loads(row["body"] or "{}").get("account") for row in page["items"]}
    agents = store.agents_of(work.tx, {name for name in tried.values() if name})
    items = [
        {
            "seq": row["id"],
            "at": row["at"],
            "kind": row["kind"],
            "agent": row["username"],
            "name": row["name"],
            "account": agents.get(tried[row["id"]] or ""),
            "address": row["address"],
            "device": row["device"],
        }
        for row in page["items"]
    ]
    return {"items": items, "next": page["next"]}


QUESTIONS: Questions = {Acts: Asked(_acts, ("audit.view",))}

"""Notifications: what an agent is shown of them, and reading them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.desk import Asked, LiveEvent, NoticeKind, PlainCommand, Questions, Work, rfc3339
from engine.features.notifications import store
from engine.store.stream import Committed


@dataclass(frozen=True, slots=True)
class Notifications:
    """What the rules told the actor inside the desk, newest first."""

    limit: int = 50
    kind: NoticeKind | None = None
    """Only those of this kind."""


@dataclass(frozen=True, slots=True)
class ReadNotifications:
    """The actor has read notifications: those named, or all (`ids` None)."""

    ids: tuple[int, ...] | None = None


def _listed(work: Work, question: Notifications) -> dict[str, Any]:
    """The ticket's number stands there only while the actor may see the ticket."""
    shops = work.scope.shops if work.scope.tickets else ()
    rows = store.listed(work.tx, work.actor.id, shops, question.limit, question.kind)
    items = [
        {
            "id": row["id"],
            "at": row["created_at"],
            "text": row["text"],
            "texts": json.loads(row["texts"]) if row["texts"] else {},
            "ticket": row["number"],
            "rule": row["rule"],
            "kind": row["kind"],
            "read": row["read_at"] is not None,
        }
        for row in rows
    ]
    return {"items": items, "next": None}


def _read(work: Work, command: ReadNotifications) -> dict[str, Any]:
    return {"read": store.read(work.tx, work.actor.id, command.ids)}


def _frame(item: Committed) -> Mapping[str, Any]:
    notice = {
        "id": item.body.get("notice"),
        "at": rfc3339(item.at),
        "text": item.body.get("text", ""),
        "texts": item.body.get("texts", {}),
        "ticket": item.number,
        "rule": item.body.get("rule"),
        "kind": item.body.get("kind", "other"),
        "read": False,
    }
    return {"type": "notice", "notice": notice}


COMMANDS = (PlainCommand(ReadNotifications, _read),)
QUESTIONS: Questions = {Notifications: Asked(_listed)}
LIVE_EVENTS = {"notice.created": LiveEvent(_frame, to=lambda item: item.body.get("agent"))}

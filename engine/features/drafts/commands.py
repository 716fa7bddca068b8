"""Drafts as agents keep them: one for each ticket and visibility, in all tabs the same.

What is kept has a revision, and who keeps something anew says of which: a tab that was left open does not write an old
text over a newer one, it is told (412) and reads first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.core import access
from engine.core.entities import Visibility
from engine.core.errors import Refused, missing
from engine.core.own_settings import own_setting
from engine.core.rights import WRITING, may_write
from engine.desk import Asked, PlainCommand, Questions, Work
from engine.store import Tx, drafts, queries, scheduled
from engine.store.sql import Row

FIRST_WORDS = 80
"""Characters of a draft that a list shows."""
LISTED = 1_000
VISIBILITIES: tuple[Visibility, ...] = ("public", "anonymous", "internal")
WHO = tuple(WRITING.values())


@dataclass(frozen=True, slots=True)
class Drafts:
    """The actor's own drafts on a ticket."""

    number: int


@dataclass(frozen=True, slots=True)
class AllDrafts:
    """Where the actor has drafts, the newest first."""


@dataclass(frozen=True, slots=True)
class SaveDraft:
    """What stands in the composer; nothing: no draft. `base`: the revision it grew from, None where there was none."""

    number: int
    visibility: Visibility
    text: str
    attachments: tuple[str, ...] = ()
    base: int | None = None


@dataclass(frozen=True, slots=True)
class DropDraft:
    """A draft is thrown away; all of the ticket's without a visibility."""

    number: int
    visibility: Visibility | None = None


def _of_ticket(work: Work, question: Drafts) -> dict[str, Any] | None:
    found = queries.find_ticket(work.tx, work.scope, question.number)
    if found is None:
        return None
    rows = drafts.of_ticket_by(work.tx, work.actor.id, found["id"]) if work.agent_id is not None else []
    return {"items": [_shown(row) for row in rows], "next": None}


def _all(work: Work, question: AllDrafts) -> dict[str, Any]:
    rows = drafts.listed(work.tx, work.scope, work.agent_id or 0, LISTED)
    items = [
        {
            "ticket": row["number"],
            "visibility": row["visibility"],
            "words": " ".join(row["text"].split())[:FIRST_WORDS],
            "at": row["updated_at"],
            "revision": row["revision"],
        }
        for row in rows
    ]
    return {"items": items, "next": None}


def _save(work: Work, command: SaveDraft) -> dict[str, Any]:
    tx = work.tx
    access.require(work.actor, WRITING[command.visibility])
    ticket_id, shop = _ticket(work, command.number)
    if len(command.text) > work.context.config["limits.line"]:
        most = work.context.config["limits.line"]
        raise Refused("invalid", "too-long", f"a line has at most {most} characters", pointer="/text")
    before = drafts.one(tx, work.actor.id, ticket_id, command.visibility)
    files = tuple(dict.fromkeys(command.attachments))
    if before is not None and _same(before, command.text, files):
        return {"draft": _shown(before)}
    if (None if before is None else before["revision"]) != command.base:
        raise _newer()
    if not command.text.strip() and not files:
        drafts.drop(tx, work.actor.id, ticket_id, [command.visibility])
        return {"draft": None}
    most = int(own_setting(work.book, "drafts_most", shop))
    if before is None and drafts.count(tx, work.actor.id) >= most:
        raise Refused("conflict", "too-many-drafts", f"you keep {most} drafts already; send or discard some first")
    kept = drafts.save(tx, work.actor.id, ticket_id, command.visibility, command.text, files, command.base)
    row = drafts.one(tx, work.actor.id, ticket_id, command.visibility)
    if not kept or row is None:
        raise _newer()
    return {"draft": _shown(row)}


def _same(row: Row, text: str, files: tuple[str, ...]) -> bool:
    """Whether this is kept already: a request whose answer was lost comes again."""
    return row["text"] == text and tuple(file["id"] for file in row["attachments"]) == files


def _newer() -> Refused:
    return Refused("stale", "draft-newer", "this draft was changed, sent or discarded elsewhere; read it again")


def _drop(work: Work, command: DropDraft) -> dict[str, Any]:
    if not may_write(work.actor):
        access.require(work.actor, WHO[0])
    ticket_id, _ = _ticket(work, command.number)
    these = VISIBILITIES if command.visibility is None else (command.visibility,)
    drafts.drop(work.tx, work.actor.id, ticket_id, these)
    return {}


def _ticket(work: Work, number: int) -> tuple[int, str]:
    """The id and shop of a ticket that the actor sees. Raises Refused."""
    found = queries.find_ticket(work.tx, work.scope, number)
    if found is None or work.agent_id is None:
        raise missing("ticket")
    return found["id"], found["shop"]


def _shown(row: Row) -> dict[str, Any]:
    return {
        "visibility": row["visibility"],
        "text": row["text"],
        "attachments": row["attachments"],
        "revision": row["revision"],
        "updated_at": row["updated_at"],
    }


def retention(tx: Tx) -> bool:
    """Takes out what was written and never sent on tickets that ended long ago."""
    scheduled.sweep(tx)
    return drafts.sweep(tx)


def erase_agent(tx: Tx, agent_id: int) -> None:
    """Takes out all that an agent had written and not sent."""
    drafts.erase(tx, agent_id)
    scheduled.erase(tx, agent_id)


COMMANDS = (
    PlainCommand(SaveDraft, _save, rights=WHO),
    PlainCommand(DropDraft, _drop, rights=WHO),
)
QUESTIONS: Questions = {
    Drafts: Asked(_of_ticket, ("ticket.view",)),
    AllDrafts: Asked(_all, ("ticket.view",)),
}

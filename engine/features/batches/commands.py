"""What is asked of batches: one is begun over tickets named or found, looked at, taken back.

Which tickets it is about is settled when it begins: those that a filter finds then and its actor sees. What is done to
each is decided ticket by ticket, as if it were done by hand, with the rights its actor has at that moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine.core import access
from engine.core.errors import Refused, missing
from engine.core.questions import Agents, TicketNumbers
from engine.core.rights import WRITING
from engine.desk import Asked, PlainCommand, Questions, Work
from engine.desk.jobs import MANAGE, record_new
from engine.features.batches import store
from engine.store.sql import Row

RUN: Final = "batches.run"
KIND: Final = "batch"
UNDO: Final = "batch.undo"
OVER: Final = ("done", "failed", "cancelled")
AT_ONCE: Final = 3
"""Batches of one agent that wait or run: others' have their turn."""


@dataclass(frozen=True, slots=True)
class StartBatch:
    """The same done to many tickets: those with these `numbers`, or all that filter, view and words find.

    `do`: `values` (priority, team, assignee, type), `add_tags`, `remove_tags`, `move` ({trigger or to,
    fields}), `reply` ({text, visibility}); what is left out is not done.
    """

    do: Mapping[str, Any]
    numbers: tuple[int, ...] | None = None
    filter: str | None = None
    view: str | None = None
    q: str | None = None


@dataclass(frozen=True, slots=True)
class UndoBatch:
    """What a batch changed is set back where nobody has changed it since."""

    batch_id: int


@dataclass(frozen=True, slots=True)
class BatchById:
    """How far a batch is, and which of its rows failed."""

    batch_id: int


def needed(do: Mapping[str, Any]) -> list[str]:
    """The rights of an agent who does this to a ticket."""
    values = set(do.get("values", ()))
    rights = ["ticket.assign"] if values & {"team", "assignee"} else []
    if values - {"team", "assignee"} or do.get("add_tags") or do.get("remove_tags"):
        rights.append("ticket.change")
    if do.get("move"):
        rights.append("ticket.move")
    if do.get("reply"):
        rights.append(WRITING[do["reply"]["visibility"]])
    return rights


def _start(work: Work, command: StartBatch) -> dict[str, Any]:
    do = {name: value for name, value in command.do.items() if value}
    if not do:
        raise Refused("invalid", "nothing-to-do", "say what is to be done", pointer="/do")
    for right in needed(do):
        access.require(work.actor, right)
    _check(work, do)
    most = int(work.context.config["limits.batch"])
    _room(work)
    words, condition = (command.q or "").strip() or None, (command.filter or "").strip() or None
    if (command.numbers is None) == (condition is None and command.view is None and words is None):
        raise Refused("invalid", "no-tickets", "name tickets, or a filter or view that finds them", pointer="/numbers")
    numbers = command.numbers
    if numbers is None:
        numbers = tuple(work.ask(TicketNumbers(condition, command.view, words, most + 1)))
    numbers = tuple(dict.fromkeys(numbers))
    if not numbers:
        raise Refused("conflict", "no-tickets", "there is no ticket that this would be done to")
    if len(numbers) > most:
        reason = f"these are more than {most} tickets (`limits.batch`); narrow the filter"
        raise Refused("invalid", "too-many-tickets", reason, pointer="/filter")
    job_id = record_new(work.tx, work.actor, KIND, {"do": do, "total": len(numbers)})
    store.begin(work.tx, job_id, numbers)
    work.tx.record("batch.started", {"job": job_id, "tickets": len(numbers), "what": sorted(do)}, actor=work.actor)
    return {"batch": _shown(work, job_id)}


def _room(work: Work) -> None:
    if store.unfinished(work.tx, (KIND, UNDO), work.actor.kind, work.actor.id) >= AT_ONCE:
        reason = f"{AT_ONCE} of your batches run already; wait for one, or stop it"
        raise Refused("conflict", "too-many-batches", reason)


def _check(work: Work, do: Mapping[str, Any]) -> None:
    """Raises Refused for what no ticket of the desk could be given; the rest each ticket tells for itself."""
    book, values = work.book, do.get("values", {})
    known = {"priority": book.priorities, "type": book.types, "team": book.teams}
    for name, nouns in known.items():
        if values.get(name) is not None and values[name] not in nouns:
            raise Refused("invalid", f"unknown-{name}", f"there is no {name} `{values[name]}`", pointer=f"/do/{name}")
    if values.get("assignee") is not None:
        agents = {agent["username"] for agent in work.ask(Agents())["items"]}
        if values["assignee"] not in agents:
            raise Refused(
                "invalid", "unknown-agent", f"there is no agent `{values['assignee']}`", pointer="/do/assignee"
            )
    for tag in do.get("add_tags", ()) if not book.open_tags else ():
        if tag not in book.known_tags:
            raise Refused("invalid", "unknown-tag", f"there is no tag `{tag}`", pointer="/do/add_tags")
    move = do.get("move")
    triggers = {way.trigger for lifecycle in book.lifecycles.values() for way in lifecycle.transitions}
    if move and (move["trigger"] is None) == (move["to"] is None):
        raise Refused("invalid", "no-such-move", "name a trigger, or `to`", pointer="/do/transition")
    if move and move["to"] is None and move["trigger"] not in triggers:
        reason = f"no lifecycle has a move `{move['trigger']}`"
        raise Refused("invalid", "no-such-move", reason, pointer="/do/transition")
    reply = do.get("reply")
    if reply:
        most = int(work.context.config["limits.line"])
        if not reply["text"].strip():
            raise Refused("invalid", "empty-message", "write what is to be answered", pointer="/do/reply")
        if len(reply["text"]) > most:
            raise Refused("invalid", "too-long", f"a line has at most {most} characters", pointer="/do/reply")


def _undo(work: Work, command: UndoBatch) -> dict[str, Any]:
    row = _seen(work, command.batch_id)
    if row is None or row["kind"] != KIND:
        raise missing("batch")
    if row["state"] not in OVER:
        raise Refused("conflict", "batch-running", "this batch still runs; cancel it first")
    if store.undoing(work.tx, UNDO, row["id"]):
        raise Refused("conflict", "undo-running", "this batch is being taken back already")
    _room(work)
    if not store.left_to_undo(work.tx, UNDO, row["id"]):
        raise Refused("conflict", "nothing-to-undo", "this batch changed nothing that could still be taken back")
    job_id = record_new(work.tx, work.actor, UNDO, {"of": row["id"], "do": row["arguments"]["do"]})
    total = store.begin_undo(work.tx, UNDO, job_id, row["id"])
    work.tx.record("batch.undone", {"job": job_id, "of": row["id"], "tickets": total}, actor=work.actor)
    return {"batch": _shown(work, job_id)}


def _one(work: Work, question: BatchById) -> dict[str, Any] | None:
    return None if _seen(work, question.batch_id) is None else _shown(work, question.batch_id)


def _seen(work: Work, job_id: int) -> Row | None:
    """The job of a batch that the actor may see; None, the same for somebody else's and for one that is not there."""
    row = store.job(work.tx, job_id)
    if row is None or row["kind"] not in (KIND, UNDO):
        return None
    mine = (row["owner_kind"], row["owner_id"]) == (work.actor.kind, work.actor.id)
    return row if mine or work.actor.kind == "system" or MANAGE in work.actor.permissions else None


def _shown(work: Work, job_id: int) -> dict[str, Any]:
    row = store.job(work.tx, job_id)
    if row is None:
        raise missing("batch")
    counted = store.counts(work.tx, job_id)
    undone_by = store.undone_by(work.tx, UNDO, job_id)
    whole = row["kind"] == KIND and row["state"] in OVER and not store.undoing(work.tx, UNDO, job_id)
    return {
        "id": job_id,
        "state": row["state"],
        "total": counted["waiting"] + counted["done"] + counted["failed"],
        "done": counted["done"],
        "failed": store.failures(work.tx, job_id),
        "failed_count": counted["failed"],
        "undoes": row["arguments"].get("of"),
        "undone_by": undone_by,
        "undoable": whole and counted["changed"] > 0 and store.left_to_undo(work.tx, UNDO, job_id) > 0,
        "created_at": row["created_at"],
    }


COMMANDS = (
    PlainCommand(
        StartBatch,
        _start,
        right=RUN,
        rights=("ticket.assign", "ticket.change", "ticket.move", *WRITING.values()),
    ),
    PlainCommand(UndoBatch, _undo, right=RUN),
)
QUESTIONS: Questions = {BatchById: Asked(_one, (RUN,))}

"""How a batch is carried out: some tickets a step, each in a savepoint of its own with the note that it is done.

So a process that dies in the middle has done each ticket wholly or not at all, and the next one goes on with the rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from engine.core import access
from engine.core.commands import ChangeTicket, MoveTicket, PostMessage
from engine.core.entities import Actor, Ticket
from engine.core.errors import Refused
from engine.core.questions import Transitions
from engine.desk import Claimed, Context, JobKind, Step, Work
from engine.features.batches import commands, store
from engine.store import Tx
from engine.store.sql import Row

AT_ONCE: Final = 20
"""Tickets in one step: well under a second, so that others come to write."""
_KEPT: Final = ("priority", "team", "assignee", "type", "tags", "state", "solution")
"""What of a ticket a batch may change and take back."""


async def _step(context: Context, job: Claimed) -> Step:
    rows = await context.read(lambda tx: store.waiting(tx, job.id, AT_ONCE))
    actor = await context.read(lambda tx: context.work(tx).agent(job.owner_id))
    do = _undone if job.kind == commands.UNDO else _done
    await asyncio.gather(*(_carry_out(context, actor, job, row, do) for row in rows))
    counted = await context.read(lambda tx: store.counts(tx, job.id))
    seen = counted["done"] + counted["failed"]
    total = seen + counted["waiting"]
    result = {name: counted[name] for name in ("done", "failed")}
    return Step(done=seen, total=total, finished=not counted["waiting"], result=result)


async def _carry_out(context: Context, actor: Actor | None, job: Claimed, row: Row, do: Callable[..., None]) -> None:
    """One ticket: changed and noted, or noted why not."""

    def write(tx: Tx) -> dict[str, Any]:
        if actor is None:
            raise Refused("forbidden", "agent-gone", "who began this batch has no account that is in use any more")
        work = context.work(tx, actor)
        for right in (commands.RUN, *commands.needed(job.arguments["do"])):
            access.require(actor, right)
        before = _state_of(work.ticket(row["number"]))
        do(work, row, job.arguments["do"], before)
        after = _state_of(work.ticket(row["number"]))
        wanted = _asked(job.arguments["do"])
        changed = {name: value for name, value in before.items() if name in wanted and after[name] != value}
        if not store.done(tx, row["id"], changed, after):
            raise _AlreadyDone
        return {}

    try:
        await context.write(write)
    except _AlreadyDone:
        return
    except Refused as refused:
        code, message = refused.code, refused.message

        def note(tx: Tx) -> dict[str, Any]:
            store.failed(tx, row["id"], code, message)
            return {}

        await context.write(note)


class _AlreadyDone(Exception):
    """Another process was faster: what was done here is undone."""


def _done(work: Work, row: Row, do: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    """Values and tags in one change, then the answer, then the move: the last may close the case."""
    number = row["number"]
    values = dict(do.get("values", {}))
    if do.get("add_tags") or do.get("remove_tags"):
        tags = [tag for tag in before["tags"] if tag not in do.get("remove_tags", ())]
        values["tags"] = [*tags, *(tag for tag in do.get("add_tags", ()) if tag not in tags)]
    values = {name: value for name, value in values.items() if before[name] != value}
    if values:
        work.act(ChangeTicket(number, values))
    if do.get("reply"):
        work.act(PostMessage(number, do["reply"]["text"], do["reply"]["visibility"]))
    if do.get("move"):
        work.act(_moved(work, number, do["move"]))


def _moved(work: Work, number: int, move: Mapping[str, Any]) -> MoveTicket:
    """The move that is wanted of a ticket, with what it requires."""
    if move["to"] is None:
        return MoveTicket(number, move["trigger"], move["fields"])
    states = work.book.lifecycles[work.ticket(number).kind].states
    for way in work.ask(Transitions(number))["items"]:
        if states[way["to"]].category == move["to"]:
            asked = {name: value for name, value in move["fields"].items() if name in way["requires"]}
            return MoveTicket(number, way["trigger"], asked)
    raise Refused("conflict", "no-such-move", "its lifecycle has no move that closes it now")


def _undone(work: Work, row: Row, do: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """What the batch changed, set back. Raises Refused where somebody has changed it since, or no move leads back. Tags
    are taken one by one: those of others stay."""
    number, before, after = row["number"], row["before"], row["after"]
    since = [name for name in before if name != "tags" and now[name] != after[name]]
    if since:
        names = ", ".join(since)
        raise Refused("conflict", "changed-since", f"somebody has changed it since: {names}")
    if "state" in before:
        _move_back(work, number, before["state"])
    values = {name: value for name, value in before.items() if name not in ("state", "tags")}
    if "tags" in before:
        kept = [tag for tag in now["tags"] if tag in before["tags"] or tag not in after["tags"]]
        values["tags"] = [*kept, *(tag for tag in before["tags"] if tag not in after["tags"] and tag not in kept)]
    current = _state_of(work.ticket(number))
    values = {name: value for name, value in values.items() if current[name] != value}
    if values:
        work.act(ChangeTicket(number, values))


def _move_back(work: Work, number: int, state: str) -> None:
    """Back to the state that a ticket was in; where no move leads there, to one as open as that one, else to an open
    one: an answered case that was closed waits for its member no more, but it is at work again."""
    ticket = work.ticket(number)
    states = work.book.lifecycles[ticket.kind].states
    ways = work.ask(Transitions(number))["items"]
    exact = [way for way in ways if way["to"] == state]
    alike = [way for way in ways if state in states and states[way["to"]].category == states[state].category]
    opened = [way for way in ways if states[way["to"]].category != "closed"]
    if state not in states or states[state].category == "closed":
        opened = []
    for way in (*exact, *alike, *opened):
        if not way["requires"]:
            work.act(MoveTicket(number, way["trigger"]))
            return
    raise Refused("conflict", "no-way-back", f"no move leads back to `{state}`")


def _asked(do: Mapping[str, Any]) -> set[str]:
    """The fields that a batch is about; what rules change besides is theirs, and stays."""
    asked = set(do.get("values", {}))
    if "team" in asked:
        asked.add("assignee")  # whom another team takes the case from
    if do.get("add_tags") or do.get("remove_tags"):
        asked.add("tags")
    if do.get("move"):
        asked.update({"state"}, {"solution"} & set(do["move"]["fields"]))
    return asked


def _state_of(ticket: Ticket) -> dict[str, Any]:
    found = {name: getattr(ticket, name) for name in _KEPT}
    return {**found, "tags": list(ticket.tags)}


JOBS = (JobKind(commands.KIND, _step), JobKind(commands.UNDO, _step))

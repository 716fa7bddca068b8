"""What a publication promises is carried to the clocks of open tickets: a job of short steps, begun by `activate`.

Until it has come to a ticket, that ticket's next moment of time is asked by the new law too
(`core/handlers/time.py`), so nothing is told that is no longer promised.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from engine.core.commands import SettleClocks
from engine.core.entities import SYSTEM
from engine.core.rulebook import Rulebook
from engine.desk.context import Context
from engine.desk.jobs import Claimed, JobKind, Step, record_new
from engine.store import Tx, load, rulebooks, schedules

ACTIVATED: Final = "rulebook.activated"
"""The event of an activation, which names the job in `clocks`."""
AT_ONCE = 50
"""Tickets in one step: well under a second, so that others come to write."""


def begin(tx: Tx, before: Rulebook | None, after: Rulebook) -> dict[str, Any]:
    """Begins the job where a rulebook may promise something else than the one before; returns its id and how many
    tickets it will look at."""
    if before is None or _promising(before) == _promising(after):
        return {}
    open_tickets = schedules.count_open(tx)
    if not open_tickets:
        return {}
    job_id = record_new(tx, SYSTEM, RESETTLING.name, {"rulebook": after.digest, "tickets": open_tickets})
    return {"job": job_id, "tickets": open_tickets}


def begun(tx: Tx, digest: str) -> dict[str, Any] | None:
    """The job that the last activation began, and how many tickets it looks at; None where it began none, or where it
    was of another rulebook."""
    last = rulebooks.last_told(tx, ACTIVATED)
    clocks: dict[str, Any] | None = last.get("clocks")
    return clocks if last.get("digest") == digest else None


def _promising(book: Rulebook) -> Mapping[str, str]:
    """The texts by which a rulebook may promise otherwise: all but rules, templates and scenarios."""
    parts = {path: path.split("/") for path in book.files}
    return {
        path: book.files[path]
        for path, names in parts.items()
        if not path.endswith(".rules") and not {"templates", "tests"} & set(names)
    }


async def _step(context: Context, job: Claimed) -> Step:
    """The next open tickets by id. `place`: the last one, how many were looked at, and how many came out otherwise."""
    last, done, changed = (int(job.place.get(name, 0)) for name in ("last", "done", "changed"))
    found = await context.read(lambda tx: schedules.open_after(tx, last, AT_ONCE))
    total = max(int(job.arguments.get("tickets", 0)), done + len(found))
    if not found:
        return Step(done=done, total=done, finished=True, result={"tickets": done, "changed": changed})

    def write(tx: Tx) -> Step:
        count = sum(_settled(context, tx, ticket_id) for ticket_id in found)
        place = {"last": found[-1], "done": done + len(found), "changed": changed + count}
        return Step(place, done + len(found), total)

    return Step(write=write)


def _settled(context: Context, tx: Tx, ticket_id: int) -> bool:
    """Whether a ticket's clocks came out otherwise."""
    work = context.work(tx)
    case = load.ticket_case(tx, work.words, ticket_id=ticket_id, lines=0)
    if case is None or case.ticket is None or case.ticket.kind not in work.book.lifecycles:
        return False
    return bool(work.decide(SettleClocks(ticket_id), case).decision.changes)


RESETTLING = JobKind("sla.resettle", _step)
JOBS: Mapping[str, JobKind] = {RESETTLING.name: RESETTLING}

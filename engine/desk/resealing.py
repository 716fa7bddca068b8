"""A field that is declared personal, or no longer, is so at once on every screen; what is stored of it follows: a job
of short steps, begun by `activate`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from engine.core.entities import SYSTEM
from engine.desk.context import Context
from engine.desk.jobs import Claimed, JobKind, Step, record_new
from engine.store import Tx, sealing
from engine.store.values import Lexicon

AT_ONCE: Final = 100
"""Tickets and members in one step: well under a second, so that others come to write."""


def begin(tx: Tx, before: Lexicon, after: Lexicon) -> None:
    """Begins the job where other fields are personal than before and values of such are stored."""
    if before.personal == after.personal:
        return
    values = sealing.count_stray(tx, after)
    if values:
        record_new(tx, SYSTEM, RESEALING.name, {"values": values})


async def _step(context: Context, job: Claimed) -> Step:
    """The next tickets and members that have such values, by the rules that are in force then. One that is written is
    no longer found, so a step that comes again does nothing twice."""
    done = int(job.place.get("done", 0))
    total = max(int(job.arguments.get("values", 0)), done)

    def write(tx: Tx) -> Step:
        words = context.work(tx).words
        owners = sealing.owners_of_stray(tx, words, AT_ONCE)
        for owner, owner_id in owners:
            sealing.reseal(tx, words, owner, owner_id)
        if not owners:
            return Step(done=total, total=total, finished=True, result={"owners": done})
        return Step({"done": done + len(owners)}, min(done + len(owners), total), total)

    return Step(write=write)


RESEALING = JobKind("fields.reseal", _step)
JOBS: Mapping[str, JobKind] = {RESEALING.name: RESEALING}

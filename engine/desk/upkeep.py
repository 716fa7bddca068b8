"""Upkeep, each hour: what is too old goes, and what rules did is summed up by day. A job of many small steps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from engine.core.entities import HOUR
from engine.desk.context import Context
from engine.desk.jobs import Claimed, JobKind, JobSchedule, Step
from engine.store import Tx, jobs, requests, rule_days, sessions, upkeep, wall_clock
from engine.store.rule_days import Sums

AT_ONCE = 500
"""Rows taken out in one step."""

Sweep = Callable[[Context, Tx], tuple[int, bool]]
"""Takes some rows out; returns how many, and whether there may be more."""


def _all_of(forget: Callable[[Tx, int], int]) -> Sweep:
    def sweep(context: Context, tx: Tx) -> tuple[int, bool]:
        gone = forget(tx, AT_ONCE)
        return gone, gone >= AT_ONCE

    return sweep


def _of_feature(name: str) -> Sweep:
    def sweep(context: Context, tx: Tx) -> tuple[int, bool]:
        retention = context.plugins.tables["features"][name].retention
        return 0, retention(tx)

    return sweep


SWEEPS: Mapping[str, Sweep] = {
    "snapshots": lambda context, tx: upkeep.clear_snapshots(tx, context.config["snapshots.keep_days"]),
    "sessions": _all_of(sessions.forget_sessions),
    "sign_ons": _all_of(sessions.forget_sign_ons),
    "requests": _all_of(requests.forget),
    "jobs": _all_of(lambda tx, limit: jobs.expire(tx, wall_clock(), limit)),
}


async def _step(context: Context, job: Claimed) -> Step:
    """The next sweep of the round. `place`: which one, how much went so far, and files whose bytes are still to go."""
    step_of_clock = context.store.clock.stepped_within(HOUR)
    if step_of_clock is not None and not step_of_clock.back:
        return Step(finished=True, result={})  # what seems old may be of today: it has time until the next round
    features = context.plugins.tables["features"].values()
    of_features = {
        f"feature:{feature.name}": _of_feature(feature.name) for feature in features if feature.retention is not None
    }
    sweeps = {**SWEEPS, **of_features}
    rounds = [*sweeps, "files", "rules"]
    at = str(job.place.get("at", rounds[0]))
    before = dict(job.place.get("gone", {}))

    def after(more: bool, count: int = 0, blobs: list[str] | None = None) -> Step:
        """The same sweep again, or the next one."""
        gone = {**before, at: before.get(at, 0) + count} if count else before
        here = rounds.index(at) + (not more)
        if here == len(rounds):
            return Step(done=here, total=here, finished=True, result=gone)
        return Step({"at": rounds[here], "gone": gone, "blobs": blobs or []}, here, len(rounds))

    if at in sweeps:
        return Step(write=lambda tx: _swept(sweeps[at](context, tx), after))
    if at == "files":
        for digest in job.place.get("blobs", ()):
            await asyncio.to_thread(context.blobs.delete, digest)
        return Step(write=lambda tx: _dropped(tx, after))
    if at == "rules":
        sums = await context.read(rule_days.page)
        return after(False) if sums is None else Step(write=lambda tx: _summed(tx, sums, after))
    return Step()  # a feature that has left since the last step: from the beginning


def _swept(came: tuple[int, bool], after: Callable[..., Step]) -> Step:
    count, more = came
    return after(more, count)


def _dropped(tx: Tx, after: Callable[..., Step]) -> Step:
    """Uploads nobody named: their rows now, their bytes at the beginning of the next step."""
    count, blobs = upkeep.drop_uploads(tx)
    return after(count > 0, count, blobs)


def _summed(tx: Tx, sums: Sums, after: Callable[..., Step]) -> Step:
    """What rules did on one page of decisions; there may always be another page."""
    rule_days.keep(tx, sums)
    return after(True)


UPKEEP = JobKind("upkeep", _step)
JOBS: Mapping[str, Any] = {UPKEEP.name: UPKEEP}
SCHEDULES: Mapping[str, Any] = {"upkeep": JobSchedule("upkeep", UPKEEP.name, every=HOUR)}

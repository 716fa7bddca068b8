"""System: the one question, how the desk is doing: what leaves it, plugins, jobs, rules, the store and the clock."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Any

from engine.core.entities import DAY, SECOND
from engine.desk import Asked, Questions, Work
from engine.features.system import store


@dataclass(frozen=True, slots=True)
class SystemState:
    """How the desk is doing now, as its own process knows it; whether the store takes writes is `StoreTrouble`."""


def _state(work: Work, question: SystemState) -> dict[str, Any]:
    context, storage = work.context, work.context.store.storage
    disk = shutil.disk_usage(context.config.data)
    step = context.store.clock.stepped
    return {
        "channels": _channels(work),
        "lanes": [_lane(lane) for lane in context.lanes.states() if not lane.name.startswith(_CHANNEL)],
        "set_aside": [{"name": aside.name, "error": aside.error} for aside in context.plugins.set_aside],
        "jobs": store.jobs(work.tx),
        "rules": store.rules(work.tx, work.book),
        "store": {
            "kind": storage.name,
            "bytes": storage.size(),
            "disk_free": disk.free,
            "disk_total": disk.total,
        },
        "clock": {
            "steps": context.store.clock.steps,
            "last": None if step is None else {"at": step.after, "seconds": (step.after - step.before) // SECOND},
        },
    }


_CHANNEL = "channel:"


def _channels(work: Work) -> list[dict[str, Any]]:
    """Every channel that is there, and others by which something is still to leave: `notify:email` …"""
    lanes = {lane.name.removeprefix(_CHANNEL): _lane(lane) for lane in work.context.lanes.states()}
    lines = store.outbox(work.tx, work.tx.now - DAY)
    names = sorted({*work.context.plugins.tables["channels"], *lines})
    idle = {"running": 0, "hanging": 0, "resting": 0, "overdue": 0, "failures": 0}
    return [{**idle, **lanes.get(name, {}), "name": name, **lines.get(name, store.NOTHING)} for name in names]


def _lane(lane: Any) -> dict[str, Any]:
    return {
        "name": lane.name,
        "running": lane.running,
        "hanging": lane.hangs,
        "resting": round(lane.rests),
        "overdue": lane.overdue,
        "failures": lane.failures,
    }


QUESTIONS: Questions = {SystemState: Asked(_state, ("system.manage",))}

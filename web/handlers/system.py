"""Is it up, is it ready, how is it doing, and what is the API."""

from __future__ import annotations

import asyncio
from typing import Final, Literal

from msgspec import UNSET, Struct, UnsetType

from engine import __version__
from engine.desk import SYSTEM, Notes, Refused, StoreTrouble, Teams
from web import openapi
from web.routes import API, Call, Media, Reply, route


class Health(Struct):
    status: Literal["ok", "failing"]
    version: str
    rulebook: str | None = None
    checks: dict[str, str] | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    """Why nothing can be stored."""
    notes: list[str] | UnsetType = UNSET
    """What an operator should know of, though work goes on."""


UPKEEP: Final = "system.manage"
READ_WITHIN: Final = 3.0
"""Seconds a question has until the store is taken not to answer."""


@route("GET", "/healthz", {200: Health}, tag="system", who="anybody")
async def healthz(call: Call) -> Reply:
    """The process is up."""
    return Reply({"status": "ok", "version": __version__})


@route("GET", "/readyz", {200: Health, 503: Health}, tag="system", who="anybody")
async def readyz(call: Call) -> Reply:
    """It takes work: the store answers, stores, and a rulebook is in force."""
    checks = {"store": "ok", "rules": "ok"}
    try:
        await asyncio.wait_for(call.desk.query(SYSTEM, Teams()), READ_WITHIN)
        trouble = await call.desk.query(SYSTEM, StoreTrouble())
    except Exception as error:
        # Whatever it is, the answer is the same; the log has the rest.
        call.web.log.exception("the store does not answer")
        trouble = f"the store does not answer ({type(error).__name__})"
    if trouble is not None:
        checks["store"] = "failing"
    book = call.desk.rulebook
    if book is None:
        checks["rules"] = "failing"
    well = all(state == "ok" for state in checks.values())
    answer = {
        "status": "ok" if well else "failing",
        "version": __version__,
        "rulebook": book.digest if book is not None else None,
        "checks": checks,
        "notes": await call.desk.query(SYSTEM, Notes()),
        **({} if trouble is None else {"reason": trouble}),
    }
    return Reply(answer, 200 if well else 503)


@route("GET", "/metrics", {200: Media("text/plain")}, tag="system", who="anybody", errors=(404,))
async def metrics(call: Call) -> Reply:
    """Counters in Prometheus' format, for this machine, with the metrics key, or for who may keep the desk up."""
    if UPKEEP not in call.actor.permissions and not call.web.may_measure(call.request):
        raise Refused("missing", "not-found", "there is no such page")
    text = call.web.metrics.text({**call.web.hub.gauges(), **_of_lanes(call)})
    return Reply(text.encode(), 200, {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


def _of_lanes(call: Call) -> dict[tuple[str, str], float]:
    """How plugins are doing, and whether the clock was set, for the metrics."""
    found: dict[tuple[str, str], float] = {}
    for state in call.desk.context.lanes.states():
        lane = f'lane="{state.name}"'
        found["desk_lane_running", lane] = state.running
        found["desk_lane_hanging", lane] = state.hangs
        found["desk_lane_resting_seconds", lane] = state.rests
        found["desk_lane_overdue_total", lane] = state.overdue
        found["desk_lane_failures_total", lane] = state.failures
        found["desk_lane_passed_over_total", lane] = state.passed_over
    found["desk_clock_steps_total", ""] = call.desk.context.store.clock.steps
    return found


@route("GET", f"{API}/openapi.json", {200: Media("application/json")}, tag="system", who="anybody")
async def document(call: Call) -> Reply:
    """This document."""
    return Reply(openapi.encoded(), 200, {"Content-Type": "application/json", "Cache-Control": "public, max-age=300"})

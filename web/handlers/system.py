"""Is it up, is it ready, how is it doing, and what is the API."""

from __future__ import annotations

from engine import __version__
from engine.desk import SYSTEM, Refused, StoreTrouble, Teams
from web import openapi, schema
from web.routes import API, Call, Media, Reply, route


@route("GET", "/healthz", {200: schema.Health}, tag="system", who="anybody")
async def healthz(call: Call) -> Reply:
    """The process is up."""
    return Reply({"status": "ok", "version": __version__})


@route("GET", "/readyz", {200: schema.Health, 503: schema.Health}, tag="system", who="anybody")
async def readyz(call: Call) -> Reply:
    """It takes work: the store answers, stores, and a rulebook is in force."""
    checks = {"store": "ok", "rules": "ok"}
    try:
        await call.desk.query(SYSTEM, Teams())
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
        **({} if trouble is None else {"reason": trouble}),
    }
    return Reply(answer, 200 if well else 503)


@route("GET", "/metrics", {200: Media("text/plain")}, tag="system", who="anybody", errors=(404,))
async def metrics(call: Call) -> Reply:
    """Counters in Prometheus' format, for this machine or with the metrics key."""
    if not call.web.may_measure(call.request):
        raise Refused("missing", "not-found", "there is no such page")
    text = call.web.metrics.text(call.web.hub.gauges())
    return Reply(text.encode(), 200, {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


@route("GET", f"{API}/openapi.json", {200: Media("application/json")}, tag="system", who="anybody")
async def document(call: Call) -> Reply:
    """This document."""
    return Reply(openapi.encoded(), 200, {"Content-Type": "application/json", "Cache-Control": "public, max-age=300"})

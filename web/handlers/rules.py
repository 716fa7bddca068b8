"""The rules in force and those before: files, checking texts, publishing, going back, how each rule fares."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from engine import graph, publishing
from engine.desk import (
    DryRun,
    DryRunLine,
    Refused,
    RulesState,
    RulesStatistics,
    RulesTexts,
    RulesVersions,
    with_moments,
)
from web import rules_schema as schema
from web.routes import API, Call, Media, Reply, route
from web.schema import LocaleQuery

SPOKEN: Final[dict[str, Any]] = {"tag": "rules", "query": LocaleQuery}
"""Of answers that speak to people."""
TRIED: Final[dict[str, Any]] = {"large": True, "repeats": False}
"""Of questions about an edit: a whole folder comes with them, and nothing is changed."""
DAY: Final = 86_400_000_000
MOST: Final = 200_000
"""Decisions that one simulation goes through."""
LONGEST: Final = 60.0
"""Seconds that one simulation may take."""


@route("GET", f"{API}/rules", {200: schema.Rules}, **SPOKEN)
async def rules(call: Call) -> Reply:
    """The rulebook in force, its files, and the findings of the last load that failed."""
    return Reply(await call.need(RulesState(), "rulebook"))


@route("GET", f"{API}/rules/files", {200: schema.RulesSource}, tag="rules", right="rules.view")
async def rules_files(call: Call) -> Reply:
    """The texts in force, and those of the folder where it holds others."""
    book = call.desk.rulebook
    if book is None:
        raise Refused("missing", "not-found", "there is no rulebook in force")
    folder = await asyncio.to_thread(publishing.folder_beside, call.desk)
    return Reply({"digest": book.digest, "files": dict(book.files), "folder": folder})


@route(
    "POST",
    f"{API}/rules/validate",
    {200: schema.Validated},
    **SPOKEN,
    body=schema.ValidateBody,
    **TRIED,
    right="rules.view",
)
async def validate(call: Call) -> Reply:
    """Check texts without putting them in force."""
    texts = await publishing.edited(call.desk, call.body.base, call.body.files)
    verdict = await call.web.checks.texts(texts, scenarios=call.body.scenarios, unwanted=call.left)
    found, errors = verdict.findings, verdict.errors
    return Reply({"findings": found, "errors": errors, "warnings": len(found) - errors})


@route(
    "GET",
    f"{API}/rules/graph",
    {200: Media("image/svg+xml")},
    tag="rules",
    query=schema.GraphQuery,
    errors=(404,),
    right="rules.view",
)
async def rules_graph(call: Call) -> Reply:
    """A picture of the rulebook in force: lifecycles, stages, or which rule may wake which."""
    book = call.desk.rulebook
    if book is None:
        raise Refused("missing", "not-found", "there is no rulebook in force")
    return await _picture(book, call.query.what, call.query.locale)


@route(
    "POST",
    f"{API}/rules/graph",
    {200: Media("image/svg+xml")},
    tag="rules",
    body=schema.GraphBody,
    **TRIED,
    right="rules.view",
)
async def draw_rules(call: Call) -> Reply:
    """The same pictures of an edit that is not in force."""
    book = await publishing.built(call.desk, call.body.base, call.body.files, call.web.checks)
    return await _picture(book, call.body.what, call.body.locale)


async def _picture(book: Any, what: str, locale: str | None) -> Reply:
    picture = await asyncio.to_thread(graph.piece, book, what, locale or book.locales[0])
    policy = "default-src 'none'; sandbox"
    return Reply(picture.encode(), 200, {"Content-Type": "image/svg+xml", "Content-Security-Policy": policy})


@route("POST", f"{API}/rules/reload", {200: schema.Reloaded}, **SPOKEN, body=schema.ReloadBody, right="rules.reload")
async def reload_rules(call: Call) -> Reply:
    """Read the rules folder and put it in force if it is sound."""
    done = call.web.reload(by=call.actor.username, note=call.body.note, source="api", may_grant=_may_grant(call))
    return Reply(await done)


@route(
    "POST",
    f"{API}/rules/publish",
    {200: schema.Published},
    **SPOKEN,
    body=schema.PublishBody,
    large=True,
    right="rules.edit",
)
async def publish_rules(call: Call) -> Reply:
    """Put edited files in force, and write them to the rules folder."""
    return await _publish(call, call.body.files, "publish")


@route(
    "POST",
    f"{API}/rules/rollback",
    {200: schema.Published},
    **SPOKEN,
    body=schema.RollbackBody,
    errors=(404,),
    right="rules.edit",
)
async def rollback_rules(call: Call) -> Reply:
    """Put an earlier version in force again, and write its files to the rules folder."""
    there = await call.need(RulesTexts(call.body.digest), "version")
    book = call.desk.rulebook
    gone = dict.fromkeys(book.files if book is not None else (), None)
    return await _publish(call, {**gone, **there["files"]}, "rollback")


def _may_grant(call: Call) -> bool:
    return call.actor.kind == "system" or "roles.grant" in call.actor.permissions


async def _publish(call: Call, files: publishing.Texts, source: str) -> Reply:
    edit = publishing.Edit(call.body.base, files, call.actor.username, call.body.note, source, _may_grant(call))
    return Reply(await call.web.in_turn(lambda known: publishing.publish(call.desk, edit, known, call.web.checks)))


@route("GET", f"{API}/rules/versions", {200: schema.RulesVersionPage}, tag="rules", query=schema.VersionsQuery)
async def rules_versions(call: Call) -> Reply:
    """What was put in force: when, by whom, why, and which files changed."""
    return Reply(await call.need(RulesVersions(call.query.limit, call.query.cursor), "rulebook"))


@route("GET", f"{API}/rules/versions/{{digest}}", {200: schema.RulesTexts}, tag="rules")
async def rules_version(call: Call) -> Reply:
    """The texts of a version."""
    return Reply(await call.need(RulesTexts(call.path["digest"]), "version"))


@route("GET", f"{API}/rules/statistics", {200: schema.RulesStatistics}, tag="rules", query=schema.StatisticsQuery)
async def rules_statistics(call: Call) -> Reply:
    """How often each rule acted and lost in the shops I serve, when it last acted, and what asking it takes."""
    return Reply(await call.need(RulesStatistics(call.query.days), "rulebook"))


@route(
    "POST",
    f"{API}/rules/simulate",
    {200: schema.Simulated},
    **SPOKEN,
    body=schema.SimulateBody,
    **TRIED,
    right="rules.edit",
    also="ticket.view",
)
async def simulate_rules(call: Call) -> Reply:
    """What an edit would have decided otherwise over the last days in the shops I serve. Sends and writes nothing."""
    if call.web.simulating:
        message = "a simulation is running; try again when it is done"
        raise Refused("too-many", "simulation-running", message, retry_after=10)
    call.web.simulating = True
    try:
        book = await publishing.built(call.desk, call.body.base, call.body.files, call.web.checks)
        until = time.time_ns() // 1000
        report = await call.desk.simulate(
            book,
            until - call.body.days * DAY,
            until,
            actor=call.actor,
            against=call.body.against,
            most=MOST,
            seconds=LONGEST,
            unwanted=call.left,
        )
    finally:
        call.web.simulating = False
    return Reply(with_moments(report))


@route(
    "POST",
    f"{API}/rules/dry-run",
    {200: schema.DryRan},
    **SPOKEN,
    body=schema.DryRunBody,
    **TRIED,
    errors=(404,),
    right="rules.edit",
)
async def dry_run_rules(call: Call) -> Reply:
    """What an edit would have decided on a ticket, beside what was decided. Sends and writes nothing."""
    book = await publishing.built(call.desk, call.body.base, call.body.files, call.web.checks)
    return Reply(await call.need(DryRun(book, call.body.ticket, call.body.event), "ticket"))


@route(
    "POST",
    f"{API}/rules/dry-run/line",
    {200: schema.DryRanLine},
    **SPOKEN,
    body=schema.DryRunLineBody,
    **TRIED,
    errors=(404,),
    right="rules.edit",
)
async def dry_run_line(call: Call) -> Reply:
    """What the member's next line on a ticket would lead to now, before and after an edit. Sends and writes nothing."""
    book = await publishing.built(call.desk, call.body.base, call.body.files, call.web.checks)
    return Reply(await call.need(DryRunLine(book, call.body.ticket, call.body.text), "ticket"))

"""The rules in force, checking texts, loading the folder."""

from __future__ import annotations

import asyncio

from engine import reload
from engine.desk import RulesState
from web import schema
from web.routes import API, Answer, Call, route


@route("GET", f"{API}/rules", {200: schema.Rules}, tag="rules")
async def rules(call: Call) -> Answer:
    """The rulebook in force, its files, and the findings of the last load that failed."""
    return Answer(await call.need(RulesState(), "rulebook"))


@route("POST", f"{API}/rules/validate", {200: schema.Validated}, tag="rules", body=schema.ValidateBody)
async def validate(call: Call) -> Answer:
    """Check texts without putting them in force."""
    call.require("rules.view")
    files: dict[str, str] = call.body.files
    previous = call.desk.rulebook
    loaded = await asyncio.to_thread(reload.load_files, files, None, previous, extras=call.desk.extras)
    found = [reload.told(finding) for finding in loaded.findings]
    errors = sum(finding["severity"] == "error" for finding in found)
    return Answer({"findings": found, "errors": errors, "warnings": len(found) - errors})


@route("POST", f"{API}/rules/reload", {200: schema.Reloaded}, tag="rules", body=schema.ReloadBody)
async def reload_rules(call: Call) -> Answer:
    """Read the rules folder and put it in force if it is sound."""
    call.require("rules.reload")
    return Answer(await call.web.reload(by=call.actor.username, note=call.body.note, source="api"))

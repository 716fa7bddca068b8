"""What the console's rule editor asks while somebody types: the language service of the language server, by HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from engine import publishing
from engine.editor import Workspace
from web import rules_schema as schema
from web.routes import API, Call, Reply, Run, route
from web.schema import LocaleQuery

_KEPT = 8
"""Workspaces held: one for each state somebody's edit began from."""


async def _ask(call: Call, question: Callable[[Workspace], Any]) -> Any:
    """Asks the workspace of an edit, on a thread of its own."""
    began = await publishing.edited(call.desk, call.body.base, {})
    held: dict[str, Workspace] = call.web.workspaces
    workspace = held.pop(call.body.base, None)
    if workspace is None:
        workspace = Workspace(began, call.desk.extras)
    held[call.body.base] = workspace
    while len(held) > _KEPT:
        held.pop(next(iter(held)))
    publishing.check_paths(call.body.files)
    return await asyncio.to_thread(lambda: question(workspace.with_files(call.body.files)))


async def _check(call: Call, question: str, *at: Any) -> Any:
    """Asks what needs the findings of an edit, of the process that checks rules."""
    began = await publishing.edited(call.desk, call.body.base, {})
    publishing.check_paths(call.body.files)
    return await call.web.checks.ask(began, call.body.base, call.body.files, question, *at)


def _question(name: str, answer: type[Struct], body: type[Struct]) -> Callable[[Run], Run]:
    """An operation of the editor; what it says to people is in the language asked for."""
    return route(
        "POST",
        f"{API}/rules/{name}",
        {200: answer},
        tag="rules",
        query=LocaleQuery,
        body=body,
        large=True,
        repeats=False,
        right="rules.view",
    )


def _each(found: Any) -> dict[str, Any]:
    return {"items": [item.as_dict() for item in found]}


@_question("complete", schema.Completions, schema.AtBody)
async def complete(call: Call) -> Reply:
    """What may be written at a place."""
    at = call.body
    return Reply(_each(await _ask(call, lambda space: space.complete(at.path, at.line, at.column))))


@_question("hover", schema.Hovered, schema.AtBody)
async def hover(call: Call) -> Reply:
    """What is to be known about the word at a place."""
    at = call.body
    found = await _ask(call, lambda space: space.hover(at.path, at.line, at.column))
    return Reply({"hover": None if found is None else found.as_dict()})


@_question("definition", schema.Defined, schema.AtBody)
async def definition(call: Call) -> Reply:
    """Where the word at a place is declared."""
    at = call.body
    found = await _ask(call, lambda space: space.definition(at.path, at.line, at.column))
    return Reply({"definition": None if found is None else found.as_dict()})


@_question("references", schema.References, schema.AtBody)
async def references(call: Call) -> Reply:
    """Everywhere the word at a place is named."""
    at = call.body
    return Reply(_each(await _ask(call, lambda space: space.references(at.path, at.line, at.column))))


@_question("rename", schema.TextEdits, schema.RenameBody)
async def rename(call: Call) -> Reply:
    """The edits that give what is named at a place another name, everywhere."""
    at = call.body
    found = await _check(call, "rename", at.path, at.line, at.column, at.name)
    if isinstance(found, str):
        return Reply({"items": [], "refused": found})
    return Reply({"items": found, "refused": None})


@_question("format", schema.Formatted, schema.FileBody)
async def format_rules(call: Call) -> Reply:
    """A file in the one layout."""
    path = call.body.path
    return Reply({"text": await _ask(call, lambda space: space.format(path))})


@_question("symbols", schema.Symbols, schema.FileBody)
async def symbols(call: Call) -> Reply:
    """The outline of a file."""
    path = call.body.path
    return Reply(_each(await _ask(call, lambda space: space.symbols(path))))


@_question("remedies", schema.Remedies, schema.SpanBody)
async def remedies(call: Call) -> Reply:
    """What would mend the findings of a piece of a file."""
    at = call.body
    found = await _check(call, "actions", at.path, at.line, at.column, at.end_line, at.end_column)
    return Reply({"items": found})

"""What the console's rule editor asks while somebody types: the language service of the language server, by HTTP.

What needs the findings (a new name, remedies) is asked of the process that checks, the rest of one beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from engine import publishing
from engine.checks import Checks
from web import rules_schema as schema
from web.routes import API, Call, Reply, Run, route
from web.schema import LocaleQuery


async def _ask(call: Call, checks: Checks, question: str, *at: Any) -> Any:
    """Asks the workspace of an edit, in a process beside this one."""
    began = await publishing.edited(call.desk, call.body.base, {})
    publishing.check_paths(call.body.files)
    return await checks.ask(began, call.body.base, call.body.files, question, *at, unwanted=call.left)


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


@_question("complete", schema.Completions, schema.AtBody)
async def complete(call: Call) -> Reply:
    """What may be written at a place."""
    at = call.body
    return Reply({"items": await _ask(call, call.web.typing, "complete", at.path, at.line, at.column)})


@_question("hover", schema.Hovered, schema.AtBody)
async def hover(call: Call) -> Reply:
    """What is to be known about the word at a place."""
    at = call.body
    return Reply({"hover": await _ask(call, call.web.typing, "hover", at.path, at.line, at.column)})


@_question("definition", schema.Defined, schema.AtBody)
async def definition(call: Call) -> Reply:
    """Where the word at a place is declared."""
    at = call.body
    return Reply({"definition": await _ask(call, call.web.typing, "definition", at.path, at.line, at.column)})


@_question("references", schema.References, schema.AtBody)
async def references(call: Call) -> Reply:
    """Everywhere the word at a place is named."""
    at = call.body
    return Reply({"items": await _ask(call, call.web.typing, "references", at.path, at.line, at.column)})


@_question("rename", schema.TextEdits, schema.RenameBody)
async def rename(call: Call) -> Reply:
    """The edits that give what is named at a place another name, everywhere."""
    at = call.body
    found = await _ask(call, call.web.checks, "rename", at.path, at.line, at.column, at.name)
    if isinstance(found, str):
        return Reply({"items": [], "refused": found})
    return Reply({"items": found, "refused": None})


@_question("format", schema.Formatted, schema.FileBody)
async def format_rules(call: Call) -> Reply:
    """A file in the one layout."""
    return Reply({"text": await _ask(call, call.web.typing, "format", call.body.path)})


@_question("symbols", schema.Symbols, schema.FileBody)
async def symbols(call: Call) -> Reply:
    """The outline of a file."""
    return Reply({"items": await _ask(call, call.web.typing, "symbols", call.body.path)})


@_question("remedies", schema.Remedies, schema.SpanBody)
async def remedies(call: Call) -> Reply:
    """What would mend the findings of a piece of a file."""
    at = call.body
    found = await _ask(call, call.web.checks, "actions", at.path, at.line, at.column, at.end_line, at.end_column)
    return Reply({"items": found})

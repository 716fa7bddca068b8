"""`do`: an action of a plugin."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from engine.core.actions.action import Action
from engine.core.actions.fields import tag, write
from engine.core.changes import Set, Tag, Untag
from engine.core.draft import Draft
from engine.core.rulebook import Rulebook
from engine.core.trace import TraceChange, jsonable
from engine.core.values import replace
from engine.lang import ActionKind, Effect, ast, tree
from engine.lang.actions import ActionChecker, Wrong
from engine.lang.checked import Dynamic
from engine.lang.findings import Finding, closest
from engine.lang.said import quoted, say
from engine.lang.tree import type_of
from engine.lang.verbs import Args, Write


def _check(checker: ActionChecker, action: ast.Action) -> dict[str, Any]:
    name = action["name"].text
    kind = checker.environment.plugin_actions[name]
    arguments: dict[str, Any] = {}
    failed = False
    for argument in action["arguments"]:
        if argument.name.text in arguments:
            message = say("`{name}` stands twice", argument.name.text)
            checker.report(Finding("duplicate-key", message, argument.span))
            failed = True
            continue
        value = _argument(checker, kind, argument)
        failed |= value is None
        arguments[argument.name.text] = value
    missing = [one for one in kind.parameters if one not in arguments and one not in kind.optional]
    if missing and not failed:
        needed = quoted(f"{one}: …" for one in missing)
        raise checker.fail("wrong-arity", say("`{name}` needs {needed}", name, needed), action["name"].span)
    if failed:
        raise Wrong
    return {"name": name, "arguments": arguments, "commutes": kind.commutes}


def _argument(checker: ActionChecker, kind: ActionKind, argument: ast.Argument) -> Any:
    """An argument, of the type it is declared with; None when it is wrong."""
    name = argument.name.text
    want = kind.parameters.get(name)
    if want is None:
        hint = closest(name, kind.parameters) or (
            say("it takes {names}", quoted(kind.parameters)) if kind.parameters else say("it takes nothing")
        )
        message = say("`{action}` takes no `{name}`", kind.name, name)
        checker.report(Finding("wrong-arity", message, argument.name.span, hint))
        return None
    value = checker.resolver.value(argument.value, want)
    if value is None:
        return None
    found = type_of(value)
    named = want.kind == "text" and found.kind in ("enum", "entity", "date")
    if found.kind != want.kind and not named:
        message = say("`{name}` is {wanted}, this is {found}", name, want, found)
        checker.report(Finding("type-mismatch", message, argument.value.span))
        return None
    return value.value if isinstance(value, tree.Const) else Dynamic(value, needed=name not in kind.optional)


def _writes(args: Args) -> tuple[Write, ...]:
    return () if args["commutes"] else (Write(f"do {args['name']}", "run", args["arguments"]),)


def _perform(draft: Draft, effect: Effect) -> TraceChange:
    """Its changes are the draft's at once, or it is put in line to be carried out after the commit."""
    name, arguments = effect.args["name"], effect.args["arguments"]
    action = draft.book.plugin_actions[name]
    if action.later:
        plain = {key: str(value) if isinstance(value, Decimal) else value for key, value in arguments.items()}
        draft.enqueue(f"do:{name}", {"arguments": plain, "rule": effect.rule.id})
    else:
        for change in action.call(replace(draft.case, ticket=draft.ticket, member=draft.member), **arguments):
            _adopt(draft, name, change)
    shown = {key: "…" if isinstance(value, str) else jsonable(value) for key, value in arguments.items()}
    return TraceChange("do", name, more={"arguments": shown})


def _adopt(draft: Draft, name: str, change: Any) -> None:
    """Takes over a change of the ticket or member at hand: tags and what rules may write, nothing else."""
    if isinstance(change, (Tag, Untag)):
        tag(draft, change.thing, change.names, "add" if isinstance(change, Tag) else "remove")
        return
    if isinstance(change, Set) and change.thing in ("ticket", "member"):
        for short, value in change.values.items():
            field = f"{change.thing}.{short.removeprefix('fields.')}"
            spec = draft.book.fields.get(field)
            if spec is None or not spec[0].writable:
                raise TypeError(f"`{name}` may not write `{field}`")
            write(draft, field, value)
        return
    raise TypeError(f"`{name}` may tag and set what rules may write, not give a {type(change).__name__}")


def _done(change: TraceChange) -> str:
    given = change.more.get("arguments")
    call = "" if given is None else f"({', '.join(f'{name}: {value}' for name, value in given.items())})"
    return say("do {call}", f"{change.target}{call}")


def _wanted(book: Rulebook, args: Args) -> TraceChange:
    return TraceChange("do", args["name"])


DO = Action(
    name="do",
    shape="do PLUGIN.ACTION(name: value, …)",
    meaning="an action of a plugin",
    check=_check,
    writes=_writes,
    perform=_perform,
    words=_done,
    wanted=_wanted,
    anything=lambda book, args: not book.plugin_actions[args["name"]].later,
)

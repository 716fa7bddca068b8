"""The history of a ticket: what people and rules did, one line each, as data. Pages put it into words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from engine.core import access
from engine.core.entities import Actor
from engine.core.lifecycle import DESK_ONLY
from engine.core.questions import History
from engine.core.rulebook import Rulebook
from engine.core.sight import Sight
from engine.core.trace import TraceEntry
from engine.store import Tx
from engine.store import history as rows

TOLD: Final = frozenset(
    {
        "ticket.created",
        "ticket.changed",
        "ticket.state_changed",
        "ticket.assigned",
        "ticket.transferred",
        "ticket.claimed",
        "ticket.nudged",
        "ticket.merged",
        "task.added",
        "task.assigned",
        "task.done",
        "task.cancelled",
        "task.due",
        "record.added",
        "chat.signed_in",
        "rating.requested",
        "rating.received",
        "sla.warning",
        "sla.breached",
        "delivery.failed",
        "message.unsent",
        "message.scheduled",
        "message.unscheduled",
        "message.not_sent",
    }
)
"""Kinds of events that stand in it. Lines stand in the conversation, notices with whom they tell; that a line was taken
back, or waits for its time, is something done."""

_HANDED: Final = frozenset({"ticket.transferred", "ticket.claimed"})
_OWN_LINE: Final = frozenset({"state", "category", "team", "assignee"})
"""What changes with an event of its own."""


def history(tx: Tx, book: Rulebook, actor: Actor, question: History) -> dict[str, Any] | None:
    """A page of it, newest first. None where there is no such ticket for the actor. Raises BadCursor.

    The events say what changed; which rule did it, the decisions of that moment: a person's line is the cause of what
    rules do with it, and not their doer.
    """
    scope = access.scope(actor)
    found = rows.page(tx, scope, question.number, TOLD, before=question.cursor, limit=question.limit)
    if found is None:
        return None
    events, following = found
    sight = Sight.of(actor, book)
    acted = rows.acted(tx, question.number, events[-1]["at"], events[0]["at"]) if events else {}
    handed = {event["at"] for event in events if event["kind"] in _HANDED}
    items: list[dict[str, Any]] = []
    for event in events:
        if event["kind"] == "ticket.assigned" and event["at"] in handed:
            continue
        if event["kind"] == "ticket.state_changed" and _by_itself(event["body"]):
            continue
        items.extend(_lines(event, acted.get(event["at"], ()), sight))
    return {"items": items, "next": following}


def _by_itself(moved: Mapping[str, Any]) -> bool:
    """Whether a state only follows the conversation, as it does with every line: nobody did anything."""
    return moved.get("trigger") in DESK_ONLY and "rule" not in moved


def _lines(event: Mapping[str, Any], acted: Iterable[TraceEntry], sight: Sight) -> Iterable[dict[str, Any]]:
    """The lines of one event: one, but of a change one for each that made it."""
    body = dict(event["body"])
    line = {"seq": event["seq"], "at": event["at"], "kind": event["kind"], "actor": event["actor"], "rule": None}
    if event["kind"] == "ticket.changed":
        by_rule: dict[str | None, list[dict[str, Any]]] = {}
        rules: dict[str | None, Any] = {None: None}
        for change in _changes(body, sight):
            doer = _doer(acted, f"ticket.{change['field']}", change["new"])
            name = doer.rule if doer is not None else None
            rules[name] = _rule(doer)
            by_rule.setdefault(name, []).append(change)
        for name, changes in by_rule.items():
            yield {**line, "rule": rules[name], "changes": changes, "body": {}}
        return
    doer = None
    if event["kind"] == "ticket.assigned":
        now, old = {name: body.get(name) for name in ("team", "assignee")}, body.get("old", {})
        doer = next((d for name in body.get("changed", ()) if (d := _doer(acted, f"ticket.{name}", now[name]))), None)
        body = {"from": [old.get(name, now[name]) for name in now], "to": list(now.values())}
    elif event["kind"] == "ticket.state_changed":
        doer = _doer(acted, "ticket.state", body.get("to")) if "rule" in body else None
    elif event["kind"] == "rating.requested":
        doer = next((entry for entry in acted if any(one.action == "ask_rating" for one in entry.changes)), None)
    yield {**line, "rule": _rule(doer), "changes": [], "body": body}


def _changes(body: Mapping[str, Any], sight: Sight) -> Iterable[dict[str, Any]]:
    """What a change changed, field by field, as far as the reader may know it."""
    new, old = dict(body.get("changes", {})), dict(body.get("old", {}))
    own, before = new.pop("fields", None) or {}, old.pop("fields", None) or {}
    for name, value in [*new.items(), *own.items()]:
        if name not in _OWN_LINE and sight.reads(f"ticket.{name}"):
            yield {"field": name, "old": before.get(name) if name in own else old.get(name), "new": value}


def _doer(acted: Iterable[TraceEntry], field: str, value: Any) -> TraceEntry | None:
    """The rule that wrote a field in this moment: the last one, of several."""
    found = None
    for entry in acted:
        for one in entry.changes:
            wrote = one.target == field or (one.action == "route" and field in ("ticket.team", "ticket.assignee"))
            if wrote and one.missed is None:
                found = entry
    return found


def _rule(entry: TraceEntry | None) -> dict[str, Any] | None:
    if entry is None:
        return None
    return {"id": entry.rule, "title": entry.title, "file": entry.file, "line": entry.line}

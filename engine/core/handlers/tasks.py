"""Sub-tasks of a ticket: added, given to somebody, put in order, done or no longer needed; and reminded of when due."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from engine.core import access, rights
from engine.core.changes import Create, Set
from engine.core.draft import Draft
from engine.core.entities import Task
from engine.core.errors import Refused, missing
from engine.core.handlers._beginning import Beginning
from engine.core.rights import WRITING
from engine.core.task_commands import AddTask, ChangeTask
from engine.core.tasks import TASKS, tasks, written
from engine.core.values import asdict

MOST: Final = 100
"""Tasks of one ticket."""
_NOTE = WRITING["internal"]
_ASSIGN = "ticket.assign"
_CLOSING: Final = {"done": "task.done", "cancelled": "task.cancelled"}


def add(draft: Draft, command: AddTask) -> None:
    """A task at the end of the list, for a colleague, a team, or whoever comes to it."""
    _staff(draft)
    access.require(draft.actor, _NOTE)
    ticket, known = draft.need_ticket(), tasks(draft)
    if ticket.category == "closed":
        raise Refused("conflict", "ticket-closed", "this case is closed; reopen it to add a task")
    if len(known) >= MOST:
        raise Refused("conflict", "too-many-tasks", f"a case has at most {MOST} tasks")
    if command.assignee is not None and command.team is not None:
        raise _one_of_them()
    task = Task(
        number=max((one.number for one in known), default=0) + 1,
        position=len(known) + 1,
        title=_title(command.title),
        created_at=draft.now,
        created_by=draft.actor.username or None,
        assignee=_agent(draft, command.assignee),
        team=_team(draft, command.team),
        due_at=command.due_at,
    )
    _apply(draft, Create("task", ticket.id, asdict(task)))
    _remind(draft, task)
    _tell(draft, task, "task.added")
    if task.assignee or task.team:
        _tell(draft, task, "task.assigned")


def change(draft: Draft, command: ChangeTask) -> None:
    """Other values for a task. Of several who finish it at once the first does; who only reads of it is told."""
    _staff(draft)
    task = next((one for one in tasks(draft) if one.number == command.task), None)
    if task is None:
        raise missing("task")
    _may_change(draft, task)
    values = {name: value for name, value in _checked(draft, command.values).items() if value != getattr(task, name)}
    state = command.values.get("state")
    if state is not None and state == task.state != "open":
        by = task.closed_by or "somebody"
        raise Refused("conflict", "task-closed", f"{by} has closed this task already; read it again")
    place = values.pop("position", None)
    if "state" in values:
        open_again = state == "open"
        values["closed_at"] = None if open_again else draft.now
        values["closed_by"] = None if open_again else draft.actor.username or None
    if values:
        _apply(draft, Set("task", draft.need_ticket().id, values, key=str(task.number)))
        _told(draft, task, values)
    if place is not None:
        _put(draft, task.number, place)
        if not values:
            draft.record("task.changed", {"task": task.number, "title": task.title, "changed": ["position"]})


def _told(draft: Draft, before: Task, values: Mapping[str, Any]) -> None:
    task = next(one for one in tasks(draft) if one.number == before.number)
    if "state" in values or "due_at" in values:
        _remind(draft, task)
    if task.state in _CLOSING and "state" in values:
        _tell(draft, task, _CLOSING[task.state])
    elif (task.assignee or task.team) and ("assignee" in values or "team" in values):
        _tell(draft, task, "task.assigned")
    else:
        changed = sorted(set(values) - {"closed_at", "closed_by"})
        draft.record("task.changed", {"task": task.number, "title": task.title, "changed": changed})


def due(draft: Draft, number: int) -> None:
    """The time of a task has come: told where it is still to be done."""
    ticket = draft.ticket
    task = next((one for one in tasks(draft) if one.number == number), None)
    if ticket is None or ticket.category == "closed" or task is None or task.state != "open" or task.due_at is None:
        return
    if task.due_at > draft.now:
        _remind(draft, task)
        return
    _tell(draft, task, "task.due")


def _staff(draft: Draft) -> None:
    if not draft.actor.staff:
        raise Refused("forbidden", "agents-only", "this is for agents")


def _may_change(draft: Draft, task: Task) -> None:
    """Who has the task, whose team has it, who added it, who has the case, and who gives work to others. Raises
    Refused."""
    actor = draft.actor
    mine = actor.username and actor.username in (task.assignee, task.created_by, draft.need_ticket().assignee)
    if not mine and not (task.team is not None and task.team in actor.teams):
        access.require(actor, _ASSIGN)


def _checked(draft: Draft, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are kept. To give it to somebody takes it from whoever had it. Raises Refused."""
    kept = dict(values)
    if kept.get("assignee") is not None and kept.get("team") is not None:
        raise _one_of_them()
    if "title" in kept:
        kept["title"] = _title(kept["title"])
    if kept.get("assignee") is not None:
        kept.update(assignee=_agent(draft, kept["assignee"]), team=None)
    elif kept.get("team") is not None:
        kept.update(team=_team(draft, kept["team"]), assignee=None)
    if "result" in kept:
        kept["result"] = (kept["result"] or "").strip() or None
    return kept


def _title(text: str) -> str:
    if not (title := " ".join(text.split())):
        raise Refused("invalid", "empty-title", "say what is to be done", pointer="/title")
    return title


def _agent(draft: Draft, username: str | None) -> str | None:
    if username is not None and rights.assignee(draft.book.roles, draft.find_agent(username)) is None:
        reason = f"no agent `{username}` may see the tickets of this shop"
        raise Refused("invalid", "unknown-agent", reason, pointer="/assignee")
    return username


def _team(draft: Draft, name: str | None) -> str | None:
    if name is not None and name not in draft.book.teams:
        raise Refused("invalid", "unknown-team", f"there is no team `{name}`", pointer="/team")
    return name


def _one_of_them() -> Refused:
    return Refused("invalid", "agent-or-team", "a task goes to a colleague or to a team", pointer="/team")


def _apply(draft: Draft, change: Create | Set) -> None:
    draft.extra[TASKS] = written(tasks(draft), change)
    draft.log.append(change)


def _put(draft: Draft, number: int, place: int) -> None:
    """Puts a task at a place among the others, who move up or down."""
    order = [one.number for one in tasks(draft) if one.number != number]
    order.insert(min(max(place, 1), len(order) + 1) - 1, number)
    stood = {one.number: one.position for one in tasks(draft)}
    for position, one in enumerate(order, start=1):
        if stood[one] != position:
            _apply(draft, Set("task", draft.need_ticket().id, {"position": position}, key=str(one)))


def _remind(draft: Draft, task: Task) -> None:
    name = f"task:{task.number}"
    if task.state == "open" and task.due_at is not None:
        draft.set_timer(name, task.due_at, "task", {"task": task.number})
    else:
        draft.clear_timer(name)


def _tell(draft: Draft, task: Task, event: str) -> None:
    values = {name: getattr(task, name) for name in ("title", "assignee", "team", "state", "result", "due_at")}
    by = draft.actor.username if draft.actor.kind == "agent" else None
    draft.extra.update({f"task.{name}": value for name, value in {**values, "by": by}.items()})
    body = {"task": task.number, "title": task.title}
    given = {name: values[name] for name in ("assignee", "team") if values[name] is not None}
    draft.record(event, {**body, **(given if event == "task.assigned" else {})})
    draft.keys.add(event)


BEGIN: Mapping[type, Beginning] = {
    AddTask: Beginning(add, about="ticket", rights=(_NOTE,)),
    ChangeTask: Beginning(change, about="ticket", rights=(_ASSIGN,)),
}

"""Sub-tasks (子任務): what several colleagues do for one ticket: who does what by when, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from engine.core.changes import Create, Set
from engine.core.entities import Task
from engine.core.values import replace
from engine.core.view import View

TASKS: Final = "ticket.tasks"


def tasks(draft: View) -> tuple[Task, ...]:
    """The tasks of the ticket of a draft, in their order.

    Asked of the store only here, so that a decision in which nobody wants to know costs nothing.
    """
    known: tuple[Task, ...] | None = draft.extra.get(TASKS)
    if known is not None:
        return known
    ticket = draft.ticket
    return draft.case.lookups.tasks(ticket.id) if ticket is not None and ticket.id > 0 else ()


def open_tasks(draft: View) -> int:
    """How many of them are open."""
    return sum(task.state == "open" for task in tasks(draft))


def written(known: Sequence[Task], change: Create | Set) -> tuple[Task, ...]:
    """The tasks after a change to one of them."""
    if isinstance(change, Create):
        found: dict[int, Any] = {task.number: task for task in known}
        found[change.values["number"]] = Task(**change.values)
    else:
        found = {
            task.number: replace(task, **change.values) if str(task.number) == change.key else task for task in known
        }
    return tuple(sorted(found.values(), key=lambda task: (task.position, task.number)))

"""Sub-tasks: added and changed."""

from __future__ import annotations

from typing import Any

from engine.core.entities import Case
from engine.core.task_commands import AddTask, ChangeTask
from engine.desk import locate
from engine.desk.context import Decided, Work
from engine.desk.rows import RuleCommand
from engine.store import task_lists


def _tasks(work: Work, command: AddTask | ChangeTask, case: Case, decided: Decided) -> dict[str, Any]:
    """The ticket's tasks as they are now."""
    return {"items": task_lists.of_number(work.tx, work.scope, command.number) or []}


COMMANDS = (
    RuleCommand(AddTask, locate=locate.by_number, answer=_tasks),
    RuleCommand(ChangeTask, locate=locate.by_number, answer=_tasks),
)

"""What is done to the sub-tasks (子任務) of a ticket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class AddTask:
    """A sub-task (子任務) for a colleague, for whoever of a team, or for whoever comes to it."""

    number: int
    title: str
    assignee: str | None = None
    team: str | None = None
    due_at: int | None = None


@dataclass(frozen=True, slots=True)
class ChangeTask:
    """New values of a sub-task: title, assignee, team, due_at, state, result, position; others stay."""

    number: int
    task: int
    values: Mapping[str, Any]

"""The shapes of sub-tasks."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from web.scheduled_schema import Moment
from web.schema import Body, Name, Time

TaskTitle = Annotated[str, Meta(max_length=200)]
TaskResult = Annotated[str, Meta(max_length=2_000)]
TaskState = Literal["open", "done", "cancelled"]


class TaskPerson(Struct):
    username: str
    name: str


class Task(Struct):
    """A sub-task of a ticket (子任務)."""

    id: int
    """Within its ticket, for good: 1, 2, 3 …"""
    position: int
    title: str
    assignee: TaskPerson | None
    team: str | None
    """Whoever of the team does it; a task has an assignee, a team or neither."""
    due_at: Time | None
    state: TaskState
    result: str | None
    """What came of it."""
    created_by: TaskPerson | None
    created_at: Time
    closed_by: TaskPerson | None
    closed_at: Time | None


class OwnTask(Task, kw_only=True):
    """One of mine, and the ticket it is for."""

    ticket: int
    subject: str


class TaskPage(Struct):
    items: list[Task]
    """In their order."""
    next: str | None = None


class OwnTaskPage(Struct):
    items: list[OwnTask]
    """What is due first first; what has no time last."""
    next: str | None


class TaskBody(Body):
    title: TaskTitle
    assignee: Name | None = None
    """A username."""
    team: Name | None = None
    due_at: Moment | None = None


class TaskPatch(Body):
    title: TaskTitle | UnsetType = UNSET
    assignee: Name | None | UnsetType = UNSET
    """To give it to a colleague takes it from its team, and the other way round."""
    team: Name | None | UnsetType = UNSET
    due_at: Moment | None | UnsetType = UNSET
    state: TaskState | UnsetType = UNSET
    result: TaskResult | None | UnsetType = UNSET
    position: Annotated[int, Meta(ge=1, le=1_000)] | UnsetType = UNSET
    """Where it is to stand, from 1; the others move up or down."""

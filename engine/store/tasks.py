"""Sub-tasks of tickets: read where somebody wants to know, written as a decision says."""

from __future__ import annotations

from typing import Any

from peewee import JOIN, fn

from engine.core.changes import Create, Set
from engine.core.entities import Task
from engine.store import tables as t
from engine.store.errors import StoreError
from engine.store.people import agent_id
from engine.store.sql import Prepared, p
from engine.store.tx import Tx

PEOPLE = {"assignee": "assignee_id", "created_by": "created_by", "closed_by": "closed_by"}
PLAIN = ("number", "position", "title", "team", "due_at", "state", "result", "created_at", "closed_at")


def rows_of_tasks() -> Any:
    """Tasks, with the usernames and names of those who have to do with them, as a query."""
    who = {name: t.Agent.alias(name) for name in PEOPLE}
    names = [who[name].username.alias(name) for name in PEOPLE]
    names += [who[name].name.alias(f"{name}_name") for name in PEOPLE]
    query = t.Task.select(*(getattr(t.Task, name) for name in PLAIN), *names)
    for name, column in PEOPLE.items():
        query = query.join(who[name], JOIN.LEFT_OUTER, on=(who[name].id == getattr(t.Task, column))).switch(t.Task)
    return query


OF_TICKET = Prepared(
    lambda: rows_of_tasks().where(t.Task.ticket_id == p("ticket_id")).order_by(t.Task.position, t.Task.number)
)


def tasks(tx: Tx, ticket_id: int) -> tuple[Task, ...]:
    """A ticket's tasks, in their order."""
    rows = tx.rows(OF_TICKET, ticket_id=ticket_id)
    return tuple(Task(**{name: row[name] for name in (*PLAIN, *PEOPLE)}) for row in rows)


def write(tx: Tx, ticket_id: int, change: Create | Set) -> None:
    """Stores what a decision says of one task. Raises StoreError for one that is not there, and for nobody."""
    values = {name: value for name, value in change.values.items() if name not in PEOPLE}
    for name, column in PEOPLE.items():
        if name in change.values:
            username = change.values[name]
            values[column] = agent_id(tx, username) if username is not None else None
            if username is not None and values[column] is None:
                raise StoreError(f"there is no agent `{username}`")
    if isinstance(change, Create):
        tx.insert(t.Task, {"ticket_id": ticket_id, **values})
    elif tx.update(t.Task, values, ticket_id=ticket_id, number=int(change.key)) != 1:
        raise StoreError(f"the ticket with the id {ticket_id} has no task {change.key}")


def open_tasks(ticket_id: Any) -> Any:
    """How many of a ticket's tasks are open, as a column of a query about tickets."""
    task = t.Task.alias("open_task")
    return task.select(fn.COUNT(task.id)).where((task.ticket_id == ticket_id) & (task.state == "open"))


def wanted_tasks(ticket_id: Any) -> Any:
    """How many it has that were not cancelled, as such a column."""
    task = t.Task.alias("wanted_task")
    return task.select(fn.COUNT(task.id)).where((task.ticket_id == ticket_id) & (task.state != "cancelled"))


def records_of(ticket_id: Any) -> Any:
    """How many entries its work log has, as such a column."""
    return t.Record.select(fn.COUNT(t.Record.id)).where(t.Record.ticket_id == ticket_id)

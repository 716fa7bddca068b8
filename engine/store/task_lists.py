"""Sub-tasks as staff reads them: of one ticket, and what an agent has to do."""

from __future__ import annotations

from typing import Any

from engine.core.access import Scope
from engine.store import tables as t
from engine.store.queries import find_ticket, of_ticket
from engine.store.sql import Row
from engine.store.tasks import OF_TICKET, PEOPLE, PLAIN, rows_of_tasks
from engine.store.tx import Tx


def of_number(tx: Tx, scope: Scope, number: int) -> list[Row] | None:
    """The tasks of a ticket, in order, as staff sees them. None: there is no such ticket for them."""
    found = find_ticket(tx, scope, number) if scope.staff else None
    return None if found is None else [shown(row) for row in tx.rows(OF_TICKET, ticket_id=found["id"])]


def of_agent(tx: Tx, scope: Scope, agent: int, most: int) -> list[Row]:
    """An agent's own open tasks on open tickets that they see: what is due first comes first, what never is last."""
    ticket = (t.Ticket.number.alias("ticket"), t.Ticket.subject.alias("subject"))
    mine = (t.Task.assignee_id == agent) & (t.Task.state == "open") & (t.Ticket.category != "closed")
    query = rows_of_tasks().select_extend(*ticket).join(t.Ticket, on=(t.Ticket.id == t.Task.ticket_id))
    order = (t.Task.due_at.is_null(), t.Task.due_at, t.Task.id)
    rows = tx.rows(query.where(mine & of_ticket(scope)).order_by(*order).limit(most))
    return [{**shown(row), "ticket": row["ticket"], "subject": row["subject"]} for row in rows]


def shown(row: Row) -> Row:
    """A task as the API has it: people with their names, its number as its id."""

    def person(name: str) -> dict[str, Any] | None:
        return None if row[name] is None else {"username": row[name], "name": row[f"{name}_name"]}

    plain = {name: row[name] for name in PLAIN if name != "number"}
    return {"id": row["number"], **plain, **{name: person(name) for name in PEOPLE}}

"""Sub-tasks: of a ticket, and what the actor has to do."""

from __future__ import annotations

from typing import Any

from engine.core import questions as ask
from engine.desk.context import Questions, Work
from engine.desk.rows import Asked
from engine.store import task_lists

MOST = 200
"""Own tasks that are listed."""


def _of_ticket(work: Work, q: ask.TicketTasks) -> Any:
    items = task_lists.of_number(work.tx, work.scope, q.number)
    return None if items is None else {"items": items, "next": None}


def _mine(work: Work, q: ask.MyTasks) -> Any:
    return {"items": task_lists.of_agent(work.tx, work.scope, work.agent_id or 0, MOST), "next": None}


QUESTIONS: Questions = {
    ask.TicketTasks: Asked(_of_ticket, ("ticket.view",)),
    ask.MyTasks: Asked(_mine, ("ticket.view",)),
}

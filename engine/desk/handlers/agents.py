"""Agents: their own presence."""

from __future__ import annotations

from typing import Any

from engine.core.commands import ServingGone, SetStatus
from engine.core.entities import Case
from engine.desk.context import Decided, Work
from engine.desk.rows import RuleCommand
from engine.store import load, people, queue


def _of_agent(work: Work, command: SetStatus) -> Case:
    actor = work.actor
    agent = people.get_agent(work.tx, work.words, actor.id) if actor.kind == "agent" else None
    shop = next((s for s in actor.shops if s in work.book.shops), next(iter(work.book.shops)))
    return load.empty_case(work.tx, work.words, shop, agent=agent)


def _status(work: Work, command: SetStatus, case: Case, decided: Decided) -> dict[str, Any]:
    if command.status == "offline" and decided.decision.events:
        for ticket_id in queue.served_by(work.tx, work.actor.id):
            served = load.ticket_case(work.tx, work.words, ticket_id=ticket_id, lines=0)
            if served is not None:
                work.decide(ServingGone(ticket_id), served)
    return {"status": command.status}


COMMANDS = (RuleCommand(SetStatus, locate=_of_agent, answer=_status),)

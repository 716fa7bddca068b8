"""Agents: their own presence, and how much they are given."""

from __future__ import annotations

from typing import Any

from engine.core.commands import ServingGone, SetCapacity, SetStatus
from engine.core.entities import Case
from engine.core.errors import Refused, missing
from engine.core.values import replace
from engine.desk import results
from engine.desk.context import Decided, Work
from engine.desk.rows import PlainCommand, RuleCommand
from engine.store import directory, load, people, queue

MOST_CHATS = 200
"""At once, for one agent: a bound against slips of the hand."""


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


def _capacity(work: Work, command: SetCapacity) -> dict[str, Any]:
    """The agent as `Agents` shows it. Raises Refused for one whom the actor does not see, or a number out of bounds."""
    if not 0 <= command.capacity <= MOST_CHATS:
        text = f"an agent can be given 0 to {MOST_CHATS} chats at once"
        raise Refused("invalid", "wrong-value", text, pointer="/capacity")
    known = {one.username: one for one in directory.agents(work.tx, work.scope, lexicon=work.words)}
    agent = known.get(command.username)
    if agent is None:
        raise missing("agent")
    if agent.capacity != command.capacity:
        people.save_agent(work.tx, agent.username, capacity=command.capacity)
        told = {"agent": agent.username, "capacity": command.capacity, "before": agent.capacity}
        work.tx.record("agent.changed", told, actor=work.actor)
    return {"agent": results.colleague(work, replace(agent, capacity=command.capacity))}


COMMANDS = (
    RuleCommand(SetStatus, locate=_of_agent, answer=_status),
    PlainCommand(SetCapacity, _capacity, right="agents.manage"),
)

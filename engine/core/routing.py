"""Who gets it: team, skill, presence, load, and the order of those who wait."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from engine.core.entities import Agent

MAKES_ROOM = frozenset(
    {"agent.status_changed", "agent.changed", "chat.ended", "ticket.state_changed", "ticket.assigned"}
)
"""Events after which somebody may have room, or somebody may wait: the queue is looked at."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A ticket in the queue, as the rule that routed it left it: `mode` is the rule's `by …`."""

    ticket_id: int
    shop: str
    team: str
    mode: str
    skills: tuple[str, ...] = ()
    member_id: int = 0


def next_served(
    queue: Iterable[Waiting],
    roster: Callable[[str], Iterable[Agent]],
    last_agent: Callable[[int], str | None],
) -> tuple[int, str] | None:
    """The ticket that is served next and the agent who gets it, by the way the rule wanted: the first in the queue for
    which somebody has room, however many wait before it for others.

    `roster` knows the agents of a shop, `last_agent` who last served a member.
    """
    agents: dict[str, tuple[Agent, ...]] = {}
    nobody: set[tuple[str, str, tuple[str, ...]]] = set()
    for ticket in queue:
        wanted = (ticket.shop, ticket.team, ticket.skills)
        if wanted in nobody:
            continue
        serving = agents.get(ticket.shop)
        if serving is None:
            serving = agents[ticket.shop] = tuple(roster(ticket.shop))
        if not candidates(ticket.team, ticket.skills, serving, {}):
            nobody.add(wanted)
            continue
        last = last_agent(ticket.member_id) if ticket.mode == "last_agent" else None
        agent = pick(ticket.mode, ticket.team, ticket.skills, serving, last)
        if agent is not None:
            return ticket.ticket_id, agent.username
    return None


def candidates(team: str, skills: Iterable[str], roster: Iterable[Agent], loads: Mapping[str, int]) -> list[Agent]:
    """Agents of the team who are online, have every skill and room for one more.

    `loads` corrects the stored load by what this decision has already given out.
    """
    wanted = set(skills)
    return [
        agent
        for agent in roster
        if team in agent.teams
        and agent.status == "online"
        and wanted <= set(agent.skills)
        and agent.load + loads.get(agent.username, 0) < agent.capacity
    ]


def pick(
    mode: str,
    team: str,
    skills: Iterable[str],
    roster: Iterable[Agent],
    last_agent: str | None = None,
    loads: Mapping[str, int] | None = None,
) -> Agent | None:
    """The agent a route gives the ticket to, or None when all are away or full: the ticket then waits for the team.

    Ties fall to who was given work longest ago, then to the username, so the same rows give the same agent.
    """
    loads = loads or {}
    able = candidates(team, skills, roster, loads)
    if not able:
        return None
    if mode == "last_agent":
        for agent in able:
            if agent.username == last_agent:
                return agent
        mode = "least_busy"
    if mode == "least_busy":
        return min(able, key=lambda a: (_share(a, loads), a.last_assigned_at, a.username))
    if mode == "longest_idle":
        return min(able, key=lambda a: (max(a.last_assigned_at, a.status_since), a.username))
    return min(able, key=lambda a: (a.last_assigned_at, a.username))


def _share(agent: Agent, loads: Mapping[str, int]) -> float:
    return (agent.load + loads.get(agent.username, 0)) / max(agent.capacity, 1)

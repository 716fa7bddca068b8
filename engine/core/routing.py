"""Who gets it: team, skill, presence, load, and the order of those who wait."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import quantiles

from engine.core.entities import MINUTE, Agent, Member, Ticket

MAKES_ROOM = frozenset(
    {"agent.status_changed", "agent.changed", "chat.ended", "ticket.state_changed", "ticket.assigned"}
)
"""Events after which somebody may have room, or somebody may wait: the queue is looked at."""


FEWEST_CHATS = 5
"""Fewer chats that ended tell nothing about how long the next will take."""
LONGEST_TOLD = 60
"""Minutes: of a longer wait nobody is helped by a number, and it would be a guess."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A ticket in the queue, as the rule that routed it left it: `mode` is the rule's `by …`."""

    ticket_id: int
    shop: str
    team: str
    mode: str
    skills: tuple[str, ...] = ()
    member_id: int = 0
    left_by: str | None = None


def but(roster: Iterable[Agent], left_by: str | None) -> list[Agent]:
    """A roster without who had the case when it was handed to the team; None: nobody had."""
    return [agent for agent in roster if agent.username != left_by]


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
    nobody: set[tuple[str, str, tuple[str, ...], str | None]] = set()
    for ticket in queue:
        wanted = (ticket.shop, ticket.team, ticket.skills, ticket.left_by)
        if wanted in nobody:
            continue
        serving = agents.get(ticket.shop)
        if serving is None:
            serving = agents[ticket.shop] = tuple(roster(ticket.shop))
        serving = serving if ticket.left_by is None else tuple(but(serving, ticket.left_by))
        if not candidates(ticket.team, ticket.skills, serving, {}):
            nobody.add(wanted)
            continue
        last = last_agent(ticket.member_id) if ticket.mode == "last_agent" else None
        agent = pick(ticket.mode, ticket.team, ticket.skills, serving, last)
        if agent is not None:
            return ticket.ticket_id, agent.username
    return None


def likely_wait(place: int, agents: Iterable[Agent], lasted: Sequence[int]) -> tuple[int, int] | None:
    """From how many to how many whole minutes the one at a place of the line (1 is next) will likely wait; None where
    nothing tells.

    `agents`: those who may be given the chat. `lasted`: how long the shop's latest chats took, µs. As many chats go on
    at a time as the agents who are online take, and each ends after about as long as half of the latest did.
    """
    hands = sum(agent.capacity for agent in agents if agent.status == "online")
    if hands == 0 or len(lasted) < FEWEST_CHATS:
        return None
    short, _, long = quantiles(lasted, n=4)
    soonest, latest = (max(ceil(place * took / hands / MINUTE), 1) for took in (short, long))
    return (soonest, latest) if latest <= LONGEST_TOLD else None


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


def in_line(
    tickets: Iterable[Ticket],
    members: Mapping[int, Member],
    tier: Callable[[str], int],
    priority: Callable[[str], int],
) -> list[Waiting]:
    """Tickets that wait for a team, in the order they are to be served; `tier` and `priority` give ranks."""
    waiting = [
        one
        for one in tickets
        if one.team is not None and one.assignee is None and one.category != "closed" and one.route_by is not None
    ]
    waiting.sort(key=lambda one: (-tier(members[one.member_id].tier), -priority(one.priority), one.created_at))
    return [
        Waiting(one.id, one.shop, one.team or "", one.route_by or "", one.route_skills, one.member_id, one.left_by)
        for one in waiting
    ]


def before_in_line(ticket: Ticket, chats: Iterable[Ticket], place: Callable[[Ticket], tuple[int, ...]]) -> int:
    """How many of the `chats` that nobody serves yet are served before a ticket; `place` gives their order."""
    mine = place(ticket)
    return sum(
        (one.team, one.shop, one.assignee) == (ticket.team, ticket.shop, None)
        and one.id != ticket.id
        and one.category != "closed"
        and place(one) < mine
        for one in chats
    )

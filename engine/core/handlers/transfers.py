"""Who a case is handed to, by a person: transferred to a team or a colleague, or claimed."""

from __future__ import annotations

from collections.abc import Mapping

from engine.core import access, rights
from engine.core.commands import ClaimTicket, TransferTicket
from engine.core.draft import Draft
from engine.core.entities import Agent, Ticket
from engine.core.errors import Refused
from engine.core.handlers._beginning import Beginning
from engine.core.handlers.messages import note
from engine.core.handlers.tickets import fresh
from engine.core.opening import SERVE, one_of, raise_trigger
from engine.core.rights import WRITING

WAITS = "least_busy"
"""How an agent is picked for a chat that waits for a team since it was handed there."""


def transfer(draft: Draft, command: TransferTicket) -> None:
    """The case has another holder from here on, whoever held it: these words say so. Without an agent it waits for one
    of the team, and rules may pick one."""
    ticket = _open(draft, command.if_version)
    if command.team is None and command.agent is None:
        raise Refused("invalid", "nobody-named", "say which team or which agent the case goes to", pointer="/team")
    if command.team is not None:
        one_of(command.team, draft.book.teams_of(draft.shop), "team", "/team")
    agent = None if command.agent is None else _taker(draft, ticket, command)
    team = command.team or _team_with(draft, ticket, agent)
    if command.note.strip():
        access.require(draft.actor, WRITING["internal"])
    if (ticket.team, ticket.assignee) == (team, command.agent):
        raise Refused("conflict", "already-there", "the case is there already")
    facts = {
        "from_team": ticket.team,
        "from_agent": ticket.assignee,
        "by": draft.actor.alias or draft.actor.name or draft.actor.username,
        "note": command.note.strip() or None,
        "tell_member": command.tell_member,
    }
    if ticket.team != team:
        draft.change_ticket(team=team, route_skills=())  # what the rule wanted of that team's agents
    draft.assign(agent)
    if agent is None and ticket.assignee is not None:
        draft.change_ticket(left_by=ticket.assignee)
    if agent is None and draft.chat is not None and ticket.route_by is None:
        draft.change_ticket(route_by=WAITS)  # no rule routed it: nobody would ever be picked
    if agent is not None:
        raise_trigger(draft, SERVE)
    body = {"from": [ticket.team, ticket.assignee], "to": [team, command.agent], "told": command.tell_member}
    if command.note.strip():
        body["message"] = note(draft, command.note, (), None)
    draft.extra.update({f"transfer.{name}": value for name, value in facts.items()})
    draft.record("ticket.transferred", body)
    draft.keys.add("ticket.transferred")


def claim(draft: Draft, command: ClaimTicket) -> None:
    """Of two who ask at once the first has it, and the other is told who."""
    ticket = _open(draft, command.if_version)
    me = rights.assignee(draft.book.roles, draft.find_agent(draft.actor.username))
    if me is None:
        raise Refused("forbidden", "not-serving", "you do not serve the shop of this case")
    if ticket.assignee == me.username:
        return
    if ticket.assignee is not None:
        holder = draft.find_agent(ticket.assignee)
        name = holder.name if holder is not None else ticket.assignee
        raise Refused("conflict", "taken", f"{name} has this case already")
    if ticket.team is None and me.teams:
        draft.change_ticket(team=_team_with(draft, ticket, me))
    draft.assign(me)
    raise_trigger(draft, SERVE)
    draft.record("ticket.claimed", {"team": draft.need_ticket().team})
    draft.keys.add("ticket.claimed")


def _open(draft: Draft, if_version: int | None) -> Ticket:
    """The case, for an agent who may hand it on. Raises Refused."""
    ticket = draft.need_ticket()
    if not draft.actor.staff:
        raise Refused("forbidden", "agents-only", "this is for agents")
    fresh(ticket, if_version)
    if ticket.category == "closed":
        raise Refused("conflict", "ticket-closed", "this case is closed; reopen it to hand it on")
    return ticket


def _taker(draft: Draft, ticket: Ticket, command: TransferTicket) -> Agent:
    agent = rights.assignee(draft.book.roles, draft.find_agent(command.agent or ""))
    if agent is None:
        raise Refused("invalid", "unknown-agent", f"no agent `{command.agent}` serves this shop", pointer="/agent")
    if command.team is not None and command.team not in agent.teams:
        reason = f"`{command.agent}` is not in the team `{command.team}`"
        raise Refused("invalid", "not-in-team", reason, pointer="/agent")
    if draft.chat is not None and agent.status == "offline":
        reason = f"{agent.name} is offline, and the member waits in a chat"
        raise Refused("conflict", "agent-offline", reason, pointer="/agent")
    return agent


def _team_with(draft: Draft, ticket: Ticket, agent: Agent | None) -> str | None:
    """The team a case is in with its new holder: the one it has, where the agent is in it, else one of the agent's."""
    if agent is None or ticket.team in agent.teams:
        return ticket.team
    serving = draft.book.teams_of(draft.shop)
    return next((team for team in agent.teams if team in serving), ticket.team)


BEGIN: Mapping[type, Beginning] = {
    TransferTicket: Beginning(transfer, about="ticket", right="ticket.assign", rights=(WRITING["internal"],)),
    ClaimTicket: Beginning(claim, about="ticket", right="ticket.reply"),
}

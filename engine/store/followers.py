"""Who follows which ticket: read where somebody wants to know, written as a decision says."""

from __future__ import annotations

from typing import Any

from peewee import NodeList

from engine.store import tables as t
from engine.store.errors import StoreError
from engine.store.people import agent_id
from engine.store.sql import Prepared, p
from engine.store.tx import Tx

ROLE = "follower"


def usernames(ticket_id: Any) -> Any:
    """The usernames of those who follow a ticket, who began first the first."""
    query = t.TicketAgent.select(t.Agent.username).join(t.Agent, on=(t.Agent.id == t.TicketAgent.agent_id))
    whose = (t.TicketAgent.ticket_id == ticket_id) & (t.TicketAgent.role == ROLE)
    return query.where(whose).order_by(t.TicketAgent.since, t.Agent.username)


def _numbered() -> Any:
    return t.Ticket.select(t.Ticket.id).where(t.Ticket.number == p("number"))


_OF_TICKET = Prepared(lambda: usernames(p("ticket_id")))
_OF_NUMBER = Prepared(lambda: usernames(NodeList((_numbered(),))))


def followers(tx: Tx, ticket_id: int) -> tuple[str, ...]:
    """The usernames of those who follow a ticket, who began first the first."""
    return tuple(tx.values(_OF_TICKET, ticket_id=ticket_id))


def followers_of(tx: Tx, number: int) -> tuple[str, ...]:
    """The same of the ticket with a number."""
    return tuple(tx.values(_OF_NUMBER, number=number))


def followed_by(agent: int) -> Any:
    """The ids of the tickets that an agent follows, as a select."""
    mine = (t.TicketAgent.agent_id == agent) & (t.TicketAgent.role == ROLE)
    return t.TicketAgent.select(t.TicketAgent.ticket_id).where(mine)


def turn(tx: Tx, ticket_id: int, username: str, *, follows: bool) -> None:
    """An agent follows a ticket from here on, or no longer; what is so already stays. Raises StoreError for nobody."""
    agent = agent_id(tx, username)
    if agent is None:
        raise StoreError(f"there is no agent `{username}`")
    if follows:
        row = {"ticket_id": ticket_id, "agent_id": agent, "role": ROLE, "since": tx.now}
        tx.insert_many(t.TicketAgent, [row], ignore=True)
        return
    this = (t.TicketAgent.ticket_id == ticket_id) & (t.TicketAgent.agent_id == agent) & (t.TicketAgent.role == ROLE)
    tx.run(t.TicketAgent.delete().where(this))

"""The table of rights: who may ask for what, and who may read which field.

Commands, questions and socket frames say what they need by a `Need` in their rows; fields stand in `READERS` below.
Lists, filters, sorts, views, counts and frames take their answer from here, so that what one may not read is not found
out by asking for it in another way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from engine.core import access
from engine.core.access import Role
from engine.core.entities import Actor, Agent, Visibility
from engine.core.errors import Refused

Who = Literal["agents", "anybody"]


@dataclass(frozen=True, slots=True)
class Need:
    """Who is let in: `who` it is for at all, and of `rights` an agent needs one (none named: none is needed)."""

    who: Who = "agents"
    rights: tuple[str, ...] = ()

    def check(self, actor: Actor) -> None:
        """Raises Refused for whom it is not."""
        if actor.kind == "system" or (self.who == "anybody" and not actor.staff):
            return
        if not actor.staff:
            raise Refused("forbidden", "agents-only", "this is for agents")
        if self.rights and not any(right in actor.permissions for right in self.rights):
            access.require(actor, self.rights[0])


EVERYBODY: Final = "everybody"
"""Reader of what everybody sees who sees the case at all, its member among them."""

READERS: Final[Mapping[str, tuple[str, ...]]] = {
    EVERYBODY: (
        "ticket.number", "ticket.kind", "ticket.type", "ticket.subject", "ticket.state", "ticket.category",
        "ticket.priority", "ticket.channel", "ticket.shop", "ticket.order_no", "ticket.product", "ticket.created_at",
        "ticket.updated_at", "ticket.first_replied_at", "ticket.closed_at", "ticket.age", "ticket.closed_for",
        "ticket.rating", "ticket.solution", "ticket.language", "ticket.opened_by",
        "message.text", "message.direction", "message.author", "message.automatic", "message.has_attachment",
        "message.length",
        "member.name", "member.tier", "member.is_guest", "member.shop", "member.language",
        "shop.name", "shop.hours", "now", "weekday",
    ),
    "ticket.view": (
        "ticket.team", "ticket.assignee", "ticket.tags", "ticket.idle", "ticket.waiting_for", "ticket.reply_count",
        "ticket.lines_1m", "ticket.reopened", "ticket.escalation", "ticket.nudges", "ticket.nudged_at",
        "message.channel", "message.language", "message.answers",
        "agent.name", "agent.teams", "agent.skills", "agent.status", "agent.load",
        "chat.page", "chat.referrer", "chat.device", "chat.queue_position", "chat.waited",
        "call.direction", "call.waited", "call.duration", "call.result",
        "sla.policy", "sla.target", "sla.percent", "sla.overdue", "sla.due_at", "shop.agents_here",
        "ticket.agents_here",
        "rating.score", "rating.comment", "timer.name",
        "transfer.by", "transfer.from_team", "transfer.from_agent", "transfer.note", "transfer.tell_member",
        "ticket.followers", "follower.agent", "follower.by", "mention.by", "mention.text",
        "nudge.by", "nudge.note",
        "ticket.open_tasks",
        "task.title", "task.assignee", "task.team", "task.state", "task.result", "task.due_at", "task.by",
    ),
    "member.view": (
        "member.tags", "member.blocked", "member.open_tickets", "member.complaints_30d",
        "member.signed_up_at",
    ),
    "member.personal": ("call.from", "call.to"),
}  # fmt: skip
"""Every built-in field, under who may read it: everybody, or agents with this right."""

_READER: Final = {name: reader for reader, names in READERS.items() for name in names}

VIEWS: Final[Mapping[str, str]] = {
    "mine": "ticket.assignee",
    "unassigned": "ticket.assignee",
    "waiting": "ticket.waiting_for",
    "overdue": "sla.due_at",
    "followed": "ticket.followers",
    "all": "ticket.number",
}
"""The views everybody has, each with the field it tells."""

SORTS: Final[Mapping[str, str]] = {
    "updated_at": "ticket.updated_at",
    "created_at": "ticket.created_at",
    "number": "ticket.number",
    "priority": "ticket.priority",
    "due_at": "sla.due_at",
}
"""What tickets are sorted by, each with the field it tells."""

WRITING: Final[Mapping[Visibility, str]] = {
    "public": "ticket.reply",
    "anonymous": "ticket.anonymous",
    "internal": "ticket.note",
}
"""What an agent needs for a line, by who shall see it."""

_ANSWERING: Final = (WRITING["public"], WRITING["anonymous"])


FRAMES: Final[Mapping[str, str]] = {
    "message": "ticket.view",
    "unsent": "ticket.view",
    "ticket": "ticket.view",
    "typing": "ticket.view",
    "queue": "ticket.view",
    "presence": "ticket.view",
    "rules": "rules.view",
}
"""What an agent needs to be sent a frame of what happens. Frames for one agent alone (`notice`, `job`) need nothing."""


def serves_tickets(roles: Mapping[str, Role], agent: Agent) -> bool:
    """Whether a ticket may be given to an agent: to nobody who would be refused it."""
    return "ticket.view" in access.permissions_of(roles, agent.roles)


def assignee(roles: Mapping[str, Role], agent: Agent | None) -> Agent | None:
    """The agent, if there is one and a ticket may be given to them."""
    return agent if agent is not None and serves_tickets(roles, agent) else None


def able_to_see(roles: Mapping[str, Role], roster: Sequence[Agent]) -> list[Agent]:
    """Those of a roster who may see the tickets of its shop."""
    known = {given: "ticket.view" in access.permissions_of(roles, given) for given in {one.roles for one in roster}}
    return [agent for agent in roster if known[agent.roles]]


def able(roles: Mapping[str, Role], roster: Sequence[Agent]) -> list[Agent]:
    """Those of a roster whom a route may give a ticket to: they may see it and answer the member."""
    known = {given: may_answer(roles, given) for given in {agent.roles for agent in roster}}
    return [agent for agent in roster if known[agent.roles]]


def may_answer(roles: Mapping[str, Role], given: tuple[str, ...]) -> bool:
    """Whether who has these roles may see a ticket and answer its member."""
    rights = access.permissions_of(roles, given)
    return "ticket.view" in rights and not rights.isdisjoint(_ANSWERING)


def may_write(actor: Actor, visibility: Visibility | None = None) -> bool:
    """Whether an agent may write a line of this kind; None: of any."""
    wanted = WRITING.values() if visibility is None else (WRITING[visibility],)
    return actor.kind == "system" or any(right in actor.permissions for right in wanted)


def receives(agent: Actor, frame: str) -> bool:
    """Whether an agent is sent frames of this type."""
    right = FRAMES.get(frame)
    return right is None or right in agent.permissions


def reader_of(field: str, *, personal: bool) -> str:
    """Who reads a field: EVERYBODY or a right. Declared fields that are not personal stand in the case for all."""
    return "member.personal" if personal else _READER.get(field, EVERYBODY)


def reads(actor: Actor, field: str, *, personal: bool = False) -> bool:
    """Whether the actor may read a field of the cases they see, and so may ask for cases by it."""
    reader = reader_of(field, personal=personal)
    return reader == EVERYBODY or actor.kind == "system" or (actor.staff and reader in actor.permissions)

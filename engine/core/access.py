"""Who may see and do what: asked here for the API, lists and sockets alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from engine.core.entities import INTERNAL, Actor, Member, Ticket
from engine.core.errors import Refused, missing

EVERY_SHOP = "shops.all"
EACH_SHOP = "*"
"""In an agent's list of shops: all there are."""

PERMISSIONS: Mapping[str, str] = {
    "ticket.view": "see the tickets of the shops served",
    "ticket.create": "open tickets for members",
    "ticket.reply": "answer members openly",
    "ticket.anonymous": "answer members without being named",
    "ticket.unsend": "take back lines of colleagues and of rules that members were sent",
    "ticket.note": "write internal notes",
    "ticket.change": "change type, priority, tags and fields",
    "ticket.assign": "give tickets to teams and colleagues",
    "ticket.move": "move tickets along their lifecycle",
    "member.view": "see members and their tickets",
    "member.edit": "change a member's file",
    "member.block": "put members on the blacklist, and take them off it",
    "member.personal": "see personal values unmasked",
    "rules.view": "see the rules in force and their findings",
    "rules.reload": "put the rules folder in force",
    "rules.edit": "edit and publish rules",
    "roles.grant": "grant rights, and publish changes of roles.yaml",
    "agents.manage": "manage agents' accounts",
    "monitor.view": "see everybody's work",
    "audit.view": "read the audit log",
    "system.manage": "see how the machine is doing",
    EVERY_SHOP: "see every shop",
}
"""Every right there is, with what it lets one do. Plugins add theirs."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What an actor may see at all, asked for once (`access.scope`) and laid under every read."""

    shops: tuple[str, ...] | None = None
    """None: every shop."""
    member_id: int | None = None
    """Only this member's tickets, and nothing internal."""
    personal: bool = False
    """May see masked fields plain."""
    masked: frozenset[str] = frozenset()
    """Full names of the fields that are personal by the rulebook in force, however their values are stored."""
    members: bool = True
    """False: does not see what members' own files say, be it in the history of a case."""
    tickets: bool = True
    """False: sees no ticket at all, whatever the shop."""

    @property
    def staff(self) -> bool:
        """False for members and guests."""
        return self.member_id is None


@dataclass(frozen=True, slots=True)
class Role:
    """A named set of rights, from roles.yaml."""

    name: str
    permissions: frozenset[str]
    label: Mapping[str, str] = field(default_factory=dict)


def permissions_of(roles: Mapping[str, Role], names: tuple[str, ...]) -> frozenset[str]:
    """All rights of some roles; a role the rulebook no longer has gives none."""
    return frozenset().union(*[roles[name].permissions for name in names if name in roles])


def scope(actor: Actor, masked: frozenset[str] = frozenset()) -> Scope:
    """What the actor may see at all: of an agent without the right to see tickets, none of them. `masked`: the fields
    that are personal, of whom values are to be shown."""
    if actor.kind == "system":
        return Scope(personal=True)
    if actor.kind == "agent":
        shops = None if EVERY_SHOP in actor.permissions else actor.shops
        rights = actor.permissions
        return Scope(
            shops=shops,
            personal="member.personal" in rights,
            masked=masked,
            members="member.view" in rights,
            tickets="ticket.view" in rights,
        )
    return Scope(shops=actor.shops, member_id=actor.id, masked=masked)


def require(actor: Actor, right: str) -> None:
    """Raises Refused unless the actor has the right; the desk itself has all."""
    if actor.kind == "system":
        return
    if right not in actor.permissions:
        raise Refused("forbidden", "permission-needed", f"this needs the right `{right}`; ask an administrator for it")


def serves(actor: Actor, shop: str) -> bool:
    """Whether staff may act in the shop."""
    return actor.kind == "system" or EVERY_SHOP in actor.permissions or shop in actor.shops


def colleagues(actor: Actor, shops: Iterable[str]) -> bool:
    """Whether an agent who serves these shops is shown to the actor: who serves one of them too, or sees every shop."""
    return any(shop == EACH_SHOP or serves(actor, shop) for shop in shops) or EVERY_SHOP in actor.permissions


def require_for_shop(actor: Actor, shop: str) -> None:
    """Raises Refused unless the actor may keep what a shop uses: who serves it; what every shop uses (an empty `shop`),
    who sees every shop."""
    if shop == "":
        require(actor, EVERY_SHOP)
    elif not serves(actor, shop):
        raise missing("shop")


def shown_to_members(channel: str) -> bool:
    """Whether a case is shown to its member at all, by its channel: what colleagues do among themselves is not."""
    return channel != INTERNAL


def sees_ticket(actor: Actor, ticket: Ticket) -> bool:
    """Whether the ticket is there for the actor."""
    if actor.kind == "system":
        return True
    if actor.kind == "agent":
        return "ticket.view" in actor.permissions and serves(actor, ticket.shop)
    return ticket.member_id == actor.id and ticket.shop in actor.shops and shown_to_members(ticket.channel)


def check_ticket(actor: Actor, ticket: Ticket | None, right: str | None = None) -> Ticket:
    """The ticket, if the actor may see it and has the right; else Refused, the first without telling that it exists."""
    if actor.kind == "agent":
        require(actor, "ticket.view")  # told alike whether there is such a ticket or not
    if ticket is None or not sees_ticket(actor, ticket):
        raise missing("ticket")
    if right is not None and actor.kind == "agent":
        require(actor, right)
    return ticket


def check_member(actor: Actor, member: Member | None, right: str | None = None) -> Member:
    """The member, if the actor is staff of the shop and has the right; else Refused."""
    if right is not None and actor.staff:
        require(actor, right)  # told alike whether there is such a member or not
    if member is None or not actor.staff or not serves(actor, member.shop):
        raise missing("member")
    return member

"""Which case a command is about: found, and the member with it, inside the write transaction that will decide it.

Each function takes the work and the command, and gives the case; it raises Refused where the case is not there or not
for the actor. What an actor may do with it is asked by the command's beginning in the core.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.core import access
from engine.core.commands import EndChat, RateTicket
from engine.core.entities import Actor, Case, Through
from engine.core.errors import Refused, missing
from engine.core.rulebook import Rulebook
from engine.core.values import replace
from engine.desk.context import Work
from engine.store import load, merges, normalised, people, queue


def need(case: Case | None) -> Case:
    """The case. Raises Refused where there is none."""
    if case is None:
        raise missing("ticket")
    return case


def by_number(work: Work, command: Any) -> Case:
    """The case of the ticket with the command's `number`, without its lines."""
    return ticket(work, command.number)


def ticket(work: Work, number: int, *, lines: int = 0) -> Case:
    """The case of a ticket that the actor may see, with its last `lines`."""
    case = load.ticket_case(work.tx, work.words, number=number, lines=lines)
    access.check_ticket(work.actor, case.ticket if case else None)
    return need(case)


def onward(work: Work, case: Case, *, lines: int = load.LINES) -> Case:
    """Where a member's line into a case goes: the case itself, or the one in which it goes on. Where that is another
    member's the line comes `through` the first, in which it will stand."""
    ticket = case.ticket
    if ticket is None or ticket.merged_into is None:
        return case
    end = merges.end_of(work.tx, ticket.id)
    found = need(load.ticket_case(work.tx, work.words, ticket_id=end["id"], lines=lines))
    if end["member_id"] == ticket.member_id:
        return found
    return replace(found, through=Through(ticket, case.member))


def open_chat(work: Work, command: EndChat) -> Case:
    """The ticket a command names; where a member names none, the open chat."""
    return _by_number_or_latest(work, command.number, open_only=True)


def latest_chat(work: Work, command: RateTicket) -> Case:
    """The ticket a command names; where a member names none, the latest chat, ended or not."""
    return _by_number_or_latest(work, command.number, open_only=False)


def _by_number_or_latest(work: Work, number: int | None, *, open_only: bool) -> Case:
    if number is not None:
        return ticket(work, number)
    if work.actor.staff or work.actor.id <= 0:
        raise missing("ticket")
    number = queue.latest_number(work.tx, work.actor.id, work.words.live_kinds, open_only=open_only)
    if number is None:
        raise missing("ticket")
    return need(load.ticket_case(work.tx, work.words, number=number, lines=0))


def by_member(work: Work, command: Any) -> Case:
    """The case of the member with the command's `member_id`, without a ticket."""
    case = load.member_case(work.tx, work.words, command.member_id, new_ticket=True, opens=False)
    access.check_member(work.actor, case.member if case else None)
    return need(case)


def member(work: Work, member_id: int, *, new: bool = False) -> Case:
    """The case of a member without a ticket; `new`: first seen with this very event."""
    case = load.member_case(work.tx, work.words, member_id, new_ticket=True, opens=False, member_new=new)
    if case is None:
        raise missing("member")
    return case


def shop(book: Rulebook, actor: Actor, name: str | None) -> str:
    """The shop a command names, or the only one the actor serves. Raises Refused."""
    if name is None:
        everywhere = actor.kind == "system" or access.EVERY_SHOP in actor.permissions
        served = [s for s in book.shops if everywhere or s in actor.shops]
        if len(served) != 1:
            raise Refused("invalid", "shop-needed", "say which shop", pointer="/shop")
        return served[0]
    if name not in book.shops or not access.serves(actor, name):
        raise Refused("invalid", "unknown-shop", f"there is no shop `{name}`", pointer="/shop")
    return name


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asks: the member, whether the row was made now, and by which identity it is known."""

    member_id: int
    new: bool = False
    identity_id: int | None = None


def requester(work: Work, shop: str, who: Mapping[str, Any]) -> Requester:
    """The member whom colleagues, or an exchange, name; made when nobody is known by that address.

    Their word is enough to take an address for a member's; but only of who may see addresses. For others it is noted
    and not looked up: whose it is, and whether it is anybody's, shows in nothing they get (decision 0031). Who is new
    is a guest, and his address is not proved.
    """
    if who.get("id") is not None:
        return Requester(int(who["id"]))
    contacts = {
        kind: str(who[kind]).strip() for kind in ("email", "phone") if normalised(kind, str(who.get(kind) or ""))
    }
    looks_up = work.scope.personal
    for issuer in (people.SHOP, people.SELF) if looks_up else ():
        for kind, value in contacts.items():
            known = people.find_identity(work.tx, shop, kind, value, issuer)
            if known is not None:
                return Requester(known.member_id, identity_id=known.id)
    name = str(who.get("name") or "").strip() or None
    if not contacts and name is None:
        raise Refused(
            "invalid", "requester-needed", "say who asks: an id, or a name, email or phone", pointer="/requester"
        )
    issuer = people.SELF if looks_up else people.NOTED
    return guest(work, shop, name, [(kind, value, issuer) for kind, value in contacts.items()])


def guest(work: Work, shop: str, name: str | None, identities: Sequence[tuple[str, str, str]]) -> Requester:
    """A new guest with these identities: kind, value, and who vouches for it. The first is the one he came by."""
    made = people.add_member(
        work.tx,
        work.words,
        shop,
        guest=True,
        tier=work.book.guest_tier,
        name=name,
        language=work.book.shops[shop].locales[0],
    )
    linked = [
        people.note_identity(work.tx, made, shop, kind, value)
        if issuer == people.NOTED
        else people.link_identity(work.tx, made, shop, kind, value, issuer=issuer, verified=issuer != people.SELF)
        for kind, value, issuer in identities
    ]
    return Requester(made, True, linked[0] if linked else None)

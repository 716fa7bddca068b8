"""Which case a command is about: finds it, and the member, inside the write transaction that will decide it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.api import Inbound
from engine.core import access
from engine.core.calls import CallEvent
from engine.core.commands import (
    AskRating,
    BlockMember,
    ChangeMember,
    ChangeTicket,
    EndChat,
    MarkRead,
    MemberLine,
    MoveTicket,
    OpenLinked,
    OpenTicket,
    PostMessage,
    RateTicket,
    SetStatus,
    UnblockMember,
)
from engine.core.entities import Actor, Case
from engine.core.errors import Refused, missing
from engine.core.intake import DeliveryFailed, MemberSignedIn, ServeQueue, TimerDue
from engine.core.opening import reopens
from engine.core.rulebook import Rulebook
from engine.store import Tx, load, people, waiting
from engine.store.values import Lexicon

TRANSCRIPT = 100
"""Lines of a conversation that go along into a case opened beside it."""


def lexicon(book: Rulebook, leaving: frozenset[str], notifiers: frozenset[str]) -> Lexicon:
    """What rows need of a rulebook, and of the ways out that plugins give."""
    return Lexicon(
        priorities={name: n for n, name in enumerate(book.priorities)},
        tiers={name: n for n, name in enumerate(book.tiers)},
        personal=frozenset(n for n, spec in book.custom_fields.items() if spec.field.personal),
        field_types={n: spec.field.type.kind for n, spec in book.custom_fields.items()},
        defaults={n: spec.default for n, spec in book.custom_fields.items() if spec.default is not None},
        live_kinds=book.live_kinds,
        leaving=leaving,
        notifiers=notifiers,
    )


def locate(tx: Tx, words: Lexicon, book: Rulebook, actor: Actor, command: Any) -> Case:
    """The case of a command. Raises Refused where it is not there or not for the actor."""
    if isinstance(command, MemberLine):
        return _line(tx, words, book, actor, command)
    if isinstance(command, OpenTicket):
        return _opening(tx, words, book, actor, command)
    if isinstance(command, OpenLinked):
        origin = _need(load.ticket_case(tx, words, ticket_id=command.origin, lines=TRANSCRIPT))
        made = load.member_case(tx, words, origin.member.id if origin.member else 0, new_ticket=True)
        return replace(_need(made), origin=origin.ticket, messages=origin.messages)
    if isinstance(command, (TimerDue, ServeQueue, DeliveryFailed)):
        return _need(load.ticket_case(tx, words, ticket_id=command.ticket_id))
    if isinstance(command, (RateTicket, EndChat)) and command.number is None:
        return _of_member(tx, words, actor, command)
    if isinstance(command, (PostMessage, ChangeTicket, MoveTicket, RateTicket, EndChat, AskRating, MarkRead)):
        heard = isinstance(command, PostMessage) and not actor.staff  # a member's line may pick from a menu
        case = load.ticket_case(tx, words, number=command.number, lines=load.LINES if heard else 0)
        access.check_ticket(actor, case.ticket if case else None)
        return _need(case)
    if isinstance(command, SetStatus):
        agent = people.get_agent(tx, words, actor.id) if actor.kind == "agent" else None
        shop = next((s for s in actor.shops if s in book.shops), next(iter(book.shops)))
        return load.empty_case(tx, words, shop, agent=agent)
    if isinstance(command, (ChangeMember, BlockMember, UnblockMember)):
        case = load.member_case(tx, words, command.member_id, new_ticket=True, opens=False)
        right = "member.edit" if isinstance(command, ChangeMember) else "member.block"
        access.check_member(actor, case.member if case else None, right)
        return _need(case)
    if isinstance(command, MemberSignedIn):
        return _need(load.member_case(tx, words, actor.id, new_ticket=True, opens=False))
    raise TypeError(f"no case for {type(command).__name__}")


def _need(case: Case | None) -> Case:
    if case is None:
        raise missing("ticket")
    return case


def check_shop(book: Rulebook, actor: Actor, shop: str | None) -> str:
    """The shop a command names, or the only one there is. Raises Refused."""
    if shop is None:
        served = [
            s for s in book.shops if actor.kind == "system" or "shops.all" in actor.permissions or s in actor.shops
        ]
        if len(served) != 1:
            raise Refused("invalid", "shop-needed", "say which shop", pointer="/shop")
        return served[0]
    if shop not in book.shops or (actor.kind == "agent" and not access.serves(actor, shop)):
        raise Refused("invalid", "unknown-shop", f"there is no shop `{shop}`", pointer="/shop")
    if actor.kind in ("member", "guest") and shop not in actor.shops:
        raise Refused("invalid", "unknown-shop", f"there is no shop `{shop}` for you", pointer="/shop")
    return shop


def _line(tx: Tx, words: Lexicon, book: Rulebook, actor: Actor, command: MemberLine) -> Case:
    shop = check_shop(book, actor, command.shop)
    if command.number is not None:
        case = load.ticket_case(tx, words, number=command.number)
        access.check_ticket(actor, case.ticket if case else None)
        return _need(case)
    member_id, new = actor.id, False
    if actor.kind == "guest":
        if not actor.visitor:
            raise Refused("unknown-actor", "no-visitor", "say hello first")
        member_id, new = people.guest_member(
            tx,
            words,
            shop,
            actor.visitor,
            tier=book.guest_tier,
            language=book.language_for(shop, command.page.language),
        )
    case = load.member_case(tx, words, member_id, kind=command.kind, member_new=new)
    if case is None or case.shop != shop:
        raise missing("member")
    if case.ticket is None and not new and command.kind in words.live_kinds:
        return _gone_on_with(tx, words, book, actor, command, member_id) or case
    return case


def _gone_on_with(
    tx: Tx, words: Lexicon, book: Rulebook, actor: Actor, command: MemberLine, member_id: int
) -> Case | None:
    """The member's last live case, where its lifecycle lets a line open it again."""
    lifecycle = book.lifecycles.get(command.kind)
    if lifecycle is None or not any(t.trigger == "reopen" for t in lifecycle.transitions):
        return None
    number = waiting.latest_number(tx, member_id, frozenset({command.kind}), open_only=False)
    past = load.ticket_case(tx, words, number=number) if number is not None else None
    return past if past is not None and reopens(book, past, actor, tx.now) else None


def _opening(tx: Tx, words: Lexicon, book: Rulebook, actor: Actor, command: OpenTicket) -> Case:
    shop = check_shop(book, actor, command.shop)
    if command.kind not in book.lifecycles:
        raise Refused("invalid", "unknown-kind", f"there is no ticket kind `{command.kind}`", pointer="/kind")
    if not actor.staff:
        if actor.kind == "guest":
            raise Refused("unknown-actor", "sign-in-needed", "sign in to open a case")
        return _need(load.member_case(tx, words, actor.id, new_ticket=True))
    if actor.kind == "agent":
        access.require(actor, "ticket.create")
    member_id, new = find_requester(tx, words, book, shop, command.requester or {})
    case = load.member_case(tx, words, member_id, new_ticket=True, member_new=new)
    if case is None or case.shop != shop:
        raise Refused("invalid", "unknown-member", "there is no such member in this shop", pointer="/requester/id")
    return case


def find_requester(tx: Tx, words: Lexicon, book: Rulebook, shop: str, who: Mapping[str, Any]) -> tuple[int, bool]:
    """The member a requester names, made when nobody is known by that address; True when made now.

    An address that was only told, not proved, never links to a member's account: it makes a guest of its own.
    """
    if who.get("id") is not None:
        return int(who["id"]), False
    contacts = {kind: str(who[kind]).strip() for kind in ("email", "phone") if str(who.get(kind) or "").strip()}
    for kind, value in contacts.items():
        known = people.find_member(tx, shop, kind, value)
        if known is not None:
            return known, False
    name = str(who.get("name") or "").strip() or None
    if not contacts and name is None:
        raise Refused(
            "invalid", "requester-needed", "say who asks: an id, or a name, email or phone", pointer="/requester"
        )
    made = people.add_member(
        tx,
        words,
        shop,
        guest=True,
        tier=book.guest_tier,
        name=name,
        language=book.shops[shop].locales[0],
        identities=contacts,
    )
    return made, True


def _of_member(tx: Tx, words: Lexicon, actor: Actor, command: RateTicket | EndChat) -> Case:
    """A member speaks of "this chat": the open one, else the last that may be rated."""
    if actor.staff or actor.id <= 0:
        raise missing("ticket")
    number = waiting.latest_number(tx, actor.id, words.live_kinds, open_only=isinstance(command, EndChat))
    if number is None:
        raise missing("ticket")
    return _need(load.ticket_case(tx, words, number=number, lines=0))


def of_call(tx: Tx, words: Lexicon, book: Rulebook, shop: str, inbound: Inbound) -> tuple[CallEvent, Case]:
    """What an exchange says of a call, and the case it belongs to: the call's own, else the member's open telephone
    case, else a new one. Whoever is at the other end is the member, as far as the number tells."""
    values = inbound.values
    direction = "outbound" if values.get("direction") == "outbound" else "inbound"
    number = str(inbound.sender.get("phone", ""))
    caller, callee = (
        (number, str(values.get("to", ""))) if direction == "inbound" else (str(values.get("to", "")), number)
    )
    what: Any = (inbound.event or "").removeprefix("call.")
    event = CallEvent(
        shop, what, inbound.external_id, direction, caller, callee, values.get("agent"), values.get("result")
    )
    call = waiting.call_named(tx, inbound.external_id)
    if call is not None:
        return event, replace(_need(load.ticket_case(tx, words, ticket_id=call.ticket_id)), call=call)
    who = {"phone": number, "name": inbound.sender.get("name")} if number else {"name": "?"}
    member_id, new = find_requester(tx, words, book, shop, who)
    open_one = waiting.open_number(tx, member_id, "phone")
    if open_one is not None:
        return event, _need(load.ticket_case(tx, words, number=open_one))
    return event, _need(load.member_case(tx, words, member_id, new_ticket=True, member_new=new))

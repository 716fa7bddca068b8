"""What comes in by a channel: a line, or what an exchange says of a call.

Two questions are answered here before rules are asked. *Whose is it?* An address that anybody can write down is taken
for a member's only where the channel has proved it; else the line is a guest's of that address, until it is proved.
*Where does it go?* Into the case it answers, where that is the sender's; else a letter begins a case, and a line of a
running conversation goes on in the open one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from engine.api import Inbound
from engine.core.commands import CallEvent, MemberLine
from engine.core.entities import INTERNAL, NOBODY, Actor, Arrival, Case
from engine.core.errors import Refused, missing
from engine.core.opening import reopens
from engine.core.values import replace
from engine.desk import locate
from engine.desk.actors import principal
from engine.desk.context import Context, Work
from engine.desk.fitting import UPLOADER, fitted, named
from engine.desk.handlers.messages import answered, line_answer
from engine.desk.handlers.tickets import ticket_answer
from engine.desk.locate import Requester
from engine.desk.texts import cleaned
from engine.store import Taken, Tx, load, normalised, people, queue, stream, uploads

LETTERS = frozenset({"email"})
"""Who is known by one of these writes letters: one that answers none begins a case of its own."""
TRIES = 3
"""How often one thing is taken in that two processes take in at once: the second finds what the first has stored."""


async def receive(context: Context, inbound: Inbound) -> dict[str, Any]:
    """Takes it in; see `Desk.receive`."""
    inbound = await fitted(context, named(cleaned(inbound)))
    call = (inbound.event or "").startswith("call.")

    def job(tx: Tx) -> dict[str, Any]:
        work = context.work(tx)
        shop = _shop(work, inbound)
        return _call(work, shop, inbound) if call else _line(work, shop, inbound)

    for attempt in range(1, TRIES + 1):
        try:
            return await context.write(job)
        except Refused as refused:  # a blocked sender, a rejected line: to send it again would change nothing
            return {"refused": refused.code, "why": refused.message}
        except Taken:  # another process stored the same line, or its sender, a moment ago
            if attempt == TRIES:
                raise
    raise AssertionError("unreachable")


def _shop(work: Work, inbound: Inbound) -> str:
    shop = inbound.shop or next(iter(work.book.shops))
    if shop not in work.book.shops:
        raise Refused("invalid", "unknown-shop", f"there is no shop `{shop}`", pointer="/shop")
    return shop


# ---------------------------------------------------------------------------------------------------------------- lines


def _line(work: Work, shop: str, inbound: Inbound) -> dict[str, Any]:
    stored = stream.duplicate_by_outside(work.tx, inbound.channel, inbound.account, inbound.external_id)
    if stored is not None:
        return line_answer(work.by(NOBODY), stored.message_id, stored.number, shop, seq=stored.seq)
    sender = _sender(work, shop, inbound)
    case, refers_to = _case(work, shop, inbound, sender)
    member = case.member
    if member is None:
        raise missing("member")
    command = MemberLine(
        shop=shop,
        text=inbound.text,
        attachments=inbound.files,
        kind=work.book.opens.kind("lines", inbound.channel),
        channel=inbound.channel,
        subject=inbound.subject or inbound.text[:60],
        automatic=inbound.automatic,
        arrival=Arrival(
            channel=inbound.channel,
            external_id=inbound.external_id,
            account=inbound.account,
            html=inbound.html,
            reply_to=inbound.reply_to,
            sender=_told(work, inbound, sender, refers_to),
        ),
    )
    by = work.by(Actor(kind="guest" if member.guest else "member", id=member.id, shops=(shop,)))
    uploads.hand_over(work.tx, inbound.files, UPLOADER, principal(by.actor))
    decided = by.decide(command, case)
    if decided.decision.rejected is not None:
        return {"rejected": decided.decision.rejected or "this desk does not take this message"}
    return answered(by, command, case, decided)


@dataclass(frozen=True, slots=True)
class _Claim:
    """One way by which a sender may be known."""

    kind: str
    value: str
    issuer: str
    """Who vouches for it, as `people.find_identity` has it."""


@dataclass(frozen=True, slots=True)
class _Sender:
    who: Requester
    claims: tuple[_Claim, ...]

    @property
    def proved(self) -> bool:
        """Whether somebody but the sender vouches for who it is."""
        return self.claims[0].issuer != people.SELF if self.claims else False


def _sender(work: Work, shop: str, inbound: Inbound) -> _Sender:
    """Who sent it: by what is proved before what is only told. Raises Refused for who is nobody, or blocked."""
    claims = tuple(sorted(_claims(inbound), key=lambda claim: claim.issuer == people.SELF))
    name = inbound.sender.get("name", "").strip() or None
    if not claims and name is None:
        raise Refused(
            "invalid", "requester-needed", "the channel says no sender: neither an id nor an address nor a name"
        )
    first = next(iter(claims), None)
    if first is not None and first.issuer == people.SELF:
        _refuse_blocked(work, shop, first)
    for claim in claims:
        if first is not None and (claim.issuer == people.SELF) != (first.issuer == people.SELF):
            break  # who is proved is not known by what he only says
        known = people.find_identity(work.tx, shop, claim.kind, claim.value, claim.issuer)
        if known is not None:
            return _Sender(Requester(known.member_id, identity_id=known.id), claims)
    if first is not None and first.issuer == people.SHOP:
        told = people.find_identity(work.tx, shop, first.kind, first.value, people.SELF)
        if told is not None:  # the guest of that address was right
            people.prove_identity(work.tx, told.id)
            return _Sender(Requester(told.member_id, identity_id=told.id), claims)
    free = [
        (claim.kind, claim.value, claim.issuer)
        for claim in claims
        if claim is first or people.find_identity(work.tx, shop, claim.kind, claim.value, claim.issuer) is None
    ]
    return _Sender(locate.guest(work, shop, name, free), claims)


def _claims(inbound: Inbound) -> list[_Claim]:
    found = []
    for kind, value in inbound.sender.items():
        if kind == "name" or not normalised(kind, value):
            continue
        if kind not in people.SHOP_WIDE:
            issuer = inbound.account
        else:
            issuer = people.SHOP if kind in inbound.verified and kind != "visitor" else people.SELF
        found.append(_Claim(kind, value, issuer))
    return found


def _refuse_blocked(work: Work, shop: str, claim: _Claim) -> None:
    """Who is blocked does not come in by not proving his address."""
    known = people.find_member(work.tx, shop, claim.kind, claim.value)
    row = people.member_row(work.tx, known) if known is not None else None
    if row is not None and (row["blocked_until"] or 0) > work.tx.now:
        raise Refused("forbidden", "blocked", "this desk does not take messages from this address at the moment")


def _case(work: Work, shop: str, inbound: Inbound, sender: _Sender) -> tuple[Case, int | None]:
    """The case a line goes into, and the number of one that it names and does not go into, since it is another's."""
    tx, words, who = work.tx, work.words, sender.who
    named, proved = _named_case(work, inbound)
    refers_to = None
    if named is not None and named.ticket is not None and named.ticket.channel != INTERNAL and named.shop == shop:
        own = _is_of(work, named, sender, proved)
        named = locate.onward(work, named)
        if named.ticket is None:
            raise missing("ticket")
        if not own and not _is_of(work, named, sender, proved):
            refers_to = named.ticket.number
        elif named.ticket.category != "closed" or inbound.automatic or reopens(work.book, named, _actor(named), tx.now):
            return named, None
    if refers_to is None and not _writes_letters(sender):
        number = queue.open_number(tx, who.member_id, inbound.channel, inbound.account)
        if number is not None:
            return locate.need(load.ticket_case(tx, words, number=number)), None
        merged = queue.merged_number(tx, who.member_id, inbound.channel, inbound.account)
        if merged is not None:
            past = locate.onward(work, locate.need(load.ticket_case(tx, words, number=merged)))
            if past.ticket is not None and past.ticket.category != "closed":
                return past, None
    made = load.member_case(tx, words, who.member_id, new_ticket=True, member_new=who.new, identity_id=who.identity_id)
    return locate.need(made), refers_to


def _named_case(work: Work, inbound: Inbound) -> tuple[Case | None, bool]:
    """The case a line says it answers, and whether a token of ours proves it."""
    number = work.tx.ring.read_reply_token(inbound.reply_token) if inbound.reply_token else None
    if number is not None:
        case = load.ticket_case(work.tx, work.words, number=number)
    else:
        names = [name for name in (inbound.reply_to, *inbound.references) if name]
        answers = queue.answered_ticket(work.tx, inbound.channel, inbound.account, names)
        case = load.ticket_case(work.tx, work.words, ticket_id=answers) if answers is not None else None
    return case, number is not None


def _is_of(work: Work, case: Case, sender: _Sender, by_token: bool) -> bool:
    """Whether the case is the sender's own: he is its member; or one of the member's addresses is his, and that he
    reads what is sent there is proved, by the channel or by the token that we sent there."""
    member_id = case.member.id if case.member else 0
    if member_id == sender.who.member_id:
        return True
    if not (by_token or sender.proved):
        return False
    ring = work.tx.ring
    theirs = {
        (one["kind"], ring.blind(one["kind"], one["value"]))
        for one in people.identities_of(work.tx, (member_id,))[member_id]
        if one["kind"] in people.SHOP_WIDE
    }
    told = [claim for claim in sender.claims if by_token or claim.issuer != people.SELF]
    return any((claim.kind, ring.blind(claim.kind, claim.value)) in theirs for claim in told)


def _actor(case: Case) -> Actor:
    return Actor(kind="guest", id=case.member.id if case.member else 0, shops=(case.shop,))


def _writes_letters(sender: _Sender) -> bool:
    return bool(sender.claims) and sender.claims[0].kind in LETTERS


def _told(work: Work, inbound: Inbound, sender: _Sender, refers_to: int | None) -> Mapping[str, Any]:
    """What colleagues are told of the sender (`Arrival.sender`)."""
    told: dict[str, Any] = {"verified": sender.proved}
    address = inbound.sender.get("email")
    if address and people.is_agent_address(work.tx, address):
        told["agent_address"] = True
    if refers_to is not None:
        told["refers_to"] = refers_to
    return told


# ---------------------------------------------------------------------------------------------------------------- calls
def _call(work: Work, shop: str, inbound: Inbound) -> dict[str, Any]:
    event, case = _of_call(work, shop, inbound)
    decided = work.decide(event, case)
    return ticket_answer(work, event, case, decided)


def _of_call(work: Work, shop: str, inbound: Inbound) -> tuple[CallEvent, Case]:
    """What an exchange says of a call, and the case it belongs to: the call's own, else the member's open telephone
    case, else a new one. Whoever is at the other end is the member, as far as the number tells."""
    tx, words, values = work.tx, work.words, inbound.values
    direction: Literal["inbound", "outbound"] = "outbound" if values.get("direction") == "outbound" else "inbound"
    number, other = str(inbound.sender.get("phone", "")), str(values.get("to", ""))
    calls, called = (number, other) if direction == "inbound" else (other, number)
    what: Any = (inbound.event or "").removeprefix("call.")
    event = CallEvent(
        shop=shop,
        what=what,
        call=inbound.external_id,
        direction=direction,
        caller=calls,
        callee=called,
        agent=values.get("agent"),
        result=values.get("result"),
        channel=inbound.channel,
        account=inbound.account or inbound.channel,
    )
    call = queue.call_named(tx, event.account, event.call)
    if call is not None:
        return event, replace(locate.need(load.ticket_case(tx, words, ticket_id=call.ticket_id)), call=call)
    name = inbound.sender.get("name")
    who = {"phone": number, "name": name} if normalised("phone", number) else {"name": name or "?"}
    caller = locate.requester(work, shop, who)
    open_one = queue.open_number(tx, caller.member_id, inbound.channel, inbound.account)
    if open_one is not None:
        return event, locate.need(load.ticket_case(tx, words, number=open_one))
    made = load.member_case(
        tx, words, caller.member_id, new_ticket=True, member_new=caller.new, identity_id=caller.identity_id
    )
    return event, locate.need(made)

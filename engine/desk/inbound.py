"""What comes in by a channel: a line, or what an exchange says of a call."""

from __future__ import annotations

from typing import Any, Literal

from engine.api import Inbound
from engine.core.commands import CallEvent, MemberLine
from engine.core.entities import Actor, Case
from engine.core.errors import Refused, missing
from engine.core.values import replace
from engine.desk import locate
from engine.desk.context import Context, Work
from engine.desk.handlers.messages import answered, line_answer
from engine.desk.handlers.tickets import ticket_answer
from engine.desk.texts import cleaned
from engine.store import Tx, load, queue, stream


async def receive(context: Context, inbound: Inbound) -> dict[str, Any]:
    """Takes it in; see `Desk.receive`."""
    inbound = cleaned(inbound)
    shop = inbound.shop or next(iter(context.book.shops))
    call = (inbound.event or "").startswith("call.")

    def job(tx: Tx) -> dict[str, Any]:
        work = context.work(tx)
        return _call(work, shop, inbound) if call else _line(work, shop, inbound)

    try:
        return await context.write(job)
    except Refused as refused:  # a blocked sender, a rejected line: to send it again would change nothing
        return {"refused": refused.code, "why": refused.message}


def _line(work: Work, shop: str, inbound: Inbound) -> dict[str, Any]:
    """A line: into the member's latest open ticket of this channel, else into a new one."""
    tx = work.tx
    stored = stream.duplicate_by_outside(tx, inbound.account or inbound.channel, inbound.external_id)
    if stored is not None:
        return line_answer(work, stored.message_id, stored.number, shop, seq=stored.seq)
    kind, value = next(iter(inbound.sender.items()))
    member_id, new = locate.requester(work, shop, {kind: value, "name": inbound.sender.get("name")})
    number = queue.open_number(tx, member_id, inbound.channel)
    if number is not None:
        case = load.ticket_case(tx, work.words, number=number)
    else:
        case = load.member_case(tx, work.words, member_id, new_ticket=True, member_new=new)
    if case is None:
        raise missing("member")
    command = MemberLine(
        shop=shop,
        text=inbound.text,
        attachments=inbound.files,
        external_id=inbound.external_id,
        kind=work.book.opens.kind("lines", inbound.channel),
        channel=inbound.channel,
        subject=inbound.subject or inbound.text[:60],
        automatic=inbound.automatic,
    )
    member = work.by(Actor(kind="guest", id=member_id, shops=(shop,)))
    decided = member.decide(command, case)
    if decided.decision.rejected is not None:
        return {"rejected": decided.decision.rejected or "this desk does not take this message"}
    return answered(member, command, case, decided)


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
    caller, callee = (number, other) if direction == "inbound" else (other, number)
    what: Any = (inbound.event or "").removeprefix("call.")
    event = CallEvent(
        shop=shop,
        what=what,
        call=inbound.external_id,
        direction=direction,
        caller=caller,
        callee=callee,
        agent=values.get("agent"),
        result=values.get("result"),
        channel=inbound.channel,
        account=inbound.account or inbound.channel,
    )
    call = queue.call_named(tx, event.account, event.call)
    if call is not None:
        return event, replace(locate.need(load.ticket_case(tx, words, ticket_id=call.ticket_id)), call=call)
    who = {"phone": number, "name": inbound.sender.get("name")} if number else {"name": "?"}
    member_id, new = locate.requester(work, shop, who)
    open_one = queue.open_number(tx, member_id, inbound.channel)
    if open_one is not None:
        return event, locate.need(load.ticket_case(tx, words, number=open_one))
    return event, locate.need(load.member_case(tx, words, member_id, new_ticket=True, member_new=new))

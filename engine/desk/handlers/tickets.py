"""Tickets: opened by hand, changed, moved, rated, read."""

from __future__ import annotations

from typing import Any, Literal

from engine.core.commands import (
    AskRating,
    ChangeTicket,
    ClaimTicket,
    FollowTicket,
    MarkRead,
    MoveTicket,
    NudgeTicket,
    OpenTicket,
    RateTicket,
    TransferTicket,
    UnfollowTicket,
)
from engine.core.entities import Case
from engine.core.errors import Refused
from engine.desk import locate, results
from engine.desk.context import Decided, Work
from engine.desk.rows import RuleCommand
from engine.desk.sending import first_what_may_be_taken_back
from engine.store import load, people, stream
from engine.store.followers import followers


def ticket_answer(work: Work, command: Any, case: Case, decided: Decided) -> dict[str, Any]:
    """The ticket as the rules left it."""
    if decided.number is None:
        return {}
    if decided.new is not None:
        return {"ticket": results.new_ticket(work, decided.new), "seq": None}
    return {"ticket": results.ticket(work, decided.number), "seq": None}


def _of_new(work: Work, command: OpenTicket) -> Case:
    """A case of the member who asks: staff names a requester, a member opens his own."""
    actor = work.actor
    if actor.kind == "guest":
        raise Refused("unknown-actor", "sign-in-needed", "sign in to open a case")
    shop = locate.shop(work.book, actor, command.shop)
    kind = command.kind or work.book.opens.kind("lines", command.channel)
    if kind not in work.book.lifecycles:
        raise Refused("invalid", "unknown-kind", f"there is no ticket kind `{kind}`", pointer="/kind")
    if not actor.staff:
        if command.requester is not None:
            reason = "members open cases of their own; leave `requester` out"
            raise Refused("forbidden", "permission-needed", reason, pointer="/requester")
        own = people.account_identity(work.tx, actor.id)
        return locate.need(load.member_case(work.tx, work.words, actor.id, new_ticket=True, identity_id=own))
    who = locate.requester(work, shop, command.requester or {})
    case = load.member_case(
        work.tx, work.words, who.member_id, new_ticket=True, member_new=who.new, identity_id=who.identity_id
    )
    if case is None or case.shop != shop:
        raise Refused("invalid", "unknown-member", "there is no such member in this shop", pointer="/requester/id")
    return case


def _read(work: Work, command: MarkRead, case: Case, decided: Decided) -> dict[str, Any]:
    kind: Literal["agent", "member"] = "agent" if work.actor.kind == "agent" else "member"
    if case.ticket is not None:
        stream.mark_read(work.tx, kind, work.actor.id, case.ticket.id, command.seq)
    return {}


def _followers(work: Work, command: FollowTicket | UnfollowTicket, case: Case, decided: Decided) -> dict[str, Any]:
    """Who follows the ticket now."""
    return {"followers": list(followers(work.tx, case.ticket.id)) if case.ticket is not None else []}


COMMANDS = (
    RuleCommand(OpenTicket, locate=_of_new, answer=ticket_answer, speaks="text"),
    RuleCommand(ChangeTicket, locate=locate.by_number, answer=ticket_answer),
    RuleCommand(MoveTicket, locate=locate.by_number, answer=ticket_answer, before=first_what_may_be_taken_back),
    RuleCommand(
        TransferTicket,
        locate=locate.by_number,
        answer=ticket_answer,
        speaks="note",
        before=first_what_may_be_taken_back,
    ),
    RuleCommand(ClaimTicket, locate=locate.by_number, answer=ticket_answer),
    RuleCommand(FollowTicket, locate=locate.by_number, answer=_followers),
    RuleCommand(UnfollowTicket, locate=locate.by_number, answer=_followers),
    RuleCommand(NudgeTicket, locate=locate.by_number, answer=ticket_answer, speaks="note"),
    RuleCommand(RateTicket, locate=locate.latest_chat, answer=ticket_answer),
    RuleCommand(AskRating, locate=locate.by_number, answer=ticket_answer),
    RuleCommand(MarkRead, locate=locate.by_number, answer=_read),
)

"""Somebody asks to hurry with a case (催單): its member, or a colleague of who has it."""

from __future__ import annotations

from collections.abc import Mapping

from engine.core.commands import NudgeTicket
from engine.core.draft import Draft
from engine.core.entities import SECOND, Ticket
from engine.core.errors import Refused
from engine.core.handlers._beginning import Beginning
from engine.core.handlers.messages import may_write, note
from engine.core.own_settings import own_setting
from engine.core.rights import WRITING
from engine.core.rulebook import Rulebook


def nudge(draft: Draft, command: NudgeTicket) -> None:
    """Counts, and tells the rules who asks; what follows is theirs to say. One nudge in a while is enough: of many at
    once the first counts."""
    ticket, staff, said = draft.need_ticket(), draft.actor.staff, command.note.strip()
    if ticket.category == "closed":
        raise Refused("conflict", "ticket-closed", "this case is closed; reopen it, or open a new one")
    if staff and ticket.assignee is not None and ticket.assignee == draft.actor.username:
        raise Refused("conflict", "own-ticket", "you have this case yourself")
    if not staff:
        may_write(draft)
        if said:
            raise Refused("forbidden", "permission-needed", "notes are for agents; write a line", pointer="/note")
    at = nudge_from(draft.book, ticket, staff=staff)
    if at is None:
        raise Refused("conflict", "nothing-awaited", "this case was answered; it is your turn to write")
    if draft.now < at:
        wait = -(-(at - draft.now) // SECOND)
        raise Refused("too-many", "nudged-already" if ticket.nudged_at else "too-early", _why(ticket), retry_after=wait)
    draft.change_ticket(nudges=ticket.nudges + 1, nudged_at=draft.now)
    by = draft.actor.kind if staff else "member"
    body = {"by": by, "count": ticket.nudges + 1}
    if said:
        body["message"] = note(draft, said, (), None)
    name = (draft.actor.alias or draft.actor.name or draft.actor.username) if staff else None
    draft.extra.update({"nudge.by": name, "nudge.note": said or None})
    draft.record("ticket.nudged", body)
    draft.keys.add("ticket.nudged")


def nudge_from(book: Rulebook, ticket: Ticket, *, staff: bool) -> int | None:
    """From when on a nudge is taken, µs UTC; None where there is nothing to ask for: a closed case, and for its member
    one in which no answer is awaited."""
    if ticket.category == "closed" or (not staff and ticket.awaiting_since is None):
        return None
    first = ticket.created_at
    if not staff and ticket.awaiting_since is not None:
        first = ticket.awaiting_since + own_setting(book, "nudge_after", ticket.shop)
    again: int = own_setting(book, "nudge_again", ticket.shop)
    return first if ticket.nudged_at is None else max(first, ticket.nudged_at + again)


def _why(ticket: Ticket) -> str:
    if ticket.nudged_at is None:
        return "this case came in only just now; it is being looked at"
    return "this case was nudged only just now; who has it was told"


BEGIN: Mapping[type, Beginning] = {
    NudgeTicket: Beginning(nudge, about="ticket", right=WRITING["internal"]),
}

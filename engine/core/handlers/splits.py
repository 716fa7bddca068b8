"""Lines of a case become a case of their own: moved, not copied, so no line exists twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.core import access
from engine.core.changes import Create, Record, Set
from engine.core.draft import Draft
from engine.core.entities import INTERNAL, Message
from engine.core.errors import Refused, missing
from engine.core.handlers._beginning import Beginning, check_not_merged
from engine.core.joining import LinesGone, SplitTicket
from engine.core.opening import one_of, open_ticket

LINES = 100
"""Lines that one split moves at most."""
LINK = "split"


@dataclass(frozen=True, slots=True)
class Talk:
    """What lines say of how a conversation stands."""

    waiting_since: int | None = None
    replies: int = 0
    first_replied_at: int | None = None


def talk(lines: Iterable[Message]) -> Talk:
    """The state of a conversation of these lines, oldest first: since when its member waits, what was answered."""
    waiting: int | None = None
    replies, first = 0, None
    for line in lines:
        if line.visibility == "internal" or line.automatic:
            continue
        if line.author_kind == "member":
            waiting = waiting if waiting is not None else line.created_at
        elif line.author_kind == "agent" and line.visibility == "public":
            waiting, replies = None, replies + 1
            first = first if first is not None else line.created_at
    return Talk(waiting, replies, first)


def split(draft: Draft, command: SplitTicket) -> None:
    """Opens the new case with the lines of its origin that stand in `draft.case.messages`.

    It began when the first of them was written, and so do its clocks: the member has waited since then, and to split
    must not be a way to win time.
    """
    origin, moved = draft.case.origin, draft.case.messages
    if not draft.actor.staff:
        raise Refused("forbidden", "agents-only", "this is for agents")
    if origin is None:
        raise missing("ticket")
    access.check_ticket(draft.actor, origin, "ticket.change")
    check_not_merged(draft.actor, draft.case, origin)
    if not command.subject.strip():
        raise Refused("invalid", "empty-subject", "a subject is needed", pointer="/subject")
    live = draft.book.live_kinds
    kind = command.kind or (draft.book.opens.kind("lines", origin.channel) if origin.kind in live else origin.kind)
    if command.kind is not None:
        one_of(command.kind, draft.book.lifecycles, "kind", "/kind")
    if kind in live:
        reason = "a member has one live chat at a time; choose another kind for these lines"
        raise Refused("invalid", "live-kind", reason, pointer="/kind")
    if (kind in draft.book.internal_kinds) != (origin.channel == INTERNAL):
        reason = "lines that the member reads cannot become a case among colleagues, nor the other way round"
        raise Refused("invalid", "internal-case", reason, pointer="/kind")
    if command.type is not None:
        one_of(command.type, draft.book.types, "type", "/type")
    open_ticket(
        draft,
        kind=kind,
        channel=origin.channel,
        account=origin.account,
        subject=command.subject.strip(),
        values={},
        opened_by="agent",
    )
    stands = talk(moved)
    draft.change_ticket(
        type=command.type or origin.type,
        priority=origin.priority,
        order_no=origin.order_no,
        product=origin.product,
        language=origin.language,
        team=origin.team,
        identity_id=origin.identity_id,
        created_at=moved[0].created_at,
        last_line_at=moved[-1].created_at,
        waiting_since=stands.waiting_since,
        reply_count=stands.replies,
        first_replied_at=stands.first_replied_at,
    )
    ticket = draft.need_ticket()
    for line in moved:
        draft.log.append(Set("message", line.id, {"ticket_id": ticket.id}))
    draft.log.append(Create("link", draft.ref(), {"from": origin.id, "to": ticket.id, "kind": LINK}))
    both = {"origin": origin.number, "number": ticket.number, "lines": len(moved)}
    draft.record("ticket.split", both)
    draft.log.append(Record("ticket.split", both, ticket=origin.id, member=origin.member_id))
    draft.keys.clear()  # no `ticket.created`: nothing came in, nobody is to be thanked, and all is sorted already


def lines_gone(draft: Draft, command: LinesGone) -> None:
    """What is left of the case the lines were taken from."""
    ticket = draft.need_ticket()
    draft.change_ticket(
        waiting_since=command.waiting_since if ticket.category != "closed" else ticket.waiting_since,
        reply_count=command.replies,
        first_replied_at=command.first_replied_at,
    )
    draft.log.append(Set("ticket", ticket.id, {}))


BEGIN: Mapping[type, Beginning] = {
    SplitTicket: Beginning(split, right="ticket.change"),
    LinesGone: Beginning(lines_gone),
}

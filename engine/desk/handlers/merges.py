"""Two tickets become one, and one becomes two."""

from __future__ import annotations

from typing import Any

from engine.core import access
from engine.core.entities import SYSTEM, Case
from engine.core.errors import Refused, missing
from engine.core.handlers.splits import LINES, talk
from engine.core.joining import LinesGone, MergeTicket, SplitTicket, TakeIn, UnmergeTicket
from engine.core.values import replace
from engine.desk import locate, results
from engine.desk.context import Decided, Work
from engine.desk.handlers.tickets import ticket_answer
from engine.desk.rows import RuleCommand
from engine.desk.sending import first_what_may_be_taken_back
from engine.store import load, merges, scheduled


def _of_merge(work: Work, command: MergeTicket) -> Case:
    """The ticket, and the end of the chain that the other one stands in. All of them are locked before they are read,
    so that of two merges at once the second knows the first."""
    tx = work.tx
    first, second = merges.id_of(tx, command.number), merges.id_of(tx, command.into)
    if first is None or second is None:
        access.check_ticket(work.actor, None)  # told alike whether it is there
        raise missing("ticket")
    merges.lock(tx, {first, second, merges.end_of(tx, second)["id"]})
    case = locate.ticket(work, command.number)
    named = load.ticket_case(tx, work.words, ticket_id=second, lines=0)
    other = access.check_ticket(work.actor, named.ticket if named is not None else None)
    while other.merged_into is not None:  # each is locked as it is read
        found = load.ticket_case(tx, work.words, ticket_id=other.merged_into, lines=0)
        other = access.check_ticket(work.actor, found.ticket if found is not None else None)
    return replace(case, other=other)


def _merged(work: Work, command: MergeTicket, case: Case, decided: Decided) -> dict[str, Any]:
    """The merged ticket. The one that goes on takes it in, in a decision of its own: its clocks are asked, too."""
    ticket, survivor = case.ticket, case.other
    if ticket is not None and survivor is not None:
        own = ticket.member_id == survivor.member_id
        into = locate.need(load.ticket_case(work.tx, work.words, ticket_id=survivor.id, lines=0))
        waiting = ticket.awaiting_since if own else None
        work.decide(TakeIn(survivor.number, command.note, waiting), replace(into, other=ticket))
        if own:  # what waits to be sent is for the same member
            scheduled.move(work.tx, ticket.id, survivor.id)
    return ticket_answer(work, command, case, decided)


def _of_unmerge(work: Work, command: UnmergeTicket) -> Case:
    case = locate.ticket(work, command.number)
    if case.ticket is None or case.ticket.merged_into is None:
        return case
    end = load.ticket_case(work.tx, work.words, ticket_id=merges.end_of(work.tx, case.ticket.id)["id"], lines=0)
    return replace(
        case, merged=merges.record_of(work.tx, case.ticket.id), other=end.ticket if end is not None else None
    )


def _unmerged(work: Work, command: UnmergeTicket, case: Case, decided: Decided) -> dict[str, Any]:
    if case.other is not None:
        into = locate.need(load.ticket_case(work.tx, work.words, ticket_id=case.other.id, lines=0))
        work.decide(TakeIn(case.other.number, back=True), replace(into, other=case.ticket))
    return ticket_answer(work, command, case, decided)


def _of_split(work: Work, command: SplitTicket) -> Case:
    """A new case of the same member, with the lines it is to have. Raises Refused for lines that cannot be moved."""
    origin = locate.ticket(work, command.number)
    if not work.actor.staff:
        raise Refused("forbidden", "agents-only", "this is for agents")
    lines = load.lines_of(work.tx, _id(origin))
    wanted = dict.fromkeys(command.messages)
    moved = [line for line in lines if line.id in wanted]
    if not wanted or len(moved) != len(wanted):
        reason = "name lines that stand in this case" if wanted else "choose the lines that are to go"
        raise Refused("invalid", "unknown-line", reason, pointer="/messages")
    if len(moved) > LINES:
        raise Refused("invalid", "too-many-lines", f"at most {LINES} lines go at once", pointer="/messages")
    if any(line.unsent for line in moved):
        raise Refused("invalid", "line-unsent", "a line that was taken back stays where it is", pointer="/messages")
    if any(line.author_kind == "system" for line in moved):
        raise Refused("invalid", "system-line", "what the desk says of the case stays with it", pointer="/messages")
    if all(line.visibility == "internal" for line in moved):
        reason = "a case needs a line that its member wrote or reads; notes alone stay"
        raise Refused("invalid", "notes-only", reason, pointer="/messages")
    if not any(line.visibility != "internal" for line in lines if line.id not in wanted):
        reason = "one line at least stays; move the case instead of all that is said in it"
        raise Refused("invalid", "all-lines", reason, pointer="/messages")
    member_id = origin.member.id if origin.member is not None else 0
    made = locate.need(load.member_case(work.tx, work.words, member_id, new_ticket=True))
    return replace(made, origin=origin.ticket, went_to=origin.went_to, messages=moved)


def _split(work: Work, command: SplitTicket, case: Case, decided: Decided) -> dict[str, Any]:
    """The new ticket. What is left of the other is decided by itself: it may await nothing any more."""
    if case.origin is None or decided.number is None:
        raise missing("ticket")
    origin = locate.need(load.ticket_case(work.tx, work.words, ticket_id=case.origin.id, lines=0))
    left = talk(load.lines_of(work.tx, case.origin.id))
    new = merges.id_of(work.tx, decided.number)
    gone = LinesGone(decided.number, len(case.messages), left.waiting_since, left.replies, left.first_replied_at)
    work.by(SYSTEM).decide(gone, origin)
    for ticket_id in (case.origin.id, new):
        if ticket_id is not None:
            merges.newest_line(work.tx, ticket_id)
    return {"ticket": results.ticket(work, decided.number), "seq": None}


def _id(case: Case) -> int:
    if case.ticket is None:
        raise missing("ticket")
    return case.ticket.id


COMMANDS = (
    RuleCommand(MergeTicket, locate=_of_merge, answer=_merged, speaks="note", before=first_what_may_be_taken_back),
    RuleCommand(UnmergeTicket, locate=_of_unmerge, answer=_unmerged),
    RuleCommand(SplitTicket, locate=_of_split, answer=_split),
)

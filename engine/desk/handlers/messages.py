"""Lines: what members and agents write."""

from __future__ import annotations

from functools import partial
from typing import Any

from engine.core import access
from engine.core.changes import Record
from engine.core.commands import MemberLine, PostMessage, Retry, UnsendMessage
from engine.core.decide import Decision
from engine.core.entities import Case
from engine.core.errors import Refused, missing
from engine.core.opening import reopens
from engine.core.values import replace
from engine.desk import locate, results
from engine.desk.context import Decided, Work
from engine.desk.rows import PlainCommand, RuleCommand
from engine.desk.sending import done_with_draft, first_what_may_be_taken_back, own_line
from engine.lang import may_be_masked
from engine.store import load, outbox, people, queue, stream


def line_answer(
    work: Work, message_id: int, number: int | None, shop: str | None, *, seq: int | None
) -> dict[str, Any]:
    """A stored line as its author sees it; `seq` None: its event gets its id at the end of the batch."""
    shown = results.line(work, message_id, shop)
    return {"message": shown, "ticket": number, "seq": seq, "repeat": seq is not None}


def answered(work: Work, command: MemberLine | PostMessage, case: Case, decided: Decided) -> dict[str, Any]:
    """The line that was stored; what a member wrote is not read back."""
    say = own_line(decided.decision)
    message_id = decided.refs[say.ref]
    number = decided.number if case.through is None else case.through.ticket.number
    if work.actor.staff or say.author_kind != "member" or say.attachments:
        answer = line_answer(work, message_id, number, case.shop, seq=None)
        if say.visibility == "internal":
            answer["message"]["mentions"] = _mentions(decided.decision)
        return answer
    shown = results.line_of_member(work, say, message_id, number, case.shop)
    return {"message": shown, "ticket": number, "seq": None, "repeat": False}


def _mentions(decision: Decision) -> list[dict[str, Any]]:
    """Whom a note names, and whether they are told: its writer is to know who may not see the case."""
    bodies = [c.body for c in decision.changes if isinstance(c, Record) and c.kind == "ticket.mentioned"]
    return [
        {"username": name, "told": told}
        for body in bodies
        for key, told in (("agents", True), ("untold", False))
        for name in body.get(key, ())
    ]


def posted(work: Work, command: PostMessage, case: Case, decided: Decided) -> dict[str, Any]:
    """The same, and whether it was a draft of the agent's."""
    return {**answered(work, command, case, decided), "draft_done": done_with_draft(work, command, case)}


def _repeated(work: Work, command: MemberLine | PostMessage) -> dict[str, Any] | None:
    """The answer for the line the same author stored under the same client key. Raises Refused for another line."""
    if command.client_key is None:
        return None
    actor = work.actor
    author_id = actor.id
    if actor.kind == "guest" and actor.visitor:  # the session may be older than the member
        author_id = people.find_member(work.tx, actor.shops[0], "visitor", actor.visitor) or 0
    kind = "agent" if actor.kind == "agent" else "member"
    stored = stream.duplicate_by_client(work.tx, kind, author_id, command.client_key) if author_id else None
    if stored is None:
        return None
    if not may_be_masked(stored.text, command.text):
        raise Refused("invalid", "id-used", "this client id was used for another line", pointer="/id")
    return line_answer(work, stored.message_id, stored.number, next(iter(actor.shops), None), seq=stored.seq)


def _of_post(work: Work, command: PostMessage) -> Case:
    heard = not work.actor.staff  # a member's line may pick from a menu
    case = locate.ticket(work, command.number, lines=load.LINES if heard else 0)
    return locate.onward(work, case) if heard else case


def _of_line(work: Work, command: MemberLine) -> Case:
    """The ticket a line names, else the member's open chat, else a new case. A guest's first line makes the member."""
    tx, words, actor = work.tx, work.words, work.actor
    shop = locate.shop(work.book, actor, command.shop)
    if command.number is not None:
        return locate.onward(work, locate.ticket(work, command.number, lines=load.LINES))
    member_id, new = actor.id, False
    if actor.kind == "guest":
        if not actor.visitor:
            raise Refused("unknown-actor", "no-visitor", "say hello first")
        language = work.book.language_for(shop, command.page.language)
        member_id, new = people.guest_member(
            tx, words, shop, actor.visitor, tier=work.book.guest_tier, language=language
        )
    kind = command.kind or work.book.opens.kind("chats")
    case = load.member_case(tx, words, member_id, kind=kind, member_new=new)
    if case is None or case.shop != shop:
        raise missing("member")
    if case.ticket is None and not new and kind in words.live_kinds:
        past = _gone_on_with(work, kind, member_id)
        if past is not None:
            return past
    return case if case.ticket is not None else replace(case, identity_id=_own_identity(work, shop, member_id))


def _own_identity(work: Work, shop: str, member_id: int) -> int | None:
    """By what the shop's page or the browser knows the one who writes."""
    if work.actor.kind != "guest" or not work.actor.visitor:
        return people.account_identity(work.tx, member_id)
    known = people.find_identity(work.tx, shop, "visitor", work.actor.visitor)
    return None if known is None else known.id


def _gone_on_with(work: Work, kind: str, member_id: int) -> Case | None:
    """The member's last live case, where its lifecycle lets a line open it again; or the one it was merged into."""
    number = queue.latest_number(work.tx, member_id, frozenset({kind}), open_only=False)
    past = load.ticket_case(work.tx, work.words, number=number) if number is not None else None
    if past is not None and past.ticket is not None and past.ticket.merged_into is not None:
        past = locate.onward(work, past)
        if past.ticket is not None and past.ticket.category != "closed":
            return past
    return past if past is not None and reopens(work.book, past, work.actor, work.tx.now) else None


def _of_unsend(work: Work, command: UnsendMessage) -> Case:
    """The ticket with the line that is to be taken back, and whether it may have left where nothing can be."""
    case = locate.ticket(work, command.number)
    line = load.line(work.tx, command.message_id)
    if line is None:
        return replace(case, messages=())
    ways = outbox.ways_out(work.tx, line.id)
    left = any(
        state not in outbox.UNLEFT and (state != "sent" or not _takes_back(work, way)) for way, state in ways.items()
    )
    return replace(case, messages=(replace(line, left=left),))


def _takes_back(work: Work, channel: str) -> bool:
    """Whether the channel, where there is such a one, can take a line back that it sent."""
    found = work.context.plugins.tables["channels"].get(channel)
    return found is not None and bool(found.can.takes_back)


def _unsent(work: Work, command: UnsendMessage, case: Case, decided: Decided) -> dict[str, Any]:
    """The line as staff still sees it. What has not left does not leave; what has is taken back where it went."""
    if decided.decision.changes and not outbox.take_back(work.tx, command.message_id, partial(_takes_back, work)):
        reason = "it is leaving at this moment by a channel that cannot take a line back"
        raise Refused("conflict", "cannot-take-back", reason)
    return {"message": results.line(work, command.message_id, case.shop), "seq": None}


def _retry(work: Work, command: Retry) -> dict[str, Any]:
    number = queue.number_of_message(work.tx, command.message_id)
    case = load.ticket_case(work.tx, work.words, number=number, lines=0) if number else None
    access.check_ticket(work.actor, case.ticket if case else None, "ticket.reply")
    if not outbox.send_again(work.tx, command.message_id):
        raise Refused("conflict", "nothing-to-retry", "this line is not failed or uncertain")
    return {}


COMMANDS = (
    RuleCommand(MemberLine, locate=_of_line, answer=answered, repeated=_repeated, speaks="text"),
    RuleCommand(
        PostMessage,
        locate=_of_post,
        answer=posted,
        repeated=_repeated,
        speaks="text",
        before=first_what_may_be_taken_back,
    ),
    RuleCommand(UnsendMessage, locate=_of_unsend, answer=_unsent),
    PlainCommand(Retry, _retry, rights=("ticket.reply",)),
)

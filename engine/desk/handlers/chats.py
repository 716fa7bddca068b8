"""Live chats: a window opens, either side ends it."""

from __future__ import annotations

from typing import Any

from engine.core.commands import BringChat, EndChat, GuestSignedIn, OpenChat
from engine.core.decide import Decision, decide
from engine.core.entities import SYSTEM, Actor, Case
from engine.core.values import replace
from engine.desk import actors, locate, results
from engine.desk.context import Context, Work
from engine.desk.handlers.tickets import ticket_answer
from engine.desk.rows import AsyncCommand, PlainCommand, RuleCommand
from engine.desk.sending import first_what_may_be_taken_back
from engine.store import Tx, load, people, queue


async def _open_chat(context: Context, actor: Actor, command: OpenChat) -> dict[str, Any]:
    """The welcome lines of a window that has no chat yet; nothing is stored."""
    book, words = context.book, context.lexicon

    def job(tx: Tx) -> Decision:
        case = None
        if actor.id > 0:
            case = queue.member_for_window(tx, words, actor.id)
        if case is None:
            guest = actors.unknown_guest(book, command.shop, command.page.language)
            case = replace(load.empty_case(tx, words, command.shop), member=guest)
        return decide(book, command, case, actor, tx.now)

    decision = await context.read(job)
    now = context.store.now()
    opening = tuple({**line, "at": now + line["after"]} for line in decision.opening)
    label = results.shop_label(book, command.shop, actor.locale)
    lines = [
        {
            "id": 0,
            "ticket": None,
            "author": {"kind": "desk" if line["as"] == "desk" else "bot", "name": label},
            "text": line["text"],
            "visibility": "public",
            "attachments": [],
            "created_at": line["at"],
            "automatic": True,
        }
        for line in opening
    ]
    return {"lines": lines, "opening": opening}


def _bring(work: Work, command: BringChat) -> dict[str, Any]:
    """The `ticket` that came along and the `visitor` who was a guest; both None where nothing did."""
    tx, words, member_id = work.tx, work.words, work.actor.id
    nothing = {"ticket": None, "visitor": None}
    visitor = actors.check_proof(tx.ring, command.shop, command.visitor)
    guest_id = people.find_member(tx, command.shop, "visitor", visitor) if visitor else None
    if work.actor.kind != "member" or command.shop not in work.actor.shops or guest_id in (None, member_id):
        return nothing
    number = queue.latest_number(tx, guest_id, words.live_kinds, open_only=True)
    chat = load.ticket_case(tx, words, number=number) if number is not None else None
    if chat is None or chat.ticket is None:
        return nothing
    home = load.member_case(tx, words, member_id, kind=chat.ticket.kind)
    if home is None or home.member is None or home.member.blocked:
        return nothing
    system = work.by(SYSTEM)
    if home.ticket is not None:  # one conversation with a shop at a time: the guest's goes on in the member's
        system.decide(GuestSignedIn(member_id, home.ticket.id, home.ticket.number), chat)
        queue.join_lines(tx, chat.ticket.id, home.ticket.id)
        chat = locate.need(load.ticket_case(tx, words, ticket_id=home.ticket.id))
    _ask_again(system, replace(chat, member=home.member))
    return {"ticket": chat.ticket.number if chat.ticket else None, "visitor": visitor}


def _ask_again(system: Work, chat: Case) -> None:
    """What the guest asked is asked by the member; rules that turn it away do not turn the chat away."""
    member_id = chat.member.id if chat.member else 0
    if system.decide(GuestSignedIn(member_id), chat).decision.rejected is not None:
        system.decide(GuestSignedIn(member_id, asks=False), chat)


COMMANDS = (
    PlainCommand(BringChat, _bring, who="anybody"),
    AsyncCommand(OpenChat, _open_chat),
    RuleCommand(EndChat, locate=locate.open_chat, answer=ticket_answer, before=first_what_may_be_taken_back),
)

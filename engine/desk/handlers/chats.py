"""Live chats: a window opens, either side ends it."""

from __future__ import annotations

from typing import Any

from engine.core.commands import EndChat, OpenChat
from engine.core.decide import Decision, decide
from engine.core.entities import Actor
from engine.core.values import replace
from engine.desk import actors, locate, results
from engine.desk.context import Context
from engine.desk.handlers.tickets import ticket_answer
from engine.desk.rows import AsyncCommand, RuleCommand
from engine.store import Tx, load, queue


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


COMMANDS = (
    AsyncCommand(OpenChat, _open_chat),
    RuleCommand(EndChat, locate=locate.open_chat, answer=ticket_answer),
)

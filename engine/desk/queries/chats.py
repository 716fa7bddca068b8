"""Live chats: the actor's open one, and the place in the queue."""

from __future__ import annotations

from typing import Any

from engine.core import questions as ask
from engine.core import rights, routing
from engine.core.entities import DAY, PRESENT
from engine.core.own_settings import own_setting
from engine.desk.context import Questions, Work
from engine.desk.queries.tickets import messages
from engine.desk.rows import Asked
from engine.store import queue, stream

LEARNT_FROM = 28 * DAY
"""How far back chats tell how long the next will take."""
SHOWN_AGAIN = 14 * DAY
"""So long after its end a chat is shown to who comes back, with what was answered meanwhile."""


def _open_chat(work: Work, q: ask.OpenChatOf) -> Any:
    seq = stream.last_id(work.tx)
    nothing: dict[str, Any] = {"ticket": None, "history": [], "seq": seq, "earlier": None}
    if work.actor.staff or work.actor.id <= 0:
        return nothing
    number = queue.latest_number(work.tx, work.actor.id, work.book.live_kinds, open_only=True)
    if number is None:
        return {**nothing, "earlier": _earlier(work, q.limit)}
    lines = messages(work, ask.Messages(number, limit=q.limit))
    return {**nothing, "ticket": number, "history": lines["items"] if lines else []}


def _earlier(work: Work, limit: int) -> dict[str, Any] | None:
    """The chat that ended last: who went away before it was answered finds the answer."""
    chat = queue.last_ended(work.tx, work.actor.id, work.book.live_kinds, work.tx.now - SHOWN_AGAIN)
    if chat is None:
        return None
    lines = messages(work, ask.Messages(chat["number"], limit=limit))
    if chat["rated"] is not None:
        revisable = work.tx.now - chat["rated"] <= own_setting(work.book, "rating_revise_within", chat["shop"])
        rating = "given" if revisable else "none"
    else:
        rating = "asked" if chat["asked"] is not None else "none"
    return {"ticket": chat["number"], "history": lines["items"] if lines else [], "rating": rating}


def _queue_place(work: Work, q: ask.QueuePlace) -> Any:
    place = queue.queue_place(work.tx, work.words, work.scope, q.number)
    if place is None:
        return None
    able = rights.able(work.book.roles, place.roster)
    here = any(agent.status in PRESENT for agent in able)
    may_have = [one for one in able if place.team in one.teams and set(place.skills) <= set(one.skills)]
    lasted = queue.lasted(work.tx, place.shop, work.tx.now - LEARNT_FROM) if here else []
    wait = routing.likely_wait(place.ahead + 1, may_have, lasted)
    return {"position": place.ahead + 1, "here": here, "wait": list(wait) if wait else None}


QUESTIONS: Questions = {
    ask.OpenChatOf: Asked(_open_chat, who="anybody"),
    ask.QueuePlace: Asked(_queue_place, ("ticket.view",), who="anybody"),
}

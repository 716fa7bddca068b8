"""Live chats: the actor's open one, and the place in the queue."""

from __future__ import annotations

from typing import Any

from engine.core import questions as ask
from engine.core import rights, routing
from engine.core.entities import DAY, PRESENT
from engine.desk.context import Questions, Work
from engine.desk.queries.tickets import messages
from engine.desk.rows import Asked
from engine.store import queue, stream

LEARNT_FROM = 28 * DAY
"""How far back chats tell how long the next will take."""


def _open_chat(work: Work, q: ask.OpenChatOf) -> Any:
    seq = stream.last_id(work.tx)
    nothing: dict[str, Any] = {"ticket": None, "history": [], "seq": seq}
    if work.actor.staff or work.actor.id <= 0:
        return nothing
    number = queue.latest_number(work.tx, work.actor.id, work.book.live_kinds, open_only=True)
    if number is None:
        return nothing
    lines = messages(work, ask.Messages(number, limit=q.limit))
    return {"ticket": number, "history": lines["items"] if lines else [], "seq": seq}


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

"""What each audience sees of the one log, in order: the frames of the sockets.

One reader follows the log from the last id this process has seen; each subscriber gets the frames it may see, encoded
once for everybody of the same audience. A subscriber that says `since` is served from the log first.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from engine.core import access, rights
from engine.core.entities import Actor
from engine.core.times import timed_line, with_times
from engine.core.trace import covered
from engine.desk.context import Context
from engine.desk.results import name_line
from engine.store import stream
from engine.store.stream import Committed

log = logging.getLogger(__name__)

STAFF = frozenset({"agent", "system"})
"""Kinds of actors who hear of everything, as far as they may see it."""
PAGE = 500
"""Events read at once: a long absence is served in pieces."""

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str)


async def rest(wake: asyncio.Event, seconds: float) -> None:
    """Waits for the event at most so long, and clears it. In Python 3.11 `wait_for` would swallow a cancel."""
    if not wake.is_set():
        alarm = asyncio.get_running_loop().call_later(seconds, wake.set)
        try:
            await wake.wait()
        finally:
            alarm.cancel()
    wake.clear()


class Frame:
    """Something to send: `data` in the socket's shape; encoded once, whoever gets it."""

    __slots__ = ("_encoded", "data", "seq")

    def __init__(self, seq: int, data: Mapping[str, Any]) -> None:
        self.seq = seq
        self.data = data
        self._encoded: bytes | None = None

    @property
    def encoded(self) -> bytes:
        """JSON in UTF-8."""
        if self._encoded is None:
            self._encoded = _JSON.encode(self.data).encode()
        return self._encoded


Deliver = Callable[[Frame], None]


@dataclass(eq=False, slots=True)
class Subscription:
    """One listener. `start` serves what was missed, then the live feed; `close` ends it."""

    feed: Feed
    actor: Actor
    deliver: Deliver
    position: int
    live: bool = False
    closed: bool = False
    held: list[Committed] = field(default_factory=list)
    """What came in while the past was still being served."""

    async def start(self) -> None:
        """Serves everything since the position in order, then joins the live feed."""
        self.feed.add(self)  # from here on nothing is passed over; what comes waits its turn
        member_id = None if self.actor.staff else self.actor.id
        while not self.closed and member_id != 0:  # a guest without a row has no past
            items = await self.feed.read(self.position, member_id)
            for item in items:
                self._tell(item)
            if len(items) < PAGE:
                break
        self.live = True
        held, self.held = self.held, []
        for item in held:
            self._tell(item)

    def push(self, item: Committed) -> None:
        """Delivers an event if the actor may see it; each once, in order."""
        if self.live:
            self._tell(item)
        elif not self.closed:
            self.held.append(item)

    def _tell(self, item: Committed) -> None:
        if self.closed or item.id <= self.position:
            return
        self.position = item.id
        for frame in self.feed.frames(item, self.actor):
            try:
                self.deliver(frame)
            except Exception:
                log.exception("a listener failed and is dropped")
                self.close()
                return

    def close(self) -> None:
        """Ends it; a second call does nothing."""
        self.closed = True
        self.feed.discard(self)


class Feed:
    """Follows the log and deals frames out."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._live = context.tables.live_events
        self.position = 0
        self._of_staff: set[Subscription] = set()
        self._of_member: dict[int, set[Subscription]] = {}
        """Listeners of each member: of a thousand chats an event concerns one."""
        self._frames: dict[tuple[int, str], list[Frame]] = {}
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0

    def start(self, position: int) -> None:
        """Begins to follow after an event id, in the running loop."""
        self.position = position
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
        self._task = self._loop.create_task(self._follow())

    async def stop(self) -> None:
        """Ends following."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for listener in [*self._of_staff, *chain.from_iterable(self._of_member.values())]:
            listener.close()

    def add(self, listener: Subscription) -> None:
        """From now on the listener is told of what concerns its actor; for a guest without a row nothing does."""
        if listener.actor.kind in STAFF:
            self._of_staff.add(listener)
        elif listener.actor.id > 0:
            self._of_member.setdefault(listener.actor.id, set()).add(listener)

    def discard(self, listener: Subscription) -> None:
        """No longer."""
        self._of_staff.discard(listener)
        own = self._of_member.get(listener.actor.id)
        if own is not None:
            own.discard(listener)
            if not own:
                del self._of_member[listener.actor.id]

    def _concerned(self, item: Committed) -> list[Subscription]:
        return [*self._of_staff, *self._of_member.get(item.member_id or 0, ())]

    def wake(self) -> None:
        """There is something new: called in the loop thread after a commit, or by the bus."""
        self._wake.set()

    def hear(self, topic: str, ids: Sequence[int]) -> None:
        """What the bus tells, from whichever thread; our own commits tell it in the loop's, which need not be woken."""
        if threading.get_ident() == self._thread:
            self.wake()
        elif self._loop is not None:
            self._loop.call_soon_threadsafe(self.wake)

    async def read(self, since: int, member_id: int | None = None) -> list[Committed]:
        """Events after an id, with their lines, from the log; only one member's where one is named."""
        return await self._context.read(lambda tx: stream.since(tx, since, member_id=member_id, limit=PAGE))

    async def _follow(self) -> None:
        while True:
            try:
                if not self._of_staff and not self._of_member:  # nobody looks: what happens is not read
                    self.position = max(self.position, self._context.store.last_event_id)
                    await rest(self._wake, 1.0)
                    continue
                items = await self.read(self.position)
                for item in items:
                    self.position = item.id
                    for listener in self._concerned(item):
                        listener.push(item)
                self._frames.clear()
                if items and (self.position < self._context.store.last_event_id or len(items) == PAGE):
                    continue
            except asyncio.CancelledError:
                raise
            except Exception:
                log.exception("following the event log failed; trying again")
                await asyncio.sleep(0.5)
            await rest(self._wake, 1.0)

    # --- shaping ----------------------------------------------------------------------------------------------------

    def frames(self, item: Committed, actor: Actor) -> list[Frame]:
        """The frames of an event for an actor; empty where it is nothing to the actor."""
        if actor.kind in STAFF:
            if actor.kind == "agent" and not _concerns(actor, item):
                return []
            audience = "staff"
            live = self._live.get(item.kind)
            if live is not None and live.to is not None:
                if live.to(item) != actor.username:
                    return []
                audience = f"agent:{actor.username}"
        else:
            if actor.id <= 0 or item.member_id != actor.id:
                return []
            audience = "member"
        key = (item.id, audience)
        known = self._frames.get(key)
        if known is None:
            try:
                shaped = self._member(item) if audience == "member" else self._staff(item)
            except Exception:
                log.exception("event %d cannot be shown and is passed over", item.id)
                shaped = []
            known = [Frame(item.id, {"type": kind, "seq": item.id, **data}) for kind, data in shaped]
            self._frames[key] = known
        if actor.kind == "agent":
            return [frame for frame in known if rights.receives(actor, frame.data["type"])]
        return known

    def _line(self, item: Committed, line: Mapping[str, Any]) -> dict[str, Any]:
        book = self._context.rulebook
        shown = {**timed_line(line), "author": dict(line["author"])}
        if book is not None:
            locale = book.shops[item.shop].locales[0] if item.shop is not None and item.shop in book.shops else "zh-TW"
            name_line(book, shown, item.shop, locale)
        return {"message": shown}

    def _staff(self, item: Committed) -> list[tuple[str, dict[str, Any]]]:
        kind, body = item.kind, covered(item.body, self._context.lexicon.personal)
        live = self._live.get(kind)
        if live is not None:
            frame = dict(live.frame(item))
            return [(frame.pop("type"), frame)]
        if kind in ("message.received", "message.sent", "message.noted") and item.message is not None:
            return [("message", self._line(item, item.message))]
        if kind == "message.unsent" and item.message is not None:
            return [("unsent", self._line(item, item.message))]
        if kind == "ticket.created":
            return [("ticket", {"number": item.number, "created": True, "changes": {}})]
        if kind == "ticket.changed":
            return [("ticket", {"number": item.number, "changes": with_times(body.get("changes", {}))})]
        if kind in _TOLD:
            return [("ticket", {"number": item.number, "event": kind, "changes": {}})]
        if kind == "agent.status_changed":
            return [("presence", {"agent": {"username": body.get("agent"), "status": body.get("to")}})]
        if kind in ("rulebook.activated", "rulebook.refused", "rulebook.mended"):
            return [("rules", {"digest": body.get("digest")})]
        return []

    def _member(self, item: Committed) -> list[tuple[str, dict[str, Any]]]:
        kind = item.kind
        if kind in ("message.received", "message.sent") and item.member_message is not None:
            return [("message", self._line(item, item.member_message))]
        if kind == "message.unsent" and item.member_message is not None:
            return [("unsent", self._line(item, item.member_message))]
        if kind == "ticket.changed":
            changes = {k: v for k, v in item.body.get("changes", {}).items() if k in ("state", "category")}
            return [("ticket", {"number": item.number, "changes": changes})] if changes else []
        if kind == "rating.requested":
            return [("rating_requested", {"ticket": item.number})]
        if kind == "chat.ended":
            return [("ended", {"ticket": item.number})]
        if kind == "chat.resumed":
            return [("resumed", {"ticket": item.number})]
        return []


def _concerns(agent: Actor, item: Committed) -> bool:
    """Whether it happened where the agent serves; a colleague's presence is told as the colleague is shown."""
    if item.kind == "agent.status_changed" and "shops" in item.body:
        return access.colleagues(agent, item.body["shops"])
    return item.shop is None or access.serves(agent, item.shop)


_TOLD = frozenset(
    "sla.warning sla.breached chat.waiting chat.started chat.signed_in chat.ended chat.resumed rating.received "
    "delivery.failed ticket.followed ticket.unfollowed message.scheduled message.unscheduled message.not_sent "
    "task.added task.assigned task.changed task.done task.cancelled record.added".split()
)
"""Events after which a screen that shows the ticket reads it again."""

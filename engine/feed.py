"""What each audience sees of the one log, in order: the frames of the sockets.

One reader follows the log from the last id this process has seen; each subscriber gets the frames it may see, encoded
once for everybody of the same audience. A subscriber that says `since` is served from the log first.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from engine.core.entities import Actor

if TYPE_CHECKING:
    from engine.desk import Desk

log = logging.getLogger(__name__)

PAGE = 500
"""Events read at once: a long absence is served in pieces."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TIMES = frozenset({"at", "created_at", "updated_at", "first_replied_at", "closed_at", "due_at", "last_used_at", "expires_at"})


def rfc3339(at: int) -> str:
    """µs UTC as RFC 3339 with milliseconds."""
    moment = _EPOCH + timedelta(microseconds=at)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def with_times(value: Any) -> Any:
    """An API answer with its times as RFC 3339 text: times are known by their names."""
    if isinstance(value, dict):
        return {
            k: rfc3339(v) if k in TIMES and type(v) is int else with_times(v) if isinstance(v, (dict, list, tuple)) else v
            for k, v in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [with_times(v) for v in value]
    return value


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
            self._encoded = json.dumps(self.data, ensure_ascii=False, separators=(",", ":"), default=str).encode()
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

    async def start(self) -> None:
        """Serves everything since the position in order, then joins the live feed."""
        while not self.closed:
            items = await self.feed.read(self.position)
            if not items:
                break
            for item in items:
                self.push(item)
            if len(items) < PAGE:
                break
        if self.closed:
            return
        self.live = True
        self.feed.listeners.add(self)
        for item in self.feed.since(self.position):
            self.push(item)

    def push(self, item: Mapping[str, Any]) -> None:
        """Delivers an event if the actor may see it; each once."""
        if self.closed or item["seq"] <= self.position:
            return
        self.position = item["seq"]
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
        self.feed.listeners.discard(self)


class Feed:
    """Follows the log and deals frames out."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.position = 0
        self.listeners: set[Subscription] = set()
        self.watchers: list[Callable[[Mapping[str, Any]], None]] = []
        self._recent: list[Mapping[str, Any]] = []
        self._frames: dict[tuple[int, str], list[Frame]] = {}
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self, position: int) -> None:
        """Begins to follow after an event id, in the running loop."""
        self.position = position
        self._task = asyncio.get_running_loop().create_task(self._follow())

    async def stop(self) -> None:
        """Ends following."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for listener in list(self.listeners):
            listener.close()

    def wake(self) -> None:
        """There is something new: called in the loop thread after a commit, or by the bus."""
        self._wake.set()

    async def read(self, since: int) -> list[Mapping[str, Any]]:
        """Events after an id, with their lines, from the log."""
        return await self._desk.read_stream(since, PAGE)

    def since(self, position: int) -> list[Mapping[str, Any]]:
        """Events after an id that this process read lately: closes the gap between replay and live."""
        return [item for item in self._recent if item["seq"] > position]

    async def _follow(self) -> None:
        while True:
            try:
                items = await self.read(self.position)
                for item in items:
                    self.position = item["seq"]
                    self._recent.append(item)
                    for watcher in self.watchers:
                        watcher(item)
                    for listener in list(self.listeners):
                        listener.push(item)
                if items:
                    del self._recent[: -2 * PAGE]
                    self._frames.clear()
                    continue
            except asyncio.CancelledError:
                raise
            except Exception:
                log.exception("following the event log failed; trying again")
                await asyncio.sleep(0.5)
            self._wake.clear()
            try:
                await asyncio.wait_for(self._wake.wait(), timeout=1.0)
            except TimeoutError:
                pass

    # --- shaping ----------------------------------------------------------------------------------------------------

    def frames(self, item: Mapping[str, Any], actor: Actor) -> list[Frame]:
        """The frames of an event for an actor; empty where it is nothing to the actor."""
        if actor.kind == "agent":
            shop = item.get("shop")
            if shop is not None and shop not in actor.shops and "shops.all" not in actor.permissions:
                return []
            if item["kind"] == "notice.created" and item["body"].get("agent") != actor.username:
                return []
            audience = f"agent:{actor.username}" if item["kind"] == "notice.created" else "staff"
        elif actor.kind == "system":
            audience = "staff"
        else:
            if item.get("member_id") is None or item["member_id"] != actor.id or actor.id <= 0:
                return []
            audience = "member"
        key = (item["seq"], audience)
        known = self._frames.get(key)
        if known is None:
            shaped = _staff(item) if audience != "member" else _member(item)
            known = [Frame(item["seq"], data) for data in shaped]
            self._frames[key] = known
        return known


def _staff(item: Mapping[str, Any]) -> list[dict[str, Any]]:
    seq, kind, body = item["seq"], item["kind"], item["body"]
    if kind in ("message.received", "message.sent", "message.noted") and item.get("message"):
        return [{"type": "message", "seq": seq, "message": with_times(item["message"])}]
    if kind == "ticket.created":
        return [{"type": "ticket", "seq": seq, "number": item["number"], "created": True, "changes": {}}]
    if kind == "ticket.changed":
        return [{"type": "ticket", "seq": seq, "number": item["number"], "changes": with_times(body.get("changes", {}))}]
    if kind in ("sla.warning", "sla.breached", "chat.waiting", "chat.started", "chat.ended", "rating.received", "delivery.failed"):
        return [{"type": "ticket", "seq": seq, "number": item["number"], "event": kind, "changes": {}}]
    if kind == "notice.created":
        notice = item.get("notice") or {}
        return [{"type": "notice", "seq": seq, "notice": with_times(notice)}]
    if kind == "agent.status_changed":
        return [{"type": "presence", "seq": seq, "agent": {"username": body.get("agent"), "status": body.get("to")}}]
    if kind in ("rulebook.activated", "rulebook.refused"):
        return [{"type": "rules", "seq": seq, "digest": body.get("digest")}]
    return []


def _member(item: Mapping[str, Any]) -> list[dict[str, Any]]:
    seq, kind, body = item["seq"], item["kind"], item["body"]
    if kind in ("message.received", "message.sent") and item.get("member_message"):
        return [{"type": "message", "seq": seq, "message": with_times(item["member_message"])}]
    if kind == "ticket.changed":
        changes = {k: v for k, v in body.get("changes", {}).items() if k in ("state", "category")}
        return [{"type": "ticket", "seq": seq, "number": item["number"], "changes": changes}] if changes else []
    if kind == "rating.requested":
        return [{"type": "rating_requested", "seq": seq, "ticket": item["number"]}]
    if kind == "chat.ended":
        return [{"type": "ended", "seq": seq, "ticket": item["number"]}]
    return []

"""All open sockets of this process: who is here, who types, who waits, whose session has ended."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, ClassVar, Final, Literal, Protocol, TypeVar

from engine.desk import NOBODY, Actor, Desk, Me, QueuePlace, Refused, SetStatus, Views, WhoIs, accounts

log = logging.getLogger(__name__)

Status = Literal["online", "busy", "away", "offline"]

GONE: Final = 60.0
"""Seconds without a socket after which an agent is offline: a reload or a tunnel takes less."""
BACK_WITHIN: Final = 900.0
"""Seconds in which an agent whose network died comes back as she was: a lift, a train, a router. Later somebody else
would be given chats in the name of who has gone home."""
RECHECK: Final = 5.0
"""Seconds between looks at sessions that other processes or commands may have ended."""
QUEUE: Final = 2.0
"""Seconds between looks at the line of those who wait."""


class Socket(Protocol):
    """An open socket, as the hub knows it; `web.sockets` has the sockets themselves."""

    kind: ClassVar[str]
    actor: Actor
    token: str | None
    used: bool
    """Whether a person acted by it since the last look at its session."""
    due: float | None
    """When it is taken for dead, by the loop's clock."""
    place: str | None
    """The address it counts for; None where that stands for many."""

    close_code: int | None
    """With what it was closed; None: it died without a word."""

    def send(self, frame: Any) -> None:
        """Sends a frame that has no place in the log."""

    def leave(self, code: int, why: str, message: str) -> None:
        """Says why, and closes."""

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Closes."""

    def lose(self) -> None:
        """Cuts a connection at whose other end nobody is."""

    def now_is(self, actor: Actor) -> None:
        """The actor's name or rights are different."""


class ChatSocket(Socket, Protocol):
    """A member's or guest's."""

    visitor: str | None


Chat = TypeVar("Chat", bound=ChatSocket)


class Hub:
    """Registers sockets and does what concerns several of them. Used in the loop's thread only."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.sockets: set[Socket] = set()
        self._places: Counter[str] = Counter()
        self._visitors: dict[str, set[Any]] = {}
        self._agents: dict[int, set[Any]] = {}
        self._leaving: dict[int, asyncio.TimerHandle] = {}
        self._were: dict[int, tuple[Status, float]] = {}
        """The status of agents whose network died, before they were offline, and when that was."""
        self.waiting: set[Any] = set()
        """Chats whose place in the line is to be looked at."""
        self.dirty: set[Any] = set()
        """Agents to whom the number of those who wait may be news."""
        self._tasks: list[asyncio.Task[None]] = []
        self._background: set[asyncio.Task[Any]] = set()

    # --- life ---------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begins the looks at sessions and lines, in the running loop."""
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(self._every(RECHECK, self.recheck)),
            loop.create_task(self._every(QUEUE, self.tell_places)),
            loop.create_task(self._forget_the_gone()),
        ]

    async def stop(self) -> None:
        """Closes every socket: clients come back to the next process."""
        for handle in self._leaving.values():
            handle.cancel()
        for task in [*self._tasks, *self._background]:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._background, return_exceptions=True)
        for socket in list(self.sockets):
            socket.close(1001, "restarting")

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Runs something beside the caller, kept until it is done."""
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _every(self, pause: float, look: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while True:
            await asyncio.sleep(pause)
            try:
                await look()
            except Exception:
                log.exception("a regular look of the sockets failed; it is tried again")

    # --- who is here --------------------------------------------------------------------------------------------------

    def add(self, socket: Socket) -> None:
        """A socket was opened; it says hello later."""
        self.sockets.add(socket)
        if socket.place is not None:
            self._places[socket.place] += 1

    def crowded(self, place: str | None) -> bool:
        """Whether more sockets are open from a place than may be."""
        return place is not None and self._places[place] > self._desk.config["limits.connections"]

    def add_chat(self, socket: ChatSocket) -> None:
        """A member or guest said hello."""
        if socket.visitor is not None:
            self._visitors.setdefault(socket.visitor, set()).add(socket)

    def add_agent(self, socket: Socket) -> None:
        """An agent said hello: a waiting goodbye is called off."""
        agent = socket.actor.id
        self._agents.setdefault(agent, set()).add(socket)
        handle = self._leaving.pop(agent, None)
        if handle is not None:
            handle.cancel()
        status, since = self._were.pop(agent, ("offline", 0.0))
        if status != "offline" and asyncio.get_running_loop().time() - since < BACK_WITHIN:
            self.spawn(self._set_status(socket.actor, status))
        self.dirty.add(socket)

    def remove(self, socket: Socket) -> None:
        """A socket is gone. An agent's last one begins the minute after which the agent is offline."""
        if socket in self.sockets and socket.place is not None:
            self._places[socket.place] -= 1
            self._places += Counter()
        self.sockets.discard(socket)
        self.waiting.discard(socket)
        self.dirty.discard(socket)
        visitor = getattr(socket, "visitor", None)
        if visitor is not None and visitor in self._visitors:
            self._visitors[visitor].discard(socket)
            if not self._visitors[visitor]:
                del self._visitors[visitor]
        agent = socket.actor.id
        if agent in self._agents and socket in self._agents[agent]:
            self._agents[agent].discard(socket)
            if not self._agents[agent]:
                del self._agents[agent]
                loop = asyncio.get_running_loop()
                died = socket.close_code is None
                self._leaving[agent] = loop.call_later(GONE, self._gone, socket.actor, died)

    def _gone(self, actor: Actor, died: bool) -> None:
        self._leaving.pop(actor.id, None)
        if actor.id not in self._agents:
            self.spawn(self._set_offline(actor, died))

    async def _forget_the_gone(self) -> None:
        """Whom a crash left online and who does not come back after the start is offline."""
        await asyncio.sleep(GONE)
        for actor in await accounts.present(self._desk.context):
            if actor.id not in self._agents:
                await self._set_status(actor, "offline")

    async def _set_offline(self, actor: Actor, died: bool) -> None:
        me = await self._desk.query(actor, Me()) if died else None
        await self._set_status(actor, "offline")
        if me is not None:
            self._were[actor.id] = (me["status"], asyncio.get_running_loop().time())

    async def _set_status(self, actor: Actor, status: Status) -> None:
        try:
            await self._desk.act(actor, SetStatus(status))
        except Refused as refusal:
            log.info("agent %s could not be set %s: %s", actor.username, status, refusal)

    def same_visitor(self, socket: Chat) -> Iterable[Chat]:
        """The other tabs of a guest."""
        return [other for other in self._visitors.get(socket.visitor or "", ()) if other is not socket]

    def signed_in(self, visitor: str) -> None:
        """A guest has become a member: what is open as the guest ends, and comes back as who it is now."""
        for socket in list(self._visitors.get(visitor, ())):
            socket.close(1012, "signed-in")

    def tell_agent(self, actor: Actor, frame: Mapping[str, Any]) -> None:
        """Tells every open tab of an agent, and nobody else, of what is the agent's own."""
        for socket in self._agents.get(actor.id, ()) if actor.kind == "agent" else ():
            socket.send(frame)

    def tell_draft(self, actor: Actor, number: int, visibility: str, revision: int | None) -> None:
        """An agent's other tabs hear that there is another draft, or none any more, and not what it says."""
        self.tell_agent(actor, {"type": "draft", "ticket": number, "visibility": visibility, "revision": revision})

    def tell_later(self, actor: Actor, number: int) -> None:
        """An agent's tabs hear that a line of theirs waits, or waits no more: what may be taken back nobody else is
        told of."""
        self.tell_agent(actor, {"type": "later", "ticket": number})

    # --- typing -------------------------------------------------------------------------------------------------------

    def member_types(self, shop: str, number: int, name: str) -> None:
        """Tells the agents of the shop that the member writes."""
        frame = {"type": "typing", "ticket": number, "author": {"kind": "member", "name": name}}
        for sockets in self._agents.values():
            for socket in sockets:
                if may_see(socket.actor, shop):
                    socket.send(frame)

    def agent_types(self, actor: Actor, shop: str, number: int, shown: str | None) -> None:
        """Tells colleagues by name; the member only when `shown` is the name he may see."""
        author = {"kind": "agent", "name": actor.name, "username": actor.username}
        for agent, sockets in self._agents.items():
            for socket in sockets if agent != actor.id else ():
                if may_see(socket.actor, shop):
                    socket.send({"type": "typing", "ticket": number, "author": author})
        if shown is None:
            return
        frame = {"type": "typing", "ticket": number, "author": {"kind": "agent", "name": shown}}
        for chat in self.sockets:
            if getattr(chat, "ticket", None) == number:
                chat.send(frame)

    # --- sessions -----------------------------------------------------------------------------------------------------

    def end_session(self, session: int) -> None:
        """A session has ended: its sockets close at once."""
        for socket in list(self.sockets):
            if socket.actor.session_id == session:
                socket.leave(4401, "session-ended", "this session has ended; sign in again")

    async def recheck(self) -> None:
        """Lets go who has fallen silent; asks whether sessions still hold, and what their owners may now."""
        now = asyncio.get_running_loop().time()
        for socket in [one for one in self.sockets if one.due is not None and one.due < now]:
            socket.lose()
        known: dict[str, Mapping[str, Any] | None] = {}
        used = {socket.token for socket in self.sockets if socket.used}
        for socket in list(self.sockets):
            if socket.token is None or socket.actor.session_id is None:
                continue
            socket.used = False
            if socket.token not in known:
                who = WhoIs(token=socket.token, used=socket.token in used)
                known[socket.token] = await self._desk.query(NOBODY, who)
            found = known[socket.token]
            if found is None:
                socket.leave(4401, "session-ended", "this session has ended; sign in again")
            elif (is_now := found["actor"].at(socket.actor.address or "", socket.actor.device or "")) != socket.actor:
                socket.now_is(is_now)

    # --- the line -----------------------------------------------------------------------------------------------------

    async def tell_places(self) -> None:
        """Tells those who wait their place, and agents how many wait, where it changed."""
        desk = self._desk
        for chat in list(self.waiting):
            if chat.ticket is None:
                self.waiting.discard(chat)
                continue
            place = await desk.query(chat.actor, QueuePlace(chat.ticket))
            if place is None:
                self.waiting.discard(chat)
            chat.tell_place(place)
        dirty, self.dirty = list(self.dirty), set()
        counts: dict[tuple[Any, ...], int] = {}
        for socket in dirty:
            key = (socket.actor.id, socket.actor.shops)
            if key not in counts:
                found = await desk.query(socket.actor, Views())
                items = found["items"]
                counts[key] = next((view["count"] for view in items if view["name"] == "waiting"), 0)
            socket.tell_waiting(counts[key])

    def gauges(self) -> dict[tuple[str, str], float]:
        """Open sockets by kind, for the metrics."""
        found: dict[tuple[str, str], float] = {
            ("desk_sockets", 'kind="agent"'): 0,
            ("desk_sockets", 'kind="chat"'): 0,
        }
        for socket in self.sockets:
            found["desk_sockets", f'kind="{socket.kind}"'] += 1
        return found


def may_see(actor: Actor, shop: str) -> bool:
    """Whether an agent sees the shop's tickets at all."""
    serves = "shops.all" in actor.permissions or shop in actor.shops
    return serves and "ticket.view" in actor.permissions

"""The sockets `/ws/chat` and `/ws/agent`: hello and welcome, lines and acks in the order of the log, resume by `since`.

Everything with a `seq` leaves a connection in that order. While a line of this connection is being stored, frames of
the feed are held; the frame of the line itself is then replaced by its `ack`.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Mapping
from itertools import chain
from typing import Any, ClassVar, Final

import msgspec
import tornado.websocket

from engine.desk import (
    Actor,
    EndChat,
    Frame,
    MarkRead,
    MemberLine,
    OpenChat,
    OpenChatOf,
    Page,
    PostMessage,
    RateTicket,
    Refused,
    SetStatus,
    SignOn,
    Subscription,
    TicketByNumber,
    WhoIs,
    timed_line,
)
from web import frames
from web.away import failed
from web.decode import located
from web.handler import COOKIE
from web.limits import Bucket, network
from web.shared import Web

HELLO_WITHIN: Final = 10.0
"""Seconds until a connection must have said hello."""
ACK_WITHIN: Final = 2.0
"""Seconds an ack waits for its place in the feed; then it goes without."""
READ_WITHIN: Final = 30.0
"""Seconds in which a reader who catches up must take what was sent."""
FLOOD: Final = 200
"""Refusals for being too fast, after which the connection is closed."""
FORGIVEN: Final = 20
"""Of those, for each message that was not too fast."""
SHOWN_FOR: Final = 30.0
"""Seconds that what an agent may tell of a ticket by typing is believed."""

NOBODY: Final = Actor(kind="guest")

_DECODER: Final = msgspec.json.Decoder(frames.ClientFrame)


class Socket(tornado.websocket.WebSocketHandler):
    """What both sockets have in common."""

    kind: ClassVar[str]

    def initialize(self, web: Web) -> None:
        self.web = web
        self.hub = web.hub
        self.actor = NOBODY
        self.token: str | None = None
        self._made: str | None = None
        self.used = False
        self.greeted = False
        self.last = 0
        """The `seq` up to which this connection has got everything."""
        self._subscription: Subscription | None = None
        self._holds = 0
        self._held: deque[Frame] = deque()
        self._room: asyncio.Future[None] | None = None
        self._acks: dict[int, list[tuple[bytes, asyncio.TimerHandle]]] = {}
        """Acks by their place in the order, each with the alarm that sends it without."""
        self._unsent = 0
        self._bucket: Bucket | None = None
        self._floods = 0
        self._hello_timer: asyncio.TimerHandle | None = None

    # --- opening ------------------------------------------------------------------------------------------------------

    def set_default_headers(self) -> None:
        self.set_header("Server", "desk")

    def check_origin(self, origin: str) -> bool:
        return self.web.own_origin(origin, self.request)

    def open(self, *_: str, **__: str) -> None:
        self.set_nodelay(True)
        self.hub.add(self)
        loop = asyncio.get_running_loop()
        self._hello_timer = loop.call_later(
            HELLO_WITHIN, self.leave, 4408, "no-hello", f"say hello within {HELLO_WITHIN:g} seconds"
        )

    def own_page(self) -> bool:
        """Whether a page of this desk connects, or no page at all: only then its cookie counts."""
        origin = self.request.headers.get("Origin")
        return origin is None or self.web.own_origin(origin, self.request)

    async def who(self, hello: frames.Hello, shop: str | None) -> Mapping[str, Any] | None:
        """The owner of the token in `hello` or the header. Raises Refused for one that is not valid."""
        scheme, _, bearer = self.request.headers.get("Authorization", "").partition(" ")
        token = hello.token or (bearer.strip() if scheme.lower() == "bearer" else None)
        if not token:
            return None
        found = await self.web.desk.query(NOBODY, WhoIs(token=token))
        if found is None:
            found = await self._sign_on(token, shop)
            token = self._made = found["token"]
        self.token = token
        return {"visitor": None, **found}

    async def _sign_on(self, token: str, shop: str | None) -> dict[str, Any]:
        """The session of who a shop's token says it is. Raises Refused for a token that is no such one."""
        address, device = self.web.proxies.address(self.request), self.request.headers.get("User-Agent", "")
        return await self.web.desk.act(NOBODY, SignOn(shop or "", token, address, device))

    async def who_by_cookie(self) -> Mapping[str, Any] | None:
        """The owner of the browser's session, on pages of this desk."""
        cookie = self.get_cookie(COOKIE) if self.own_page() else None
        if not cookie:
            return None
        found = await self.web.desk.query(NOBODY, WhoIs(token=cookie))
        if found is None:
            return None
        self.token = cookie
        return dict(found)

    # --- in -----------------------------------------------------------------------------------------------------------

    async def on_message(self, message: str | bytes) -> None:
        frame: Any = None
        try:
            if isinstance(message, bytes):
                raise Refused("invalid", "not-text", "send JSON as a text message")
            if len(message) > (limit := self.web.config["limits.socket_frame"]) or len(message.encode()) > limit:
                raise Refused("invalid", "too-large", f"a message may have at most {limit} bytes")
            self._slow_down()
            frame = _DECODER.decode(message)
            self.web.metrics.count("desk_socket_messages_total", type=str(type(frame).__struct_config__.tag))
            if isinstance(frame, frames.Hello):
                await self._greet(frame)
            elif not self.greeted:
                raise Refused("invalid", "hello-first", "say hello first")
            else:
                self.used = self.used or not isinstance(frame, frames.SendRead)
                await self.handle(frame)
        except Refused as refusal:
            self._refuse(refusal, getattr(frame, "id", None) or frames.id_of(message))
            if isinstance(frame, frames.Hello) and not self.greeted:
                self.close(*_CLOSE.get(refusal.kind, (4400, "refused")))
        except msgspec.ValidationError as error:
            fault = located(error)
            self._error(fault["code"], fault["message"], frames.id_of(message), pointer=fault["pointer"])
        except (msgspec.DecodeError, UnicodeDecodeError, UnicodeEncodeError, RecursionError):
            self._error("unreadable", "this is not JSON")
        except tornado.websocket.WebSocketClosedError:
            return
        except Exception as error:
            self._error(*failed(error), getattr(frame, "id", None))

    async def _greet(self, hello: frames.Hello) -> None:
        if self.greeted:
            raise Refused("conflict", "hello-twice", "this connection has said hello before")
        await self.greet(hello)
        if self._hello_timer is not None:
            self._hello_timer.cancel()
            self._hello_timer = None

    async def greet(self, hello: frames.Hello) -> None:
        """Finds out who it is and answers `welcome`. Raises Refused."""
        raise NotImplementedError

    async def handle(self, frame: Any) -> None:
        """Does what a message after `hello` wants. Raises Refused."""
        raise NotImplementedError

    def rate(self) -> float:
        """Messages a second that are always taken."""
        return float(self.web.config["limits.socket_rate"])

    def _slow_down(self) -> None:
        if self._bucket is None:
            self._bucket = Bucket(self.rate())
        wait = self._bucket.take()
        if not wait:
            self._floods = max(0, self._floods - FORGIVEN)
            return
        self._floods += 1
        if self._floods > FLOOD:
            self.web.metrics.count("desk_sockets_dropped_total", reason="flood")
            self.leave(4429, "too-fast", "too many messages; this connection is closed")
            raise tornado.websocket.WebSocketClosedError
        raise Refused("too-many", "too-fast", "too many messages; slow down", retry_after=max(1, round(wait)))

    # --- the feed -----------------------------------------------------------------------------------------------------

    async def follow(self, actor: Actor, since: int | None) -> None:
        """Begins to hear what the actor may see after an id, in place of what was heard before; `hold` meanwhile."""
        if self._subscription is not None:
            self._subscription.close()
        self._subscription = self.web.desk.subscribe(actor, self._deliver, since)
        if self.last == 0:
            self.last = self._subscription.position
        await self._subscription.start()
        if self.ws_connection is None:
            self._subscription.close()

    def hold(self) -> None:
        """Keeps frames back until as many `release`."""
        self._holds += 1

    def release(self) -> None:
        """Ends one `hold`; with the last, what was kept back is sent in order."""
        self._holds -= 1
        while self._held and not self._holds:
            self._pass(self._held.popleft())

    async def catch_up(self) -> None:
        """`release`, as fast as the other side reads: a long absence is no reason to be dropped again."""
        most = self.web.config["limits.socket_buffer"] // 2
        while self._held:
            self._pass(self._held.popleft())
            if self._unsent > most:
                self._room = asyncio.get_running_loop().create_future()
                try:
                    await asyncio.wait_for(self._room, READ_WITHIN)
                except TimeoutError:
                    self._drop()
        self.release()

    def held(self) -> list[Frame]:
        """Frames kept back now."""
        return list(self._held)

    def _deliver(self, frame: Frame) -> None:
        if self._holds or self._held:
            self._held.append(frame)
        else:
            self._pass(frame)

    def _pass(self, frame: Frame) -> None:
        for seq in sorted(seq for seq in self._acks if seq < frame.seq) if self._acks else ():
            self._send_acks(seq)
        if frame.seq in self._acks and frame.data["type"] == "message":
            self.last = frame.seq
            self._send_acks(frame.seq)
            return
        self.last = frame.seq
        if self.wanted(frame.data):
            self.send_bytes(frame.encoded)

    def wanted(self, data: Mapping[str, Any]) -> bool:
        """Looks at a frame on its way; False keeps it back."""
        return True

    async def store(self, client_id: str, command: MemberLine | PostMessage) -> dict[str, Any]:
        """Stores a line and places its ack. Raises Refused."""
        self.hold()
        try:
            done = await self.web.desk.act(self.actor, command)
        except BaseException:
            self.release()
            raise
        frame = {"type": "ack", "id": client_id, "seq": done["seq"], "message": timed_line(done["message"])}
        ack = msgspec.json.encode(frame)
        if done["seq"] <= self.last:
            # A repeat of what was acknowledged before: it has no new place in the order.
            self.send_bytes(ack)
        else:
            late = asyncio.get_running_loop().call_later(ACK_WITHIN, self._send_acks, done["seq"])
            self._acks.setdefault(done["seq"], []).append((ack, late))
        return done

    def _send_acks(self, seq: int) -> None:
        for ack, late in self._acks.pop(seq, ()):
            late.cancel()
            self.send_bytes(ack)

    # --- out ----------------------------------------------------------------------------------------------------------

    def send(self, frame: Mapping[str, Any]) -> None:
        """Sends a frame."""
        self.send_bytes(msgspec.json.encode(frame))

    def send_bytes(self, data: bytes) -> None:
        """Sends an encoded frame; a reader who is too slow is dropped, and resumes by `since`."""
        connection: Any = self.ws_connection
        if connection is None or connection.is_closing():
            return
        if self._unsent + len(data) > self.web.config["limits.socket_buffer"]:
            self._drop()
            return
        future = connection.stream.write(frames.on_the_wire(data))
        if not future.done():
            self._unsent += len(data)
            future.add_done_callback(lambda _: self._flushed(len(data)))

    def _drop(self) -> None:
        """Ends the connection of a reader who is too slow: a close frame would wait behind all the rest."""
        self.web.metrics.count("desk_sockets_dropped_total", reason="slow")
        stream = getattr(self.ws_connection, "stream", None)
        if stream is not None:
            stream.close()

    def _flushed(self, size: int) -> None:
        self._unsent -= size
        if self._room is not None and not self._room.done() and self._unsent <= 0:
            self._room.set_result(None)

    def _refuse(self, refusal: Refused, client_id: str | None) -> None:
        more: dict[str, Any] = {}
        if refusal.pointer is not None:
            more["pointer"] = refusal.pointer
        if refusal.retry_after is not None:
            more["retry_after"] = refusal.retry_after
        self._error(refusal.code, refusal.message, client_id, **more)

    def _error(self, code: str, message: str, client_id: str | None = None, **more: Any) -> None:
        self.web.metrics.count("desk_socket_errors_total", code=code)
        frame = {"type": "error", "code": code, "message": message, **more}
        if client_id is not None:
            frame["id"] = client_id
        self.send(frame)

    def leave(self, code: int, why: str, message: str) -> None:
        """Tells why, and closes."""
        if self.ws_connection is not None:
            self._error(why, message)
            self.close(code, why)

    def now_is(self, actor: Actor) -> None:
        """The same person with other rights."""
        self.actor = actor
        if self._subscription is not None:
            self._subscription.actor = actor

    def on_close(self) -> None:
        if self._hello_timer is not None:
            self._hello_timer.cancel()
        if self._subscription is not None:
            self._subscription.close()
        if self._room is not None and not self._room.done():
            self._room.set_result(None)
        for _, late in chain.from_iterable(self._acks.values()):
            late.cancel()
        self._acks.clear()
        self._held.clear()
        self.hub.remove(self)


class ChatSocket(Socket):
    """A member's or guest's side of a chat."""

    kind = "chat"

    def initialize(self, web: Web) -> None:
        super().initialize(web)
        self.visitor: str | None = None
        self.shop = ""
        self.ticket: int | None = None
        self._proof: str | None = None
        self._page = Page()
        self._opening: tuple[dict[str, Any], ...] = ()
        self._opened = 0.0
        self._coming: list[asyncio.TimerHandle] = []
        self._shown: Counter[str] = Counter()
        self._place: tuple[int | None, int | None] = (None, None)
        self._network = network(web.proxies.address(self.request))

    def check_origin(self, origin: str) -> bool:
        # Which shop it is for is known at `hello`; then its own sites only.
        return self.web.own_origin(origin, self.request) or self.web.site(origin, None)

    def rate(self) -> float:
        return float(self.web.config["limits.socket_rate" if self.actor.kind == "member" else "limits.guest_rate"])

    async def greet(self, hello: frames.Hello) -> None:
        shop = self._shop(hello.shop)
        origin = self.request.headers.get("Origin")
        if origin is not None and not self.own_page() and not self.web.site(origin, shop):
            raise Refused("forbidden", "foreign-origin", "this page is not one of the shop's sites")
        found = await self.who(hello, shop)
        if found is not None and (found["actor"].kind != "member" or shop not in found["actor"].shops):
            raise Refused("forbidden", "wrong-shop", "this token is not one of a member of this shop")
        if found is None:
            known = await self.who_by_cookie()
            if known is not None and known["actor"].kind == "member" and shop in known["actor"].shops:
                found = known
            else:
                self.token = None
        if found is None:
            found = await self._guest(shop, hello.visitor)
        self.actor, self.shop, self._proof, self._bucket = found["actor"], shop, found["visitor"], None
        self.visitor = self.actor.visitor
        if hello.page is not None:
            told = hello.page
            self._page = Page(told.url, told.referrer, told.title, _device(self.request.headers), told.language)
        await self._welcome(hello.since)

    def _shop(self, name: str | None) -> str:
        book = self.web.desk.rulebook
        if book is None:
            raise Refused("conflict", "no-rules", "this desk has no rules in force yet")
        if name is None and len(book.shops) == 1:
            return next(iter(book.shops))
        if name is None or name not in book.shops:
            raise Refused("missing", "unknown-shop", "there is no such shop", pointer="/shop")
        return name

    async def _guest(self, shop: str, proof: str | None) -> Mapping[str, Any]:
        """The visitor of a valid proof; anybody else is a new one, without history."""
        query = self.web.desk.query
        found = await query(NOBODY, WhoIs(visitor=proof, shop=shop)) if proof else None
        found = found or await query(NOBODY, WhoIs(shop=shop))
        if found is None:
            raise Refused("missing", "unknown-shop", "there is no such shop", pointer="/shop")
        return dict(found)

    async def _welcome(self, since: int) -> None:
        chat = await self.web.desk.query(self.actor, OpenChatOf(self.shop))
        start = min(since, chat["seq"]) if since else chat["seq"]
        self.last = start
        self.ticket = chat["ticket"]
        self.hold()
        await self.follow(self.actor, start)
        # What comes as a frame of its own below does not stand in the history too: each line once.
        coming = {frame.data["message"]["id"] for frame in self.held() if frame.data["type"] == "message"}
        history = [timed_line(line) for line in chat["history"] if not (since and line["id"] in coming)]
        self.greeted = True
        self.hub.add_chat(self)
        made = {"token": self._made} if self._made is not None else {}
        welcome = {"type": "welcome", "seq": start, "visitor": self._proof, **made}
        self.send({**welcome, "ticket": self.ticket, "history": history})
        if self.ticket is None:
            await self._show_opening(show=not since)
        else:
            self.hub.waiting.add(self)
        await self.catch_up()

    async def _show_opening(self, *, show: bool) -> None:
        """The lines of `chat.opened`: shown when their time comes, stored with the first line.

        Who comes back has seen what was shown; what was still to come then is left out.
        """
        done = await self.web.desk.act(self.actor, OpenChat(self.shop, self._page))
        lines = [
            {**line, "frame": timed_line(frame), "due": line["at"] if line["after"] else None}
            for line, frame in zip(done["opening"], done["lines"], strict=True)
            if show or not line["after"]
        ]
        self._opening, self._opened = tuple(lines), asyncio.get_running_loop().time()
        for line in lines:
            if line["due"] is None and show:
                self._show(line)
        self._await_opening()

    def _show(self, line: Mapping[str, Any]) -> None:
        self.send({"type": "message", "seq": self.last, "message": line["frame"]})

    def _show_late(self, line: dict[str, Any]) -> None:
        line["due"] = None
        if any(line is still for still in self._opening):
            self._show(line)

    def _await_opening(self) -> None:
        """Plans the lines that are still to be shown."""
        loop = asyncio.get_running_loop()
        for line in self._opening:
            if line["due"] is not None:
                self._coming.append(loop.call_at(self._opened + line["after"] / 1e6, self._show_late, line))

    def _hold_opening(self) -> None:
        for handle in self._coming:
            handle.cancel()
        self._coming.clear()

    async def handle(self, frame: Any) -> None:
        act = self.web.desk.act
        if isinstance(frame, frames.SendMessage):
            await self._line(frame)
        elif isinstance(frame, frames.SendTyping):
            if self.ticket is not None:
                self.hub.member_types(self.shop, self.ticket, self.actor.name)
        elif isinstance(frame, frames.SendRead):
            if self.ticket is not None:
                await act(self.actor, MarkRead(self.ticket, frame.seq))
        elif isinstance(frame, frames.SendRate):
            await act(self.actor, RateTicket(frame.score, frame.comment, None, self.shop))
        elif isinstance(frame, frames.SendEnd):
            await act(self.actor, EndChat(None, self.shop))
        else:
            raise Refused("forbidden", "agents-only", "only agents send this")

    async def _line(self, frame: frames.SendMessage) -> None:
        if self.actor.kind == "guest":
            wait = self.web.guest_lines.take(self._network)
            if wait:
                raise Refused("too-many", "too-fast", "too many messages from here", retry_after=max(1, round(wait)))
        self._hold_opening()  # what is not shown by now comes into the case
        command = MemberLine(
            shop=self.shop,
            text=frame.text,
            attachments=tuple(frame.attachments),
            client_key=frame.id,
            page=self._page,
            opening=self._opening if self.ticket is None else (),
        )
        try:
            done = await self.store(frame.id, command)
        except Refused:
            self._await_opening()
            raise
        try:
            if not done["repeat"] and self.ticket is None:
                # Its stored duplicates come by the feed in a moment; the client has seen these lines.
                self._shown = Counter(str(line["text"]) for line in self._opening if line["due"] is None)
            if self.ticket != done["ticket"]:
                self.ticket, self._opening = done["ticket"], ()
                self.hub.waiting.add(self)
            if self.actor.kind == "guest" and self.actor.id == 0:
                await self._become_known()
        finally:
            self.release()

    async def _become_known(self) -> None:
        """A guest's row came with the first line: this connection and the guest's other tabs hear of it from now on."""
        found = await self.web.desk.query(NOBODY, WhoIs(visitor=self._proof, shop=self.shop))
        if found is None:
            return
        for tab in [self, *self.hub.same_visitor(self)]:
            if tab.actor.id == 0 and tab.shop == self.shop:
                tab.actor = found["actor"]
                tab.hold()
                try:
                    await tab.follow(tab.actor, tab.last)
                finally:
                    tab.release()

    def on_close(self) -> None:
        self._hold_opening()
        super().on_close()

    def wanted(self, data: Mapping[str, Any]) -> bool:
        kind = data["type"]
        if kind == "message":
            line = data["message"]
            text = line["text"]
            if (
                self._shown
                and line.get("automatic")
                and line["author"]["kind"] in ("bot", "desk")
                and self._shown[text]
            ):
                self._shown[text] -= 1
                self._shown += Counter()
                return False
            if self.ticket is None:
                self.hub.spawn(self._find_ticket())
        elif kind == "ended":
            if data.get("ticket") == self.ticket:
                self.ticket, self._opening = None, ()
        elif kind == "ticket" and data["number"] == self.ticket:
            self.hub.waiting.add(self)
        return True

    async def _find_ticket(self) -> None:
        """Another tab began the chat."""
        chat = await self.web.desk.query(self.actor, OpenChatOf(self.shop, 1))
        if chat["ticket"] is not None:
            self.ticket, self._opening = chat["ticket"], ()
            self.hub.waiting.add(self)

    def tell_place(self, position: int | None, wait: int | None) -> None:
        """Sends the place in the line, if it is news."""
        if (position, wait) != self._place:
            self._place = (position, wait)
            self.send({"type": "queue", "position": position, "wait": wait})


class AgentSocket(Socket):
    """An agent's side: all tickets of the shops served."""

    kind = "agent"

    def initialize(self, web: Web) -> None:
        super().initialize(web)
        self._waiting: int | None = None
        self._shops: dict[int, tuple[float, str, str | None]] = {}

    async def greet(self, hello: frames.Hello) -> None:
        found = await self.who(hello, None) or await self.who_by_cookie()
        if found is None:
            raise Refused("unknown-actor", "sign-in-needed", "sign in first")
        actor: Actor = found["actor"]
        if actor.kind != "agent" or "ticket.view" not in actor.permissions:
            raise Refused("forbidden", "agents-only", "this socket is for agents who may see tickets")
        headers = self.request.headers
        self.actor = actor.at(self.web.proxies.address(self.request), headers.get("User-Agent", ""))
        self._bucket = None
        self.hold()
        await self.follow(actor, hello.since or None)
        self.greeted = True
        self.hub.add_agent(self)
        self.send({"type": "welcome", "seq": self.last, "visitor": None, "ticket": None, "history": []})
        await self.catch_up()

    def now_is(self, actor: Actor) -> None:
        super().now_is(actor)
        self._shops.clear()
        if "ticket.view" not in actor.permissions:
            self.leave(4403, "permission-needed", "you may no longer see tickets")

    async def handle(self, frame: Any) -> None:
        act = self.web.desk.act
        if isinstance(frame, frames.SendMessage):
            number = _needed(frame.ticket)
            files = tuple(frame.attachments)
            await self.store(frame.id, PostMessage(number, frame.text, frame.visibility, files, frame.id))
            self.release()
        elif isinstance(frame, frames.SendTyping):
            await self._typing(_needed(frame.ticket), frame.visibility)
        elif isinstance(frame, frames.SendRead):
            await act(self.actor, MarkRead(_needed(frame.ticket), frame.seq))
        elif isinstance(frame, frames.SendEnd):
            await act(self.actor, EndChat(_needed(frame.ticket)))
        elif isinstance(frame, frames.SendStatus):
            await act(self.actor, SetStatus(frame.status))
        else:
            raise Refused("forbidden", "members-only", "only members send this")

    async def _typing(self, number: int, visibility: str | None) -> None:
        now = asyncio.get_running_loop().time()
        known = self._shops.get(number)
        if known is None or known[0] < now:
            ticket = await self.web.desk.query(self.actor, TicketByNumber(number))
            if ticket is None:
                raise Refused("missing", "not-found", "there is no such ticket", pointer="/ticket")
            if len(self._shops) > 100:
                self._shops.clear()
            known = self._shops[number] = (now + SHOWN_FOR, ticket["shop"], ticket["assignee"])
        _, shop, assignee = known
        # Who is about to answer anonymously, or does not say how, is shown only where the member knows him anyway.
        serving = assignee == self.actor.username
        open_answer = visibility == "public" or (visibility is None and serving)
        self.hub.agent_types(self.actor, shop, number, (self.actor.alias or self.actor.name) if open_answer else None)

    def wanted(self, data: Mapping[str, Any]) -> bool:
        if data["type"] in ("ticket", "message"):
            self.hub.dirty.add(self)
        return True

    def tell_waiting(self, waiting: int) -> None:
        """Sends how many wait, if it is news."""
        if waiting != self._waiting:
            self._waiting = waiting
            self.send({"type": "queue", "waiting": waiting})


_CLOSE: Final[Mapping[str, tuple[int, str]]] = {
    "unknown-actor": (4401, "session-ended"),
    "forbidden": (4403, "forbidden"),
    "missing": (4404, "unknown-shop"),
}
"""How a connection whose `hello` was refused is closed, after the error."""


def _needed(number: int | None) -> int:
    if number is None:
        raise Refused("invalid", "missing-field", "`ticket` is needed", pointer="/ticket")
    return number


def _device(headers: Mapping[str, str]) -> str:
    agent = headers.get("User-Agent", "")
    return "phone" if "Mobi" in agent else "computer"

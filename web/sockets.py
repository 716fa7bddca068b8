"""What both sockets have in common: hello and welcome, lines and acks in the order of the log, resume by `since`.

Everything with a `seq` leaves a connection in that order. While a line of this connection is being stored, frames of
the feed are held; the frame of the line itself is then replaced by its `ack`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from itertools import chain
from typing import Any, ClassVar, Final

import msgspec
import tornado.websocket

from engine.desk import (
    NOBODY,
    Actor,
    Frame,
    MemberLine,
    PostMessage,
    Refused,
    Subscription,
    WhoIs,
    timed_line,
)
from web import callers, frames
from web.away import failed
from web.base import COOKIE, BaseHandler
from web.decode import located
from web.limits import Bucket, network

HELLO_WITHIN: Final = 10.0
"""Seconds until a connection must have said hello."""
ACK_WITHIN: Final = 2.0
"""Seconds an ack waits for its place in the feed; then it goes without."""
READ_WITHIN: Final = 30.0
"""Seconds in which a reader who catches up must take what was sent."""
FLOOD: Final = 200
"""Refusals for being too fast, after which the connection is closed."""
SLOW: Final = 7.0
"""Seconds by which a promised `ping` may be late: a slow network and a busy page, both."""
HEAVY: Final = 40
"""What a message that is too large counts as, of those: it was read to its end."""
FORGIVEN: Final = 20
"""Of those, for each message that was not too fast."""
_DECODER: Final = msgspec.json.Decoder(frames.ClientFrame)


class Socket(BaseHandler, tornado.websocket.WebSocketHandler):
    """One connection."""

    kind: ClassVar[str]

    def initialize(self) -> None:
        self.hub = self.web.hub
        self.actor = NOBODY
        self.token: str | None = None
        self._made: str | None = None
        """The session made of a shop's token at `hello`: told in `welcome`."""
        self.used = False
        self.place: str | None = None
        """Where it counts; None behind a proxy, which stands for many."""
        self.greeted = False
        self.due: float | None = None
        """When it is taken for dead unless it speaks (the loop's clock); None: it promised nothing."""
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

    async def judge(self) -> None:
        if self.request.method != "GET":
            raise self.not_allowed()

    def allowed(self) -> list[str]:
        return ["GET"]

    async def carry_out(self, **_: str) -> None:
        await tornado.websocket.WebSocketHandler.get(self)

    def check_origin(self, origin: str) -> bool:
        return self.web.own_origin(origin, self.request)

    def open(self, *_: str, **__: str) -> None:
        self.set_nodelay(True)
        address = self.request.remote_ip or ""
        self.place = None if self.web.proxies.listed(address) else network(address)
        self.hub.add(self)
        if self.hub.crowded(self.place):
            self.leave(4429, "too-many-connections", "too many windows are open from here; close some")
            return
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
        found = await callers.who(self.web, self.request, WhoIs(token=token))
        if found is None:
            found = await callers.sign_on(self.web, self.request, shop or "", token)
            token = self._made = found["token"]
        self.token = token
        return {"visitor": None, **found}

    async def who_by_cookie(self) -> Mapping[str, Any] | None:
        """The owner of the browser's session, on pages of this desk."""
        cookie = self.get_cookie(COOKIE) if self.own_page() else None
        if not cookie:
            return None
        found = await callers.who(self.web, self.request, WhoIs(token=cookie))
        if found is None:
            return None
        self.token = cookie
        return dict(found)

    # --- in -----------------------------------------------------------------------------------------------------------

    async def on_message(self, message: str | bytes) -> None:
        frame: Any = None
        try:
            self._slow_down()
            if isinstance(message, bytes):
                raise Refused("invalid", "not-text", "send JSON as a text message")
            if len(message) > (limit := self.web.config["limits.socket_frame"]) or len(message.encode()) > limit:
                self._flooded(HEAVY)
                raise Refused("invalid", "too-large", f"a message may have at most {limit} bytes")
            frame = _DECODER.decode(message)
            self.web.metrics.count("desk_socket_messages_total", type=str(type(frame).__struct_config__.tag))
            if isinstance(frame, frames.Hello):
                await self._greet(frame)
            elif not self.greeted:
                raise Refused("invalid", "hello-first", "say hello first")
            elif isinstance(frame, frames.SendPing):
                self._promise(frame.next)
            else:
                self.used = self.used or not isinstance(frame, frames.SendRead)
                await self.handle(frame)
        except Refused as refusal:
            self._refuse(refusal, getattr(frame, "id", None) or frames.id_of(message))
            if isinstance(frame, frames.Hello) and not self.greeted:
                self.close(*_CLOSE.get(refusal.kind, (4409, "not-now")))
        except msgspec.ValidationError as error:
            fault = located(error)
            self._error(fault["code"], fault["message"], frames.id_of(message), pointer=fault["pointer"])
            self._not_understood()
        except (msgspec.DecodeError, UnicodeDecodeError, UnicodeEncodeError, RecursionError):
            self._error("unreadable", "this is not JSON")
            self._not_understood()
        except tornado.websocket.WebSocketClosedError:
            return
        except Exception as error:
            self._error(*failed(error), getattr(frame, "id", None))

    def _not_understood(self) -> None:
        """Before the greeting nothing else can come of it: the same page would say the same again and again."""
        if not self.greeted:
            self.close(4400, "not-understood")

    def _promise(self, seconds: float | None) -> None:
        """A client that says when it speaks next is gone when it does not."""
        self.send({"type": "pong"})
        self.due = None if seconds is None else asyncio.get_running_loop().time() + seconds + SLOW

    def lose(self) -> None:
        """Nobody is there any more: no close frame would arrive."""
        self._cut("silent")

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
        self._flooded(1)
        raise Refused("too-many", "too-fast", "too many messages; slow down", retry_after=max(1, round(wait)))

    def _flooded(self, weight: int) -> None:
        self._floods += weight
        if self._floods > FLOOD:
            self.web.metrics.count("desk_sockets_dropped_total", reason="flood")
            self.leave(4429, "too-fast", "too many messages; this connection is closed")
            raise tornado.websocket.WebSocketClosedError

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
        self._cut("slow")

    def _cut(self, why: str) -> None:
        self.web.metrics.count("desk_sockets_dropped_total", reason=why)
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

    @property
    def actor(self) -> Actor:
        """Who is at the other end, from where the connection comes."""
        return self._actor

    @actor.setter
    def actor(self, actor: Actor) -> None:
        self._actor = actor.at(self.web.proxies.address(self.request), self.request.headers.get("User-Agent", ""))

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


_CLOSE: Final[Mapping[str, tuple[int, str]]] = {
    "unknown-actor": (4401, "session-ended"),
    "forbidden": (4403, "forbidden"),
    "missing": (4404, "unknown-shop"),
    "invalid": (4400, "not-understood"),
}
"""How a connection whose `hello` was refused is closed, after the error."""

"""The sockets `/ws/chat` and `/ws/agent`: who may come in, what each side may say, what each is told."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from engine.desk import (
    NOBODY,
    Actor,
    BringChat,
    EndChat,
    MarkRead,
    MemberLine,
    OpenChat,
    OpenChatOf,
    Page,
    PostMessage,
    RateTicket,
    Refused,
    SetStatus,
    TicketByNumber,
    WhoIs,
    may_write,
    timed_line,
)
from web import callers, frames
from web.limits import network
from web.schema import Visibility
from web.sockets import Socket

SHOWN_FOR: Final = 30.0
"""Seconds that what an agent may tell of a ticket by typing is believed."""


class ChatSocket(Socket):
    """A member's or guest's side of a chat."""

    kind = "chat"

    def initialize(self) -> None:
        super().initialize()
        self.visitor: str | None = None
        self.shop = ""
        self.ticket: int | None = None
        self._earlier: int | None = None
        self._proof: str | None = None
        self._page = Page()
        self._opening: tuple[dict[str, Any], ...] = ()
        self._opened = 0.0
        self._coming: list[asyncio.TimerHandle] = []
        self._shown: Counter[str] = Counter()
        self._place: Mapping[str, Any] | None = None
        self._network = network(self.web.proxies.address(self.request))

    def check_origin(self, origin: str) -> bool:
        # A handshake that is refused tells a page nothing, and it would try for ever: `open` says it, and closes.
        return True

    def open(self, *_: str, **__: str) -> None:
        super().open()
        origin = self.request.headers.get("Origin")
        # Which shop it is for is known at `hello`; then its own sites only.
        if origin is not None and not self.own_page() and not self.web.site(origin, None):
            self.leave(4403, "foreign-origin", "this page is not one of the shop's sites")

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
        if self.actor.kind == "member" and hello.visitor:
            await self._bring_along(hello.visitor)
        if hello.page is not None:
            told = hello.page
            self._page = Page(
                told.url,
                told.referrer,
                told.title,
                _device(self.request.headers),
                told.language,
                address=self.actor.address,
                browser=self.actor.device,
                visits=told.visits,
            )
        await self._welcome(hello.since)

    async def _bring_along(self, proof: str) -> None:
        """The chat this browser began as a guest is the member's; its other tabs come back as the member."""
        brought = await self.web.desk.act(self.actor, BringChat(self.shop, proof))
        if brought["visitor"] is not None:
            self.hub.signed_in(brought["visitor"])

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
        found = await callers.who(self.web, self.request, WhoIs(visitor=proof, shop=shop)) if proof else None
        found = found or await self.web.desk.query(NOBODY, WhoIs(shop=shop))
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
        earlier = chat["earlier"] if not since else None
        ended = {"earlier": {**earlier, "history": [timed_line(one) for one in earlier["history"]]}} if earlier else {}
        self._earlier = earlier["ticket"] if earlier else None
        told = {"ticket": self.ticket, "history": history, "longest_line": self.web.longest_line}
        self.send({**welcome, **told, **ended})
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
            if (seen := self.ticket or self._earlier) is not None:
                await act(self.actor, MarkRead(seen, frame.seq))
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
        elif kind == "resumed":
            self.ticket, self._opening = data["ticket"], ()
        elif kind == "ticket" and data["number"] == self.ticket:
            self.hub.waiting.add(self)
        return True

    async def _find_ticket(self) -> None:
        """Another tab began the chat."""
        chat = await self.web.desk.query(self.actor, OpenChatOf(self.shop, 1))
        if chat["ticket"] is not None:
            self.ticket, self._opening = chat["ticket"], ()
            self.hub.waiting.add(self)

    def tell_place(self, place: Mapping[str, Any] | None) -> None:
        """Sends the place in the line, if it is news; None: it does not wait."""
        if place != self._place:
            self._place = place
            self.send({"type": "queue", **(place or {"position": None})})


class AgentSocket(Socket):
    """An agent's side: all tickets of the shops served."""

    kind = "agent"

    def initialize(self) -> None:
        super().initialize()
        self._waiting: int | None = None
        self._shops: dict[int, tuple[float, str, str | None]] = {}

    async def greet(self, hello: frames.Hello) -> None:
        found = await self.who(hello, None) or await self.who_by_cookie()
        if found is None:
            raise Refused("unknown-actor", "sign-in-needed", "sign in first")
        actor: Actor = found["actor"]
        if actor.kind != "agent" or "ticket.view" not in actor.permissions:
            raise Refused("forbidden", "agents-only", "this socket is for agents who may see tickets")
        self.actor = actor
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
            done = await self.store(frame.id, PostMessage(number, frame.text, frame.visibility, files, frame.id))
            if done.get("draft_done"):
                self.hub.tell_draft(self.actor, number, frame.visibility, None)
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

    async def _typing(self, number: int, visibility: Visibility | None) -> None:
        if not may_write(self.actor, visibility):
            raise Refused("forbidden", "permission-needed", "who may not write this is not shown as typing")
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


def _needed(number: int | None) -> int:
    if number is None:
        raise Refused("invalid", "missing-field", "`ticket` is needed", pointer="/ticket")
    return number


def _device(headers: Mapping[str, str]) -> str:
    agent = headers.get("User-Agent", "")
    return "phone" if "Mobi" in agent else "computer"

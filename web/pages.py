"""The built pages and their parts: the console, the chat page, the demo shop, the widget's script, hashed assets."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterable
from typing import Any, Final

from engine.desk import Refused, WhoIs
from web import callers
from web.base import COOKIE, POLICY, SIGN, BaseHandler
from web.folder import Kept
from web.problem import Problem

CONSOLE_PATHS: Final = (
    "/",
    "/login",
    "/inbox",
    "/tickets",
    r"/tickets/(?:%23)?[0-9]+",
    "/rules",
    "/settings",
    "/account/sessions",
)
"""Pages of the machine; features bring theirs. No page is announced that is not there."""

_ASSET: Final = re.compile(r"[A-Za-z0-9_.-]{1,200}")


class BuiltHandler(BaseHandler):
    """What serves built files: nothing is sent to it."""

    async def judge(self) -> None:
        if self.request.method not in ("GET", "HEAD"):
            raise self.not_allowed()

    def allowed(self) -> list[str]:
        return ["GET", "HEAD"]

    def packed(self, kept: Kept) -> bytes:
        """The bytes as the browser takes them: nothing secret stands in built files, so packing tells nothing."""
        self.set_header("Vary", "Accept-Encoding")
        if kept.packed is None or "gzip" not in self.request.headers.get("Accept-Encoding", ""):
            return kept.data
        self.set_header("Content-Encoding", "gzip")
        return kept.packed


class PageHandler(BuiltHandler):
    """An HTML page. The agents' pages are never framed; the chat page may be, by the shop's own sites."""

    def initialize(self, page: str) -> None:
        self.page = page

    async def carry_out(self, **_: str) -> None:
        found = self.web.folder.read(f"{self.page}.html")
        if found is None:
            text = "the web pages are not built; run `make install`"
            raise Problem(404, "not-built", text)
        ancestors = "'none'"
        if self.page == "chat":
            sites = self.web.sites(self.get_query_argument("shop", None))
            ancestors = " ".join(["'self'", *sites])
        else:
            self.set_header("X-Frame-Options", "DENY")
        self.set_header("Content-Security-Policy", POLICY.format(ancestors=ancestors))
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Cache-Control", "no-cache")
        self.set_header("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        there = await self._signed_in()
        if there != bool(self.get_cookie(SIGN)):
            self.show_session(there)
        await self.finish(self.packed(found))

    async def _signed_in(self) -> bool:
        """Whether the browser brings a session that is good; where that cannot be told the page is to ask."""
        token = self.get_cookie(COOKIE)
        try:
            return bool(token) and await callers.who(self.web, self.request, WhoIs(token=token)) is not None
        except Refused:
            return True


class AssetHandler(BuiltHandler):
    """A built file whose name holds its digest: kept for ever."""

    async def carry_out(self, *, name: str) -> None:  # type: ignore[override]
        found = self.web.folder.read(f"assets/{name}") if _ASSET.fullmatch(name) and not name.startswith(".") else None
        if found is None or name.endswith(".map"):
            raise Problem(404, "not-found", "there is nothing at this address")
        self.set_header("Content-Type", _type(name))
        self.set_header("Cache-Control", "public, max-age=31536000, immutable")
        await self.finish(self.packed(found))


class FileHandler(BuiltHandler):
    """A built file under its own name (the widget's script): asked for again, answered 304 when unchanged."""

    def initialize(self, name: str, cross: bool = False) -> None:
        self.name = name
        self.cross = cross

    async def carry_out(self, **_: str) -> None:
        found = self.web.folder.read(self.name)
        if found is None:
            raise Problem(404, "not-found", "there is nothing at this address")
        tag = f'"{found.digest}"'
        self.set_header("Content-Type", _type(self.name))
        self.set_header("Cache-Control", "public, max-age=300")
        self.set_header("Etag", tag)
        if self.cross:
            # A shop's page loads it, by a plain script tag or one with `crossorigin` for its integrity check.
            self.set_header("Access-Control-Allow-Origin", "*")
            self.set_header("Cross-Origin-Resource-Policy", "cross-origin")
        if tag in (self.request.headers.get("If-None-Match") or ""):
            self.set_status(304)
            await self.finish()
            return
        await self.finish(self.packed(found))


class NothingHandler(PageHandler):
    """Every other address. Colleagues get the console, which says so beside its menu; others the page that says so in
    the reader's language; a program a problem."""

    async def judge(self) -> None:
        ours = not self.request.path.startswith(("/api/", "/assets/", "/ws/", "/files/", "/hooks/"))
        if not (ours and self._reads_pages() and await self._is_colleague()):
            raise Problem(404, "not-found", "there is nothing at this address")
        self.set_status(404)

    async def _is_colleague(self) -> bool:
        """Whether an agent asks: nobody else has to do with the console."""
        token = self.get_cookie(COOKIE)
        try:
            found = await callers.who(self.web, self.request, WhoIs(token=token)) if token else None
        except Refused:
            return False
        return found is not None and found["actor"].kind == "agent"


def _type(name: str) -> str:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    if name.endswith((".js", ".mjs")):
        kind = "text/javascript"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") or kind == "application/json" else kind


def rows(demo: bool, pages: Iterable[str]) -> list[Any]:
    """Tornado's rows for everything that is no operation of the API; `pages` are those of features."""
    found: list[Any] = [(path, PageHandler, {"page": "console"}) for path in (*CONSOLE_PATHS, *pages)]
    found += [
        ("/chat", PageHandler, {"page": "chat"}),
        ("/widget.js", FileHandler, {"name": "widget.js", "cross": True}),
        (r"/assets/(?P<name>[^/]+)", AssetHandler),
    ]
    if demo:
        found.append(("/demo", PageHandler, {"page": "demo"}))
    found.append((r".*", NothingHandler, {"page": "console"}))
    return found

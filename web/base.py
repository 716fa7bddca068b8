"""What every HTTP answer of the desk has, whatever the door: a limit on the body, an id, safe headers, and problem
documents instead of tracebacks.

No door reads a body it did not ask for. What is announced too long is refused before it comes, what turns out too long
as soon as it does; what still comes after the answer is thrown away for a while, so that the sender reads it.
"""

from __future__ import annotations

import asyncio
import http.client
import logging
import secrets
from itertools import count
from typing import Any, Final

import msgspec
import tornado.web
from tornado.httputil import HTTPHeaders, HTTPServerRequest

from engine.desk import Refused, is_away
from engine.editor import Said
from web.limits import network
from web.problem import Problem
from web.shared import Web

log = logging.getLogger("web.handler")

COOKIE: Final = "desk"
SIGN: Final = "desk_here"
"""A cookie that says nothing but that the other one, which no script can see, is good: our pages ask who is signed in
only where somebody is. It opens nothing."""
READ_ON: Final = 262_144
"""Bytes too many that are read before the answer: who sends a little too much keeps the connection."""
DRAIN: Final = 64_000_000
"""Bytes too many that are read and thrown away after it, so that the sender reads the answer; then we hang up."""
BODY_WITHIN: Final = 120.0
"""Seconds a body has to come."""

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "media-src 'self' blob:; connect-src 'self'; frame-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors {ancestors}"
)
"""Of our pages."""
API_POLICY: Final = "default-src 'none'; frame-ancestors 'none'; sandbox"

_request_ids = count(secrets.randbits(63))
"""Names of requests in the log: none twice, here or after a restart; they need not be hard to guess."""


@tornado.web.stream_request_body
class BaseHandler(tornado.web.RequestHandler):
    """One door. A subclass says how much of a body it takes (`takes`), whom and what it refuses by the head alone
    (`judge`), and answers (`carry_out`)."""

    policy = API_POLICY
    speaks = "en"
    """The language of texts for people in the answer: one of `engine.editor.LOCALES`."""

    _size = 0
    _taken = 0
    _refusal: Problem | Refused | None = None
    _answered_early = False
    _alarm: asyncio.TimerHandle | None = None
    _comes_from = ""
    """The network it comes from; told only where a body comes."""
    _kept_bytes = 0
    """Bytes of it that are kept, as `Web.bodies` counts them."""
    _answering = False

    def __init__(self, application: tornado.web.Application, request: HTTPServerRequest, **kwargs: Any) -> None:
        self.web: Web = application.settings["web"]
        """The `Web` this request came to: asked a dozen times, and by Tornado's own beginning already."""
        super().__init__(application, request, **kwargs)

    # --- what a door says of itself -----------------------------------------------------------------------------------

    def takes(self) -> int:
        """Bytes of a body that are read, and kept for `carry_out`."""
        return 0

    async def judge(self) -> None:
        """Refuses by what the head tells, before a body comes. Raises Problem or Refused."""

    async def carry_out(self, **named: str) -> None:
        """Answers; `named` are the parts of the address."""
        raise tornado.web.HTTPError(405)

    def allowed(self) -> list[str]:
        """Methods of this address."""
        return ["GET", "HEAD", "OPTIONS"]

    # --- the body -----------------------------------------------------------------------------------------------------

    async def prepare(self) -> None:
        """Judges what the head of a request tells. A refusal waits for a body that is short: Tornado drops a connection
        on which it answers earlier."""
        self._chunks: list[bytes] = []
        headers = self.request.headers
        coming = announced(headers)
        self._taken = self.takes()
        if coming is None or coming > self._taken:
            hasty = coming is not None and headers.get("Expect", "").lower() == "100-continue"
            if hasty or (coming is not None and coming > self._taken + READ_ON):
                self._refusal = self._too_large()
                if hasty:
                    raise self._refusal
                self._answer_early()
        if self._refusal is None:
            try:
                await self.judge()
            except (Problem, Refused) as refusal:
                if "Expect" in headers:
                    raise
                self._refusal = refusal
        if coming != 0:
            self._make_room(coming)
            # Who sends too slowly is cut off. Tornado would do it too, by a task for each body.
            connection: Any = self.request.connection
            connection.set_body_timeout(None)
            self._alarm = asyncio.get_running_loop().call_later(BODY_WITHIN, connection.stream.close)

    def _make_room(self, coming: int | None) -> None:
        """Refuses a body for which there is no room beside those under way."""
        self._comes_from = network(self.web.proxies.address(self.request))
        if self._refusal is None and coming is not None and (status := self.web.bodies.full(self._comes_from, coming)):
            self._refusal = _crowded(status)
            if coming > READ_ON:
                self._answer_early()

    def data_received(self, chunk: bytes) -> None:
        """A piece of the body: kept where it was asked for and there is room, else thrown away."""
        self._size += len(chunk)
        if self._size <= self._taken:
            if self._refusal is None:
                if self.web.bodies.take(self._comes_from, len(chunk), self._size):
                    self._kept_bytes += len(chunk)
                    self._chunks.append(chunk)
                else:
                    self._refusal = _crowded(self.web.bodies.full(self._comes_from, self._size) or 503)
                    self._let_go()
                    coming = announced(self.request.headers)
                    if coming is None or coming > self._size + READ_ON:
                        self._answer_early()
            return
        self._let_go()
        if self._answered_early:
            if self._size > self._taken + DRAIN:
                self._hang_up()
            return
        self._refusal = self._too_large()
        if self._size > self._taken + READ_ON:
            self._answer_early()

    def _let_go(self) -> None:
        """Nobody needs the body any more. Handlers stand in cycles, and the collector comes late."""
        self._chunks.clear()
        if self._kept_bytes:
            self.web.bodies.give_back(self._comes_from, self._kept_bytes)
            self._kept_bytes = 0

    def on_connection_close(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        if not self._answering:
            self._let_go()
        # A socket's own, which comes after it, would leave who waits for the body waiting.
        tornado.web.RequestHandler.on_connection_close(self)
        super().on_connection_close()

    async def _turn(self, *_: str, **named: str) -> None:
        """The body is here, or there is none."""
        if self._alarm is not None:
            self._alarm.cancel()
        if self._answered_early:
            self._hang_up()
            return
        if self._refusal is not None:
            raise self._refusal
        self._answering = True
        try:
            await self.carry_out(**named)
        finally:
            self._let_go()

    get = head = post = put = patch = delete = options = _turn

    def body(self) -> bytes:
        """What came, at most as much as the door takes."""
        return b"".join(self._chunks)

    def _too_large(self) -> Problem:
        return Problem(413, "too-large", f"at most {self._taken} bytes are taken here")

    def _answer_early(self) -> None:
        """Refuses while the body still comes."""
        assert self._refusal is not None  # noqa: S101 - who calls has set it
        self._answered_early = True
        self.write_error(500, exc_info=(type(self._refusal), self._refusal, None))

    def _hang_up(self) -> None:
        self._auto_finish = False
        connection: Any = self.request.connection
        connection.stream.close()

    # --- the answer ---------------------------------------------------------------------------------------------------

    def set_default_headers(self) -> None:
        self.request_id: str = getattr(self, "request_id", "") or f"{next(_request_ids):016x}"
        headers = self._headers  # no value of these comes from outside: nothing is to be checked
        headers["Server"] = "desk"
        headers["X-Request-Id"] = self.request_id
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "same-origin"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Content-Security-Policy"] = self.policy
        headers["Cache-Control"] = "no-store"
        if self.web.https:
            headers["Strict-Transport-Security"] = "max-age=31536000"

    def compute_etag(self) -> str | None:
        """Ours name the ticket's version; Tornado's would turn a fresh list into a 304."""
        return None

    def _reads_pages(self) -> bool:
        """Whether a person goes to this address with a browser; what a page asks or embeds is a program's."""
        headers = self.request.headers
        goes = headers.get("Sec-Fetch-Dest", "document") == "document"
        return goes and self.request.method in ("GET", "HEAD") and "text/html" in headers.get("Accept", "")

    def _tell_of_nothing(self) -> bool:
        """Answers a person who goes where nothing is with the page that says so; False where it is not built."""
        page = self.web.folder.read("nothing.html")
        if page is None:
            return False
        self.clear()
        self.set_status(404)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Content-Security-Policy", POLICY.format(ancestors="'none'"))
        self.finish(page.data)
        return True

    def problem(self, problem: Problem) -> None:
        """Answers with a problem document; where nothing is, a person with a browser gets a page."""
        early = self._answered_early or not getattr(self.request.connection, "_read_finished", True)
        if problem.status == 404 and not early and self._reads_pages() and self._tell_of_nothing():
            return
        self.clear()
        self.set_status(problem.status)
        if not getattr(self.request.connection, "_read_finished", True):
            # Tornado will not read the rest of the request; the client must not send another on this connection.
            self.set_header("Connection", "close")
        for name, value in problem.headers.items():
            self.set_header(name, value)
        self.set_header("Content-Type", "application/problem+json")
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": http.client.responses.get(problem.status, "Error"),
            "status": problem.status,
            "code": problem.code,
            "detail": problem.detail,
            "request_id": self.request_id,
        }
        if problem.errors:
            body["errors"] = problem.errors
        body.update(problem.details)
        data = self.json(body)
        if not self._answered_early:
            self.finish(data)
            return
        self.set_header("Content-Length", str(len(data)))
        self.write(data)
        self.flush()
        self._log()

    def json(self, body: Any) -> bytes:
        """A body as JSON, with what is said to people in the language it was asked in."""

        def spoken(value: Any) -> str:
            if isinstance(value, Said):
                return value.spoken(self.speaks)
            raise NotImplementedError(f"{type(value).__name__} in an answer")

        return msgspec.json.encode(body, enc_hook=spoken)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(error, Problem):
            self.problem(error)
        elif isinstance(error, Refused):
            self.problem(Problem.of(error))
        elif error is not None and is_away(error):
            self.problem(Problem.away())
        elif status_code == 405:
            self.problem(self.not_allowed())
        elif status_code == 404:
            self.problem(Problem(404, "not-found", "there is nothing at this address"))
        elif status_code < 500:
            self.problem(Problem(status_code, "bad-request", "the request cannot be read"))
        else:
            text = "something went wrong here; the log has the reason under this request id"
            self.problem(Problem(500, "internal-error", text))

    def not_allowed(self) -> Problem:
        """405, which names what is allowed."""
        allowed = ", ".join(self.allowed())
        return Problem(405, "method-not-allowed", f"allowed here: {allowed}", headers={"Allow": allowed})

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        if isinstance(value, (Problem, Refused)):
            return
        if isinstance(value, tornado.web.HTTPError) and value.status_code < 500:
            return
        if is_away(value):
            log.warning("request %s: %s %s: %s", self.request_id, self.request.method, self.request.path, value)
            return
        log.error("request %s failed: %s %s", self.request_id, self.request.method, self.request.path, exc_info=value)

    # --- the browser's session ----------------------------------------------------------------------------------------

    def keep_session(self, token: str, seconds: int) -> None:
        """Has the browser keep a session and the sign of it; an empty token forgets both."""
        self._keep(COOKIE, token, seconds, httponly=True)
        self.show_session(bool(token), seconds)

    def show_session(self, there: bool, seconds: int | None = None) -> None:
        """Has the browser show our pages that there is a session, or none; without `seconds` until it is closed."""
        self._keep(SIGN, "1" if there else "", seconds, httponly=False)

    def _keep(self, name: str, value: str, seconds: int | None, *, httponly: bool) -> None:
        secure = self.web.config["server.secure_cookies"] or self.web.proxies.scheme(self.request) == "https"
        kept: dict[str, Any] = {"path": "/", "httponly": httponly, "samesite": "Lax", "secure": secure}
        if value:
            self.set_cookie(name, value, max_age=seconds, **kept)
        else:
            self.clear_cookie(name, **kept)


def _crowded(status: int) -> Problem:
    """There is no room for a body now."""
    code, whose = ("too-many-bodies", "from here") if status == 429 else ("crowded", "to this desk")
    text = f"too much is being sent {whose} at the same time; try again soon"
    return Problem(status, code, text, headers={"Retry-After": "5"})


def announced(headers: HTTPHeaders) -> int | None:
    """Bytes of the body that are to come; None where the head does not tell. Raises Problem for what is no number."""
    if "Transfer-Encoding" in headers:
        return None
    given = headers.get("Content-Length")
    if given is None:
        return 0
    text = given.partition(",")[0].strip()  # given twice alike; Tornado refuses what differs
    if not (text.isascii() and text.isdigit()):
        raise Problem(400, "bad-length", "`Content-Length` must be a number of bytes")
    return int(text) if len(text) < 19 else 1 << 63


def check_rows(rows: list[Any]) -> list[Any]:
    """The rows of an application, each of a door with a limit. Raises TypeError for another one."""
    for row in rows:
        if not (isinstance(row[1], type) and issubclass(row[1], BaseHandler)):
            raise TypeError(f"{row[0]}: `{row[1].__name__}` must be a BaseHandler, which has a limit on its body")
    return rows

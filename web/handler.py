"""One request on its way: who asks, what is sent, the operation, the answer or the problem document.

Nothing leaves here as a traceback: what is refused has its status and code, what is unexpected is a 500 with the id
under which the log has the reason.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import http.client
import logging
import secrets
from collections.abc import Mapping
from itertools import count
from typing import Any, Final

import msgspec
import tornado.web
from tornado.httputil import parse_multipart_form_data

from engine.desk import Actor, Refused, WhoIs, is_away, with_times
from engine.editor import Said
from web import decode
from web.away import AWAY
from web.limits import Rates, network
from web.repeats import once
from web.routes import PARAMETERS, Call, Operation, Reply

log = logging.getLogger(__name__)

COOKIE: Final = "desk"
SIGN: Final = "desk_here"
"""A cookie that says nothing but that the other one, which no script can see, is good: our pages ask who is signed in
only where somebody is. It opens nothing."""
DRAIN: Final = 64_000_000
"""Bytes of a body that is too large which we read and throw away, so that the sender reads the answer."""
BODY_WITHIN: Final = 120.0
"""Seconds a body has to come."""
LARGE: Final = 32_000_000
"""Bytes of the body of an operation that takes a whole rules folder."""
LONGEST_KEY: Final = 200

STATUS: Final[Mapping[str, int]] = {
    "invalid": 422,
    "forbidden": 403,
    "missing": 404,
    "conflict": 409,
    "stale": 412,
    "too-many": 429,
    "unknown-actor": 401,
}
STATUS_OF_CODE: Final[Mapping[str, int]] = {"file-too-large": 413, "file-type-refused": 415}

API_POLICY: Final = "default-src 'none'; frame-ancestors 'none'; sandbox"
NOBODY: Final = Actor(kind="guest")


_request_ids = count(secrets.randbits(63))
"""Names of requests in the log: none twice, here or after a restart; they need not be hard to guess."""


def csrf_of(token: str) -> str:
    """What a page must send with each change, for the session of its cookie; another site cannot know it."""
    return hmac.new(token.encode(), b"csrf of the desk", hashlib.sha256).hexdigest()


class Problem(Exception):
    """An answer that is a problem document."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        errors: list[dict[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}
        self.details = details or {}

    @classmethod
    def of(cls, refusal: Refused) -> Problem:
        """The problem document of a refusal."""
        status = STATUS_OF_CODE.get(refusal.code, STATUS[refusal.kind])
        errors = None
        if refusal.pointer is not None:
            errors = [{"pointer": refusal.pointer, "code": refusal.code, "message": refusal.message}]
        headers: dict[str, str] = {}
        if status == 429:
            headers["Retry-After"] = str(max(1, refusal.retry_after or 1))
        if status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return cls(status, refusal.code, refusal.message, errors, headers, refusal.details)


class BaseHandler(tornado.web.RequestHandler):
    """What every HTTP answer of the desk has: an id, safe headers, problem documents instead of tracebacks."""

    policy = API_POLICY
    speaks = "en"
    """The language of texts for people in the answer: one of `engine.editor.LOCALES`."""

    @property
    def web(self) -> Any:
        """The `Web` this request came to."""
        return self.application.settings["web"]

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

    def problem(self, problem: Problem) -> None:
        """Answers with a problem document."""
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
        self.finish(self.json(body))

    def json(self, body: Any) -> bytes:
        """A body as JSON, with what is said to people in the language it was asked in."""

        def spoken(value: Any) -> str:
            if isinstance(value, Said):
                return value.spoken(self.speaks)
            raise NotImplementedError(f"{type(value).__name__} in an answer")

        return msgspec.json.encode(body, enc_hook=spoken)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(error, Refused):
            error = Problem.of(error)
        elif error is not None and is_away(error):
            error = Problem(503, "store-away", AWAY, headers={"Retry-After": "5"})
        if isinstance(error, Problem):
            self.problem(error)
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

    def allowed(self) -> list[str]:
        """Methods of this address."""
        return ["GET", "HEAD", "OPTIONS"]

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
        kept = {"path": "/", "httponly": httponly, "samesite": "Lax", "secure": secure}
        if value:
            self.set_cookie(name, value, max_age=seconds, **kept)
        else:
            self.clear_cookie(name, **kept)


@tornado.web.stream_request_body
class OperationHandler(BaseHandler):
    """Carries out the operations of one path."""

    def initialize(self, operations: Mapping[str, Operation]) -> None:
        self.operations = operations
        self.operation: Operation | None = None
        self._chunks: list[bytes] = []
        self._size = 0
        self._limit = 0
        self._call: Call | None = None
        self._refusal: Problem | Refused | None = None
        self._alarm: asyncio.TimerHandle | None = None

    def allowed(self) -> list[str]:
        return sorted({*self.operations, "OPTIONS", *(["HEAD"] if "GET" in self.operations else [])})

    async def prepare(self) -> None:
        """Judges what the head of a request tells. A refusal waits until the body was read and thrown away: Tornado
        drops a connection on which it answers earlier."""
        try:
            await self._judge()
        except (Problem, Refused) as refusal:
            declared = self.request.headers.get("Content-Length", "0")
            if declared.isdigit() and int(declared) > self._limit + DRAIN:
                raise
            self._refusal, self._limit = refusal, 0
        if self.operation is not None and self.operation.writes:
            # Who sends too slowly is cut off. Tornado would do it too, by a task for each body.
            connection: Any = self.request.connection
            connection.set_body_timeout(None)
            self._alarm = asyncio.get_running_loop().call_later(BODY_WITHIN, connection.stream.close)

    def on_connection_close(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        super().on_connection_close()

    async def _judge(self) -> None:
        method = "GET" if self.request.method == "HEAD" else self.request.method
        if method == "OPTIONS":
            return
        operation = self.operation = self.operations.get(method or "")
        if operation is None:
            raise self.not_allowed()
        self._cross(operation)
        config = self.web.config
        self._limit = config["limits.upload"] + 10_000 if operation.upload else config["limits.body"]
        if operation.large:
            self._limit = max(self._limit, LARGE)
        declared = self.request.headers.get("Content-Length", "0")
        if declared.isdigit() and int(declared) > self._limit + DRAIN:
            raise self._too_large()
        self._call = await self._identify(operation)

    def data_received(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size <= self._limit:
            self._chunks.append(chunk)
        else:
            self._chunks.clear()
            if self._size > self._limit + DRAIN:
                self.request.connection.stream.close()  # type: ignore[union-attr]

    async def _run(self, *parts: str, **named: str) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self.web.under_way += 1
        try:
            await self._carry_out(named)
        finally:
            self.web.under_way -= 1

    async def _carry_out(self, named: Mapping[str, str]) -> None:
        if self._refusal is not None:
            raise self._refusal
        operation, call = self.operation, self._call
        assert operation is not None and call is not None  # noqa: S101 - set by `prepare`, or it raised
        if self._size > self._limit:
            raise self._too_large()
        call.raw = b"".join(self._chunks)
        call.path = _parameters(named)
        try:
            call.query = decode.query(operation.query, self.request.query)
            call.body = self._body(operation, call.raw)
            self.speaks = getattr(call.query, "locale", None) or getattr(call.body, "locale", None) or "en"
        except decode.Unreadable as error:
            raise Problem(400, "unreadable", str(error)) from None
        except decode.Wrong as error:
            raise Problem(422, "invalid", "some fields are not right", error.errors) from None
        if call.key is None:
            self._answer(await operation.run(call))
        else:
            self._answer(await once(operation, call, call.key, self.request.path, self._written))

    get = head = post = put = patch = delete = _run

    async def options(self, *parts: str, **named: str) -> None:
        """What is allowed here; for a page of a shop's site, whether it may ask."""
        origin = self.request.headers.get("Origin", "")
        self.set_status(204)
        self.set_header("Allow", ", ".join(self.allowed()))
        if any(operation.cross for operation in self.operations.values()) and self.web.site(origin, None):
            self._let_in(origin)
            self.set_header("Access-Control-Allow-Methods", ", ".join(self.allowed()))
            self.set_header(
                "Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, X-Shop, X-Visitor"
            )
            self.set_header("Access-Control-Max-Age", "600")
        await self.finish()

    # --- in -----------------------------------------------------------------------------------------------------------

    async def _identify(self, operation: Operation) -> Call:
        headers = self.request.headers
        found: Mapping[str, Any] | None = None
        csrf = None
        shop = headers.get("X-Shop") or self.web.only_shop()
        bearer = _bearer(headers.get("Authorization"))
        visitor = headers.get("X-Visitor")
        if bearer is not None:
            found = await self.web.desk.query(NOBODY, WhoIs(token=bearer, used=operation.used))
            if found is None:
                raise _unknown("session-ended", "this token is not valid, or not any more; sign in again")
        elif visitor:
            found = await self.web.desk.query(NOBODY, WhoIs(visitor=visitor, shop=shop))
            if found is None or found["visitor"] != visitor:
                raise _unknown("unknown-visitor", "this visitor's proof is not valid")
            if operation.writes:
                self._slow(self.web.guest_lines)
        elif cookie := self.get_cookie(COOKIE):
            found = await self.web.desk.query(NOBODY, WhoIs(token=cookie, used=operation.used))
            if found is not None:
                csrf = csrf_of(found["csrf_seed"])
                if operation.writes:
                    self._check_csrf(csrf, login=operation.who == "anybody")
        if operation.writes and found is None:
            self._check_origin()
        if found is None and operation.who == "known":
            raise _unknown("sign-in-needed", "sign in first")
        if operation.slowed and found is not None and not found["actor"].staff:
            self._slow(self.web.typed)
        return Call(
            web=self.web,
            actor=found["actor"] if found is not None else NOBODY,
            path={},
            body=None,
            query=None,
            key=self._key(operation),
            version=_version(headers.get("If-Match")) if operation.match else None,
            request=self.request,
            csrf=csrf,
            found=found,
        )

    def _slow(self, rates: Rates) -> None:
        if wait := rates.take(network(self.web.proxies.address(self.request))):
            text = "too many requests from here; slow down"
            raise Refused("too-many", "too-fast", text, retry_after=max(1, round(wait)))

    def _check_csrf(self, wanted: str, *, login: bool) -> None:
        self._check_origin()
        given = self.request.headers.get("X-CSRF-Token", "")
        if not login and not hmac.compare_digest(given.encode(), wanted.encode()):
            raise Problem(403, "csrf", "changes by cookie need the header `X-CSRF-Token` with the value of `auth/me`")

    def _check_origin(self) -> None:
        origin = self.request.headers.get("Origin")
        if origin is not None and not self.web.own_origin(origin, self.request):
            raise Problem(403, "foreign-origin", "this page is not one of this desk")

    def _cross(self, operation: Operation) -> None:
        """A shop's own page may ask what the widget needs: with a token or a visitor's proof, never with the cookie."""
        origin = self.request.headers.get("Origin")
        if operation.cross and origin and self.web.site(origin, self.request.headers.get("X-Shop")):
            self._let_in(origin)

    def _let_in(self, origin: str) -> None:
        self.set_header("Access-Control-Allow-Origin", origin)
        self.set_header("Access-Control-Expose-Headers", "Content-Disposition, Retry-After, X-Request-Id")
        self.set_header("Vary", "Origin")

    def _key(self, operation: Operation) -> str | None:
        key = self.request.headers.get("Idempotency-Key")
        if key is None or not operation.keyed:
            return None
        if not 0 < len(key) <= LONGEST_KEY or not key.isprintable():
            raise Problem(400, "bad-idempotency-key", f"an Idempotency-Key has 1 to {LONGEST_KEY} printable characters")
        return key

    def _body(self, operation: Operation, raw: bytes) -> Any:
        kind = self.request.headers.get("Content-Type", "")
        plain = kind.partition(";")[0].strip().lower()
        if operation.upload:
            return self._file(kind, plain, raw)
        if operation.body is None:
            return None
        if raw and plain and plain != "application/json" and not plain.endswith("+json"):
            raise Problem(415, "wrong-content-type", "the body must be `application/json`")
        return decode.body(operation.body, raw)

    def _file(self, kind: str, plain: str, raw: bytes) -> dict[str, Any]:
        if plain != "multipart/form-data":
            if not plain:
                raise Problem(415, "wrong-content-type", "say the file's type in `Content-Type`")
            name = decode.first(self.request.query, "name") or "file"
            return {"name": name, "media_type": plain, "data": raw}
        boundary = next(
            (part.strip()[9:].strip('"') for part in kind.split(";")[1:] if part.strip().startswith("boundary=")), ""
        )
        files: dict[str, list[Any]] = {}
        try:
            parse_multipart_form_data(boundary.encode(), raw, {}, files)
        except Exception as error:
            # Tornado raises several kinds here, and logs none of them.
            raise decode.Unreadable("the multipart body cannot be read") from error
        sent = [file for group in files.values() for file in group]
        if len(sent) != 1:
            raise decode.Unreadable("send one file at a time, as one part with a file name")
        return {"name": sent[0].filename, "media_type": sent[0].content_type, "data": sent[0].body}

    def _too_large(self) -> Problem:
        return Problem(413, "too-large", f"at most {self._limit} bytes are taken here")

    # --- out ----------------------------------------------------------------------------------------------------------

    def _answer(self, answer: Reply) -> None:
        self.set_status(answer.status)
        if answer.cookie is not None:
            self.keep_session(*answer.cookie)
        answer = self._written(answer)
        for name, value in answer.headers.items():
            self.set_header(name, value)
        self.finish() if answer.status == 204 else self.finish(answer.body)

    def _written(self, answer: Reply) -> Reply:
        """The answer with its body as bytes."""
        if isinstance(answer.body, bytes):
            return answer
        if answer.status == 204:
            return Reply(body=b"", status=204, headers=answer.headers, cookie=answer.cookie)
        headers = {**answer.headers, "Content-Type": "application/json"}
        body = self.json(with_times(answer.body))
        return Reply(body=body, status=answer.status, headers=headers, cookie=answer.cookie)


def _bearer(header: str | None) -> str | None:
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise _unknown("bad-authorization", "the header must be `Authorization: Bearer TOKEN`")
    return token.strip()


def _unknown(code: str, text: str) -> Problem:
    return Problem(401, code, text, headers={"WWW-Authenticate": "Bearer"})


def _version(header: str | None) -> int | None:
    """The version an `If-Match` names; None for none or `*`, -1 for what no ticket of ours ever had."""
    if header is None or header.strip() == "*":
        return None
    tag = header.strip().removeprefix("W/").strip('"')
    return int(tag) if tag.isascii() and tag.isdigit() and len(tag) < 16 else -1


def _parameters(named: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, text in named.items():
        value = PARAMETERS[name][0](text)
        if value is None:
            raise Problem(404, "not-found", f"there is no such {name if name != 'number' else 'ticket'}")
        found[name] = value
    return found

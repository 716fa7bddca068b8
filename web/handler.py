"""One request of the API on its way: who asks, what is sent, the operation, the answer."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Final

from tornado.httputil import parse_multipart_form_data

from engine.desk import NOBODY, Actor, WhoIs, with_times
from web import callers, decode
from web.base import COOKIE, BaseHandler, announced
from web.limits import Rates, network
from web.problem import Problem
from web.repeats import once
from web.routes import PARAMETERS, Call, Operation, Reply

LONGEST_KEY: Final = 200


def csrf_of(token: str) -> str:
    """What a page must send with each change, for the session of its cookie; another site cannot know it."""
    return hmac.new(token.encode(), b"csrf of the desk", hashlib.sha256).hexdigest()


class OperationHandler(BaseHandler):
    """Carries out the operations of one path."""

    def initialize(self, operations: Mapping[str, Operation]) -> None:
        self.operations = operations
        self.operation: Operation | None = None
        self._call: Call | None = None

    def allowed(self) -> list[str]:
        return sorted({*self.operations, "OPTIONS", *(["HEAD"] if "GET" in self.operations else [])})

    def takes(self) -> int:
        operation = self.operations.get(self._method())
        return operation.takes(self.web.config) if operation is not None else 0

    def _method(self) -> str:
        return "GET" if self.request.method == "HEAD" else self.request.method or ""

    async def judge(self) -> None:
        if self.request.method == "OPTIONS":
            return
        operation = self.operation = self.operations.get(self._method())
        if operation is None:
            raise self.not_allowed()
        self._cross(operation)
        self._call = await self._identify(operation)
        for right in filter(None, (operation.right, operation.also)):
            self._call.require(right)

    async def carry_out(self, **named: str) -> None:
        if self.request.method == "OPTIONS":
            await self._tell_methods()
            return
        self.web.under_way += 1
        try:
            await self._operate(named)
        finally:
            self.web.under_way -= 1
            if self._call is not None:
                self._call.raw, self._call.body = b"", None

    async def _operate(self, named: Mapping[str, str]) -> None:
        operation, call = self.operation, self._call
        assert operation is not None and call is not None  # noqa: S101 - set by `prepare`, or it raised
        call.raw = self.body()
        if operation.upload and announced(self.request.headers) is None:
            self.web.allowances.shorter(call.actor, network(call.address), len(call.raw))
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

    async def _tell_methods(self) -> None:
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
            found = await callers.who(self.web, self.request, WhoIs(token=bearer, used=operation.used))
            if found is None:
                raise _unknown("session-ended", "this token is not valid, or not any more; sign in again")
        elif visitor:
            found = await callers.who(self.web, self.request, WhoIs(visitor=visitor, shop=shop))
            if found is None or found["visitor"] != visitor:
                raise _unknown("unknown-visitor", "this visitor's proof is not valid")
            if operation.writes:
                self._slow(self.web.guest_lines)
        elif cookie := self.get_cookie(COOKIE):
            found = await callers.who(self.web, self.request, WhoIs(token=cookie, used=operation.used))
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
        if found is not None:
            self._allow(operation, found["actor"])
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

    def _allow(self, operation: Operation, actor: Actor) -> None:
        place = network(self.web.proxies.address(self.request))
        self.web.allowances.request(actor, place, changes=operation.writes)
        if operation.upload:
            self.web.allowances.upload(actor, place, announced(self.request.headers))

    def _slow(self, rates: Rates) -> None:
        rates.check(network(self.web.proxies.address(self.request)), "too many requests from here")

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
        return {"name": _as_named(sent[0].filename), "media_type": sent[0].content_type, "data": sent[0].body}

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


def _as_named(name: str) -> str:
    """A file's name as it was: browsers write three characters otherwise in a form, and no others."""
    for written, meant in (("%22", '"'), ("%0D", "\r"), ("%0A", "\n")):
        name = name.replace(written, meant)
    return name


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

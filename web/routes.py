"""The one table of the API: method, path, what goes in, what comes out. Tornado's routing and the OpenAPI document are
both made from it, so they cannot differ. Handlers are functions of a `Call`, registered by `@route`."""

from __future__ import annotations

import importlib
import pkgutil
import re
import unicodedata
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Final, Literal, TypeVar

from msgspec import UNSET, Struct
from tornado.httputil import HTTPServerRequest

from engine.config import Config
from engine.desk import Actor, Desk, Refused, require
from web import features, schema
from web.shared import Web

API: Final = "/api/v1"
ROOMS: Final = (
    "session",
    "lines",
    "tickets",
    "tasks",
    "members",
    "files",
    "desk",
    "search",
    "rules",
    "rule_editor",
    "system",
)

LARGEST_NUMBER: Final = 9_007_199_254_740_991
ENVELOPE: Final = 10_000
"""Bytes that multipart adds to a file."""
OF_STRANGERS: Final = 20_000
"""Bytes of a body that anybody may send: a name and a password, a token that a shop has signed."""
UNASKED: Final = 1_000
"""Bytes of a body that are passed over where none is asked for: some programs always send `{}`."""
Who = Literal["anybody", "known"]
S = TypeVar("S", bound=Struct)


@dataclass(frozen=True, slots=True)
class Media:
    """An answer or a body that is bytes of some type, not JSON."""

    type: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What an operation gives: `body` in the API's shape with times in µs, or bytes with a `Content-Type` header."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cookie: tuple[str, int] | None = None
    """A session token to keep in the browser and for how many seconds; an empty one forgets it."""


@dataclass(slots=True)
class Call:
    """One request, read and checked."""

    web: Web
    actor: Actor
    path: Mapping[str, Any]
    body: Any
    query: Any
    key: str | None
    """The `Idempotency-Key`."""
    version: int | None
    """Of `If-Match`; -1 for one that can match nothing."""
    request: HTTPServerRequest
    raw: bytes = b""
    csrf: str | None = None
    """What a page must send with changes; None where no cookie is used."""
    acts: int = 0
    """Commands so far: each has its own place under the key."""
    found: Mapping[str, Any] | None = None
    """What the desk knows of the caller: the answer to `WhoIs`."""

    @property
    def desk(self) -> Desk:
        """The desk."""
        return self.web.desk

    @property
    def address(self) -> str:
        """The client's address: of the connection, or as a listed proxy tells it."""
        return self.web.proxies.address(self.request)

    @property
    def device(self) -> str:
        """What the client says it is."""
        return str(self.request.headers.get("User-Agent", ""))[:200]

    async def act(self, command: Any) -> dict[str, Any]:
        """Carries out a command as the caller, from where the request comes, once for each Idempotency-Key."""
        self.acts += 1
        key = self.key if self.key is None or self.acts == 1 else f"{self.key} {self.acts}"
        return await self.desk.act(self.actor.at(self.address, self.device), command, key=key)

    async def ask(self, question: Any) -> Any:
        """The answer to a question; None where it is not there or not for the caller."""
        return await self.desk.query(self.actor, question)

    async def need(self, question: Any, what: str) -> Any:
        """The answer, or Refused `not-found`."""
        found = await self.ask(question)
        if found is None:
            raise Refused("missing", "not-found", f"there is no such {what}")
        return found

    def left(self) -> bool:
        """Whether the client has gone: nobody waits for the answer any more."""
        stream = getattr(self.request.connection, "stream", None)
        return stream is not None and bool(stream.closed())

    def require(self, right: str) -> None:
        """Raises Refused unless the caller has the right."""
        require(self.actor, right)


Run = Callable[[Call], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One row of the table."""

    method: str
    path: str
    run: Run
    name: str
    summary: str
    tag: str
    answers: Mapping[int, type[Struct] | Media | None]
    body: type[Struct] | None = None
    query: type[Struct] = schema.NoQuery
    who: Who = "known"
    match: bool = False
    """Takes `If-Match`."""
    upload: bool = False
    """The body is a file: multipart, or the bytes themselves."""
    large: bool = False
    """The body may hold a whole rules folder."""
    cross: bool = False
    """A shop's page may ask it from its own site."""
    right: str | None = None
    """What its caller needs, beside what the commands and questions behind it ask for."""
    also: str | None = None
    """And this."""
    slowed: bool = False
    """A question that is asked while somebody types: members and guests of one network may ask it only so often."""
    repeats: bool = True
    """Whether a request that comes again may get the first one's answer; not where nothing is changed that a question
    could not ask again, nor where the first one ends the session that asks."""
    by_itself: bool = False
    """Pages ask it without a person: it does not keep a session from ending unused."""
    errors: tuple[int, ...] = ()
    """Refusals beside those that follow from the rest of the row."""
    example: Mapping[str, Any] | None = None
    """A body that is right in itself: for the document, and for the tests that ask as a stranger."""

    @property
    def writes(self) -> bool:
        """Whether it changes something."""
        return self.method not in ("GET", "HEAD")

    def takes(self, config: Config) -> int:
        """Bytes of a body that are read."""
        if self.upload:
            return int(config["limits.upload"]) + ENVELOPE
        if self.body is None:
            return UNASKED
        if self.who == "anybody":
            return min(int(config["limits.body"]), OF_STRANGERS)
        return int(max(config["limits.body"], config["limits.rules_body"] if self.large else 0))

    @property
    def used(self) -> bool:
        """Whether a person acts by it: who changes something or types. What only shows something is asked again by
        pages that stand open, with nobody before them."""
        return (self.writes or self.slowed) and not self.by_itself

    @property
    def keyed(self) -> bool:
        """Whether it takes an Idempotency-Key."""
        return self.writes and self.who == "known" and self.repeats

    @property
    def refusals(self) -> tuple[int, ...]:
        """Every status of a problem it may answer with."""
        found = {400, 413, 422, 503, *self.errors}
        if self.who == "known":
            # With no credentials 401; a session that was ended may also be told of where nobody needs one.
            found |= {401, 403, 429}
        if "{" in self.path:
            found.add(404)
        if self.body is not None or self.upload:
            found.add(415)
        if self.writes:
            found |= {401, 403, 409, 429}
        if self.slowed:
            found.add(429)
        if self.match:
            found.add(412)
        return tuple(sorted(found - self.answers.keys()))


TABLE: Final[list[Operation]] = []


def route(
    method: str,
    path: str,
    answers: Mapping[int, type[Struct] | Media | None],
    *,
    tag: str,
    **row: Any,
) -> Callable[[Run], Run]:
    """Puts a handler into the table; its docstring's first line is the summary."""

    def add(run: Run) -> Run:
        summary = (run.__doc__ or "").strip().partition("\n")[0]
        TABLE.append(
            Operation(
                method=method, path=path, run=run, name=run.__name__, summary=summary, tag=tag, answers=answers, **row
            )
        )
        return run

    return add


def table() -> list[Operation]:
    """Every row, in the order of the rooms, then of the features."""
    rooms()
    return TABLE


def rooms() -> list[ModuleType]:
    """Where operations stand: the rooms of the machine, then the web side of every feature that has one, by name."""
    names = [f"handlers.{room}" for room in ROOMS]
    names += [f"features.{one.name}" for one in pkgutil.iter_modules(features.__path__)]
    return [importlib.import_module(f"web.{name}") for name in names]


def given(struct: Struct, *names: str) -> dict[str, Any]:
    """The fields of a body that were sent, `fields.NAME` for custom ones; `names` limits them."""
    found: dict[str, Any] = {}
    for name in names or struct.__struct_fields__:
        value = getattr(struct, name)
        if value is UNSET:
            continue
        if name == "fields":
            found.update({f"fields.{key}": item for key, item in value.items()})
        else:
            found[name] = value
    return found


def _number(text: str) -> int | None:
    """`234`, `00234` and `#00234` are the ticket 234."""
    return _whole(text.removeprefix("#"))


def _whole(text: str) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) <= 16):
        return None
    value = int(text)
    return value if 0 < value <= LARGEST_NUMBER else None


def _public_name(text: str) -> str | None:
    return text if 0 < len(text) <= 64 and all(c.isascii() and (c.isalnum() or c in "-_") for c in text) else None


def _digest(text: str) -> str | None:
    return text if re.fullmatch(r"[0-9a-f]{64}", text) else None


PARAMETERS: Final[dict[str, tuple[Callable[[str], Any], str, Mapping[str, Any]]]] = {
    "number": (
        _number,
        "A ticket's number; `234`, `00234` and `#00234` are the same.",
        {"type": "integer", "minimum": 1, "maximum": LARGEST_NUMBER},
    ),
    "message": (_whole, "A message's id.", {"type": "integer", "minimum": 1, "maximum": LARGEST_NUMBER}),
    "member": (_whole, "A member's id.", {"type": "integer", "minimum": 1, "maximum": LARGEST_NUMBER}),
    "session": (_whole, "A session's id.", {"type": "integer", "minimum": 1, "maximum": LARGEST_NUMBER}),
    "digest": (_digest, "A version's digest.", {"type": "string", "pattern": "^[0-9a-f]{64}$"}),
    "file": (_public_name, "A file's public name.", {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}),
}
"""Path parameters: how each is read (None: nothing has such a name, 404), what it is, its schema."""


def path_id(name: str, what: str) -> None:
    """Makes `{name}` in a path the id of a row; `what` says of which. Raises ValueError for a name that is taken."""
    _parameter(name, _whole, what, {"type": "integer", "minimum": 1, "maximum": LARGEST_NUMBER})


def path_name(name: str, what: str) -> None:
    """Makes `{name}` in a path what people call something: 1 to 60 characters. Raises ValueError for a name taken."""
    _parameter(name, _called, what, {"type": "string", "minLength": 1, "maxLength": 60})


def _parameter(name: str, read: Callable[[str], Any], what: str, schema: Mapping[str, Any]) -> None:
    if name in PARAMETERS:
        raise ValueError(f"the path parameter `{name}` is there already")
    PARAMETERS[name] = (read, what, schema)


def _called(text: str) -> str | None:
    """As it is kept: composed (NFC), so that one name is not two. `.` and `..` are no names: a browser drops them."""
    name = unicodedata.normalize("NFC", text)
    fits = 0 < len(name) <= 60 and name.isprintable() and name == name.strip() and name not in (".", "..")
    return name if fits else None

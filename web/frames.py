"""The messages of the sockets `/ws/chat` and `/ws/agent`: what clients send is decoded and checked by these structs,
and both directions stand in the OpenAPI document's components."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from web.people_schema import Notice
from web.schema import Author, Line, Message, Name, Short, Status, Visibility

Seq = Annotated[int, Meta(ge=0, le=9_007_199_254_740_991)]
ClientId = Annotated[str, Meta(min_length=1, max_length=100)]
Token = Annotated[str, Meta(max_length=4_000)]
Number = Annotated[int, Meta(ge=1, le=9_007_199_254_740_991)]

# --- client → server ------------------------------------------------------------------------------------------------
# Unknown fields are passed over here, so that a newer page can talk to an older desk.


class HelloPage(Struct):
    url: Annotated[str, Meta(max_length=2_000)] | None = None
    referrer: Annotated[str, Meta(max_length=2_000)] | None = None
    title: Short | None = None
    language: Annotated[str, Meta(max_length=35)] | None = None
    """The language the visitor reads (BCP 47): a new guest is spoken to in it where the shop can."""
    visits: Annotated[int, Meta(ge=1, le=1_000_000_000)] | None = None
    """Which visit it is, by this browser's own count."""


class Hello(Struct, tag_field="type", tag="hello"):
    """The first message of each connection."""

    shop: Name | None = None
    """`/ws/chat`; null where the desk has one shop."""
    token: Token | None = None
    """A session's token, or the shop's signed identity, which is taken once: `welcome.token` stands for it then."""
    visitor: Token | None = None
    """`welcome.visitor` of an earlier connection: the proof of being the same guest."""
    since: Seq = 0
    page: HelloPage | None = None


class SendMessage(Struct, tag_field="type", tag="message"):
    id: ClientId
    """The client's own; the same one again is acknowledged, not stored again."""
    text: Line = ""
    attachments: Annotated[list[Name], Meta(max_length=20)] = []
    ticket: Number | None = None
    """Agents only."""
    visibility: Visibility = "public"
    """Agents only."""


class SendTyping(Struct, tag_field="type", tag="typing"):
    ticket: Number | None = None
    visibility: Visibility | None = None
    """How the agent is about to answer: only of a public answer the member is told."""


class SendRead(Struct, tag_field="type", tag="read"):
    seq: Seq
    ticket: Number | None = None


class SendRate(Struct, tag_field="type", tag="rate"):
    score: Annotated[int, Meta(ge=1, le=5)]
    comment: Line | None = None


class SendEnd(Struct, tag_field="type", tag="end"):
    ticket: Number | None = None


class SendStatus(Struct, tag_field="type", tag="status"):
    """Agents only."""

    status: Status


class SendPing(Struct, tag_field="type", tag="ping"):
    """Is the desk there? It answers `pong` at once."""

    next: Annotated[float, Meta(ge=1, le=300)] | None = None
    """Seconds until the next one at the latest: a connection silent for longer is given up. Null: no promise."""


ClientFrame = Hello | SendMessage | SendTyping | SendRead | SendRate | SendEnd | SendStatus | SendPing

# --- server → client ------------------------------------------------------------------------------------------------


class EarlierChat(Struct):
    """The chat that ended last, of some days ago at most."""

    ticket: int
    history: list[Message]
    rating: Literal["none", "asked", "given"]
    """`asked`: still to be given; `given`: may be revised."""


class WelcomeFrame(Struct, tag_field="type", tag="welcome"):
    seq: int
    """What follows is later than this."""
    visitor: str | None = None
    token: str | UnsetType = UNSET
    """The session made of the shop's signed identity: for the next `hello`, and for requests."""
    ticket: int | None = None
    history: list[Message] = []
    longest_line: int | UnsetType = UNSET
    """Characters of one line; a chat is told, agents have it of `GET /auth/me`."""
    earlier: EarlierChat | UnsetType = UNSET
    """Where no chat is open."""


class AckFrame(Struct, tag_field="type", tag="ack"):
    id: str
    seq: int
    message: Message


class MessageFrame(Struct, tag_field="type", tag="message"):
    seq: int
    message: Message


class UnsentFrame(Struct, tag_field="type", tag="unsent"):
    """A line was taken back."""

    seq: int
    message: Message


class DraftFrame(Struct, tag_field="type", tag="draft"):
    """I have kept, sent or discarded a draft, in this tab or in another."""

    ticket: int
    visibility: Visibility
    revision: int | None
    """Null: there is none any more."""


class LaterFrame(Struct, tag_field="type", tag="later"):
    """Of my lines that wait on this ticket one came, changed or went, in this tab or in another."""

    ticket: int


class TicketFrame(Struct, tag_field="type", tag="ticket"):
    seq: int
    number: int
    changes: dict[str, Any]
    """The changed fields of a Ticket."""
    created: bool | UnsetType = UNSET
    event: str | UnsetType = UNSET
    """What happened, where no field changed: `sla.warning`, `chat.waiting` …"""


class NoticeFrame(Struct, tag_field="type", tag="notice"):
    seq: int
    notice: Notice


class QueueFrame(Struct, tag_field="type", tag="queue"):
    position: int | None | UnsetType = UNSET
    """Members: the place in the line, 1 is next; null when no longer waiting."""
    here: bool | UnsetType = UNSET
    """Members: whether anybody is there who may answer."""
    wait: tuple[int, int] | None | UnsetType = UNSET
    """Members: from how many to how many whole minutes it will likely take; null where nothing tells."""
    waiting: int | UnsetType = UNSET
    """Agents: how many wait."""


class TypingFrame(Struct, tag_field="type", tag="typing"):
    ticket: int | None
    author: Author


class PresenceAgent(Struct):
    username: str
    status: Status
    load: int | UnsetType = UNSET


class PresenceFrame(Struct, tag_field="type", tag="presence"):
    seq: int
    agent: PresenceAgent


class RulesFrame(Struct, tag_field="type", tag="rules"):
    digest: str
    seq: int | UnsetType = UNSET


class JobFrame(Struct, tag_field="type", tag="job"):
    """Long work that I began: it was begun or has ended. How far it is, `GET /api/v1/jobs/{id}` says."""

    seq: int
    id: int
    kind: str
    state: str


class RatingRequestedFrame(Struct, tag_field="type", tag="rating_requested"):
    seq: int
    ticket: int | None = None


class EndedFrame(Struct, tag_field="type", tag="ended"):
    seq: int
    ticket: int | None = None


class ResumedFrame(Struct, tag_field="type", tag="resumed"):
    """An agent has opened the ended chat again: the next line belongs to it."""

    seq: int
    ticket: int | None = None


class PongFrame(Struct, tag_field="type", tag="pong"):
    """The answer to `ping`."""


class ErrorFrame(Struct, tag_field="type", tag="error"):
    code: str
    message: str
    id: str | UnsetType = UNSET
    """Of the client's message that was refused."""
    pointer: str | UnsetType = UNSET
    retry_after: float | UnsetType = UNSET


ServerFrame = (
    WelcomeFrame
    | AckFrame
    | MessageFrame
    | UnsentFrame
    | DraftFrame
    | LaterFrame
    | TicketFrame
    | NoticeFrame
    | QueueFrame
    | TypingFrame
    | PresenceFrame
    | RulesFrame
    | JobFrame
    | RatingRequestedFrame
    | EndedFrame
    | ResumedFrame
    | PongFrame
    | ErrorFrame
)


def on_the_wire(text: bytes) -> bytes:
    """A text message as a server sends it: one frame, neither masked nor compressed (RFC 6455, 5.2)."""
    size = len(text)
    if size < 126:
        return bytes((0x81, size)) + text
    if size < 0x10000:
        return b"\x81\x7e" + size.to_bytes(2, "big") + text
    return b"\x81\x7f" + size.to_bytes(8, "big") + text


def id_of(message: str | bytes) -> str | None:
    """The client's own id in a message that was refused before it could be read."""
    if len(message) > 1_000_000:
        return None
    try:
        found = msgspec.json.decode(message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    given = found.get("id") if isinstance(found, dict) else None
    return given if isinstance(given, str) and len(given) <= 100 else None

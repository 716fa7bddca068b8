"""Everything a plugin may import: the marker of hooks and the shapes of what a plugin gives and gets.

A plugin is a module with functions marked `@hookimpl`, named as in `engine/hookspecs.py`; what they give are objects of
the shapes below. Subclass them or not: what counts is that the names are there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol, runtime_checkable

import pluggy

from engine.core.changes import Set, Tag, Untag
from engine.core.entities import Case

hookimpl = pluggy.HookimplMarker("engine")
"""Marks a function of a plugin as the implementation of the hook of the same name."""


# --------------- storage

Part = tuple[tuple[str, ...], bool]
"""A phrase of search tokens; True when its last token is a prefix."""


@runtime_checkable
class SearchIndex(Protocol):
    """A full-text index of one name, over tokens that the store has made."""

    def ensure(self) -> None:
        """Makes the index's tables where they are missing."""

    def put(self, id: int, tokens: Sequence[str]) -> None:
        """Adds a row, inside the running transaction."""

    def remove(self, id: int, tokens: Sequence[str]) -> None:
        """Takes a row out; `tokens` are those it was put with."""

    def ids(self, after: int, limit: int) -> list[int]:
        """The rows that are in the index, after an id, in order: for `engine doctor`."""

    def matching(self, parts: Sequence[Part]) -> Any:
        """A peewee select of one column `id`: rows that hold every phrase."""


@runtime_checkable
class Storage(Protocol):
    """What differs between databases, and nothing else; the writer thread and the readers are the store's."""

    database: Any
    """A peewee `Database` with a connection for each thread."""
    alone: bool
    """One server only may work on it, whose lock is a file of ours, `beside(name)`; False where several share it."""
    fleeting: bool
    """It is gone when it is closed."""
    name: str
    """What it is called to people: `sqlite` …"""

    def exists(self) -> bool:
        """False where opening the database would only now make it."""

    def begin(self, read: bool = False) -> None:
        """Begins a transaction on this thread's connection: one that writes, or one unchanging picture to read."""

    def retryable(self, error: BaseException) -> bool:
        """True for deadlocks, serialization failures and busy locks: the same work may succeed when run again."""

    def lock(self, name: str) -> AbstractContextManager[None]:
        """Held by one process at a time; waits for it. Raises TimeoutError."""

    def index(self, name: str) -> SearchIndex:
        """The search index of this name."""

    def troubles(self) -> list[str]:
        """What the database's own checks find wrong, for `engine doctor`."""

    @property
    def looked_at(self) -> str:
        """What `troubles` looks at here, as it is told where it finds nothing."""

    def size(self) -> int:
        """Bytes that the database takes; uploaded files are not among them."""

    def copy_before(self, migration: str) -> Path | None:
        """A copy beside the original before a migration, where that is how this database is copied; else None."""

    def backup(self, to: Path) -> None:
        """A consistent copy of everything, while others write."""

    def close(self) -> None:
        """Closes every connection."""


@runtime_checkable
class Blobs(Protocol):
    """Uploaded bytes by digest (sha-256, hex)."""

    def put(self, stream: BinaryIO, limit: int) -> tuple[str, int]:
        """Stores the bytes; gives digest and size. Raises ValueError when there are more than `limit`."""

    def open(self, digest: str) -> BinaryIO:
        """The bytes. Raises FileNotFoundError."""

    def link(self, digest: str) -> Path | str | None:
        """A local path or an address from which a front server may send the bytes; None where there is none."""

    def delete(self, digest: str) -> None:
        """Removes the bytes; an unknown digest is no error."""

    def digests(self) -> Iterator[str]:
        """Of all bytes that are there: for `engine doctor`."""


class Bus(Protocol):
    """Wakes the processes of one desk. What is lost costs a second, never an event: all read the log."""

    def publish(self, topic: str, ids: Sequence[int]) -> None:
        """Tells everybody who subscribed, this process included. Called after a commit; must not wait."""

    def subscribe(self, topics: Iterable[str], hear: Callable[[str, Sequence[int]], None]) -> Callable[[], None]:
        """Calls `hear(topic, ids)` from now on; gives a function that ends it."""

    def close(self) -> None:
        """Ends the bus."""


# --------------- channels


@dataclass(frozen=True, slots=True)
class Can:
    """What a channel carries, and what it promises."""

    attachments: bool = False
    html: bool = False
    refuses_twins: bool = False
    """The outside refuses a second send with the same key: what may have left before a crash may go again."""
    live: bool = False
    """Both sides are there at once; the event log is the delivery and the outbox is not used."""
    takes_back: bool = False
    """A line that was sent can be taken back. `send` is then called with an empty text; `body` has, as
    `take_back`, what the outside calls the line."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """Something that came in. (`channel`, `account`, `external_id`) is unique for ever: the same again changes nothing.

    Where it goes: into the case that `reply_token` proves, or that `reply_to` and `references` name, if it is the
    sender's; else a letter (its sender is known by `email`) begins a case, and a line of a running conversation goes on
    in the sender's open one.

    A telephone exchange says of one call, by its `external_id`, `event="call.ringing"`, then `call.answered` and
    `call.ended`, or `call.missed`; `sender` has the other side's `phone`, `values` may have `direction` (inbound,
    outbound), `to` (the desk's own number), `agent` (username) and `result`; `text` is empty.
    """

    channel: str
    external_id: str
    sender: Mapping[str, str]
    """Identity kind to value (`{"email": "ming@example.org"}`), with `name` if known. An id that another house gave
    out (`line`, `wechat`) holds within `account`, and the channel hands it over only when it has checked that it comes
    from there: signature, time, application."""
    text: str
    at: int
    """Microseconds UTC by the outside's clock; kept as a fact, never used for order."""
    shop: str | None = None
    account: str = ""
    subject: str = ""
    html: str | None = None
    files: tuple[str, ...] = ()
    """Public names of files stored through `Blobs`."""
    automatic: bool = False
    reply_to: str | None = None
    """The external id of the line this answers."""
    references: tuple[str, ...] = ()
    """External ids of the conversation that it says it belongs to, the nearest first."""
    reply_token: str | None = None
    """`Outbound.reply_token`, where it came back: in the address that the line was sent to."""
    verified: tuple[str, ...] = ()
    """Which of the sender's `email`, `phone` and `account` are proved (a mail: its domain signed or allowed it). One
    that is not is never taken for the member's: the line is a guest's of that address."""
    event: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outbound:
    """Something to send. `key` is the same at every try: a channel that can hands it on to refuse duplicates."""

    key: str
    channel: str
    ticket_number: int | None
    recipient: Mapping[str, str]
    text: str
    body: Mapping[str, Any] = field(default_factory=dict)
    subject: str = ""
    html: str | None = None
    files: tuple[Mapping[str, Any], ...] = ()
    tries: int = 0
    account: str = ""
    """Of the channel's accounts the one by which the case came, and by which this is to go."""
    reply_token: str | None = None
    """What proves that an answer belongs to the case: to stand in the address that answers go to."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a send ended. `uncertain`: it may have left; only a person sends it again."""

    state: Literal["sent", "failed", "uncertain"]
    external_id: str | None = None
    error: str | None = None
    permanent: bool = False
    """A failure that no later try can mend."""
    retry_after: int | None = None
    """Microseconds the outside asked us to wait."""


Receive = Callable[[Inbound], Awaitable[Any]]
"""What a channel calls for each thing that came in; returns when it is stored."""


class Channel(Protocol):
    """A way in and out."""

    name: str
    can: Can

    async def listen(self, receive: Receive) -> None:
        """Runs while the desk runs, calling `receive` for what comes in; ends when cancelled."""

    async def send(self, outbound: Outbound) -> Delivery:
        """Sends one thing. Raises only for what is a mistake of the channel itself: that counts as `uncertain`."""


# --------------- people and notices


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom an authenticator recognised."""

    kind: Literal["agent", "member"]
    id: int
    verified: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    once: str | None = None
    """For credentials that are good once: what tells them from all others, however they are spelled."""
    until: int | None = None
    """When those are good no more, µs UTC."""


class Authenticator(Protocol):
    """A way to sign in."""

    name: str
    audience: Literal["agent", "member"]

    async def authenticate(self, credentials: Mapping[str, Any]) -> Identity | None:
        """The person, or None when these are not credentials of this kind or not right."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a notice is for, with what is known to reach them."""

    kind: Literal["agent", "address"]
    id: int = 0
    name: str = ""
    locale: str = "zh-TW"
    addresses: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notice:
    """What is told."""

    key: str
    text: str
    subject: str = ""
    ticket_number: int | None = None


class Notifier(Protocol):
    """A way to tell somebody something outside a conversation."""

    name: str

    async def notify(self, recipient: Recipient, notice: Notice) -> Delivery:
        """Tells it once; `notice.key` is the same at every try."""


# --------------- words of the rules language


@dataclass(frozen=True, slots=True)
class Function:
    """A pure function rules may call; types and manual come from its signature and docstring."""

    name: str
    call: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Doing:
    """What an action that is carried out after the commit is told of, beside its arguments."""

    key: str
    """The same at every try: hand it on where the outside refuses duplicates."""
    ticket_number: int | None
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Action:
    """Something rules may do: `do shop.coupon(amount: 50)`. Types of the arguments, and which may be left out, come
    from the signature, the manual from the docstring.

    A plain function gets the `Case` and the arguments and gives changes: `Tag`, `Untag`, or `Set` of what rules may
    write, for the ticket or member at hand. It is pure: no clock, no network, no database. An `async` one gets a
    `Doing` and the arguments, runs after the commit, and gives a `Delivery`, or nothing where all went well.
    """

    name: str
    """With a dot: `shop.coupon`."""
    call: Callable[..., Any]
    commutes: bool = True
    """False: two rules that want it with different arguments are a conflict."""
    refuses_twins: bool = False
    """The outside refuses a second try with the same key: what may have happened before a crash may be tried again."""


@dataclass(frozen=True, slots=True)
class Permission:
    """A right, and the roles that have it where `roles.yaml` says nothing."""

    name: str
    title: Mapping[str, str]
    roles: tuple[str, ...] = ()


__all__ = [
    "Action",
    "Authenticator",
    "Blobs",
    "Bus",
    "Can",
    "Case",
    "Channel",
    "Delivery",
    "Doing",
    "Function",
    "Identity",
    "Inbound",
    "Notice",
    "Notifier",
    "Outbound",
    "Part",
    "Permission",
    "Receive",
    "Recipient",
    "SearchIndex",
    "Set",
    "Storage",
    "Tag",
    "Untag",
    "hookimpl",
]

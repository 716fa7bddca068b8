"""The nine primitive changes: all that storage needs to know of what the desk can do.

A decision is a list of them. References to rows not stored yet are negative; storage replaces them as it goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from engine.core.entities import AuthorKind, Visibility
from engine.core.purposes import WINDOW
from engine.core.values import Struct

Thing = Literal[
    "ticket", "chat", "member", "agent", "clock", "rating", "notification", "rule_use", "block", "link", "call",
    "follower", "message", "task",
]  # fmt: skip
TimerKind = Literal["rule", "sla", "silence", "say", "task"]


class Create(Struct, frozen=True):
    """A new row. `values` are the entity's attributes (nouns by name, agents by username).

    A chat and a clock belong to a ticket: their `ref` is the ticket's. A notification's `agent` is a username. A
    rating has ticket, member, score, comment, at; a rule_use has rule, scope, key, at; a block has member, until, why,
    rule; a link has from, to, kind. A task is made and changed by (ticket, its number there).
    """

    thing: Thing
    ref: int
    values: Mapping[str, Any]


class Set(Struct, frozen=True):
    """New values of attributes of one row; `fields.NAME` for a custom field. Clocks are addressed by (ticket, target).

    Tasks are addressed by (ticket, number); followers by (ticket, username), whose one value is `follows`: false takes
    them away.
    A member's blocks are addressed by the member. On a ticket it always counts up `version` and sets `updated_at`, with
    no values too (tags follow as Tag and Untag).
    """

    thing: Thing
    ref: int
    values: Mapping[str, Any]
    key: str = ""
    """The clock's target, the follower's username, the task's number; empty for other things."""


class Say(Struct, frozen=True):
    """A line or note of a conversation."""

    ref: int
    ticket: int
    author_kind: AuthorKind
    text: str
    at: int
    author_id: int | None = None
    shown_as: str = ""
    visibility: Visibility = "public"
    direction: Literal["inbound", "outbound"] = "outbound"
    automatic: bool = False
    channel: str = WINDOW
    language: str | None = None
    attachments: tuple[str, ...] = ()
    """Public names of uploaded files."""
    rule: str | None = None
    template: str | None = None
    client_key: str | None = None
    external_id: str | None = None
    account: str = ""
    html: str | None = None
    reply_to: str | None = None
    sender: Mapping[str, Any] = {}
    """See `Arrival`."""


class Tag(Struct, frozen=True):
    """Tags added to a ticket or member; those it has already are no change."""

    thing: Literal["ticket", "member"]
    ref: int
    names: tuple[str, ...]


class Untag(Struct, frozen=True):
    """Tags taken off a ticket or member."""

    thing: Literal["ticket", "member"]
    ref: int
    names: tuple[str, ...]


def tags_after(tags: tuple[str, ...], change: Tag | Untag) -> tuple[str, ...]:
    """What somebody's tags are after a change."""
    if isinstance(change, Tag):
        return tags + tuple(tag for tag in change.names if tag not in tags)
    return tuple(tag for tag in tags if tag not in change.names)


class Timer(Struct, frozen=True):
    """A moment to come. One of a name for a ticket: setting it again moves it."""

    ticket: int
    name: str
    due_at: int
    kind: TimerKind
    body: Mapping[str, Any] = {}


class ClearTimer(Struct, frozen=True):
    """The timer is no longer wanted; unknown names are no error."""

    ticket: int
    name: str


class Enqueue(Struct, frozen=True):
    """Something that leaves the desk after commit, once. Storage gives it the key that tells channels a duplicate."""

    channel: str
    ticket: int | None
    message: int | None
    due_at: int
    body: Mapping[str, Any] = {}


class Record(Struct, frozen=True):
    """Something that happened, for the one log: history, sockets and audit read it.

    `body` holds ids, plain values, digests of personal ones. `{"message": ref}` refers to a Say of the same decision.
    """

    kind: str
    body: Mapping[str, Any] = {}
    ticket: int | None = None
    member: int | None = None


Change = Create | Set | Say | Tag | Untag | Timer | ClearTimer | Enqueue | Record

"""The shapes of what hangs on a line or a case, and of from where a chat was begun."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType


class Visit(Struct):
    """From where a chat was begun. Without the right `member.personal` address and browser read `•••`."""

    page: str | None
    title: str | None
    referrer: str | None
    device: str | None
    language: str | None
    browser: str | None
    address: str | None
    visits: int | None
    """Which visit of this browser it was, by its own count."""


class Attachment(Struct):
    id: str
    name: str
    media_type: str
    size: int


class Unsent(Struct):
    at: str
    by: str | None | UnsetType = UNSET
    """Staff: who took the line back."""


class RuleSource(Struct):
    title: str | None
    file: str
    line: int


class Sender(Struct):
    """What is known of who sent a line, beside whom it is taken for."""

    verified: bool
    """Whether the address was proved; a line of one that was not is a guest's."""
    agent_address: bool | UnsetType = UNSET
    """True: it is a colleague's address, which makes it no colleague's line."""
    refers_to: int | UnsetType = UNSET
    """The number of a case that the line says it answers, and that is not the sender's."""


class Mention(Struct):
    username: str
    told: bool
    """False: may not see the ticket, and so hears nothing of it."""


class TakenIn(Struct):
    """A ticket that was merged into this one: its lines stand among these."""

    number: int
    subject: str
    member: str | None
    """The name of its member, where that is another one."""


class LinkedTicket(Struct):
    """A case beside this one."""

    id: int
    """Of the link."""
    number: int
    kind: str
    subject: str
    state: str
    category: Literal["open", "pending", "closed"]
    link: str
    """What the link is: `parent`, `related`, `duplicate`; `split`; or the kind of the case that a rule opened."""
    origin: bool
    """True where it comes from the other one: that is the parent, the duplicate, or was there before."""
    by_hand: bool
    """It can be taken away again."""
    created_at: str

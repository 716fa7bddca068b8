"""The shapes of who follows a ticket, and of what agents are told."""

from __future__ import annotations

from msgspec import Struct

from engine.desk import NoticeKind
from web.schema import Time


class Followers(Struct):
    followers: list[str]
    """Usernames, who began first the first."""


class Notice(Struct):
    id: int
    at: Time
    text: str
    """In the language of the agent's account."""
    texts: dict[str, str]
    """By language of the shop; empty where it reads the same in all of them."""
    ticket: int | None
    rule: str | None
    kind: NoticeKind
    read: bool

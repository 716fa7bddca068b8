"""The shapes of colleagues and teams."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from web.schema import Body, Label, Status


class Agent(Struct):
    username: str
    name: str
    alias: str
    teams: list[str]
    skills: list[str]
    roles: list[str]
    shops: list[str]
    status: Status
    load: int
    capacity: int
    keys: list[str]
    """What a Chinese name is found by: its pinyin, and the initials."""
    assignable: bool
    """May see tickets, so one may be given to them."""


class AgentPatch(Body):
    capacity: Annotated[int, Meta(ge=0, le=200)]
    """Live chats at once; 0: none."""


class Team(Struct):
    name: str
    label: Label
    shops: list[str]
    agents: list[str]
    open: int
    waiting: int


class AgentPage(Struct):
    items: list[Agent]
    next: str | None = None


class TeamPage(Struct):
    items: list[Team]
    next: str | None = None

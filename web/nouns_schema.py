"""The shapes of what a desk knows by name: its shops, kinds, types, states, fields."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from web.schema import Label


class Noun(Struct):
    name: str
    label: Label
    colour: str | None = None
    group: str | None = None


class State(Struct):
    kind: str
    name: str
    label: Label
    colour: str | None
    category: Literal["open", "pending", "closed"]


class FieldInfo(Struct):
    name: str
    """`ticket.amount`."""
    type: str
    label: Label
    group: str | None
    """The heading it is shown under."""
    hint: Label
    """What is told beside it to who fills it in."""
    optional: bool
    personal: bool
    values: list[Noun] | None = None


class Nouns(Struct):
    """GET /api/v1/nouns: all that screens need to show names of the rulebook."""

    digest: str
    shops: list[Noun]
    locales: list[str]
    kinds: list[Noun]
    types: list[Noun]
    tiers: list[Noun]
    priorities: list[Noun]
    """Lowest first."""
    teams: list[Noun]
    skills: list[Noun]
    tags: list[Noun]
    calendars: list[Noun]
    policies: list[Noun]
    """What is promised: the policies of service times, first first."""
    states: list[State]
    fields: list[FieldInfo]

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
    category: Literal["open", "pending", "closed"]


class FieldInfo(Struct):
    name: str
    """`ticket.amount`."""
    type: str
    label: Label
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
    states: list[State]
    fields: list[FieldInfo]

"""The shapes of what a desk knows by name: its shops, kinds, types, states, fields."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from web.schema import Label, Query


class Noun(Struct):
    name: str
    label: Label
    colour: str | None = None
    group: str | None = None


class Kind(Noun):
    """A kind of ticket."""

    internal: bool = False
    """Its member sees nothing of it."""
    by_hand: bool = True
    """False: chats and calls begin by themselves."""
    usual: bool = False
    """What is opened where nobody says which."""


class ShopNoun(Noun):
    ratings: list[Label] = []
    """What its ratings are called, from 1 point to 5; empty: as the screens call them."""


class WidgetLook(Struct):
    """How a shop's chat window looks."""

    colour: str | None
    """`#rrggbb`; null: the desk's own."""
    position: Literal["left", "right"]
    ratings: list[Label]
    """What the ratings are called, from 1 point to 5; empty: as the window calls them."""
    upload: int
    """Bytes that a file may have."""


class WidgetQuery(Query):
    shop: Annotated[str, Meta(max_length=100)] | None = None
    """Without it the only shop of the desk."""


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
    members: bool
    """Whether a member may fill it in when he opens a case."""
    values: list[Noun] | None = None


class Nouns(Struct):
    """GET /api/v1/nouns: all that screens need to show names of the rulebook."""

    digest: str
    shops: list[ShopNoun]
    locales: list[str]
    kinds: list[Kind]
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

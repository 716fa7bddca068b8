"""What a field is read from: a case under decision, as the rulebook and its fields see it.

`engine.core.draft.Draft` is one. Said here, so that neither the rulebook nor its fields know how a decision is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from engine.core.access import Role
from engine.core.calendar import Calendar
from engine.core.entities import Agent, Call, Case, Chat, Member, Message, Ticket
from engine.core.library import Answer


class Places(Protocol):
    """The shops of a rulebook, as far as fields ask for them."""

    @property
    def locales(self) -> tuple[str, ...]:
        """Every language some shop speaks."""

    @property
    def roles(self) -> Mapping[str, Role]:
        """What each role may do."""

    def zone(self, shop: str) -> ZoneInfo:
        """The shop's time zone."""

    def spoken(self, shop: str, locale: str = "") -> str:
        """A language for colleagues."""

    def calendar_of(self, shop: str, team: str | None) -> Calendar:
        """The working hours of a team, else of the shop."""


class View(Protocol):
    """A case under decision, at one moment of it."""

    extra: dict[str, Any]
    """Fields that the event brought."""
    given: dict[str, Any]

    @property
    def book(self) -> Places:
        """The rulebook that decides."""

    @property
    def case(self) -> Case:
        """What the decision started from."""

    @property
    def now(self) -> int:
        """The moment of the decision, µs UTC."""

    @property
    def shop(self) -> str:
        """The shop it is about."""

    @property
    def ticket(self) -> Ticket | None:
        """The ticket as it stands."""

    @property
    def member(self) -> Member | None:
        """Its member as it stands."""

    @property
    def message(self) -> Message | None:
        """The line that was just written."""

    @property
    def agent(self) -> Agent | None:
        """The ticket's assignee, or the agent the event is about."""

    @property
    def chat(self) -> Chat | None:
        """Its chat."""

    @property
    def call(self) -> Call | None:
        """Its call."""

    def fits(self) -> tuple[Answer, ...]:
        """The answers of the library that fit the line."""

    def calendar(self) -> Calendar:
        """The calendar of the ticket's team, else the shop's."""

    def find_agent(self, username: str) -> Agent | None:
        """An agent of the shop."""


Getter = Callable[[View], Any]
"""How a field is read."""

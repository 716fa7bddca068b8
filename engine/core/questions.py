"""What screens and programs ask of the desk, as data. `Desk.query` answers with dictionaries in the API's shapes."""

from __future__ import annotations

from dataclasses import dataclass

from engine.core.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class Tickets:
    """A page of tickets.

    `filter` is an expression of the rules language; `view` one of mine, unassigned, all, overdue, waiting.
    """

    filter: str | None = None
    view: str | None = None
    q: str | None = None
    """Number, member's name, or order number."""
    sort: str = "-updated_at"
    limit: int = 50
    cursor: str | None = None
    count: bool = False


@dataclass(frozen=True, slots=True)
class CheckFilter:
    """Whether a list can be filtered by this; answers nothing and counts nothing. Raises Refused where it cannot."""

    filter: str


@dataclass(frozen=True, slots=True)
class TicketByNumber:
    """One ticket, or None where it is not there or not for the actor.

    `links`: staff also gets the cases opened beside it, and the one it was opened beside itself, who follows it, and of
    a chat from where it was begun.
    """

    number: int
    links: bool = False


@dataclass(frozen=True, slots=True)
class Messages:
    """Lines of a ticket, oldest first; `before` and `after` are message ids."""

    number: int
    before: int | None = None
    after: int | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Scheduled:
    """Lines that wait to be sent on a ticket, the next first, and the actor's own that could not be sent."""

    number: int


@dataclass(frozen=True, slots=True)
class Trace:
    """Why the ticket is as it is: every decision about it, newest first."""

    number: int
    event: int | None = None
    nearly: bool = True
    rule: str | None = None
    """Only this rule, in every decision: also why it did not act."""


@dataclass(frozen=True, slots=True)
class Events:
    """The history of a ticket, oldest first, from an event id."""

    number: int
    since: int = 0
    limit: int = 200
    kinds: tuple[str, ...] = ()
    """Only these; empty: all."""


@dataclass(frozen=True, slots=True)
class Transitions:
    """Transitions the actor may raise on the ticket now."""

    number: int


@dataclass(frozen=True, slots=True)
class TicketNumbers:
    """The numbers of all tickets that filter, view and words find and the actor sees, at most so many, by number."""

    filter: str | None = None
    view: str | None = None
    q: str | None = None
    most: int = 20_000


@dataclass(frozen=True, slots=True)
class History:
    """What people and rules did with a ticket, newest first, for staff."""

    number: int
    limit: int = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class TicketTasks:
    """The sub-tasks of a ticket, in their order."""

    number: int


@dataclass(frozen=True, slots=True)
class MyTasks:
    """The actor's own open sub-tasks, what is due first first."""


@dataclass(frozen=True, slots=True)
class Nudges:
    """How often a ticket was nudged, when last, and from when on the actor may."""

    number: int


@dataclass(frozen=True, slots=True)
class Links:
    """Tickets linked with a ticket."""

    number: int


@dataclass(frozen=True, slots=True)
class Repeats:
    """Open tickets that may tell the same trouble as a ticket (重複進線)."""

    number: int


@dataclass(frozen=True, slots=True)
class Views:
    """The actor's views with their counts (at most 10,000)."""


@dataclass(frozen=True, slots=True)
class Members:
    """Members by name; by account or contact for who may see these."""

    q: str | None = None
    shop: str | None = None
    limit: int = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class MemberById:
    """One member with identities (masked unless allowed) and past tickets."""

    member_id: int


@dataclass(frozen=True, slots=True)
class Agents:
    """Agents with status and load."""


@dataclass(frozen=True, slots=True)
class Teams:
    """Teams with members and open work."""


@dataclass(frozen=True, slots=True)
class Sessions:
    """The actor's own live sessions."""


@dataclass(frozen=True, slots=True)
class Search:
    """Lines and tickets that hold the words, newest first."""

    q: str
    limit: int = 20
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Nouns:
    """Types, tiers, teams, states … with labels and colours, for screens."""


@dataclass(frozen=True, slots=True)
class WidgetLook:
    """How a shop's chat window looks, before it is opened; without a `shop` that of the only one."""

    shop: str | None = None


@dataclass(frozen=True, slots=True)
class Me:
    """The actor's own `user`, with presence or tier as it is now."""


@dataclass(frozen=True, slots=True)
class WhoIs:
    """The actor behind a session's token or a visitor's proof; None when nobody. `used`: a person acts now, which keeps
    the session from ending unused."""

    token: str | None = None
    visitor: str | None = None
    shop: str | None = None
    used: bool = False


@dataclass(frozen=True, slots=True)
class Notes:
    """What an operator should know of, though work goes on: a plugin that does not answer, a clock that was set."""


@dataclass(frozen=True, slots=True)
class StoreTrouble:
    """Why nothing can be stored at the moment; None where all is well. It is tried, not more often than needed."""


@dataclass(frozen=True, slots=True)
class ReplyGiven:
    """The reply that the actor's request got the first time it came under this `Idempotency-Key`; None: it is new."""

    key: str
    digest: str


@dataclass(frozen=True, slots=True)
class OpenChatOf:
    """The number and the last lines of the actor's open chat in a shop, for `welcome`; where none is open, of the one
    that ended last."""

    shop: str
    limit: int = 50


@dataclass(frozen=True, slots=True)
class QueuePlace:
    """The place of a waiting chat in its line (1 is next), whether anybody is there to serve it, and from how many to
    how many minutes it will likely wait, where that can be told."""

    number: int


@dataclass(frozen=True, slots=True)
class FileById:
    """An upload the actor may read: name, media type, bytes."""

    id: str


@dataclass(frozen=True, slots=True)
class RulesState:
    """The rulebook in force, its files, and findings of the last load that failed."""


@dataclass(frozen=True, slots=True)
class RulesTexts:
    """The texts of a rulebook that is or was in force, by its digest."""

    digest: str


@dataclass(frozen=True, slots=True)
class RulesVersions:
    """What was put in force, newest first: when, by whom, why, and which files changed."""

    limit: int = 20
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class RulesStatistics:
    """How often each rule acted and lost in the last `days`, and how long it takes to ask."""

    days: int = 30


@dataclass(frozen=True, slots=True)
class DryRun:
    """What an edited rulebook would have decided on a ticket's recorded decisions, beside what was decided."""

    book: Rulebook
    number: int
    event: int | None = None
    """Only the decision of this event."""


@dataclass(frozen=True, slots=True)
class DryRunLine:
    """What the member's next line on a ticket would lead to now, under the rules in force and an edited rulebook."""

    book: Rulebook
    number: int
    text: str

"""What people want of two tickets: one goes on in another, lines become a ticket of their own, two are linked.

Commands as those of `engine.core.commands`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LinkKind = Literal["parent", "child", "related", "duplicate"]
"""What the ticket is to the other one."""


@dataclass(frozen=True, slots=True)
class MergeTicket:
    """A ticket goes on in another: it keeps number and lines, is closed, and points there."""

    number: int
    into: int
    note: str = ""
    """For colleagues; it stands in the case that goes on."""
    confirm: bool = False
    """Whether two members' tickets are to be merged all the same."""
    if_version: int | None = None


@dataclass(frozen=True, slots=True)
class UnmergeTicket:
    """A merged ticket is one of its own again, as it was."""

    number: int
    if_version: int | None = None


@dataclass(frozen=True, slots=True)
class SplitTicket:
    """Lines of a ticket become a ticket of their own, of the same member: moved, not copied."""

    number: int
    messages: tuple[int, ...]
    subject: str
    kind: str | None = None
    """None: the ticket's own."""
    type: str | None = None
    """None: the ticket's own."""


@dataclass(frozen=True, slots=True)
class LinkTickets:
    """A ticket is another one's parent, child or duplicate, or has to do with it."""

    number: int
    to: int
    kind: LinkKind


@dataclass(frozen=True, slots=True)
class UnlinkTickets:
    """A link that people made is taken away."""

    number: int
    link_id: int


@dataclass(frozen=True, slots=True)
class KeepApart:
    """Those that are told as the same trouble as a ticket are not (另開): nobody is asked again."""

    number: int


# --- what follows by itself ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TakeIn:
    """A ticket has been merged into this one. `waiting_since`: since when its member waits, where that is this one's
    member too; `back`: it is one of its own again."""

    number: int
    note: str = ""
    waiting_since: int | None = None
    back: bool = False


@dataclass(frozen=True, slots=True)
class LinesGone:
    """Lines of this ticket are another's from now on: `number`. What is left of it waits since `waiting_since`, and
    has `replies` answers, the first at `first_replied_at`."""

    number: int
    lines: int
    waiting_since: int | None
    replies: int
    first_replied_at: int | None

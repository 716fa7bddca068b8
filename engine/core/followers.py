"""Who follows a ticket: agents who want to hear of it though it is not theirs."""

from __future__ import annotations

from engine.core.view import View

FOLLOWERS = "ticket.followers"


def followers(draft: View) -> tuple[str, ...]:
    """The usernames of those who follow the ticket of a draft.

    Asked of the store only here, so that a decision in which nobody wants to know costs nothing.
    """
    known: tuple[str, ...] | None = draft.extra.get(FOLLOWERS)
    if known is not None:
        return known
    ticket = draft.ticket
    return draft.case.lookups.followers(ticket.id) if ticket is not None and ticket.id > 0 else ()

"""The end of a row of timers or lost lines that bring each other on: noted at the ticket, and told to who can mend the
rules."""

from __future__ import annotations

from engine.core.access import permissions_of
from engine.core.draft import Draft
from engine.core.notices import notify
from engine.lang import LIMITS
from engine.lang.said import say

AGAIN = say("timers or undelivered lines brought each other on too often")
"""Why an action did nothing."""
TOLD = "rules.edit"
"""The right of those who are told of it."""


def end(draft: Draft, timer: str, rule: str) -> None:
    """Notes that a rule's timer is not started any more, or its line not said, in the ticket's history, and tells who
    can mend the rule; once a row, which may have spread."""
    known, ticket = f"{rule} stopped", str(draft.need_ticket().number)
    since = (draft.chain.since or draft.now) - 1
    if any(use.values["rule"] == known for use in draft.uses):
        return
    if draft.case.lookups.rule_uses(known, "ticket", ticket, since):
        return
    draft.use(known, "ticket", ticket)  # no rule has such a name
    draft.record("timer.stopped", {"name": timer, "rule": rule, "timers": draft.chain.count})
    message = say(
        "the rule {rule} brought itself on again and again ({count} within the hour), by timers or by lines that "
        "could not be delivered, and was stopped at this ticket; let a condition or a `limit` end it",
        f"`{rule}`",
        LIMITS.chain_timers,
    )
    texts = {locale: message.spoken(locale) for locale in draft.book.shops[draft.shop].locales}
    for agent in draft.roster():
        if TOLD in permissions_of(draft.book.roles, agent.roles):
            notify(draft, agent, texts, rule)


def said_out(draft: Draft) -> bool:
    """Whether the row of timers and lost lines that led here has said as many lines as it may: each may be answered by
    several. Only rows that go round are counted, so nothing is looked up for the others."""
    since, ticket = draft.chain.since, draft.ticket
    if since is None or draft.chain.count == 0 or ticket is None or ticket.id < 0:
        return False
    return draft.case.lookups.rule_lines(ticket.id, since) + len(draft.replies) >= LIMITS.chain_timers

"""The end of a row of timers that set each other off: noted at the ticket, and told to who can mend the rules."""

from __future__ import annotations

from engine.core.access import permissions_of
from engine.core.draft import Draft
from engine.core.notices import notify
from engine.lang.said import say

TOLD = "rules.edit"
"""The right of those who are told of it."""


def end(draft: Draft, timer: str, rule: str) -> None:
    """Notes that a rule's timer is not started any more, in the ticket's history, and tells who can mend the rule."""
    draft.record("timer.stopped", {"name": timer, "rule": rule, "timers": draft.chain.count})
    message = say(
        "the rule {rule} set timers off again and again ({count} within the hour) and was stopped at this ticket; "
        "let a condition or a `limit` end it",
        f"`{rule}`",
        draft.chain.count,
    )
    texts = {locale: message.spoken(locale) for locale in draft.book.shops[draft.shop].locales}
    for agent in draft.roster():
        if TOLD in permissions_of(draft.book.roles, agent.roles):
            notify(draft, agent, texts, rule)

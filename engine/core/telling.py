"""How a case is told to people: in which language, and its values with the rulebook's labels."""

from __future__ import annotations

from typing import Any

from engine.core.hours import hours_in_words
from engine.core.rulebook import Rulebook
from engine.core.view import View


def locale_of(book: Rulebook, draft: View) -> str:
    """The language a member is spoken to in: the ticket's, else the member's, if the shop speaks it."""
    spoken = book.shops[draft.shop].locales
    for asked in (
        draft.ticket.language if draft.ticket else None,
        draft.member.language if draft.member else None,
    ):
        if asked in spoken:
            return asked
    return spoken[0]


def shown(book: Rulebook, name: str, value: Any, draft: View, locale: str) -> Any:
    """A field's value as a text shows it: labels instead of names, a local time instead of µs."""
    spec = book.fields[name][0]
    if value is None:
        return None
    if name == "shop.hours":
        return hours_in_words(book.calendar_of(draft.shop, None), locale)
    if name == "ticket.number":
        return f"#{value:05d}"
    if name in ("ticket.type", "ticket.priority", "member.tier"):
        nouns = {"ticket.type": book.types, "ticket.priority": book.priorities, "member.tier": book.tiers}[name]
        noun = nouns.get(value)
        return noun.label.get(locale, value) if noun else value
    if name == "ticket.state" and draft.ticket is not None:
        state = book.lifecycles[draft.ticket.kind].states.get(value)
        return state.label.get(locale, value) if state else value
    if name in ("ticket.team", "task.team"):
        team = book.teams.get(value)
        return team.label.get(locale, value) if team else value
    if name in ("ticket.assignee", "follower.agent", "task.assignee", "task.by"):
        agent = draft.find_agent(value)
        return (agent.alias or agent.name) if agent else value
    if name in ("shop.name", "ticket.shop", "member.shop"):
        shop = book.shops.get(value)
        return shop.label.get(locale, value) if shop else value
    if spec.type.kind == "list":
        return "、".join(value) if locale.startswith("zh") else ", ".join(value)
    return value

"""What an agent is told inside the desk, by a rule or by the desk itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.core.changes import Create
from engine.core.draft import Draft
from engine.core.entities import Agent

_IN_EVENT = 500
"""Characters of a text that its event has, for the bell; the row has all of it."""


def notify(draft: Draft, agent: Agent, texts: Mapping[str, str], rule: str | None) -> None:
    """Tells an agent something; the same text once a decision.

    `texts`: what is told, by language of the shop. All are kept: who changes the language reads it in the new one.
    """
    text = texts[draft.book.spoken(draft.shop, agent.locale)]
    told: dict[str, Any] = {"agent": agent.username, "text": text, "rule": rule}
    if len(set(texts.values())) > 1:
        told["texts"] = dict(texts)
    values = {**told, "ticket": draft.ticket_ref, "shop": draft.shop}
    if any(one.values == values for one in draft.notices):
        return
    created = Create("notification", draft.ref(), values)
    draft.notices.append(created)
    draft.log.append(created)
    told["text"] = text[:_IN_EVENT]
    if "texts" in told:
        told["texts"] = {locale: one[:_IN_EVENT] for locale, one in texts.items()}
    draft.record("notice.created", {"notice": created.ref, **told})

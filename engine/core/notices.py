"""What an agent is told inside the desk, by a rule or by the desk itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, get_args

from engine.core.changes import Create
from engine.core.draft import Draft
from engine.core.entities import Agent
from engine.lang.checked import EventRef

_IN_EVENT = 500
"""Characters of a text that its event has, for the bell; the row has all of it."""


NoticeKind = Literal["assigned", "late", "mention", "followed", "rating", "other"]
"""What a notice is about, for whoever looks for one sort."""
KINDS: Final[tuple[NoticeKind, ...]] = get_args(NoticeKind)
_OF_EVENT: Final[Mapping[str, NoticeKind]] = {
    **dict.fromkeys(("ticket.assigned", "ticket.transferred", "ticket.claimed", "task.assigned"), "assigned"),
    **dict.fromkeys(
        ("sla.warning", "sla.breached", "timer.fired", "chat.waiting", "chat.agent_silent", "task.due"), "late"
    ),
    **dict.fromkeys(("ticket.followed", "ticket.unfollowed"), "followed"),
    "ticket.mentioned": "mention",
    "rating.received": "rating",
}
_OF_TARGET: Final[Mapping[str, NoticeKind]] = {"followers": "followed", "mentioned": "mention"}


def kind_of(to: str, events: Iterable[EventRef]) -> NoticeKind:
    """The kind of what a rule tells: by whom it tells, else by the first of its events that says one."""
    if to in _OF_TARGET:
        return _OF_TARGET[to]
    return next((_OF_EVENT[event.kind] for event in events if event.kind in _OF_EVENT), "other")


def notify(draft: Draft, agent: Agent, texts: Mapping[str, str], rule: str | None, kind: NoticeKind = "other") -> None:
    """Tells an agent something; the same text once a decision.

    `texts`: what is told, by language of the shop. All are kept: who changes the language reads it in the new one.
    """
    text = texts[draft.book.spoken(draft.shop, agent.locale)]
    told: dict[str, Any] = {"agent": agent.username, "text": text, "rule": rule, "kind": kind}
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

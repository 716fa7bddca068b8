"""A new case, and the values people give it: each checked against the rulebook, the wrong one named by its pointer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine.core import rights
from engine.core.asking import holds
from engine.core.commands import Page
from engine.core.draft import Draft
from engine.core.entities import INTERNAL, Actor, Case, Chat, Opener, Ticket
from engine.core.errors import Refused, missing
from engine.core.lifecycle import Transition
from engine.core.rulebook import Rulebook
from engine.core.typed import check_field
from engine.core.values import replace

SERVE = "serve"
"""The transition of a case that somebody takes: who raises it by hand takes the case, and who takes the case by hand
raises it, so that both are one act."""
PEOPLE_SET = frozenset(
    {"type", "priority", "subject", "team", "assignee", "order_no", "product", "solution", "language", "tags"}
)

MEMBERS_SET = frozenset({"type", "subject", "order_no", "product", "language"})
"""What a member may say of a new case. Not its tags: rules go by them."""

LINKED_DEEPEST = 2
"""How far a case may be opened from one that was opened so itself, within one transaction."""
LINKED_MOST = 4
"""Cases that one decision opens at most: with LINKED_DEEPEST no line ever opens more than twenty."""


def open_ticket(
    draft: Draft,
    *,
    kind: str,
    channel: str,
    account: str = "",
    subject: str,
    values: Mapping[str, Any],
    page: Page | None = None,
    tags: tuple[str, ...] = (),
    opened_by: Opener = "member",
) -> None:
    """A new ticket in the first state of its lifecycle, with the desk's defaults."""
    book, member = draft.book, draft.member
    lifecycle = book.lifecycles.get(kind)
    internal = kind in book.internal_kinds
    if lifecycle is None or not (draft.actor.staff or members_open(book, kind)):
        raise Refused("invalid", "unknown-kind", f"there is no ticket kind `{kind}`", pointer="/kind")
    if member is None:
        raise missing("member")
    state = lifecycle.states[lifecycle.initial]
    draft.ticket = Ticket(
        id=draft.ref(),
        number=draft.case.next_number,
        kind=kind,
        shop=draft.shop,
        type=book.default_type,
        state=state.name,
        category=state.category,
        priority=book.default_priority,
        member_id=member.id,
        channel=INTERNAL if internal else channel,
        account="" if internal else account,
        identity_id=draft.case.identity_id,
        created_at=draft.now,
        updated_at=draft.now,
        subject=subject,
        language=member.language,
        fields=dict(book.field_defaults("ticket")),
        tags=tags,
        last_line_at=draft.now,
        opened_by=opened_by,
    )
    draft.member = replace(member, open_tickets=member.open_tickets + 1)
    draft.record("ticket.created", {"number": draft.case.next_number, "kind": kind})
    change(draft, values, new=True)
    if draft.case.member_new:
        draft.keys.add("member.created")
    draft.keys.add("ticket.created")
    if lifecycle.kind in book.live_kinds:
        page = page or Page()
        draft.chat = Chat(
            ticket_id=draft.ticket.id,
            page=page.url,
            referrer=page.referrer,
            title=page.title,
            device=page.device,
            address=page.address,
            browser=page.browser,
            language=page.language,
            visits=page.visits,
        )
        draft.record("chat.started", {})
        draft.keys.add("chat.started")


def change(draft: Draft, values: Mapping[str, Any], *, new: bool = False) -> None:
    """Sets values by hand, each checked against the rulebook. Raises Refused with the pointer of the wrong one.

    Members fill in the form of a new case and nothing else: not its priority or who takes it, and no value later.
    """
    book = draft.book
    for name, value in values.items():
        if not draft.actor.staff and not (new and (name in MEMBERS_SET or name.startswith("fields."))):
            raise _not_for_members(name)
        if name == "type":
            one_of(value, book.types, "type", "/type")
        elif name == "priority":
            one_of(value, book.priorities, "priority", "/priority")
        elif name == "language":
            one_of(value, book.locales, "language", "/language")
        elif name == "team":
            if value is not None:
                one_of(value, book.teams_of(draft.shop), "team", "/team")
            if not new and values.get("assignee") is None:
                draft.hand_over(value)
                continue
        elif name == "assignee":
            agent = rights.assignee(book.roles, draft.find_agent(value)) if value else None
            if value and agent is None:
                raise Refused("invalid", "unknown-agent", f"no agent `{value}` serves this shop", pointer="/assignee")
            draft.assign(agent)
            if agent is not None and not new:
                raise_trigger(draft, SERVE)
            continue
        elif name == "tags":
            draft.change_ticket(tags=known_tags(draft, tuple(value)))
            continue
        elif name == "subject":
            if not isinstance(value, str) or not value.strip():
                raise Refused("invalid", "empty-subject", "a subject is needed", pointer="/subject")
        elif name.startswith("fields."):
            key = name.removeprefix("fields.")
            draft.change_field("ticket", key, check_field(book, "ticket", key, value))
            continue
        elif name not in PEOPLE_SET:
            raise Refused("invalid", "unknown-field", f"there is no field `{name}` to set", pointer=f"/{name}")
        if name in ("order_no", "product", "solution"):
            if value is not None and not isinstance(value, str):
                raise Refused("invalid", "wrong-value", f"`{name}` must be a text", pointer=f"/{name}")
            value = value if value is not None and value.strip() else None
        draft.change_ticket(**{name: value})


def members_open(book: Rulebook, kind: str) -> bool:
    """Whether members open cases of a kind themselves: neither what colleagues do among themselves nor what the
    exchange reports."""
    return kind not in book.internal_kinds and kind != book.opens.kind("calls")


def check_members_form(book: Rulebook, names: Iterable[str]) -> None:
    """Raises Refused for a field that members do not fill in themselves: rules trust what colleagues and they said."""
    for name in names:
        field = book.custom_fields.get(f"ticket.{name.removeprefix('fields.')}") if name.startswith("fields.") else None
        if field is not None and not field.members:
            raise _not_for_members(name)


def _not_for_members(name: str) -> Refused:
    reason = "members do not set this; write a line instead"
    return Refused("forbidden", "permission-needed", reason, pointer=f"/{name}")


def known_tags(draft: Draft, tags: tuple[str, ...]) -> tuple[str, ...]:
    clean = tuple(dict.fromkeys(t.strip() for t in tags if t.strip()))
    if not draft.book.open_tags:
        for tag in clean:
            one_of(tag, draft.book.known_tags, "tag", "/tags")
    return clean


def one_of(value: Any, known: Any, what: str, pointer: str) -> None:
    if not isinstance(value, str) or value not in known:
        raise Refused("invalid", f"unknown-{what}", f"there is no {what} `{value}`", pointer=pointer)


def raise_trigger(draft: Draft, trigger: str) -> bool:
    """Raises a trigger of the desk's own; True when a transition took it."""
    passed = _taken(draft, trigger)
    if passed is None:
        return False
    draft.move(passed)
    return True


def reopens(book: Rulebook, case: Case, actor: Actor, now: int) -> bool:
    """Whether a line into the case's closed ticket would open it again: what its lifecycle says of `reopen`."""
    ticket = case.ticket
    known = ticket is not None and ticket.category == "closed" and ticket.kind in book.lifecycles
    return known and _taken(Draft(book, case, actor, now), "reopen") is not None


def _taken(draft: Draft, trigger: str) -> Transition | None:
    ticket = draft.need_ticket()
    lifecycle = draft.book.lifecycles[ticket.kind]
    return lifecycle.fire(trigger, ticket.state, lambda t: t.when is None or holds(draft.book, t.when, draft))

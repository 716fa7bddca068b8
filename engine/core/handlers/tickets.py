"""Tickets by hand: opened, changed, moved along their lifecycle, rated, read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from engine.core import access
from engine.core.actions.tickets import ask_rating
from engine.core.asking import holds
from engine.core.changes import Create
from engine.core.commands import AskRating, ChangeTicket, MarkRead, MoveTicket, OpenTicket, RateTicket
from engine.core.draft import Draft
from engine.core.entities import INTERNAL, MOST_POINTS, Ticket
from engine.core.errors import Refused
from engine.core.handlers._beginning import Beginning
from engine.core.handlers.messages import agent_opens, may_write, member_says, note
from engine.core.lifecycle import DESK_ONLY, Transition
from engine.core.opening import SERVE, change, check_members_form, known_tags, open_ticket
from engine.core.own_settings import own_setting
from engine.core.reviews import Reviews

ASSIGNING = frozenset({"team", "assignee"})


def create(draft: Draft, command: OpenTicket) -> None:
    if not command.text.strip():
        raise Refused("invalid", "empty-message", "say what the case is about", pointer="/text")
    may_write(draft)
    if command.tags and not draft.actor.staff:
        raise Refused("forbidden", "permission-needed", "members do not tag their cases", pointer="/tags")
    if not draft.actor.staff:
        check_members_form(draft.book, command.values)
    author = command.author or ("agent" if draft.actor.kind == "agent" else "member")
    if author == "agent" and not draft.actor.staff:
        raise Refused("forbidden", "permission-needed", "members write in their own name", pointer="/author")
    open_ticket(
        draft,
        kind=command.kind or draft.book.opens.kind("lines", command.channel),
        channel=command.channel,
        subject=command.subject,
        values=command.values,
        tags=known_tags(draft, command.tags),
        opened_by=author,
    )
    if draft.need_ticket().channel == INTERNAL:
        note(draft, command.text, command.attachments, command.client_key)
    elif author == "agent":
        agent_opens(draft, command.text, command.attachments, command.client_key)
    else:
        member_says(draft, command.text, command.attachments, command.client_key)


def change_ticket(draft: Draft, command: ChangeTicket) -> None:
    if not draft.actor.staff:
        raise Refused("forbidden", "permission-needed", "members do not change a case; write a line instead")
    _may_change(draft, set(command.values) or {"subject"})
    fresh(draft.need_ticket(), command.if_version)
    change(draft, command.values)


def move(draft: Draft, command: MoveTicket) -> None:
    ticket = draft.need_ticket()
    fresh(ticket, command.if_version)
    lifecycle = draft.book.lifecycles[ticket.kind]
    asked = {n for t in lifecycle.moves(ticket.state) if t.trigger == command.trigger for n in t.requires}
    _may_change(draft, {name for name in command.values if _field_name(draft, name) not in asked})
    change(draft, command.values)
    refused: list[Refused] = []

    def guard(transition: Transition) -> bool:
        reason = may_not(draft, transition)
        if reason is not None:
            refused.append(reason)
        return reason is None

    passed = lifecycle.fire(command.trigger, ticket.state, guard)
    if passed is None:
        if refused:
            raise refused[0]
        raise Refused(
            "conflict",
            "no-such-move",
            f"`{command.trigger}` does not lead from the state `{ticket.state}`",
            pointer="/trigger",
        )
    _one_chat(draft, passed)
    _reviewed(draft, passed)
    draft.move(passed)
    if passed.trigger == SERVE and ticket.assignee is None:
        draft.assign(draft.find_agent(draft.actor.username))


def _one_chat(draft: Draft, transition: Transition) -> None:
    """Raises Refused where a chat would be opened again while its member is in another: a line would not know which."""
    ticket, book = draft.need_ticket(), draft.book
    opens = ticket.category == "closed" and book.lifecycles[ticket.kind].states[transition.target].category != "closed"
    if not opens or ticket.kind not in book.live_kinds:
        return
    other = draft.case.lookups.open_chat(ticket.member_id, ticket.kind)
    if other is not None:
        reason = f"the member is in another chat, #{other}; go on there"
        raise Refused("conflict", "another-chat", reason, pointer="/trigger")


def _reviewed(draft: Draft, transition: Transition) -> None:
    """Raises Refused where an agent closes a case without the review that the shop demands of each closing."""
    if review_of(draft, transition) == "needed":
        reason = "this shop asks for a review before a case is closed; write one"
        raise Refused("conflict", "review-needed", reason, pointer="/trigger")


def review_of(draft: Draft, transition: Transition) -> Literal["offered", "needed"] | None:
    """Whether a review is to be offered to an agent with a transition, or needed for it; None where nothing is closed,
    and for chats."""
    ticket, book = draft.need_ticket(), draft.book
    closes = book.lifecycles[ticket.kind].states[transition.target].category == "closed" != ticket.category
    if not closes or draft.actor.kind != "agent" or ticket.kind in book.live_kinds:
        return None
    if not own_setting(book, "review_to_close", ticket.shop):
        return "offered"
    written = draft.case.lookups[Reviews].round_of(ticket.id)
    return "needed" if written is None or written < ticket.reopened else "offered"


def may_not(draft: Draft, transition: Transition) -> Refused | None:
    """Why a person may not raise a transition now; None when nothing stands in the way."""
    actor = draft.actor
    if transition.trigger in DESK_ONLY:
        return Refused(
            "conflict", "no-such-move", f"`{transition.trigger}` is raised by the desk itself", pointer="/trigger"
        )
    if actor.kind == "agent":
        if transition.roles and not set(transition.roles) & set(actor.roles):
            return Refused("forbidden", "role-needed", f"this move is for {', '.join(transition.roles)}")
    elif actor.kind != "system" and "member" not in transition.roles:
        return Refused("forbidden", "role-needed", "this move is made by the desk")
    if transition.when is not None and not holds(draft.book, transition.when, draft):
        return Refused("conflict", "move-not-now", "the condition of this move does not hold now")
    for name in transition.requires:
        if draft.book.getter(name)(draft) in (None, ""):
            short = name.removeprefix("ticket.")
            return Refused(
                "invalid", "field-required", f"`{short}` is needed for this move", pointer=f"/fields/{short}"
            )
    return None


def _may_change(draft: Draft, names: set[str]) -> None:
    """Raises Refused unless staff has the rights these values need; what members may set is asked in `change`."""
    if draft.actor.staff and names & ASSIGNING:
        access.require(draft.actor, "ticket.assign")
    if draft.actor.staff and names - ASSIGNING:
        access.require(draft.actor, "ticket.change")


def _field_name(draft: Draft, name: str) -> str:
    """How rules and lifecycles call a value that people set: `fields.amount` is `ticket.amount`."""
    return f"ticket.{name.removeprefix('fields.')}"


def fresh(ticket: Ticket, if_version: int | None) -> None:
    """Raises Refused where somebody has changed the case since the version that the actor saw."""
    if if_version is not None and ticket.version != if_version:
        raise Refused("stale", "stale", "somebody changed this case meanwhile; read it again")


def rate(draft: Draft, command: RateTicket) -> None:
    ticket = draft.need_ticket()
    if draft.actor.staff:
        raise Refused("forbidden", "members-rate", "only the member rates")
    if not 1 <= command.score <= MOST_POINTS:
        raise Refused("invalid", "bad-score", "a rating is 1 to 5", pointer="/score")
    if ticket.first_replied_at is None and ticket.rating_asked_at is None:
        raise Refused("conflict", "nothing-to-rate", "nobody has answered yet, so there is nothing to rate")
    first = draft.case.rating_at
    if first is not None and draft.now - first > own_setting(draft.book, "rating_revise_within", draft.shop):
        raise Refused("conflict", "already-rated", "this case was rated; the time to revise it is over")
    draft.change_ticket(rating=command.score)
    draft.extra.update({"rating.score": command.score, "rating.comment": command.comment or None})
    draft.log.append(
        Create(
            "rating",
            draft.ref(),
            {
                "ticket": ticket.id,
                "member": ticket.member_id,
                "score": command.score,
                "comment": command.comment,
                "at": draft.now,
            },
        )
    )
    draft.record("rating.received", {"score": command.score})
    if first is None:
        draft.keys.add("rating.received")


def ask(draft: Draft, command: AskRating) -> None:
    if not draft.actor.staff:
        raise Refused("forbidden", "agents-only", "only agents ask for a rating")
    ask_rating(draft)


def mark_read(draft: Draft, command: MarkRead) -> None:
    draft.record("ticket.read", {"seq": command.seq, "by": draft.actor.kind})


BEGIN: Mapping[type, Beginning] = {
    OpenTicket: Beginning(create, right="ticket.create"),
    ChangeTicket: Beginning(change_ticket, about="ticket", rights=("ticket.change", "ticket.assign")),
    MoveTicket: Beginning(move, about="ticket", right="ticket.move", rights=("ticket.change", "ticket.assign")),
    RateTicket: Beginning(rate, about="ticket"),
    AskRating: Beginning(ask, about="ticket", right="ticket.reply"),
    MarkRead: Beginning(mark_read, about="ticket"),
}

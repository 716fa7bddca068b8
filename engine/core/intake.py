"""What the desk itself does before rules are asked: opens the ticket, keeps the line, raises `member_replied`.

Each function takes a draft and a command, checks what only the case can tell, changes the draft and names the events of
the first wave. Raises Refused where the command cannot be carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.core import access, actions, routing, sla
from engine.core.calls import TRIGGERS, CallEvent, call_event
from engine.core.changes import Create, Set
from engine.core.commands import (
    AskRating,
    BlockMember,
    ChangeMember,
    ChangeTicket,
    EndChat,
    MarkRead,
    MemberLine,
    MoveTicket,
    OpenLinked,
    OpenTicket,
    Page,
    PostMessage,
    RateTicket,
    SetStatus,
    UnblockMember,
)
from engine.core.draft import WAITING, Draft
from engine.core.entities import DAY, INTERNAL, NEVER, Actor, Agent, Chat, Message, Ticket
from engine.core.errors import Refused
from engine.core.lifecycle import Transition
from engine.core.linked import open_linked
from engine.core.opening import change, known_tags, one_of, open_ticket, raise_trigger

REVISE_RATING = 1 * DAY
"""How long a rating may be revised."""


@dataclass(frozen=True, slots=True)
class OpenChat:
    """A chat window was opened: there is no ticket yet."""

    shop: str
    page: Page = field(default_factory=Page)


@dataclass(frozen=True, slots=True)
class TimerDue:
    """A timer of a ticket has run out."""

    ticket_id: int
    name: str
    kind: str
    due_at: int
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScheduleDue:
    """A moment of `every …` has come, for the one ticket or member of the case, or for the shop alone.

    `key`: the event's, as rules name it (`every day at 09:00 for each ticket`). `due_at`: when it was to be, µs UTC.
    """

    key: str
    due_at: int


@dataclass(frozen=True, slots=True)
class ServeQueue:
    """An agent has room: the ticket that waits longest for a team of hers is hers."""

    ticket_id: int
    username: str


@dataclass(frozen=True, slots=True)
class DeliveryFailed:
    """An outgoing line was given up."""

    ticket_id: int
    message_id: int
    error: str


@dataclass(frozen=True, slots=True)
class MemberSignedIn:
    """A member signed in; with `member_new` of the case for the first time, by the shop's word."""

    shop: str


@dataclass(frozen=True, slots=True)
class MemberMade:
    """A member was made by hand."""

    shop: str


def begin(draft: Draft, command: Any) -> None:
    """Does what the desk itself does for a command and leaves the first wave's keys in `draft.keys`."""
    BEGIN[type(command)](draft, command)


# --- lines ----------------------------------------------------------------------------------------------------------


def member_line(draft: Draft, command: MemberLine) -> None:
    if not command.text.strip() and not command.attachments:
        raise Refused("invalid", "empty-message", "write something or attach a file", pointer="/text")
    _heard(draft)
    if draft.ticket is None:
        open_ticket(
            draft,
            kind=command.kind,
            channel=command.channel,
            subject=command.subject,
            values=command.values,
            page=command.page,
        )
        for number, line in enumerate(command.opening):
            if line.get("due") is not None:  # the window was to show it later, and the member was quicker
                draft.say_later(f"{line.get('rule')}:{number}", max(line["due"], draft.now), line)
                continue
            draft.say(
                author_kind="desk" if line.get("as") == "desk" else "bot",
                text=str(line.get("text", "")),
                automatic=True,
                rule=line.get("rule"),
                template=line.get("template"),
                at=line.get("at"),
            )
    _member_says(draft, command.text, command.attachments, command.client_key, command.external_id, command.automatic)


def _heard(draft: Draft) -> None:
    """Raises Refused for a member on the blacklist; staff may write in a blocked member's name."""
    if draft.member is not None and draft.member.blocked and not draft.actor.staff:
        raise Refused("forbidden", "blocked", "this desk does not take messages from you at the moment")


def _member_says(
    draft: Draft,
    text: str,
    attachments: tuple[str, ...],
    client_key: str | None,
    external_id: str | None = None,
    automatic: bool = False,
) -> None:
    ticket = draft.need_ticket()
    member = draft.member
    if ticket.category == "closed" and not raise_trigger(draft, "reopen"):
        raise Refused("conflict", "ticket-closed", "this case is closed; please open a new one")
    ticket = draft.need_ticket()
    say = draft.say(
        author_kind="member",
        author_id=member.id if member else None,
        shown_as=(member.name or "") if member else "",
        text=text,
        direction="inbound",
        attachments=attachments,
        client_key=client_key,
        external_id=external_id,
        automatic=automatic,
        language=ticket.language,
    )
    draft.message = Message(
        id=say.ref,
        ticket_id=ticket.id,
        author_kind="member",
        text=text,
        created_at=draft.now,
        author_id=say.author_id,
        shown_as=say.shown_as,
        direction="inbound",
        automatic=automatic,
        channel=ticket.channel,
        language=ticket.language,
        attachments=tuple(range(len(attachments))),
    )
    draft.automatic = automatic
    if not automatic:
        draft.change_ticket(
            last_line_at=draft.now,
            waiting_since=ticket.waiting_since if ticket.waiting_since is not None else draft.now,
        )
        draft.asked = True
        draft.turn("agent")
        raise_trigger(draft, "member_replied")
    draft.keys.add("message.received")


def create(draft: Draft, command: OpenTicket) -> None:
    if not command.text.strip():
        raise Refused("invalid", "empty-message", "say what the case is about", pointer="/text")
    _heard(draft)
    if command.tags and not draft.actor.staff:
        raise Refused("forbidden", "permission-needed", "members do not tag their cases", pointer="/tags")
    open_ticket(
        draft,
        kind=command.kind,
        channel=command.channel,
        subject=command.subject,
        values=command.values,
        tags=known_tags(draft, command.tags),
    )
    if draft.need_ticket().channel == INTERNAL:
        _note(draft, command.text, command.attachments, command.client_key)
        return
    _member_says(draft, command.text, command.attachments, command.client_key)


def _note(draft: Draft, text: str, attachments: tuple[str, ...], client_key: str | None) -> None:
    actor = draft.actor
    draft.say(
        author_kind="agent" if actor.kind == "agent" else "system",
        author_id=actor.id,
        text=text,
        shown_as=actor.alias or actor.name,
        visibility="internal",
        attachments=attachments,
        client_key=client_key,
    )


def post(draft: Draft, command: PostMessage) -> None:
    """A line by an agent, or by the member whose ticket it is."""
    actor = draft.actor
    if not command.text.strip() and not command.attachments:
        raise Refused("invalid", "empty-message", "write something or attach a file", pointer="/text")
    if not actor.staff:
        access.check_ticket(actor, draft.ticket)
        if command.visibility != "public":
            raise Refused("invalid", "visibility-not-yours", "members write public lines only", pointer="/visibility")
        _heard(draft)
        _member_says(draft, command.text, command.attachments, command.client_key)
        return
    right = {"public": "ticket.reply", "anonymous": "ticket.anonymous", "internal": "ticket.note"}[command.visibility]
    ticket = access.check_ticket(actor, draft.ticket, right)
    if command.visibility == "internal":
        _note(draft, command.text, command.attachments, command.client_key)
        return
    if ticket.channel == INTERNAL:
        raise Refused("conflict", "internal-case", "the member does not see this case; write an internal note")
    if ticket.category == "closed":
        raise Refused(
            "conflict", "ticket-closed", "this case is closed; reopen it to answer, or write an internal note"
        )
    if command.visibility == "public" and ticket.assignee is None:
        _take(draft, actor)
    say = draft.say(
        author_kind="agent",
        author_id=actor.id,
        text=command.text,
        shown_as=_shown_as(draft, actor, command.visibility),
        visibility=command.visibility,
        attachments=command.attachments,
        client_key=command.client_key,
        language=ticket.language,
    )
    draft.message = Message(
        id=say.ref,
        ticket_id=ticket.id,
        author_kind="agent",
        text=command.text,
        created_at=draft.now,
        author_id=actor.id,
        author=actor.username,
        shown_as=say.shown_as,
        visibility=command.visibility,
        direction="outbound",
        channel=ticket.channel,
        language=ticket.language,
        attachments=tuple(range(len(command.attachments))),
    )
    ticket = draft.need_ticket()
    draft.change_ticket(
        last_line_at=draft.now,
        waiting_since=None,
        reply_count=ticket.reply_count + 1,
        first_replied_at=ticket.first_replied_at if ticket.first_replied_at is not None else draft.now,
    )
    draft.replied = True
    if draft.chat is not None and draft.chat.served_at is None:
        draft.chat = replace(draft.chat, served_at=draft.now)
        draft.timers[WAITING] = None
    draft.turn("member")
    raise_trigger(draft, "agent_replied")
    draft.keys.add("message.sent")


def _take(draft: Draft, actor: Actor) -> None:
    """首問負責: who answers first openly stays responsible until it is handed over."""
    agent = draft.find_agent(actor.username)
    if agent is not None:
        draft.assign(agent)
        team = draft.need_ticket().team
        if team is None and agent.teams:
            draft.change_ticket(team=agent.teams[0])


def _shown_as(draft: Draft, actor: Actor, visibility: str) -> str:
    """The name the member sees. An anonymous line comes from whoever serves the case, and from the desk (empty) when
    nobody does or when the writer does: the own alias would name the writer."""
    if visibility == "public":
        return actor.alias or actor.name
    serving = draft.need_ticket().assignee
    if serving is None or serving == actor.username:
        return ""
    agent = draft.find_agent(serving)
    return (agent.alias or agent.name) if agent else ""


# --- changes by hand ------------------------------------------------------------------------------------------------

ASSIGNING = frozenset({"team", "assignee"})


def change_ticket(draft: Draft, command: ChangeTicket) -> None:
    ticket = access.check_ticket(draft.actor, draft.ticket)
    if not draft.actor.staff:
        raise Refused("forbidden", "permission-needed", "members do not change a case; write a line instead")
    _may_change(draft, set(command.values) or {"subject"})
    _fresh(ticket, command.if_version)
    change(draft, command.values)


def _may_change(draft: Draft, names: set[str]) -> None:
    """Raises Refused unless staff has the rights these values need; what members may set is asked in `change`."""
    if draft.actor.staff and names & ASSIGNING:
        access.require(draft.actor, "ticket.assign")
    if draft.actor.staff and names - ASSIGNING:
        access.require(draft.actor, "ticket.change")


def _field_name(draft: Draft, name: str) -> str:
    """How rules and lifecycles call a value that people set: `fields.amount` is `ticket.amount`."""
    return f"ticket.{name.removeprefix('fields.')}"


def _fresh(ticket: Ticket, if_version: int | None) -> None:
    if if_version is not None and ticket.version != if_version:
        raise Refused("stale", "stale", "somebody changed this case meanwhile; read it again")


# --- the lifecycle --------------------------------------------------------------------------------------------------


def move(draft: Draft, command: MoveTicket) -> None:
    ticket = access.check_ticket(draft.actor, draft.ticket, "ticket.move")
    _fresh(ticket, command.if_version)
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
    draft.move(passed)


DESK_RAISES = frozenset({"agent_replied", "member_replied", *TRIGGERS.values()})
"""Triggers that nobody raises by hand."""


def may_not(draft: Draft, transition: Transition) -> Refused | None:
    """Why a person may not raise a transition now; None when nothing stands in the way."""
    actor = draft.actor
    if transition.trigger in DESK_RAISES:
        return Refused(
            "conflict", "no-such-move", f"`{transition.trigger}` is raised by the desk itself", pointer="/trigger"
        )
    if actor.kind == "agent":
        if transition.roles and not set(transition.roles) & set(actor.roles):
            return Refused("forbidden", "role-needed", f"this move is for {', '.join(transition.roles)}")
    elif actor.kind != "system" and "member" not in transition.roles:
        return Refused("forbidden", "role-needed", "this move is made by the desk")
    if transition.when is not None and not draft.book.holds(transition.when, draft):
        return Refused("conflict", "move-not-now", "the condition of this move does not hold now")
    for name in transition.requires:
        if draft.book.getter(name)(draft) in (None, ""):
            short = name.removeprefix("ticket.")
            return Refused(
                "invalid", "field-required", f"`{short}` is needed for this move", pointer=f"/fields/{short}"
            )
    return None


def end(draft: Draft, command: EndChat) -> None:
    """Either side ends a live chat: whatever transition is called `end`."""
    ticket = access.check_ticket(draft.actor, draft.ticket)
    if draft.chat is None:
        raise Refused("conflict", "not-a-chat", "only a live chat can be ended; close the case instead")
    if ticket.category == "closed":
        return
    if not raise_trigger(draft, "end"):
        raise Refused("conflict", "move-not-now", "this chat cannot be ended in its state")


# --- ratings, presence, members -------------------------------------------------------------------------------------


def rate(draft: Draft, command: RateTicket) -> None:
    actor = draft.actor
    ticket = access.check_ticket(actor, draft.ticket)
    if actor.staff:
        raise Refused("forbidden", "members-rate", "only the member rates")
    if not 1 <= command.score <= 5:
        raise Refused("invalid", "bad-score", "a rating is 1 to 5", pointer="/score")
    if ticket.first_replied_at is None and ticket.rating_asked_at is None:
        raise Refused("conflict", "nothing-to-rate", "nobody has answered yet, so there is nothing to rate")
    first = draft.case.rating_at
    if first is not None and draft.now - first > REVISE_RATING:
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
    access.check_ticket(draft.actor, draft.ticket, "ticket.reply")
    if not draft.actor.staff:
        raise Refused("forbidden", "agents-only", "only agents ask for a rating")
    actions.ask_rating(draft)


def set_status(draft: Draft, command: SetStatus) -> None:
    agent = draft.agent
    if agent is None or draft.actor.kind != "agent":
        raise Refused("forbidden", "agents-only", "only agents have a status")
    if agent.status == command.status:
        return
    draft.agent = replace(agent, status=command.status, status_since=draft.now)
    draft.log.append(Set("agent", agent.id, {"status": command.status, "status_since": draft.now}))
    draft.record("agent.status_changed", {"agent": agent.username, "from": agent.status, "to": command.status})
    draft.keys.add("agent.status_changed")


def mark_read(draft: Draft, command: MarkRead) -> None:
    access.check_ticket(draft.actor, draft.ticket)
    draft.record("ticket.read", {"seq": command.seq, "by": draft.actor.kind})


def change_member(draft: Draft, command: ChangeMember) -> None:
    member = access.check_member(draft.actor, draft.member, "member.edit")
    book = draft.book
    for name, value in command.values.items():
        if name == "tier":
            one_of(value, book.tiers, "tier", "/tier")
        elif name == "language":
            one_of(value, book.locales, "language", "/language")
        elif name == "tags":
            value = known_tags(draft, tuple(value))
        elif name.startswith("fields."):
            key = name.removeprefix("fields.")
            draft.change_field("member", key, book.check_field("member", key, value))
            continue
        elif name != "name":
            raise Refused("invalid", "unknown-field", f"there is no field `{name}` to set", pointer=f"/{name}")
        draft.member = replace(draft.member or member, **{name: value})
    if draft.member != member:
        draft.record("member.changed", {"changed": sorted(command.values)})
        draft.keys.add("member.changed")


def block_member(draft: Draft, command: BlockMember) -> None:
    access.check_member(draft.actor, draft.member, "member.block")
    if command.lasts is not None and command.lasts <= 0:
        raise Refused("invalid", "bad-duration", "a block lasts some time, or has no end", pointer="/seconds")
    until = NEVER if command.lasts is None else draft.now + command.lasts
    if draft.block(until, command.why):
        draft.keys.add("member.changed")


def unblock_member(draft: Draft, command: UnblockMember) -> None:
    member = access.check_member(draft.actor, draft.member, "member.block")
    if member.blocked:
        draft.unblock()
        draft.keys.add("member.changed")


def member_signed_in(draft: Draft, command: MemberSignedIn) -> None:
    draft.record("member.signed_in", {})
    draft.keys.add("member.signed_in")
    if draft.case.member_new:
        draft.keys.add("member.created")


def member_made(draft: Draft, command: MemberMade) -> None:
    draft.keys.add("member.created")


def open_chat(draft: Draft, command: OpenChat) -> None:
    draft.chat = Chat(
        ticket_id=0,
        page=command.page.url,
        referrer=command.page.referrer,
        title=command.page.title,
        device=command.page.device,
    )
    draft.keys.add("chat.opened")


# --- time -----------------------------------------------------------------------------------------------------------


def timer_due(draft: Draft, command: TimerDue) -> None:
    """A timer has run out; whether it still means something is asked of the case as it is now."""
    draft.timers[command.name] = None
    if command.kind == "rule":
        draft.extra["timer.name"] = command.body["name"]
        draft.record("timer.fired", {"name": command.body["name"]})
        draft.keys.add("timer.fired")
    elif command.kind == "say":
        why = actions.reply_at_last(draft, command.body)
        if why is not None:
            draft.drop(command.body["rule"], why)
    elif command.kind == "silence":
        _silence_due(draft, command.body)
    elif command.kind == "sla":
        _sla_due(draft, command.body)


def schedule_due(draft: Draft, command: ScheduleDue) -> None:
    """A scheduled moment: nothing has happened but the time, so the event comes alone."""
    draft.record("schedule.due", {"schedule": command.key, "due_at": command.due_at})
    draft.keys.add(command.key)


def _silence_due(draft: Draft, body: Mapping[str, Any]) -> None:
    kind, since, after = body["kind"], body["since"], body["after"]
    chat = draft.chat
    if chat is None or chat.ended_at is not None:
        return
    if kind == "chat.waiting":
        if chat.served_at is not None or chat.queued_at != since:
            return
    elif chat.silent_since != since or f"chat.{chat.silent_side}_silent" != kind:
        return
    draft.keys.add(f"{kind} after {after}")
    draft.record(kind, {"after": after // 1_000_000})
    draft.arm_silence(kind, since, after)


def _sla_due(draft: Draft, body: Mapping[str, Any]) -> None:
    target = body["target"]
    clock = draft.clocks.get(target)
    if clock is None:
        return
    policy = draft.book.policy(clock.policy, draft.shop)
    calendar = draft.book.calendar(clock.calendar, draft.shop)
    if "after" in body:
        if clock.met_at is not None or clock.breached_at is None:
            return
        draft.book.fill_sla(draft, clock, policy, calendar)
        draft.record("sla.breached", {"target": target, "after": body["after"] // 1_000_000})
        draft.keys.add(f"sla.breached after {body['after']}")
        return
    if policy is None:
        return
    moment = sla.next_moment(clock, policy, calendar)
    if moment is None:
        return
    due, percent = moment
    if due > draft.now:
        draft.set_timer(f"sla:{target}", due, "sla", {"target": target, "percent": percent})
        return
    if percent >= 100:
        # From the moment it was due: a server that was down does not lengthen the escalation.
        clock = replace(clock, state="breached", breached_at=due)
        draft.keys.add("sla.breached")
        draft.record("sla.breached", {"target": target})
        for after in draft.book.rules.after("sla.breached", draft.shop):
            draft.set_timer(f"sla:{target}:after:{after}", due + after, "sla", {"target": target, "after": after})
    else:
        clock = replace(clock, warned=tuple(sorted({*clock.warned, percent})))
        draft.keys.add("sla.warning")
        draft.record("sla.warning", {"target": target, "percent": percent})
    draft.clocks[target] = clock
    draft.book.fill_sla(draft, clock, policy, calendar, percent)


def serve_queue(draft: Draft, command: ServeQueue) -> None:
    """Gives a waiting ticket to an agent who has room now."""
    ticket = draft.need_ticket()
    if ticket.assignee is not None or ticket.category == "closed" or ticket.team is None:
        return
    agent = draft.find_agent(command.username)
    able = routing.candidates(ticket.team, ticket.route_skills, draft.roster(), {})
    if agent is not None and agent in able:
        draft.assign(agent)
        draft.keys.add("ticket.assigned")


def delivery_failed(draft: Draft, command: DeliveryFailed) -> None:
    draft.message = next((m for m in draft.case.messages if m.id == command.message_id), None)
    draft.record("delivery.failed", {"message": command.message_id, "error": command.error})
    draft.keys.add("delivery.failed")


BEGIN: Mapping[type, Callable[[Draft, Any], None]] = {
    MemberLine: member_line,
    OpenTicket: create,
    PostMessage: post,
    ChangeTicket: change_ticket,
    MoveTicket: move,
    EndChat: end,
    RateTicket: rate,
    AskRating: ask,
    SetStatus: set_status,
    MarkRead: mark_read,
    ChangeMember: change_member,
    BlockMember: block_member,
    UnblockMember: unblock_member,
    MemberSignedIn: member_signed_in,
    MemberMade: member_made,
    OpenChat: open_chat,
    TimerDue: timer_due,
    ScheduleDue: schedule_due,
    ServeQueue: serve_queue,
    DeliveryFailed: delivery_failed,
    OpenLinked: open_linked,
    CallEvent: call_event,
}

__all__ = ["Agent", "DeliveryFailed", "MemberSignedIn", "OpenChat", "ScheduleDue", "ServeQueue", "TimerDue", "begin"]

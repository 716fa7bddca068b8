"""Lines and notes: what the desk itself does with what members and agents write, before rules are asked."""

from __future__ import annotations

from collections.abc import Mapping

from engine.core import access
from engine.core.chains import Chain
from engine.core.changes import Set
from engine.core.commands import DeliveryFailed, MemberLine, PostMessage, ScheduleLine, UnsendMessage
from engine.core.draft import GONE, WAITING, Draft
from engine.core.entities import INTERNAL, Actor, Arrival, Message, Place, Visibility
from engine.core.errors import Refused, missing
from engine.core.handlers._beginning import Beginning
from engine.core.lines import line_of
from engine.core.mentions import mention
from engine.core.opening import open_ticket, raise_trigger
from engine.core.own_settings import own_setting
from engine.core.rights import WRITING
from engine.core.values import replace


def member_line(draft: Draft, command: MemberLine) -> None:
    if not command.text.strip() and not command.attachments:
        raise Refused("invalid", "empty-message", "write something or attach a file", pointer="/text")
    may_write(draft)
    if draft.ticket is None:
        open_ticket(
            draft,
            kind=command.kind or draft.book.opens.kind("chats"),
            channel=command.channel,
            account=command.arrival.account if command.arrival else "",
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
    member_says(
        draft,
        command.text,
        command.attachments,
        command.client_key,
        command.automatic,
        arrival=command.arrival,
    )


def may_write(draft: Draft) -> None:
    """Raises Refused for a member on the blacklist; staff may write in a blocked member's name."""
    through = draft.case.through
    member = draft.member if through is None else through.member
    if member is not None and member.blocked and not draft.actor.staff:
        raise Refused("forbidden", "blocked", "this desk does not take messages from you at the moment")


def member_says(
    draft: Draft,
    text: str,
    attachments: tuple[str, ...],
    client_key: str | None,
    automatic: bool = False,
    *,
    arrival: Arrival | None = None,
) -> None:
    """The member's line into the case; `arrival` where a channel brought it.

    A line that comes through a merged case of another member stands in that one, where only its own member reads it;
    no rule answers it, since the answer would go to the wrong one.
    """
    ticket, through = draft.need_ticket(), draft.case.through
    member = draft.member if through is None else through.member
    awaiting = ticket.awaiting_since  # before it is reopened: what a closed case left open is another wait
    if ticket.category == "closed" and not automatic and not raise_trigger(draft, "reopen"):
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
        arrival=arrival,
        automatic=automatic,
        language=ticket.language,
        into=None if through is None else Place(through.ticket.id, through.ticket.channel, through.ticket.account),
    )
    draft.message = Message(
        id=say.ref,
        ticket_id=say.ticket,
        author_kind="member",
        text=text,
        created_at=draft.now,
        author_id=say.author_id,
        shown_as=say.shown_as,
        direction="inbound",
        automatic=automatic,
        channel=say.channel,
        language=ticket.language,
        attachments=tuple(range(len(attachments))),
    )
    if automatic or through is not None:
        draft.chain = replace(draft.chain, machine=True)
    if through is not None:
        draft.record("ticket.line_came", {"number": through.ticket.number})
    if not automatic:
        draft.change_ticket(last_line_at=draft.now, waiting_since=awaiting if awaiting is not None else draft.now)
        draft.turn("agent")
        if GONE not in draft.case.timers:
            draft.agent_gone()  # what was let pass when the shop was closed is asked again
        raise_trigger(draft, "member_replied")
    draft.keys.add("message.received")


def post(draft: Draft, command: PostMessage) -> None:
    """A line by an agent, or by the member whose ticket it is."""
    actor = draft.actor
    may_post(draft, command)
    if not actor.staff:
        member_says(draft, command.text, command.attachments, command.client_key)
        return
    ticket = draft.need_ticket()
    if command.visibility == "internal":
        note(draft, command.text, command.attachments, command.client_key)
        return
    if command.visibility == "public" and ticket.assignee is None:
        _take(draft, actor)
    _agent_says(draft, command.text, command.visibility, command.attachments, command.client_key)
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


def may_post(draft: Draft, command: PostMessage | ScheduleLine) -> None:
    """Raises Refused for a line that may not stand in the ticket as things are, whether it is said now or later."""
    actor = draft.actor
    if not command.text.strip() and not command.attachments:
        raise Refused("invalid", "empty-message", "write something or attach a file", pointer="/text")
    if not actor.staff:
        if command.visibility != "public":
            raise Refused("invalid", "visibility-not-yours", "members write public lines only", pointer="/visibility")
        may_write(draft)
        return
    access.require(actor, WRITING[command.visibility])
    ticket = draft.need_ticket()
    if command.visibility == "internal":
        return
    if ticket.channel == INTERNAL:
        raise Refused("conflict", "internal-case", "the member does not see this case; write an internal note")
    if ticket.category == "closed":
        raise Refused(
            "conflict", "ticket-closed", "this case is closed; reopen it to answer, or write an internal note"
        )


def agent_opens(draft: Draft, text: str, attachments: tuple[str, ...], client_key: str | None) -> None:
    """What an agent writes of a case that she opens in a member's name. He reads it as hers; it answers nothing yet,
    so the clocks of an answer run and he counts as waiting."""
    _agent_says(draft, text, "public", attachments, client_key)
    draft.change_ticket(last_line_at=draft.now, waiting_since=draft.now)


def _agent_says(
    draft: Draft, text: str, visibility: Visibility, attachments: tuple[str, ...], client_key: str | None
) -> None:
    """An agent's line that the member reads."""
    actor, ticket = draft.actor, draft.need_ticket()
    say = draft.say(
        author_kind="agent",
        author_id=actor.id,
        text=text,
        shown_as=_shown_as(draft, actor, visibility),
        visibility=visibility,
        attachments=attachments,
        client_key=client_key,
        language=ticket.language,
    )
    draft.message = Message(
        id=say.ref,
        ticket_id=ticket.id,
        author_kind="agent",
        text=text,
        created_at=draft.now,
        author_id=actor.id,
        author=actor.username,
        shown_as=say.shown_as,
        visibility=visibility,
        direction="outbound",
        channel=ticket.channel,
        language=ticket.language,
        attachments=tuple(range(len(attachments))),
    )
    draft.keys.add("message.sent")


def note(draft: Draft, text: str, attachments: tuple[str, ...], client_key: str | None) -> int:
    """A line for colleagues, who hear of it where it names them; returns its ref."""
    actor = draft.actor
    said = draft.say(
        author_kind="agent" if actor.kind == "agent" else "system",
        author_id=actor.id,
        text=text,
        shown_as=actor.alias or actor.name,
        visibility="internal",
        attachments=attachments,
        client_key=client_key,
    )
    mention(draft, line_of(said, actor.username))
    return said.ref


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


UNSEND_OTHERS = "ticket.unsend"


def unsend(draft: Draft, command: UnsendMessage) -> None:
    """A line that the member could read is taken back. Asked twice it is the same.

    Nothing else goes back: the answer was given and read, or may have been, so no clock runs again and the first reply
    stays the first reply. Whoever takes a line back to gain time would else be helped by it.
    """
    actor, ticket = draft.actor, draft.need_ticket()
    line = next((m for m in draft.case.messages if m.id == command.message_id and m.ticket_id == ticket.id), None)
    if line is None:
        raise missing("message")
    if not actor.staff:
        raise Refused("forbidden", "agents-only", "this is for agents")
    own = line.author_kind == "agent" and line.author_id == actor.id
    access.require(actor, WRITING[line.visibility] if own else UNSEND_OTHERS)
    if line.unsent:
        return
    if line.visibility == "internal" or line.direction != "outbound":
        raise Refused("conflict", "not-sent", "only what the desk sent to the member can be taken back")
    if draft.now - line.created_at > own_setting(draft.book, "unsend_within", draft.shop):
        raise Refused("conflict", "too-late", "this line was sent too long ago to be taken back")
    if line.left:
        raise Refused("conflict", "cannot-take-back", "it has left by a channel that cannot take a line back")
    by = actor.id if actor.kind == "agent" else None
    draft.log.append(Set("message", line.id, {"unsent_at": draft.now, "unsent_by": by}))
    draft.message = replace(line, unsent=True)
    draft.record("message.unsent", {"message": line.id})
    draft.keys.add("message.unsent")


def delivery_failed(draft: Draft, command: DeliveryFailed) -> None:
    draft.chain = Chain.fired(command.carried, draft.now)
    draft.message = command.line or next((m for m in draft.case.messages if m.id == command.message_id), None)
    draft.record("delivery.failed", {"message": command.message_id, "error": command.error})
    draft.keys.add("delivery.failed")


BEGIN: Mapping[type, Beginning] = {
    MemberLine: Beginning(member_line),
    PostMessage: Beginning(post, about="ticket", rights=tuple(WRITING.values())),
    UnsendMessage: Beginning(unsend, about="ticket", rights=(*WRITING.values(), UNSEND_OTHERS), merged=True),
    DeliveryFailed: Beginning(delivery_failed),
}

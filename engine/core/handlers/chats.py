"""Live chats: the window opens, the queue is served, either side ends it."""

from __future__ import annotations

from collections.abc import Mapping

from engine.core import rights, routing
from engine.core.commands import EndChat, GuestSignedIn, OpenChat, ServeQueue, ServingGone
from engine.core.draft import Draft
from engine.core.entities import Chat
from engine.core.errors import Refused
from engine.core.handlers._beginning import Beginning
from engine.core.opening import raise_trigger


def open_chat(draft: Draft, command: OpenChat) -> None:
    draft.chat = Chat(
        ticket_id=0,
        page=command.page.url,
        referrer=command.page.referrer,
        title=command.page.title,
        device=command.page.device,
    )
    draft.keys.add("chat.opened")


def end(draft: Draft, command: EndChat) -> None:
    """Either side ends a live chat: whatever transition is called `end`."""
    ticket = draft.need_ticket()
    if draft.chat is None:
        raise Refused("conflict", "not-a-chat", "only a live chat can be ended; close the case instead")
    if ticket.category == "closed":
        return
    if not raise_trigger(draft, "end"):
        raise Refused("conflict", "move-not-now", "this chat cannot be ended in its state")


def guest_signed_in(draft: Draft, command: GuestSignedIn) -> None:
    """The chat is the member's from here on, and the rules hear the last question again, now of somebody known.

    One that goes on in another case ends without a word, and has been merged into it.
    """
    ticket = draft.need_ticket()
    draft.change_ticket(member_id=command.member_id)
    if command.into is not None:
        raise_trigger(draft, "end")
        draft.change_ticket(merged_into=command.into)
        draft.record("ticket.merged", {"number": ticket.number, "into": command.into_number})
        draft.keys.discard("chat.ended")
        draft.keys.add("ticket.merged")
        return
    draft.record("chat.signed_in", {"number": ticket.number})
    asked = [line for line in draft.case.messages if line.author_kind == "member"]
    if command.asks and asked and ticket.awaiting_since is not None:
        draft.message = asked[-1]
        draft.keys.add("message.received")


def serve_queue(draft: Draft, command: ServeQueue) -> None:
    """Gives a waiting ticket to an agent who has room now."""
    ticket = draft.need_ticket()
    if ticket.assignee is not None or ticket.category == "closed" or ticket.team is None:
        return
    agent = draft.find_agent(command.username)
    able = rights.able(draft.book.roles, routing.but(draft.roster(), ticket.left_by))
    able = routing.candidates(ticket.team, ticket.route_skills, able, {})
    if agent is not None and agent in able:
        draft.assign(agent)
        draft.keys.add("ticket.assigned")


def serving_gone(draft: Draft, command: ServingGone) -> None:
    """Who serves the chat went offline: the time she is away counts from now on."""
    draft.agent_gone()


BEGIN: Mapping[type, Beginning] = {
    OpenChat: Beginning(open_chat),
    ServeQueue: Beginning(serve_queue),
    GuestSignedIn: Beginning(guest_signed_in),
    ServingGone: Beginning(serving_gone),
    EndChat: Beginning(end, about="ticket", right="ticket.move", merged=True),
}

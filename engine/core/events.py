"""Every event rules may name: what happened, and which objects it brings."""

from __future__ import annotations

from collections.abc import Mapping

from engine.lang import EventKind

_TICKET = ("ticket", "member", "shop", "agent")
_CHAT = (*_TICKET, "chat")
_CALL = (*_TICKET, "call")
_OF_AGENT = ("agent.name", "agent.teams", "agent.skills", "agent.status", "agent.load")

EVENTS: tuple[EventKind, ...] = (
    EventKind("ticket.created", (*_TICKET, "message"), doc="a ticket was opened, by hand, by a channel or by a rule"),
    EventKind("ticket.changed", _TICKET, doc="type, priority, team, tags or another field of a ticket is different"),
    EventKind("ticket.assigned", (*_TICKET, "transfer"), doc="the team or the assignee of a ticket is different"),
    EventKind("ticket.transferred", (*_TICKET, "transfer"), doc="an agent handed a ticket to a team or a colleague"),
    EventKind("ticket.claimed", _TICKET, doc="an agent took a ticket that nobody had"),
    EventKind("ticket.followed", (*_TICKET, "follower"), doc="an agent, or a colleague for them, follows a ticket"),
    EventKind("ticket.unfollowed", (*_TICKET, "follower"), doc="an agent follows a ticket no longer"),
    EventKind("ticket.mentioned", (*_TICKET, "message", "mention"), doc="a note names colleagues by `@`"),
    EventKind("ticket.nudged", (*_TICKET, "nudge"), doc="the member, or a colleague, asked to hurry with a ticket"),
    EventKind("task.added", (*_TICKET, "task"), doc="an agent added a sub-task to a ticket"),
    EventKind("task.assigned", (*_TICKET, "task"), doc="a sub-task was given to an agent or a team"),
    EventKind("task.done", (*_TICKET, "task"), doc="a sub-task is done"),
    EventKind("task.cancelled", (*_TICKET, "task"), doc="a sub-task is no longer needed"),
    EventKind("task.due", (*_TICKET, "task"), doc="the time of a sub-task has come and it is still open"),
    EventKind("ticket.state_changed", _TICKET, doc="a ticket stands in another state"),
    EventKind("ticket.merged", _TICKET, doc="a ticket was merged into another"),
    EventKind("message.received", (*_TICKET, "message"), doc="a member wrote a line"),
    EventKind("message.sent", (*_TICKET, "message"), doc="a line of an agent or rule was accepted, not yet sent"),
    EventKind("message.unsent", (*_TICKET, "message"), doc="a line that was sent to the member was taken back"),
    EventKind(
        "chat.opened",
        ("member", "shop", "chat"),
        doc="a chat window opened; no ticket yet, only `reply` acts",
        only=("reply", "stop"),
    ),
    EventKind("chat.started", (*_CHAT, "message"), doc="a chat began with the member's first line"),
    EventKind("chat.waiting", _CHAT, after="optional", doc="a chat waits for an agent; `after D`: for that long"),
    EventKind("chat.ended", _CHAT, doc="a chat is over"),
    EventKind("chat.member_silent", _CHAT, after="required", doc="nothing from the member since an agent's line"),
    EventKind("chat.agent_silent", _CHAT, after="required", doc="nothing from an agent since the first open line"),
    EventKind("chat.agent_gone", _CHAT, after="required", doc="the agent of a chat has been offline for that long"),
    EventKind("call.ringing", _CALL, doc="a telephone rings, here or there"),
    EventKind("call.answered", _CALL, doc="a call was taken"),
    EventKind("call.ended", _CALL, doc="a call that was taken is over", sets=("call.result",)),
    EventKind("call.missed", _CALL, doc="nobody took a call", sets=("call.result",)),
    EventKind("rating.received", (*_TICKET, "rating"), doc="a member rated", sets=("ticket.rating",)),
    EventKind("sla.warning", (*_TICKET, "sla"), doc="part of a target's time is used up; `sla.percent` says how much"),
    EventKind("sla.breached", (*_TICKET, "sla"), after="optional", doc="a target was missed; `after D`: so long ago"),
    EventKind("timer.fired", (*_TICKET, "timer"), doc="a timer that a rule started has run out"),
    EventKind("member.created", ("member", "shop"), doc="a member or guest was seen for the first time"),
    EventKind("member.changed", ("member", "shop"), doc="name, tier, tags or a field of a member is different"),
    EventKind("member.signed_in", ("member", "shop"), doc="a member signed in, or was first signed on by the shop"),
    EventKind("agent.status_changed", ("agent", "shop"), doc="an agent's presence is different", sets=_OF_AGENT),
    EventKind("delivery.failed", (*_TICKET, "message"), doc="an outgoing line could not be delivered"),
    EventKind("every", doc="a time has come: `every day at \"09:00\" for each ticket`; what it has goes by `for each`"),
)  # fmt: skip
"""In the order of the manual."""

BY_CHANGE: Mapping[str, tuple[str, ...]] = {
    "ticket.state": ("ticket.state_changed",),
    "ticket.team": ("ticket.assigned",),
    "ticket.assignee": ("ticket.assigned",),
}
"""The events that follow a change of a field, beside `ticket.changed` and `member.changed`."""
BY_CHANGE_OF_CHATS: Mapping[str, tuple[str, ...]] = {
    "ticket.state": ("chat.ended",),
    "ticket.team": ("chat.waiting",),
    "ticket.assignee": ("chat.waiting",),
}
"""Those that may follow where the ticket is a chat."""
CONSEQUENCES: Mapping[str, tuple[str, ...]] = {
    name: events + (BY_CHANGE_OF_CHATS[name] if name != "ticket.assignee" else ()) for name, events in BY_CHANGE.items()
}
"""Those a rule may cause. A chat waits again when its agent is taken away; of rules only `route` does that, and it
writes the team."""

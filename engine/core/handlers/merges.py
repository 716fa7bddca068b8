"""Two cases are one: the first goes on in the second, and can be taken out again as it was.

A merge is a pointer. The merged case keeps its number and its lines; it is closed, its clocks are dropped, its timers
cleared. Rules hear `ticket.merged`, and not that it was closed: nothing was solved, so nobody is asked to rate it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.core import access
from engine.core.changes import Create, Set
from engine.core.draft import SILENCE, WAITING, Draft
from engine.core.entities import INTERNAL, Ticket
from engine.core.errors import Refused, missing
from engine.core.handlers._beginning import Beginning
from engine.core.handlers.messages import note
from engine.core.handlers.tickets import fresh
from engine.core.joining import MergeTicket, TakeIn, UnmergeTicket
from engine.core.own_settings import own_setting
from engine.core.rights import WRITING
from engine.core.rulebook import Rulebook
from engine.core.values import replace

_STATES = frozenset({"ticket.changed", "ticket.state_changed", "chat.ended"})
_CHAT = ("ended_at", "silent_since", "silent_side")
"""What a merge changes of a chat."""


def merge(draft: Draft, command: MergeTicket) -> None:
    """Raises Refused for what cannot be one case, and for two members' cases unless that is confirmed."""
    ticket, survivor = draft.need_ticket(), draft.case.other
    _for_agents(draft)
    fresh(ticket, command.if_version)
    if survivor is None:
        raise missing("ticket")
    _check_pair(ticket, survivor, confirm=command.confirm)
    if command.note.strip():
        access.require(draft.actor, WRITING["internal"])
    chat = draft.chat
    kept = {
        "into": survivor.id,
        "at": draft.now,
        "state": ticket.state,
        "category": ticket.category,
        "closed_at": ticket.closed_at,
        "chat": {name: getattr(chat, name) for name in _CHAT} if chat is not None else {},
    }
    draft.log.append(Create("merge", ticket.id, kept))
    draft.change_ticket(merged_into=survivor.id)
    if ticket.category != "closed":
        draft.change_ticket(state=_closed_state(draft.book, ticket), category="closed", closed_at=draft.now)
        body = {"from": ticket.state, "to": draft.need_ticket().state, "trigger": "merge"}
        draft.record("ticket.state_changed", body)
    if chat is not None and chat.ended_at is None:
        draft.chat = replace(chat, ended_at=draft.now, silent_since=None, silent_side=None)
        draft.record("chat.ended", {"trigger": "merge"})
    for name in (*draft.case.timers, SILENCE, WAITING):
        draft.timers[name] = None
    draft.record("ticket.merged", {"number": ticket.number, "into": survivor.number})
    draft.keys.add("ticket.merged")
    draft.unheard = _STATES


def _check_pair(ticket: Ticket, survivor: Ticket, *, confirm: bool) -> None:
    if survivor.id == ticket.id:
        raise Refused(
            "invalid", "same-ticket", "a case is not merged into itself, or into one it holds", pointer="/into"
        )
    if survivor.shop != ticket.shop:
        raise Refused("invalid", "other-shop", "these cases are of two shops", pointer="/into")
    if INTERNAL in (survivor.channel, ticket.channel) and survivor.channel != ticket.channel:
        reason = "what colleagues do among themselves stays apart from what the member sees; link the two instead"
        raise Refused("conflict", "internal-case", reason, pointer="/into")
    if survivor.category == "closed":
        raise Refused("conflict", "ticket-closed", "that case is closed; reopen it first, or merge it into this one")
    if survivor.member_id != ticket.member_id and not confirm:
        reason = "these cases are of two members; confirm that they are about the same"
        raise Refused("conflict", "two-members", reason, pointer="/confirm", details={"into": survivor.number})


def _closed_state(book: Rulebook, ticket: Ticket) -> str:
    """A state that closes: one that leads on from here, where there is such, and asks nothing."""
    lifecycle = book.lifecycles[ticket.kind]
    closed = [name for name, state in lifecycle.states.items() if state.category == "closed"]
    near = [way.target for way in lifecycle.moves(ticket.state) if way.target in closed]
    return next(iter((*near, *closed)), ticket.state)


def take_in(draft: Draft, command: TakeIn) -> None:
    """The case that goes on: as unanswered as both were. Another one's lines are no work of its rules."""
    ticket, other = draft.need_ticket(), draft.case.other
    number = other.number if other is not None else command.number
    if command.back:
        draft.log.append(Set("ticket", ticket.id, {}))
        draft.record("ticket.given_back", {"number": number})
        return
    since = command.waiting_since
    if since is not None and (ticket.waiting_since is None or since < ticket.waiting_since):
        draft.change_ticket(waiting_since=since)
    body: dict[str, Any] = {"number": number}
    if command.note.strip():
        body["message"] = note(draft, command.note.strip(), (), None)
    draft.log.append(Set("ticket", ticket.id, {}))  # who looks at it is told, though no value is another
    draft.record("ticket.took_in", body)


def unmerge(draft: Draft, command: UnmergeTicket) -> None:
    """As it was, with what its clocks had used: the time between counts for none of them (docs/sla.md). Lines that
    came to the other case since stay there."""
    ticket, kept = draft.need_ticket(), draft.case.merged
    _for_agents(draft)
    fresh(ticket, command.if_version)
    if ticket.merged_into is None:
        raise Refused("conflict", "not-merged", "this case is not merged into another")
    if kept is None:
        raise Refused("conflict", "cannot-unmerge", "the lines of this chat stand in the other case for good")
    if draft.now - kept.at > own_setting(draft.book, "unmerge_within", ticket.shop):
        raise Refused(
            "conflict", "merged-long-ago", "this was merged too long ago to be undone; split the lines off instead"
        )
    lifecycle = draft.book.lifecycles[ticket.kind]
    state = kept.state if kept.state in lifecycle.states else lifecycle.initial
    since = ticket.waiting_since if ticket.waiting_since is not None else kept.line_since
    draft.change_ticket(
        merged_into=None,
        state=state,
        category=lifecycle.states[state].category,
        closed_at=kept.closed_at,
        waiting_since=since,
    )
    if state != ticket.state:
        draft.record("ticket.state_changed", {"from": ticket.state, "to": state, "trigger": "unmerge"})
    if draft.chat is not None and kept.chat:
        resumed = kept.chat.get("ended_at") is None and draft.chat.ended_at is not None
        draft.chat = replace(draft.chat, **{name: kept.chat.get(name) for name in _CHAT})
        if resumed:
            draft.record("chat.resumed", {"trigger": "unmerge"})
    draft.log.append(Set("merge", ticket.id, {"undone": True}))
    draft.record("ticket.unmerged", {"number": ticket.number, "from": draft.case.went_to})
    draft.keys.add("ticket.unmerged")
    draft.unheard = _STATES


def _for_agents(draft: Draft) -> None:
    if not draft.actor.staff:
        raise Refused("forbidden", "agents-only", "this is for agents")


BEGIN: Mapping[type, Beginning] = {
    MergeTicket: Beginning(merge, about="ticket", right="ticket.change", rights=(WRITING["internal"],)),
    UnmergeTicket: Beginning(unmerge, about="ticket", right="ticket.change", merged=True),
    TakeIn: Beginning(take_in),
}

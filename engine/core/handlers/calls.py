"""Telephone calls: what an exchange reports becomes a case of its own kind, and the events `call.*`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from engine.core import rights
from engine.core.changes import Create, Set
from engine.core.commands import CallEvent, CallNews
from engine.core.draft import Draft
from engine.core.entities import CALL_RESULTS, UNTAKEN, Call
from engine.core.errors import Refused
from engine.core.handlers._beginning import Beginning
from engine.core.opening import open_ticket, raise_trigger
from engine.core.values import asdict, replace

TRIGGERS: Mapping[str, str] = {"ringing": "ring", "answered": "answer", "ended": "hang_up", "missed": "miss"}
"""What the desk raises in the lifecycle that is for calls."""


def call_event(draft: Draft, command: CallEvent) -> None:
    """Finds or opens the call's case, notes what happened and when, and raises what the lifecycle has for it."""
    if command.what not in get_args(CallNews):
        raise Refused("invalid", "unknown-call-event", f"`call.{command.what}` is no event of a call", pointer="/event")
    known = draft.call
    if known is not None and not _new(known, command.what):
        return
    if draft.ticket is None:
        account = command.account if command.account != command.channel else ""
        kind = draft.book.opens.kind("calls")
        open_ticket(draft, kind=kind, channel=command.channel, account=account, subject="", values={})
    else:
        raise_trigger(draft, TRIGGERS[command.what])
    ticket = draft.need_ticket()
    call = known or Call(
        id=draft.ref(),
        ticket_id=ticket.id,
        name=command.call,
        account=command.account,
        direction=command.direction,
        caller=command.caller,
        callee=command.callee,
        rang_at=draft.now,
    )
    if command.what == "answered":
        call = replace(call, answered_at=draft.now)
    elif command.what in ("ended", "missed"):
        usual, known_results = ("missed", UNTAKEN) if command.what == "missed" else ("answered", CALL_RESULTS)
        result = command.result if command.result in known_results else usual
        call = replace(call, ended_at=draft.now, result=result)
    agent = draft.find_agent(command.agent) if command.agent else None
    if agent is not None:
        call = replace(call, agent=agent.username)
        if command.what == "answered" and rights.serves_tickets(draft.book.roles, agent):
            draft.assign(agent)
    if known is None:
        draft.log.append(Create("call", call.id, _values(call)))
        if draft.case.ticket is None and command.what != "ringing":
            raise_trigger(draft, TRIGGERS[command.what])
    else:
        draft.log.append(Set("call", call.id, _values(call)))
    draft.call = call
    draft.record(f"call.{command.what}", {"call": call.id, "direction": call.direction, "agent": call.agent})
    draft.keys.add(f"call.{command.what}")


def _new(call: Call, what: str) -> bool:
    """Whether this has not been said of the call yet; nothing comes after its end."""
    return call.ended_at is None and what != "ringing" and not (what == "answered" and call.answered_at is not None)


def _values(call: Call) -> dict[str, object]:
    values = asdict(call)
    del values["id"]
    return values


BEGIN: Mapping[type, Beginning] = {
    CallEvent: Beginning(call_event),
}

"""Time: timers that run out, silence, deadlines, scheduled rules."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from engine.core import clocks, sla
from engine.core.actions.speech import reply_at_last
from engine.core.asking import policy_for
from engine.core.calendar import Calendar
from engine.core.chains import Chain
from engine.core.commands import ScheduleDue, SettleClocks, TimerDue
from engine.core.draft import AGENT_GONE, Draft
from engine.core.entities import Clock
from engine.core.handlers import tasks
from engine.core.handlers._beginning import Beginning
from engine.core.values import replace


def timer_due(draft: Draft, command: TimerDue) -> None:
    """A timer has run out; whether it still means something is asked of the case as it is now."""
    draft.timers[command.name] = None
    draft.chain = Chain.fired(command.body, draft.now)
    if command.kind == "rule":
        draft.extra["timer.name"] = command.body["name"]
        draft.record("timer.fired", {"name": command.body["name"]})
        draft.keys.add("timer.fired")
    elif command.kind == "say":
        reason = reply_at_last(draft, command.body)
        if reason is not None:
            draft.drop(command.body["rule"], reason)
    elif command.kind == "silence":
        _silence_due(draft, command.body)
    elif command.kind == "sla":
        _sla_due(draft, command.body)
    elif command.kind == "task":
        tasks.due(draft, command.body["task"])


def schedule_due(draft: Draft, command: ScheduleDue) -> None:
    """A scheduled moment: nothing has happened but the time, so the event comes alone."""
    draft.record("schedule.due", {"schedule": command.key, "due_at": command.due_at})
    draft.keys.add(command.key)


def settle_clocks(draft: Draft, command: SettleClocks) -> None:
    """What was published comes to the clocks of a ticket; no rule is asked."""
    clocks.settle_clocks(draft, recount=True)


def _silence_due(draft: Draft, body: Mapping[str, Any]) -> None:
    kind, since, after = body["kind"], body["since"], body["after"]
    chat = draft.chat
    if chat is None or chat.ended_at is not None:
        return
    if kind == "chat.waiting":
        if chat.served_at is not None or chat.queued_at != since:
            return
    elif kind == AGENT_GONE:
        agent = draft.agent
        if agent is None or agent.status != "offline" or agent.status_since > since:
            return
    elif chat.silent_since != since or f"chat.{chat.silent_side}_silent" != kind:
        return
    draft.keys.add(f"{kind} after {after}")
    draft.record(kind, {"after": after // 1_000_000})
    draft.arm_silence(kind, since, after)


def _sla_due(draft: Draft, body: Mapping[str, Any]) -> None:
    """A clock has something to say, by the promise as it is in force now: what was published meanwhile counts."""
    clocks.settle_clocks(draft, recount=True)
    target = body["target"]
    clock = draft.clocks.get(target)
    policy = policy_for(draft.book, draft)
    if clock is None or policy is None or not sla.live(clock):
        return
    calendar = draft.book.calendar(clock.calendar, draft.shop)
    if "after" in body:
        if clock.breached_at is None:
            return
        _fill_sla(draft, clock, calendar)
        told = {"target": target, "policy": clock.policy, "after": body["after"] // 1_000_000}
        draft.record("sla.breached", told)
        draft.keys.add(f"sla.breached after {body['after']}")
        return
    clock, moment = sla.moment_come(clock, policy, calendar, draft.now)
    if moment is None:
        return
    due, percent = moment
    if due > draft.now:
        draft.set_timer(f"sla:{target}", due, "sla", {"target": target, "percent": percent})
        return
    told = {"target": target, "policy": clock.policy, "because": policy.because}
    if percent >= 100:
        # From the moment it was due: a server that was down does not lengthen the escalation.
        clock = replace(clock, state="breached", breached_at=due)
        draft.keys.add("sla.breached")
        draft.record("sla.breached", told)
        for after in draft.book.rules.after("sla.breached", draft.shop):
            draft.set_timer(f"sla:{target}:after:{after}", due + after, "sla", {"target": target, "after": after})
    else:
        clock = replace(clock, warned=tuple(sorted({*clock.warned, percent})))
        draft.keys.add("sla.warning")
        draft.record("sla.warning", {**told, "percent": percent})
    draft.clocks[target] = clock
    _fill_sla(draft, clock, calendar, percent)


def _fill_sla(draft: Draft, clock: Clock, calendar: Calendar, percent: int | None = None) -> None:
    """The event fields of `sla.warning` and `sla.breached`."""
    now = draft.now
    if percent is None:
        percent = 100 * sla.used(clock, calendar, now) // clock.total if clock.total else 100
    due = clock.due_at if clock.breached_at is None else clock.breached_at
    overdue = max(now - due, 0) if due is not None else 0
    draft.extra.update(
        {
            "sla.policy": clock.policy,
            "sla.target": clock.target,
            "sla.percent": Decimal(percent) / 100,
            "sla.overdue": overdue,
            "sla.due_at": due,
        }
    )


BEGIN: Mapping[type, Beginning] = {
    TimerDue: Beginning(timer_due),
    ScheduleDue: Beginning(schedule_due),
    SettleClocks: Beginning(settle_clocks),
}

"""After the machine's clock was set back: what was written in the time that is now still to come.

Left as it is, a session begun there would live weeks too long, a chat would wait at the end of the queue for as long,
and what was to be done an hour later would be done then. So moments that have been are brought to now, and those to
come, reckoned from one of them, come by as much earlier. What the log says stays as it was said: order goes by ids.
What was done because it seemed due is done.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from peewee import Case, Model

from engine.core.entities import HOUR, MINUTE
from engine.store import tables as t
from engine.store.clock import Stepped
from engine.store.doctor import earliest_due
from engine.store.jobs import LEASE as JOB_LEASE
from engine.store.outbox import BACK_OFF
from engine.store.schedules import LEASE as SCHEDULE_LEASE
from engine.store.tx import Tx

LATE = MINUTE
"""How long a timer that is due may wait for its turn."""

HAS_BEEN: Mapping[type[Model], tuple[str, ...]] = {
    t.Member: ("signed_up_at", "created_at", "updated_at"),
    t.Identity: ("verified_at", "created_at"),
    t.Agent: ("status_since", "last_assigned_at", "created_at"),
    t.Login: ("changed_at",),
    t.Session: ("created_at", "used_at", "revoked_at"),
    t.Chat: ("queued_at", "served_at", "ended_at", "silent_since"),
    t.Call: ("rang_at", "answered_at", "ended_at"),
    t.Message: ("created_at", "unsent_at"),
    t.File: ("created_at", "claimed_at"),
    t.TicketMerge: ("at", "closed_at"),
    t.TicketLink: ("created_at",),
    t.TicketAgent: ("since",),
    t.Task: ("created_at", "closed_at"),
    t.Seen: ("at",),
    t.SlaClock: ("started_at", "running_since", "breached_at", "met_at"),
    t.Rating: ("created_at", "revised_at"),
    t.RuleUse: ("at",),
    t.Schedule: ("since",),
    t.Outbox: ("claimed_at", "created_at", "settled_at"),
    t.Activation: ("at",),
    t.Notification: ("created_at", "read_at"),
    t.Block: ("created_at",),
    t.ChannelAccount: ("created_at",),
    t.Parameter: ("at",),
    t.Draft: ("updated_at",),
    t.ScheduledLine: ("created_at", "updated_at"),
    t.Job: ("created_at", "updated_at", "cancel_at"),
    t.JobSchedule: ("last_at",),
    t.RequestKey: ("at",),
    t.Rulebook: ("created_at",),
    t.Ticket: (  # the last: the others ask which tickets were written to
        "created_at",
        "updated_at",
        "first_replied_at",
        "closed_at",
        "last_line_at",
        "waiting_since",
        "rating_asked_at",
        "nudged_at",
    ),
}
"""Moments that have been, so none of them lies in what is to come. `_sooner` sees to those that are to come; the log,
its sums and ends that somebody has named stay. A test asks this of every column with a moment."""


def straighten(tx: Tx, step: Stepped) -> None:
    """Writes a step of the clock into the log; after one back, brings what lies in the time to come to now.

    A second process that tells of the same step finds nothing more to do.
    """
    if step.back:
        by = step.before - step.after
        _sooner(tx, by)
        for model in HAS_BEEN:
            _been(tx, model)
    tx.record("clock.stepped", {"from": step.before, "to": step.after})
    tx.kick(tx.now)


def _sooner(tx: Tx, by: int) -> None:
    """What was reckoned from a moment that is still to come, by as much sooner."""
    now = tx.now
    session, timer, out = t.Session, t.Timer, t.Outbox
    tx.run(session.update(expires_at=session.expires_at - (session.created_at - now)).where(session.created_at > now))
    # Which of a ticket's timers were set meanwhile is not known; all are where it was opened meanwhile itself, and else
    # those are taken to be that were due after it, or so shortly before that nobody had come to them.
    touched = t.Ticket.select(t.Ticket.id).where(t.Ticket.updated_at > now)
    opened = t.Ticket.select(t.Ticket.id).where(t.Ticket.created_at > now)
    late = timer.ticket_id.in_(touched) & (timer.due_at > now + by - LATE)
    tx.run(timer.update(due_at=timer.due_at - by).where(late | (timer.ticket_id.in_(opened) & (timer.due_at > now))))
    clock = t.SlaClock
    begun = (clock.running_since > now) & clock.due_at.is_null(False)
    moved = tx.values(clock.select(clock.ticket_id).where(begun))
    tx.run(clock.update(due_at=clock.due_at - (clock.running_since - now)).where(begun))
    tx.run(t.Ticket.update(due_at=earliest_due()).where(t.Ticket.id.in_(moved)))
    waiting = out.state == "waiting"
    tx.run(out.update(due_at=out.due_at - (out.created_at - now)).where(waiting & (out.created_at > now)))
    tx.run(out.update(due_at=now).where(waiting & (out.tries > 0) & (out.due_at > now + max(BACK_OFF) + HOUR)))
    line = t.ScheduledLine  # when a line is to be sent somebody has named; only the moments of taking it back are ours
    tx.run(line.update(send_at=now).where(line.undo & (line.created_at > now)))
    schedule, job, again = t.Schedule, t.Job, t.JobSchedule
    tx.run(schedule.update(held_until=now).where(schedule.held_until > now + SCHEDULE_LEASE))
    tx.run(job.update(held_until=now).where(job.held_until > now + JOB_LEASE))
    tx.run(again.update(next_at=now).where((again.last_at > now) & (again.next_at > now)))
    # Up to where old snapshots are cleared: looking at some once more costs little.
    mark = t.Counter.value
    tx.run(t.Counter.update(value=Case(None, [(mark > by, mark - by)], 0)).where(t.Counter.name == "snapshots"))


def _been(tx: Tx, model: type[Model]) -> None:
    """The columns of one table, none later than now."""
    columns: Any = [getattr(model, name) for name in HAS_BEEN[model]]
    later = columns[0] > tx.now
    for column in columns[1:]:
        later |= column > tx.now
    if model is t.Ticket:  # whoever writes to one says so there, and there is an index
        later = t.Ticket.updated_at > tx.now
    elif model is t.Message:
        written = t.Ticket.select(t.Ticket.id).where(t.Ticket.updated_at > tx.now)
        later = t.Message.ticket_id.in_(written) & (t.Message.created_at > tx.now)
    at_most = partial(_at_most, tx.now)
    tx.run(model.update({column: at_most(column) for column in columns}).where(later))


def _at_most(now: int, column: Any) -> Any:
    return Case(None, [(column > now, now)], column)

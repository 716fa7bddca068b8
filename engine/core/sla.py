"""Service levels: which clock runs, pauses, warns and breaches. Pure sums over a calendar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.core.calendar import Calendar
from engine.core.entities import Clock, ClockState
from engine.core.values import replace
from engine.lang import Condition, Duration

TARGETS = ("first_reply", "next_reply", "resolve")


@dataclass(frozen=True, slots=True)
class Policy:
    """What is promised to the tickets its condition takes; the last policy has none and takes the rest."""

    name: str
    when: Condition | None
    calendar: str | None
    """None: the shop's."""
    targets: Mapping[str, Duration]
    warn_at: tuple[int, ...] = ()
    """Percents, ascending."""


def start(target: str, policy: Policy, calendar: Calendar, now: int) -> Clock:
    """A clock that begins to run now."""
    total = allowed(policy.targets[target], calendar, now)
    return Clock(
        target=target,
        policy=policy.name,
        calendar=calendar.name,
        total=total,
        started_at=now,
        running_since=now,
        due_at=calendar.add(now, total) if total > 0 else now,
    )


def allowed(duration: Duration, calendar: Calendar, since: int) -> int:
    """The working time a target allows, µs. `3d` in a policy is working days when the calendar closes at all.

    What comes while nobody works counts from the next opening: a day from Sunday night is not over before work begins.
    """
    if duration.days is not None:
        opening = calendar.add(since, 1) - 1
        return calendar.between(opening, calendar.add_days(opening, duration.days))
    return duration.micros


def run(clock: Clock, calendar: Calendar, now: int) -> Clock:
    """The clock running from now on with what it has used."""
    left = clock.total - clock.used
    due = calendar.add(now, left) if left > 0 else (clock.due_at or now)
    state: ClockState = "breached" if clock.breached_at is not None else "running"
    return replace(clock, state=state, running_since=now, due_at=due)


def pause(clock: Clock, calendar: Calendar, now: int) -> Clock:
    """The clock standing still; a breach stays a breach."""
    if clock.running_since is None:
        return clock
    used = clock.used + calendar.between(clock.running_since, now)
    state: ClockState = "breached" if clock.breached_at is not None else "paused"
    return replace(clock, used=used, running_since=None, due_at=None, state=state)


def finish(clock: Clock, calendar: Calendar, now: int, *, met: bool) -> Clock:
    """The clock ended: met, or stopped without the thing it waited for (a chat closed unanswered)."""
    paused = pause(clock, calendar, now)
    if clock.breached_at is not None:
        return replace(paused, state="breached", met_at=now)
    return replace(paused, state="met" if met else "stopped", met_at=now)


def retarget(clock: Clock, policy: Policy, calendar: Calendar, old: Calendar, now: int) -> Clock:
    """The same clock under another policy: what was used counts, warnings not reached any more may come again."""
    running = clock.running_since is not None
    stopped = pause(clock, old, now)
    total = allowed(policy.targets[clock.target], calendar, clock.started_at)
    percent = 100 * stopped.used // total if total else 100
    moved = replace(
        stopped,
        policy=policy.name,
        calendar=calendar.name,
        total=total,
        warned=tuple(p for p in clock.warned if p <= percent),
    )
    return run(moved, calendar, now) if running else moved


def used(clock: Clock, calendar: Calendar, now: int) -> int:
    """Working time used so far, µs."""
    if clock.running_since is None:
        return clock.used
    return clock.used + calendar.between(clock.running_since, now)


def next_moment(clock: Clock, policy: Policy, calendar: Calendar) -> tuple[int, int] | None:
    """When the clock next has something to say and at how many percent (100: breach); None when it has not."""
    if clock.running_since is None or clock.breached_at is not None or clock.due_at is None:
        return None
    for percent in policy.warn_at:
        if percent not in clock.warned and percent < 100:
            left = clock.total * percent // 100 - clock.used
            return (calendar.add(clock.running_since, max(left, 0)), percent)
    return (clock.due_at, 100)


def live(clock: Clock) -> bool:
    """Whether the clock may still run, pause or breach."""
    return clock.met_at is None

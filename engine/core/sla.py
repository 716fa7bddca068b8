"""Service levels: which clock runs, pauses, warns and breaches. Pure sums over a calendar.

The law in words, with a case for each sentence, is `docs/sla.md`. Its heart is `settle`: after every decision each
target of the policy in force that is still awaited has a live clock, and no other clock is live.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from engine.core.calendar import Calendar
from engine.core.entities import INTERNAL, Clock, ClockState, Ticket
from engine.core.values import Struct, replace
from engine.lang import Condition, Duration

TARGETS = ("first_reply", "next_reply", "resolve")
Mode = Literal["running", "paused", "stopped"]
"""What a state of a lifecycle does to clocks."""


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
    label: Mapping[str, str] = field(default_factory=dict)

    @property
    def because(self) -> str:
        """Its condition as it is written: why it takes a ticket. Empty for the one that takes the rest."""
        return "" if self.when is None else _written(self.when)


@lru_cache(maxsize=256)
def _written(condition: Condition) -> str:
    return " ".join(condition.tree.span.text.split())


class Standing(Struct, frozen=True):
    """How a case stands at the end of a decision, as far as clocks ask."""

    mode: Mode
    waits: Mapping[str, int | None]
    """What is still awaited, by target, and since when; None: since the case began."""
    replied: bool = False
    merged: bool = False
    """The case goes on in another: what it promised is kept there, or nowhere."""
    began: int | None = None
    """When a case began that was opened only now: of lines that were split off."""


class Settled(Struct, frozen=True):
    """The clocks as they are to be, and what is to be told of in the ticket's log: (event, body)."""

    clocks: dict[str, Clock]
    told: tuple[tuple[str, dict[str, Any]], ...] = ()
    follows: bool = False
    """Whether some clock was begun, or follows another policy than before."""


def awaited(ticket: Ticket) -> dict[str, int | None]:
    """What a ticket still waits for, by the target that promises it, and since when; None: since it began."""
    waits: dict[str, int | None] = {"resolve": None}
    if ticket.first_replied_at is None and ticket.channel != INTERNAL:
        waits["first_reply"] = ticket.waiting_since
    if ticket.first_replied_at is not None and ticket.awaiting_since is not None:
        waits["next_reply"] = ticket.awaiting_since
    return waits


def settle(
    clocks: Mapping[str, Clock],
    standing: Standing,
    policy: Policy,
    calendar: Calendar,
    declared: Callable[[str], Calendar | None],
    now: int,
    *,
    recount: bool = False,
) -> Settled:
    """Brings clocks in line with how the case stands and with the policy that takes it now.

    `calendar` is the policy's; `declared` knows others by name, as far as there are such. `recount` also asks whether
    a clock's target or calendar was published anew under the same name; else only names are compared, which is quick.
    """
    settled: dict[str, Clock] = {}
    told: list[tuple[str, dict[str, Any]]] = []
    follows = False
    for target in (*clocks, *[t for t in TARGETS if t in policy.targets and t not in clocks]):
        before = clock = clocks.get(target)
        wanted = target in policy.targets
        if clock is not None and live(clock) and not wanted:
            clock = finish(clock, declared(clock.calendar) or calendar, now, met=False)
            told.append(("sla.dropped", {"target": target, "policy": clock.policy, "why": "policy", "by": policy.name}))
        if wanted and target in standing.waits and standing.mode != "stopped" and (clock is None or not live(clock)):
            since = standing.waits[target]
            if clock is None or (since is not None and clock.met_at is not None and since >= clock.met_at):
                clock, follows = (
                    start(target, policy, calendar, now if standing.began is None else standing.began),
                    True,
                )
            else:
                clock = replace(clock, met_at=None, state="breached" if clock.breached_at is not None else "paused")
        if clock is None:
            continue
        if live(clock) and wanted:
            named = clock.policy != policy.name or clock.calendar != calendar.name
            if named or recount:
                moved = retarget(clock, policy, calendar, declared(clock.calendar) or calendar, now)
                if moved != clock:
                    told.append(("sla.changed", _change(clock, moved)))
                    follows |= named
                    clock = moved
            clock, dropped = _by_standing(clock, standing, calendar, now)
            if dropped:
                told.append(
                    (
                        "sla.dropped",
                        {"target": target, "policy": clock.policy, "why": "merged" if standing.merged else "closed"},
                    )
                )
        if before is not None or live(clock) or clock.met_at == now:
            settled[target] = clock
    return Settled(settled, tuple(told), follows)


def _by_standing(clock: Clock, standing: Standing, calendar: Calendar, now: int) -> tuple[Clock, bool]:
    """A live clock after what was said and done, and whether it was dropped."""
    if clock.target != "resolve" and standing.replied:
        return finish(clock, calendar, now, met=True), False
    if standing.mode == "stopped":
        met = clock.target == "resolve" and not standing.merged
        ended = finish(clock, calendar, now, met=met)
        return ended, not met
    if standing.mode == "paused":
        return pause(clock, calendar, now), False
    return (run(clock, calendar, now) if clock.running_since is None else clock), False


def _change(before: Clock, after: Clock) -> dict[str, Any]:
    """What is told of a clock that counts otherwise from now on; `withdrawn`: it is not late any more."""
    body = {
        "target": after.target,
        "policy": after.policy,
        "calendar": after.calendar,
        "allowed": after.total // 1_000_000,
        "due_at": after.due_at,
        "from": {
            "policy": before.policy,
            "calendar": before.calendar,
            "allowed": before.total // 1_000_000,
            "due_at": before.due_at,
        },
    }
    return {**body, "withdrawn": True} if before.breached_at is not None and after.breached_at is None else body


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
    """The clock running from now on with what it has used; one that is late stays late since it became so."""
    left = clock.total - clock.used
    if clock.breached_at is not None:
        return replace(clock, state="breached", running_since=now, due_at=clock.breached_at)
    return replace(clock, state="running", running_since=now, due_at=calendar.add(now, left) if left > 0 else now)


def pause(clock: Clock, calendar: Calendar, now: int) -> Clock:
    """The clock standing still; a breach stays a breach."""
    if clock.running_since is None:
        return clock
    state: ClockState = "breached" if clock.breached_at is not None else "paused"
    return replace(clock, used=used(clock, calendar, now), running_since=None, due_at=None, state=state)


def finish(clock: Clock, calendar: Calendar, now: int, *, met: bool) -> Clock:
    """The clock ended: met, or dropped without the thing it waited for (a chat closed unanswered). What ends late was
    breached, whether or not somebody was told in time."""
    paused = pause(clock, calendar, now)
    late = clock.breached_at
    if late is None and clock.due_at is not None and clock.due_at < now:
        late = clock.due_at
    if late is not None:
        return replace(paused, state="breached", breached_at=late, met_at=now)
    return replace(paused, state="met" if met else "dropped", met_at=now)


def retarget(clock: Clock, policy: Policy, calendar: Calendar, old: Calendar, now: int) -> Clock:
    """The same clock under another policy, or under the same one published anew: what was used counts.

    Time used so far is by the `old` calendar; a calendar that has kept its name counts, as it is now, for the whole of
    the present run. Late stays late since before, unless there is time left now: then it runs again. Warnings that are
    not reached any more may come again.
    """
    running = clock.running_since is not None
    total = allowed(policy.targets[clock.target], calendar, clock.started_at)
    moved = replace(clock, policy=policy.name, calendar=calendar.name, total=total)
    if running and clock.calendar != calendar.name:
        moved = replace(moved, used=used(clock, old, now), running_since=now)
    spent = used(moved, calendar, now)
    percent = 100 * spent // total if total else 100
    moved = replace(moved, warned=tuple(p for p in clock.warned if p <= percent))
    if clock.breached_at is not None and spent >= total:
        return replace(moved, due_at=clock.breached_at if running else None)
    if clock.breached_at is not None:
        moved = replace(moved, breached_at=None, state="running" if running else "paused")
    if moved.running_since is None:
        return moved
    since = moved.running_since
    due = calendar.add(since, total - moved.used) if total > moved.used else since
    # A promise made tighter is broken from now on, not in the past.
    return replace(moved, due_at=due if due >= now or due == clock.due_at else now)


def used(clock: Clock, calendar: Calendar, now: int) -> int:
    """Working time used so far, µs."""
    if clock.running_since is None:
        return clock.used
    return clock.used + calendar.between(clock.running_since, now)


def percent(clock: Clock, calendar: Calendar, now: int) -> float:
    """How much of its time a clock has used, in percent: under 100 before it is due, 100 when it is, more when it is
    late. Of an ended clock: when it ended."""
    if clock.total <= 0:
        return 100.0
    until = min(now, clock.met_at) if clock.met_at is not None else now
    due = clock.due_at
    if clock.running_since is None or clock.breached_at is not None or due is None:
        spent = used(clock, calendar, until)
    else:
        # By the due time, so that it agrees with what is said to be left also while a change of the calendar has not
        # come to this clock yet.
        left = calendar.between(until, due) if due > until else -calendar.between(due, until)
        spent = clock.total - left
    return round(100.0 * max(spent, 0) / clock.total, 1)


def next_moment(clock: Clock, policy: Policy, calendar: Calendar) -> tuple[int, int] | None:
    """When the clock next has something to say and at how many percent (100: breach); None when it has not."""
    if clock.running_since is None or clock.breached_at is not None or clock.due_at is None:
        return None
    for share in policy.warn_at:
        if share not in clock.warned and share < 100:
            left = clock.total * share // 100 - clock.used
            return (calendar.add(clock.running_since, max(left, 0)), share)
    return (clock.due_at, 100)


def moment_come(clock: Clock, policy: Policy, calendar: Calendar, now: int) -> tuple[Clock, tuple[int, int] | None]:
    """The last moment of a clock that has come, or the next one where none has; and the clock with those before behind.

    Several come at once when an act, a publication or a server that was down has shortened the time. Who is late has no
    use for being told that he soon will be.
    """
    moment = next_moment(clock, policy, calendar)
    while moment is not None and moment[1] < 100:
        behind = replace(clock, warned=tuple(sorted({*clock.warned, moment[1]})))
        later = next_moment(behind, policy, calendar)
        if later is None or later[0] > now:
            break
        clock, moment = behind, later
    return clock, moment


def live(clock: Clock) -> bool:
    """Whether the clock may still run, pause or breach."""
    return clock.met_at is None

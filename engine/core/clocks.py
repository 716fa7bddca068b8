"""The service clocks of the ticket a decision is about, and the timers that watch them."""

from __future__ import annotations

from engine.core import sla
from engine.core.asking import policy_for
from engine.core.draft import Draft


def settle_clocks(draft: Draft, *, recount: bool = False) -> None:
    """Brings the SLA clocks in line with how the ticket stands at the end of the decision, and their timers.

    `recount`: a rulebook may have been published since they were last looked at; see `sla.settle`.
    """
    ticket, book = draft.ticket, draft.book
    if ticket is None:
        return
    policy = policy_for(book, draft)
    if policy is None:
        return
    calendar = book.calendar(policy.calendar or book.shops[draft.shop].calendar, draft.shop)
    merged = ticket.merged_into is not None
    settled = sla.settle(
        draft.clocks,
        sla.Standing(
            mode="stopped" if merged else book.lifecycles[ticket.kind].states[ticket.state].sla,
            waits=sla.awaited(ticket),
            replied=draft.replied,
            merged=merged,
            began=ticket.created_at if ticket.id < 0 and ticket.created_at < draft.now else None,
        ),
        policy,
        calendar,
        lambda name: book.declared_calendar(name, draft.shop),
        draft.now,
        recount=recount,
    )
    draft.clocks = settled.clocks
    for kind, body in settled.told:
        draft.record(kind, body if kind == "sla.dropped" else {**body, "because": policy.because})
    if settled.follows:
        draft.follows = {"policy": policy.name, "calendar": calendar.name, "because": policy.because}
    known = {clock.target: clock for clock in draft.case.clocks}
    for target, clock in draft.clocks.items():
        if clock == known.get(target):
            continue
        moment = sla.next_moment(clock, policy, calendar) if sla.live(clock) else None
        if moment is None:
            draft.timers[f"sla:{target}"] = None
        else:
            draft.set_timer(f"sla:{target}", moment[0], "sla", {"target": target, "percent": moment[1]})
        if clock.breached_at is None or not sla.live(clock):
            for name in draft.case.timers:
                if name.startswith(f"sla:{target}:after:"):
                    draft.timers[name] = None

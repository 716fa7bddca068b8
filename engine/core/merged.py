"""Merged tickets of a desk in memory: where one goes on, how it was, and its timers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.core.changes import Timer
from engine.core.entities import NEVER, MergeRecord, Ticket
from engine.core.values import replace


def end_of(tickets: Mapping[int, Ticket], ticket: Ticket | None) -> int | None:
    """The number of the ticket in which a merged one goes on."""
    if ticket is None or ticket.merged_into is None:
        return None
    while ticket.merged_into is not None:
        ticket = tickets[ticket.merged_into]
    return ticket.number


def another(tickets: dict[int, Ticket], ticket: Ticket) -> Ticket:
    """Another open ticket of the same member, into which one may be merged; made where there is none."""
    mine = (one for one in tickets.values() if one.member_id == ticket.member_id and one.id != ticket.id)
    found = next((one for one in mine if one.category != "closed" and one.shop == ticket.shop), None)
    if found is None:
        found = replace(ticket, id=NEVER - len(tickets), number=len(tickets) + 1, assignee=None)
        tickets[found.id] = found
    return found


@dataclass(slots=True)
class Merges:
    """How merged tickets were, with the timers they had."""

    kept: dict[int, tuple[MergeRecord, tuple[Timer, ...]]] = field(default_factory=dict)

    def record(self, ticket: Ticket | None) -> MergeRecord | None:
        """How a ticket was before it was merged."""
        found = None if ticket is None else self.kept.get(ticket.id)
        return None if found is None else found[0]

    def keep(self, ticket_id: int, values: Mapping[str, Any], timers: Mapping[tuple[int, str], Timer]) -> None:
        """Keeps how a ticket is, before its timers are cleared."""
        own = tuple(timer for (owner, _), timer in timers.items() if owner == ticket_id and timer.kind != "sla")
        self.kept[ticket_id] = (MergeRecord(**{k: v for k, v in values.items() if k != "into"}), own)

    def take_back(self, ticket_id: int, now: int) -> dict[tuple[int, str], Timer]:
        """The timers that are still to come; the record is done with."""
        return {(ticket_id, timer.name): timer for timer in self.kept.pop(ticket_id)[1] if timer.due_at > now}

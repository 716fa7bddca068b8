"""Decision records as they are read again: by period, by rulebook, with the lines and events they speak of."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from engine.core.access import Scope
from engine.store import tables as t
from engine.store.paging import limited
from engine.store.queries import find_ticket, of_ticket
from engine.store.sql import Row
from engine.store.tx import Tx

_WITH_TICKET = t.Decision.select(
    *(getattr(t.Decision, name) for name in "id event_id ticket_id at root rulebook snapshot trace".split()),
    *(getattr(t.Ticket, name) for name in "number kind shop channel created_at member_id".split()),
).join(t.Ticket, "LEFT OUTER JOIN", on=(t.Ticket.id == t.Decision.ticket_id))


def of_case(tx: Tx, scope: Scope, number: int, *, event: int | None = None, limit: int = 50) -> list[Row] | None:
    """The decision records of a ticket, newest first (staff only): event_id, at, root, rulebook, micros, and still
    packed `trace` and `snapshot` (`packing.unpack_trace`, `packing.unpack_snapshot`). None: not for the actor."""
    found = find_ticket(tx, scope, number) if scope.staff else None
    if found is None:
        return None
    condition = t.Decision.ticket_id == found["id"]
    if event is not None:
        condition &= t.Decision.event_id == event
    return tx.rows(t.Decision.select().where(condition).order_by(t.Decision.id.desc()).limit(limited(limit)))


def page(tx: Tx, scope: Scope, since: int, until: int, after: int, limit: int) -> list[Row]:
    """Decisions of a period (µs UTC) after an id, oldest first, with what never changes of their tickets: as far as the
    scope goes, and of no ticket only for who sees every shop."""
    wanted = (t.Decision.at >= since) & (t.Decision.at < until) & (t.Decision.id > after)
    if scope.shops is not None or not scope.tickets:
        wanted = wanted & of_ticket(scope)
    return tx.rows(_WITH_TICKET.where(wanted).order_by(t.Decision.id).limit(limit))


def latest(tx: Tx, rulebook: str, limit: int) -> list[Row]:
    """The `snapshot` and `shop` of the last decisions of a rulebook, newest first."""
    query = t.Decision.select(t.Decision.snapshot, t.Ticket.shop)
    query = query.join(t.Ticket, on=(t.Ticket.id == t.Decision.ticket_id)).where(t.Decision.rulebook == rulebook)
    return tx.rows(query.order_by(t.Decision.id.desc()).limit(limit))


def first_at(tx: Tx) -> int | None:
    """When the oldest decision that is kept was taken, µs UTC."""
    found: int | None = tx.value(t.Decision.select(t.Decision.at).order_by(t.Decision.id).limit(1))
    return found


def lines(tx: Tx, ids: Collection[Any]) -> Mapping[Any, Row]:
    """Lines by id; None among the ids is passed over."""
    return _by_id(tx, t.Message, ids)


def events(tx: Tx, ids: Collection[Any]) -> Mapping[Any, Row]:
    """Events by id; None among the ids is passed over."""
    return _by_id(tx, t.Event, ids)


def ticket(tx: Tx, number: int) -> Row | None:
    """The row of a ticket."""
    return tx.row(t.Ticket.select().where(t.Ticket.number == number))


def uses_before(tx: Tx, moment: int) -> list[Row]:
    """Which limited rules had acted for what before a moment: `rule`, `key`, `at`."""
    return tx.rows(t.RuleUse.select(t.RuleUse.rule, t.RuleUse.key, t.RuleUse.at).where(t.RuleUse.at < moment))


def _by_id(tx: Tx, model: Any, ids: Collection[Any]) -> Mapping[Any, Row]:
    wanted = sorted(set(ids) - {None})
    return {row["id"]: row for row in tx.rows(model.select().where(model.id.in_(wanted)))} if wanted else {}

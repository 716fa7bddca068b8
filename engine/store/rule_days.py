"""What rules did, by day and shop: sums over the decision records. What is not summed up yet is counted when asked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from peewee import JOIN, SQL, Case, fn

from engine.store import packing
from engine.store import tables as t
from engine.store.sql import Row
from engine.store.tx import Tx

PAGE = 500
"""Decisions summed up at once."""
SETTLED = 10_000_000
"""µs after which no process adds a decision with an earlier id any more."""
_OUTCOMES = ("acted", "lost", "failed")


@dataclass(slots=True)
class Did:
    """What one rule did."""

    acted: int = 0
    lost: int = 0
    failed: int = 0
    last_at: int = 0
    """µs UTC when it last acted; 0: it did not."""

    def add(self, outcome: str, at: int) -> None:
        """Once more."""
        setattr(self, outcome, getattr(self, outcome) + 1)
        if outcome == "acted":
            self.last_at = max(self.last_at, at)


@dataclass(frozen=True, slots=True)
class Sums:
    """What a page of decisions came to, from the decision after `since` to `upto`."""

    since: int
    upto: int
    days: Mapping[tuple[str, str, str], Did]
    """By rule, day and shop."""


def page(tx: Tx) -> Sums | None:
    """The next decisions that are not summed up yet; None when there are none."""
    since = _mark(tx)
    settled = t.Decision.at < tx.now - SETTLED
    rows = tx.rows(_decisions().where((t.Decision.id > since) & settled).order_by(t.Decision.id).limit(PAGE))
    if not rows:
        return None
    return Sums(since, rows[-1]["id"], _count(rows))


def keep(tx: Tx, sums: Sums) -> bool:
    """Stores a page, once: False when another process was faster."""
    mark = t.Counter.update(value=sums.upto).where((t.Counter.name == "rule_days") & (t.Counter.value == sums.since))
    if not tx.run(mark):
        return False
    for (rule, day, shop), did in sums.days.items():
        tx.insert_many(t.RuleDay, [{"rule": rule, "day": day, "shop": shop}], ignore=True)
        later = Case(None, [(t.RuleDay.last_at < did.last_at, did.last_at)], t.RuleDay.last_at)
        more = {name: getattr(t.RuleDay, name) + getattr(did, name) for name in _OUTCOMES}
        this = (t.RuleDay.rule == rule) & (t.RuleDay.day == day) & (t.RuleDay.shop == shop)
        tx.run(t.RuleDay.update(**more, last_at=later).where(this))
    return True


def since(tx: Tx, at: int, shops: Collection[str] | None = None) -> dict[str, Did]:
    """What each rule did from the day of a moment (µs UTC) on, the newest decisions included: in these shops, None: in
    all, and what is of none."""
    found: dict[str, Did] = {}
    day = t.RuleDay
    query = day.select(
        day.rule,
        fn.SUM(day.acted).alias("acted"),
        fn.SUM(day.lost).alias("lost"),
        fn.SUM(day.failed).alias("failed"),
    )
    mine: Any = SQL("1 = 1") if shops is None else day.shop.in_(list(shops))
    for row in tx.rows(query.where((day.day >= _day(at)) & mine).group_by(day.rule)):
        found[row["rule"]] = Did(int(row["acted"]), int(row["lost"]), int(row["failed"]))
    last = day.select(day.rule, fn.MAX(day.last_at).alias("last_at")).where(day.last_at > 0).group_by(day.rule)
    for row in tx.rows(last.where(mine)):
        found.setdefault(row["rule"], Did()).last_at = int(row["last_at"])
    tail = _decisions().where((t.Decision.id > _mark(tx)) & (t.Decision.at >= at))
    for (rule, _, shop), did in _count(tx.rows(tail.order_by(t.Decision.id))).items():
        if shops is not None and shop not in shops:
            continue
        total = found.setdefault(rule, Did())
        total.acted += did.acted
        total.lost += did.lost
        total.failed += did.failed
        total.last_at = max(total.last_at, did.last_at)
    return found


def _decisions() -> Any:
    """Decisions with the shop of their ticket, else of their event."""
    shop = fn.COALESCE(t.Ticket.shop, t.Event.shop, "").alias("shop")
    return (
        t.Decision.select(t.Decision.id, t.Decision.at, t.Decision.trace, shop)
        .join(t.Ticket, JOIN.LEFT_OUTER, on=(t.Ticket.id == t.Decision.ticket_id))
        .switch(t.Decision)
        .join(t.Event, JOIN.LEFT_OUTER, on=(t.Event.id == t.Decision.event_id))
    )


def _mark(tx: Tx) -> int:
    return int(tx.value(t.Counter.select(t.Counter.value).where(t.Counter.name == "rule_days")) or 0)


def _day(at: int) -> str:
    return datetime.fromtimestamp(at / 1_000_000, UTC).date().isoformat()


def _count(rows: Iterable[Row]) -> dict[tuple[str, str, str], Did]:
    found: dict[tuple[str, str, str], Did] = {}
    for row in rows:
        at, shop = int(row["at"]), str(row["shop"])
        day = _day(at)
        for entry in packing.unpack_trace(bytes(row["trace"])):
            if entry.outcome in _OUTCOMES:
                found.setdefault((entry.rule, day, shop), Did()).add(entry.outcome, at)
    return found

"""What rules did, by day: sums over the decision records. What is not summed up yet is counted when asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from peewee import Case, fn

from engine.store import packing
from engine.store import tables as t
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
    """What a page of decisions came to: by rule and day, from the decision after `since` to `upto`."""

    since: int
    upto: int
    days: Mapping[tuple[str, str], Did]


def page(tx: Tx) -> Sums | None:
    """The next decisions that are not summed up yet; None when there are none."""
    since = _mark(tx)
    settled = t.Decision.at < tx.now - SETTLED
    query = t.Decision.select(t.Decision.id, t.Decision.at, t.Decision.trace)
    rows = tx.rows(query.where((t.Decision.id > since) & settled).order_by(t.Decision.id).limit(PAGE))
    if not rows:
        return None
    return Sums(since, rows[-1]["id"], _count(rows))


def keep(tx: Tx, sums: Sums) -> bool:
    """Stores a page, once: False when another process was faster."""
    mark = t.Counter.update(value=sums.upto).where((t.Counter.name == "rule_days") & (t.Counter.value == sums.since))
    if not tx.run(mark):
        return False
    for (rule, day), did in sums.days.items():
        tx.insert_many(t.RuleDay, [{"rule": rule, "day": day}], ignore=True)
        later = Case(None, [(t.RuleDay.last_at < did.last_at, did.last_at)], t.RuleDay.last_at)
        more = {name: getattr(t.RuleDay, name) + getattr(did, name) for name in _OUTCOMES}
        this = (t.RuleDay.rule == rule) & (t.RuleDay.day == day)
        tx.run(t.RuleDay.update(**more, last_at=later).where(this))
    return True


def since(tx: Tx, at: int) -> dict[str, Did]:
    """What each rule did from the day of a moment (µs UTC) on, the newest decisions included."""
    found: dict[str, Did] = {}
    day = t.RuleDay
    query = day.select(
        day.rule,
        fn.SUM(day.acted).alias("acted"),
        fn.SUM(day.lost).alias("lost"),
        fn.SUM(day.failed).alias("failed"),
    )
    for row in tx.rows(query.where(day.day >= _day(at)).group_by(day.rule)):
        found[row["rule"]] = Did(int(row["acted"]), int(row["lost"]), int(row["failed"]))
    last = day.select(day.rule, fn.MAX(day.last_at).alias("last_at")).where(day.last_at > 0).group_by(day.rule)
    for row in tx.rows(last):
        found.setdefault(row["rule"], Did()).last_at = int(row["last_at"])
    tail = t.Decision.select(t.Decision.id, t.Decision.at, t.Decision.trace).where(t.Decision.id > _mark(tx))
    for (rule, _), did in _count(tx.rows(tail.where(t.Decision.at >= at).order_by(t.Decision.id))).items():
        total = found.setdefault(rule, Did())
        total.acted += did.acted
        total.lost += did.lost
        total.failed += did.failed
        total.last_at = max(total.last_at, did.last_at)
    return found


def _mark(tx: Tx) -> int:
    return int(tx.value(t.Counter.select(t.Counter.value).where(t.Counter.name == "rule_days")) or 0)


def _day(at: int) -> str:
    return datetime.fromtimestamp(at / 1_000_000, UTC).date().isoformat()


def _count(rows: Iterable[Mapping[str, object]]) -> dict[tuple[str, str], Did]:
    found: dict[tuple[str, str], Did] = {}
    for row in rows:
        at = int(row["at"])  # type: ignore[call-overload]
        day = _day(at)
        for entry in packing.unpack_trace(bytes(row["trace"])):  # type: ignore[call-overload]
            if entry.outcome in _OUTCOMES:
                found.setdefault((entry.rule, day), Did()).add(entry.outcome, at)
    return found

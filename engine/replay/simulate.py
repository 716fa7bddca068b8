"""What a changed rulebook would have decided over a period of recorded decisions: counts, examples, workload, promises.

It only reads, page by page on the reader threads; nothing is written or sent. Each decision is judged by itself, from
its snapshot, with the waves that follow from it. A decision without a snapshot, or one whose snapshot lacks a value
that decides, is counted as such.
"""

from __future__ import annotations

import json
import logging
import re
import time as clock
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from engine.core.calendar import to_micros
from engine.core.rulebook import Extras, Rulebook
from engine.core.sla import Policy
from engine.core.times import rfc3339, with_times
from engine.core.trace import mask, routed_team
from engine.replay.compare import BeforeAfter, ComparedBook, promise
from engine.replay.outcome import Difference, Undecidable
from engine.replay.past import past_book, spoken
from engine.replay.replaying import Limits, Record, Replay, facts_of, policy_of
from engine.store import Tx, decisions, packing, wall_clock
from engine.store.errors import KeyRingError
from engine.store.sql import Row

log = logging.getLogger(__name__)

PAGE = 500
"""Decisions read at once: between pages the reader thread is free for others."""
EXAMPLES = 20
KINDS = ("routed", "prioritised", "answered", "escalated", "otherwise")
"""In what a ticket can come out differently; the last is everything else: tags, types, notices."""

_KIND_OF = {
    "ticket.team": "routed",
    "ticket.assignee": "routed",
    "ticket.priority": "prioritised",
    "ticket.escalation": "escalated",
    "reply": "answered",
    "rejected": "answered",
}


_KEYS = re.compile(rb'"keys":(\[[^]]*\])')
"""The events of a wave in a snapshot's JSON; within a text its quotes would be escaped."""


class Simulation:
    """A period being gone through. `page` until it gives False, then `report`.

    It ends before its time after `most` decisions or `seconds`; the report says so then.
    """

    def __init__(
        self,
        book: Rulebook,
        extras: Extras,
        since: int,
        until: int,
        known: Rulebook | None = None,
        *,
        most: int | None = None,
        seconds: float | None = None,
    ) -> None:
        self._new = ComparedBook(book)
        self._extras = extras
        self.since, self.until = since, until
        self._known = known
        """A rulebook that need not be built again: the one in force."""
        self._books: dict[str, BeforeAfter | None] = {}
        self._limits: Limits | None = None
        self._last = 0
        self._most = most
        self._end = None if seconds is None else clock.monotonic() + seconds
        self._complete = True
        self._counts: Counter[str] = Counter()
        self._why: Counter[str] = Counter()
        self._seen: set[int] = set()
        self._kinds: dict[str, set[int]] = {kind: set() for kind in (*KINDS, "differing")}
        self._rules: Counter[tuple[str, str, str, int]] = Counter()
        self._examples: list[dict[str, Any]] = []
        self._teams: dict[int, tuple[Any, Any]] = {}
        self._policies: dict[int, tuple[Any, Any]] = {}
        self._known_policy: set[int] = set()
        self._unknown_policy: set[int] = set()

    def page(self, tx: Tx) -> bool:
        """Goes through the next decisions; whether there may be more."""
        if self._limits is None:
            self._limits = Limits(self._new.rulebook)
            self._limits.seed(tx, self.since)
        rows = decisions.page(tx, self.since, self.until, self._last, PAGE)
        if rows:
            self._last = rows[-1]["id"]
            self._take(tx, rows, self._limits)
        if len(rows) < PAGE:
            return False
        late = self._end is not None and clock.monotonic() > self._end
        if late or (self._most is not None and self._counts["read"] >= self._most):
            self._complete = False
            return False
        return True

    def _take(self, tx: Tx, rows: list[Row], limits: Limits) -> None:
        events = decisions.events(tx, {row["event_id"] for row in rows if row["ticket_id"] is None})
        looked: list[tuple[Row, BeforeAfter | None, Record, dict[str, Any] | None]] = []
        for row in rows:
            if row["number"] is not None:
                self._seen.add(row["number"])
            owner = row if row["number"] is not None else events.get(row["event_id"], {})
            shop, trace = owner.get("shop") or "", packing.trace_json(row["trace"])
            packed = self._snapshot(tx, row)
            books = self._books_of(tx, row["rulebook"]) if packed is not None else None
            differs = packed is not None and books is not None and books.differs(_KEYS.findall(packed), shop)
            if packed is not None and books is None:
                self._counts["unreadable"] += 1
            if not differs and trace == packing.NO_TRACE:  # most decisions: no rule acted, and none asks otherwise
                self._counts["compared"] += books is not None
                continue
            record = Record(
                at=row["at"],
                root=row["root"],
                ticket=row["number"],
                shop=shop,
                member=owner.get("member_id"),
                packed=trace,
                snapshot={},
            )
            looked.append((row, books, record, json.loads(packed) if packed is not None and differs else None))
        self._counts["read"] += len(rows)
        lines = decisions.lines(tx, {snapshot["message"] for *_, snapshot in looked if snapshot is not None})
        for row, books, record, snapshot in looked:
            if record.ticket is not None and (team := routed_team(record.packed)) is not None:
                self._teams[record.ticket] = (team, team)
            if books is None or snapshot is None:
                self._counts["compared"] += books is not None
                limits.note(record)
                continue
            line = lines.get(snapshot["message"])
            record.snapshot = snapshot
            record.facts = facts_of(row if row["number"] is not None else None, line, row["at"], snapshot)
            record.automatic = bool(line and line["automatic"])
            self._replay(books, record, limits)

    def _snapshot(self, tx: Tx, row: Row) -> bytes | None:
        if not row["snapshot"]:
            self._counts["no_snapshot"] += 1
            return None
        try:
            return packing.snapshot_json(tx, row["snapshot"])
        except KeyRingError:
            self._counts["unreadable"] += 1
            return None

    def _books_of(self, tx: Tx, digest: str) -> BeforeAfter | None:
        """The rulebook that decided beside the changed one; None where it can no longer be built."""
        if digest not in self._books:
            book = self._known if self._known is not None and self._known.digest == digest else None
            if book is None:
                book = past_book(tx, digest, self._extras)
            self._books[digest] = BeforeAfter(ComparedBook(book), self._new) if book is not None else None
        return self._books[digest]

    def _replay(self, books: BeforeAfter, record: Record, limits: Limits) -> None:
        replay = Replay(books, record, limits)
        try:
            if record.shop not in self._new.rulebook.shops or record.shop not in books.before.rulebook.shops:
                raise Undecidable("shop.name")
            found = replay.run()
        except Undecidable as error:
            self._counts["undecidable"] += 1
            self._why[str(error)] += 1
            limits.note(record)
            return
        except Exception as error:  # one decision's failure never takes the others down
            log.debug("a decision at %d cannot be decided again", record.at, exc_info=True)
            self._counts["undecidable"] += 1
            self._why[f"{type(error).__name__}: {error}"[:120]] += 1
            limits.note(record)
            return
        self._counts["compared"] += 1
        limits.note(record, replay.after.acted if found else None)
        if replay.unfollowed is not None:
            self._counts["unfollowed"] += 1
            self._why[replay.unfollowed] += 1
        if found or not books.same_policies:
            self._promise(replay, record)
        if found:
            self._note(books, record, found)

    def _note(self, books: BeforeAfter, record: Record, found: list[Difference]) -> None:
        self._counts["differing"] += 1
        kinds = {_KIND_OF.get(item.target, "otherwise") for item in found}
        if record.ticket is not None:
            for kind in (*kinds, "differing"):
                self._kinds[kind].add(record.ticket)
        rules = {(of, rule.id, rule.file, rule.line) for item in found for of, rule in item.rules}
        self._rules.update(rules)
        for item in found:
            if item.target == "ticket.team" and record.ticket is not None:
                self._teams[record.ticket] = (item.before, item.after)
        if len(self._examples) < EXAMPLES:
            book = books.before.rulebook
            changes = [
                {
                    "what": item.target,
                    "before": _shown(book, item.target, item.before),
                    "after": _shown(book, item.target, item.after),
                }
                for item in found
            ]
            self._examples.append(
                {
                    "ticket": record.ticket,
                    "event": spoken(record.root),
                    "at": record.at,
                    "kinds": [kind for kind in KINDS if kind in kinds],
                    "changes": changes,
                    "rules": [dict(zip(("book", "rule", "file", "line"), rule, strict=True)) for rule in sorted(rules)],
                }
            )

    def _promise(self, replay: Replay, record: Record) -> None:
        """The service level the ticket has under either, where the two can differ at all."""
        if not replay.looked or record.ticket is None:
            return
        try:
            before, after = policy_of(replay.before), policy_of(replay.after)
        except Undecidable:
            if record.ticket not in self._known_policy:
                self._unknown_policy.add(record.ticket)
            return
        self._known_policy.add(record.ticket)
        self._unknown_policy.discard(record.ticket)
        if _told(before) != _told(after):
            self._policies[record.ticket] = (before, after)
        else:
            self._policies.pop(record.ticket, None)

    def report(self) -> dict[str, Any]:
        """What was found; times in µs."""
        before = Counter(team for team, _ in self._teams.values())
        after = Counter(team for _, team in self._teams.values())
        teams = sorted({*before, *after}, key=lambda team: (team is None, str(team)))
        moves = Counter((repr(_told(a)), repr(_told(b))) for a, b in self._policies.values())
        told = {repr(_told(policy)): _told(policy) for both in self._policies.values() for policy in both}
        names = ("read", "compared", "differing", "no_snapshot", "unreadable", "undecidable", "unfollowed")
        return {
            "rulebook": self._new.rulebook.digest,
            "since": self.since,
            "until": self.until,
            "complete": self._complete,
            "decisions": {name: self._counts[name] for name in names},
            "undecidable": [{"value": why, "decisions": count} for why, count in self._why.most_common(20)],
            "tickets": {"seen": len(self._seen), **{kind: len(found) for kind, found in self._kinds.items()}},
            "teams": [{"team": team, "before": before[team], "after": after[team]} for team in teams],
            "sla": {
                "tickets": len(self._policies),
                "unknown": len(self._unknown_policy),
                "moves": [
                    {"before": told[a], "after": told[b], "tickets": count} for (a, b), count in moves.most_common()
                ],
            },
            "rules": [
                {"book": of, "rule": rule, "file": file, "line": line, "decisions": count}
                for (of, rule, file, line), count in self._rules.most_common()
            ],
            "examples": self._examples,
        }


def _shown(book: Rulebook, target: str, value: Any) -> Any:
    if isinstance(value, list):
        return [str(item)[:200] for item in value]
    return mask(book, target, value)


def _told(policy: Policy | None) -> dict[str, Any]:
    """A promise for people and programs."""
    if policy is None:
        return {"policy": None, "targets": {}}
    calendar, targets, _ = promise(policy)
    return {"policy": policy.name, "calendar": calendar, "targets": dict(targets)}


def with_moments(report: Mapping[str, Any]) -> dict[str, Any]:
    """A report with its times as RFC 3339 texts."""
    return {**with_times(report), "since": rfc3339(report["since"]), "until": rfc3339(report["until"])}


def as_text(report: Mapping[str, Any]) -> str:
    """A report for people; its times are texts already."""
    found, tickets = report["decisions"], report["tickets"]
    kinds = ", ".join(f"{tickets[kind]} {kind}" for kind in KINDS)
    lines = [
        f"rulebook {report['rulebook'][:12]} over {report['since']} to {report['until']}",
        f"decisions: {found['read']} read, {found['compared']} compared, {found['differing']} would have differed",
        f"tickets: {tickets['seen']} seen, {tickets['differing']} would have come out differently ({kinds})",
    ]
    if found["no_snapshot"]:
        lines.append(f"not compared: {found['no_snapshot']} decisions have no snapshot any more")
    if found["unreadable"]:
        lines.append(f"not compared: {found['unreadable']} decisions whose snapshot or rulebook cannot be read")
    if not report["complete"]:
        lines.append("ended before its time: the period holds more decisions")
    if found["undecidable"] or found["unfollowed"]:
        lines.append(
            f"not decidable: {found['undecidable']} decisions lack a value that decides, "
            f"{found['unfollowed']} one that decides what would have followed:"
        )
        lines += [f"    {item['value']} ({item['decisions']})" for item in report["undecidable"]]
    if report["teams"]:
        lines.append("tickets routed by rules, per team:")
        for row in report["teams"]:
            change = row["after"] - row["before"]
            sign = f"  ({change:+d})" if change else ""
            lines.append(f"    {row['team'] or 'nobody':<20} {row['before']:>6} -> {row['after']:>6}{sign}")
    if report["sla"]["tickets"]:
        lines.append(f"service levels: {report['sla']['tickets']} tickets would have another promise:")
        for move in report["sla"]["moves"]:
            lines.append(f"    {_promised(move['before'])} -> {_promised(move['after'])}: {move['tickets']}")
    if report["sla"]["unknown"]:
        lines.append(f"service levels: not decidable for {report['sla']['unknown']} tickets")
    if report["rules"]:
        lines.append("rules responsible:")
        for rule in report["rules"]:
            lines.append(
                f"    {rule['rule']} ({rule['book']}) {rule['file']}:{rule['line']}: {rule['decisions']} decisions"
            )
    for example in report["examples"]:
        number = f"#{example['ticket']:05d}" if example["ticket"] is not None else "no ticket"
        lines += ["", f"{number}  {example['event']}  {example['at']}"]
        lines += [f"    {c['what']}: {_value(c['before'])} -> {_value(c['after'])}" for c in example["changes"]]
        lines += [f"        {r['book']}: {r['rule']} {r['file']}:{r['line']}" for r in example["rules"]]
    if found["differing"] > len(report["examples"]):
        lines += ["", f"… and {found['differing'] - len(report['examples'])} more decisions"]
    return "\n".join(lines)


def _promised(told: Mapping[str, Any]) -> str:
    targets = ", ".join(f"{name} {value}" for name, value in told["targets"].items())
    return f"{told['policy'] or 'none'} ({targets or 'nothing'})"


def _value(value: Any) -> str:
    if value is None:
        return "empty"
    return "; ".join(value) if isinstance(value, list) else str(value)


def period(book: Rulebook, since: str, until: str | None) -> tuple[int, int]:
    """Two moments in µs from days (in the first shop's zone; `until` includes its day) or RFC 3339 texts.

    Without `until`: up to now. Raises ValueError for what is neither.
    """
    zone = book.zone(next(iter(book.shops)))

    def moment(text: str, days: int) -> int:
        try:
            if len(text) == 10:
                found = datetime.combine(date.fromisoformat(text) + timedelta(days=days), time(), zone)
            else:
                found = datetime.fromisoformat(text)
                found = found if found.tzinfo is not None else found.replace(tzinfo=zone)
        except (ValueError, OverflowError):
            raise ValueError(f"`{text}` is no day (2026-11-01) and no moment (2026-11-01T09:00:00+08:00)") from None
        return to_micros(found)

    return moment(since, 0), moment(until, 1) if until is not None else wall_clock()

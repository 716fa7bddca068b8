"""What a changed rulebook would have decided over a period of recorded decisions: counts, examples, workload, promises.

It is compared with what the rules in force would have decided, so that only the change shows and not what was changed
since; or, where that is asked, with what was decided then. It only reads, page by page on the reader threads; nothing
is written or sent. Each decision is taken from its snapshot, with the waves that follow from it; what either rulebook
left otherwise of a ticket or member, its next decisions find so. A decision without a snapshot, or one whose snapshot
lacks a value that decides, is counted as such. For who asks, decisions of other shops were not, and what he may not
read was not recorded.
"""

from __future__ import annotations

import json
import logging
import re
import time as clock
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any, Literal

from engine.core import access
from engine.core.calendar import to_micros
from engine.core.entities import SYSTEM, Actor
from engine.core.rulebook import Extras, Rulebook
from engine.core.sight import Sight
from engine.core.sla import Policy
from engine.core.times import rfc3339, with_times
from engine.core.trace import mask, routed_team
from engine.lang.functions import known_day, known_moment
from engine.lang.said import say
from engine.replay.compare import BeforeAfter, ComparedBook, promise
from engine.replay.course import Course
from engine.replay.outcome import Difference, Undecidable, differences
from engine.replay.past import past_book, spoken
from engine.replay.replaying import FOLLOWING, Record, Replay, facts_of, policy_of
from engine.store import Tx, decisions, packing, wall_clock
from engine.store.errors import KeyRingError
from engine.store.sql import Row

log = logging.getLogger(__name__)

PAGE = 500
"""Decisions read at once: between pages the reader thread is free for others."""
EXAMPLES = 20
KINDS = ("routed", "assigned", "prioritised", "answered", "escalated", "otherwise")
"""In what a ticket can come out differently: its team, who of a team or how one is chosen, and so on; the last is
everything else: tags, types, notices."""

Against = Literal["in-force", "recorded"]
"""What the changed rules are compared with: what the rules in force would have decided, or what was decided."""

_KIND_OF = {
    "ticket.team": "routed",
    "ticket.assignee": "assigned",
    "ticket.priority": "prioritised",
    "ticket.escalation": "escalated",
    "reply": "answered",
    "rejected": "answered",
}


_KEYS = re.compile(rb'"keys":(\[[^]]*\])')
"""The events of a wave in a snapshot's JSON; within a text its quotes would be escaped."""
_FOLLOWING = json.dumps(FOLLOWING).encode()


class Simulation:
    """A period being gone through. `page` until it gives False, then `report`.

    `known`: the rulebook in force; without one, everything is compared with what was recorded. It ends before its time
    after `most` decisions or `seconds`; the report says so then.
    """

    def __init__(
        self,
        book: Rulebook,
        extras: Extras,
        since: int,
        until: int,
        known: Rulebook | None = None,
        *,
        actor: Actor = SYSTEM,
        against: Against = "in-force",
        most: int | None = None,
        seconds: float | None = None,
    ) -> None:
        self._scope = access.scope(actor)
        self._sight = Sight.of(actor, book, *([] if known is None else [known]))
        self._new = Course(ComparedBook(book))
        self._known = None if known is None else Course(ComparedBook(known))
        """The rulebook in force. What it decided itself need not be decided again."""
        self.against: Against = against if known is not None else "recorded"
        self._extras = extras
        self.since, self.until = since, until
        self._past: dict[str, ComparedBook | None] = {}
        self._pairs: dict[tuple[str, str], BeforeAfter] = {}
        self._begun = False
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
        if not self._begun:
            self._begun = True
            for course in (self._new, self._known):
                if course is not None:
                    course.limits.seed(tx, self.since)
        rows = decisions.page(tx, self._scope, self.since, self.until, self._last, PAGE)
        if rows:
            self._last = rows[-1]["id"]
            self._take(tx, rows)
        if len(rows) < PAGE:
            return False
        late = self._end is not None and clock.monotonic() > self._end
        if late or (self._most is not None and self._counts["read"] >= self._most):
            self._complete = False
            return False
        return True

    def _take(self, tx: Tx, rows: list[Row]) -> None:
        events = decisions.events(tx, {row["event_id"] for row in rows if row["ticket_id"] is None})
        looked: list[tuple[Row, ComparedBook | None, Record, dict[str, Any] | None]] = []
        for row in rows:
            if row["number"] is not None:
                self._seen.add(row["number"])
            owner = row if row["number"] is not None else events.get(row["event_id"], {})
            record = Record(
                at=row["at"],
                root=row["root"],
                ticket=row["number"],
                shop=owner.get("shop") or "",
                member=owner.get("member_id"),
                packed=packing.trace_json(row["trace"]),
                snapshot={},
            )
            packed = self._snapshot(tx, row)
            then = self._book_of(tx, row["rulebook"]) if packed is not None else None
            if packed is not None and then is None:
                self._counts["unreadable"] += 1
            differs = packed is not None and then is not None and self._differs(then, packed, record)
            if not differs and record.packed == packing.NO_TRACE:  # most: no rule acted, and none asks otherwise
                self._counts["compared"] += then is not None
                continue
            looked.append((row, then, record, json.loads(packed) if packed is not None and differs else None))
        self._counts["read"] += len(rows)
        lines = decisions.lines(tx, {snapshot["message"] for *_, snapshot in looked if snapshot is not None})
        for row, then, record, snapshot in looked:
            if record.ticket is not None and (team := routed_team(record.packed)) is not None:
                self._teams[record.ticket] = (team, team)
            if then is None or snapshot is None:
                self._counts["compared"] += then is not None
                self._note_both(record)
                continue
            line = lines.get(snapshot["message"])
            facts = facts_of(row if row["number"] is not None else None, line, row["at"], snapshot)
            record.take(snapshot, facts, self._sight)
            record.automatic = bool(line and line["automatic"])
            self._replay(then, record)

    def _differs(self, then: ComparedBook, packed: bytes, record: Record) -> bool:
        """Whether the two that are compared may have come to different decisions at all."""
        waves, shop = _KEYS.findall(packed), record.shop
        base = self._base(then)
        if self._new.parted(record) or (base is not None and base.parted(record)):
            return True
        if base is None:
            return self._pair(then, self._new.book).differs(waves, shop)
        # Where they agree on all that was heard, and on all that can follow, neither need be asked.
        return self._pair(base.book, self._new.book).differs([*waves, _FOLLOWING], shop)

    def _base(self, then: ComparedBook) -> Course | None:
        """Whose decisions are the other side where they are not the recorded ones."""
        if self.against == "recorded" or self._known is None or self._known.book is then:
            return None
        return self._known

    def _note_both(self, record: Record, new: Replay | None = None, base: Replay | None = None) -> None:
        self._new.note(record, new)
        if self.against == "in-force" and self._known is not None:
            self._known.note(record, base)

    def _snapshot(self, tx: Tx, row: Row) -> bytes | None:
        if not row["snapshot"]:
            self._counts["no_snapshot"] += 1
            return None
        try:
            return packing.snapshot_json(tx, row["snapshot"])
        except KeyRingError:
            self._counts["unreadable"] += 1
            return None

    def _book_of(self, tx: Tx, digest: str) -> ComparedBook | None:
        """The rulebook that decided; None where it can no longer be built."""
        if digest not in self._past:
            if self._known is not None and self._known.book.rulebook.digest == digest:
                self._past[digest] = self._known.book
            else:
                book = past_book(tx, digest, self._extras)
                self._past[digest] = None if book is None else ComparedBook(book)
        return self._past[digest]

    def _pair(self, one: ComparedBook, other: ComparedBook) -> BeforeAfter:
        key = (one.rulebook.digest, other.rulebook.digest)
        if key not in self._pairs:
            self._pairs[key] = BeforeAfter(one, other)
        return self._pairs[key]

    def _replay(self, then: ComparedBook, record: Record) -> None:
        base = self._base(then)
        courses = [course for course in (self._new, base) if course is not None]
        try:
            if any(record.shop not in book.rulebook.shops for book in (then, *(course.book for course in courses))):
                raise Undecidable("shop.name")
            found, new, old = self._decide(then, record, base)
        except Undecidable as error:
            self._counts["undecidable"] += 1
            self._why[str(error)] += 1
            self._note_both(record)
            return
        except Exception as error:  # one decision's failure never takes the others down
            log.debug("a decision at %d cannot be decided again", record.at, exc_info=True)
            self._counts["undecidable"] += 1
            self._why[f"{type(error).__name__}: {error}"[:120]] += 1
            self._note_both(record)
            return
        self._counts["compared"] += 1
        self._note_both(record, new, old)
        unfollowed = next((one.unfollowed for one in (new, old) if one is not None and one.unfollowed), None)
        if unfollowed is not None:
            self._counts["unfollowed"] += 1
            self._why[unfollowed] += 1
        if old is not None and record.ticket is not None and "ticket.team" in old.after.written:
            team = old.after.written["ticket.team"]
            self._teams[record.ticket] = (team, team)
        other = then if base is None else base.book
        if found or not self._pair(other, self._new.book).same_policies:
            self._promise(other, new, old, record)
        if found:
            self._note(other, record, found)

    def _decide(
        self, then: ComparedBook, record: Record, base: Course | None
    ) -> tuple[list[Difference], Replay, Replay | None]:
        """How the changed rules' decision differs, and both decisions; without `base` from the recorded one."""
        mine = self._pair(then, self._new.book)
        new = self._new.decide(mine, record)
        if base is None:
            return new.found, new, None
        theirs = self._pair(then, base.book)
        old = base.decide(theirs, record)
        if not old.apart:
            return new.found, new, old
        if not new.apart:
            return differences(old.after, old.before), new, old
        # Each tells only of the waves it looked at: of both, all are wanted.
        new, old = self._new.decide(mine, record, whole=True), base.decide(theirs, record, whole=True)
        return differences(old.after, new.after), new, old

    def _note(self, other: ComparedBook, record: Record, found: list[Difference]) -> None:
        self._counts["differing"] += 1
        kinds = {_KIND_OF.get(item.target, "otherwise") for item in found}
        if record.ticket is not None:
            for kind in (*kinds, "differing"):
                self._kinds[kind].add(record.ticket)
        books = {"before": other, "after": self._new.book}
        # A rule of a rulebook that is no more stands for the same one of now.
        there = ((of, books[of].by_id.get(rule.id, rule)) for item in found for of, rule in item.rules)
        rules = {(of, rule.id, rule.file, rule.line) for of, rule in there}
        self._rules.update(rules)
        for item in found:
            if item.target == "ticket.team" and record.ticket is not None:
                self._teams[record.ticket] = (item.before, item.after)
        if len(self._examples) < EXAMPLES:
            book = other.rulebook
            changes = [
                {
                    "what": item.target,
                    "before": self._shown(book, item.target, item.before),
                    "after": self._shown(book, item.target, item.after),
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

    def _promise(self, other: ComparedBook, new: Replay, old: Replay | None, record: Record) -> None:
        """The service level the ticket has under either, where the two can differ at all."""
        looked = next((one for one in (new, old) if one is not None and one.looked), None)
        if looked is None or record.ticket is None:
            return
        after = new.after if new.looked else looked.before
        before = looked.before if old is None or not old.looked else old.after
        try:
            policies = policy_of(before, other), policy_of(after, self._new.book)
        except Undecidable:
            if record.ticket not in self._known_policy:
                self._unknown_policy.add(record.ticket)
            return
        self._known_policy.add(record.ticket)
        self._unknown_policy.discard(record.ticket)
        if _told(policies[0]) != _told(policies[1]):
            self._policies[record.ticket] = policies
        else:
            self._policies.pop(record.ticket, None)

    def _shown(self, book: Rulebook, target: str, value: Any) -> Any:
        if isinstance(value, list):
            return [str(item)[:200] for item in value]
        return self._sight.value(target.partition(" ")[0], mask(book, target, value))

    def report(self) -> dict[str, Any]:
        """What was found; times in µs."""
        before = Counter(team for team, _ in self._teams.values())
        after = Counter(team for _, team in self._teams.values())
        teams = sorted({*before, *after}, key=lambda team: (team is None, str(team)))
        moves = Counter((repr(_told(a)), repr(_told(b))) for a, b in self._policies.values())
        told = {repr(_told(policy)): _told(policy) for both in self._policies.values() for policy in both}
        names = ("read", "compared", "differing", "no_snapshot", "unreadable", "undecidable", "unfollowed")
        return {
            "rulebook": self._new.book.rulebook.digest,
            "against": self.against,
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


def _told(policy: Policy | None) -> dict[str, Any]:
    """A promise for people and programs."""
    if policy is None:
        return {"policy": None, "targets": {}}
    calendar, targets, _ = promise(policy)
    return {"policy": policy.name, "calendar": calendar, "targets": dict(targets)}


def with_moments(report: Mapping[str, Any]) -> dict[str, Any]:
    """A report with its times as RFC 3339 texts."""
    return {**with_times(report), "since": rfc3339(report["since"]), "until": rfc3339(report["until"])}


def period(book: Rulebook, since: str, until: str | None) -> tuple[int, int]:
    """Two moments in µs from days (in the first shop's zone; `until` includes its day) or RFC 3339 texts.

    Without `until`: up to now. Raises ValueError for what is neither.
    """
    zone = book.zone(next(iter(book.shops)))

    def moment(text: str, days: int) -> int:
        try:
            if len(text) == 10:
                found = datetime.combine(known_day(text) + timedelta(days=days), time(), zone)
            else:
                found = known_moment(text)
                found = found if found.tzinfo is not None else found.replace(tzinfo=zone)
        except (ValueError, OverflowError):
            raise ValueError(
                say("`{text}` is no day (2026-11-01) and no moment (2026-11-01T09:00:00+08:00)", text)
            ) from None
        return to_micros(found)

    return moment(since, 0), moment(until, 1) if until is not None else wall_clock()

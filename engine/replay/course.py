"""One rulebook's way through a period of recorded decisions: its limits, and what it left otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterable

from engine.core.rulebook import Rulebook
from engine.core.trace import acted_rules
from engine.lang import Rule
from engine.replay.compare import BeforeAfter, ComparedBook
from engine.replay.outcome import Left, Undecidable
from engine.replay.replaying import Record, Replay
from engine.store import Tx, decisions
from engine.store.log import to_json


class Course:
    """One rulebook's way through a period: how often its limited rules acted, and what it left otherwise than it was
    recorded, by ticket and member."""

    def __init__(self, book: ComparedBook) -> None:
        self.book = book
        self.limits = Limits(book.rulebook)
        self._left: dict[tuple[str, int | None], Left] = {}

    def parted(self, record: Record) -> bool:
        """Whether it had left anything of the ticket or member otherwise."""
        return ("ticket", record.ticket) in self._left or ("member", record.member) in self._left

    def decide(self, books: BeforeAfter, record: Record, whole: bool = False) -> Replay:
        """A recorded decision again; nothing is noted of it yet. Raises Undecidable."""
        owners = (("ticket", record.ticket), ("member", record.member))
        left = {name: both for owner in owners for name, both in self._left.get(owner, {}).items()}
        replay = Replay(books, record, self.limits, left)
        replay.run(whole)
        return replay

    def note(self, record: Record, replay: Replay | None = None) -> None:
        """A decision is over; without `replay` it came out as recorded, or that is taken for want of better."""
        self.limits.note(record, replay.after.acted if replay is not None and replay.apart else None)
        if replay is None or not replay.apart:
            return
        left = replay.leaves()
        for kind, number in (("ticket", record.ticket), ("member", record.member)):
            own = {target: both for target, both in left.items() if target.startswith(f"{kind}.")}
            if own and number is not None:
                self._left[kind, number] = own
            else:
                self._left.pop((kind, number), None)


class Limits:
    """How often the changed rules with a `limit` would have acted: what was recorded before, then what came of it."""

    def __init__(self, book: Rulebook) -> None:
        self.rules = {rule.id: rule for rule in book.rules.rules if rule.limit is not None}
        self.uses: dict[tuple[str, str], list[int]] = {}
        names = b"(?:" + b"|".join(re.escape(to_json(name).encode()) for name in self.rules) + b")"
        self._named = {b"[[": re.compile(rb"\[" + names), b"[{": re.compile(b'"rule":' + names)}
        """How an entry of such a rule begins, by how a trace does: one of today, and of a desk that kept sentences."""

    def seed(self, tx: Tx, since: int) -> None:
        """What was used before the period."""
        for row in decisions.uses_before(tx, since):
            if row["rule"] in self.rules:
                self.uses.setdefault((row["rule"], row["key"]), []).append(row["at"])

    def note(self, record: Record, acted: Iterable[str] | None = None) -> None:
        """A decision is over: these rules acted, or those of its trace."""
        if acted is None:
            named = self._named.get(record.packed[:2])
            if not self.rules or named is None or not named.search(record.packed):
                return
            acted = acted_rules(record.packed)
        for name in acted:
            rule = self.rules.get(name)
            if rule is not None and (key := self._key(rule, record)) is not None:
                self.uses.setdefault((name, key), []).append(record.at)

    def allows(self, rule: Rule, record: Record) -> bool:
        """Whether it is under its limit. Raises Undecidable where it counts by agent: who that was is not kept."""
        limit = rule.limit
        if limit is None:
            return True
        key = self._key(rule, record)
        if key is None:
            if limit.scope == "agent":
                raise Undecidable("agent")
            return True
        since = -1 if limit.per is None else record.at - limit.per
        return sum(at > since for at in self.uses.get((rule.id, key), ())) < limit.count

    @staticmethod
    def _key(rule: Rule, record: Record) -> str | None:
        scope = rule.limit.scope if rule.limit is not None else ""
        if scope == "ticket":
            return None if record.ticket is None else str(record.ticket)
        if scope == "member":
            return None if record.member is None else str(record.member)
        return record.shop if scope == "shop" else None

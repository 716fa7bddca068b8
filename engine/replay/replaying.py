"""One recorded decision under a changed rulebook: what would have come out otherwise, from its snapshot and trace.

A rule that asks the same in both rulebooks acted or did not as recorded; others are asked again. From the stage where
the two part on, the changed rules see what they themselves wrote, through the waves that follow from it. What the
snapshot does not hold raises `Undecidable`: nothing is guessed.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from engine.core.actions import Lost, answers, merge, mute
from engine.core.calendar import from_micros
from engine.core.entities import INTERNAL, TRACKED, TRACKED_MEMBER
from engine.core.events import BY_CHANGE, BY_CHANGE_OF_CHATS
from engine.core.rulebook import Rulebook
from engine.core.sight import Sight
from engine.core.sla import Policy
from engine.core.trace import TraceEntry
from engine.lang import LIMITS, WEEKDAYS, Effect, Rule
from engine.replay.compare import BeforeAfter, ComparedBook, Plan, plain
from engine.replay.outcome import (
    Agreement,
    Difference,
    Left,
    Outcome,
    StageOutcome,
    Undecidable,
    differences,
    left_otherwise,
    with_left,
)
from engine.store.sql import Row

_FRESH = {
    "ticket.escalation": 0,
    "ticket.reopened": 0,
    "ticket.rating": None,
    "ticket.nudges": 0,
    "ticket.open_tasks": 0,
}
"""What no way of opening a ticket sets."""
_OF_TEXT = frozenset({"message.text", "message.length"})
_AS_SENT = {"message.direction": "outbound", "message.automatic": True, "message.has_attachment": False}
"""What is certain of a line that a rule wrote."""


@dataclass
class Record:
    """A recorded decision with what its snapshot refers to."""

    at: int
    root: str
    ticket: int | None
    shop: str
    member: int | None
    packed: bytes
    """The trace as it is stored: JSON."""
    snapshot: Mapping[str, Any]
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What never changes of the ticket, and the line it began with."""
    automatic: bool = False
    """Whether that line is an automatic one."""

    def take(self, snapshot: Mapping[str, Any], facts: Mapping[str, Any], sight: Sight) -> None:
        """What the decision saw, as far as who asks may read it; the rest was not recorded, for him."""
        self.snapshot, self.facts = sight.snapshot(snapshot), sight.values(facts)
        if "text" in snapshot and not sight.whole:  # words of the line are masked, and nobody is shown them
            self.facts = {name: value for name, value in self.facts.items() if name not in _OF_TEXT}

    @cached_property
    def trace(self) -> list[TraceEntry]:
        """The rules that acted, lost or failed."""
        return [TraceEntry.read(entry) for entry in json.loads(self.packed)]

    @property
    def machine(self) -> bool:
        """Whether a machine's line began it."""
        return self.automatic and any("message.received" in wave["keys"] for wave in self.snapshot["waves"][:1])

    def had_a_say(self, wave: int) -> list[TraceEntry]:
        """The rules that acted or lost in a wave."""
        return [entry for entry in self.trace if entry.wave == wave and entry.outcome in ("acted", "lost")]


class Limited(Protocol):
    """Knows how often rules with a `limit` acted before: `engine.replay.course.Limits`."""

    def allows(self, rule: Rule, record: Record) -> bool:
        """Whether it is under its limit. Raises Undecidable."""


class Replay:
    """A decision under both rulebooks.

    `left`: what the changed rules had left otherwise than it was recorded, in earlier decisions.
    """

    def __init__(self, books: BeforeAfter, record: Record, limits: Limited, left: Left | None = None) -> None:
        self.books, self.record, self.limits, self.left = books, record, limits, left or {}
        self.before = Outcome(books.before, record.shop)
        self.after = Outcome(books.after, record.shop)
        self.looked = False
        """Whether any wave was gone through: the outcomes hold values."""
        self.parted = False
        self.unfollowed: str | None = None
        """The value for lack of which later waves of the changed rules are not known, though earlier ones are."""
        self.waves = 0
        """How many waves of the changed rules are known."""
        self.found: list[Difference] = []
        self.apart = False
        """Whether it came out, or began, otherwise than recorded."""

    def run(self, whole: bool = False) -> list[Difference]:
        """Wave by wave. Raises Undecidable where not even the wave is known in which they part.

        `whole`: also goes through waves in which nothing can differ, so that `after.stages` tells of them.
        """
        waves = self.record.snapshot["waves"]
        found: list[Difference] = []
        woken: tuple[str, ...] = ()
        before: Mapping[str, Any] = {}
        if waves and self._finds_otherwise(waves):
            self.parted = self.apart = self.looked = True
            woken, before = tuple(waves[0]["keys"]), with_left(self.left, self.books.before.typed(waves[0]["before"]))
        for number in range(LIMITS.waves):
            wave = waves[number] if number < len(waves) else None
            if not self.parted:
                if wave is None:
                    break
                keys = tuple(wave["keys"])
                plan = self.books.plan(keys, self.record.shop)
                if whole or self._touched(plan, wave, number):
                    before = self._first(plan, wave, number)
                    found = differences(self.before, self.after)
                    self.parted = bool(found)
            else:
                if wave is None and not woken:
                    break
                try:
                    before = self._later(wave, number, woken, before)
                    found = differences(self.before, self.after)
                except Undecidable as error:
                    if number == 0:
                        raise
                    self.unfollowed = str(error)
                    break
            self.waves = number + 1
            if self.parted:
                try:
                    woken = self._wakes(before, waves[number + 1]["keys"] if number + 1 < len(waves) else ())
                except Undecidable as error:
                    self.unfollowed = str(error)
                    break
        self.found, self.apart = found, self.apart or bool(found)
        return found

    def leaves(self) -> Left:
        """What the changed rules leave otherwise than it was recorded, for the decisions that follow."""
        return left_otherwise(self.before, self.after, self.left) if self.apart else self.left

    # --- waves --------------------------------------------------------------------------------------------------------

    def _finds_otherwise(self, waves: Iterable[Mapping[str, Any]]) -> bool:
        """Whether rules that are asked read or write what the changed rules had left otherwise before."""
        if not self.left:
            return False
        keys = tuple({key: None for wave in waves for key in wave["keys"]})
        names = {target.partition(" ")[0] for target in self.left}
        book = self.books.after
        return any(not names.isdisjoint(book.minds(rule)) for rule in book.rulebook.rules.asked(keys, self.record.shop))

    def _touched(self, plan: Plan, wave: Mapping[str, Any], number: int) -> bool:
        """Whether anything may come out otherwise in a wave up to which all was the same."""
        if not self.books.same_stages or (number == 0 and not self.books.same_policies):
            return True
        if not plan.touched:
            return False
        if plan.watched and any(entry.rule in plan.watched for entry in self.record.had_a_say(number)):
            return True
        if not plan.asked:
            return False
        reads = plan.reads
        values = self._start(wave, reads)
        before = self.books.before.typed(wave["before"], reads)
        deltas = {entry["stage"]: entry["values"] for entry in wave["stages"][1:]}
        for stage, _ in self.books.before.stages:
            if stage in deltas:
                values |= self.books.before.typed(deltas[stage], reads)
            if any(self._matches(rule, values, before) for rule in plan.asked.get(stage, ())):
                return True
        return False

    def _recorded(
        self, wave: Mapping[str, Any], number: int
    ) -> tuple[dict[str, dict[str, Any]], dict[str, StageOutcome]]:
        """The wave as it was: the values each stage saw, and what came of it; the recorded outcome goes through it."""
        book, old = self.books.before, self.before
        entries = self.record.had_a_say(number)
        deltas = {entry["stage"]: entry["values"] for entry in wave["stages"]}
        values = self._start(wave)
        before = book.typed(wave["before"])
        old.begin(values)
        seen: dict[str, dict[str, Any]] = {}
        done: dict[str, StageOutcome] = {}
        for position, (stage, mode) in enumerate(book.stages):
            if stage in deltas and position:
                values = {**values, **book.typed(deltas[stage])}
            seen[stage] = values
            if old.stopped:
                continue
            ids = {e.rule for e in entries if e.stage == stage and e.rule in book.by_id}
            matched = [book.by_id[name] for name in ids]
            done[stage] = self._standing(old, number, wave["keys"], stage, matched, mode, values, before)
            old.perform(done[stage])
        return seen, done

    def _first(self, plan: Plan, wave: Mapping[str, Any], number: int) -> dict[str, Any]:
        """A wave that began alike; gives the values it began with."""
        new = self.after
        acted = {e.rule for e in self.record.trace if e.wave < number and e.outcome == "acted"}
        self.before.acted |= acted
        new.acted |= acted
        seen, done = self._recorded(wave, number)
        start = with_left(self.left, self._start(wave))
        before = with_left(self.left, self.books.before.typed(wave["before"]))
        new.begin(start)
        self.looked = True
        parted = not self.books.same_stages
        for stage, mode in self.books.after.stages:
            if new.stopped:
                break
            as_it_was = done.get(stage)
            if not parted and stage not in plan.touched:  # the same rules over the same values
                if as_it_was is not None:
                    new.perform(_mapped(as_it_was, plan.same))
                continue
            if parted:
                known = new.known()
                matched = self._asked(plan.every.get(stage, []), known, before)
            else:
                known = seen[stage]
                ids = {rule.id for rule in (*as_it_was.matched, *as_it_was.passed_over)} if as_it_was else set()
                matched = [rule for name, rule in plan.same.items() if name in ids and rule.stage == stage]
                matched += self._asked(plan.asked.get(stage, []), known, before)
            standing = self._standing(new, number, wave["keys"], stage, matched, mode, known, before)
            if not parted and _effects(standing) != _effects(as_it_was):
                parted = True
                new.values, new.lost = dict(known), set()
            new.perform(standing)
        return start

    def _later(
        self, wave: Mapping[str, Any] | None, number: int, keys: tuple[str, ...], before: Mapping[str, Any]
    ) -> dict[str, Any]:
        """A wave after they parted: as recorded for one, decided on computed values for the other."""
        old, new = self.before, self.after
        values = new.known()
        if wave is not None:
            agreed = Agreement(old, new)
            recorded = with_left(self.left, self._start(wave))
            values |= {name: value for name, value in recorded.items() if agreed.about(name)}
            self._recorded(wave, number)
        if new.speaker is not None:
            values = {n: v for n, v in values.items() if not n.startswith("message.")}
            values |= {**_AS_SENT, "message.author": new.speaker}
        start = dict(values)
        new.begin(values)
        if not keys:
            return start
        plan = self.books.plan(keys, self.record.shop)
        for stage, mode in self.books.after.stages:
            if new.stopped:
                break
            known = new.known()
            matched = self._asked(plan.every.get(stage, []), known, before)
            new.perform(self._standing(new, number, keys, stage, matched, mode, known, before))
        return start

    def _wakes(self, start: Mapping[str, Any], recorded: Collection[str]) -> tuple[str, ...]:
        """The events the changed rules' wave leads to; `recorded` are those it led to.

        Raises Undecidable where one that is heard is not certain.
        """
        new, record, book = self.after, self.record, self.books.after.rulebook
        if new.stopped or record.ticket is None:
            return ()
        sure: set[str] = set()
        perhaps: dict[str, str] = {}
        agreed = Agreement(self.before, new)
        live = start.get("ticket.kind") in book.live_kinds
        for name in {target.partition(" ")[0] for target in new.wrote}:
            owner, _, short = name.partition(".")
            if owner not in ("ticket", "member"):
                continue
            if short not in (TRACKED if owner == "ticket" else TRACKED_MEMBER) and name not in book.custom_fields:
                continue
            keys = {f"{owner}.changed", *BY_CHANGE.get(name, ())}
            if live:
                of_chats = set(BY_CHANGE_OF_CHATS.get(name, ()))
                if "chat.ended" in of_chats and _closed(book, new.values) and not _closed(book, start):
                    sure.add("chat.ended")
                perhaps.update(dict.fromkeys(of_chats - {"chat.ended"}, "chat.queue_position"))
            if name not in start or name not in new.values or name in new.lost:
                perhaps.update(dict.fromkeys(keys, name))
            elif start[name] != new.values[name]:
                sure |= keys
        if "reply" in new.wrote and start.get("ticket.channel") != INTERNAL:
            sure.add("message.sent")
        if new.answered and "message.sent" not in sure:
            if self.before.answered and "reply" not in self.before.wrote:
                sure |= {"message.sent"} & set(recorded)
            elif book.rules.asked(("message.sent",), record.shop):
                raise Undecidable("message.answers")
        for key, name in perhaps.items():
            fields = {target.partition(" ")[0] for target in (*self.before.wrote, *new.wrote)}
            if key in sure:
                continue
            if all(agreed.about(each) for each in fields if _raises(each, key)):
                sure |= {key} & set(recorded)
            elif book.rules.asked((key,), record.shop):
                raise Undecidable(name)
        return tuple(sorted(sure))

    def _start(self, wave: Mapping[str, Any], only: frozenset[str] | None = None) -> dict[str, Any]:
        """The values the wave began with, and what follows from them without a guess; `only` those fields."""
        record, book = self.record, self.books.before.rulebook
        values: dict[str, Any] = dict(record.facts)
        if wave.get("answer"):  # the line of this wave is one a rule wrote, and its text was not kept
            values = {name: value for name, value in values.items() if not name.startswith("message.")}
        elif record.snapshot["message"] is None and not any(key.startswith("message.") for key in wave["keys"]):
            values.update(self.books.before.no_message)
        # Without `changed` among the keys what the rules track is still as it was before.
        for name, value in wave["before"].items():
            if f"{name.partition('.')[0]}.changed" not in wave["keys"]:
                values[name] = value
        if wave["stages"]:
            values.update(wave["stages"][0]["values"])
        now = record.snapshot["now"]
        if "ticket.created" in wave["keys"]:
            values.update({name: value for name, value in _FRESH.items() if name not in values})
        values["now"] = now
        values["shop.name"] = record.shop
        if only is None or "weekday" in only:
            values["weekday"] = WEEKDAYS.values[from_micros(now, book.zone(record.shop)).weekday()]
        return self.books.before.typed(values, only)

    # --- rules --------------------------------------------------------------------------------------------------------

    def _standing(
        self,
        outcome: Outcome,
        wave: int,
        keys: Collection[str],
        stage: str,
        matched: list[Rule],
        mode: str,
        values: Mapping[str, Any],
        before: Mapping[str, Any],
    ) -> StageOutcome:
        machine, automatic = self.record.machine, wave > 0 or self.record.automatic  # a later line is a rule's
        rules = [
            rule
            for rule in matched
            if rule.id not in outcome.acted and not mute(rule, keys, machine=machine, automatic=automatic)
        ]
        rules.sort(key=lambda rule: (-rule.priority, rule.shop is None, rule.name))
        passed_over: list[Rule] = []
        if mode == "first":
            rules, passed_over = rules[:1], rules[1:]
        standing: list[Effect] = []
        wished: tuple[Effect, ...] = ()
        lost: list[Lost] = []
        if rules:
            helpers = outcome.book.helpers(self.record.shop, values)
            for rule in rules:
                lacking = outcome.book.needs(rule) - values.keys()
                if lacking:
                    raise Undecidable(min(lacking))
                for effect in rule.effects(values, before, helpers):
                    if answers(rule, effect.action, keys, machine=machine, automatic=automatic):
                        standing.append(effect)
            wished = tuple(standing)
            standing, lost = merge(standing)
        over = tuple(passed_over)
        return StageOutcome(wave, stage, tuple(rules), tuple(standing), tuple(lost), over, values, wished)

    def _asked(self, rules: list[Rule], values: Mapping[str, Any], before: Mapping[str, Any]) -> list[Rule]:
        return [rule for rule in rules if rule.id not in self.after.acted and self._matches(rule, values, before)]

    def _matches(self, rule: Rule, values: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
        book = self.books.after
        if not rule.in_dates(values["now"], str(book.rulebook.zone(self.record.shop))):
            return False
        condition = rule.condition
        if condition is not None:
            lacking = condition.reads - values.keys()
            if self.parted and self.waves:
                lacking |= book.compares(rule) - before.keys()
            if not lacking:
                if not condition.holds(values, before, book.helpers(self.record.shop, values)):
                    return False
            else:
                for clause in condition.explain(values, before, book.helpers(self.record.shop, values)):
                    if not clause.holds and not clause.values.keys() & lacking:
                        return False  # what is known is enough to say no
                raise Undecidable(min(lacking))
        return self.limits.allows(rule, self.record)


def _raises(name: str, key: str) -> bool:
    """Whether a change of the field may lead to the event."""
    if key in _BY_ONE:
        return key in BY_CHANGE.get(name, ()) or key in BY_CHANGE_OF_CHATS.get(name, ())
    return name.partition(".")[0] == key.partition(".")[0]


_BY_ONE = {key for table in (BY_CHANGE, BY_CHANGE_OF_CHATS) for keys in table.values() for key in keys}


def _mapped(done: StageOutcome, same: Mapping[str, Rule]) -> StageOutcome:
    """The same stage, of the changed rulebook's equal rules."""
    standing = tuple(effect._replace(rule=same[effect.rule.id]) for effect in done.standing)
    matched = tuple(same[rule.id] for rule in done.matched)
    passed_over = tuple(same[rule.id] for rule in done.passed_over)
    wished = tuple(effect._replace(rule=same[effect.rule.id]) for effect in done.wished)
    return StageOutcome(done.wave, done.stage, matched, standing, done.lost, passed_over, done.values, wished)


def _effects(done: StageOutcome | None) -> list[tuple[str, str]]:
    standing = done.standing if done is not None else ()
    return sorted((e.action, repr(sorted((k, plain(v)) for k, v in e.args.items()))) for e in standing)


def _closed(book: Rulebook, values: Mapping[str, Any]) -> bool:
    lifecycle = book.lifecycles.get(values.get("ticket.kind") or "")
    state = lifecycle.states.get(values.get("ticket.state") or "") if lifecycle is not None else None
    return state is not None and state.category == "closed"


def facts_of(ticket: Row | None, line: Row | None, at: int, snapshot: Row | None = None) -> dict[str, Any]:
    """What cannot have been otherwise then: how the ticket came in, and the line the decision began with."""
    facts: dict[str, Any] = {}
    if ticket is not None:
        facts.update({f"ticket.{name}": ticket[name] for name in ("number", "kind", "shop", "channel", "created_at")})
        facts["ticket.age"] = max(at - ticket["created_at"], 0)
    if line is not None:
        names = ("direction", "channel", "automatic", "language")
        facts.update({f"message.{name}": line[name] for name in names})
        facts["message.automatic"] = bool(line["automatic"])
        facts["message.author"] = line["author_kind"]
        if line["unsent_at"] is None:
            facts["message.text"] = (snapshot or {}).get("text", line["text"])  # as it was before words were masked
            facts["message.length"] = len(line["text"])
    return facts


def policy_of(outcome: Outcome, compared: ComparedBook) -> Policy | None:
    """The policy of a rulebook that takes the ticket as an outcome left it. Raises Undecidable."""
    book = compared.rulebook
    values = {**outcome.known(), **book.shop_settings.get(outcome.shop, {})}
    helpers = compared.helpers(outcome.shop, values)
    for policy in (*book.shop_policies.get(outcome.shop, {}).values(), *book.policies.values()):
        if policy.when is None:
            return policy
        clauses = policy.when.explain(values, {}, helpers)
        lacking = policy.when.reads - values.keys()
        if any(not clause.holds and not clause.values.keys() & lacking for clause in clauses):
            continue
        if lacking:
            raise Undecidable(min(lacking))
        return policy
    return None


FOLLOWING = tuple(sorted({"ticket.changed", "member.changed", "message.sent", "chat.ended", *_BY_ONE}))
"""The events that what rules do can lead to."""

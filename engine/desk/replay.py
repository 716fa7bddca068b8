"""One recorded decision under a changed rulebook: what would have come out otherwise, from its snapshot and trace.

A rule that asks the same in both rulebooks acted or did not as recorded; others are asked again. From the stage where
the two part on, the changed rules see what they themselves wrote. What the snapshot does not hold raises `Undecidable`:
nothing is guessed. Later waves are looked at as long as the earlier ones came out the same.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.core.actions import Wish, merge
from engine.core.calendar import from_micros
from engine.core.rulebook import Helpers, Rulebook
from engine.core.sla import Policy
from engine.lang import WEEKDAYS, Effect, Rule, Span, Template
from engine.lang import tree as tree_of
from engine.lang.checked import Dynamic
from engine.store import Tx
from engine.store import tables as t

_WORDS = (".rules", ".txt", "sla.yaml", "roles.yaml")
"""Files that say nothing a condition depends on besides what stands in the compiled condition itself."""
NOT_RECORDED = "(not recorded)"
_FRESH = {"ticket.escalation": 0, "ticket.reopened": 0, "ticket.rating": None}
"""What no way of opening a ticket sets."""
_PERHAPS = ("at least ", "at most ", "perhaps ")
"""How a value begins that depends on one which was not recorded."""


class Undecidable(Exception):
    """A value that decides was not recorded; the message is its name."""


# --- what a rule asks and does ----------------------------------------------------------------------------------------


def _plain(node: Any) -> Any:
    """A checked tree without the places it stands at: equal where two rules mean the same."""
    if isinstance(node, Span):
        return None
    if isinstance(node, Template):
        return _words(node)
    if dataclasses.is_dataclass(node) and not isinstance(node, type):
        parts = ((f.name, _plain(getattr(node, f.name))) for f in dataclasses.fields(node))
        return (type(node).__name__, *(part for part in parts if part[1] is not None))
    if isinstance(node, Mapping):
        return tuple((str(k), _plain(v)) for k, v in sorted(node.items(), key=lambda item: str(item[0])))
    if isinstance(node, (tuple, list)):
        return tuple(_plain(item) for item in node)
    if isinstance(node, (set, frozenset)):
        return tuple(sorted(map(repr, node)))
    return repr(node)


def _words(text: Template) -> str:
    return "".join(p if isinstance(p, str) else f"{{{p.field} {p.filters} {p.setting}}}" for p in text.pieces)


class Book:
    """A rulebook with what comparing needs, worked out once."""

    def __init__(self, book: Rulebook) -> None:
        self.book = book
        self.nouns = {
            path: text
            for path, text in book.files.items()
            if not path.endswith(_WORDS) and not {"tests", "templates"} & set(path.split("/"))
        }
        self.stages = tuple((stage.name, stage.mode) for stage in book.environment.stages)
        self.by_id = {rule.id: rule for rule in book.rules.rules}
        self._asks: dict[str, Any] = {}
        self._does: dict[tuple[str, str], Any] = {}
        self._missing: dict[str, frozenset[str]] = {}

    def asks(self, rule: Rule) -> Any:
        """When a rule acts."""
        found = self._asks.get(rule.id)
        if found is None:
            condition = rule.condition.tree if rule.condition is not None else None
            limit = repr(rule.limit)
            events = tuple(sorted(event.key for event in rule.events))
            found = (rule.stage, rule.starts, rule.ends, limit, rule.shop, rule.variant, events, _plain(condition))
            self._asks[rule.id] = found
        return found

    def does(self, rule: Rule, shop: str) -> Any:
        """What it does then, and what it wins against."""
        found = self._does.get((rule.id, shop))
        if found is None:
            actions = tuple((a.action, _plain(a.args), self.text(a.args.get("template"), shop)) for a in rule.actions)
            found = self._does[rule.id, shop] = (rule.priority, rule.names_automatic, actions)
        return found

    def needs(self, rule: Rule) -> frozenset[str]:
        """The fields its actions compute with; texts are not among them."""
        found = self._missing.get(rule.id)
        if found is None:
            found = frozenset().union(*(_dynamic(action.args) for action in rule.actions))
            self._missing[rule.id] = found
        return found

    def text(self, name: str | None, shop: str) -> str:
        """What a template says, in every language."""
        if name is None:
            return ""
        texts = self.book.shop_templates.get(shop, {}).get(name) or self.book.templates.get(name) or {}
        return "\n".join(f"{locale}: {_words(text)}" for locale, text in sorted(texts.items()))


def _dynamic(value: Any) -> frozenset[str]:
    if isinstance(value, Dynamic):
        return tree_of.reads(value.value)
    parts: Iterable[Any] = ()
    if isinstance(value, Mapping):
        parts = value.values()
    elif isinstance(value, (tuple, list)):
        parts = value
    return frozenset().union(*map(_dynamic, parts))


@dataclass(slots=True)
class _Plan:
    """The changed rules of a kind of wave, beside the recorded ones."""

    same: Mapping[str, Rule]
    """Those that ask the same: they match as recorded."""
    asked: Mapping[str, list[Rule]]
    """Per stage those that must be asked again."""
    every: Mapping[str, list[Rule]]
    touched: frozenset[str]
    """Stages in which anything differs at all."""


class Pair:
    """A recorded rulebook beside the changed one."""

    def __init__(self, old: Book, new: Book) -> None:
        self.old, self.new = old, new
        self.same_nouns = old.nouns == new.nouns
        self.same_stages = old.stages == new.stages
        self.same_policies = promises(old.book) == promises(new.book)
        self._plans: dict[tuple[tuple[str, ...], str], _Plan] = {}

    def plan(self, keys: tuple[str, ...], shop: str) -> _Plan:
        """What to do for a wave of these keys."""
        found = self._plans.get((keys, shop))
        if found is None:
            found = self._plans[keys, shop] = self._make(keys, shop)
        return found

    def _make(self, keys: tuple[str, ...], shop: str) -> _Plan:
        before = {rule.id: rule for rule in self.old.book.rules.asked(keys, shop)}
        same: dict[str, Rule] = {}
        asked: dict[str, list[Rule]] = {}
        every: dict[str, list[Rule]] = {}
        touched: set[str] = set() if self.same_stages else {name for name, _ in self.new.stages}
        now = self.new.book.rules.asked(keys, shop)
        for rule in now:
            every.setdefault(rule.stage, []).append(rule)
            old = before.get(rule.id)
            if old is not None and self.same_nouns and self.old.asks(old) == self.new.asks(rule):
                same[rule.id] = rule
                if self.old.does(old, shop) != self.new.does(rule, shop):
                    touched.add(rule.stage)
            else:
                asked.setdefault(rule.stage, []).append(rule)
                touched.add(rule.stage)
        kept = {rule.id: rule.stage for rule in now}
        touched |= {rule.stage for rule in before.values() if kept.get(rule.id) != rule.stage}
        return _Plan(same, asked, every, frozenset(touched))


# --- what came of it --------------------------------------------------------------------------------------------------


class Side:
    """One rulebook's way through a wave: values as its effects leave them, and what it wrote and said."""

    def __init__(self, book: Book, shop: str, values: Mapping[str, Any], automatic: bool) -> None:
        self.book, self.shop, self.automatic = book, shop, automatic
        self.first = values
        self.values = dict(values)
        self.lost: set[str] = set()
        """Fields whose value is not known any more: an agent chosen by load, what a move brings with it."""
        self.written: dict[str, Any] = {}
        self.by: dict[str, list[Rule]] = {}
        self.said: list[tuple[str, str]] = []
        self.stopped = False

    def perform(self, wishes: list[Wish]) -> None:
        """Applies what stands of a stage."""
        for wish in wishes:
            self._apply(wish)
            self.stopped |= wish.effect.action in ("stop", "reject")

    def _apply(self, wish: Wish) -> None:
        effect, args, action = wish.effect, wish.effect.args, wish.effect.action
        if action == "set":
            self._put(wish, args["field"], args["value"])
        elif action in ("raise", "lower"):
            self._shift(wish, args["field"], args["value"], 1 if action == "raise" else -1)
        elif action in ("add_tag", "remove_tag"):
            self._tag(wish, f"{args['owner']}.tags", args["tags"], action == "add_tag")
        elif action == "route":
            self._put(wish, "ticket.team", args["team"])
            by, skills = args.get("by"), args.get("skills") or ()
            if by or skills:
                how = f"{f'by {by}' if by else ''}{' with ' if skills else ''}{', '.join(skills)}".strip()
                self._write(wish, "ticket.assignee", how)
                self._lose("ticket.assignee", "agent.")
        elif action == "assign":
            self._put(wish, "ticket.assignee", args["agent"])
            self._lose("agent.")
        elif action == "move":
            self._put(wish, "ticket.state", args["state"])
            self._lose("ticket.category", "ticket.closed", "ticket.reopened", "ticket.waiting", "ticket.updated")
        else:
            self._say(wish, effect)

    def _say(self, wish: Wish, effect: Effect) -> None:
        args = effect.args
        if effect.action == "reject":
            self._write(wish, "rejected", args.get("why") or "yes")
            return
        text = args.get("text")
        what = args.get("template") or (_words(text) if isinstance(text, Template) else "")
        whole = self.book.text(args.get("template"), self.shop) or what
        rest = {k: v for k, v in args.items() if k not in ("text", "template", "words")}
        label = effect.action
        if effect.action == "notify":
            label = f"notify {args['to']}"
            what = ", ".join(str(name) for name in args["names"])
        elif not what:
            what = ", ".join(str(v) for v in rest.values() if v)
        name = effect.action if effect.action == "reply" else label
        self.said.append((f"{name}|{what}", f"{whole}|{sorted(rest.items())!r}"))
        self.by.setdefault(name, []).append(wish.rule)

    def _shift(self, wish: Wish, name: str, value: Any, direction: int) -> None:
        if name in self.lost or (name not in self.values and name not in self.written):
            self._write(wish, name, f"{'at least' if direction > 0 else 'at most'} {value}")
            self._lose(name)
            return
        current = self.values.get(name)
        if current is not None:
            ranks = self.book.book.ranks(name)
            gap = ranks.get(value, 0) - ranks.get(current, 0) if ranks is not None else value - current
            if gap * direction <= 0:
                return
        self._put(wish, name, value)

    def _tag(self, wish: Wish, name: str, tags: tuple[str, ...], add: bool) -> None:
        known = name in self.values and name not in self.lost
        had = self.values.get(name) or ()
        for tag in tags:
            if not known or (tag in had) is not add:
                self._write(wish, f"{name} {tag}", ("" if known else "perhaps ") + ("there" if add else "gone"))
        if known:
            rest = tuple(tag for tag in had if add or tag not in tags)
            self.values[name] = rest + tuple(tag for tag in tags if add and tag not in rest)

    def _put(self, wish: Wish, name: str, value: Any) -> None:
        self._write(wish, name, value)
        self.values[name] = value
        self.lost.discard(name)

    def _write(self, wish: Wish, target: str, value: Any) -> None:
        self.written[target] = value
        self.by.setdefault(target, []).append(wish.rule)

    def _lose(self, *prefixes: str) -> None:
        self.lost.update(name for name in self.values if name.startswith(prefixes))
        self.lost.update(prefixes)

    def left(self, target: str) -> Any:
        """What holds at the end; what stood there before, where it wrote nothing."""
        if target in self.written:
            return self.written[target]
        if target == "rejected":
            return "no"
        field, _, tag = target.partition(" ")
        if tag and field in self.first:
            return "there" if tag in (self.first[field] or ()) else "gone"
        return self.first.get(target, NOT_RECORDED)

    def spoken(self, name: str) -> list[tuple[str, str]]:
        """What it said of a kind: words for people, and what makes it the same."""
        return sorted((key.partition("|")[2], rest) for key, rest in self.said if key.partition("|")[0] == name)


@dataclass(slots=True)
class Difference:
    """One thing that would have come out otherwise."""

    target: str
    before: Any
    after: Any
    rules: tuple[tuple[str, Rule], ...]
    """(`recorded` or `changed`, rule)."""


def _differences(old: Side, new: Side) -> list[Difference]:
    found: list[Difference] = []
    unsure: list[str] = []

    def note(target: str, before: Any, after: Any) -> None:
        rules = [("recorded", rule) for rule in old.by.get(target, ())]
        rules += [("changed", rule) for rule in new.by.get(target, ())]
        found.append(Difference(target, before, after, tuple(rules)))

    for target in sorted(old.written.keys() | new.written.keys()):
        before, after = old.left(target), new.left(target)
        if before == after:
            continue
        if NOT_RECORDED in (before, after) and any(str(v).startswith(_PERHAPS) for v in (before, after)):
            unsure.append(target.partition(" ")[0])  # whether anything would have moved depends on where it stood
            continue
        note(target, before, after)
    kinds = sorted({key.partition("|")[0] for key, _ in old.said + new.said})
    for name in kinds:
        before, after = old.spoken(name), new.spoken(name)
        if before != after:
            heard, hear = [what for what, _ in before], [what for what, _ in after]
            note(
                name, heard or "nothing", (hear or "nothing") if hear != heard else [f"{w} (other words)" for w in hear]
            )
    if unsure and not found:
        raise Undecidable(unsure[0])
    return found


# --- one decision -----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Record:
    """A recorded decision with what its snapshot refers to."""

    at: int
    root: str
    ticket: int | None
    shop: str
    member: int | None
    trace: list[dict[str, Any]]
    snapshot: Mapping[str, Any]
    facts: Mapping[str, Any]
    """What never changes of the ticket, and the line it began with."""
    automatic: bool = False


class Replay:
    """A decision under both rulebooks."""

    def __init__(self, pair: Pair, record: Record, limits: Limits) -> None:
        self.pair, self.record, self.limits = pair, record, limits
        self.acted: set[str] = set()
        self.old: Side | None = None
        self.new: Side | None = None

    def run(self) -> list[Difference]:
        """Wave by wave until the two part. Raises Undecidable."""
        for number, wave in enumerate(self.record.snapshot["waves"]):
            plan = self.pair.plan(tuple(wave["keys"]), self.record.shop)
            entries = [e for e in self.record.trace if e["wave"] == number and e["outcome"] in ("acted", "lost")]
            if plan.touched or (number == 0 and not self.pair.same_policies):
                found = self._wave(plan, wave, entries)
                if found:
                    return found
            for entry in entries:
                if entry["outcome"] == "acted":
                    self.acted.add(entry["rule"])
                    self.limits.note(entry["rule"], self.record)
        return []

    def _wave(self, plan: _Plan, wave: Mapping[str, Any], entries: list[dict[str, Any]]) -> list[Difference]:
        book = self.pair.old.book
        deltas = {entry["stage"]: entry["values"] for entry in wave["stages"]}
        values: dict[str, Any] = self._start(wave)
        before = _typed(book, wave["before"])
        old = self.old = Side(self.pair.old, self.record.shop, values, self.record.automatic)
        new = self.new = Side(self.pair.new, self.record.shop, values, self.record.automatic)
        parted = not self.pair.same_stages
        seen: dict[str, dict[str, Any]] = {}
        stood: dict[str, list[Wish]] = {}
        for position, (stage, mode) in enumerate(self.pair.old.stages):
            if stage in deltas and position:
                values = {**values, **_typed(book, deltas[stage])}
            seen[stage] = values
            if old.stopped:
                continue
            ids = {e["rule"] for e in entries if e["stage"] == stage and e["rule"] in self.pair.old.by_id}
            matched = [self.pair.old.by_id[name] for name in ids]
            stood[stage] = self._standing(old, matched, mode, values, before)
            old.perform(stood[stage])
        for stage, mode in self.pair.new.stages:
            if new.stopped:
                break
            if not parted and stage not in plan.touched:  # the same rules over the same values
                new.perform([Wish(plan.same[w.rule.id], w.effect, w.position) for w in stood.get(stage, ())])
                continue
            known = new.values if parted else seen[stage]
            if parted:
                known = {name: value for name, value in known.items() if name not in new.lost}
                asked, matched = plan.every.get(stage, []), []
            else:
                asked = plan.asked.get(stage, [])
                ids = {e["rule"] for e in entries if e["stage"] == stage}
                matched = [rule for name, rule in plan.same.items() if name in ids]
            matched += [rule for rule in asked if self._matches(rule, known, before)]
            standing = self._standing(new, matched, mode, known, before)
            if not parted and _effects(standing) != _effects(stood.get(stage, [])):
                parted = True
                new.values, new.lost = dict(known), set()
            new.perform(standing)
        found = _differences(old, new)
        if found:
            for rule in {rule.id: rule for rules in new.by.values() for rule in rules}.values():
                self.limits.note(rule.id, self.record)
        return found

    def _start(self, wave: Mapping[str, Any]) -> dict[str, Any]:
        """The values the wave began with, and what follows from them without a guess."""
        record, book = self.record, self.pair.old.book
        values: dict[str, Any] = dict(record.facts)
        if wave.get("answer"):  # the line of this wave is one a rule wrote, and its text was not kept
            values = {name: value for name, value in values.items() if not name.startswith("message.")}
        elif record.snapshot["message"] is None and not any(key.startswith("message.") for key in wave["keys"]):
            values.update({name: None for name in book.fields if name.startswith("message.")})
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
        values["weekday"] = WEEKDAYS.values[from_micros(now, book.zone(record.shop)).weekday()]
        return _typed(book, values)

    def _standing(
        self,
        side: Side,
        matched: list[Rule],
        mode: str,
        values: Mapping[str, Any],
        before: Mapping[str, Any],
    ) -> list[Wish]:
        rules = [rule for rule in matched if rule.id not in self.acted]
        rules.sort(key=lambda rule: (-rule.priority, rule.shop is None, rule.name))
        if mode == "first":
            rules = rules[:1]
        wishes: list[Wish] = []
        if not rules:
            return wishes
        helpers = _helpers(side.book.book, self.record.shop, values)
        for rule in rules:
            lacking = side.book.needs(rule) - values.keys()
            if lacking:
                raise Undecidable(min(lacking))
            for position, effect in enumerate(rule.effects(values, before, helpers)):
                if effect.action not in ("reply", "answer") or not side.automatic or rule.names_automatic:
                    wishes.append(Wish(rule, effect, position))
        return merge(wishes)[0]

    def _matches(self, rule: Rule, values: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
        book = self.pair.new.book
        if not rule.in_dates(values["now"], str(book.zone(self.record.shop))):
            return False
        condition = rule.condition
        if condition is not None:
            helpers = _helpers(book, self.record.shop, values)
            lacking = condition.reads - values.keys()
            if not lacking:
                if not condition.holds(values, before, helpers):
                    return False
            else:
                for clause in condition.explain(values, before, helpers):
                    if not clause.holds and not clause.values.keys() & lacking:
                        return False  # what is known is enough to say no
                raise Undecidable(min(lacking))
        return self.limits.allows(rule, self.record)


def _helpers(book: Rulebook, shop: str, values: Mapping[str, Any]) -> Helpers:
    return Helpers(book, shop, str(book.zone(shop)), book.calendar_of(shop, values.get("ticket.team")))


def _effects(wishes: list[Wish]) -> list[tuple[str, str]]:
    return sorted((w.effect.action, repr(sorted((k, _plain(v)) for k, v in w.effect.args.items()))) for w in wishes)


def _typed(book: Rulebook, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of a snapshot's JSON as conditions want them: exact numbers, tuples."""
    typed: dict[str, Any] = {}
    for name, value in values.items():
        spec = book.fields.get(name)
        if isinstance(value, list):
            value = tuple(value)
        elif spec is not None and spec[0].type.kind == "number" and isinstance(value, (str, float)):
            value = Decimal(str(value))
        typed[name] = value
    return typed


def promises(book: Rulebook) -> Any:
    """The service levels, so that two rulebooks can be compared."""

    def plain(policies: Mapping[str, Policy]) -> Any:
        return tuple(
            (name, *promise(policy), _plain(policy.when and policy.when.tree)) for name, policy in policies.items()
        )

    return plain(book.policies), {shop: plain(own) for shop, own in book.shop_policies.items()}


def promise(policy: Policy) -> tuple[Any, ...]:
    """What a policy promises, without whom."""
    return policy.calendar, tuple(sorted((k, str(v)) for k, v in policy.targets.items())), policy.warn_at


def policy_of(side: Side) -> Policy | None:
    """The policy that takes the ticket as a side left it. Raises Undecidable."""
    book = side.book.book
    values = {name: value for name, value in side.values.items() if name not in side.lost}
    helpers = _helpers(book, side.shop, values)
    for policy in (*book.shop_policies.get(side.shop, {}).values(), *book.policies.values()):
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


class Limits:
    """How often the changed rules with a `limit` would have acted: what was recorded before, then what came of it."""

    def __init__(self, book: Rulebook) -> None:
        self.rules = {rule.id: rule for rule in book.rules.rules if rule.limit is not None}
        self.uses: dict[tuple[str, str], list[int]] = {}

    def seed(self, tx: Tx, since: int) -> None:
        """What was used before the period."""
        rows = tx.rows(t.RuleUse.select(t.RuleUse.rule, t.RuleUse.key, t.RuleUse.at).where(t.RuleUse.at < since))
        for row in rows:
            if row["rule"] in self.rules:
                self.uses.setdefault((row["rule"], row["key"]), []).append(row["at"])

    def note(self, name: str, record: Record) -> None:
        """A rule acted."""
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

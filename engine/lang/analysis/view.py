"""The rules as the analysis looks at them: regions, events, writes, and who is asked together with whom."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile

from engine.lang import tree
from engine.lang.analysis.axes import EMPTY
from engine.lang.analysis.boxes import Box, TooManyError, apart, checked, every, meet, subtract
from engine.lang.analysis.domains import Domains, Known, Shape
from engine.lang.analysis.facts import Tie, asked_changes, box_of, learn, tie_of
from engine.lang.analysis.space import Space
from engine.lang.analysis.writes import Written, effect_of, writes_of
from engine.lang.checked import Checked, CheckedRule
from engine.lang.environment import Environment

STEPS = 512
"""Pieces looked at before a cover is given up."""


@dataclass(slots=True, eq=False)
class Seen:
    """A rule and its region. `boxes`: None when it has too many parts; `wide` then says at least where it is not."""

    number: int
    rule: CheckedRule
    condition: list[Box] | None
    boxes: list[Box] | None
    wide: list[Box]
    keys: frozenset[str]
    waves: int
    writes: tuple[Written, ...]
    effects: frozenset[Hashable]
    shops: frozenset[str]
    """The shops whose tickets it decides."""
    rank: tuple[int, bool] = field(init=False)
    """Of two of one rank neither wins by what was declared; a smaller one wins."""

    def __post_init__(self) -> None:
        self.rank = (-self.rule.priority, self.rule.shop is None)

    @property
    def order(self) -> tuple[int, bool, str]:
        """Smaller comes first."""
        return (-self.rule.priority, self.rule.shop is None, self.rule.id)

    @property
    def waved(self) -> list[Box]:
        """The boxes, or what they lie in, with the events on their axis."""
        return [{**box, 1: self.waves} for box in (self.boxes if self.boxes is not None else self.wide)]


@dataclass
class View:
    """All rules of a desk, in one space."""

    environment: Environment
    domains: Domains
    checked: Checked
    space: Space
    rules: list[Seen] = field(default_factory=list)
    stages: dict[str, list[Seen]] = field(default_factory=dict)
    firsts: frozenset[str] = frozenset()
    _kinds: dict[str, str] = field(default_factory=dict)
    _facts: dict[tuple[frozenset[str], str | None], Box | None] = field(default_factory=dict)
    _ties: dict[tuple[frozenset[str], str | None], list[Tie]] = field(default_factory=dict)
    _overwritten: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    _meetings: dict[tuple[frozenset[str], frozenset[str]], tuple[frozenset[str], ...]] = field(default_factory=dict)

    def kind(self, key: str) -> str:
        """The event kind of an event key."""
        return self._kinds.get(key, key)

    def plain_key(self, key: str) -> bool:
        """Whether the event arises with others: not one of `after` or `every`."""
        return self._kinds.get(key, key) == key

    def meetings(self, one: frozenset[str], other: frozenset[str]) -> tuple[frozenset[str], ...]:
        """The smallest sets of events in which rules with these events are both asked."""
        found = self._meetings.get((one, other))
        if found is None:
            sets: dict[frozenset[str], None] = {frozenset({key}): None for key in sorted(one & other)}
            for a in sorted(one):
                for b in sorted(other):
                    if a != b and self.plain_key(a) and self.plain_key(b) and self.domains.meets(a, b):
                        sets[frozenset({a, b})] = None
            found = self._meetings[one, other] = tuple(sets)
        return found

    def facts(self, keys: frozenset[str], stage: str | None = None) -> Box | None:
        """What is so whenever these events arise, and still in a stage if one is named; None when they cannot."""
        if (keys, stage) not in self._facts:
            self._facts[keys, stage] = self._box(keys, stage)
        return self._facts[keys, stage]

    def known(self, key: str, stage: str | None = None) -> list[Known]:
        """What an event settles, as far as no rule before the stage may have made it otherwise."""
        facts = self.domains.facts.get(self.kind(key), ())
        gone = self.overwritten(key, stage) if stage is not None and facts else frozenset[str]()
        # A key that is no kind is one of `after`.
        return [k for k in facts if k.until.isdisjoint(gone) and not (k.plain and not self.plain_key(key))]

    def overwritten(self, key: str, stage: str) -> frozenset[str]:
        """Which of the fields that something known hangs on rules of earlier stages write when the event arises."""
        found = self._overwritten.get((key, stage))
        if found is None:
            before = takewhile(lambda one: one.name != stage, self.environment.stages)
            here = [
                fields
                for one in before
                for other, fields in self.written.get(one.name, {}).items()
                if other == key or (self.plain_key(key) and self.plain_key(other) and self.domains.may_meet(key, other))
            ]
            found = self._overwritten[key, stage] = frozenset().union(*here)
        return found

    @cached_property
    def written(self) -> dict[str, dict[str, set[str]]]:
        """By stage and event key, the fields that rules write, of those that something known hangs on. A plugin's
        action may write any."""
        domains = self.domains
        until = [one.until for facts in domains.facts.values() for one in facts]
        wanted = frozenset().union(*until, *map(domains.until, asked_changes(self.space)))
        found: dict[str, dict[str, set[str]]] = {}
        for seen in self.rules:
            fields = {write.target.partition(" ")[0] for write in seen.writes}
            for action in seen.rule.actions:
                fields |= {one.what for one in self.environment.actions[action.action].raises(action.args)}
                fields |= wanted if action.action == "do" else set()
            for key in seen.keys if fields & wanted else ():
                found.setdefault(seen.rule.stage, {}).setdefault(key, set()).update(fields & wanted)
        return found

    def _box(self, keys: frozenset[str], stage: str | None) -> Box | None:
        box: Box | None = {}
        kinds = {self.kind(key) for key in keys}
        parts = [box_of(self.space, one) for key in sorted(keys) for one in self.known(key, stage)]
        if kinds & self.domains.creations:
            parts.extend({change.before.id: EMPTY} for change in self.space.changes.values())
        if all(self.kind(key) in self.domains.still or not self.plain_key(key) for key in keys):
            # One that comes `after` a while brings nothing new.
            moved = [self.domains.still.get(key, frozenset[str]()) for key in keys]
            gone = frozenset().union(*moved, *(self.overwritten(key, stage) for key in keys if stage is not None))
            still = (name for name in asked_changes(self.space) if self.domains.until(name).isdisjoint(gone))
            parts.extend(box_of(self.space, Known(name, Shape.UNCHANGED)) for name in still)
        for part in parts:
            if part is not None and box is not None:
                box = None if 0 in part.values() else meet(box, part)
        return box

    def under(self, boxes: Iterable[Box], keys: frozenset[str], stage: str | None = None) -> list[Box]:
        """The boxes as far as they can be when these events arise (and still in a stage, if one is named)."""
        facts = self.facts(keys, stage)
        if facts is None:
            return []
        ties = self._ties_of(keys, stage)
        found = (meet(box, facts) for box in boxes)
        return [
            box
            for box in found
            if box is not None and self.space.possible(box) and all(tie.possible(box) for tie in ties)
        ]

    def _ties_of(self, keys: frozenset[str], stage: str | None) -> list[Tie]:
        if (keys, stage) not in self._ties:
            known = (one for key in sorted(keys) for one in self.known(key, stage))
            ties = (tie_of(self.space, one) for one in known)
            self._ties[keys, stage] = [tie for tie in ties if tie is not None]
        return self._ties[keys, stage]


def view_of(checked_rules: Checked, environment: Environment, domains: Domains) -> View:
    """Reads all conditions and settles the space."""
    space = Space(environment, domains)
    for rule in checked_rules.rules:
        if rule.condition is not None:
            space.learn(rule.condition)
        space.moments.learn_days(rule.starts, rule.ends)
        _waves(space, domains, rule)
    ways = [way for arrival in domains.arrivals for way in arrival.ways]
    for _, guard in ways:
        if guard is not None:
            space.learn(guard)
    for one in (one for facts in domains.facts.values() for one in facts):
        learn(space, one)
    for given in (domains.fresh, *(before for before, _ in ways)):
        for name, values in given.items():
            space.learn_fact(name, values)
    space.settle()
    firsts = frozenset(stage.name for stage in environment.stages if stage.mode == "first")
    view = View(environment, domains, checked_rules, space, firsts=firsts)
    own: dict[str, set[str]] = {}
    variants: dict[str, set[str]] = {}
    for rule in checked_rules.rules:
        if rule.shop is not None:
            own.setdefault(rule.shop, set()).add(rule.name)
        if rule.variant is not None:
            variants.setdefault(rule.variant, set()).add(rule.name)
    for rule in checked_rules.rules:
        view.rules.append(_seen(view, len(view.rules), rule, own, variants))
    for stage in environment.stages:
        view.stages[stage.name] = sorted(
            (seen for seen in view.rules if seen.rule.stage == stage.name), key=lambda seen: seen.order
        )
    space.calm_down(box for seen in view.rules for box in seen.boxes or ())
    return view


def _seen(view: View, number: int, rule: CheckedRule, own: dict[str, set[str]], variants: dict[str, set[str]]) -> Seen:
    space, domains = view.space, view.domains
    condition: list[Box] | None = [{}]
    wide: list[Box] = [{}]
    if rule.condition is not None:
        try:
            condition = wide = space.boxes(rule.condition)
        except TooManyError:
            condition, wide = None, _wide(space, rule.condition)
    mine = _shops(view, rule, own, variants)
    place = _place(view, rule, mine)
    boxes = condition
    if place != space.place.full:
        boxes = None if condition is None else _cut(condition, place)
        wide = _cut(wide, place)
    keys = frozenset(event.key for event in rule.events)
    for event in rule.events:
        view._kinds[event.key] = event.kind
    waves = _waves(space, domains, rule)
    writes = tuple(write for action in rule.actions for write in writes_of(action, view.environment))
    effects = frozenset(effect_of(action) for action in rule.actions)
    return Seen(number, rule, condition, boxes, wide, keys, waves, writes, effects, mine)


def _waves(space: Space, domains: Domains, rule: CheckedRule) -> int:
    """The events a rule is asked in, each by itself and each with those it may arise with."""
    mask = 0
    for event in rule.events:
        mask |= space.waves.bit(event.key)
        if event.key == event.kind:
            for index, wave in enumerate(domains.waves):
                if event.kind in wave:
                    mask |= space.waves.bit(f" {index}")
    return mask


def _cut(boxes: list[Box], place: int) -> list[Box]:
    return [box for box in (meet(box, {0: place}) for box in boxes) if box is not None] if place else []


def _shops(view: View, rule: CheckedRule, own: dict[str, set[str]], variants: dict[str, set[str]]) -> frozenset[str]:
    shops = {name for name, _ in view.domains.shops}
    if rule.shop is not None:
        return frozenset({rule.shop} & shops)
    mine = {shop for shop in shops if rule.name not in own.get(shop, ())}
    if rule.variant is not None:
        return frozenset(mine & {rule.variant})
    return frozenset(mine - {shop for shop in shops if rule.name in variants.get(shop, ())})


def _place(view: View, rule: CheckedRule, mine: frozenset[str]) -> int:
    """The shops and moments a rule is for."""
    moments = view.space.moments
    mask = view.space.place.full
    if rule.starts or rule.ends:
        mask &= moments.within(rule.starts, rule.ends)
    if not view.domains.shops or len(mine) == len(view.domains.shops):
        return mask
    return mask & moments.of_shops(mine)


def _wide(space: Space, test: tree.Test) -> list[Box]:
    """Boxes in which a condition with too many parts lies: its parts that are not too many, together."""
    parts: list[list[Box]] = []
    for item in test.items if isinstance(test, tree.AllOf) else ():
        try:
            parts.append(space.boxes(item))
        except TooManyError:
            continue
    try:
        return checked(every(parts, space.possible))
    except TooManyError:
        return [{}]


class Cover:
    """Boxes by what they ask for first, so that those with a point in them are found without asking them all."""

    def __init__(self, space: Space, owners: Sequence[Seen]) -> None:
        self._space = space
        self._always: list[tuple[Seen, Box]] = []
        self._asking: dict[int, list[tuple[Seen, Box]]] = {}
        counts: dict[int, int] = {}
        entries = [(owner, box) for owner in owners for box in owner.boxes or ()]
        asked: list[list[int]] = []
        for _, box in entries:
            wanted = [n for n, mask in box.items() if not space.axes[n].calm & mask]
            asked.append(wanted)
            for number in wanted:
                counts[number] = counts.get(number, 0) + 1
        for entry, wanted in zip(entries, asked, strict=True):
            if wanted:
                self._asking.setdefault(min(wanted, key=lambda n: (counts[n], n)), []).append(entry)
            else:
                self._always.append(entry)

    def find(self, point: Box, accept: Callable[[Seen], bool]) -> tuple[Seen, Box] | None:
        """An accepted rule and a box of it in which the point lies."""
        holds = self._space.holds
        for entry in self._always:
            if accept(entry[0]) and holds(point, entry[1]):
                return entry
        for number, bit in point.items():
            if bit != self._space.axes[number].calm:
                for entry in self._asking.get(number, ()):
                    if accept(entry[0]) and holds(point, entry[1]):
                        return entry
        return None

    def uncovered(
        self, boxes: Iterable[Box], accept: Callable[[Seen], bool], used: dict[Seen, None] | None = None
    ) -> Box | None:
        """A box within `boxes` that lies in no box of accepted rules; None when there is none.

        `used` takes the rules that cover. A point of the answer lies in no accepted rule, the whole box may.

        Raises TooManyError when that takes more than `STEPS` steps.
        """
        space = self._space
        stack = list(boxes)
        steps = 0
        while stack:
            box = stack.pop()
            if not space.possible(box):
                continue
            found = self.find(space.point(box), accept)
            if found is None:
                return box
            steps += 1
            if steps > STEPS:
                raise TooManyError
            if used is not None:
                used[found[0]] = None
            rest = subtract(box, found[1], space.full)
            if len(rest) == 1 and rest[0] is box:
                return box
            stack.extend(rest)
        return None


def overlap(view: View, one: Seen, other: Seen, keys: frozenset[str]) -> list[Box]:
    """Where both rules match when these events arise."""
    facts = view.facts(keys, one.rule.stage)
    if facts is None:
        return []
    found: list[Box] = []
    for a in one.boxes if one.boxes is not None else one.wide:
        for b in other.boxes if other.boxes is not None else other.wide:
            if apart(a, b):
                continue
            both = meet(a, b)
            box = None if both is None else meet(both, facts)
            if box is not None and view.space.possible(box):
                found.append(box)
    return found

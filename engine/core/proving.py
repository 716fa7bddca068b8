"""The desk's side of the analysis of all rules: what its fields can be, and the engine that confirms each case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from engine.core import rounds
from engine.core.actions import ACTIONS, answers, merge, mute
from engine.core.actions.fields import risen
from engine.core.asking import Helpers, helpers_of
from engine.core.entities import INTERNAL
from engine.core.rulebook import COMPARED, Rulebook
from engine.core.settled import BESIDE, FOLLOWS, NEW, STARS, STILL, settled
from engine.lang import LIMITS, Effect, Finding, Rule, Source, Span
from engine.lang.analysis import Arrival, Bounds, Case, Domains, Joint, Ring, Tie, analyse
from engine.lang.checked import Checked
from engine.lang.kept import Kept
from engine.lang.said import say
from engine.lang.verbs import Write

_COUNT = Bounds(lowest=0, whole=True)

BOUNDS: Mapping[str, Bounds] = {
    "ticket.number": Bounds(lowest=1, whole=True),
    "chat.queue_position": Bounds(lowest=1, whole=True),
    "ticket.rating": STARS,
    "rating.score": STARS,
    "sla.percent": Bounds(lowest=0),
}
"""The built-in numbers that cannot be just any, beside counts."""

FRESH: Mapping[str, tuple[Any, ...]] = {
    **dict.fromkeys(
        ("ticket.team", "ticket.assignee", "ticket.closed_at", "ticket.closed_for", "ticket.solution"), (None,)
    ),
    **dict.fromkeys(("ticket.reopened", "ticket.escalation", "ticket.nudges", "ticket.open_tasks"), (0,)),
    "message.direction": ("inbound",),
    "message.author": ("member",),
}
"""A ticket that has just been opened, beside what `ticket.created` settles: rules of its wave may change this."""


def whole_set(book: Rulebook, checked: Checked, kept: Kept | None = None, *, whole: bool = True) -> list[Finding]:
    """What is to be said about all rules together, of a rulebook whose nouns are sound; `whole`: its rules are, too.

    `allow` is not looked at here.
    """
    return analyse(checked, book.environment, domains_of(book), Engine(book), whole, kept)


def domains_of(book: Rulebook) -> Domains:
    """What this desk's fields can be, and what arises together."""
    cases = tuple(
        (kind, state.name, state.category)
        for kind, lifecycle in book.lifecycles.items()
        for state in lifecycle.states.values()
    )
    people = tuple((tier, guest) for tier in book.tiers for guest in (True, False) if book.may_have(tier, guest=guest))
    joints = [Joint(("ticket.kind", "ticket.state", "ticket.category"), cases)] if cases else []
    if people:
        joints.append(Joint(("member.tier", "member.is_guest"), people))
    custom = set(book.custom_fields)
    calendars = [*book.calendars.values(), *(c for own in book.shop_calendars.values() for c in own.values())]
    holidays = {day for calendar in calendars for day in calendar.holidays}
    holidays |= {day + timedelta(days=1) for day in holidays}
    return Domains(
        bounds={**{name: _COUNT for name, (spec, _) in book.fields.items() if spec.count}, **BOUNDS},
        joints=tuple(joints),
        facts=settled(book),
        follows=FOLLOWS,
        beside=BESIDE,
        still=STILL,
        creations=frozenset(NEW),
        fresh={**FRESH, "ticket.state": tuple(lifecycle.initial for lifecycle in book.lifecycles.values())},
        tracked=frozenset({name for name in book.fields if name.split(".")[0] in COMPARED} | custom),
        shops=tuple((name, str(shop.zone)) for name, shop in book.shops.items()),
        clock_times=tuple(
            sorted({at % 1440 for c in calendars for spans in c.hours.values() for span in spans for at in span})
        ),
        holidays=tuple(day.isoformat() for day in sorted(holidays)),
        helpers=lambda shop, values: _helpers(book, shop, values),
        expected=_expected(book),
        lengths={"message.length": "message.text"},
        arrivals=tuple(_arrivals(book)),
        shares=frozenset({"sla.percent"}),
        required=_required(book),
        inside={"ticket.kind": tuple(sorted(book.internal_kinds)), "ticket.channel": (INTERNAL,)},
    )


def _required(book: Rulebook) -> dict[tuple[str, str, str], frozenset[str]]:
    """What people must fill in before, by kind and the states between."""
    found: dict[tuple[str, str, str], frozenset[str]] = {}
    for kind, lifecycle in book.lifecycles.items():
        for way in lifecycle.transitions:
            for source in way.sources:
                key = (kind, source, way.target)
                found[key] = found.get(key, frozenset(way.requires)) & frozenset(way.requires)
    return {key: names for key, names in found.items() if names}


def _arrivals(book: Rulebook) -> Iterator[Arrival]:
    """How tickets come into each state but the one they begin in."""
    for kind, lifecycle in book.lifecycles.items():
        for state in lifecycle.states.values():
            ways = tuple(
                (
                    {"ticket.kind": (kind,), "ticket.state": way.sources},
                    None if way.when is None else way.when.tree,
                )
                for way in lifecycle.transitions
                if way.target == state.name
            )
            if state.place is not None and state.name != lifecycle.initial:
                yield Arrival(state.name, state.place, ways)


def _helpers(book: Rulebook, shop: str | None, values: Mapping[str, Any]) -> Helpers:
    name = shop if shop is not None else next(iter(book.shops))
    return helpers_of(book, name, values.get("ticket.team"))


def _expected(book: Rulebook) -> dict[str, tuple[Span, str]]:
    """Breaches come wherever a policy promises something."""
    for path in sorted(book.files):
        if path.split("/")[-1] in ("sla.yaml", "sla.yml") and any(p.targets for p in book.policies.values()):
            source = Source(path, book.files[path])
            return {"sla.breached": (source.span(0, len(source.line(1))), say("a promise of `sla.yaml` can be broken"))}
    return {}


@dataclass(slots=True)
class Engine:
    """The engine as the analysis asks it: see `engine.lang.analysis.Prover`."""

    book: Rulebook

    def matching(self, stage: str, case: Case) -> Sequence[Rule]:
        """The rules of a stage that match, first come first."""
        helpers = _helpers(self.book, case.shop, case.values)
        return self.book.rules.matching(stage, case.keys, case.values, case.before, helpers, case.shop)

    def ties(self, rules: Sequence[Rule], case: Case) -> Sequence[Tie]:
        """What stays undecided between the wishes of these rules."""
        _, lost = merge(self._effects(rules, case))
        return [Tie(item.effect.rule.id, item.winner.rule.id, item.target) for item in lost if item.tie]

    def cascade(self, case: Case, waves: int) -> list[frozenset[str]]:
        """The rules that act, wave by wave (at most `waves`), when rules may act again and again."""
        values, before, keys = dict(case.values), dict(case.before), set(case.keys)
        machine = "message.received" in keys and bool(values.get("message.automatic"))
        run: list[frozenset[str]] = []
        while keys and len(run) < waves:
            at_start = dict(values)
            wave = Case(frozenset(keys), case.shop, values, before, "")
            acted, keys, stopped = self._wave(wave, values, [], machine=machine)
            run.append(acted)
            before = at_start
            if stopped:
                break
        return run if keys else run[:-1]

    def ring(self, case: Case) -> Ring | None:
        """The ring that a case comes into when what rules put off comes about, one after the other; see `rounds`."""
        return rounds.ring(self, case)

    def turn(self, case: Case, values: dict[str, Any]) -> tuple[frozenset[str], list[Effect]]:
        """All waves of one decision on `values`: who acted, and every wish that stood."""
        acted: set[str] = set()
        done: list[Effect] = []
        before, keys, wave = case.before, set(case.keys), 0
        while keys and wave < LIMITS.waves:
            at_start = dict(values)
            more, keys, stopped = self._wave(Case(frozenset(keys), case.shop, values, before, ""), values, done)
            acted |= more
            before, wave = at_start, wave + 1
            if stopped:
                break
        return frozenset(acted), done

    def _effects(self, rules: Sequence[Rule], case: Case) -> list[Effect]:
        helpers = _helpers(self.book, case.shop, case.values)
        return [effect for rule in rules for effect in rule.effects(case.values, case.before, helpers)]

    def _wave(
        self, case: Case, values: dict[str, Any], done: list[Effect], *, machine: bool = False
    ) -> tuple[frozenset[str], set[str], bool]:
        """One wave on `values`: who acted, the events of the next one, and whether it was stopped. `done` takes the
        wishes that stood. `machine`: a machine's line began the decision."""
        acted: set[str] = set()
        raised: set[str] = set()
        spoken = False
        at_start = dict(values)
        automatic = bool(values.get("message.automatic"))
        for stage in self.book.environment.stages:
            snapshot = Case(case.keys, case.shop, dict(values), case.before, "")
            rules = [
                rule
                for rule in self.matching(stage.name, snapshot)
                if rule.limit is None and not mute(rule, case.keys, machine=machine, automatic=automatic)
            ]
            wished = [
                effect
                for effect in self._effects(rules[:1] if stage.mode == "first" else rules, snapshot)
                if answers(effect.rule, effect.action, case.keys, machine=machine, automatic=automatic)
            ]
            standing, _ = merge(wished)
            for effect in standing:
                action = ACTIONS[effect.action]
                if action.to_member:
                    done.append(effect)
                    acted.add(effect.rule.id)
                    spoken = spoken or not any(one.later for one in action.raises(effect.args))
                    continue
                done.append(effect)
                at_once = action.raised_at_once(effect.args)
                raised |= at_once
                if self._apply(action.writes(effect.args), values) or at_once:
                    acted.add(effect.rule.id)
                if action.ends:
                    return frozenset(acted), set(), True
        return frozenset(acted), raised | self._events(at_start, values, spoken), False

    def _events(self, before: Mapping[str, Any], values: dict[str, Any], spoken: bool) -> set[str]:
        changed = {name for name in values if values[name] != before.get(name)}
        keys: set[str] = set()
        if any(name.startswith("ticket.") for name in changed):
            keys.add("ticket.changed")
        if "ticket.state" in changed:
            keys.add("ticket.state_changed")
        if changed & {"ticket.team", "ticket.assignee"}:
            keys.add("ticket.assigned")
        if any(name.startswith("member.") for name in changed):
            keys.add("member.changed")
        if values.get("ticket.kind") in self.book.live_kinds and values.get("ticket.category") == "closed":
            keys |= {"chat.ended"} if "ticket.category" in changed else set()
        if spoken:
            keys.add("message.sent")
            values.update({"message.author": "bot", "message.direction": "outbound", "message.automatic": True})
        return keys

    def _apply(self, writes: Iterable[Write], values: dict[str, Any]) -> bool:
        """What an action wants, done to the values; True when that changed one."""
        return sum(self._write(write, values) for write in writes) > 0

    def _write(self, write: Write, values: dict[str, Any]) -> bool:
        field, value = write.field, write.value
        if field == "member.tier" and not self.book.may_have(str(value), guest=bool(values.get("member.is_guest"))):
            return False
        match write.how:
            case "set":
                return _put(values, field, value)
            case "raise" | "lower":
                moves = risen(self.book, field, values.get(field), value, write.how)
                return moves and _put(values, field, value)
            case "add" | "remove":
                tag, had = write.target.partition(" ")[2], tuple(values.get(field) or ())
                rest = tuple(one for one in had if one != tag)
                return _put(values, field, rest if write.how == "remove" else had if tag in had else (*had, tag))
            case "move":
                lifecycle = self.book.lifecycles.get(str(values.get("ticket.kind")))
                if lifecycle is None or not lifecycle.leading_to(str(values.get(field)), value):
                    return False
                values["ticket.category"] = lifecycle.states[value].category
                return _put(values, field, value)
        return False


def _put(values: dict[str, Any], name: str, value: Any) -> bool:
    if values.get(name) == value:
        return False
    values[name] = value
    return True

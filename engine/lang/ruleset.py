"""Compiled rules: which of them match an event, why, and what they want done. Immutable, shared by threads.

`matching` is the only door to the rules of an event; the discrimination index stands behind it. `matching_naive` asks
rule by rule: it is what the index is measured and tested against.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from engine.lang import tree
from engine.lang.checked import Checked, CheckedRule, EventRef
from engine.lang.compiler import Unit
from engine.lang.emptiness import empty_comparisons
from engine.lang.environment import Environment
from engine.lang.findings import Finding
from engine.lang.index import Index
from engine.lang.kept import Kept
from engine.lang.parser import parse_condition
from engine.lang.resolver import NoScope, Resolver
from engine.lang.rule import Condition, Rule, Whole, make_actions, plan_actions
from engine.lang.runtime import Helpers
from engine.lang.said import quoted, say
from engine.lang.source import Place, Span

__all__ = ["Rule", "RuleSet", "compile_condition", "compile_rules"]

# Functions compiled together: more save nothing and keep more source in memory at once.
_BATCH = 500

# Below this asking rule by rule is as quick as any index: 0.2 µs a rule, against 2 to 20 µs.
_FEW = 16

# Indexes of one rule set: stages × kinds of waves × shops that have rules of their own. A caller who makes up kinds of
# waves gets no more of them.
_MOST_INDEXES = 2_000


class RuleSet:
    """All rules of a rulebook, indexed by stage, event and shop."""

    def __init__(
        self, rules: Iterable[Rule], stages: Iterable[str], known: Mapping[tuple[Rule, ...], Index] | None = None
    ) -> None:
        """`known`: indexes of another rule set, for what the two have in common."""
        self.rules = tuple(rules)
        self.stages = tuple(stages)
        self._by_key: dict[tuple[str, str], list[Rule]] = {}
        self._own: dict[str, set[str]] = {}
        self._variants: dict[str, set[str]] = {}
        self._after: dict[str, set[int]] = {}
        self._cache: dict[tuple[str, frozenset[str], str | None], tuple[Rule, ...]] = {}
        self._found: dict[tuple[str, frozenset[str], str | None], tuple[tuple[Rule, ...], Index | None]] = {}
        self._heard: dict[tuple[frozenset[str], str | None], frozenset[str]] = {}
        self._known = known or {}
        self.indexes: dict[tuple[Rule, ...], Index] = {}
        self._reads: dict[frozenset[str], frozenset[str]] = {}
        for rule in self.rules:
            for event in rule.events:
                self._by_key.setdefault((rule.stage, event.key), []).append(rule)
                if event.after is not None:
                    self._after.setdefault(event.kind, set()).add(event.after)
            if rule.shop is not None:
                self._own.setdefault(rule.shop, set()).add(rule.name)
            if rule.variant is not None:
                self._variants.setdefault(rule.variant, set()).add(rule.name)

    def matching(
        self,
        stage: str,
        keys: Collection[str],
        values: Mapping[str, Any],
        before: Mapping[str, Any],
        helpers: Helpers,
        shop: str | None,
    ) -> list[Rule]:
        """The rules of `stage` that name one of the event `keys` and whose condition holds.

        Higher priority first, then a shop's own, then by name. A rule out of its days does not match; one whose
        condition raises is skipped and told to `helpers.failed(rule, error)`.
        """
        rules, index = self._for(stage, frozenset(keys), shop)
        if index is None:
            return _ask_each(rules, values, before, helpers)
        try:
            places, raised = index.find(values.get, before.get, helpers)
        except Exception:  # a value of a wrong type cannot be looked up: each rule says by itself what it makes of it
            return _ask_each(rules, values, before, helpers)
        for place in sorted(raised):
            helpers.failed(rules[place], raised[place])
        return [rules[place] for place in places]

    def matching_naive(
        self,
        stage: str,
        keys: Collection[str],
        values: Mapping[str, Any],
        before: Mapping[str, Any],
        helpers: Helpers,
        shop: str | None,
    ) -> list[Rule]:
        """What `matching` gives, by asking rule by rule: the measure for the index."""
        return _ask_each(self._candidates(stage, frozenset(keys), shop), values, before, helpers)

    def heard(self, keys: frozenset[str], shop: str | None) -> frozenset[str]:
        """The stages in which some rule of a shop names one of the event `keys`: in the others nothing can match."""
        found = self._heard.get((keys, shop))
        if found is None:
            if len(self._heard) > 10_000:
                self._heard.clear()
            stages = (stage for stage in self.stages if self._candidates(stage, keys, shop))
            found = self._heard[keys, shop] = frozenset(stages)
        return found

    def prepare(self, keys: Collection[str], shop: str | None) -> None:
        """Make the indexes for a wave of these event `keys` now, in every stage, rather than when it first happens.

        For thousands of rules that takes a second; meant for the thread that loads rules, before they are in force.
        """
        for stage in self.stages:
            self._for(stage, frozenset(keys), shop)

    def waves(self) -> list[tuple[frozenset[str], str | None]]:
        """The waves and shops it was asked about so far: what to `prepare` the next rules for."""
        return list({(keys, shop): None for _, keys, shop in list(self._found)})

    def asked(self, keys: Collection[str], shop: str | None) -> list[Rule]:
        """Every rule that names one of the event `keys`, stage by stage, in the order of `matching`."""
        wanted = frozenset(keys)
        return [rule for stage in self.stages for rule in self._candidates(stage, wanted, shop)]

    def reads(self, keys: Collection[str]) -> frozenset[str]:
        """The fields that rules for these event `keys` may read, in conditions, actions and texts, for any shop."""
        wanted = frozenset(keys)
        found = self._reads.get(wanted)
        if found is None:
            rules = (rule for (_, key), rules in self._by_key.items() if key in wanted for rule in rules)
            found = self._reads[wanted] = frozenset().union(*(rule.reads for rule in rules))
        return found

    def after(self, kind: str, shop: str | None = None) -> tuple[int, ...]:
        """The durations (µs) that rules name with `KIND after D`, shortest first; of one shop, or of any."""
        found = sorted(self._after.get(kind, ()))
        return tuple(d for d in found if shop is None or self.asked([EventRef(kind, d).key], shop))

    def schedules(self) -> tuple[EventRef, ...]:
        """Every `every …` that rules name."""
        return tuple(dict.fromkeys(event for rule in self.rules for event in rule.events if event.every is not None))

    def _for(self, stage: str, keys: frozenset[str], shop: str | None) -> tuple[tuple[Rule, ...], Index | None]:
        """The candidates and their index. Two threads may both make one; they are equal, and the last is kept."""
        found = self._found.get((stage, keys, shop))
        if found is None:
            rules = self._candidates(stage, keys, shop)
            index = None
            if len(rules) >= _FEW:
                index = self.indexes.get(rules)  # shops without rules of their own share one
                if index is None and len(self.indexes) < _MOST_INDEXES:
                    index = self.indexes[rules] = self._known.get(rules) or _index(rules)
            if len(self._found) > 10_000:
                self._found.clear()
            found = self._found[stage, keys, shop] = rules, index
        return found

    def _candidates(self, stage: str, keys: frozenset[str], shop: str | None) -> tuple[Rule, ...]:
        found = self._cache.get((stage, keys, shop))
        if found is None:
            if len(self._cache) > 10_000:  # shops × stages × kinds of waves; more is a caller making up keys
                self._cache.clear()
            rules = {id(rule): rule for key in keys for rule in self._by_key.get((stage, key), ())}
            mine = [rule for rule in rules.values() if self._is_for(rule, shop)]
            mine.sort(key=lambda rule: (-rule.priority, rule.shop is None, rule.name))
            found = self._cache[stage, keys, shop] = tuple(mine)
        return found

    def _is_for(self, rule: Rule, shop: str | None) -> bool:
        if rule.shop is not None:
            return rule.shop == shop
        if shop is not None and rule.name in self._own.get(shop, ()):
            return False
        if rule.variant is not None:
            return rule.variant == shop
        return shop is None or rule.name not in self._variants.get(shop, ())


def _index(rules: Collection[Rule]) -> Index:
    return Index([rule.shape for rule in rules], [rule.call for rule in rules], [rule.unsure for rule in rules])


def _ask_each(
    rules: Iterable[Rule], values: Mapping[str, Any], before: Mapping[str, Any], helpers: Helpers
) -> list[Rule]:
    get, get_before = values.get, before.get
    memo: dict[Any, Any] = {}
    found: list[Rule] = []
    for rule in rules:
        try:
            condition = rule.condition
            if (condition is None or condition.call(get, get_before, helpers, memo)) and (
                rule.starts is rule.ends is None or rule.in_dates(get("now"), helpers.zone)
            ):
                found.append(rule)
        except Exception as error:  # one rule's failure never takes the others down
            helpers.failed(rule, error)
    return found


def compile_rules(checked: Checked, environment: Environment, kept: Kept | None = None) -> RuleSet:
    """Compile rules that were checked without errors. `kept`: see `check`."""
    kept = kept or Kept()
    known = [kept.rule(rule) for rule in checked.rules]
    new = [rule for rule, found in zip(checked.rules, known, strict=True) if found is None]
    made: list[Rule] = []
    for start in range(0, len(new), _BATCH):
        made.extend(_compile_batch(tuple(new[start : start + _BATCH])))
    fresh = iter(made)
    rules = [found or next(fresh) for found in known]
    for checked_rule, rule in zip(checked.rules, rules, strict=True):
        kept.keep_rule(checked_rule, rule)
    made_of = RuleSet(rules, checked.stages, None if kept.earlier is None else kept.earlier.indexes)
    kept.indexes = made_of.indexes
    return made_of


def _compile_batch(batch: tuple[CheckedRule, ...]) -> list[Rule]:
    unit = Unit()
    tests = [None if rule.condition is None else unit.add_test(rule.condition) for rule in batch]
    plans = [plan_actions(rule.actions, unit) for rule in batch]
    functions = unit.build()
    made: list[Rule] = []
    for rule, test, plan in zip(batch, tests, plans, strict=True):
        condition = None
        if rule.condition is not None and test is not None:
            condition = Condition(rule.condition, functions[test])
        made.append(
            Rule(
                id=rule.id,
                name=rule.name,
                title=rule.title,
                file=rule.span.source.path,
                line=rule.span.line,
                span=rule.span,
                stage=rule.stage,
                priority=rule.priority,
                owner=rule.owner,
                note=rule.note,
                shop=rule.shop,
                starts=rule.starts,
                ends=rule.ends,
                limit=rule.limit,
                events=rule.events,
                condition=condition,
                reads=rule.reads,
                names_automatic=condition is not None and "message.automatic" in condition.reads,
                variant=rule.variant,
                body=Whole(rule.actions, rule.source, make_actions(rule.actions, plan, functions)),
            )
        )
    return made


def compile_condition(
    text: str,
    span: Span,
    environment: Environment,
    objects: tuple[str, ...],
    definitions: Mapping[str, tree.Defined] | None = None,
    words: Mapping[str, tuple[str, ...]] | None = None,
) -> tuple[Condition | None, list[Finding]]:
    """Check and compile a condition that stands in YAML or comes as a filter.

    `span`: the scalar it stands in; findings point inside. `objects`: the field prefixes at hand. `definitions`,
    `words`: the shared ones of the rule files (`Checked.definitions`, `.words`), if it may use them.
    """
    place = Place.embedded(text, span)
    node, findings = parse_condition(text, place)
    if node is None or any(finding.severity.value == "error" for finding in findings):
        return None, findings
    resolver = Resolver(environment, NoScope(definitions, words), findings.append)
    test = resolver.condition(node)
    named = [(name, where) for name, where in resolver.used]
    if test is not None:
        findings.extend(empty_comparisons(test, environment))
        for part in tree.walk(test):
            if isinstance(part, tree.Defined):
                named.extend((name, part.span) for name in sorted(tree.reads(part.item)))
    told: set[Span] = set()
    for name, where in named:
        prefix, dot, _ = name.partition(".")
        if dot and prefix not in objects and where not in told:
            told.add(where)
            hint = say("there are {names}", quoted(f"{item}.*" for item in objects)) if objects else None
            findings.append(Finding("field-not-available", say("`{name}` is not at hand here", name), where, hint))
    if test is None or any(finding.severity.value == "error" for finding in findings):
        return None, findings
    return Condition(test), findings

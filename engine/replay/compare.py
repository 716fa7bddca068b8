"""Two rulebooks compared: which rules ask and do the same, and what that means for a kind of wave."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from engine.core.asking import Helpers, helpers_of
from engine.core.rulebook import Rulebook
from engine.core.sla import Policy
from engine.lang import Rule, Span, Template
from engine.lang import tree as tree_of
from engine.lang.checked import Dynamic

_WORDS = (".rules", ".txt", "sla.yaml", "roles.yaml")
"""Files that say nothing a condition depends on besides what stands in the compiled condition itself."""


@cache
def _parts(cls: type[Any]) -> tuple[str, ...]:
    """What a node of a class is made of, its place left out."""
    return tuple(f.name for f in dataclasses.fields(cls) if f.name != "span")


def plain(node: Any) -> Any:
    """A checked tree without the places it stands at: equal where two rules mean the same.

    Stricter than the analysis' `key_of`, which takes a setting by its name: of two rulebooks its values may differ.
    """
    if node is None or isinstance(node, (str, int)):
        return repr(node)
    if isinstance(node, Span):
        return None
    if isinstance(node, Template):
        return template_words(node)
    if dataclasses.is_dataclass(node):
        cls: type[Any] = type(node)
        parts = ((name, plain(getattr(node, name))) for name in _parts(cls))  # type: ignore[arg-type]
        return (cls.__name__, *(part for part in parts if part[1] is not None))
    if isinstance(node, (tuple, list)):
        return tuple(map(plain, node))
    if isinstance(node, Mapping):
        return tuple((str(k), plain(v)) for k, v in sorted(node.items(), key=lambda item: str(item[0])))
    if isinstance(node, (set, frozenset)):
        return tuple(sorted(map(repr, node)))
    return repr(node)


def template_words(text: Template) -> str:
    """What makes a text the same: its pieces, with what their settings are."""
    return "".join(p if isinstance(p, str) else f"{{{p.field} {p.filters} {p.setting}}}" for p in text.pieces)


class ComparedBook:
    """A rulebook with what comparing needs, worked out once."""

    def __init__(self, book: Rulebook) -> None:
        self.rulebook = book
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
        self._compares: dict[str, frozenset[str]] = {}
        self._minds: dict[str, frozenset[str]] = {}
        self._numbers = frozenset(name for name, (spec, _) in book.fields.items() if spec.type.kind == "number")
        self.no_message = dict.fromkeys(name for name in book.fields if name.startswith("message."))
        """What there is of a message where there is none."""
        self.writable = tuple(name for name, (spec, _) in book.fields.items() if spec.writable)

    def asks(self, rule: Rule) -> Any:
        """When a rule acts."""
        found = self._asks.get(rule.id)
        if found is None:
            condition = rule.condition.tree if rule.condition is not None else None
            limit = repr(rule.limit)
            events = tuple(sorted(event.key for event in rule.events))
            found = (rule.stage, rule.starts, rule.ends, limit, rule.shop, rule.variant, events, plain(condition))
            self._asks[rule.id] = found
        return found

    def does(self, rule: Rule, shop: str) -> Any:
        """What it does then, and what it wins against."""
        found = self._does.get((rule.id, shop))
        if found is None:
            actions = tuple((a.action, plain(a.args), self.text(a.args.get("template"), shop)) for a in rule.actions)
            found = self._does[rule.id, shop] = (rule.priority, rule.names_automatic, actions)
        return found

    def needs(self, rule: Rule) -> frozenset[str]:
        """The fields its actions compute with; texts are not among them."""
        found = self._missing.get(rule.id)
        if found is None:
            found = frozenset().union(*(_dynamic(action.args) for action in rule.actions))
            self._missing[rule.id] = found
        return found

    def compares(self, rule: Rule) -> frozenset[str]:
        """The fields of which its condition asks whether they have changed."""
        found = self._compares.get(rule.id)
        if found is None:
            parts = tree_of.walk(rule.condition.tree) if rule.condition is not None else ()
            found = frozenset(part.field.name for part in parts if isinstance(part, tree_of.HasChanged))
            self._compares[rule.id] = found
        return found

    def minds(self, rule: Rule) -> frozenset[str]:
        """The fields that make a difference to it, or to which it makes one."""
        found = self._minds.get(rule.id)
        if found is None:
            actions = self.rulebook.environment.actions
            writes = (write for action in rule.actions for write in actions[action.action].writes(action.args))
            reads = rule.condition.reads if rule.condition is not None else frozenset()
            found = self._minds[rule.id] = (
                reads | self.needs(rule) | {write.target.partition(" ")[0] for write in writes}
            )
        return found

    def typed(self, values: Mapping[str, Any], only: frozenset[str] | None = None) -> dict[str, Any]:
        """Values of a snapshot's JSON as conditions want them: exact numbers, tuples. `only`: of these fields."""
        typed = dict(values) if only is None else {name: values[name] for name in only if name in values}
        for name, value in typed.items():
            if type(value) is list:
                typed[name] = tuple(value)
            elif type(value) in (str, float) and name in self._numbers:
                typed[name] = Decimal(str(value))
        return typed

    def helpers(self, shop: str, values: Mapping[str, Any]) -> Helpers:
        """What conditions ask, for a case with these values."""
        book = self.rulebook
        return helpers_of(book, shop, values.get("ticket.team"))

    def text(self, name: str | None, shop: str) -> str:
        """What a template says, in every language."""
        if name is None:
            return ""
        texts = self.rulebook.shop_templates.get(shop, {}).get(name) or self.rulebook.templates.get(name) or {}
        return "\n".join(f"{locale}: {template_words(text)}" for locale, text in sorted(texts.items()))


def _dynamic(value: Any) -> frozenset[str]:
    if isinstance(value, Dynamic):
        return tree_of.reads(value.value)
    parts: Iterable[Any] = ()
    if isinstance(value, Mapping):
        parts = value.values()
    elif isinstance(value, (tuple, list)):
        parts = value
    return frozenset().union(*map(_dynamic, parts))


_ASKING = frozenset({"now", "ticket.team"})
"""What asking any rule takes: its days, and whose working hours count."""


@dataclass(slots=True)
class Plan:
    """The changed rules of a kind of wave, beside the recorded ones."""

    same: Mapping[str, Rule]
    """Those that ask the same: they match as recorded."""
    asked: Mapping[str, list[Rule]]
    """Per stage those that must be asked again."""
    every: Mapping[str, list[Rule]]
    touched: frozenset[str]
    """Stages in which anything differs at all."""
    reads: frozenset[str]
    """The fields that must be known to ask those again: what their conditions read, and `_ASKING`."""
    watched: frozenset[str]
    """Recorded rules that are gone, are asked again or do something else: where none of them had a say and no rule
    that is asked matches, all is as it was."""


class BeforeAfter:
    """A recorded rulebook beside the changed one."""

    def __init__(self, old: ComparedBook, new: ComparedBook) -> None:
        self.before, self.after = old, new
        self.same_nouns = old.nouns == new.nouns
        self.same_stages = old.stages == new.stages
        self.same_policies = promises(old.rulebook) == promises(new.rulebook)
        self._plans: dict[tuple[tuple[str, ...], str], Plan] = {}
        self._differs: dict[tuple[bytes, str], bool] = {}

    def plan(self, keys: tuple[str, ...], shop: str) -> Plan:
        """What to do for a wave of these keys."""
        found = self._plans.get((keys, shop))
        if found is None:
            found = self._plans[keys, shop] = self._make(keys, shop)
        return found

    def differs(self, waves: list[bytes], shop: str) -> bool:
        """Whether a decision of these waves, each its keys as JSON, may come out otherwise at all."""
        if not (self.same_stages and self.same_policies and self.same_nouns):
            return True
        for keys in waves:
            found = self._differs.get((keys, shop))
            if found is None:
                found = self._differs[keys, shop] = bool(self.plan(tuple(json.loads(keys)), shop).touched)
            if found:
                return True
        return False

    def _make(self, keys: tuple[str, ...], shop: str) -> Plan:
        before = {rule.id: rule for rule in self.before.rulebook.rules.asked(keys, shop)}
        same: dict[str, Rule] = {}
        otherwise: set[str] = set()
        asked: dict[str, list[Rule]] = {}
        every: dict[str, list[Rule]] = {}
        touched: set[str] = set() if self.same_stages else {name for name, _ in self.after.stages}
        now = self.after.rulebook.rules.asked(keys, shop)
        for rule in now:
            every.setdefault(rule.stage, []).append(rule)
            old = before.get(rule.id)
            alike = old is rule or (old is not None and self.before.asks(old) == self.after.asks(rule))
            if old is not None and alike and self.same_nouns:
                same[rule.id] = rule
                if self.before.does(old, shop) != self.after.does(rule, shop):
                    touched.add(rule.stage)
                    otherwise.add(rule.id)
            else:
                asked.setdefault(rule.stage, []).append(rule)
                touched.add(rule.stage)
        kept = {rule.id: rule.stage for rule in now}
        touched |= {rule.stage for rule in before.values() if kept.get(rule.id) != rule.stage}
        watched = (before.keys() - same.keys()) | otherwise
        conditions = (rule.condition for rules in asked.values() for rule in rules)
        reads = _ASKING.union(*(condition.reads for condition in conditions if condition is not None))
        return Plan(same, asked, every, frozenset(touched), reads, frozenset(watched))


def promises(book: Rulebook) -> Any:
    """The service levels, so that two rulebooks can be compared."""

    def told(policies: Mapping[str, Policy]) -> Any:
        return tuple(
            (name, *promise(policy), plain(policy.when and policy.when.tree)) for name, policy in policies.items()
        )

    return told(book.policies), {shop: told(own) for shop, own in book.shop_policies.items()}


def promise(policy: Policy) -> tuple[Any, ...]:
    """What a policy promises, without whom."""
    return policy.calendar, tuple(sorted((k, str(v)) for k, v in policy.targets.items())), policy.warn_at

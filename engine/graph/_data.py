"""Which rule wakes which: what the actions of one raise, and which others wait for it.

An over-estimate, said so in its words: a rule *may* wake another when what it writes can raise an event the other
waits for, and no part of the other's condition that stands by itself (joined by `and`) says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.core.rulebook import Rulebook
from engine.lang import Rule
from engine.lang import tree as checked
from engine.lang.checked import CheckedAction


@dataclass(frozen=True, slots=True)
class Raised:
    """An event a rule's action may raise. `what`: of what, for people. `later`: not in the same transaction.

    `changed`: the field that is another then, and `to` its new value if the rule says which. `known`: what certain
    fields are in the event, whatever the ticket.
    """

    event: str
    what: str = ""
    changed: tuple[str, ...] = ()
    to: Mapping[str, Any] = field(default_factory=dict)
    known: Mapping[str, Any] = field(default_factory=dict)
    later: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """Rules that raise one thing, and the rules it may wake. Rules by their ids, in the order of the files. A schedule
    (`every …`) is raised `by` nobody: time brings it."""

    event: str
    what: tuple[str, ...]
    by: tuple[str, ...]
    wakes: tuple[str, ...]
    later: bool


_STEADY = frozenset({"ticket.kind", "member.is_guest", "shop.name"})
# What is raised because these changed: whoever changes one of them raises it, and has a link of its own.
_BY_CHANGE = {
    "ticket.changed": ("ticket.",),
    "ticket.assigned": ("ticket.team", "ticket.assignee"),
    "ticket.state_changed": ("ticket.state", "ticket.category"),
    "member.changed": ("member.",),
}
_WITHOUT_TICKET = frozenset({"chat.opened", "member.created", "member.changed", "member.signed_in"})


@dataclass(frozen=True, slots=True)
class Near:
    """A cut of the picture: these rules (ids), and all that are at most `steps` links away."""

    rules: frozenset[str]
    steps: int = 1

    def cut(self, found: tuple[Link, ...]) -> tuple[Link, ...]:
        """The links between the rules that are near, with no others in them."""
        near = set(self.rules)
        for _ in range(self.steps):
            touched = [link for link in found if near & {*link.by, *link.wakes}]
            woken = {rule for link in touched if near & set(link.by) for rule in link.wakes}
            near |= woken | {rule for link in touched if near & set(link.wakes) for rule in link.by}
        kept = []
        for link in found:
            by, wakes = (tuple(rule for rule in side if rule in near) for side in (link.by, link.wakes))
            if wakes and (by or not link.by):
                kept.append(replace(link, by=by, wakes=wakes))
        return tuple(kept)


def links(book: Rulebook, near: Near | None = None) -> tuple[Link, ...]:
    """Who wakes whom, things that wake the same rules taken together; `near`: only there."""
    found = _links(book)
    return found if near is None else near.cut(found)


def _links(book: Rulebook) -> tuple[Link, ...]:
    rules = list({rule.id: rule for rule in book.rules.rules}.values())
    place = {rule.id: n for n, rule in enumerate(rules)}
    waiting: dict[str, list[Rule]] = {}
    for rule in rules:
        for kind in dict.fromkeys(event.kind for event in rule.events):
            waiting.setdefault(kind, []).append(rule)
    found: dict[tuple[str, frozenset[str], bool], tuple[dict[str, None], dict[str, None]]] = {}
    for rule in rules:
        for one in raised(rule, book):
            woken = frozenset(
                other.id
                for other in waiting.get(one.event, ())
                if (other.id != rule.id or one.later) and may_wake(one, other)
            )
            if woken:
                by, what = found.setdefault((one.event, woken, one.later), ({}, {}))
                by[rule.id] = None
                what[one.what] = None
    for schedule in book.rules.schedules():
        woken = frozenset(rule.id for rule in rules if schedule in rule.events)
        found[schedule.key, woken, False] = ({}, {})
    return tuple(
        Link(event, tuple(w for w in what if w), tuple(by), tuple(sorted(woken, key=place.__getitem__)), later)
        for (event, woken, later), (by, what) in sorted(found.items(), key=lambda item: (item[0][0], item[0][2]))
    )


# ---- what a rule raises --------------------------------------------------------------------------------------------


def raised(rule: Rule, book: Rulebook) -> Iterator[Raised]:
    """What the rule's actions may raise. `stop` and `reject` end the run, so only timers outlive them."""
    ends = any(book.environment.actions[action.action].ends for action in rule.actions)
    facts = _facts(rule)
    kind = facts.get("ticket.kind")
    for action in rule.actions:
        for one in _of_action(action, rule, book):
            if one.event.startswith("chat.") and kind is not None and kind not in book.live_kinds:
                continue
            if one.later or not ends:
                yield replace(one, known={**facts, **one.known})


def _facts(rule: Rule) -> dict[str, Any]:
    """What the rule's condition says of fields that no rule changes: it holds in the next wave too."""
    found: dict[str, Any] = {}
    for part in _parts(None if rule.condition is None else rule.condition.tree):
        match part:
            case checked.Comparison(op="=", left=checked.FieldRef(name=name), right=checked.Const(value=value)):
                if name in _STEADY:
                    found[name] = value
            case checked.Truth(value=checked.FieldRef(name=name)) if name in _STEADY:
                found[name] = True
            case checked.Negation(item=checked.Truth(value=checked.FieldRef(name=name))) if name in _STEADY:
                found[name] = False
    return found


def _of_action(action: CheckedAction, rule: Rule, book: Rulebook) -> Iterator[Raised]:
    verb = book.environment.actions[action.action]
    events_of = book.environment.events_of
    writes = [write for write in verb.writes(action.args) if events_of(write)]
    if writes and writes[0].how in ("add", "remove"):
        tags = " ".join(f"{'+' if write.how == 'add' else '−'}{write.target.partition(' ')[2]}" for write in writes)
        yield Raised(events_of(writes[0])[0], f"{writes[0].field} {tags}", (writes[0].field,))
    elif writes and writes[0].how == "move":
        yield from _moved(str(writes[0].value), book)
    elif writes and writes[0].field in _WHO:
        what = f"{_WHO[writes[0].field]} {_plain(writes[0].value)}"
        fields = tuple(_WHO) if len(writes) > 1 or writes[0].field == "ticket.team" else (writes[0].field,)
        for event in dict.fromkeys(event for write in writes for event in events_of(write)):
            yield Raised(event, what, () if event == "chat.waiting" else fields)
    else:
        for write in writes:
            yield _changed(events_of(write)[0], write.field, write.value)
    for one in verb.raises(action.args):
        if one.event != "message.sent" or not {event.kind for event in rule.events} <= _WITHOUT_TICKET:
            yield Raised(one.event, one.what, known=one.known, later=one.later)


_WHO = {"ticket.team": "team", "ticket.assignee": "agent"}


def _changed(event: str, name: str, value: Any) -> Raised:
    constant = isinstance(value, str | int | bool)
    shown = (str(value).lower() if isinstance(value, bool) else str(value)) if constant else ""
    return Raised(event, f"{name} {shown}".strip(), (name,), {name: value} if constant else {})


def _moved(state: str, book: Rulebook) -> Iterator[Raised]:
    kinds = [name for name, life in book.lifecycles.items() if state in life.states]
    categories = {book.lifecycles[kind].states[state].category for kind in kinds}
    to: dict[str, Any] = {"ticket.state": state}
    known: dict[str, Any] = {"ticket.state": state}
    if len(categories) == 1:
        to["ticket.category"] = known["ticket.category"] = next(iter(categories))
    if len(kinds) == 1:
        known["ticket.kind"] = kinds[0]
    fields = ("ticket.state", "ticket.category")
    yield Raised("ticket.changed", f"ticket.state {state}", fields, to, known)
    yield Raised("ticket.state_changed", state, fields, to, known)
    if "closed" in categories and any(kind in book.live_kinds for kind in kinds):
        yield Raised("chat.ended", state, fields, to, known)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else value.value.span.text if hasattr(value, "value") else str(value)


# ---- whom it wakes -------------------------------------------------------------------------------------------------


def may_wake(one: Raised, rule: Rule) -> bool:
    """Whether the rule waits for the event, and nothing that it asks for by itself is certainly not so."""
    if not any(event.kind == one.event for event in rule.events):
        return False
    test = None if rule.condition is None else rule.condition.tree
    return not any(_contradicts(part, one) for part in _parts(test))


def _parts(test: Any) -> Iterator[Any]:
    """The parts joined by `and`, those of named conditions too."""
    stack = [] if test is None else [test]
    while stack:
        part = stack.pop()
        if isinstance(part, checked.AllOf):
            stack.extend(reversed(part.items))
        elif isinstance(part, checked.Defined):
            stack.append(part.item)
        else:
            yield part


def _contradicts(part: Any, one: Raised) -> bool:
    """Whether the part is certainly false in the event."""
    match part:
        case checked.HasChanged():
            name = part.field.name
            if not any(name.startswith(prefix) for prefix in _BY_CHANGE.get(one.event, ())):
                return False  # another rule of the same wave may have changed it
            if name not in one.changed:
                return True
            if name not in one.to:
                return False
            before, after = _constant(part.before), _constant(part.after)
            return before == (one.to[name],) or (after is not None and after != (one.to[name],))
        case checked.Comparison(op="=" | "!=", left=checked.FieldRef(name=name), right=checked.Const(value=value)):
            return name in one.known and (one.known[name] == value) is (part.op == "!=")
        case checked.OneOf(left=checked.FieldRef(name=name)):
            values = _constants(part.items)
            return name in one.known and values is not None and (one.known[name] in values) is part.negated
        case checked.Truth(value=checked.FieldRef(name=name)):
            return one.known.get(name) is False
        case checked.Negation(item=checked.Truth(value=checked.FieldRef(name=name))):
            return one.known.get(name) is True
    return False


def _constant(item: Any) -> tuple[Any] | None:
    """The value in a tuple (empty is a value too), or None when it is not known or not asked for."""
    if isinstance(item, checked.Nothing):
        return (None,)
    return (item.value,) if isinstance(item, checked.Const) else None


def _constants(items: Iterable[Any]) -> set[Any] | None:
    found = list(items)
    return {item.value for item in found} if all(isinstance(item, checked.Const) for item in found) else None

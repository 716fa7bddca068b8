"""The declared world: what a rule may name. The language knows no desk; everything desk-like comes in here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from engine.lang.source import Span
from engine.lang.types import Enum, Type
from engine.lang.verbs import FIELDS, Verb, Write


class Text(NamedTuple):
    """A template's text in one language, and where it stands (its YAML scalar)."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Field:
    """A value a rule may read: `ticket.type`, `member.tier`, `setting.NAME`, `now`.

    `optional`: may be empty. `writable`: `set`, `raise` and `lower` may change it. `personal`: masked in traces.
    `count`: a number or duration that is whole and never below zero. `follows`: an optional field that is set whenever
    that other one is.
    """

    name: str
    type: Type
    optional: bool = False
    writable: bool = False
    personal: bool = False
    doc: str = ""
    count: bool = False
    follows: str | None = None


@dataclass(frozen=True, slots=True)
class EventKind:
    """Something a rule may wait for. `objects`: prefixes of the fields it brings. `after`: whether `after D` may,
    must or must not follow. `only`: the actions that do something then; empty: all that have what they need.
    `sets`: fields that may be empty elsewhere and never are then."""

    name: str
    objects: tuple[str, ...] = ()
    after: Literal["no", "optional", "required"] = "no"
    doc: str = ""
    only: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Function:
    """A pure function: same arguments, same answer. An empty argument makes an empty answer without a call."""

    name: str
    parameters: tuple[Type, ...]
    result: Type
    call: Callable[..., Any]
    doc: str = ""


@dataclass(frozen=True, slots=True)
class ActionKind:
    """What `do NAME(…)` takes: arguments by name, with types; the `optional` ones may be left out or empty.

    One that does not commute is a conflict when two rules want it with different arguments.
    """

    name: str
    parameters: Mapping[str, Type]
    optional: frozenset[str] = frozenset()
    commutes: bool = True
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """A place in the order rules act. Of a stage in mode `first` only the best match acts."""

    name: str
    mode: Literal["all", "first"] = "all"


EVERY_OBJECTS: Mapping[str | None, tuple[str, ...]] = {
    "ticket": ("ticket", "member", "agent", "shop"),
    "member": ("member", "shop"),
    None: ("shop",),
}
"""What `every …` brings, by its `for each`. An environment that allows `every` declares the event kind `every`."""


_OPEN_TAGS = Enum("tag", (), open=True)


@dataclass(frozen=True, slots=True)
class Environment:
    """Everything a rule may name, with types. Immutable; made by the core from YAML nouns and plugins.

    `consequences`: the events a rule's change of a field may cause, beside `OWNER.changed`. `states` and `moves` go by
    ticket kind; a move is (from, to). `templates`: name → language → text, shared; `shop_templates` by shop before
    that. `locales`: every language some shop speaks, `shop_locales` by shop. `setting_values` are the values of the
    fields `setting.NAME`, and `shop_settings` those that are a shop's own. `categories`: by kind, of each state.
    """

    stages: tuple[Stage, ...] = ()
    fields: Mapping[str, Field] = field(default_factory=dict)
    events: Mapping[str, EventKind] = field(default_factory=dict)
    functions: Mapping[str, Function] = field(default_factory=dict)
    enums: Mapping[str, Enum] = field(default_factory=dict)
    actions: Mapping[str, Verb] = field(default_factory=dict)
    consequences: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    plugin_actions: Mapping[str, ActionKind] = field(default_factory=dict)
    teams: frozenset[str] = frozenset()
    skills: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    recipients: frozenset[str] = frozenset()
    calendars: frozenset[str] = frozenset()
    shops: frozenset[str] = frozenset()
    tags: Enum = _OPEN_TAGS
    states: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    moves: Mapping[str, frozenset[tuple[str, str]]] = field(default_factory=dict)
    live: frozenset[str] = frozenset()
    categories: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    templates: Mapping[str, Mapping[str, Text]] = field(default_factory=dict)
    shop_templates: Mapping[str, Mapping[str, Mapping[str, Text]]] = field(default_factory=dict)
    locales: tuple[str, ...] = ()
    shop_locales: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    setting_values: Mapping[str, Any] = field(default_factory=dict)
    shop_settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    zone: str = "UTC"

    def setting(self, name: str) -> Any:
        """The value of `setting.NAME`, by its full or its short name; None when it is not set."""
        if name in self.setting_values:
            return self.setting_values[name]
        return self.setting_values.get(name.removeprefix("setting."))

    def sets_of(self, events: Iterable[str]) -> frozenset[str]:
        """The fields that are set in each of the events, though they may be empty elsewhere."""
        kinds = [self.events.get(name) for name in events]
        sets = [frozenset(kind.sets) if kind is not None else frozenset() for kind in kinds]
        return frozenset.intersection(*sets) if sets else frozenset()

    def events_of(self, write: Write) -> tuple[str, ...]:
        """The events of the next wave that a write may lead to."""
        if write.how not in FIELDS and write.how != "choose":
            return ()
        return (f"{write.field.partition('.')[0]}.changed", *self.consequences.get(write.target, ()))

    def of_shop(self, shop: str | None) -> Environment:
        """The world as rules of one shop see it: its own settings in place of the shared ones."""
        own = self.shop_settings.get(shop, {}) if shop is not None else {}
        return replace(self, setting_values={**self.setting_values, **own}) if own else self

    def describe(self) -> dict[str, Any]:
        """Plain data for completion, hover and the generated manual."""
        return {
            "stages": [{"name": stage.name, "mode": stage.mode} for stage in self.stages],
            "fields": [
                {
                    "name": item.name,
                    "type": _describe_type(item.type),
                    "optional": item.optional,
                    "writable": item.writable,
                    "personal": item.personal,
                    "doc": item.doc,
                }
                for item in self.fields.values()
            ],
            "events": [
                {"name": event.name, "objects": list(event.objects), "after": event.after, "doc": event.doc}
                for event in self.events.values()
            ],
            "functions": [
                {
                    "name": function.name,
                    "parameters": [_describe_type(type_) for type_ in function.parameters],
                    "result": _describe_type(function.result),
                    "doc": function.doc,
                }
                for function in self.functions.values()
            ],
            "enums": {
                name: {"values": list(enum.values), "ordered": enum.ordered, "open": enum.open}
                for name, enum in self.enums.items()
            },
            "actions": sorted((*self.actions, *self.plugin_actions)),
            "teams": sorted(self.teams),
            "skills": sorted(self.skills),
            "roles": sorted(self.roles),
            "recipients": sorted(self.recipients),
            "calendars": sorted(self.calendars),
            "shops": sorted(self.shops),
            "tags": {"known": list(self.tags.values), "open": self.tags.open},
            "states": {kind: list(states) for kind, states in self.states.items()},
            "templates": sorted(self.templates),
            "locales": list(self.locales),
            "settings": {name: _plain(value) for name, value in self.setting_values.items()},
            "shop_settings": {
                shop: {name: _plain(value) for name, value in own.items()} for shop, own in self.shop_settings.items()
            },
        }


def _describe_type(type_: Type) -> dict[str, Any]:
    described: dict[str, Any] = {"kind": type_.kind}
    if type_.enum is not None:
        described["enum"] = type_.enum.name
        described["values"] = list(type_.enum.values)
        described["ordered"] = type_.enum.ordered
        described["open"] = type_.enum.open
    if type_.item is not None:
        described["item"] = _describe_type(type_.item)
    if type_.entity is not None:
        described["entity"] = type_.entity
    return described


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | str) else str(value)

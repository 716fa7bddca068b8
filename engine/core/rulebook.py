"""Everything loaded from `rules/` as one immutable value with one digest: what decisions are made by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal
from zoneinfo import ZoneInfo

from engine.core.access import Role
from engine.core.calendar import Calendar, always, from_micros
from engine.core.entities import TRACKED, TRACKED_MEMBER
from engine.core.lifecycle import Lifecycle
from engine.core.purposes import Opens
from engine.core.reader import Reader
from engine.core.sla import Policy
from engine.core.view import Getter
from engine.lang import (
    ActionKind,
    Environment,
    EventRef,
    Field,
    Finding,
    Function,
    RuleSet,
    Template,
)
from engine.lang.checked import Checked
from engine.lang.kept import Kept
from engine.lang.tree import HasChanged, walk

COMPARED = ("ticket", "member", "agent", "chat")
"""What a decision finds as it was before; all else comes with the event."""

Label = Mapping[str, str]
"""A text per language; a language that is missing shows the noun's name."""


@dataclass(frozen=True, slots=True)
class Noun:
    """A declared value with how screens show it; rules use the name."""

    name: str
    label: Label = field(default_factory=dict)
    colour: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """How a shop's chat window looks on the shop's pages."""

    colour: str | None = None
    """`#rrggbb`; None: the desk's own."""
    position: Literal["left", "right"] = "right"


@dataclass(frozen=True, slots=True)
class Shop:
    """One site of the desk: its zone, languages, working hours and look."""

    name: str
    label: Label
    zone: ZoneInfo
    locales: tuple[str, ...]
    calendar: str
    sites: tuple[str, ...] = ()
    widget: Look = Look()
    ratings: tuple[Label, ...] = ()
    """What its ratings are called, from 1 point to 5; empty: as the screens call them."""


@dataclass(frozen=True, slots=True)
class Team:
    """Who may take a ticket together."""

    name: str
    label: Label
    shops: tuple[str, ...]
    """Empty: every shop."""
    calendar: str | None = None


@dataclass(frozen=True, slots=True)
class CustomField:
    """A field the shop declared."""

    field: Field
    label: Label
    default: Any
    values: Mapping[str, Noun]
    """Those of an enumeration, by name."""
    group: str | None
    hint: Label
    members: bool = False
    """Whether a member may fill it in when he opens a case. Of all others rules may think that a colleague said so."""


@dataclass(frozen=True, slots=True)
class PluginAction:
    """What a plugin does for `do`: at once, as pure changes of the case, or `later`, after the commit."""

    kind: ActionKind
    call: Callable[..., Any]
    later: bool


@dataclass(frozen=True, slots=True)
class Extras:
    """What plugins add to the world rules are checked against."""

    functions: tuple[Function, ...] = ()
    fields: Mapping[str, tuple[Field, Getter]] = field(default_factory=dict)
    channels: tuple[str, ...] = ()
    permissions: tuple[str, ...] | None = None
    """Rights of plugins and features. None: it is not known which there are, so those of other nouns are believed."""
    actions: tuple[PluginAction, ...] = ()


NOTHING_MORE = Extras()


@dataclass(frozen=True, slots=True)
class Workings:
    """What building a rulebook leaves for building the next one: its nouns' texts, what was said of them, and what is
    known of each rule. `checked`, `said`: all rules and what was said of them, None when they came from a shelf."""

    nouns: Mapping[str, str] = field(default_factory=dict)
    extras: Extras | None = None
    findings: tuple[Finding, ...] = ()
    kept: Kept | None = None
    checked: Checked | None = None
    said: tuple[Finding, ...] | None = None

    def same(self, nouns: Mapping[str, str], extras: Extras) -> bool:
        """Whether these nouns are those of the rulebook."""
        return self.extras == extras and self.nouns == nouns


@dataclass(frozen=True)
class Rulebook:
    """Nouns and verbs of the desk. Built by `engine.core.building.build`, never changed."""

    digest: str
    files: Mapping[str, str]
    shops: Mapping[str, Shop]
    types: Mapping[str, Noun]
    tiers: Mapping[str, Noun]
    priorities: Mapping[str, Noun]
    skills: Mapping[str, Noun]
    known_tags: Mapping[str, Noun]
    open_tags: bool
    teams: Mapping[str, Team]
    roles: Mapping[str, Role]
    calendars: Mapping[str, Calendar]
    shop_calendars: Mapping[str, Mapping[str, Calendar]]
    lifecycles: Mapping[str, Lifecycle]
    live_kinds: frozenset[str]
    internal_kinds: frozenset[str]
    opens: Opens
    plugin_actions: Mapping[str, PluginAction]
    policies: Mapping[str, Policy]
    shop_policies: Mapping[str, Mapping[str, Policy]]
    custom_fields: Mapping[str, CustomField]
    fields: Mapping[str, tuple[Field, Getter]]
    templates: Mapping[str, Mapping[str, Template]]
    shop_templates: Mapping[str, Mapping[str, Mapping[str, Template]]]
    settings: Mapping[str, Any]
    shop_settings: Mapping[str, Mapping[str, Any]]
    """Of a shop's own; rules have theirs compiled in, conditions and texts of YAML are given them."""
    rules: RuleSet
    environment: Environment
    workings: Workings = Workings()

    @property
    def extras(self) -> Extras:
        """What plugins added when it was built."""
        return self.workings.extras or NOTHING_MORE

    # --- nouns ------------------------------------------------------------------------------------------------------

    @cached_property
    def default_type(self) -> str:
        """What a new ticket is about until somebody says: the last declared type."""
        return list(self.types)[-1]

    @cached_property
    def default_priority(self) -> str:
        """The (lower) middle one."""
        names = list(self.priorities)
        return names[(len(names) - 1) // 2]

    @cached_property
    def guest_tier(self) -> str:
        """The first tier is the guests' alone."""
        return next(iter(self.tiers))

    def may_have(self, tier: str, *, guest: bool) -> bool:
        """Whether a guest, or somebody who is none, can have that tier. A desk with one tier has it for all."""
        return len(self.tiers) == 1 or (tier == self.guest_tier) is guest

    @cached_property
    def member_tier(self) -> str:
        """What a member has until the shop says otherwise: the lowest that is not the guests'."""
        names = list(self.tiers)
        return names[1] if len(names) > 1 else names[0]

    @cached_property
    def locales(self) -> tuple[str, ...]:
        """Every language some shop speaks, in order of first mention."""
        return tuple(dict.fromkeys(loc for shop in self.shops.values() for loc in shop.locales))

    @cached_property
    def _ranks(self) -> Mapping[str, Mapping[str, int]]:
        found: dict[str, Mapping[str, int]] = {}
        for name, (spec, _) in self.fields.items():
            if spec.type.enum is not None and spec.type.enum.ordered:
                found[name] = {value: n for n, value in enumerate(spec.type.enum.values)}
        return found

    @cached_property
    def personal(self) -> frozenset[str]:
        """Fields whose values are masked in traces and logs."""
        return frozenset(name for name, (spec, _) in self.fields.items() if spec.personal)

    def priority_rank(self, name: str) -> int:
        """0 is the lowest; a word the rulebook no longer has ranks lowest."""
        return self._ranks["ticket.priority"].get(name, 0)

    def tier_rank(self, name: str) -> int:
        """0 is the guests'."""
        return self._ranks["member.tier"].get(name, 0)

    def ranks(self, field_name: str) -> Mapping[str, int] | None:
        """Value → place for an ordered field, else None."""
        return self._ranks.get(field_name)

    def getter(self, field_name: str) -> Getter:
        """How a field is read from a draft."""
        return self.fields[field_name][1]

    @cached_property
    def _readers(self) -> dict[frozenset[str], Reader]:
        return {}

    def reader(self, names: frozenset[str]) -> Reader:
        """How a set of fields is read from drafts; made once."""
        found = self._readers.get(names)
        if found is None:
            if len(self._readers) > 10_000:  # kinds of waves; more is a caller making them up
                self._readers.clear()
            found = self._readers[names] = Reader({name: self.getter(name) for name in names})
        return found

    def teams_of(self, shop: str) -> tuple[str, ...]:
        """Teams that serve a shop."""
        return tuple(t.name for t in self.teams.values() if not t.shops or shop in t.shops)

    def field_defaults(self, owner: str) -> dict[str, Any]:
        """Short name → default of custom fields that have one."""
        prefix = f"{owner}."
        return {
            name.removeprefix(prefix): spec.default
            for name, spec in self.custom_fields.items()
            if name.startswith(prefix) and spec.default is not None
        }

    # --- time and place ---------------------------------------------------------------------------------------------

    def zone(self, shop: str) -> ZoneInfo:
        """The shop's time zone."""
        return self.shops[shop].zone

    def day(self, shop: str, at: int) -> str:
        """The date of a moment in the shop's zone, ISO."""
        return from_micros(at, self.zone(shop)).date().isoformat()

    def declared_calendar(self, name: str, shop: str) -> Calendar | None:
        """A calendar by name, the shop's own first; None for one that is no longer declared."""
        return self.shop_calendars.get(shop, {}).get(name) or self.calendars.get(name)

    def calendar(self, name: str | None, shop: str) -> Calendar:
        """A calendar by name, the shop's own first; one that is no longer declared counts as always open."""
        found = self.declared_calendar(name, shop) if name is not None else None
        if found is not None:
            return found
        # Tickets of a shop that is no longer declared are still shown.
        return always(self.zone(shop) if shop in self.shops else ZoneInfo("UTC"), name or "always")

    def calendar_of(self, shop: str, team: str | None) -> Calendar:
        """The calendar of a team, else the shop's."""
        declared = self.teams[team].calendar if team is not None and team in self.teams else None
        return self.calendar(declared or self.shops[shop].calendar, shop)

    def policy(self, name: str, shop: str) -> Policy | None:
        """A policy by name, the shop's own first; None for one that is no longer declared."""
        return self.shop_policies.get(shop, {}).get(name) or self.policies.get(name)

    @cached_property
    def policy_reads(self) -> frozenset[str]:
        """The fields that policies ask about."""
        every = (self.policies, *self.shop_policies.values())
        conditions = (policy.when for policies in every for policy in policies.values())
        return frozenset().union(*(condition.reads for condition in conditions if condition is not None))

    @cached_property
    def compared(self) -> tuple[tuple[str, Getter], ...]:
        """The desk's own counts, times and the like of which some rule asks whether they have `changed`."""
        parts = (part for rule in self.rules.rules if rule.condition is not None for part in walk(rule.condition.tree))
        names = {part.field.name for part in parts if isinstance(part, HasChanged)} - self.custom_fields.keys()
        names -= {"ticket.category", *(f"ticket.{n}" for n in TRACKED), *(f"member.{n}" for n in TRACKED_MEMBER)}
        return tuple((name, self.getter(name)) for name in sorted(names) if name.split(".")[0] in COMPARED)

    @cached_property
    def _schedules(self) -> dict[str, tuple[EventRef, ...]]:
        every = self.rules.schedules()
        return {shop: tuple(e for e in every if self.rules.asked([e.key], shop)) for shop in self.shops}

    def schedules(self, shop: str) -> tuple[EventRef, ...]:
        """Every `every …` that some rule of a shop waits for."""
        return self._schedules.get(shop, ())

    # --- words ------------------------------------------------------------------------------------------------------

    def spoken(self, shop: str, locale: str = "") -> str:
        """A language for colleagues: one's own if the shop has texts in it, else (and for all) the shop's first."""
        locales = self.shops[shop].locales
        return locale if locale in locales else locales[0]

    def language_for(self, shop: str, wish: str | None) -> str:
        """The language of the shop nearest to what a browser asks for (RFC 4647 lookup, with Chinese by its script)."""
        spoken = self.shops[shop].locales
        asked = (wish or "").replace("_", "-").lower()
        for locale in spoken:
            if asked == locale.lower():
                return locale
        if asked.startswith("zh"):
            simplified = "hans" in asked or asked.split("-")[-1] in ("cn", "sg", "my")
            nearest = "zh-CN" if simplified else "zh-TW"
            if nearest in spoken:
                return nearest
        return next((s for s in spoken if asked and s.lower().split("-")[0] == asked.split("-")[0]), spoken[0])

    def template(self, name: str, shop: str, locale: str) -> Template:
        """A text by name in a language, the shop's own first; a missing language falls back to the shop's first."""
        texts = self.shop_templates.get(shop, {}).get(name) or self.templates[name]
        return texts.get(locale) or texts.get(self.shops[shop].locales[0]) or next(iter(texts.values()))

"""The nouns of the desk, from what its YAML says: each piece checked where it stands. Rules say what happens."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.core import access
from engine.core.calendar import Calendar, merge_spans, parse_days, parse_holidays, parse_span
from engine.core.entities import MOST_POINTS
from engine.core.own_settings import OWN_SETTINGS
from engine.core.rulebook import CustomField, Look, Noun, Shop, Team
from engine.core.schema.nouns import (
    FIELD_TYPES,
    STAGES,
    CalendarEntry,
    CalendarsFile,
    DeskFile,
    FieldEntry,
    NounEntry,
    RolesFile,
    SettingsFile,
    ShopEntry,
    ShopSettingsFile,
    StageEntry,
    TagsEntry,
    TeamsFile,
    TemplatesFile,
    WidgetEntry,
)
from engine.core.typed import typed
from engine.lang import (
    DATE,
    DURATION,
    FLAG,
    NUMBER,
    TEXT,
    TIME,
    Duration,
    Enum,
    Field,
    Stage,
    Text,
    Type,
    entity,
    enum_of,
    list_of,
)
from engine.lang.document import At
from engine.lang.findings import closest
from engine.lang.functions import UnknownDay
from engine.lang.said import quoted, say


@dataclass(slots=True)
class Desk:
    """What desk.yaml declares."""

    shops: dict[str, Shop] = field(default_factory=dict)
    stages: tuple[Stage, ...] = tuple(Stage(name, "first" if name == "route" else "all") for name in STAGES)
    priorities: dict[str, Noun] = field(default_factory=dict)
    tiers: dict[str, Noun] = field(default_factory=dict)
    types: dict[str, Noun] = field(default_factory=dict)
    skills: dict[str, Noun] = field(default_factory=dict)
    tags: dict[str, Noun] = field(default_factory=dict)
    open_tags: bool = True
    fields: dict[str, CustomField] = field(default_factory=dict)


def read_desk(file: DeskFile) -> Desk:
    """desk.yaml."""
    desk, at = Desk(), file.at
    if file.language != 1:
        message = say("language version `{version}` is not known; this desk speaks 1", file.language)
        at.wrong("unknown-value", message, "language")
    desk.shops = {name: _shop(name, shop) for name, shop in file.shops.items()}
    if not desk.shops:
        at.lacks(say("a desk needs at least one shop under `shops`"))
    if at.has("stages"):
        desk.stages = _stages(file.stages)
    for key, target, entries in (
        ("priorities", desk.priorities, file.priorities),
        ("tiers", desk.tiers, file.tiers),
        ("types", desk.types, file.types),
        ("skills", desk.skills, file.skills),
    ):
        target.update(_nouns(entries))
        if not target and key != "skills" and not at.raw(key):
            at.lacks(say("a desk needs `{key}`", key))
    tags = file.tags or TagsEntry(at=at)
    desk.tags.update(_nouns(tags.known))
    desk.open_tags = tags.open
    for name, entry in file.fields.items():
        custom = _field(name, entry)
        if custom is not None:
            desk.fields[name] = custom
    return desk


def _shop(name: str, entry: ShopEntry) -> Shop:
    return Shop(
        name=name,
        label=entry.label,
        zone=_zone(entry.zone, entry.at),
        locales=entry.locales or ("zh-TW",),
        calendar=entry.calendar or "always",
        sites=entry.sites,
        widget=_look(entry.widget),
        ratings=_ratings(entry),
    )


def _look(entry: WidgetEntry | None) -> Look:
    if entry is None:
        return Look()
    colour = entry.colour
    if colour is not None and not re.fullmatch(r"#(?:[0-9a-fA-F]{3}){1,2}", colour):
        entry.at.wrong("unknown-value", say("`{text}` is not a colour such as `#2563eb`", colour), "colour")
        colour = None
    if colour is not None and len(colour) == 4:
        colour = "#" + "".join(digit * 2 for digit in colour[1:])
    return Look(colour and colour.lower(), entry.position)


def _ratings(entry: ShopEntry) -> tuple[Mapping[str, str], ...]:
    if len(entry.ratings) not in (0, MOST_POINTS):
        entry.at.wrong("unknown-value", say("a shop names all five ratings, from 1 point to 5, or none"), "ratings")
        return ()
    return entry.ratings


def _zone(name: str, at: At) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        at.wrong("unknown-value", say("`{text}` is not a time zone such as `Asia/Taipei`", name), "zone")
        return ZoneInfo("UTC")


def _stages(entries: Iterable[StageEntry]) -> tuple[Stage, ...]:
    stages: dict[str, Stage] = {}
    for entry in entries:
        if entry.name in stages:
            entry.at.wrong("duplicate-definition", say("the stage `{name}` is there twice", entry.name))
            continue
        stages[entry.name] = Stage(entry.name, entry.mode)
    return tuple(stages.values())


def _nouns(entries: Iterable[NounEntry]) -> dict[str, Noun]:
    nouns: dict[str, Noun] = {}
    for entry in entries:
        if entry.name in nouns:
            entry.at.wrong("duplicate-definition", say("`{name}` is there twice", entry.name))
            continue
        nouns[entry.name] = Noun(entry.name, entry.label, entry.colour, entry.group)
    return nouns


_SIMPLE: Mapping[str, Type] = {
    "text": TEXT,
    "number": NUMBER,
    "flag": FLAG,
    "date": DATE,
    "time": TIME,
    "duration": DURATION,
    "member": entity("member"),
    "agent": entity("agent"),
    "team": entity("team"),
}


def _field(name: str, entry: FieldEntry) -> CustomField | None:
    at, kind = entry.at, entry.type
    owner, dot, short = name.partition(".")
    if owner not in ("ticket", "member") or not dot or not short.isidentifier():
        message = say("a field is named `ticket.NAME` or `member.NAME`, not `{name}`", name)
        at.wrong_key("unknown-field", message)
        return None
    values: dict[str, Noun] = {}
    if kind == "enum" or kind == "list":
        values = _nouns(entry.values)
        enum = Enum(name, tuple(values), ordered=False, open=kind == "list" and not values)
        declared = enum_of(enum) if kind == "enum" else list_of(enum_of(enum))
        if kind == "enum" and not values:
            at.lacks(say("an enum needs its `values`"))
    elif kind in _SIMPLE:
        declared = _SIMPLE[kind]
    else:
        hint = closest(kind, FIELD_TYPES) or say("types: {names}", quoted(FIELD_TYPES))
        at.wrong("unknown-value", say("`{kind}` is no type of a field", kind), "type", hint=hint)
        return None
    default = entry.default
    if default is None and not entry.optional:
        at.lacks(say("a field that is never empty needs a `default`"))
    made = Field(
        name=name,
        type=declared,
        optional=default is None and entry.optional,
        writable=True,
        personal=entry.personal,
        doc=_told(entry.label, entry.hint, name),
    )
    begins = None if default is None else _default(made, default, at)
    if entry.members and owner != "ticket":
        message = say("members fill in fields of a case; what is known of a member is filled in by others")
        at.wrong("unknown-value", message, "members")
    return CustomField(made, entry.label, begins, values, entry.group, entry.hint, entry.members)


def _told(label: Mapping[str, str], hint: Mapping[str, str], name: str) -> str:
    """What is said of a name of the desk's own to who writes rules."""
    return ": ".join([next(iter(label.values()), name), *list(hint.values())[:1]])


def _default(spec: Field, value: Any, at: At) -> Any:
    try:
        return Duration.parse(str(value)).micros if spec.type.kind == "duration" else typed(spec, value)
    except (ValueError, ArithmeticError):
        code, message = "type-mismatch", say("`{text}` is not {wanted}", value, spec.type)
        if spec.type.kind == "duration":
            code, message = "bad-duration", say("`{text}` is not a duration such as `30s`, `15m`, `4h`, `2d`", value)
        at.wrong(code, message, "default")
        return None


def read_teams(file: TeamsFile, shops: Mapping[str, Shop]) -> dict[str, Team]:
    """teams.yaml."""
    teams: dict[str, Team] = {}
    for name, entry in file.teams.items():
        for n, shop in enumerate(entry.shops):
            if shop not in shops:
                entry.at.wrong("unknown-value", say("there is no shop `{shop}`", shop), "shops", n)
        teams[name] = Team(name, entry.label, entry.shops, entry.calendar)
    return teams


def read_roles(file: RolesFile, more: Iterable[str] | None = None) -> dict[str, access.Role]:
    """roles.yaml; `more` are the rights that plugins and features add, None where those are not known."""
    known = {*access.PERMISSIONS, *(more or ())}
    own_nouns = {name.partition(".")[0] for name in access.PERMISSIONS}
    roles: dict[str, access.Role] = {}
    for name, entry in file.roles.items():
        if more is None:
            known.update(one for one in entry.permissions if "." in one and one.partition(".")[0] not in own_nouns)
        for n, permission in enumerate(entry.permissions):
            if permission not in known:
                message = say("there is no right `{name}`", permission)
                entry.at.wrong("unknown-value", message, "permissions", n, hint=closest(permission, known))
        roles[name] = access.Role(name, frozenset(entry.permissions) & known, entry.label)
    return roles


def read_calendars(file: CalendarsFile, zone: ZoneInfo) -> dict[str, Calendar]:
    """calendars.yaml."""
    calendars: dict[str, Calendar] = {}
    for name, entry in file.calendars.items():
        at = entry.at
        own = _zone(entry.zone, at) if at.has("zone") else zone
        calendar = Calendar(name, own, _hours(entry), _holidays(entry), entry.label)
        if not calendar.ever_open() and at.sound("hours") and at.sound("holidays"):
            at.wrong_key("bad-duration", say("the calendar `{name}` is never open: its clocks would never run", name))
        calendars[name] = calendar
    return calendars


def _hours(entry: CalendarEntry) -> dict[int, tuple[tuple[int, int], ...]]:
    hours: dict[int, tuple[tuple[int, int], ...]] = {}
    for days, spans in entry.hours.items():
        try:
            weekdays = parse_days(days)
        except ValueError as error:
            entry.at.wrong_key("bad-date", error.args[0], "hours", days)
            continue
        minutes: list[tuple[int, int]] = []
        for n, text in enumerate(spans):
            try:
                span = parse_span(text)
            except ValueError as error:
                entry.at.wrong("bad-date", error.args[0], "hours", days, n)
                continue
            known = [*minutes, *(one for day in weekdays for one in hours.get(day, ()))]
            if any(span[0] < end and start < span[1] for start, end in known):
                message = say("`{text}` overlaps other hours of the day", text)
                entry.at.wrong("doubtful-hours", message, "hours", days, n, hint=say("each hour counts once"))
            elif span[1] - span[0] == 24 * 60 and span[0] % (24 * 60):
                message = say("`{text}` is open for 24 hours, until the next day", text)
                entry.at.wrong("doubtful-hours", message, "hours", days, n, hint=say("the whole day is `00:00-24:00`"))
            minutes.append(span)
        for day in weekdays:
            hours[day] = merge_spans((*hours.get(day, ()), *minutes))
    return hours


def _holidays(entry: CalendarEntry) -> frozenset[date]:
    holidays: set[date] = set()
    for n, text in enumerate(entry.holidays):
        try:
            holidays |= parse_holidays([text])
        except ValueError as error:
            message = say("`{text}` is no day such as `2026-01-01` and no span `2026-02-16..2026-02-20`", text)
            hint = error.args[0] if isinstance(error, UnknownDay) else None
            entry.at.wrong("bad-date", message, "holidays", n, hint=hint)
    return frozenset(holidays)


def read_templates(file: TemplatesFile) -> dict[str, dict[str, Text]]:
    """A file under templates/: name → language → text with its place."""
    return {
        name: {locale: Text(text, entry.at.span(locale)) for locale, text in entry.texts.items()}
        for name, entry in file.templates.items()
    }


def read_settings(file: SettingsFile) -> tuple[dict[str, Field], dict[str, Any]]:
    """settings.yaml: `name: value` or `name: {type, value, label}` → fields `setting.NAME` and their values."""
    fields: dict[str, Field] = {}
    values: dict[str, Any] = {}
    for name, entry in file.settings.items():
        at, kind = entry.at, entry.type
        if not name.isidentifier():
            at.wrong_key("unknown-key", say("a setting is named by one word, not `{name}`", name))
            continue
        if kind is not None and kind not in _OF_SETTINGS:
            message = say("`{kind}` is no type of a setting", kind)
            hint = closest(kind, _OF_SETTINGS) or say("types: {names}", quoted(_OF_SETTINGS))
            at.wrong("unknown-value", message, "type", hint=hint)
            kind = None
        declared, typed = _setting(entry.value, kind)
        wanted = OWN_SETTINGS[name].type if name in OWN_SETTINGS else _OF_SETTINGS[kind] if kind is not None else None
        if wanted is not None and declared != wanted:
            message = say("the setting `{name}` is {wanted}, this is not", name, wanted)
            at.wrong("type-mismatch", message, "value")
            declared, typed = wanted, None  # so that rules may name it
        if declared is None:
            message = say("the setting `{name}` has no type rules know", name)
            at.wrong("type-mismatch", message, hint=say("number, text, flag, duration or list"))
            continue
        fields[f"setting.{name}"] = Field(f"setting.{name}", declared, doc=_told(entry.label, entry.hint, name))
        values[f"setting.{name}"] = typed
    return fields, values


_OF_SETTINGS: Mapping[str, Type] = {
    "number": NUMBER,
    "text": TEXT,
    "flag": FLAG,
    "duration": DURATION,
    "list": list_of(TEXT),
}


def read_shop_settings(file: ShopSettingsFile, shared: Mapping[str, Field]) -> dict[str, Any]:
    """A shop's settings.yaml: values of its own for settings that are declared for all (`shared`), in their types."""
    values: dict[str, Any] = {}
    names = [name.removeprefix("setting.") for name in shared]
    for name, entry in file.settings.items():
        field = shared.get(f"setting.{name}")
        if field is None:
            hint = closest(name, names) or say("declare it in the shared settings.yaml first")
            message = say("there is no setting `{name}` to have another value", name)
            entry.at.wrong_key("unknown-key", message, hint=hint)
            continue
        declared, typed = _setting(entry.value, field.type.kind)
        if declared != field.type:
            message = say("the setting `{name}` is {wanted}, this is not", name, field.type)
            entry.at.wrong("type-mismatch", message, "value")
            continue
        values[f"setting.{name}"] = typed
    return values


def _setting(value: Any, kind: str | None) -> tuple[Type | None, Any]:
    if isinstance(value, bool):
        return FLAG, value
    if isinstance(value, int):
        return NUMBER, value
    if isinstance(value, float | Decimal):
        return NUMBER, Decimal(str(value))
    if isinstance(value, str):
        if kind in (None, "duration"):
            try:
                return DURATION, Duration.parse(value).micros
            except ValueError:
                if kind == "duration":
                    return None, None
        if kind in (None, "number") and value.endswith("%"):
            try:
                return NUMBER, Decimal(value[:-1]) / 100
            except ArithmeticError:
                return None, None
        return TEXT, value
    if isinstance(value, Sequence) and all(isinstance(v, str) for v in value):
        return list_of(TEXT), tuple(value)
    return None, None

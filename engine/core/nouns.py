"""The nouns of the desk from YAML: what exists, each piece checked where it stands. Rules say what happens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.core import access
from engine.core.calendar import Calendar, merge_spans, parse_days, parse_holidays, parse_span
from engine.core.rulebook import CustomField, Noun, Shop, Team, typed
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
    Finding,
    Source,
    Span,
    Stage,
    Text,
    Type,
    entity,
    enum_of,
    list_of,
    load_plain,
)
from engine.lang.findings import closest
from engine.lang.said import quoted, say

DEFAULT_STAGES = ("guard", "classify", "prioritise", "route", "sla", "respond", "notify", "housekeeping")
Path = tuple[Any, ...]


@dataclass(slots=True)
class Doc:
    """A YAML file as plain data with the place of each piece, and the findings about it."""

    source: Source
    data: Any
    spans: Mapping[Path, Span]
    findings: list[Finding]
    keys: Mapping[Path, Span] = field(default_factory=dict)
    mistyped: set[Path] = field(default_factory=set)
    """Mappings with a key that means nothing: what they lack only follows from it."""
    readable: bool = True
    """Whether it is YAML at all."""

    @classmethod
    def read(cls, source: Source, findings: list[Finding]) -> Doc:
        """Parses a file; its syntax findings go to `findings`."""
        plain, problems = load_plain(source)
        findings.extend(problems)
        if plain is None:
            return cls(source, None, {}, findings, readable=False)
        return cls(source, plain.data, plain.spans, findings, plain.keys)

    def span(self, *path: Any) -> Span:
        """The place of a piece, or of the nearest thing around it."""
        full = tuple(path)
        while True:
            if full in self.spans:
                return self.spans[full]
            if not full:
                return Span(self.source, 0, min(1, len(self.source.text)))
            full = full[:-1]

    def wrong(self, code: str, message: str, *path: Any, hint: str | None = None) -> None:
        """Adds a finding at a piece."""
        self.findings.append(Finding(code, message, self.span(*path), hint=hint))

    def wrong_key(self, code: str, message: str, *path: Any, hint: str | None = None) -> None:
        """Adds a finding at the key of a piece."""
        self.findings.append(Finding(code, message, self.keys.get(path, self.span(*path)), hint=hint))

    def flag(self, value: Any, *path: Any) -> bool:
        """`true` or `false`; anything else is a finding, and false."""
        if not isinstance(value, bool):
            self.wrong("type-mismatch", say("`true` or `false` must stand here"), *path)
        return value is True

    def lacks(self, message: str, *path: Any) -> None:
        """Adds a finding at a mapping that lacks something, unless a mistyped key of it says so already."""
        if path not in self.mistyped:
            self.wrong("unknown-key", message, *path)

    def mapping(self, value: Any, *path: Any, known: Iterable[str] | None = None) -> dict[str, Any]:
        """A mapping with text keys; unknown ones are findings when `known` is given."""
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.wrong("type-mismatch", say("a mapping is wanted here"), *path)
            return {}
        out: dict[str, Any] = {}
        allowed = None if known is None else list(known)
        for key, item in value.items():
            name = str(key)
            if allowed is not None and name not in allowed:
                hint = closest(name, allowed) or say("known here: {names}", quoted(allowed))
                place = self.keys.get((*path, key), self.span(*path, key))
                self.findings.append(Finding("unknown-key", say("`{name}` means nothing here", name), place, hint=hint))
                self.mistyped.add(path)
                continue
            out[name] = item
        return out

    def sequence(self, value: Any, *path: Any) -> list[Any]:
        """A list; a single value counts as a list of one."""
        if value is None:
            return []
        if isinstance(value, dict):
            self.wrong("type-mismatch", say("a list is wanted here"), *path)
            return []
        return list(value) if isinstance(value, list) else [value]

    def texts(self, value: Any, *path: Any) -> tuple[str, ...]:
        """A list of texts."""
        out: list[str] = []
        for n, item in enumerate(self.sequence(value, *path)):
            if isinstance(item, str):
                out.append(item)
            else:
                self.wrong(
                    "type-mismatch",
                    say("a text is wanted here, not `{text}`", item),
                    *path,
                    n,
                    hint=say("put it in quotes"),
                )
        return tuple(out)

    def name(self, value: Any, *path: Any) -> str | None:
        """A name, or None where there is none."""
        if value is None or isinstance(value, str):
            return value
        self.wrong(
            "type-mismatch", say("a name is wanted here, not `{text}`", value), *path, hint=say("put it in quotes")
        )
        return None

    def label(self, value: Any, *path: Any) -> Mapping[str, str]:
        """A text, or a text per language."""
        if value is None:
            return {}
        if isinstance(value, str):
            return {"zh-TW": value, "zh-CN": value, "en": value}
        return {k: str(v) for k, v in self.mapping(value, *path).items()}

    def duration(self, value: Any, *path: Any) -> Duration | None:
        """A duration such as `4h`."""
        try:
            return Duration.parse(str(value))
        except ValueError:
            self.wrong("bad-duration", say("`{text}` is not a duration such as `30s`, `15m`, `4h`, `2d`", value), *path)
            return None


@dataclass(slots=True)
class Desk:
    """What desk.yaml declares."""

    shops: dict[str, Shop] = field(default_factory=dict)
    stages: tuple[Stage, ...] = tuple(Stage(name, "first" if name == "route" else "all") for name in DEFAULT_STAGES)
    priorities: dict[str, Noun] = field(default_factory=dict)
    tiers: dict[str, Noun] = field(default_factory=dict)
    types: dict[str, Noun] = field(default_factory=dict)
    skills: dict[str, Noun] = field(default_factory=dict)
    tags: dict[str, Noun] = field(default_factory=dict)
    open_tags: bool = True
    fields: dict[str, CustomField] = field(default_factory=dict)
    thresholds: dict[str, Any] = field(default_factory=dict)


DESK_KEYS = ("language", "shops", "stages", "priorities", "tiers", "types", "skills", "tags", "fields", "thresholds")


def read_desk(doc: Doc) -> Desk:
    """desk.yaml."""
    desk = Desk()
    data = doc.mapping(doc.data, known=DESK_KEYS)
    if data.get("language", 1) != 1:
        doc.wrong(
            "unknown-value",
            say("language version `{version}` is not known; this desk speaks 1", data["language"]),
            "language",
        )
    for name, spec in doc.mapping(data.get("shops"), "shops").items():
        desk.shops[name] = _shop(doc, name, spec)
    if not desk.shops:
        doc.lacks(say("a desk needs at least one shop under `shops`"))
    if "stages" in data:
        desk.stages = _stages(doc, data["stages"])
    for key, target in (
        ("priorities", desk.priorities),
        ("tiers", desk.tiers),
        ("types", desk.types),
        ("skills", desk.skills),
    ):
        target.update(_nouns(doc, data.get(key), key))
        if not target and key != "skills" and not doc.mapping(doc.data).get(key):
            doc.lacks(say("a desk needs `{key}`", key))
    tags = doc.mapping(data.get("tags"), "tags", known=("known", "open"))
    desk.tags.update(_nouns(doc, tags.get("known"), "tags", "known"))
    desk.open_tags = doc.flag(tags.get("open", True), "tags", "open")
    for name, spec in doc.mapping(data.get("fields"), "fields").items():
        custom = _field(doc, name, spec)
        if custom is not None:
            desk.fields[name] = custom
    desk.thresholds = doc.mapping(data.get("thresholds"), "thresholds")
    return desk


def _shop(doc: Doc, name: str, spec: Any) -> Shop:
    at: Path = ("shops", name)
    known = ("label", "zone", "locales", "calendar", "sites", "widget", "sign_on")
    data = doc.mapping(spec, *at, known=known)
    return Shop(
        name=name,
        label=doc.label(data.get("label"), *at, "label"),
        zone=_zone(doc, data.get("zone", "Asia/Taipei"), *at, "zone"),
        locales=doc.texts(data.get("locales"), *at, "locales") or ("zh-TW",),
        calendar=doc.name(data.get("calendar"), *at, "calendar") or "always",
        sites=doc.texts(data.get("sites"), *at, "sites"),
        widget=doc.mapping(data.get("widget"), *at, "widget"),
    )


def _zone(doc: Doc, value: Any, *path: Any) -> ZoneInfo:
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        doc.wrong("unknown-value", say("`{text}` is not a time zone such as `Asia/Taipei`", value), *path)
        return ZoneInfo("UTC")


def _stages(doc: Doc, value: Any) -> tuple[Stage, ...]:
    stages: list[Stage] = []
    for n, item in enumerate(doc.sequence(value, "stages")):
        spec = {"name": item} if isinstance(item, str) else doc.mapping(item, "stages", n, known=("name", "mode"))
        mode = spec.get("mode", "all")
        if mode not in ("all", "first"):
            doc.wrong(
                "unknown-value", say("a stage's mode is `all` or `first`, not `{mode}`", mode), "stages", n, "mode"
            )
            mode = "all"
        name = str(spec.get("name", ""))
        if any(s.name == name for s in stages):
            doc.wrong("duplicate-definition", say("the stage `{name}` is there twice", name), "stages", n)
            continue
        stages.append(Stage(name, "first" if mode == "first" else "all"))
    return tuple(stages)


def _nouns(doc: Doc, value: Any, *path: Any) -> dict[str, Noun]:
    nouns: dict[str, Noun] = {}
    for n, item in enumerate(doc.sequence(value, *path)):
        if isinstance(item, dict):
            data = doc.mapping(item, *path, n, known=("name", "label", "colour", "group"))
            if not isinstance(data.get("name"), str):
                doc.lacks(say("this needs a `name`"), *path, n)
                continue
            noun = Noun(
                data["name"], doc.label(data.get("label"), *path, n, "label"), data.get("colour"), data.get("group")
            )
        elif isinstance(item, str) and item:
            noun = Noun(item)
        else:
            doc.wrong(
                "type-mismatch",
                say("a name is wanted here, not `{text}`", item),
                *path,
                n,
                hint=say("put it in quotes"),
            )
            continue
        if noun.name in nouns:
            doc.wrong("duplicate-definition", say("`{name}` is there twice", noun.name), *path, n)
            continue
        nouns[noun.name] = noun
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


def _field(doc: Doc, name: str, spec: Any) -> CustomField | None:
    at: Path = ("fields", name)
    data = doc.mapping(
        spec, *at, known=("type", "optional", "default", "label", "values", "personal", "items", "group", "hint")
    )
    owner, dot, short = name.partition(".")
    if owner not in ("ticket", "member") or not dot or not short.isidentifier():
        doc.wrong_key("unknown-field", say("a field is named `ticket.NAME` or `member.NAME`, not `{name}`", name), *at)
        return None
    kind = str(data.get("type", "text"))
    values: dict[str, Noun] = {}
    if kind == "enum" or kind == "list":
        values = _nouns(doc, data.get("values"), *at, "values")
        enum = Enum(name, tuple(values), ordered=False, open=kind == "list" and not values)
        declared = enum_of(enum) if kind == "enum" else list_of(enum_of(enum))
        if kind == "enum" and not values:
            doc.lacks(say("an enum needs its `values`"), *at)
    elif kind in _SIMPLE:
        declared = _SIMPLE[kind]
    else:
        types = (*_SIMPLE, "enum", "list")
        hint = closest(kind, types) or say("types: {names}", quoted(types))
        doc.wrong("unknown-value", say("`{kind}` is no type of a field", kind), *at, "type", hint=hint)
        return None
    label = doc.label(data.get("label"), *at, "label")
    default, optional = data.get("default"), doc.flag(data.get("optional", True), *at, "optional")
    if default is None and not optional:
        doc.lacks(say("a field that is never empty needs a `default`"), *at)
    made = Field(
        name=name,
        type=declared,
        optional=default is None and optional,
        writable=True,
        personal=doc.flag(data.get("personal", False), *at, "personal"),
        doc=next(iter(label.values()), name),
    )
    return CustomField(made, label, None if default is None else _default(doc, made, default, *at, "default"), values)


def _default(doc: Doc, spec: Field, value: Any, *path: Any) -> Any:
    if spec.type.kind == "duration":
        duration = doc.duration(value, *path)
        return None if duration is None else duration.micros
    try:
        return typed(spec, value)
    except (ValueError, ArithmeticError):
        doc.wrong("type-mismatch", say("`{text}` is not {wanted}", value, spec.type), *path)
        return None


def read_teams(doc: Doc, shops: Mapping[str, Shop]) -> dict[str, Team]:
    """teams.yaml."""
    teams: dict[str, Team] = {}
    for name, spec in doc.mapping(doc.data).items():
        data = doc.mapping(spec, name, known=("label", "shops", "calendar"))
        served = doc.texts(data.get("shops"), name, "shops")
        for n, shop in enumerate(served):
            if shop not in shops:
                doc.wrong("unknown-value", say("there is no shop `{shop}`", shop), name, "shops", n)
        calendar = doc.name(data.get("calendar"), name, "calendar")
        teams[name] = Team(name, doc.label(data.get("label"), name, "label"), served, calendar)
    return teams


def read_roles(doc: Doc, more: Iterable[str] | None = None) -> dict[str, access.Role]:
    """roles.yaml; `more` are the rights that plugins and features add, None where those are not known."""
    known = {*access.PERMISSIONS, *(more or ())}
    own_nouns = {name.partition(".")[0] for name in access.PERMISSIONS}
    roles: dict[str, access.Role] = {}
    for name, spec in doc.mapping(doc.data).items():
        data = doc.mapping(spec, name, known=("label", "permissions"))
        wanted = doc.texts(data.get("permissions"), name, "permissions")
        if more is None:
            known.update(right for right in wanted if "." in right and right.partition(".")[0] not in own_nouns)
        for n, permission in enumerate(wanted):
            if permission not in known:
                message = say("there is no right `{name}`", permission)
                doc.wrong("unknown-value", message, name, "permissions", n, hint=closest(permission, known))
        roles[name] = access.Role(name, frozenset(wanted) & known, doc.label(data.get("label"), name, "label"))
    return roles


def read_calendars(doc: Doc, zone: ZoneInfo) -> dict[str, Calendar]:
    """calendars.yaml."""
    calendars: dict[str, Calendar] = {}
    for name, spec in doc.mapping(doc.data).items():
        data = doc.mapping(spec, name, known=("zone", "hours", "holidays", "label"))
        own = _zone(doc, data["zone"], name, "zone") if "zone" in data else zone
        hours: dict[int, tuple[tuple[int, int], ...]] = {}
        before = len(doc.findings)
        for days, spans in doc.mapping(data.get("hours"), name, "hours").items():
            try:
                weekdays = parse_days(days)
            except ValueError as error:
                doc.wrong_key("bad-date", error.args[0], name, "hours", days)
                continue
            minutes: list[tuple[int, int]] = []
            for n, text in enumerate(doc.texts(spans, name, "hours", days)):
                try:
                    minutes.append(parse_span(text))
                except ValueError as error:
                    doc.wrong("bad-date", error.args[0], name, "hours", days, n)
            for day in weekdays:
                hours[day] = merge_spans((*hours.get(day, ()), *minutes))
        holidays: set[Any] = set()
        for n, text in enumerate(doc.texts(data.get("holidays"), name, "holidays")):
            try:
                holidays |= parse_holidays([text])
            except ValueError:
                doc.wrong(
                    "bad-date",
                    say("`{text}` is no day such as `2026-01-01` and no span `2026-02-16..2026-02-20`", text),
                    name,
                    "holidays",
                    n,
                )
        calendar = Calendar(name, own, hours, frozenset(holidays))
        if not calendar.ever_open() and len(doc.findings) == before:
            doc.wrong_key(
                "bad-duration", say("the calendar `{name}` is never open: its clocks would never run", name), name
            )
        calendars[name] = calendar
    return calendars


def read_templates(doc: Doc) -> dict[str, dict[str, Text]]:
    """A file under templates/: name → language → text with its place."""
    templates: dict[str, dict[str, Text]] = {}
    for name, spec in doc.mapping(doc.data).items():
        texts: dict[str, Text] = {}
        for locale, text in doc.mapping(spec, name).items():
            if not isinstance(text, str):
                doc.wrong("type-mismatch", say("a template is a text"), name, locale, hint=say("put it in quotes"))
                text = ""
            texts[locale] = Text(text, doc.span(name, locale))
        templates[name] = texts
    return templates


def read_settings(doc: Doc) -> tuple[dict[str, Field], dict[str, Any]]:
    """settings.yaml: `name: value` or `name: {type, value, label}` → fields `setting.NAME` and their values."""
    fields: dict[str, Field] = {}
    values: dict[str, Any] = {}
    for name, spec in doc.mapping(doc.data).items():
        value = spec
        kind: str | None = None
        if isinstance(spec, dict):
            data = doc.mapping(spec, name, known=("type", "value", "label", "hint"))
            value, kind = data.get("value"), None if data.get("type") is None else str(data["type"])
        if not str(name).isidentifier():
            doc.wrong_key("unknown-key", say("a setting is named by one word, not `{name}`", name), name)
            continue
        if kind is not None and kind not in _OF_SETTINGS:
            message = say("`{kind}` is no type of a setting", kind)
            hint = closest(kind, _OF_SETTINGS) or say("types: {names}", quoted(_OF_SETTINGS))
            doc.wrong("unknown-value", message, name, "type", hint=hint)
            kind = None
        declared, typed = _setting(value, kind)
        if kind is not None and declared != _OF_SETTINGS[kind]:
            message = say("the setting `{name}` is {wanted}, this is not", name, _OF_SETTINGS[kind])
            doc.wrong("type-mismatch", message, name, "value")
            declared, typed = _OF_SETTINGS[kind], None  # so that rules may name it
        if declared is None:
            doc.wrong(
                "type-mismatch",
                say("the setting `{name}` has no type rules know", name),
                name,
                hint=say("number, text, flag, duration or list"),
            )
            continue
        fields[f"setting.{name}"] = Field(f"setting.{name}", declared, doc=name)
        values[f"setting.{name}"] = typed
    return fields, values


_OF_SETTINGS: Mapping[str, Type] = {
    "number": NUMBER,
    "text": TEXT,
    "flag": FLAG,
    "duration": DURATION,
    "list": list_of(TEXT),
}


def read_shop_settings(doc: Doc, shared: Mapping[str, Field]) -> dict[str, Any]:
    """A shop's settings.yaml: values of its own for settings that are declared for all (`shared`), in their types."""
    values: dict[str, Any] = {}
    names = [name.removeprefix("setting.") for name in shared]
    for name, spec in doc.mapping(doc.data).items():
        field = shared.get(f"setting.{name}")
        if field is None:
            hint = closest(name, names) or say("declare it in the shared settings.yaml first")
            doc.wrong_key(
                "unknown-key", say("there is no setting `{name}` to have another value", name), name, hint=hint
            )
            continue
        value = (
            doc.mapping(spec, name, known=("value", "label", "hint")).get("value") if isinstance(spec, dict) else spec
        )
        declared, typed = _setting(value, field.type.kind)
        if declared != field.type:
            where = (name, "value") if isinstance(spec, dict) else (name,)
            doc.wrong("type-mismatch", say("the setting `{name}` is {wanted}, this is not", name, field.type), *where)
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

"""Texts in, one immutable `Rulebook` out, or findings that say what and where. Pure: a shelf only saves time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from engine.core import nouns
from engine.core.access import Role
from engine.core.actions import ACTIONS
from engine.core.calendar import Calendar
from engine.core.entities import CALL_RESULTS, TASK_STATES
from engine.core.events import CONSEQUENCES, EVENTS
from engine.core.fields import built_in, custom
from engine.core.once import kind_of, told
from engine.core.overlaps import check_overlaps
from engine.core.proving import whole_set
from engine.core.raw_lifecycle import RawLifecycle, channel_names, opened, read_lifecycle
from engine.core.reader import Of
from engine.core.rulebook import NOTHING_MORE, Extras, Rulebook, Team, Workings
from engine.core.schema.nouns import (
    CalendarsFile,
    DeskFile,
    LifecycleFile,
    PoliciesFile,
    PolicyEntry,
    RolesFile,
    SettingsFile,
    ShopSettingsFile,
    TeamsFile,
    TemplatesFile,
)
from engine.core.sla import TARGETS, Policy
from engine.core.view import Getter
from engine.lang import (
    WEEKDAYS,
    Condition,
    Duration,
    Enum,
    Environment,
    Field,
    Finding,
    RuleSet,
    Severity,
    Source,
    Span,
    Template,
    Text,
    check,
    compile_condition,
    compile_rules,
    compile_template,
)
from engine.lang.cache import Shelf, uncollected
from engine.lang.decoder import Decoder
from engine.lang.document import At, Document
from engine.lang.findings import closest
from engine.lang.kept import Kept
from engine.lang.said import say
from engine.lang.schema import Entry
from engine.lang.silence import silence
from engine.lang.trial import Bench, helped

T = TypeVar("T")
E = TypeVar("E", bound=Entry)

FIXED_YAML = ("desk.yaml", "teams.yaml", "roles.yaml", "settings.yaml", "calendars.yaml", "sla.yaml")
OF_A_SHOP = ("calendars.yaml", "settings.yaml", "sla.yaml", "templates")
"""What a shop may have of its own, beside rules and word lists."""
CASE_OBJECTS = ("ticket", "member", "shop", "agent")
"""What a guard or a policy may read."""


def digest_of(files: Mapping[str, str]) -> str:
    """The digest of a rulebook's texts: names and contents, in the order of names."""
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path}\0{len(files[path])}\0".encode())
        digest.update(files[path].encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def shelf_in(folder: Path) -> Shelf:
    """The kept rule sets of a folder, as far as this code made them."""
    return Shelf(folder, (Path(__file__).parent,))


def shelve(book: Rulebook, shelf: Shelf) -> bool:
    """Puts a built rulebook's rules where `build` finds them; False when there is nothing new to put, or no room."""
    workings = book.workings
    if workings.checked is None or workings.said is None:
        return False
    return shelf.save(book.digest, book.environment, workings.checked, book.rules, workings.said)


@dataclass(slots=True)
class _Folder:
    """The files of the folder by what they are; a shop's own under its name."""

    desk: list[Source] = field(default_factory=list)
    fixed: dict[str, dict[str, list[Source]]] = field(default_factory=dict)
    lifecycles: list[Source] = field(default_factory=list)
    templates: dict[str, list[Source]] = field(default_factory=dict)
    rules: list[Source] = field(default_factory=list)
    stray: list[Source] = field(default_factory=list)

    def nouns(self) -> list[Source]:
        """Everything the rulebook is made of but the rules."""
        fixed = [source for by in self.fixed.values() for found in by.values() for source in found]
        texts = [source for found in self.templates.values() for source in found]
        return [*self.desk, *fixed, *texts, *self.lifecycles, *self.stray]


def _sort(files: Mapping[str, str]) -> _Folder:
    folder = _Folder()
    for path in sorted(files):
        source = Source(path, files[path])
        parts = path.split("/")
        shop = ""
        if parts[0] == "shops" and len(parts) > 2:
            shop, parts = parts[1], parts[2:]
        name = (
            parts[-1].removesuffix(".yml").removesuffix(".yaml") + ".yaml"
            if parts[-1].endswith((".yml", ".yaml"))
            else parts[-1]
        )
        if "tests" in parts[:-1] or name.endswith(".txt"):
            continue
        if name.endswith(".rules"):
            folder.rules.append(source)
        elif "templates" in parts[:-1]:
            folder.templates.setdefault(shop, []).append(source)
        elif "lifecycles" in parts[:-1]:
            folder.lifecycles.append(source)
        elif name == "desk.yaml" and not shop:
            folder.desk.append(source)
        elif name in FIXED_YAML:
            folder.fixed.setdefault(name, {}).setdefault(shop, []).append(source)
        else:
            folder.stray.append(source)
    return folder


def build(
    files: Mapping[str, str],
    *,
    previous: Rulebook | None = None,
    extras: Extras = NOTHING_MORE,
    analyse: bool = True,
    shelf: Shelf | None = None,
    unreadable: Iterable[str] = (),
) -> tuple[Rulebook | None, list[Finding]]:
    """The rulebook of a folder's texts (path from the folder → text), or None when a finding is an error.

    The same texts give the running rulebook back; an edit of it costs what it changes. `analyse`: whether all rules are
    looked at together as well; texts that were in force before need it no more. `shelf`: where `shelve` may have put
    the rules of these texts. `unreadable`: files of the folder that are no text; what they would declare is not told
    as unknown.
    """
    digest = digest_of(files)
    if previous is not None and previous.digest == digest:
        return previous, []
    findings: list[Finding] = []
    built = _Build(files, digest, findings, extras, analyse, previous, shelf)
    built.unreadable |= {kind_of(path) for path in unreadable}
    with uncollected():
        rulebook = built.run()
    findings[:] = told(findings, built.unreadable)
    if any(f.severity is Severity.ERROR for f in findings):
        return None, findings
    return rulebook, findings


def environment_of(files: Mapping[str, str], extras: Extras = NOTHING_MORE) -> Environment:
    """What rules may name by the nouns that can be read, whatever is wrong with others; nothing without desk.yaml."""
    book = _Build(files, "", [], extras, False, None, None)._nouns()
    return Environment() if book is None else book.environment


class _Build:
    def __init__(
        self,
        files: Mapping[str, str],
        digest: str,
        findings: list[Finding],
        extras: Extras,
        analyse: bool,
        previous: Rulebook | None,
        shelf: Shelf | None,
    ) -> None:
        self.files = files
        self.digest = digest
        self.findings = findings
        self.extras = extras
        self.analyse = analyse
        self.previous = previous
        self.shelf = shelf
        self.folder = _sort(files)
        self.unreadable: set[str] = set()
        """The kinds of files of which one could not be read."""

    def run(self) -> Rulebook | None:
        """The nouns, then the rules; what an edit did not touch is taken from the rulebook before."""
        nouns_of = {source.path: source.text for source in self.folder.nouns()}
        before = self.previous
        if before is not None and before.workings.same(nouns_of, self.extras):
            book: Rulebook | None = before
            self.findings.extend(before.workings.findings)
            kept = Kept(before.workings.kept)
        else:
            book = self._nouns()
            kept = Kept(None if before is None else before.workings.kept)
        if book is None:
            return None
        workings = Workings(nouns_of, self.extras, tuple(self.findings))
        book = replace(book, digest=self.digest, files=dict(self.files), workings=workings)
        found = self.shelf.load(self.digest, book.environment, self.files) if self.shelf is not None else None
        if found is not None:
            self.findings.extend(found.findings)
            return replace(book, rules=found.rules)
        return self._rules(book, kept)

    def _rules(self, book: Rulebook, kept: Kept) -> Rulebook | None:
        """The rulebook with its rules."""
        parsed, said = kept.parse(self.folder.rules)
        said = silence(said, parsed)
        checked, problems = check(parsed, book.environment, self.files, kept=kept)
        said = [*helped(said, Bench(parsed, book.environment, self.files)), *problems]
        if any(f.severity is Severity.ERROR for f in self.findings):
            self.findings.extend(said)
            return None
        if any(f.severity is Severity.ERROR for f in said):
            if self.analyse:
                # The rules that are right are looked at together all the same: one run tells of every mistake.
                book = replace(book, rules=compile_rules(checked, book.environment, kept))
                said += silence(whole_set(book, checked, kept, whole=False), parsed)
            self.findings.extend(said)
            return None
        book = replace(book, rules=compile_rules(checked, book.environment, kept))
        if self.analyse:
            said += silence(whole_set(book, checked, kept), parsed)
        self.findings.extend(said)
        wanted = tuple(said) if self.analyse else None
        return replace(book, workings=replace(book.workings, kept=kept.seal(), checked=checked, said=wanted))

    def _nouns(self) -> Rulebook | None:
        """A rulebook without rules; None when there is nothing to begin with."""
        folder = self.folder
        nowhere = Span(Source("desk.yaml", ""), 0, 0)
        if not folder.desk:
            self.findings.append(Finding("file-not-found", say("there is no desk.yaml in this folder"), nowhere))
            return None
        desk_file = self._read(folder.desk[0], DeskFile)
        if desk_file is None:
            return None
        desk = nouns.read_desk(desk_file)
        self._unread(desk)
        zone = next((s.zone for s in desk.shops.values()), ZoneInfo("UTC"))
        calendars, shop_calendars = self._calendars(zone, desk)
        teams: dict[str, Team] = {}
        for teams_file in self._fixed("teams.yaml", TeamsFile):
            more_teams = nouns.read_teams(teams_file, desk.shops)
            for name, team in more_teams.items():
                if team.calendar is not None and team.calendar not in calendars:
                    missing = say("there is no calendar `{calendar}`", team.calendar)
                    teams_file.at.wrong("unknown-calendar", missing, name, "calendar")
            _join(teams_file.at, teams, more_teams)
        roles: dict[str, Role] = {}
        for roles_file in self._fixed("roles.yaml", RolesFile):
            _join(roles_file.at, roles, nouns.read_roles(roles_file, self.extras.permissions))
        settings_fields: dict[str, Field] = {}
        settings: dict[str, Any] = {}
        for settings_file in self._fixed("settings.yaml", SettingsFile):
            more, values = nouns.read_settings(settings_file)
            _join(settings_file.at, settings_fields, more, "setting.")
            settings = {**values, **settings}
        shop_settings: dict[str, dict[str, Any]] = {}
        for shop in desk.shops:
            for own_file in self._fixed("settings.yaml", ShopSettingsFile, shop):
                own = nouns.read_shop_settings(own_file, settings_fields)
                _join(own_file.at, shop_settings.setdefault(shop, {}), own, "setting.")
        lifecycles_raw: dict[str, RawLifecycle] = {}
        for source in folder.lifecycles:
            lifecycle_file = self._read(source, LifecycleFile)
            raw = None if lifecycle_file is None else read_lifecycle(lifecycle_file)
            if raw is not None and raw.kind in lifecycles_raw:
                message = say("`{kind}` has a lifecycle in another file too", raw.kind)
                raw.at.wrong("duplicate-definition", message, "kind")
            elif raw is not None:
                lifecycles_raw[raw.kind] = raw
        policy_files = {shop: self._fixed("sla.yaml", PoliciesFile, shop) for shop in ("", *desk.shops)}
        policy_names = tuple(one.name for found in policy_files.values() for file in found for one in file.policies)
        enums = self._enums(desk, teams, roles, lifecycles_raw, policy_names)
        fields: dict[str, tuple[Field, Getter]] = dict(built_in(enums))
        for name, spec in desk.fields.items():
            if name in fields:
                message = say("`{name}` is a built-in field", name)
                desk_file.at.wrong_key("duplicate-definition", message, "fields", name)
                continue
            owner, _, short = name.partition(".")
            fields[name] = (spec.field, custom(owner, short))
        for name, setting in settings_fields.items():
            fields[name] = (setting, _by_shop(name, settings[name], shop_settings))
        fields.update(self.extras.fields)
        templates = self._templates("")
        shop_templates = {shop: self._templates(shop) for shop in desk.shops}
        environment = Environment(
            stages=desk.stages,
            fields={name: spec for name, (spec, _) in fields.items()},
            events={event.name: event for event in EVENTS},
            functions={f.name: f for f in self.extras.functions},
            enums=enums,
            actions=ACTIONS,
            consequences=CONSEQUENCES,
            plugin_actions={action.kind.name: action.kind for action in self.extras.actions},
            teams=frozenset(teams),
            skills=frozenset(desk.skills),
            roles=frozenset(roles),
            recipients=frozenset(),
            calendars=frozenset(calendars) | frozenset(n for own in shop_calendars.values() for n in own),
            shops=frozenset(desk.shops),
            tags=enums["tag"],
            states={raw.kind: tuple(raw.states) for raw in lifecycles_raw.values()},
            moves={raw.kind: raw.moves for raw in lifecycles_raw.values()},
            live=frozenset(raw.kind for raw in lifecycles_raw.values() if raw.live),
            categories={raw.kind: raw.categories for raw in lifecycles_raw.values()},
            templates=templates,
            shop_templates=shop_templates,
            locales=tuple(dict.fromkeys(loc for s in desk.shops.values() for loc in s.locales)),
            shop_locales={name: spec.locales for name, spec in desk.shops.items()},
            setting_values=settings,
            shop_settings=shop_settings,
            zone=str(zone),
        )
        lifecycles = {raw.kind: raw.finish(environment, CASE_OBJECTS, self.findings) for raw in lifecycles_raw.values()}
        if not lifecycles:
            self.findings.append(Finding("file-not-found", say("a desk needs at least one lifecycle"), nowhere))
        policies = self._policies(policy_files[""], environment, calendars, True)
        own = {shop: policy_files[shop] for shop in desk.shops if policy_files[shop]}
        shop_policies = {shop: self._policies(files, environment, calendars, False) for shop, files in own.items()}
        compiled = self._compile_templates(templates, environment)
        shop_compiled = {shop: self._compile_templates(texts, environment) for shop, texts in shop_templates.items()}
        for name, shop_spec in desk.shops.items():
            if shop_spec.calendar != "always" and shop_spec.calendar not in calendars | shop_calendars.get(name, {}):
                missing = say("there is no calendar `{calendar}`", shop_spec.calendar)
                desk_file.at.wrong("unknown-calendar", missing, "shops", name, "calendar")
        book = Rulebook(
            digest=self.digest,
            files=dict(self.files),
            shops=desk.shops,
            types=desk.types,
            tiers=desk.tiers,
            priorities=desk.priorities,
            skills=desk.skills,
            known_tags=desk.tags,
            open_tags=desk.open_tags,
            teams=teams,
            roles=roles,
            calendars=calendars,
            shop_calendars=shop_calendars,
            lifecycles=lifecycles,
            live_kinds=frozenset(raw.kind for raw in lifecycles_raw.values() if raw.live),
            plugin_actions={action.kind.name: action for action in self.extras.actions},
            internal_kinds=frozenset(raw.kind for raw in lifecycles_raw.values() if raw.internal),
            opens=opened(lifecycles_raw.values()),
            policies=policies,
            shop_policies=shop_policies,
            custom_fields=desk.fields,
            fields=fields,
            templates=compiled,
            shop_templates=shop_compiled,
            settings=settings,
            shop_settings=shop_settings,
            rules=RuleSet((), ()),
            environment=environment,
        )
        if self.analyse and not any(f.severity is Severity.ERROR for f in self.findings):
            check_overlaps(book, lifecycles_raw.values(), policy_files)
        return book

    # --- pieces -----------------------------------------------------------------------------------------------------

    def _unread(self, desk: nouns.Desk) -> None:
        """Tells of files that are not what the desk reads, or do not stand where it reads them."""
        folder = self.folder
        unread = [(source, say("is it in the right folder?")) for source in folder.stray]
        unread += [(source, say("`{path}` is the one", folder.desk[0].path)) for source in folder.desk[1:]]
        places = [(name, shop, found) for name, by in folder.fixed.items() for shop, found in by.items()]
        places += [("templates", shop, found) for shop, found in folder.templates.items()]
        for name, shop, found in places:
            if shop and shop not in desk.shops:
                unread += [(source, say("there is no shop `{shop}`", shop)) for source in found]
            elif shop and name not in OF_A_SHOP:
                unread += [
                    (source, say("`{name}` is for all shops and stands outside `shops/`", name)) for source in found
                ]
        for source, hint in unread:
            place = Span(source, 0, min(1, len(source.text)))
            message = say("`{path}` is no file the desk reads", source.path)
            self.findings.append(Finding("file-not-loaded", message, place, hint=hint))

    def _fixed(self, name: str, cls: type[E], shop: str = "") -> list[E]:
        found = (self._read(source, cls) for source in self.folder.fixed.get(name, {}).get(shop, []))
        return [file for file in found if file is not None]

    def _read(self, source: Source, cls: type[E]) -> E | None:
        document = Document.of(source, self.findings)
        if not document.readable:
            self.unreadable.add(kind_of(source.path))
        return Decoder(document).read(cls)

    def _calendars(
        self, zone: ZoneInfo, desk: nouns.Desk
    ) -> tuple[dict[str, Calendar], dict[str, dict[str, Calendar]]]:
        shared: dict[str, Calendar] = {}
        for file in self._fixed("calendars.yaml", CalendarsFile):
            _join(file.at, shared, nouns.read_calendars(file, zone))
        own: dict[str, dict[str, Calendar]] = {}
        for shop, spec in desk.shops.items():
            for file in self._fixed("calendars.yaml", CalendarsFile, shop):
                _join(file.at, own.setdefault(shop, {}), nouns.read_calendars(file, spec.zone))
        return shared, own

    def _enums(
        self,
        desk: nouns.Desk,
        teams: Mapping[str, Team],
        roles: Mapping[str, Any],
        lifecycles: Mapping[str, RawLifecycle],
        policies: tuple[str, ...],
    ) -> dict[str, Enum]:
        states = tuple(dict.fromkeys(s for raw in lifecycles.values() for s in raw.states))
        locales = tuple(dict.fromkeys(loc for s in desk.shops.values() for loc in s.locales))
        table = [
            Enum("kind", tuple(lifecycles)),
            Enum("type", tuple(desk.types)),
            Enum("state", states),
            Enum("category", ("open", "pending", "closed")),
            Enum("priority", tuple(desk.priorities), ordered=True),
            Enum("tier", tuple(desk.tiers), ordered=True),
            Enum("team", tuple(teams)),
            Enum("channel", channel_names(lifecycles.values(), self.extras.channels), open=True),
            Enum("shop", tuple(desk.shops)),
            Enum("tag", tuple(desk.tags), open=desk.open_tags),
            Enum("skill", tuple(desk.skills)),
            Enum("language", locales),
            Enum("status", ("online", "busy", "away", "offline")),
            WEEKDAYS,
            *(Enum(name, ("inbound", "outbound")) for name in ("direction", "call_direction")),
            Enum("call_result", CALL_RESULTS),
            Enum("author", ("member", "agent", "desk", "bot", "system")),
            Enum("task_state", TASK_STATES),
            Enum("opener", ("member", "agent", "desk")),
            Enum("target", TARGETS),
            Enum("policy", policies),
            Enum("role", tuple(roles)),
            Enum("timer", (), open=True),
        ]
        return {enum.name: enum for enum in table}

    def _templates(self, shop: str) -> dict[str, dict[str, Text]]:
        found: dict[str, dict[str, Text]] = {}
        for source in self.folder.templates.get(shop, []):
            file = self._read(source, TemplatesFile)
            if file is None:
                continue
            for name, texts in nouns.read_templates(file).items():
                if name in found:
                    message = say("the template `{name}` is there twice", name)
                    file.at.wrong_key("duplicate-definition", message, name)
                    continue
                found[name] = texts
        return found

    def _compile_templates(
        self, texts: Mapping[str, Mapping[str, Text]], environment: Environment
    ) -> dict[str, dict[str, Template]]:
        out: dict[str, dict[str, Template]] = {}
        for name, by_locale in texts.items():
            for locale, text in by_locale.items():
                template, problems = compile_template(text.text, text.span, environment, None)
                self.findings.extend(problems)
                if template is not None:
                    out.setdefault(name, {})[locale] = template
        return out

    def _policies(
        self, files: list[PoliciesFile], environment: Environment, calendars: Mapping[str, Calendar], shared: bool
    ) -> dict[str, Policy]:
        policies: dict[str, Policy] = {}
        for file in files:
            count = file.at.count()
            for entry in file.policies:
                policy = self._policy(entry, environment, calendars)
                if policy.name in policies:
                    message = say("the policy `{name}` is there twice", policy.name)
                    entry.at.wrong("duplicate-definition", message, "name")
                policies[policy.name] = policy
                if entry.when is None and entry.at.path != (count - 1,):
                    message = say("`{name}` takes every ticket: the policies after it never act", policy.name)
                    entry.at.wrong("missing-default-policy", message)
            whole = len(policies) == count  # a policy that cannot be read might be the last one
            if shared and policies and whole and all(p.when is not None for p in policies.values()):
                message = say("the last policy must have no `when`: it takes what no other does")
                file.at.wrong("missing-default-policy", message, count - 1, "when")
        return policies

    def _policy(self, entry: PolicyEntry, environment: Environment, calendars: Mapping[str, Calendar]) -> Policy:
        at, calendar = entry.at, entry.calendar
        when = self._condition(entry, environment)
        if calendar is not None and calendar not in environment.calendars:
            message = say("there is no calendar `{calendar}`", calendar)
            at.wrong("unknown-calendar", message, "calendar", hint=closest(calendar, environment.calendars))
        targets: dict[str, Duration] = {}
        for target, duration in entry.targets.items():
            if duration.micros <= 0:
                at.wrong("bad-duration", say("a target needs some time"), "targets", target)
            else:
                targets[target] = duration
        first, last = targets.get("first_reply"), targets.get("resolve")
        if first is not None and last is not None and _before(last, first):
            message = say("a case would have to be resolved before it is first answered")
            at.wrong("timer-order", message, "targets", "resolve")
        return Policy(entry.name, when, calendar, targets, _warnings(entry), entry.label)

    def _condition(self, entry: PolicyEntry, environment: Environment) -> Condition | None:
        if entry.when is None:
            return None
        condition, problems = compile_condition(entry.when, entry.at.span("when"), environment, CASE_OBJECTS)
        self.findings.extend(problems)
        return condition


def _warnings(entry: PolicyEntry) -> tuple[int, ...]:
    """The shares of a target's time at which it warns, ascending."""
    warn: list[int] = []
    for k, value in enumerate(entry.warn_at):
        percent = _percent(value)
        if percent is None:
            message = say("`{value}` is not a percentage such as `80%`", value)
            entry.at.wrong("type-mismatch", message, "warn_at", k)
        elif not 0 < percent < 100:
            entry.at.wrong("warning-after-target", say("`{value}` is not before the target", value), "warn_at", k)
        elif warn and percent <= warn[-1]:
            message = say("this warning comes no later than the one before it, at {before}%", warn[-1])
            entry.at.wrong("timer-order", message, "warn_at", k, hint=say("let them ascend"))
        else:
            warn.append(percent)
    return tuple(warn)


def _join(at: At, known: dict[str, T], more: Mapping[str, T], prefix: str = "") -> None:
    """Adds what a file declares; a name that another file declares too is a finding."""
    for name, value in more.items():
        if name in known:
            short = name.removeprefix(prefix)
            at.wrong_key("duplicate-definition", say("`{name}` is declared in another file too", short), short)
        known.setdefault(name, value)


def _before(one: Duration, other: Duration) -> bool:
    """Whether a target is due before another that starts with it; days and hours of work do not compare."""
    if (one.days is None) != (other.days is None):
        return False
    return one.days < other.days if one.days is not None and other.days is not None else one.micros < other.micros


def _percent(value: Any) -> int | None:
    if isinstance(value, str) and value.endswith("%") and value[:-1].strip().isdigit():
        return int(value[:-1])
    if isinstance(value, float) and 0 < value <= 1:
        return round(value * 100)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return None


def _by_shop(name: str, value: Any, own: Mapping[str, Mapping[str, Any]]) -> Getter:
    return Of(lambda draft: own.get(draft.shop, {}).get(name, value))

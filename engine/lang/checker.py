"""Checks rule files against the environment: names, types, what is at hand in each event, one rule at a time."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.lang import ast, tree
from engine.lang.actions import ActionChecker, Wrong
from engine.lang.checked import Checked, CheckedAction, CheckedRule, Dynamic, EventRef, Limit, Schedule
from engine.lang.codes import CODES, Severity
from engine.lang.emptiness import empty_comparisons
from engine.lang.environment import EVERY_OBJECTS, Environment
from engine.lang.findings import Finding, Related, closest
from engine.lang.functions import UnknownDay, known_day
from engine.lang.kept import FileResult, Kept
from engine.lang.limits import LIMITS
from engine.lang.resolver import Resolver
from engine.lang.said import quoted, say
from engine.lang.scopes import Scopes, ShopScope, names_in, shop_of
from engine.lang.silence import silence
from engine.lang.source import Span
from engine.lang.template import compile_template
from engine.lang.types import LONG_WEEKDAYS, WEEKDAYS, noun

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def check(
    files: Iterable[ast.File],
    environment: Environment,
    texts: Mapping[str, str] | None = None,
    used: Collection[str] = (),
    kept: Kept | None = None,
) -> tuple[Checked, list[Finding]]:
    """Check parsed files together.

    `texts`: every file of `rules/` by path, for `words … from`. `used`: definitions that YAML conditions use, so that
    they do not count as unused. The templates of the environment are checked here as well. `kept`: what an earlier
    look found, and where this one leaves its own. Findings come in order of path and place, each once; what an `allow`
    silences is left out.
    """
    return _Checker(list(files), environment, texts or {}, used, kept or Kept()).run()


class Bench:
    """Checks a file beside others without adding it to them, to see what would be said of it."""

    def __init__(self, files: Iterable[ast.File], environment: Environment, texts: Mapping[str, str]) -> None:
        self.environment = environment
        self._world = (list(files), environment, texts)
        self._checker: _Checker | None = None

    def result(self, file: ast.File) -> FileResult:
        """The rules of the file that are right, and what is wrong with the others."""
        if self._checker is None:
            self._checker = _Checker(*self._world, (), Kept())
            self._checker.scopes.check_all()
        return self._checker.try_out(file)


@dataclass
class _Found:
    findings: list[Finding] = field(default_factory=list)
    seen: set[tuple[str, str, int, int]] = field(default_factory=set)

    def add(self, finding: Finding) -> None:
        """Each mistake once, however often a shared definition is looked at."""
        key = (finding.code, finding.span.source.path, finding.span.start, finding.span.end)
        if key not in self.seen:
            self.seen.add(key)
            self.findings.append(finding)


class _Checker:
    def __init__(
        self,
        files: list[ast.File],
        environment: Environment,
        texts: Mapping[str, str],
        used: Collection[str],
        kept: Kept,
    ) -> None:
        self.files = files
        self.kept = kept
        self.environment = environment
        self.found = _Found()
        self.used = used
        self.scopes = Scopes(files, environment, texts, self.found.add)
        self.stages = {stage.name for stage in environment.stages}
        self.default_stage = environment.stages[-1].name if environment.stages else ""

    def run(self) -> tuple[Checked, list[Finding]]:
        definitions = self.scopes.check_all()
        self.kept.begin(self.environment, self.scopes.signature())
        self._names()
        rules: list[CheckedRule] = []
        for file in self.files:
            result = self.kept.result(file) or self._result(file)
            self.kept.files[file.path] = result
            for finding in result.findings:
                self.found.add(finding)
            self.scopes.used |= result.used
            rules.extend(result.rules)
        self._templates()
        if all(file.whole for file in self.files):
            for finding in self.scopes.unused(self.used):
                self.found.add(finding)
        findings = silence(self.found.findings, self.files)
        findings.sort(key=lambda finding: (finding.span.source.path, finding.span.start, finding.span.end))
        stages = tuple(stage.name for stage in self.environment.stages)
        return Checked(tuple(rules), definitions, self.scopes.all_words(), stages), findings

    def _wrong(self, code: str, message: str, span: Span, hint: str | None = None) -> None:
        self.found.add(Finding(code, message, span, hint))

    def try_out(self, file: ast.File) -> FileResult:
        """A file checked that is not one of the files."""
        return self._result(file)

    # ---- files -------------------------------------------------------------------------------------------------

    def _names(self) -> None:
        """Each rule has a name of its own, in its shop."""
        names: dict[tuple[str | None, str], ast.Rule] = {}
        for file in self.files:
            shop = shop_of(file.path)
            for item in file.items:
                if not isinstance(item, ast.Rule):
                    continue
                other = names.setdefault((shop, item.name.text), item)
                if other is not item:
                    related = (Related(other.name.span, say("first here")),)
                    message = say("there is a rule `{name}` already", item.name.text)
                    self.found.add(Finding("duplicate-rule", message, item.name.span, related=related))
                if len(names) == LIMITS.rules + 1:
                    self._wrong("syntax-error", say("a desk has at most {most} rules", LIMITS.rules), item.name.span)

    def _result(self, file: ast.File) -> FileResult:
        """Checks one file by itself, so that it need not be done again."""
        outer, used = self.found, self.scopes.used
        self.found, self.scopes.used = _Found(), set()
        self.scopes.report = self.found.add
        rules = tuple(self._file(file))
        findings, named = tuple(self.found.findings), self.scopes.settings_in(file)
        result = FileResult(file, rules, findings, frozenset(self.scopes.used), named)
        self.found, self.scopes.used = outer, used
        self.scopes.report = self.found.add
        return result

    def _file(self, file: ast.File) -> Iterable[CheckedRule]:
        shop = shop_of(file.path)
        if shop is not None and self.environment.shops and shop not in self.environment.shops:
            hint = closest(shop, self.environment.shops)
            self._wrong("unknown-value", say("there is no shop `{shop}`", shop), file.source.span(0, 0), hint)
        stage = self.default_stage
        for item in file.items:
            if isinstance(item, ast.StageLine):
                stage = self._stage(item.name) or stage
            elif isinstance(item, ast.Allow):
                self._allow(item)
            elif isinstance(item, ast.Rule):
                yield from self._variants(item, shop, stage)

    def _variants(self, item: ast.Rule, shop: str | None, stage: str) -> Iterable[CheckedRule]:
        rule = self._rule(item, shop, None, stage)
        if rule is not None:
            yield rule
        if shop is not None or rule is None:
            return
        named = names_in(item)
        for other in self.scopes.shops:
            if self.scopes.touched(named, other):
                variant = self._rule(item, None, other, stage)
                if variant is not None:
                    yield variant

    def _stage(self, name: Any) -> str | None:
        if name.text in self.stages:
            found: str = name.text
            return found
        self._wrong(
            "unknown-stage", say("there is no stage `{name}`", name.text), name.span, closest(name.text, self.stages)
        )
        return None

    def _allow(self, allow: ast.Allow) -> None:
        code = CODES.get(allow.code)
        if code is None:
            self._wrong(
                "unknown-value",
                say("there is no code `{code}`", allow.code),
                allow.code_span,
                closest(allow.code, CODES),
            )
        elif code.severity is Severity.ERROR:
            self._wrong("unknown-value", say("`{code}` is an error and cannot be allowed", allow.code), allow.code_span)

    # ---- a rule ------------------------------------------------------------------------------------------------

    def _rule(self, item: ast.Rule, shop: str | None, variant: str | None, stage: str) -> CheckedRule | None:
        whose = shop or variant
        resolver = Resolver(self.scopes.environment_for(whose), ShopScope(self.scopes, whose), self.found.add)
        before = len(self.found.findings)
        headers = {header.kind: header.value for header in reversed(item.headers)}
        for header in item.headers:
            if header.kind == "allow":
                self._allow(header.value)
        if "stage" in headers:
            stage = self._stage(headers["stage"]) or stage
        starts, ends = self._day(headers.get("from")), self._day(headers.get("until"))
        if starts and ends and starts > ends:
            self._wrong(
                "bad-date", say("the last day {ends} is before the first {starts}", ends, starts), headers["until"].span
            )
        priority = self._priority(headers.get("priority"))
        events = self._events(item, resolver)
        objects, poorest = self._objects(item.events)
        named = (self.environment.events.get(_event_name(event)) for event in item.events)
        narrow = next((kind for kind in named if kind is not None and kind.only), None)
        actions = ActionChecker(self.environment, resolver, self.found.add, objects, poorest, narrow)
        limit = self._limit(headers.get("limit"), actions)
        if limit is not None:
            self._counts(item, headers["limit"], limit.scope, objects, poorest)
        resolver.used.clear()
        condition = None if item.condition is None else resolver.condition(item.condition)
        if condition is not None:
            for finding in empty_comparisons(condition, self.environment, map(_event_name, item.events)):
                self.found.add(finding)
        done = [actions.check(action) for action in item.actions]
        self._available(item, condition, resolver)
        self._automatic(condition, item)
        if len(self.found.findings) > before and any(
            finding.severity is Severity.ERROR for finding in self.found.findings[before:]
        ):
            return None
        if not item.whole or events is None:
            return None
        checked = tuple(action for action in done if action is not None)
        return CheckedRule(
            id=f"{shop}/{item.name.text}" if shop else item.name.text,
            name=item.name.text,
            title=item.title.text if item.title else None,
            span=item.span,
            stage=stage,
            priority=priority,
            owner=_text(headers.get("owner")),
            note=_text(headers.get("note")),
            shop=shop,
            variant=variant,
            starts=starts,
            ends=ends,
            limit=limit,
            events=events,
            condition=condition,
            actions=checked,
            reads=self._reads(condition, checked, actions),
            source=item,
        )

    def _reads(
        self, condition: tree.Test | None, done: tuple[CheckedAction, ...], actions: ActionChecker
    ) -> frozenset[str]:
        found = tree.reads(condition) if condition is not None else frozenset()
        for action in done:
            found |= tree.reads(tuple(_dynamic(action.args)))
            writes = self.environment.actions[action.action].writes(action.args)
            found |= {write.field for write in writes if write.how in ("raise", "lower")}
        for template in actions.inline:
            found |= template.reads
        for name, _ in actions.templates:
            for book in (self.environment.templates, *self.environment.shop_templates.values()):
                for text, span in book.get(name, {}).values():
                    named, _ = compile_template(text, span, self.environment)
                    found |= named.reads if named is not None else frozenset()
        return found

    def _priority(self, number: Any) -> int:
        if number is None:
            return 0
        if not isinstance(number.value, int) or abs(number.value) > 1_000_000:
            self._wrong("type-mismatch", say("a priority is a whole number"), number.span)
            return 0
        return number.value

    def _day(self, text: Any) -> str | None:
        if text is None:
            return None
        try:
            return known_day(text.text).isoformat()
        except ValueError as error:
            hint = error.args[0] if isinstance(error, UnknownDay) else say('write `"2026-01-31"`')
        self._wrong("bad-date", say("`{day}` is not a day", text.text), text.span, hint)
        return None

    def _limit(self, limit: Any, actions: ActionChecker) -> Limit | None:
        if limit is None:
            return None
        count = limit.count.value
        if not isinstance(count, int) or not 1 <= count <= 1_000_000:
            self._wrong("type-mismatch", say("a limit is a whole number, at least 1"), limit.count.span)
            count = 1
        scopes = ("ticket", "member", "agent", "shop")
        if limit.scope.text not in scopes:
            hint = closest(limit.scope.text, scopes) or say("per `ticket`, `member`, `agent` or `shop`")
            self._wrong(
                "unknown-value", say("a limit cannot count per `{scope}`", limit.scope.text), limit.scope.span, hint
            )
        try:
            per = actions.plain_micros(limit.window)
        except Wrong:
            per = None
        return Limit(count, per, limit.scope.text)

    def _counts(self, item: ast.Rule, header: Any, scope: str, objects: frozenset[str] | None, poorest: str) -> None:
        """A limit counts what each event has, and at least one event must keep what is counted."""
        kinds = [self.environment.events.get(_event_name(event)) for event in item.events]
        if objects is not None and scope in ("ticket", "member", "agent") and scope not in objects:
            message = say(
                "`{action}` needs a {noun}, which `{event}` does not have", f"limit per {scope}", noun(scope), poorest
            )
            self._wrong("field-not-available", message, header.scope.span)
        elif kinds and all(kind is not None and kind.only for kind in kinds):
            narrow = next(kind for kind in kinds if kind is not None)
            message = say(
                "`{action}` does nothing at `{event}`: only {names} act there",
                "limit",
                narrow.name,
                quoted(narrow.only),
            )
            self._wrong("field-not-available", message, header.span)

    def _automatic(self, condition: tree.Test | None, item: ast.Rule) -> None:
        """A rule that asks for automatic messages and answers them can talk with a machine for ever."""
        if condition is None or "message.automatic" not in tree.reads(condition):
            return
        conjuncts = condition.items if isinstance(condition, tree.AllOf) else (condition,)
        for part in conjuncts:
            asks = isinstance(part, tree.Truth) or (
                isinstance(part, tree.Comparison)
                and isinstance(part.right, tree.Const)
                and part.right.value is (part.op == "=")
            )
            if asks and tree.reads(part) == {"message.automatic"}:
                for action in item.actions:
                    if action.verb in ("reply", "answer"):
                        self._wrong("reply-to-automatic", say("this answers automatic messages"), action.verb_span)
                        return

    # ---- events ------------------------------------------------------------------------------------------------

    def _events(self, item: ast.Rule, resolver: Resolver) -> tuple[EventRef, ...] | None:
        events: list[EventRef] = []
        failed = not item.events
        durations = ActionChecker(self.environment, resolver, self.found.add, None, "")
        for event in item.events:
            try:
                found = self._any_event(event, durations)
            except Wrong:
                failed = True
                continue
            if found is None:
                failed = True
            elif found in events:
                self._wrong("duplicate-key", say("`{name}` stands twice", event.span.text), event.span)
            else:
                events.append(found)
        return None if failed else tuple(events)

    def _any_event(self, event: ast.EventName | ast.Every, durations: ActionChecker) -> EventRef | None:
        return self._every(event, durations) if isinstance(event, ast.Every) else self._event(event, durations)

    def _event(self, event: ast.EventName, durations: ActionChecker) -> EventRef | None:
        name = event.name.text
        if name == "every":
            usual = '`every 15m`, `every day at "09:00" for each ticket`'
            self._wrong("wrong-arity", say("`every` needs its time"), event.span, usual)
            return None
        kind = self.environment.events.get(name)
        if kind is None:
            hint = closest(name, self.environment.events)
            self._wrong("unknown-event", say("there is no event `{name}`", name), event.name.span, hint)
            return None
        after = durations.plain_micros(event.after)
        if after is None and kind.after == "required":
            self._wrong("wrong-arity", say("`{name}` needs a duration", name), event.span, f"`{name} after 2m`")
            return None
        if event.after is not None and kind.after == "no":
            self._wrong("wrong-arity", say("`{name}` takes no `after`", name), event.after.span)
            return None
        return EventRef(name, after)

    def _every(self, event: ast.Every, durations: ActionChecker) -> EventRef | None:
        if "every" not in self.environment.events:
            self._wrong("unknown-event", say("this desk has no scheduled rules"), event.span)
            return None
        each = None if event.each is None else event.each.text
        if event.each is not None and each not in ("ticket", "member"):
            meant = closest(each or "", ("ticket", "member")) or say("`for each ticket` or `for each member`")
            self._wrong("unknown-value", say("a schedule cannot go over each `{each}`", each), event.each.span, meant)
            return None
        if event.period is not None:
            period = durations.plain_micros(event.period)
            if period is None or period < LIMITS.shortest_period:
                hint = say("`every 1m` is the shortest")
                self._wrong("bad-duration", say("a schedule runs once a minute at most"), event.period.span, hint)
                return None
            if period > LIMITS.longest_period:
                hint = say('`every month on 1 at "07:00"`, or a day of the year in the condition')
                self._wrong("bad-duration", say("a schedule runs once a year at least"), event.period.span, hint)
                return None
            return EventRef("every", None, Schedule(period, None, None, None, each))
        if event.day is None or event.at is None:  # the grammar gives a period, or a day and a time
            return None
        if not _CLOCK.fullmatch(event.at.text):
            self._wrong(
                "bad-date", say("`{text}` is not a time of day", event.at.text), event.at.span, say('write `"09:00"`')
            )
            return None
        day = LONG_WEEKDAYS.get(event.day.text, event.day.text)
        number: int | None = None
        if event.number is not None:
            written = event.number.value
            if day != "month":
                self._wrong(
                    "unknown-value",
                    say("`{day}` has no numbered days", event.day.text),
                    event.day.span,
                    "`every month on 1`",
                )
                return None
            if not isinstance(written, int) or not 1 <= written <= 31:
                self._wrong("bad-date", say("a month has the days 1 to 31"), event.number.span)
                return None
            number = written
        elif day != "day" and day not in WEEKDAYS:
            names = ["day", *LONG_WEEKDAYS, *WEEKDAYS.values]
            usual = "`day`, `monday` … `sunday`" if day != "month" else '`every month on 1 at "07:00"`'
            message = say("`{day}` is not a day", event.day.text)
            self._wrong("unknown-value", message, event.day.span, closest(event.day.text, names) or usual)
            return None
        return EventRef("every", None, Schedule(None, day, number, event.at.text, each))

    def _of_event(self, event: ast.EventName | ast.Every) -> frozenset[str] | None:
        """The objects of one event; None when it is not known."""
        if isinstance(event, ast.Every):
            return frozenset(EVERY_OBJECTS.get(None if event.each is None else event.each.text, ()))
        kind = self.environment.events.get(event.name.text)
        return None if kind is None else frozenset(kind.objects)

    def _objects(self, events: tuple[ast.EventName | ast.Every, ...]) -> tuple[frozenset[str] | None, str]:
        """What each of the events has, and the name of the one that has least."""
        found: frozenset[str] | None = None
        poorest, size = "", 10**6
        for event in events:
            objects = self._of_event(event)
            if objects is None:
                return None, ""
            if len(objects) < size:
                size, poorest = len(objects), _event_name(event)
            found = objects if found is None else found & objects
        return found, poorest

    def _available(self, item: ast.Rule, condition: tree.Test | None, resolver: Resolver) -> None:
        """Every field the rule names, or a definition of it reads, must be there in each event."""
        named = list(resolver.used)
        through: dict[str, tuple[str, Span]] = {}
        if condition is not None:
            for part in tree.walk(condition):
                if isinstance(part, tree.Defined) and _inside(part.span, item.span):
                    for name in sorted(tree.reads(part.item)):
                        through.setdefault(name, (part.name, part.span))
        told: set[tuple[str, str]] = set()
        for event in item.events:
            objects = self._of_event(event)
            if objects is None:
                continue
            for name, span in named:
                if not _at_hand(name, objects) and (name, str(span.start)) not in told:
                    told.add((name, str(span.start)))
                    message = say("`{event}` has no `{name}`", _event_name(event), name)
                    self._wrong("field-not-available", message, span, self._offer(event))
            for name, (definition, span) in through.items():
                if not _at_hand(name, objects) and (definition, "") not in told:
                    told.add((definition, ""))
                    message = say(
                        "`{definition}` reads `{name}`, which `{event}` does not have",
                        definition,
                        name,
                        _event_name(event),
                    )
                    self._wrong("field-not-available", message, span, self._offer(event))

    def _offer(self, event: ast.EventName | ast.Every) -> str | None:
        objects = self._of_event(event)
        return say("it has {objects}", quoted(f"{name}.*" for name in sorted(objects))) if objects else None

    # ---- templates ---------------------------------------------------------------------------------------------

    def _templates(self) -> None:
        """Texts that name unknown fields, and languages that are missing."""
        for shop, book in ((None, self.environment.templates), *self.environment.shop_templates.items()):
            for name, texts in book.items():
                for text, span in texts.values():
                    _, findings = compile_template(text, span, self.environment)
                    for finding in findings:
                        self.found.add(finding)
                missing = [locale for locale in self._spoken(name, shop) if locale not in texts]
                if missing and texts:
                    first = next(iter(texts.values()))
                    message = say(
                        "the template `{name}` has no text in {languages}",
                        name,
                        quoted(missing),
                    )
                    self._wrong("template-missing-language", message, first[1])

    def _spoken(self, template: str, shop: str | None) -> tuple[str, ...]:
        """The languages a template is needed in: its shop's, or those of the shops that have none of their own."""
        world = self.environment
        if shop is not None:
            return world.shop_locales.get(shop, world.locales)
        own = {name for name, texts in world.shop_templates.items() if template in texts}
        if not own:
            return world.locales
        return tuple(dict.fromkeys(at for name, all_ in world.shop_locales.items() if name not in own for at in all_))


def _dynamic(value: Any) -> Iterable[tree.Expr]:
    """The expressions inside an action's arguments."""
    if isinstance(value, Dynamic):
        yield value.value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _dynamic(item)
    elif isinstance(value, tuple):
        for item in value:
            yield from _dynamic(item)


def _inside(inner: Span, outer: Span) -> bool:
    return inner.source == outer.source and outer.start <= inner.start < outer.end


def _at_hand(name: str, objects: frozenset[str]) -> bool:
    prefix, dot, _ = name.partition(".")
    return not dot or prefix in objects or prefix == "setting"


def _event_name(event: ast.EventName | ast.Every) -> str:
    return "every" if isinstance(event, ast.Every) else event.name.text


def _text(value: Any) -> str | None:
    return None if value is None else value.text

"""Conditions and values: syntax tree to checked tree. Resolves names against the environment and checks types.

A part that is wrong is reported once and comes back as None; what contains it says nothing more about it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from engine.lang import ast, tree
from engine.lang.environment import Environment
from engine.lang.findings import Finding, closest
from engine.lang.functions import BUILTINS, UnknownDay, known_day, known_moment
from engine.lang.guesses import compared_meant, field_meant, function_meant, is_nothing, joined_meant, value_meant
from engine.lang.limits import LIMITS
from engine.lang.meeting import arithmetic_type, comparable, is_business
from engine.lang.patterns import pattern_problem
from engine.lang.said import either, say
from engine.lang.source import Span
from engine.lang.tree import type_of
from engine.lang.types import (
    DATE,
    DURATION,
    FLAG,
    LONG_WEEKDAYS,
    NUMBER,
    TEXT,
    TIME,
    Duration,
    Enum,
    Type,
)
from engine.lang.wordlists import redundant_words

Report = Callable[[Finding], None]

_FLIPPED = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_ENUM_CODES = {"state": "unknown-state", "team": "unknown-team", "skill": "unknown-skill", "stage": "unknown-stage"}
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MINUTE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?")
_META = re.compile(r"[\\^$.|?*+()\[\]{}]")


class Scope(Protocol):
    """What names of the rule files mean at one place."""

    def definition(self, name: ast.Name) -> tree.Defined | None:
        """The definition of that name; None when it is there but wrong. Raises KeyError when there is none."""

    def words(self, name: ast.Name) -> tuple[str, ...] | None:
        """The word list of that name; None when it is there but wrong. Raises KeyError when there is none."""

    def names(self) -> Iterable[str]:
        """All definitions, for suggestions."""

    def word_names(self) -> Iterable[str]:
        """All word lists, for suggestions."""


class NoScope:
    """No definitions and no word lists, or only the ones handed over."""

    def __init__(
        self, definitions: Mapping[str, tree.Defined] | None = None, words: Mapping[str, tuple[str, ...]] | None = None
    ) -> None:
        self._definitions = definitions or {}
        self._words = words or {}

    def definition(self, name: ast.Name) -> tree.Defined | None:
        """See Scope."""
        return self._definitions[name.text]

    def words(self, name: ast.Name) -> tuple[str, ...] | None:
        """See Scope."""
        return self._words[name.text]

    def names(self) -> Iterable[str]:
        """See Scope."""
        return self._definitions

    def word_names(self) -> Iterable[str]:
        """See Scope."""
        return self._words


class Resolver:
    """Resolves conditions and values at one place. `used` collects the fields named, with their spans."""

    def __init__(self, environment: Environment, scope: Scope, report: Report) -> None:
        self.environment = environment
        self.scope = scope
        self.used: list[tuple[str, Span]] = []
        self._report = report
        self._sibling: ast.Node | None = None
        self._operators = 0

    def _wrong(self, code: str, message: str, span: Span, hint: str | None = None) -> None:
        self._report(Finding(code, message, span, hint))

    # ---- conditions --------------------------------------------------------------------------------------------

    def condition(self, node: ast.Cond) -> tree.Test | None:
        """The checked condition, or None when something in it is wrong (and reported)."""
        match node:
            case ast.Or():
                items = self._several(node.items)
                return None if items is None else tree.AnyOf(node.span, items)
            case ast.And():
                items = self._several(node.items)
                return None if items is None else tree.AllOf(node.span, items)
            case ast.Not():
                item = self.condition(node.item)
                return None if item is None else tree.Negation(node.span, item)
            case ast.Compare():
                return self._compare(node)
            case ast.In():
                return self._in(node)
            case ast.InHours():
                return self._in_hours(node)
            case ast.Has():
                return self._has(node)
            case ast.Contains():
                return self._contains(node)
            case ast.Affix():
                left = self._text_operand(node.left, f"{node.where} with")
                return None if left is None else tree.TextAffix(node.span, left, node.where, node.text.text)
            case ast.Matches():
                return self._matches(node)
            case ast.Presence():
                value = self.value(node.left, None)
                return None if value is None else tree.IsEmpty(node.span, value, not node.empty)
            case ast.Changed():
                return self._changed(node)
        return self._truth(node)

    def _several(self, nodes: tuple[ast.Cond, ...]) -> tuple[tree.Test, ...] | None:
        outer = self._sibling
        self._sibling = None
        items: list[tree.Test] = []
        for node in nodes:
            item = self.condition(node)
            if item is not None:
                items.append(item)
            last = node.items[-1] if isinstance(node, ast.And) else node
            if isinstance(last, ast.Compare | ast.In):
                self._sibling = last
        self._sibling = outer
        return tuple(items) if len(items) == len(nodes) else None

    def _truth(self, node: ast.Value) -> tree.Test | None:
        value = self.value(node, None)
        if value is None:
            return None
        if type_of(value).kind != "flag":
            hint = say("compare it with something") if type_of(value).kind != "list" else say("`has`, or `is set`")
            self._wrong(
                "type-mismatch",
                say("a condition must be true or false, this is {found}", type_of(value)),
                node.span,
                hint,
            )
            return None
        if isinstance(value, tree.Const):
            return tree.Always(node.span, bool(value.value))
        if isinstance(value, tree.FieldRef | tree.Setting | tree.CallOf):
            return tree.Truth(node.span, value)
        return value  # type: ignore[return-value]

    def _compare(self, node: ast.Compare) -> tree.Test | None:
        left_node, op, right_node = node.left, node.op, node.right
        if self._floats(left_node) and not self._floats(right_node):
            left_node, op, right_node = right_node, _FLIPPED[op], left_node
        left = self.value(left_node, None)
        if left is None:
            if not self._floats(right_node):
                self.value(right_node, None)
            return None
        wanted = type_of(left)
        if isinstance(left, tree.FieldRef) and left.optional and is_nothing(right_node, wanted):
            presence = "set" if op == "!=" else "empty"
            message = say("`{name}` is no value", right_node.span.text)
            self._wrong("type-mismatch", message, right_node.span, f"`{left.name} is {presence}`")
            return None
        right = self.value(right_node, wanted)
        if right is None:
            return None
        found = type_of(right)
        if is_business(right) or is_business(left):
            return self._elapsed(node, left, op, right)
        if wanted.kind == "list" or found.kind == "list":
            hint = say("a list is asked with `has`, `has any [..]`, `has all [..]`")
            self._wrong("type-mismatch", say("a list cannot be compared"), node.span, hint)
            return None
        if not comparable(wanted, found):
            message = say("{wanted} cannot be compared with {found}", wanted, found)
            self._wrong("type-mismatch", message, right_node.span, compared_meant(left_node, wanted, found))
            return None
        if op not in ("=", "!=") and not wanted.ordered:
            hint = say("use `=`, `!=` or `in [..]`")
            self._wrong(
                "type-mismatch",
                say("`{op}` has no meaning for {wanted}: it has no order", node.op, wanted),
                node.op_span,
                hint,
            )
            return None
        enum = wanted.enum if wanted.kind == "enum" and op not in ("=", "!=") else None
        if isinstance(left, tree.Moment) and not isinstance(right, tree.Moment):
            left, op, right = right, _FLIPPED[op], left
        return tree.Comparison(node.span, op, left, right, enum)

    def _elapsed(self, node: ast.Compare, left: tree.Expr, op: str, right: tree.Expr) -> tree.Test | None:
        if isinstance(left, tree.Length):
            left, op, right = right, _FLIPPED[op], left
        if isinstance(left, tree.Length) or not isinstance(right, tree.Length) or type_of(left) != DURATION:
            message = say("working time is compared with a duration that ends now: `ticket.idle > 3d business`")
            self._wrong("type-mismatch", message, node.span)
            return None
        return tree.Elapsed(node.span, op, left, right.value)

    def _in(self, node: ast.In) -> tree.Test | None:
        left = self.value(node.left, None)
        if left is None:
            return None
        wanted = type_of(left)
        if wanted.kind == "list":
            self._wrong("type-mismatch", say("a list cannot be `in` a list"), node.span, say("use `has any [..]`"))
            return None
        items = self._items(node.items, wanted)
        return None if items is None else tree.OneOf(node.span, left, items, node.negated)

    def _items(self, nodes: tuple[ast.Value, ...], wanted: Type) -> tuple[tree.Expr, ...] | None:
        items: list[tree.Expr] = []
        for node in nodes:
            item = self.value(node, wanted)
            if item is None:
                continue
            if not comparable(wanted, type_of(item)) or is_business(item):
                self._wrong(
                    "type-mismatch", say("{found} stands where {wanted} must", type_of(item), wanted), node.span
                )
                continue
            if isinstance(item, tree.Const) and item.value in [o.value for o in items if isinstance(o, tree.Const)]:
                self._wrong("redundant-word", say("`{text}` stands in the list already", node.span.text), node.span)
            items.append(item)
        return tuple(items) if len(items) == len(nodes) else None

    def _in_hours(self, node: ast.InHours) -> tree.Test | None:
        left = self.value(node.left, None)
        calendar = node.calendar.text
        if calendar not in self.environment.calendars:
            hint = closest(calendar, self.environment.calendars)
            self._wrong(
                "unknown-calendar", say("there is no calendar `{calendar}`", calendar), node.calendar.span, hint
            )
            return None
        if left is None:
            return None
        if type_of(left).kind != "time":
            message = say("only a time can be `in hours`, this is {found}", type_of(left))
            self._wrong("type-mismatch", message, node.left.span, "`now in hours office`")
            return None
        return tree.WithinHours(node.span, left, calendar, node.negated)

    def _has(self, node: ast.Has) -> tree.Test | None:
        left = self.value(node.left, None)
        if left is None:
            return None
        item = type_of(left).item
        if item is None:
            hint = (
                say("a text is asked with `contains`") if type_of(left).kind == "text" else say("use `=` or `in [..]`")
            )
            self._wrong("type-mismatch", say("`has` asks a list, this is {found}", type_of(left)), node.left.span, hint)
            return None
        items = self._items(node.items, item)
        return None if items is None else tree.ListHas(node.span, left, node.mode, items)

    def _text_operand(self, node: ast.Value, operator: str) -> tree.Expr | None:
        left = self.value(node, None)
        if left is None:
            return None
        kind = type_of(left).kind
        if kind not in ("text", "entity"):
            hint = say("a list is asked with `has`") if kind == "list" else say("use `=` or `in [..]`")
            self._wrong(
                "type-mismatch",
                say("`{operator}` asks a text, this is {found}", operator, type_of(left)),
                node.span,
                hint,
            )
            return None
        return left

    def _contains(self, node: ast.Contains) -> tree.Test | None:
        left = self._text_operand(node.left, "contains")
        name = None if node.words is None else node.words.text
        words = self.texts(node.items) if node.words is None else self.words(node.words)
        if left is None or words is None:
            return None
        entries = [(word, item.span) for word, item in zip(words, node.items, strict=False)]
        for finding in redundant_words(entries if name is None else (), node.mode, node.exact):
            self._report(finding)
        return tree.TextContains(node.span, left, node.exact, node.mode, words, name)

    def words(self, name: ast.Name) -> tuple[str, ...] | None:
        """The words of a named list; None and a finding when there is none."""
        try:
            return self.scope.words(name)
        except KeyError:
            hint = closest(name.text, self.scope.word_names())
            self._wrong("unknown-words", say("there is no word list `{name}`", name.text), name.span, hint)
            return None

    def texts(self, nodes: tuple[ast.Value, ...]) -> tuple[str, ...] | None:
        """Plain texts, quoted or not."""
        found: list[str] = []
        for node in nodes:
            if isinstance(node, ast.Name | ast.TextValue):
                found.append(node.text)
            else:
                self._wrong(
                    "type-mismatch", say("a text must stand here"), node.span, say('put it in double quotes: `"…"`')
                )
        return tuple(found) if len(found) == len(nodes) else None

    def _matches(self, node: ast.Matches) -> tree.Test | None:
        left = self._text_operand(node.left, "matches")
        problem = pattern_problem(node.pattern, node.flags)
        if problem is not None:
            self._wrong("bad-pattern", problem, node.pattern_span)
            return None
        if left is None:
            return None
        if not _META.search(node.pattern) and node.pattern:
            hint = say('`contains "{pattern}"`, which also folds case, width and script', node.pattern)
            self._wrong("pattern-needless", say("the pattern is plain text"), node.pattern_span, hint)
        return tree.TextMatches(node.span, left, node.pattern.replace("\\/", "/"), node.flags == "i")

    def _changed(self, node: ast.Changed) -> tree.Test | None:
        left = self.value(node.left, None)
        if left is None:
            return None
        if not isinstance(left, tree.FieldRef):
            self._wrong("type-mismatch", say("only a field can have changed"), node.left.span)
            return None
        sides: list[tree.Expr | tree.Nothing | None] = []
        for side in (node.before, node.after):
            if side is None:
                sides.append(None)
            elif isinstance(side, ast.Empty):
                sides.append(tree.Nothing(side.span))
            else:
                items = self._items((side,), left.type)
                if items is None:
                    return None
                sides.append(items[0])
        return tree.HasChanged(node.span, left, sides[0], sides[1])

    # ---- values ------------------------------------------------------------------------------------------------

    def value(self, node: ast.Value, want: Type | None) -> tree.Expr | None:
        """The checked value; `want` is the type of the other side, which bare names and texts take."""
        match node:
            case ast.Name():
                return self._name(node, want)
            case ast.TextValue():
                return self.constant(node, want or TEXT)
            case ast.Path():
                return self.field(node)
            case ast.Number():
                return tree.Const(node.span, node.value, NUMBER)
            case ast.DurationValue():
                return tree.Length(node.span, node.value, DURATION)
            case ast.Bool():
                return tree.Const(node.span, node.value, FLAG)
            case ast.Call():
                return self._call(node)
            case ast.Arithmetic():
                return self._arithmetic(node) if want is None or not self._unquoted(node, want) else None
            case ast.Empty():
                self._wrong("type-mismatch", say("`empty` is not a value here"), node.span, "`… is empty`")
                return None
        return self.condition(node)

    def field(self, node: ast.Path | ast.Name) -> tree.Expr | None:
        """The field of that name; None and a finding when there is none."""
        name = node.text
        field = self.environment.fields.get(name)
        if field is None:
            message = say("there is no field `{name}`", name)
            self._wrong("unknown-field", message, node.span, field_meant(name, self.environment.fields))
            return None
        if name.startswith("setting."):
            value = self.environment.setting(name)
            if isinstance(value, Duration):
                return tree.Length(node.span, value, DURATION)
            return tree.Setting(node.span, name, value, field.type)
        self.used.append((name, node.span))
        return tree.FieldRef(node.span, name, field.type, field.optional)

    def _floats(self, node: ast.Value) -> bool:
        """Whether the node takes its type from the other side."""
        if isinstance(node, ast.TextValue):
            return True
        return isinstance(node, ast.Name) and node.text not in self.environment.fields and not self._defined(node)

    def _defined(self, node: ast.Name) -> bool:
        return node.text in self.scope.names()

    def _name(self, node: ast.Name, want: Type | None) -> tree.Expr | None:
        name = node.text
        if want is not None and want.kind == "enum" and want.enum is not None and self._in_enum(name, want.enum):
            return self.constant(node, want)
        if name in self.environment.fields:
            return self.field(node)
        if want is None or want.kind == "flag":
            try:
                return self.scope.definition(node)
            except KeyError:
                pass
        if want is None:
            self._unknown_name(node)
            return None
        return self.constant(node, want)

    def _unknown_name(self, node: ast.Name) -> None:
        name = node.text
        hint = joined_meant(name, self._sibling)
        hint = hint or field_meant(name, self.environment.fields, self.scope.names())
        self._wrong("unknown-field", say("there is no field or definition `{name}`", name), node.span, hint)

    @staticmethod
    def _in_enum(name: str, enum: Enum) -> bool:
        return name in enum or (enum.name == "weekday" and name in LONG_WEEKDAYS)

    def constant(self, node: ast.Name | ast.TextValue, want: Type) -> tree.Expr | None:
        """The name or text as a value of type `want`."""
        text, span = node.text, node.span
        match want.kind:
            case "enum" if want.enum is not None:
                return self._enum_value(text, span, want.enum, want)
            case "entity":
                if want.entity == "team" and text not in self.environment.teams:
                    near = closest(text, self.environment.teams)
                    self._wrong("unknown-team", say("there is no team `{name}`", text), span, near)
                    return None
                return tree.Const(span, text, want)
            case "text":
                return tree.Const(span, text, TEXT)
            case "time" | "date" if isinstance(node, ast.TextValue):
                return self._moment(text, span, want)
        hint = value_meant(text, want)
        if hint is not None:
            pass
        elif isinstance(node, ast.TextValue) and want.kind in ("number", "duration", "flag"):
            hint = say("write it without quotes")
        elif want.kind == "list":
            hint = say("a list is asked with `has`, `has any [..]`, `has all [..]`")
        elif want.kind in ("time", "date"):
            hint = say('days stand in quotes: `"2026-01-31"`')
        self._wrong("type-mismatch", say("`{text}` is not {wanted}", text, want), span, hint)
        return None

    def _enum_value(self, text: str, span: Span, enum: Enum, want: Type) -> tree.Expr | None:
        if enum.name == "weekday":
            text = LONG_WEEKDAYS.get(text, text)
        if text in enum or enum.open:
            return tree.Const(span, text, want)
        code = _ENUM_CODES.get(enum.name, "unknown-value")
        hint = value_meant(text, want, self.environment.enums)
        self._wrong(code, say("`{value}` is not {wanted}", text, want), span, hint)
        return None

    def _moment(self, text: str, span: Span, want: Type) -> tree.Expr | None:
        try:
            if _DAY.fullmatch(text):
                known_day(text)
                if want.kind == "date":
                    return tree.Const(span, text, DATE)
                return tree.Moment(span, text, True, TIME)
            if _MINUTE.fullmatch(text) and want.kind == "time":
                known_moment(text)
                return tree.Moment(span, text, False, TIME)
        except ValueError as error:
            hint = error.args[0] if isinstance(error, UnknownDay) else None
            self._wrong("bad-date", say("`{text}` is not a day of the calendar", text), span, hint)
            return None
        if re.fullmatch(r"\d\d?:\d\d", text):
            hours = say("an hour of the day is asked with `hour(now) >= 18`, working hours with `now in hours NAME`")
            self._wrong("bad-date", say("`{text}` is a time of day, not {wanted}", text, want), span, hours)
            return None
        wanted = either(['`"2026-01-31"`', *(['`"2026-01-31 09:00"`'] if want.kind == "time" else [])])
        self._wrong("bad-date", say("`{text}` is not {wanted}", text, want), span, say("write {wanted}", wanted))
        return None

    def _call(self, node: ast.Call) -> tree.Expr | None:
        name = node.name.text
        custom = self.environment.functions.get(name)
        forms = BUILTINS.get(name)
        if custom is None and forms is None:
            names = [*BUILTINS, *self.environment.functions]
            self._wrong(
                "unknown-function",
                say("there is no function `{name}`", name),
                node.name.span,
                function_meant(name, names),
            )
            for argument in node.arguments:
                if not self._floats(argument):
                    self.value(argument, None)
            return None
        count = 1 if custom is None else len(custom.parameters)
        if len(node.arguments) != count:
            if count == 1:
                message = say("`{name}` takes 1 value, not {given}", name, len(node.arguments))
            else:
                message = say("`{name}` takes {count} values, not {given}", name, count, len(node.arguments))
            self._wrong("wrong-arity", message, node.span)
            return None
        if custom is not None:
            arguments: list[tree.Expr] = []
            for argument, wanted in zip(node.arguments, custom.parameters, strict=True):
                value = self.value(argument, wanted)
                if value is not None and self._fits(value, wanted, argument.span):
                    arguments.append(value)
            if len(arguments) < count:
                return None
            return tree.CallOf(node.span, custom, tuple(arguments), custom.result)
        value = self.value(node.arguments[0], None)
        if value is None:
            return None
        kind = type_of(value).kind
        for form in forms or ():
            if form.function.parameters[0].kind == kind:
                return tree.CallOf(node.span, form.function, (value,), form.function.result, form.zoned, form.timed)
        wanted_kinds = either(str(form.function.parameters[0]) for form in forms or ())
        message = say("`{name}` wants {wanted}, this is {found}", name, wanted_kinds, type_of(value))
        self._wrong("type-mismatch", message, node.arguments[0].span)
        return None

    def _fits(self, value: tree.Expr, wanted: Type, span: Span) -> bool:
        found = type_of(value)
        if is_business(value) or not (comparable(wanted, found) or (wanted.kind == found.kind == "list")):
            self._wrong("type-mismatch", say("{found} stands where {wanted} must", found, wanted), span)
            return False
        return True

    def _unquoted(self, node: ast.Arithmetic, want: Type) -> bool:
        """Whether a value with a dash lacks its quotes: `ticket.language = zh-TW`. It is reported then."""
        text = node.span.text
        parts = (node.first, *(part for _, part in node.rest))
        names = all(isinstance(part, ast.Name) and self._floats(part) for part in parts)
        if want.kind not in ("enum", "text", "entity") or not names or any(char.isspace() for char in text):
            return False
        message = say("`{text}` is a calculation as it stands here", text)
        self._wrong("unknown-value", message, node.span, say('as a value it needs quotes: `"{text}"`', text))
        return True

    def _arithmetic(self, node: ast.Arithmetic) -> tree.Expr | None:
        self._operators += len(node.rest)
        try:
            if self._operators > LIMITS.operators:
                message = say("more than {most} signs `+ - * /` within each other", LIMITS.operators)
                self._wrong("syntax-error", message, node.span)
                return None
            return self._sum(node)
        finally:
            self._operators -= len(node.rest)

    def _sum(self, node: ast.Arithmetic) -> tree.Expr | None:
        result = self.value(node.first, None)
        failed = result is None
        for op, operand in node.rest:
            right = self.value(operand, None)
            if right is None:
                failed = True
            if failed or result is None or right is None:
                continue
            span = node.first.span.to(operand.span)
            combined = arithmetic_type(op, result, right)
            if combined is None:
                message = say("`{op}` has no meaning between {left} and {right}", op, type_of(result), type_of(right))
                self._wrong("type-mismatch", message, span)
                failed = True
                continue
            result = tree.Arith(span, op, result, right, combined)
        return None if failed else result

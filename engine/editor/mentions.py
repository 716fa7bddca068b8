"""Every name in the texts of a rules folder: what kind of thing it names, where, and whether it is declared there.

Read from the trees alone, so that one broken rule hides no other. A bare name's kind comes from what it is compared
with, as the language has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from engine.editor.shapes import Shape
from engine.lang import Environment, Source, Span, Type, ast
from engine.lang.functions import BUILTINS
from engine.lang.nodes import Node
from engine.lang.parser import parse_condition
from engine.lang.source import Place
from engine.lang.types import LONG_WEEKDAYS

Form = Literal["name", "noun", "path", "slot", "yaml", "short", "file"]

_OPEN = re.compile(r"\{(?=[^\W\d])")
_PATH = re.compile(r"[^\W\d]\w*(?:\.\w+)*")
_LISTED = re.compile(r"[^\s#].*")


@dataclass(frozen=True, slots=True)
class Mention:
    """A name at a place.

    `form`, how it stands there: `name` (rule file, never in quotes), `noun` (rule file, with or without quotes), `path`
    (a field), `slot` (a field in a text's braces), `yaml` (a scalar or key), `short` (a YAML key without its owner:
    `amount` for `ticket.amount`), `file` (the path of a file).
    """

    kind: str
    name: str
    span: Span
    form: Form
    declares: bool = False


def kind_of(type_: Type | None) -> str:
    """The kind of noun that a value of a type is; nothing for texts, numbers, times."""
    if type_ is None:
        return ""
    if type_.item is not None:
        return kind_of(type_.item)
    if type_.enum is not None:
        return type_.enum.name
    return type_.entity or ""


def field_kind(name: str) -> str:
    """`setting.NAME` is a setting, any other a field."""
    return "setting" if name.startswith("setting.") else "field"


# --- rule files -----------------------------------------------------------------------------------------------------


def in_rules(file: ast.File, environment: Environment) -> list[Mention]:
    """Every name of a rule file."""
    reader = _Rules(environment)
    for item in file.items:
        reader.item(item)
    return reader.found


def in_condition(text: str, span: Span, environment: Environment) -> list[Mention]:
    """Every name of a condition that stands in YAML."""
    tree, _ = parse_condition(text, Place.embedded(text, span))
    reader = _Rules(environment)
    if tree is not None:
        reader.condition(tree)
    return reader.found


def in_text(text: str, span: Span) -> Iterator[Mention]:
    """The fields in the braces of a template's text, known or not."""
    place = Place.embedded(text, span)
    for found in _OPEN.finditer(text):
        path = _PATH.match(text, found.end())
        if path is not None:
            name = path.group()
            yield Mention(field_kind(name), name, place.span(path.start(), path.end()), "slot")


class _Rules:
    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.found: list[Mention] = []

    def _add(self, kind: str, node: Any, form: Form = "noun", declares: bool = False) -> None:
        if kind and node is not None:
            self.found.append(Mention(kind, node.text, node.span, form, declares))

    def item(self, item: ast.Item) -> None:
        """The names of one item."""
        if isinstance(item, ast.StageLine):
            self._add("stage", item.name)
        elif isinstance(item, ast.Allow):
            self.found.append(Mention("code", item.code, item.code_span, "name"))
        elif isinstance(item, ast.Define):
            self._add("definition", item.name, "name", True)
            self.condition(item.condition)
        elif isinstance(item, ast.Words):
            self._add("words", item.name, "name", True)
            self._add("file", item.path, "file")
        else:
            self._rule(item)

    def _rule(self, rule: ast.Rule) -> None:
        self._add("rule", rule.name, "name", True)
        for header in rule.headers:
            if header.kind == "stage":
                self._add("stage", header.value)
            elif header.kind == "allow":
                self.found.append(Mention("code", header.value.code, header.value.code_span, "name"))
            elif header.kind == "limit":
                self._duration(header.value.window)
        for event in rule.events:
            if isinstance(event, ast.EventName):
                self._add("event", event.name, "path")
                self._duration(event.after)
            else:
                self._duration(event.period)
        if rule.condition is not None:
            self.condition(rule.condition)
        for action in rule.actions:
            self._action(action)

    def _duration(self, node: Any) -> None:
        if isinstance(node, ast.Path):
            self._value(node, None)

    # ---- conditions --------------------------------------------------------------------------------------------

    def condition(self, node: Any) -> None:
        """The names of a condition."""
        match node:
            case ast.Or() | ast.And():
                for item in node.items:
                    self.condition(item)
            case ast.Not():
                self.condition(node.item)
            case ast.Compare():
                left, right = self._type(node.left), self._type(node.right)
                self._value(node.left, right)
                self._value(node.right, left)
            case ast.In():
                self._value(node.left, None)
                self._values(node.items, self._type(node.left))
            case ast.InHours():
                self._value(node.left, None)
                self._add("calendar", node.calendar)
            case ast.Has():
                self._value(node.left, None)
                type_ = self._type(node.left)
                self._values(node.items, None if type_ is None else type_.item)
            case ast.Contains():
                self._value(node.left, None)
                self._add("words", node.words, "name")
            case ast.Affix() | ast.Matches() | ast.Presence():
                self._value(node.left, None)
            case ast.Changed():
                self._value(node.left, None)
                self._values((node.before, node.after), self._type(node.left))
            case _:
                self._value(node, None)

    def _values(self, nodes: Iterable[Any], want: Type | None) -> None:
        for node in nodes:
            self._value(node, want)

    def _value(self, node: Any, want: Type | None) -> None:
        match node:
            case ast.Path():
                self._add(field_kind(node.text), node, "path")
            case ast.Name():
                if want is not None and self._is_value(node.text, want):
                    self._add(kind_of(want), node)
                elif node.text in self.environment.fields:
                    self._add("field", node, "path")
                elif want is None or want.kind == "flag":
                    self._add("definition", node, "name")
                else:
                    self._add(kind_of(want), node)
            case ast.TextValue():
                self._add(kind_of(want), node)
            case ast.Call():
                self._add("function", node.name, "name")
                self._values(node.arguments, None)
            case ast.Arithmetic():
                self._value(node.first, None)
                self._values((operand for _, operand in node.rest), None)
            case ast.Number() | ast.DurationValue() | ast.Bool() | ast.Empty() | None:
                pass
            case _:
                self.condition(node)

    @staticmethod
    def _is_value(text: str, want: Type) -> bool:
        return want.enum is not None and (text in want.enum or (want.enum.name == "weekday" and text in LONG_WEEKDAYS))

    def _type(self, node: Any) -> Type | None:
        """The type of a value as far as its names tell."""
        if isinstance(node, ast.Path | ast.Name):
            field = self.environment.fields.get(node.text)
            return None if field is None else field.type
        if isinstance(node, ast.Call):
            custom = self.environment.functions.get(node.name.text)
            if custom is not None:
                return custom.result
            forms = BUILTINS.get(node.name.text)
            return forms[0].function.result if forms else None
        return None

    # ---- actions -----------------------------------------------------------------------------------------------

    def _action(self, action: ast.Action) -> None:
        self.found.append(Mention("action", action.verb, action.verb_span, "name"))
        parts = dict(action.parts)
        if "field" in parts:
            self._value(parts["field"], None)
            self._value(parts["value"], self._type(parts["field"]))
            return
        for name in parts.get("names") or ():
            self._who(parts["to"], name)
        self._add("timer", parts.get("timer"), declares=action.verb == "start_timer")
        for part, kind in (("state", "state"), ("by", "routing"), ("kind", "kind"), ("template", "template")):
            self._add(kind, parts.get(part))
        for part, kind in (("tags", "tag"), ("skills", "skill")):
            for node in parts.get(part) or ():
                self._add(kind, node)
        for part in ("team", "agent"):
            self._who(part, parts.get(part))
        self._add("words", parts.get("words"), "name")
        self._duration(parts.get("after"))
        if "arguments" in parts:
            self._add("action", parts["name"], "path")
            plugin = self.environment.plugin_actions.get(parts["name"].text)
            for argument in parts["arguments"]:
                self._value(argument.value, None if plugin is None else plugin.parameters.get(argument.name.text))
        message = parts.get("message")
        if message is not None:
            self._add("template", message.template)
            if message.text is not None:
                self.found.extend(in_text(message.text.text, message.text.span))

    def _who(self, what: str, node: Any) -> None:
        if isinstance(node, ast.Path):
            self._value(node, None)
        elif what != "agent":  # agents are people: no file declares them
            self._add(what, node)


# --- YAML -----------------------------------------------------------------------------------------------------------


def in_yaml(root: Node, shape: Shape, environment: Environment) -> tuple[list[Mention], dict[tuple[str, str], Node]]:
    """Every name of a YAML file, and what stands there about each noun it declares, by kind and name."""
    reader = _Yaml(environment)
    reader.walk(root, shape, None)
    return reader.found, reader.about


class _Yaml:
    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.found: list[Mention] = []
        self.about: dict[tuple[str, str], Node] = {}

    def walk(self, node: Node, shape: Shape, subject: str | None) -> None:
        """The names at and below a node; `subject` is the field it is about."""
        if node.kind == "map":
            for key, value in node.pairs:
                about = self._key(key, shape) or subject
                part = shape.keys.get(key.text)
                kind = "" if part is None or not part.declares else self._kind(part.value, about)
                if kind and value.kind == "scalar":
                    self.about.setdefault((kind, value.text), node)
                elif shape.declares and shape.name and key.text not in shape.keys:
                    prefix = "setting." if shape.name == "setting" else ""
                    self.about.setdefault((shape.name, prefix + key.text), value)
                under = shape.under(key.text)
                if under is not None:
                    self.walk(value, under, about)
        elif node.kind == "list":
            for item in node.items:
                if shape.items is not None or shape.value == "*":  # a field may hold a list
                    self.walk(item, shape.items or shape, subject)
        elif shape.items is not None:  # a single value counts as a list of one
            self.walk(node, shape.items, subject)
        elif shape.value and not node.is_null:
            self._scalar(node, shape, subject)

    def _key(self, key: Node, shape: Shape) -> str | None:
        """Notes a key that is a name; gives the field it names, if it does."""
        if not shape.name or key.text in shape.keys:
            return None
        if shape.name in ("ticket.", "member."):
            name = shape.name + key.text
            self.found.append(Mention("field", name, key.span, "short"))
            return name
        if shape.name == "field":
            self.found.append(Mention("field", key.text, key.span, "yaml", shape.declares))
            return key.text
        name, form = key.text, "yaml"
        if shape.name == "setting":
            name, form = f"setting.{name}", "short"
        self.found.append(Mention(shape.name, name, key.span, form, shape.declares))  # type: ignore[arg-type]
        return None

    def _kind(self, kind: str, subject: str | None) -> str:
        """The kind of noun; `*` is a value of the field that is spoken of."""
        if kind != "*":
            return kind
        field = self.environment.fields.get(subject or "")
        return kind_of(None if field is None else field.type)

    def _scalar(self, node: Node, shape: Shape, subject: str | None) -> None:
        kind = shape.value
        if kind == "condition":
            self.found.extend(in_condition(node.text, node.span, self.environment))
            return
        if kind == "text":
            self.found.extend(in_text(node.text, node.span))
            return
        if kind == "role or team":
            kind = "role" if node.text in self.environment.roles else "team"
        kind = self._kind(kind, subject)
        if kind:
            name = node.text.split(" ")[0] if kind == "event" else node.text
            self.found.append(Mention(kind, name, node.span, "yaml", shape.declares))


def in_word_list(source: Source) -> list[Mention]:
    """A word list names nothing but itself: its first line stands for the file."""
    first = _LISTED.search(source.text)
    at = first.start() if first is not None else 0
    return [Mention("file", source.path, source.span(at, at), "file", True)]

"""Texts with fields in braces: `您好 {member.name | default("朋友")}`. No code, only fields and filters.

A brace with no name right after it is text, so JSON and `{{ config }}` stay as they are. What a field holds is put in
as it is and never read again as a template.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from engine.lang.environment import Environment
from engine.lang.findings import Finding, closest
from engine.lang.functions import local
from engine.lang.limits import LIMITS
from engine.lang.said import quoted, say
from engine.lang.source import Place, Span
from engine.lang.types import MICROS, Type

_OPEN = re.compile(r"\{(?=[^\W\d])")
_PATH = re.compile(r"[^\W\d]\w*(?:\.\w+)*")
_FILTER = re.compile(r"\s*\|\s*(?P<name>[^\W\d]\w*)?\s*(?P<arguments>\(\s*(?P<text>\"(?:[^\"\\\n]|\\.)*\")?\s*\))?")


@dataclass(frozen=True, slots=True)
class Slot:
    """A field in braces, its type and its filters (name, argument or None)."""

    field: str
    type: Type | None
    filters: tuple[tuple[str, str | None], ...]
    span: Span
    setting: Any = None

    def __str__(self) -> str:
        """As it is written: `{member.name | default("您")}`."""
        filters = (name if text is None else f"{name}({_quoted(text)})" for name, text in self.filters)
        return f"{{{' | '.join((self.field, *filters))}}}"


@dataclass(frozen=True)
class Template:
    """A text with slots, checked."""

    pieces: tuple[str | Slot, ...]

    @cached_property
    def reads(self) -> frozenset[str]:
        """The fields it names, settings left out."""
        return frozenset(slot.field for slot in self.slots if not slot.field.startswith("setting."))

    @cached_property
    def written(self) -> str:
        """The text as people write it."""
        return "".join(map(str, self.pieces))

    @cached_property
    def slots(self) -> tuple[Slot, ...]:
        """The fields in braces, in order."""
        return tuple(piece for piece in self.pieces if isinstance(piece, Slot))

    def render(self, values: Mapping[str, Any], locale: str = "en", zone: str = "UTC") -> str:
        """The text with its fields filled in. An empty field leaves nothing, or its `default`."""
        parts: list[str] = []
        for piece in self.pieces:
            if isinstance(piece, str):
                parts.append(piece)
                continue
            value = values.get(piece.field, piece.setting)
            for name, argument in piece.filters:
                value = FILTERS[name].apply(value, argument, piece.type, locale, zone)
            parts.append(_shown(value, piece.type, locale, zone))
        return "".join(parts)


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter: which kinds of values it takes (empty: all), whether it needs an argument, what it does."""

    kinds: frozenset[str]
    argument: bool
    apply: Callable[[Any, str | None, Type | None, str, str], Any]
    doc: str


def _default(value: Any, argument: str | None, type_: Type | None, locale: str, zone: str) -> Any:
    return argument if value is None or value == "" or value == () else value


def _mask(value: Any, argument: str | None, type_: Type | None, locale: str, zone: str) -> Any:
    return None if value is None else mask(_shown(value, type_, locale, zone))


def _date(value: Any, argument: str | None, type_: Type | None, locale: str, zone: str) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        value = local(zone, value).date().isoformat()
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return value
    year, month, day = value.split("-")
    if locale.startswith("zh"):
        return f"{int(year)}年{int(month)}月{int(day)}日"
    return value


def _number(value: Any, argument: str | None, type_: Type | None, locale: str, zone: str) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return value
    return f"{value:,f}" if isinstance(value, Decimal) else f"{value:,}"


FILTERS: Mapping[str, Filter] = {
    "default": Filter(frozenset(), True, _default, "this text when the field is empty"),
    "mask": Filter(frozenset(), False, _mask, "only the first characters, the rest hidden"),
    "date": Filter(frozenset({"time", "date"}), False, _date, "the day alone, as people of the language write it"),
    "number": Filter(frozenset({"number"}), False, _number, "thousands apart"),
}


def mask(text: str) -> str:
    """`text` with most of it hidden: an address keeps its first letter and its domain, digits their last four,
    anything else its first character."""
    if "@" in text:
        name, _, domain = text.rpartition("@")
        return f"{name[:1]}***@{domain}"
    digits = sum(char.isdigit() for char in text)
    if digits >= 7 and digits * 2 >= len(text):
        return "*" * (len(text) - 4) + text[-4:]
    return text[:1] + "*" * min(max(len(text) - 1, 1), 8) if text else text


_UNITS = {
    "zh-TW": ("天", "小時", "分", "秒", "", "是", "否"),
    "zh-CN": ("天", "小时", "分", "秒", "", "是", "否"),
    "en": ("d", "h", "min", "s", " ", "yes", "no"),
}


def _shown(value: Any, type_: Type | None, locale: str, zone: str) -> str:
    if value is None:
        return ""
    words = _UNITS.get(locale) or _UNITS["zh-TW" if locale.startswith("zh") else "en"]
    if isinstance(value, bool):
        return words[5] if value else words[6]
    if isinstance(value, tuple | list):
        joint = "、" if locale.startswith("zh") else ", "
        return joint.join(_shown(item, type_.item if type_ else None, locale, zone) for item in value)
    kind = type_.kind if type_ else None
    if isinstance(value, int) and kind == "time":
        return local(zone, value).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, int) and kind == "duration":
        return _span_of_time(value, words)
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return str(value)


def _span_of_time(value: int, words: tuple[str, ...]) -> str:
    """The two biggest units of a duration."""
    rest = abs(value) // MICROS["s"]
    parts: list[tuple[int, str]] = []
    for size, word in zip((86400, 3600, 60, 1), words[:4], strict=True):
        count, rest = divmod(rest, size)
        if count:
            parts.append((count, word))
    gap = " " if words is not _UNITS["en"] else ""
    joined = " ".join(f"{count}{gap}{word}" for count, word in parts[:2]) or f"0{gap}{words[3]}"
    return f"-{joined}" if value < 0 else joined


def compile_template(
    text: str, span: Span, environment: Environment, objects: tuple[str, ...] | None = None
) -> tuple[Template | None, list[Finding]]:
    """Check and compile a template.

    `span` is where the text stands (a YAML scalar or a rule's text); findings point inside. `objects`: the field
    prefixes at hand; None when it is not known where the template will be used.
    """
    place = Place.embedded(text, span)
    if len(text) > LIMITS.text_chars:
        message = say("a text has at most {most} characters", LIMITS.text_chars)
        return None, [Finding("syntax-error", message, place.span(0, 1))]
    pieces: list[str | Slot] = []
    findings: list[Finding] = []
    done = at = 0
    while True:
        found = _OPEN.search(text, at)
        if found is None:
            break
        slot, end = _slot(text, found.end(), place, environment, objects, findings)
        if slot is not None:
            if found.start() > done:
                pieces.append(text[done : found.start()])
            pieces.append(slot)
            done = end
        at = max(end, found.end())
    if done < len(text):
        pieces.append(text[done:])
    errors = [finding for finding in findings if finding.severity.value == "error"]
    return (None if errors else Template(tuple(pieces))), findings


def _quoted(text: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def _slot(
    text: str,
    start: int,
    place: Place,
    environment: Environment,
    objects: tuple[str, ...] | None,
    findings: list[Finding],
) -> tuple[Slot | None, int]:
    """The slot whose name begins at `start`, and where the text goes on."""
    name = _PATH.match(text, start)
    if name is None:  # cannot be: the opening brace was found by the name after it
        return None, start
    at = name.end()
    filters: list[tuple[str, str | None, int, int]] = []
    while found := _FILTER.match(text, at):
        if found["name"] is None:
            break
        argument = found["text"]
        unquoted = None if argument is None else re.sub(r"\\(.)", r"\1", argument[1:-1])
        filters.append((found["name"], unquoted, found.start("name"), found.end("name")))
        at = found.end()
    close = re.compile(r"\s*\}").match(text, at)
    if close is None:
        message = say("`{text}` is not closed", text[start - 1 : at])
        hint = say("close it with `}`; a brace that is meant as text has no name right after it")
        findings.append(Finding("syntax-error", message, place.span(start - 1, at), hint))
        return None, at
    path = name.group()
    field = environment.fields.get(path)
    span = place.span(start, name.end())
    if field is None:
        message = say("there is no field `{name}`", path)
        findings.append(Finding("unknown-field", message, span, closest(path, environment.fields)))
        return None, close.end()
    prefix = path.split(".")[0]
    if objects is not None and "." in path and prefix != "setting" and prefix not in objects:
        message = say("`{name}` is not at hand here", path)
        findings.append(Finding("template-field-not-available", message, span))
        return None, close.end()
    checked: list[tuple[str, str | None]] = []
    type_: Type | None = field.type
    for filter_name, argument, begin, end in filters:
        problem = _filter_problem(filter_name, argument, type_, place.span(begin, end))
        if problem is not None:
            findings.append(problem)
            return None, close.end()
        checked.append((filter_name, argument))
        if filter_name != "default":
            type_ = None
    setting = environment.setting(path) if prefix == "setting" else None
    return Slot(path, field.type, tuple(checked), span, setting), close.end()


def _filter_problem(name: str, argument: str | None, type_: Type | None, span: Span) -> Finding | None:
    known = FILTERS.get(name)
    if known is None:
        hint = closest(name, FILTERS) or say("there are {names}", quoted(FILTERS))
        return Finding("unknown-function", say("there is no filter `{name}`", name), span, hint)
    if known.argument != (argument is not None):
        if known.argument:
            return Finding("wrong-arity", say('`{name}` needs one text: `default("…")`', name), span)
        return Finding("wrong-arity", say("`{name}` takes no argument", name), span)
    if known.kinds and type_ is not None and type_.kind not in known.kinds:
        return Finding("type-mismatch", say("`{name}` is not for {type}", name, type_), span)
    return None

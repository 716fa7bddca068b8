"""YAML nouns: text to dataclasses by their annotations, with the place of whatever asks for it.

A field annotated `Located[T]` gets its value together with its span, one annotated `Span` gets the span of the mapping
it stands in, and one annotated `Key` gets the key its mapping stands under. Everything else comes as plain values.
Only plain YAML is read: anchors, tags and several documents are refused, and words and numbers about which YAML
readers disagree must be quoted.
"""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Generic, Literal, TypeVar, cast

from engine.lang.findings import Finding, Related, closest, suggest
from engine.lang.limits import LIMITS
from engine.lang.nodes import NULL, Node, Reader
from engine.lang.said import either, quoted, say
from engine.lang.source import Source, Span
from engine.lang.types import Duration

T = TypeVar("T")

_AMBIGUOUS = re.compile(
    r"y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF"
    r"|[-+]?0[0-9_]+|[-+]?0[oxb][0-9a-fA-F_]+|[-+]?[0-9]+_[0-9_]*"
    r"|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?"
    r"|[-+]?[0-9.]+[eE][-+]?[0-9]+|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)|[-+]?\.[0-9_]+|[-+]?[0-9]+\.|~"
)
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[-+]?[0-9]+\.[0-9]+")
_PERCENT = re.compile(r"[0-9]+(\.[0-9]+)?%")
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})


@dataclass(frozen=True, slots=True)
class Located(Generic[T]):
    """A value and the span of its scalar (or list, or mapping). Two are equal when their values are."""

    value: T
    span: Span = field(compare=False)


Key = Annotated[Located[str], "key"]
"""The key under which a mapping stands."""

Percent = Annotated[Decimal, "percent"]
"""`80%`, as 0.8."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A document as plain data; `spans` and `keys` hold the place of each value and key by its path."""

    data: Any
    spans: Mapping[tuple[str | int, ...], Span]
    keys: Mapping[tuple[str | int, ...], Span]


def decode(path: str, data: bytes) -> tuple[Source, list[Finding]]:
    """The bytes of a file as a source; what is not UTF-8 is a finding (`not-utf8`), and stands as U+FFFD."""
    try:
        return Source(path, data.decode("utf-8")), []
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        source = Source(path, data.decode("utf-8", "replace"))
        message = say("the file is not UTF-8: byte 0x{byte}", f"{data[error.start]:02x}")
        at = len(before)
        return source, [Finding("not-utf8", message, source.span(at, at + 1), say("save it as UTF-8"))]


def load(source: Source, cls: type[T]) -> tuple[T | None, list[Finding]]:
    """Read a YAML file into `cls`, a dataclass or any annotation of this module's kinds.

    Values: `str int Decimal float bool Any`, `Duration` (`4h`), `Percent`, `Literal`, lists, tuples, dicts with text
    keys, nested dataclasses, and unions of them told apart by shape. A dataclass may name in `SCALAR` the field that a
    bare scalar fills (`退換貨` for `{name: 退換貨}`). A field's key is its name without a trailing underscore, or
    `metadata["key"]`; one with `metadata["rest"]` takes all other keys. None when there is an error.
    """
    findings: list[Finding] = []
    node = Reader(source, findings).read()
    if node is None:
        return None, findings
    value = _Converter(findings).convert(node, cls, None)
    errors = any(finding.severity.value == "error" for finding in findings)
    return (None if errors else value), findings


def load_plain(source: Source) -> tuple[Plain | None, list[Finding]]:
    """Read a YAML file as plain data: dict, list, str, int, Decimal, bool, None. None when it is no YAML at all; a part
    that is wrong stands as well as it can be understood: the first of two keys, an ambiguous word as text."""
    findings: list[Finding] = []
    node = Reader(source, findings).read()
    if node is None:
        return None, findings
    spans: dict[tuple[str | int, ...], Span] = {}
    keys: dict[tuple[str | int, ...], Span] = {}
    converter = _Converter(findings)
    return Plain(converter.plain(node, (), spans, keys), spans, keys), findings


class _Converter:
    """The small tree to values, by annotations."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings
        self._checked: set[int] = set()

    def _wrong(self, code: str, message: str, span: Span, hint: str | None = None) -> None:
        self.findings.append(Finding(code, message, span, hint))

    # ---- by annotation -----------------------------------------------------------------------------------------

    def convert(self, node: Node, hint: Any, key: Node | None) -> Any:
        """`node` as `hint` says; None and a finding when it is not."""
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if origin is Annotated:
            if "percent" in arguments[1:]:
                return self._percent(node)
            return self.convert(node, arguments[0], key)
        if origin in (typing.Union, types.UnionType):
            return self._union(node, arguments, key)
        if origin is Located:
            return Located(self.convert(node, arguments[0], key), node.span)
        if origin is Literal:
            return self._literal(node, arguments)
        if origin in (list, tuple) or hint in (list, tuple):
            return self._list(node, arguments, origin or hint)
        if origin is dict or (origin is not None and issubclass(origin, Mapping)) or hint is dict:
            return self._dict(node, arguments)
        if dataclasses.is_dataclass(hint) and isinstance(hint, type) and hint is not Duration:
            return self._dataclass(node, hint, key)
        if hint is Any:
            return self.plain(node, (), {}, {})
        if hint is type(None):
            if not node.is_null:
                self._wrong("type-mismatch", say("nothing must stand here"), node.span)
            return None
        return self._scalar(node, hint)

    def _union(self, node: Node, choices: tuple[Any, ...], key: Node | None) -> Any:
        if type(None) in choices and node.is_null:
            return None
        fitting = [choice for choice in choices if choice is not type(None) and _fits(node, choice)]
        if fitting:
            return self.convert(node, fitting[0], key)
        wanted = either(dict.fromkeys(_name(choice) for choice in choices if choice is not type(None)))
        self._wrong("type-mismatch", say("{wanted} must stand here, not {found}", wanted, _what(node)), node.span)
        return None

    def _scalar(self, node: Node, hint: Any) -> Any:
        if node.kind != "scalar":
            message = say("{wanted} must stand here, not {found}", _name(hint), _what(node))
            self._wrong("type-mismatch", message, node.span)
            return None
        if self._ambiguous(node):
            return None
        convert: Callable[[Node], Any] | None = _SCALARS.get(hint)
        if convert is None:
            raise TypeError(f"documents cannot hold {hint!r}")
        try:
            return convert(node)
        except ValueError:
            code = "bad-duration" if hint is Duration else "type-mismatch"
            if hint is str and node.plain and node.text in _TRUE | _FALSE | (NULL - {""}):
                self._wrong(
                    "yaml-ambiguous-scalar", say("`{text}` is not a text", node.text), node.span, _quote(node.text)
                )
                return None
            message = say("{wanted} must stand here, not {found}", _name(hint), _what(node))
            self._wrong(code, message, node.span, _HINTS.get(hint))
            return None

    def _ambiguous(self, node: Node) -> bool:
        if not node.plain or not _AMBIGUOUS.fullmatch(node.text) or id(node) in self._checked:
            return id(node) in self._checked
        self._checked.add(id(node))
        message = say("YAML readers disagree about `{text}`", node.text)
        self._wrong("yaml-ambiguous-scalar", message, node.span, _quote(node.text))
        return True

    def _percent(self, node: Node) -> Decimal | None:
        if node.kind == "scalar" and _PERCENT.fullmatch(node.text):
            return Decimal(node.text[:-1]) / 100
        self._wrong(
            "type-mismatch",
            say("a percentage must stand here, not {found}", _what(node)),
            node.span,
            say("write `80%`"),
        )
        return None

    def _literal(self, node: Node, choices: tuple[Any, ...]) -> Any:
        if node.kind == "scalar" and node.text in choices:
            return node.text
        if node.kind != "scalar":
            self._wrong("type-mismatch", say("a word must stand here, not {found}", _what(node)), node.span)
        elif not self._ambiguous(node):
            hint = closest(node.text, choices) or say("there are {names}", quoted(choices))
            self._wrong("unknown-value", say("`{text}` has no meaning here", _short(node.text)), node.span, hint)
        return None

    def _list(self, node: Node, arguments: tuple[Any, ...], made: Any) -> Any:
        item = arguments[0] if arguments else Any
        if node.kind != "list":
            self._wrong("type-mismatch", say("a list must stand here, not {found}", _what(node)), node.span, "`[a, b]`")
            return made()
        return made(self.convert(child, item, None) for child in node.items)

    def _dict(self, node: Node, arguments: tuple[Any, ...]) -> dict[Any, Any]:
        key_hint, item = arguments if len(arguments) == 2 else (str, Any)
        if node.kind != "map":
            self._wrong(
                "type-mismatch", say("a mapping must stand here, not {found}", _what(node)), node.span, "`{a: b}`"
            )
            return {}
        found: dict[Any, Any] = {}
        for name, key, value in self._pairs(node):
            made = Located(name, key.span) if typing.get_origin(key_hint) is Located else name
            found[made] = self.convert(value, item, key)
        return found

    def _pairs(self, node: Node, known: frozenset[str] = frozenset()) -> Iterator[tuple[str, Node, Node]]:
        """Key text, key and value of a mapping, each key once."""
        seen: dict[str, Span] = {}
        for key, value in node.pairs:
            if key.kind != "scalar":
                self._wrong("bad-yaml", say("a key must be a word, not {found}", _what(key)), key.span)
                continue
            if key.text == "<<":
                self._wrong("bad-yaml", say("merge keys are not read"), key.span)
                continue
            if key.text not in known and self._ambiguous(key):
                continue
            if key.text in seen:
                related = (Related(seen[key.text], say("first here")),)
                message = say("the key `{key}` stands twice", _short(key.text))
                self.findings.append(Finding("duplicate-key", message, key.span, say("keep one"), related=related))
                continue
            seen[key.text] = key.span
            yield key.text, key, value

    def _dataclass(self, node: Node, cls: type[Any], key: Node | None) -> Any:
        slots = _slots(cls)
        given: dict[str, Any] = {}
        scalar = getattr(cls, "SCALAR", None)
        before = len(self.findings)
        meant: set[str | None] = set()
        if node.kind == "scalar" and isinstance(scalar, str):
            slot = next(slot for slot in slots if slot.name == scalar)
            given[scalar] = self.convert(node, slot.hint, None)
        elif node.kind != "map":
            self._wrong(
                "type-mismatch", say("a mapping must stand here, not {found}", _what(node)), node.span, "`{a: b}`"
            )
            return None
        else:
            by_key = {slot.key: slot for slot in slots if slot.role == "value"}
            rest = next((slot for slot in slots if slot.role == "rest"), None)
            others: dict[str, Any] = {}
            for name, key_node, value in self._pairs(node, frozenset(by_key)):
                slot_ = by_key.get(name)
                if slot_ is not None:
                    given[slot_.name] = self.convert(value, slot_.hint, key_node)
                elif rest is not None:
                    item = typing.get_args(rest.hint)
                    others[name] = self.convert(value, item[1] if len(item) == 2 else Any, key_node)
                else:
                    near = suggest(name, by_key)
                    meant.add(near)
                    hint = say("did you mean `{name}`?", near) if near else None
                    if hint is None and len(by_key) <= 12:
                        hint = say("there are {names}", quoted(by_key))
                    self._wrong("unknown-key", say("nothing reads the key `{key}`", _short(name)), key_node.span, hint)
            if rest is not None:
                given[rest.name] = others
        there = meant | {pair[0].text for pair in node.pairs}
        for slot in slots:
            if slot.role == "span":
                given[slot.name] = node.span
            elif slot.role == "key":
                given[slot.name] = Located(key.text, key.span) if key is not None else Located("", node.span)
            elif slot.required and slot.name not in given and slot.key not in there:
                where = key.span if key is not None else self._head(node)
                self._wrong("bad-yaml", say("the key `{key}` is missing", slot.key), where)
        if len(self.findings) > before and any(finding.severity.value == "error" for finding in self.findings[before:]):
            return None
        return cls(**given)

    @staticmethod
    def _head(node: Node) -> Span:
        """Where to point when something is missing in a mapping: its first key."""
        return node.pairs[0][0].span if node.pairs else node.span

    # ---- plain -------------------------------------------------------------------------------------------------

    def plain(
        self,
        node: Node,
        path: tuple[str | int, ...],
        spans: dict[tuple[str | int, ...], Span],
        keys: dict[tuple[str | int, ...], Span],
    ) -> Any:
        """The node as plain data, places noted by path."""
        spans[path] = node.span
        if node.kind == "list":
            return [self.plain(child, (*path, index), spans, keys) for index, child in enumerate(node.items)]
        if node.kind == "map":
            found: dict[str, Any] = {}
            for name, key, value in self._pairs(node):
                keys[(*path, name)] = key.span
                found[name] = self.plain(value, (*path, name), spans, keys)
            return found
        if not node.plain:
            return node.text
        if self._ambiguous(node):
            return node.text
        if node.text in NULL:
            return None
        if node.text in _TRUE or node.text in _FALSE:
            return node.text in _TRUE
        if _INTEGER.fullmatch(node.text) and len(node.text) <= LIMITS.number_digits:
            return int(node.text)
        if _DECIMAL.fullmatch(node.text) and len(node.text) <= LIMITS.number_digits:
            return Decimal(node.text)
        return node.text


@dataclass(frozen=True, slots=True)
class _Slot:
    """A field of a dataclass: its name, the key it is read from, its annotation, what fills it."""

    name: str
    key: str
    hint: Any
    role: Literal["value", "span", "key", "rest"]
    required: bool


def _slots(cls: Any) -> tuple[_Slot, ...]:
    return _read_slots(cls)


@lru_cache(maxsize=256)
def _read_slots(cls: Hashable) -> tuple[_Slot, ...]:
    hints = typing.get_type_hints(cast(Any, cls), include_extras=True)
    slots = []
    for item in dataclasses.fields(cast(Any, cls)):
        hint = hints[item.name]
        role: Literal["value", "span", "key", "rest"] = "value"
        if hint is Span:
            role = "span"
        elif typing.get_origin(hint) is Annotated and "key" in typing.get_args(hint)[1:]:
            role = "key"
        elif item.metadata.get("rest"):
            role = "rest"
        required = item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
        key = item.metadata.get("key", item.name.removesuffix("_"))
        slots.append(_Slot(item.name, key, hint, role, required))
    return tuple(slots)


def _text(node: Node) -> str:
    if node.plain and (node.text in NULL or node.text in _TRUE or node.text in _FALSE):
        raise ValueError
    return node.text


def _integer(node: Node) -> int:
    if not node.plain or not _INTEGER.fullmatch(node.text) or len(node.text) > LIMITS.number_digits:
        raise ValueError
    return int(node.text)


def _decimal(node: Node) -> Decimal:
    if not node.plain or len(node.text) > LIMITS.number_digits:
        raise ValueError
    if not (_INTEGER.fullmatch(node.text) or _DECIMAL.fullmatch(node.text)):
        raise ValueError
    return Decimal(node.text)


def _float(node: Node) -> float:
    return float(_decimal(node))


def _bool(node: Node) -> bool:
    if not node.plain or node.text not in _TRUE | _FALSE:
        raise ValueError
    return node.text in _TRUE


def _duration(node: Node) -> Duration:
    return Duration.parse(node.text)


_SCALARS: Mapping[Any, Callable[[Node], Any]] = {
    str: _text,
    int: _integer,
    Decimal: _decimal,
    float: _float,
    bool: _bool,
    Duration: _duration,
}
_HINTS: Mapping[Any, str] = {
    Duration: say("one number and one unit of s, m, h, d, w: `4h`"),
    bool: say("`true` or `false`"),
}
_NAMES: Mapping[Any, str] = {
    str: say("a text"),
    int: say("a whole number"),
    Decimal: say("a number"),
    float: say("a number"),
    bool: say("true or false"),
    Duration: say("a duration"),
}


def _fits(node: Node, hint: Any) -> bool:
    """Whether the shape of `node` is that of `hint`: which member of a union is meant."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated and "percent" in arguments[1:]:
        return node.kind == "scalar" and bool(_PERCENT.fullmatch(node.text))
    if origin is Annotated or origin is Located:
        return _fits(node, arguments[0])
    if origin in (typing.Union, types.UnionType):
        return any(_fits(node, choice) for choice in arguments)
    if origin is Literal:
        return node.kind == "scalar" and node.text in arguments
    if origin in (list, tuple) or hint in (list, tuple):
        return node.kind == "list"
    if hint in _SCALARS:
        if node.kind != "scalar":
            return False
        if hint is str:
            return True
        try:
            _SCALARS[hint](node)
        except ValueError:
            return False
        return True
    if dataclasses.is_dataclass(hint):
        return node.kind == "map" or (node.kind == "scalar" and hasattr(hint, "SCALAR"))
    return hint is Any or node.kind == "map"


def _name(hint: Any) -> str:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated and "percent" in arguments[1:]:
        return say("a percentage")
    if origin in (Annotated, Located):
        return _name(arguments[0])
    if origin is Literal:
        return either(quoted(arguments))
    if origin in (list, tuple) or hint in (list, tuple):
        return say("a list")
    return _NAMES.get(hint, say("a mapping"))


def _what(node: Node) -> str:
    if node.kind != "scalar":
        return say("a list") if node.kind == "list" else say("a mapping")
    return f"`{_short(node.text)}`" if node.text else say("nothing")


def _short(text: str) -> str:
    line = text.replace("\n", " ")
    return line if len(line) <= 40 else f"{line[:39]}…"


def _quote(text: str) -> str:
    return say('quote it: `"{text}"`', text)

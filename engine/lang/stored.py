"""Checked trees, actions and findings as plain JSON data, and back, every value verified against its declared type.

Only the classes listed here are ever made, only from values that fit their annotations: a `Literal` is one of its
words, an `int` is an int. So reading data that somebody changed gives another rule or `BadData`, never code.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import fields
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Literal, Union

from engine.lang import tree
from engine.lang.checked import CheckedAction, Dynamic, EventRef, Limit, Schedule
from engine.lang.environment import Environment, Function
from engine.lang.findings import Finding, Related
from engine.lang.functions import BUILTINS
from engine.lang.said import Said
from engine.lang.source import Source, Span
from engine.lang.template import Slot, Template
from engine.lang.types import Duration, Enum, Type

_CLASSES: Mapping[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        *(kind for kind in vars(tree).values() if isinstance(kind, type) and issubclass(kind, tree.Node)),
        *(CheckedAction, Dynamic, EventRef, Limit, Schedule, Slot, Template, Type, Duration, Finding, Related),
    )
    if kind not in (tree.Node, tree.Defined)
}
_LONG = 8
"""Texts of one tuple from which it is kept once in a table: word lists are named by many rules."""


class BadData(Exception):
    """What was read is not what was written."""


def signature(function: Function) -> str:
    """What a function is known by."""
    return f"{function.name}({','.join(item.kind for item in function.parameters)})"


class Writer:
    """Turns values into JSON data. `tables` go beside it: what many values share."""

    def __init__(self) -> None:
        self.paths: dict[str, int] = {}
        self.lists: dict[tuple[str, ...], int] = {}
        self.enums: dict[Enum, int] = {}
        self.functions: dict[str, None] = {}
        self.definitions: dict[str, Any] = {}

    def tables(self) -> dict[str, Any]:
        """The shared parts, to be written after everything else."""
        return {
            "paths": list(self.paths),
            "lists": [list(one) for one in self.lists],
            "enums": [[one.name, list(one.values), one.ordered, one.open] for one in self.enums],
            "functions": list(self.functions),
            "definitions": self.definitions,
        }

    def span(self, span: Span) -> list[int]:
        """A span by its file's number."""
        return [self.paths.setdefault(span.source.path, len(self.paths)), span.start, span.end]

    def write(self, value: Any) -> Any:
        """JSON data of a value. Raises BadData for one of a class that is not kept."""
        if value is None or (isinstance(value, bool | int | str) and type(value) is not Said):
            return value
        match value:
            case Said():
                return ["T", value.template, *(self.write(part)[1] for part in (dict(value.values), dict(value.code)))]
            case Decimal():
                return ["D", str(value)]
            case tuple():
                if len(value) > _LONG and all(type(item) is str for item in value):
                    return ["W", self.lists.setdefault(value, len(self.lists))]
                return ["t", *map(self.write, value)]
            case Mapping():
                return ["m", {key: self.write(item) for key, item in value.items()}]
            case Span():
                return ["S", *self.span(value)]
            case Enum():
                return ["E", self.enums.setdefault(value, len(self.enums))]
            case Function():
                self.functions[signature(value)] = None
                return ["F", signature(value)]
            case tree.Defined():
                if value.key not in self.definitions:
                    self.definitions[value.key] = None  # its own parts never lead back to it
                    self.definitions[value.key] = [
                        self.span(value.span),
                        value.name,
                        self.write(value.item),
                        self.write(value.type),
                    ]
                return ["R", value.key]
        kind = type(value)
        if _CLASSES.get(kind.__name__) is not kind:
            raise BadData(f"a {kind.__name__} is not kept")
        return [kind.__name__, *(self.write(getattr(value, name)) for name in _names(kind.__name__))]


class Reader:
    """Turns what a Writer wrote back into values, over the same texts and an environment of the same functions.

    Raises BadData, from the start when a file or a function is missing, and wherever a value does not fit.
    """

    def __init__(self, tables: Mapping[str, Any], environment: Environment, texts: Mapping[str, str]) -> None:
        with _verified():
            self.sources = [Source(path, texts[path]) for path in tables["paths"]]
            self.lists = [tuple(_text(item) for item in one) for one in tables["lists"]]
            self.enums = [
                Enum(_text(name), tuple(map(_text, values)), ordered is True, open_ is True)
                for name, values, ordered, open_ in tables["enums"]
            ]
            known = {signature(function): function for function in environment.functions.values()}
            known.update({signature(one.function): one.function for forms in BUILTINS.values() for one in forms})
            self.functions = {name: known[name] for name in tables["functions"]}
            self._definitions: dict[str, Any] = dict(tables["definitions"])
        self._defined: dict[str, tree.Defined] = {}

    def span(self, data: Any) -> Span:
        """A span that a Writer wrote."""
        with _verified():
            number, start, end = data
            source = self.sources[number]
            if type(start) is not int or type(end) is not int or not 0 <= start <= end <= len(source.text):
                raise BadData("a span outside of its text")
            return Span(source, start, end)

    def read(self, data: Any) -> Any:
        """The value."""
        with _verified():
            return self._read(data)

    def defined(self, key: str) -> tree.Defined:
        """A definition by its key."""
        found = self._defined.get(key)
        if found is None:
            span, name, item, kind = self._definitions[key]
            found = tree.Defined(self.span(span), _text(name), key, self._read(item), self._read(kind))
            self._defined[key] = found
        return found

    def _read(self, data: Any) -> Any:
        if not isinstance(data, list):
            return data
        tag, *rest = data
        match tag:
            case "D":
                return Decimal(_text(rest[0]))
            case "t":
                return tuple(map(self._read, rest))
            case "m":
                return {key: self._read(item) for key, item in rest[0].items()}
            case "T":
                template, values, code = rest
                return _said(_text(template), {k: self._read(v) for k, v in values.items()}, code)
            case "W":
                return self.lists[rest[0]]
            case "S":
                return self.span(rest)
            case "E":
                return self.enums[rest[0]]
            case "F":
                return self.functions[rest[0]]
            case "R":
                return self.defined(_text(rest[0]))
        kind = _CLASSES[tag]
        values = [self._read(item) for item in rest]
        for value, fits in zip(values, _checks(tag), strict=True):
            if not fits(value):
                raise BadData(f"not a part of a {tag}: {value!r}")
        return kind(*values)


class _verified:  # noqa: N801 - reads as a statement
    """Whatever goes wrong while data is read is the data's fault."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, LookupError | TypeError | ValueError | AttributeError | InvalidOperation | RecursionError):
            raise BadData(str(error)) from error


def _said(template: str, values: Mapping[str, Any], code: Mapping[str, Any]) -> Said:
    if not all(isinstance(one, str) for value in values.values() for one in _leaves(value)):
        raise BadData(f"not what fills a sentence: {values!r}")
    return Said(template, values, {_text(old): _text(new) for old, new in code.items()})


def _leaves(value: Any) -> tuple[Any, ...]:
    return tuple(leaf for one in value for leaf in _leaves(one)) if isinstance(value, tuple) else (value,)


def _text(value: Any) -> str:
    if type(value) is not str:
        raise BadData(f"not a text: {value!r}")
    return value


# ---- does a value fit an annotation ------------------------------------------------------------------------------

Fits = Callable[[Any], bool]


@cache
def _names(tag: str) -> tuple[str, ...]:
    return tuple(item.name for item in fields(_CLASSES[tag]))


@cache
def _checks(tag: str) -> tuple[Fits, ...]:
    """For each field of a class of that name."""
    kind = _CLASSES[tag]
    hints = typing.get_type_hints(kind)
    return tuple(_fits(hints[item.name]) for item in fields(kind))


def _fits(hint: Any) -> Fits:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return lambda value: True
    if hint is None or hint is type(None):
        return lambda value: value is None
    if origin is Literal:
        return lambda value: type(value) is str and value in arguments
    if origin in (Union, types.UnionType):
        each = [_fits(one) for one in arguments]
        return lambda value: any(fits(value) for fits in each)
    if origin is tuple and arguments[-1:] == (...,):
        item = _fits(arguments[0])
        return lambda value: isinstance(value, tuple) and all(map(item, value))
    if origin is tuple:
        each = [_fits(one) for one in arguments]
        return lambda value: (
            isinstance(value, tuple) and len(value) == len(each) and all(f(v) for f, v in zip(each, value, strict=True))
        )
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return lambda value: isinstance(value, dict) and all(type(key) is str for key in value)
    if hint is str:
        return lambda value: type(value) in (str, Said)
    if hint in (int, bool):
        return lambda value: type(value) is hint
    return lambda value: isinstance(value, hint)

"""YAML as plain data with the place of each piece.

Only plain YAML is read: anchors, tags and several documents are refused, and words and numbers about which YAML
readers disagree must be quoted. What the data must look like is said by classes (`engine.lang.schema`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.lang.findings import Finding, Related
from engine.lang.limits import LIMITS
from engine.lang.nodes import NULL, Node, Reader
from engine.lang.said import say
from engine.lang.source import Source, Span

Path = tuple[str | int, ...]
"""Where something stands in a document: the keys and numbers that lead to it."""

_AMBIGUOUS = re.compile(
    r"y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF"
    r"|[-+]?0[0-9_]+|[-+]?0[oxb][0-9a-fA-F_]+|[-+]?[0-9]+_[0-9_]*"
    r"|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?"
    r"|[-+]?[0-9.]+[eE][-+]?[0-9]+|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)|[-+]?\.[0-9_]+|[-+]?[0-9]+\.|~"
)
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[-+]?[0-9]+\.[0-9]+")
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})


@dataclass(frozen=True, slots=True)
class Plain:
    """A document as plain data; `spans` and `keys` hold the place of each value and key by its path."""

    data: Any
    spans: Mapping[Path, Span]
    keys: Mapping[Path, Span]


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


def load_plain(source: Source) -> tuple[Plain | None, list[Finding]]:
    """Read a YAML file as plain data: dict, list, str, int, Decimal, bool, None. None when it is no YAML at all; a part
    that is wrong stands as well as it can be understood: the first of two keys, an ambiguous word as text."""
    findings: list[Finding] = []
    node = Reader(source, findings).read()
    if node is None:
        return None, findings
    reader = _Values(findings)
    return Plain(reader.value(node, ()), reader.spans, reader.keys), findings


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file as plain data with the place of each piece, and the findings about it."""

    source: Source
    data: Any
    spans: Mapping[Path, Span]
    keys: Mapping[Path, Span]
    findings: list[Finding]
    readable: bool
    """Whether it is YAML at all."""
    mistyped: set[Path] = field(default_factory=set)
    """Mappings with a key that means nothing: what they lack only follows from it."""

    @classmethod
    def of(cls, source: Source, findings: list[Finding]) -> Document:
        """Returns a file; what is wrong with its YAML, and later with what it says, goes to `findings`."""
        plain, problems = load_plain(source)
        findings.extend(problems)
        if plain is None:
            return cls(source, None, {}, {}, findings, False)
        return cls(source, plain.data, plain.spans, plain.keys, findings, True)

    @property
    def at(self) -> At:
        """The place of the whole."""
        return At(self, ())

    def span(self, *path: str | int) -> Span:
        """The place of a piece, or of the nearest thing around it."""
        for length in range(len(path), -1, -1):
            found = self.spans.get(path[:length])
            if found is not None:
                return found
        return Span(self.source, 0, min(1, len(self.source.text)))


@dataclass(frozen=True, slots=True)
class At:
    """The place of an entry; the places of its pieces are asked for by their keys."""

    document: Document
    path: Path

    def span(self, *path: str | int) -> Span:
        """The place of a piece, or of the nearest thing around it."""
        return self.document.span(*self.path, *path)

    def key(self, *path: str | int) -> Span:
        """The place of the key of a piece, else of the piece."""
        full = (*self.path, *path)
        return self.document.keys.get(full) or self.document.span(*full)

    def has(self, *path: str | int) -> bool:
        """Whether a piece is written."""
        return (*self.path, *path) in self.document.spans

    def raw(self, *path: str | int) -> Any:
        """A piece as it is written; None where it is not."""
        found = self.document.data
        for step in (*self.path, *path):
            if isinstance(found, dict):
                found = found.get(step)
            else:
                found = found[step] if isinstance(found, list) and isinstance(step, int) else None
        return found

    def count(self, *path: str | int) -> int:
        """How many items are written there; a single value counts as a list of one."""
        found = self.raw(*path)
        return len(found) if isinstance(found, list) else int(found is not None and not isinstance(found, dict))

    def sound(self, *path: str | int) -> bool:
        """Whether nothing is wrong so far with a piece, or it is not written."""
        place = self.span(*path)
        return not self.has(*path) or not any(
            finding.span.source is place.source and place.start <= finding.span.start < place.end
            for finding in self.document.findings
        )

    def wrong(self, code: str, message: str, *path: str | int, hint: str | None = None) -> None:
        """Adds a finding at a piece."""
        self.document.findings.append(Finding(code, message, self.span(*path), hint=hint))

    def wrong_key(self, code: str, message: str, *path: str | int, hint: str | None = None) -> None:
        """Adds a finding at the key of a piece."""
        self.document.findings.append(Finding(code, message, self.key(*path), hint=hint))

    def lacks(self, message: str) -> None:
        """Adds a finding about something missing, unless a mistyped key of the entry says so already."""
        if self.path not in self.document.mistyped:
            self.wrong("unknown-key", message)


class _Values:
    """The small tree to values."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings
        self.spans: dict[Path, Span] = {}
        self.keys: dict[Path, Span] = {}

    def value(self, node: Node, path: Path) -> Any:
        """The node as plain data, places noted by path."""
        self.spans[path] = node.span
        if node.kind == "list":
            return [self.value(child, (*path, index)) for index, child in enumerate(node.items)]
        if node.kind == "map":
            found: dict[str, Any] = {}
            for name, key, value in self._pairs(node):
                self.keys[(*path, name)] = key.span
                found[name] = self.value(value, (*path, name))
            return found
        if not node.plain or self._ambiguous(node):
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

    def _pairs(self, node: Node) -> Iterator[tuple[str, Node, Node]]:
        """Key text, key and value of a mapping, each key once."""
        seen: dict[str, Span] = {}
        for key, value in node.pairs:
            if key.kind != "scalar":
                self._wrong("bad-yaml", say("a key must be a word, not {found}", _what(key)), key.span)
                continue
            if key.text == "<<":
                self._wrong("bad-yaml", say("merge keys are not read"), key.span)
                continue
            if self._ambiguous(key):
                continue
            if key.text in seen:
                related = (Related(seen[key.text], say("first here")),)
                message = say("the key `{key}` stands twice", _short(key.text))
                self.findings.append(Finding("duplicate-key", message, key.span, say("keep one"), related=related))
                continue
            seen[key.text] = key.span
            yield key.text, key, value

    def _ambiguous(self, node: Node) -> bool:
        if not node.plain or not _AMBIGUOUS.fullmatch(node.text):
            return False
        message = say("YAML readers disagree about `{text}`", node.text)
        self._wrong("yaml-ambiguous-scalar", message, node.span, _clear(node.text))
        return True

    def _wrong(self, code: str, message: str, span: Span, hint: str | None = None) -> None:
        self.findings.append(Finding(code, message, span, hint))


def _clear(text: str) -> str:
    """How an unclear word is written clearly, both ways it may be meant."""
    truths = {"yes": "true", "y": "true", "on": "true", "no": "false", "n": "false", "off": "false"}
    if text.lower() in truths:
        return say('quote it: `"{text}"`; where true or false is meant, write `{truth}`', text, truths[text.lower()])
    return say('quote it: `"{text}"`', text)


def _what(node: Node) -> str:
    if node.kind != "scalar":
        return say("a list") if node.kind == "list" else say("a mapping")
    return f"`{_short(node.text)}`" if node.text else say("nothing")


def _short(text: str) -> str:
    line = text.replace("\n", " ")
    return line if len(line) <= 40 else f"{line[:39]}…"

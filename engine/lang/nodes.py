"""YAML text to a small tree of nodes with spans, from parser events: PyYAML's own nodes no longer show anchors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import yaml

from engine.lang.findings import Finding
from engine.lang.limits import LIMITS
from engine.lang.said import say
from engine.lang.source import Source, Span

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
NULL = frozenset({"", "null", "Null", "NULL"})
"""The plain scalars that mean nothing at all."""


_PROBLEMS: Mapping[str, str] = {
    one: one
    for one in (
        say("mapping values are not allowed in this context"),
        say("mapping keys are not allowed in this context"),
        say("block sequence entries are not allowed in this context"),
        say("could not find expected ':'"),
        say("did not find expected key"),
        say("did not find expected '-' indicator"),
        say("did not find expected ',' or ']'"),
        say("did not find expected ',' or '}'"),
        say("did not find expected node content"),
        say("did not find expected <document start>"),
        say("did not find expected comment or line break"),
        say("did not find expected alphabetic or numeric character"),
        say("did not find expected hexdecimal number"),
        say("did not find expected whitespace"),
        say("did not find expected digit or '.' character"),
        say("did not find expected whitespace or line break"),
        say("found character that cannot start any token"),
        say("found unexpected end of stream"),
        say("found unexpected document indicator"),
        say("found unknown escape character"),
        say("found invalid Unicode character escape code"),
        say("found a tab character that violates indentation"),
        say("found a tab character where an indentation space is expected"),
        say("found unknown directive name"),
        say("found undefined tag handle"),
        say("found incompatible YAML document"),
        say("exceeded maximum depth"),
        say("cannot be read"),
    )
}
"""The reader's own words, which we know by heart."""


@dataclass(slots=True)
class Node:
    """A scalar, list or mapping. `plain`: a scalar without quotes."""

    kind: Literal["scalar", "list", "map"]
    span: Span
    text: str = ""
    plain: bool = False
    items: list[Node] = field(default_factory=list)
    pairs: list[tuple[Node, Node]] = field(default_factory=list)

    @property
    def is_null(self) -> bool:
        """Whether it is a scalar that means nothing."""
        return self.kind == "scalar" and self.plain and self.text in NULL


class _Refused(Exception):
    """The text is not YAML that is read here; the finding says why."""


class Reader:
    """Reads one document; what is not plain YAML becomes a finding."""

    def __init__(self, source: Source, findings: list[Finding]) -> None:
        self.source = source
        self.findings = findings

    def read(self) -> Node | None:
        """The document's root; None (and a finding) when it cannot be read."""
        text = self.source.text
        if len(text) > LIMITS.yaml_chars:
            message = say("a YAML file has at most {most} characters, this one {count}", LIMITS.yaml_chars, len(text))
            self._refuse(message, 0, 1)
            return None
        if text.startswith("\ufeff"):
            self._refuse(say("the file begins with a byte order mark"), 0, 1, say("save it as UTF-8 without one"))
            return None
        try:
            return self._document(yaml.parse(text, Loader=_LOADER))
        except _Refused:
            return None
        except yaml.reader.ReaderError as error:
            at = self._character(int(error.position))
            self._refuse(
                say("a character that YAML does not allow (U+{number})", f"{ord(text[at : at + 1] or chr(0)):04X}"),
                at,
                at + 1,
            )
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            at = min(int(getattr(mark, "index", 0)), len(text))
            problem = error.problem or error.context or say("cannot be read")
            if text[at : at + 1] == "\t":
                self._refuse(say("a tab stands where YAML wants spaces"), at, at + 1, say("indent with spaces"))
                return None
            self._refuse(_PROBLEMS.get(problem, problem), at, min(at + 1, len(text)))
        except (yaml.YAMLError, UnicodeError, ValueError) as error:
            self._refuse(say("the file cannot be read: {error}", error), 0, 1)
        return None

    def _character(self, position: int) -> int:
        """Where the first character is that no YAML may hold; the C reader counts bytes, so it is looked up."""
        found = re.search("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", self.source.text)
        return found.start() if found else min(position, len(self.source.text))

    def _refuse(self, message: str, start: int, end: int, hint: str | None = None) -> None:
        self.findings.append(Finding("bad-yaml", message, self.source.span(start, max(start, end)), hint))

    def _document(self, events: Any) -> Node | None:
        root: Node | None = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._wrong(say("a file holds one document"), event, say("remove the second `---`"))
            elif isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent | yaml.AliasEvent):
                root = self._node(event, events, 0)
        if root is None:
            self._refuse(say("the file is empty"), 0, 0)
        return root

    def _wrong(self, message: str, event: Any, hint: str | None = None) -> _Refused:
        self._refuse(message, event.start_mark.index, event.end_mark.index, hint)
        return _Refused()

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise self._wrong(say("anchors and aliases are not read"), event, say("write the value where it is wanted"))
        if event.tag is not None:
            raise self._wrong(say("tags are not read: `{tag}`", event.tag), event)
        if depth > LIMITS.yaml_depth:
            raise self._wrong(say("more than {most} levels within each other", LIMITS.yaml_depth), event)
        start = _index(event.start_mark)
        if isinstance(event, yaml.ScalarEvent):
            span = self.source.span(start, _index(event.end_mark))
            if "\0" in event.value:  # written as an escape
                raise self._wrong(say("a character that YAML does not allow (U+{number})", "0000"), event)
            return Node("scalar", span, event.value, not event.style)
        node = Node("map" if isinstance(event, yaml.MappingStartEvent) else "list", self.source.span(start, start))
        end = self._fill(node, events, depth)
        node.span = self.source.span(start, end)
        return node

    def _fill(self, node: Node, events: Iterator[Any], depth: int) -> int:
        """The children of a list or mapping; gives where it ends."""
        key: Node | None = None
        last = node.span.start
        for event in events:
            if isinstance(event, yaml.CollectionEndEvent):
                # A block collection "ends" where the next thing begins; its last child says where it really does.
                end = _index(event.end_mark)
                return end if end > _index(event.start_mark) else last
            child = self._node(event, events, depth + 1)
            last = child.span.end
            if node.kind == "list":
                node.items.append(child)
            elif key is None:
                key = child
            else:
                node.pairs.append((key, child))
                key = None
        return last


def _index(mark: Any) -> int:
    """The offset of a mark, in characters."""
    return int(mark.index)

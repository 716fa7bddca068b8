"""Where a piece of rule text stands: sources, spans, and texts that are embedded in a YAML scalar.

A position is an offset in characters. Lines and columns are derived from it on demand and count from 1;
the end column is the column right after the last character, as editors and SARIF have it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Source:
    """One file of `rules/`: its path (relative, posix) and its whole text."""

    path: str
    text: str

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column (both from 1) of the character at `offset`."""
        starts = _line_starts(self.text)
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of line `number` (from 1), without its line break."""
        starts = _line_starts(self.text)
        begin = starts[number - 1]
        end = starts[number] - 1 if number < len(starts) else len(self.text)
        return self.text[begin:end].removesuffix("\r")

    def span(self, start: int, end: int) -> Span:
        """The span from `start` up to `end` (exclusive), in characters."""
        return Span(self, start, end)


@lru_cache(maxsize=64)
def _line_starts(text: str) -> list[int]:
    starts = [0]
    find = text.find
    at = find("\n")
    while at >= 0:
        starts.append(at + 1)
        at = find("\n", at + 1)
    return starts


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a source: `start` up to `end` (exclusive), offsets in characters."""

    source: Source
    start: int
    end: int

    @property
    def line(self) -> int:
        """Line of the first character, from 1."""
        return self.source.position(self.start)[0]

    @property
    def column(self) -> int:
        """Column of the first character, from 1, in characters."""
        return self.source.position(self.start)[1]

    @property
    def end_line(self) -> int:
        """Line of the end, from 1."""
        return self.source.position(self.end)[0]

    @property
    def end_column(self) -> int:
        """Column right after the last character, from 1."""
        return self.source.position(self.end)[1]

    @property
    def text(self) -> str:
        """The characters of the span."""
        return self.source.text[self.start : self.end]

    def to(self, other: Span) -> Span:
        """From the start of this span to the end of `other`, in the same source."""
        return Span(self.source, self.start, max(self.end, other.end))

    def holds(self, other: Span) -> bool:
        """Whether `other` lies in it."""
        return self.source == other.source and self.start <= other.start and other.end <= self.end

    def __repr__(self) -> str:
        return f"<{self.source.path}:{self.line}:{self.column} {self.text[:40]!r}>"


class Place:
    """Maps offsets of a text to spans of the source it stands in.

    A whole file maps one to one. A text embedded in a YAML scalar (or in a quoted rule text) was unescaped and
    unfolded on the way, so each of its characters carries the offset it came from.
    """

    __slots__ = ("_base", "_end", "_ends", "_offsets", "_text", "source")

    def __init__(self, source: Source, base: int = 0, text: str | None = None, end: int = 0) -> None:
        self.source = source
        self._base = base
        self._text = text
        """What has to be aligned with the source between `base` and `end`; None when it stands there as it is."""
        self._end = end
        self._offsets: Sequence[int] = ()
        self._ends: Sequence[int] = ()

    @classmethod
    def whole(cls, source: Source) -> Place:
        """The text is the source itself."""
        return cls(source)

    @classmethod
    def embedded(cls, text: str, span: Span) -> Place:
        """The text is what the scalar at `span` means; its own characters may be quoted, escaped or folded."""
        raw = span.text
        if raw == text:
            return cls(span.source, span.start)
        if raw[:1] in ("'", '"') and raw[1:-1] == text:
            return cls(span.source, span.start + 1)
        return cls(span.source, span.start, text, span.end)

    def span(self, start: int, end: int) -> Span:
        """The span in the source of `text[start:end]`."""
        if self._text is None:
            return Span(self.source, self._base + start, self._base + end)
        if not self._offsets:
            raw = self.source.text[self._base : self._end]
            self._offsets, self._ends = _align(self._text, raw, self._base)
        offsets = self._offsets
        first = offsets[start] if start < len(offsets) else self._end
        if end <= start:
            return Span(self.source, first, first)
        last = self._ends[end - 1] if end - 1 < len(offsets) else self._end
        return Span(self.source, first, max(first, last))


def _align(text: str, raw: str, base: int) -> tuple[list[int], list[int]]:
    """For each character of `text` where the raw characters it came from begin and end in the source.

    The raw form is walked once: a character that is the wanted one is taken; a backslash begins an escape that
    yields the wanted one whatever it is; anything else (quotes, indentation, a block header, doubled quotes) is
    skipped. A folded line break shows as one space. What cannot be placed stands where the walk has come to, so a
    finding is at worst a little late, never outside of the scalar.
    """
    at = 0
    size = len(raw)
    if raw[:1] in ("|", ">"):
        at = raw.find("\n") + 1
    elif raw[:1] in ('"', "'"):
        at = 1
    escapes = raw[:1] == '"'
    offsets: list[int] = []
    ends: list[int] = []
    for char in text:
        start = at
        while at < size:
            here = raw[at]
            if escapes and here == "\\":
                offsets.append(base + at)
                at += _escape_length(raw, at)
                break
            if here == char:
                offsets.append(base + at)
                at += 2 if raw[:1] == "'" and here == "'" else 1
                break
            if char == " " and here == "\n":
                offsets.append(base + at)
                at += 1
                while at < size and raw[at] in " \t\r\n":
                    at += 1
                break
            at += 1
        else:
            at = start
            offsets.append(base + min(start, max(size - 1, 0)))
        ends.append(base + max(at, start))
    return offsets, ends


def _escape_length(raw: str, at: int) -> int:
    kind = raw[at + 1 : at + 2]
    if kind == "u" and raw[at + 2 : at + 3] == "{":
        end = raw.find("}", at)
        return (end - at + 1) if end > 0 else 2
    return {"x": 4, "u": 6, "U": 10}.get(kind, 2)

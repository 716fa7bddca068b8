"""What the language service answers: plain values, the same for the language server, the API and the editor.

Lines and columns count from 1, columns in characters, the end column is right after the last character: as findings
have it. `as_dict` gives the shape that travels as JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.lang import Span


@dataclass(frozen=True, slots=True)
class Place:
    """A piece of a file of the rules folder; `path` counts from there."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int

    @classmethod
    def of(cls, span: Span) -> Place:
        """The place of a span."""
        return cls(span.source.path, span.line, span.column, span.end_line, span.end_column)

    def as_dict(self) -> dict[str, Any]:
        """`file` and the four numbers, as in a finding."""
        return {
            "file": self.path,
            "line": self.line,
            "column": self.column,
            "end_line": self.end_line,
            "end_column": self.end_column,
        }


@dataclass(frozen=True, slots=True)
class Edit:
    """The text that stands at a place from now on. Edits of one answer never overlap."""

    place: Place
    text: str

    def as_dict(self) -> dict[str, Any]:
        """The place and `text`."""
        return {**self.place.as_dict(), "text": self.text}


@dataclass(frozen=True, slots=True)
class Completion:
    """Something that fits where the cursor stands.

    `kind`: keyword, field, event, function, action, code, file, filter, key, or the noun it names (team, template …).
    `insert` replaces what is at `place`: the begun word.
    """

    label: str
    kind: str
    insert: str
    place: Place
    detail: str = ""
    documentation: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Everything by name; the place under `replace`."""
        return {
            "label": self.label,
            "kind": self.kind,
            "insert": self.insert,
            "replace": self.place.as_dict(),
            "detail": self.detail,
            "documentation": self.documentation,
        }


@dataclass(frozen=True, slots=True)
class Hover:
    """What is to be known about the word at a place, as Markdown."""

    text: str
    place: Place

    def as_dict(self) -> dict[str, Any]:
        """`text` and the place."""
        return {"text": self.text, **self.place.as_dict()}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something cannot be renamed."""

    message: str

    def as_dict(self) -> dict[str, Any]:
        """`message`."""
        return {"message": self.message}


@dataclass(frozen=True, slots=True)
class CodeAction:
    """A remedy for one finding: what it does, the finding's code, and the edits."""

    title: str
    code: str
    edits: tuple[Edit, ...]
    finding: Place

    def as_dict(self) -> dict[str, Any]:
        """Everything by name."""
        return {
            "title": self.title,
            "code": self.code,
            "edits": [edit.as_dict() for edit in self.edits],
            "finding": self.finding.as_dict(),
        }


@dataclass(frozen=True, slots=True)
class Symbol:
    """A line of the outline: `kind` is stage, words, definition, rule, scenario, or the noun a YAML file declares.

    `place`: the whole of it, `name_place`: its name alone, which lies inside.
    """

    name: str
    kind: str
    detail: str
    place: Place
    name_place: Place

    def as_dict(self) -> dict[str, Any]:
        """Everything by name."""
        return {
            "name": self.name,
            "kind": self.kind,
            "detail": self.detail,
            "place": self.place.as_dict(),
            "name_place": self.name_place.as_dict(),
        }

"""The rules language. It knows no desk: everything desk-like is declared by an `Environment`."""

from __future__ import annotations

from engine.lang.ast import File
from engine.lang.codes import CODES, Code, Severity
from engine.lang.environment import Environment, EventKind, Field, Function, Stage, Text
from engine.lang.findings import Finding, Related, render, suggest
from engine.lang.limits import LIMITS
from engine.lang.parser import parse
from engine.lang.source import Source, Span
from engine.lang.types import (
    DATE,
    DURATION,
    FLAG,
    NUMBER,
    TEXT,
    TIME,
    WEEKDAYS,
    Duration,
    Enum,
    Type,
    entity,
    enum_of,
    list_of,
)

__all__ = [
    "CODES",
    "DATE",
    "DURATION",
    "FLAG",
    "LIMITS",
    "NUMBER",
    "TEXT",
    "TIME",
    "WEEKDAYS",
    "Code",
    "Duration",
    "Enum",
    "Environment",
    "EventKind",
    "Field",
    "File",
    "Finding",
    "Function",
    "Related",
    "Severity",
    "Source",
    "Span",
    "Stage",
    "Text",
    "Type",
    "entity",
    "enum_of",
    "list_of",
    "parse",
    "render",
    "suggest",
]

"""The rules language. It knows no desk: everything desk-like is declared by an `Environment`."""

from __future__ import annotations

from engine.lang.ast import File
from engine.lang.checked import Checked, EventRef, Limit, Schedule
from engine.lang.checker import check
from engine.lang.codes import CODES, Code, Severity
from engine.lang.document import Plain, decode, load_plain
from engine.lang.environment import ActionKind, Environment, EventKind, Field, Function, Stage, Text
from engine.lang.findings import Finding, Related, render, suggest
from engine.lang.formatter import CannotFormat, format_text
from engine.lang.limits import LIMITS
from engine.lang.parser import parse
from engine.lang.rule import Clause, Condition, Effect, Rule
from engine.lang.ruleset import RuleSet, compile_condition, compile_rules
from engine.lang.runtime import Helpers
from engine.lang.source import Source, Span
from engine.lang.template import Template, compile_template
from engine.lang.text import WordSet, fold, mask, may_be_masked, tokens
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
    "ActionKind",
    "CannotFormat",
    "Checked",
    "Clause",
    "Code",
    "Condition",
    "Duration",
    "Effect",
    "Enum",
    "Environment",
    "EventKind",
    "EventRef",
    "Field",
    "File",
    "Finding",
    "Function",
    "Helpers",
    "Limit",
    "Plain",
    "Related",
    "Rule",
    "RuleSet",
    "Schedule",
    "Severity",
    "Source",
    "Span",
    "Stage",
    "Template",
    "Text",
    "Type",
    "WordSet",
    "check",
    "compile_condition",
    "compile_rules",
    "compile_template",
    "decode",
    "entity",
    "enum_of",
    "fold",
    "format_text",
    "list_of",
    "load_plain",
    "mask",
    "may_be_masked",
    "parse",
    "render",
    "suggest",
    "tokens",
]

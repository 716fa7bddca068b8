"""The TextMate grammar of rule files, made from the one table of keywords: colours for editors without a server.

`python -m tests.house.reference` writes it beside this file; a test says when it is stale.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from engine.lang.grammar import action_words, header_words
from engine.lang.keywords import KEYWORDS, Keyword

FILE = "yingda-rules.tmLanguage.json"

_NAME = r"[^\W\d]\w*"
_ALONE, _ENDS = r"(?<![\w.])", r"(?!\w)"
_ITEMS = ("RULE", "STAGE", "WORDS", "DEFINE")
_PARTS = ("ON", "WHEN", "THEN")
_LOGIC = ("AND", "OR", "NOT")
_VALUES = ("TRUE", "FALSE", "EMPTY", "NOW")
_TESTS = ("IN", "IS", "HAS", "CONTAINS", "STARTS", "ENDS", "MATCHES", "CHANGED", "ANY", "ALL", "ONLY")


def words(tokens: Iterable[str]) -> list[str]:
    """Every written form of some keywords, the longest first, so that none hides another."""
    wanted = set(tokens)
    found = {word for keyword in KEYWORDS if keyword.token in wanted for word in _written(keyword)}
    return sorted(found, key=lambda word: (-len(word), word))


def _written(keyword: Keyword) -> tuple[str, ...]:
    return (keyword.en, *keyword.chinese)


def _any(tokens: Iterable[str]) -> str:
    return f"(?:{'|'.join(map(re.escape, words(tokens)))})"


def _keyword(tokens: Iterable[str], scope: str) -> dict[str, Any]:
    return {"match": f"{_ALONE}{_any(tokens)}{_ENDS}", "name": f"{scope}.yingda-rules"}


def _named(token: str, scope: str) -> dict[str, Any]:
    """A keyword and the name it brings into being."""
    return {
        "match": rf"{_ALONE}({_any([token])})\s+({_NAME})",
        "captures": {
            "1": {"name": "keyword.declaration.yingda-rules"},
            "2": {"name": f"{scope}.yingda-rules"},
        },
    }


def grammar() -> dict[str, Any]:
    """The grammar as plain data."""
    every = {keyword.token for keyword in KEYWORDS}
    known = {*_ITEMS, *_PARTS, *_LOGIC, *_VALUES, *_TESTS, *action_words(), *header_words()}
    return {
        "name": "Yingda rules",
        "scopeName": "source.yingda-rules",
        "fileTypes": ["rules"],
        "patterns": [
            {"include": f"#{part}"}
            for part in ("comment", "pattern", "text", "declaration", "allow", "number", "field", "keyword", "sign")
        ],
        "repository": {
            "comment": {
                "match": r"(#).*$",
                "name": "comment.line.number-sign.yingda-rules",
                "captures": {"1": {"name": "punctuation.definition.comment.yingda-rules"}},
            },
            "pattern": {
                "match": rf"{_ALONE}({_any(['MATCHES'])})\s*(/(?:[^/\\]|\\.)*/\w*)",
                "captures": {
                    "1": {"name": "keyword.operator.test.yingda-rules"},
                    "2": {"name": "string.regexp.yingda-rules"},
                },
            },
            "text": {
                "begin": '"',
                "end": '"|$',
                "name": "string.quoted.double.yingda-rules",
                "patterns": [
                    {
                        "match": r"\\(?:u\{[0-9A-Fa-f]{1,6}\}|.)",
                        "name": "constant.character.escape.yingda-rules",
                    },
                    {
                        "match": rf"\{{({_NAME}(?:\.\w+)*)([^{{}}]*)\}}",
                        "name": "meta.embedded.slot.yingda-rules",
                        "captures": {
                            "1": {"name": "variable.other.member.yingda-rules"},
                            "2": {"name": "support.function.filter.yingda-rules"},
                        },
                    },
                ],
            },
            "declaration": {
                "patterns": [
                    _named("RULE", "entity.name.function"),
                    _named("DEFINE", "entity.name.type"),
                    _named("WORDS", "entity.name.type"),
                    _named("STAGE", "entity.name.section"),
                ]
            },
            "allow": {
                "match": rf"{_ALONE}({_any(['ALLOW'])})\s+([a-z0-9]+(?:-[a-z0-9]+)+)",
                "captures": {
                    "1": {"name": "keyword.control.header.yingda-rules"},
                    "2": {"name": "constant.other.code.yingda-rules"},
                },
            },
            "number": {
                "patterns": [
                    {"match": rf"\b\d+(?:\.\d+)?[smhdw]{_ENDS}", "name": "constant.numeric.duration.yingda-rules"},
                    {"match": rf"\b\d+(?:\.\d+)?(?:%|{_ENDS})", "name": "constant.numeric.yingda-rules"},
                ]
            },
            "field": {
                "match": rf"{_ALONE}{_NAME}(?:\.{_NAME})+",
                "name": "variable.other.member.yingda-rules",
            },
            "keyword": {
                "patterns": [
                    _keyword(_ITEMS, "keyword.declaration"),
                    _keyword(_PARTS, "keyword.control"),
                    _keyword(_LOGIC, "keyword.operator.logical"),
                    _keyword(_VALUES, "constant.language"),
                    _keyword(_TESTS, "keyword.operator.test"),
                    _keyword(action_words(), "support.function.action"),
                    _keyword(header_words() - action_words() - set(_ITEMS), "keyword.control.header"),
                    _keyword(every - known, "keyword.other"),
                ]
            },
            "sign": {"match": r"!=|<=|>=|[-=<>≠≤≥+*/]", "name": "keyword.operator.yingda-rules"},
        },
    }


def text() -> str:
    """The grammar as the file has it."""
    return json.dumps(grammar(), ensure_ascii=False, indent=2) + "\n"


def for_console() -> str:
    """The same words as TypeScript, for the console's editor: each written form by what it is there."""
    every = {keyword.token for keyword in KEYWORDS}
    kinds = {
        "item": _ITEMS,
        "part": _PARTS,
        "logic": _LOGIC,
        "value": _VALUES,
        "test": _TESTS,
        "action": action_words(),
        "header": header_words() - action_words() - set(_ITEMS),
    }
    rest = every.difference(*kinds.values())
    lines = [
        "/** The keywords of rule files: made of engine/lang/keywords.py by `python -m tests.house.reference`. */",
        "export const KEYWORDS: Record<string, readonly string[]> = {",
    ]
    for kind, tokens in {**kinds, "other": rest}.items():
        lines.append(f"  {kind}: [{', '.join(repr(word) for word in words(tokens))}],")
    return "\n".join([*lines, "}", ""])

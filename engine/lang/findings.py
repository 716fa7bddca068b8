"""Findings: what the validator reports, as data, and the four voices that print it."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from engine.lang.codes import CODES, Code, Severity
from engine.lang.said import say, spoken
from engine.lang.source import Span
from engine.lang.text import fold, width

__all__ = ["CODES", "Code", "Finding", "Related", "Severity", "closest", "denies", "in_words", "render", "suggest"]

# A line longer than this many columns is shown around the span only.
_SHOWN_COLUMNS = 160


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that has to do with a finding."""

    span: Span
    message: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the validator has to say.

    `message`: lower case, no full stop, the author's words in backticks. `hint`: what to do. `witness`: a concrete
    event and ticket that shows it. `label`: the few words beside the underline. All in English, and all `said`, so
    that they can be `spoken` in the reader's language. `slip`: where the reader stumbled, to try what may be meant.
    """

    code: str
    message: str
    span: Span
    hint: str | None = None
    witness: str | None = None
    related: tuple[Related, ...] = ()
    label: str | None = None
    slip: Any = field(default=None, compare=False, repr=False)

    @property
    def severity(self) -> Severity:
        """Error or warning, as the registry says."""
        return CODES[self.code].severity

    def spoken(self, locale: str) -> Finding:
        """The finding in a language of `LOCALES`."""
        if locale == "en":
            return self
        return replace(
            self,
            message=spoken(self.message, locale),
            hint=spoken(self.hint, locale),
            witness=spoken(self.witness, locale),
            related=tuple(replace(other, message=spoken(other.message, locale)) for other in self.related),
            label=spoken(self.label, locale),
        )

    def as_dict(self) -> dict[str, Any]:
        """The finding as plain data for `--format json` and the API; its texts can still be `spoken`."""
        found: dict[str, Any] = {
            "code": self.code,
            "severity": str(self.severity),
            "file": self.span.source.path,
            **_range(self.span),
            "message": self.message,
            "hint": self.hint,
        }
        if self.witness is not None:
            found["witness"] = self.witness
        if self.related:
            found["related"] = [
                {"file": other.span.source.path, **_range(other.span), "message": other.message}
                for other in self.related
            ]
        return found


def _range(span: Span) -> dict[str, int]:
    return {
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }


def suggest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate `word` was probably meant to be, or None.

    Case, width, script and underscores do not count; at most a third of the letters (always one, and two swapped
    ones) may be wrong. Of equally close ones the first in alphabetical order is taken. A word that says no is never
    taken for one that says yes.
    """
    wanted = _plain(word)
    if not wanted:
        return None
    limit = max(1, len(wanted) // 3)
    denial = denies(word)
    best: tuple[int, str] | None = None
    for candidate in sorted(set(candidates)):
        plain = _plain(candidate)
        if candidate == word or denies(candidate) != denial or _contrary(wanted, plain) or _contrary(plain, wanted):
            continue
        if abs(len(plain) - len(wanted)) > limit:
            continue
        distance = _distance(wanted, plain, limit)
        # One wrong letter of one, or two of two, is another word, not a slip.
        if distance <= limit and distance < max(len(wanted), len(plain)) and (best is None or distance < best[0]):
            best = (distance, candidate)
    return best[1] if best else None


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """The hint made of `suggest`: "did you mean `x`?", or None."""
    found = suggest(word, candidates)
    return say("did you mean `{name}`?", found) if found else None


_DENIAL = re.compile(
    r"[不非未沒没無无勿否≠!]|n't\b|<>|=/=|~=|\b(?:not|never|without|isnt|doesnt|dont|didnt|hasnt)\b", re.IGNORECASE
)
_QUOTED = re.compile(r"([\"'])(?:(?!\1).)*\1")
_OPPOSITES = ("un", "in", "im", "non", "dis", "re", "de", "not")
"""What makes another word of one, often its opposite: `unpaid`, `reopen`."""


def denies(text: str) -> bool:
    """Whether a word or a line says no, in either language; what is in quotes says nothing."""
    return _DENIAL.search(_QUOTED.sub("", text)) is not None


def _contrary(longer: str, plain: str) -> bool:
    """Whether one word is another with something before it that turns it round, perhaps with a slip."""
    for before in _OPPOSITES:
        rest = longer.removeprefix(before)
        if rest != longer and not plain.startswith(before) and rest[:1] == plain[:1]:
            limit = max(1, len(rest) // 3)
            if _distance(rest, plain, limit) <= limit:
                return True
    return False


def _plain(word: str) -> str:
    return fold(word[:200]).replace("_", "").replace("-", "")


def _distance(a: str, b: str, limit: int) -> int:
    """Edits (with swapped neighbours as one) from `a` to `b`, or more than `limit`."""
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
        before, last = last, row
    return last[-1]


def render(findings: Iterable[Finding], format: str = "text", root: str = "", locale: str = "en") -> str:
    """Print findings as `text`, `json`, `github` (workflow commands) or `sarif` 2.1.0, in a language of `LOCALES`.

    `root` is put before every path (`rules/`), since sources are named from there. Raises ValueError for a format
    that does not exist.
    """
    found = [finding.spoken(locale) for finding in findings]
    if format == "text":
        return "\n".join(_as_text(finding, root, locale) for finding in found)
    if format == "json":
        return json.dumps(_as_json(found, root), ensure_ascii=False, indent=2)
    if format == "github":
        return "\n".join(_as_github(finding, root, locale) for finding in found)
    if format == "sarif":
        return json.dumps(_as_sarif(found, root, locale), ensure_ascii=False, indent=2)
    raise ValueError(f"no such format: {format}")


def _as_text(finding: Finding, root: str, locale: str) -> str:
    blocks = [f"{finding.severity}[{finding.code}]: {_show(finding.message)}"]
    numbers = [finding.span.line, *(other.span.line for other in finding.related)]
    margin = len(str(max(numbers)))
    blocks += _snippet(finding.span, "-->", "^", finding.label, margin, root)
    for other in finding.related:
        blocks += _snippet(other.span, ":::", "-", other.message, margin, root)
    if finding.witness:
        blocks.append(f"{' ' * margin} = {_show(_example(finding.witness, locale))}")
    if finding.hint:
        blocks.append(f"{' ' * margin} = {_show(_help(finding.hint, locale))}")
    return "\n".join(blocks) + "\n"


def _example(witness: str, locale: str) -> str:
    return say("example: {case}", witness).spoken(locale)


def _help(hint: str, locale: str) -> str:
    return say("help: {hint}", hint).spoken(locale)


def in_words(finding: Finding, locale: str = "en") -> str:
    """All that a finding says, in a language of `LOCALES`: for places that have no room for its parts."""
    told = finding.spoken(locale)
    parts = [told.message]
    if told.witness:
        parts.append(_example(told.witness, locale))
    if told.hint:
        parts.append(_help(told.hint, locale))
    return "\n".join(parts)


def _snippet(span: Span, arrow: str, mark: str, label: str | None, margin: int, root: str) -> list[str]:
    line, column = span.source.position(span.start)
    source = span.source.line(line)
    first = column - 1
    last = first + (span.end - span.start) if span.end_line == line else len(source)
    begin = 0
    if len(source) > _SHOWN_COLUMNS:
        begin = max(0, first - _SHOWN_COLUMNS // 4)
        source = source[: begin + _SHOWN_COLUMNS]
        last = min(last, len(source))
    shown = _show(source[begin:])
    lead = "".join("\t" if char == "\t" else " " * width(_show(char)) for char in source[begin:first])
    marks = mark * max(1, width(_show(source[first:last])))
    return [
        f"{' ' * margin}{arrow} {root}{span.source.path}:{line}:{column}",
        f"{line:>{margin}} | {shown}",
        f"{' ' * margin} | {lead}{marks}{' ' + _show(label) if label else ''}",
    ]


def _show(text: str) -> str:
    """`text` safe for a terminal: what is invisible or turns the reading direction is written as `\\u{…}`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char
        if char == "\t" or unicodedata.category(char) not in ("Cc", "Cf", "Zl", "Zp", "Cs", "Co")
        else f"\\u{{{ord(char):x}}}"
        for char in text
    )


def _as_json(found: Sequence[Finding], root: str) -> dict[str, Any]:
    items = [finding.as_dict() for finding in found]
    for item in items:
        item["file"] = root + item["file"]
        for other in item.get("related", ()):
            other["file"] = root + other["file"]
    errors = sum(finding.severity is Severity.ERROR for finding in found)
    return {"findings": items, "errors": errors, "warnings": len(found) - errors}


def _as_github(finding: Finding, root: str, locale: str) -> str:
    span = finding.span
    place = {
        "file": root + span.source.path,
        "line": span.line,
        "endLine": span.end_line,
        "col": span.column,
        "endColumn": span.end_column,
        "title": finding.code,
    }
    properties = ",".join(f"{key}={_escape_property(str(value))}" for key, value in place.items())
    message = "\n".join([finding.message, *([_help(finding.hint, locale)] if finding.hint else [])])
    return f"::{finding.severity} {properties}::{_escape_data(message)}"


def _escape_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")


def _as_sarif(found: Sequence[Finding], root: str, locale: str) -> dict[str, Any]:
    used = sorted({finding.code for finding in found})
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "engine validate",
                        "rules": [
                            {
                                "id": code,
                                "shortDescription": {"text": CODES[code].told(locale)},
                                "defaultConfiguration": {"level": str(CODES[code].severity)},
                            }
                            for code in used
                        ],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_sarif_result(finding, used, root, locale) for finding in found],
            }
        ],
    }


def _sarif_result(finding: Finding, used: Sequence[str], root: str, locale: str) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": used.index(finding.code),
        "level": str(finding.severity),
        "message": {"text": in_words(finding, locale)},
        "locations": [_sarif_place(finding.span, root)],
    }
    if finding.related:
        result["relatedLocations"] = [
            {**_sarif_place(other.span, root), "message": {"text": other.message}} for other in finding.related
        ]
    return result


def _sarif_place(span: Span, root: str) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": root + span.source.path},
            "region": {
                "startLine": span.line,
                "startColumn": span.column,
                "endLine": span.end_line,
                "endColumn": span.end_column,
            },
        }
    }

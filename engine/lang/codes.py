"""Every finding code: what it means never changes. Each has a page in `pages/`: what, why, and texts that show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from pathlib import Path

from engine.lang.said import say, spoken
from engine.lang.text import width

MAIN = "shown.rules"
"""The file an example writes where it names none."""
_PAGES = Path(__file__).parent / "pages"
_OPEN, _CLOSE = "⟦", "⟧"


class Severity(StrEnum):
    """How bad a finding is: an error keeps the rules from being used, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Mark:
    """A marked piece of an example: the file and the offsets in its text, end not included."""

    path: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Example:
    """Files that, put over a sound desk, show a finding (or come close and do not). `marks`: where it stands."""

    files: Mapping[str, str]
    marks: tuple[Mark, ...] = ()

    def __str__(self) -> str:
        """For people: each file under its name (the main one without), the marked pieces underlined."""
        parts = []
        for path, text in self.files.items():
            lines = [] if path == MAIN and len(self.files) == 1 else [f"# {path}"]
            start = 0
            for line in text.rstrip("\n").split("\n"):
                lines.append(line)
                for mark in self.marks:
                    if mark.path == path and start <= mark.start <= start + len(line):
                        at = mark.start - start
                        lines.append(" " * width(line[:at]) + "^" * max(1, width(line[at : mark.end - start])))
                start += len(line) + 1
            parts.append("\n".join(lines))
        return "\n\n".join(parts)


@dataclass(frozen=True)
class Code:
    """The page of a finding code."""

    code: str
    severity: Severity

    @cached_property
    def _page(self) -> tuple[str, tuple[Example, ...], tuple[Example, ...]]:
        return _read(self.code)

    @property
    def why(self) -> str:
        """What it means and what to do."""
        return self._page[0]

    def told(self, locale: str) -> str:
        """`why` in a language of `LOCALES`."""
        return spoken(self.why, locale)

    @property
    def bad(self) -> tuple[Example, ...]:
        """What gives the finding; none where a page cannot show it."""
        return self._page[1]

    @property
    def good(self) -> tuple[Example, ...]:
        """What comes close and does not."""
        return self._page[2]

    def page(self, locale: str = "en") -> str:
        """The whole page, as plain text in a language of `LOCALES`; the examples stand as they are."""
        parts = [f"{self.code} ({self.severity})", self.told(locale)]
        for name, examples in ((say("Bad:"), self.bad), (say("Good:"), self.good)):
            parts += [f"{name.spoken(locale)}\n{_indented(str(example))}" for example in examples]
        if self.severity is Severity.WARNING:
            parts.append(
                say(
                    'Where it is meant: `allow {code} "why"` in the rule, or outside of rules for its file.', self.code
                ).spoken(locale)
            )
        return "\n\n".join(parts)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.split("\n"))


@lru_cache(maxsize=256)
def _read(code: str) -> tuple[str, tuple[Example, ...], tuple[Example, ...]]:
    why, *parts = (_PAGES / f"{code}.txt").read_text("utf-8").split("\n== ")
    found: dict[str, list[Example]] = {"bad": [], "good": [], "none": []}
    for part in parts:
        kind, _, text = part.partition("\n")
        if kind != "none":
            found[kind].append(_example(text))
    return why.strip(), tuple(found["bad"]), tuple(found["good"])


def _example(text: str) -> Example:
    files: dict[str, str] = {}
    path = MAIN
    lines: list[str] = []
    for line in [*text.split("\n"), "-- "]:
        if line.startswith("-- "):
            if lines:
                files[path] = "\n".join(lines).rstrip("\n") + "\n"
            path, lines = line.removeprefix("-- ").strip(), []
        else:
            lines.append(line)
    marks = []
    for path, marked in files.items():
        plain = marked
        while (start := plain.find(_OPEN)) >= 0:
            plain = plain[:start] + plain[start + 1 :]
            end = plain.index(_CLOSE)
            plain = plain[:end] + plain[end + 1 :]
            marks.append(Mark(path, start, end))
        files[path] = plain
    return Example(files, tuple(marks))


_ERRORS = """
    syntax-error unknown-keyword unknown-field unknown-value unknown-event unknown-team unknown-skill
    unknown-template unknown-state unknown-calendar unknown-words unknown-function unknown-action unknown-stage
    type-mismatch wrong-arity bad-pattern bad-duration bad-date duplicate-rule duplicate-definition duplicate-key
    recursive-definition read-only-field field-not-available conflicting-actions ambiguous-first
    transition-impossible rule-loop timer-storm unreachable-state dead-end-state nondeterministic-transition
    missing-initial wrong-purpose missing-default-policy timer-order template-missing-language
    template-field-not-available bad-yaml yaml-ambiguous-scalar unknown-key file-not-found not-utf8
    scenario-invalid check-too-long
"""
_WARNINGS = """
    never-true always-true shadowed-rule duplicate-condition implied-rule dead-condition no-route
    unused-definition unused-words unused-template unused-state dead-timer timer-loop expired-rule empty-comparison
    redundant-action redundant-word reply-storm delivery-storm reply-to-automatic suspicious-characters pattern-needless
    no-rule-for-event untested-rule warning-after-target file-not-loaded stale-read
    reply-to-nobody move-without-required doubtful-hours
"""

CODES: Mapping[str, Code] = {
    **{name: Code(name, Severity.ERROR) for name in _ERRORS.split()},
    **{name: Code(name, Severity.WARNING) for name in _WARNINGS.split()},
}
"""All codes by name, errors first."""

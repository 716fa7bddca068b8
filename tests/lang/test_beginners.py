"""A thousand mistakes of beginners in rules of the shipped desk: each is told once, where it was made, with a help; and
where the help says what to write, that is right, names and types too."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from pathlib import Path

from engine.core.building import build
from engine.core.once import told
from engine.core.rulebook import Rulebook
from engine.folder import read_folder
from engine.lang import Finding, Source, check, parse
from tests.lang.beginners import Mistake, mistakes

FILES, _ = read_folder(Path(__file__).resolve().parents[2] / "rules")
COUNT = 1000
_RULE = re.compile(r"^rule .*?(?=^(?:rule|stage|define|words|allow)\b|^#|\Z)", re.MULTILINE | re.DOTALL)
_MEANT = re.compile(r"(?:write|did you mean) `([^`]*)`")


@lru_cache(maxsize=1)
def book() -> Rulebook:
    """The shipped desk."""
    found, _ = build(FILES, analyse=False)
    assert found is not None
    return found


@lru_cache(maxsize=1)
def rules() -> tuple[str, ...]:
    """The text of each shipped rule that is right by itself."""
    found = [
        rule.rstrip() + "\n"
        for path, text in sorted(FILES.items())
        if path.endswith(".rules")
        for rule in _RULE.findall(text)
    ]
    return tuple(rule for rule in found if not findings_of(rule))


@lru_cache(maxsize=1)
def terms() -> tuple[object, ...]:
    """The files in which the desk's words and definitions stand."""
    return tuple(
        parse(Source(path, text))[0]
        for path, text in sorted(FILES.items())
        if path.endswith(".rules") and "\nrule " not in text
    )


def findings_of(text: str) -> list[Finding]:
    """What is told of one rule beside the desk's definitions."""
    file, said = parse(Source("shown.rules", text))
    _, more = check([*terms(), file], book().environment, FILES)  # type: ignore[list-item]
    return [f for f in told([*said, *more], ()) if f.span.source.path == "shown.rules"]


def is_right(mistake: Mistake, finding: Finding, meant: str) -> bool:
    """Whether the rule is right, names and types too, with what is meant in place of the piece, or of its line."""
    text, span = mistake.text, finding.span
    begin = text.rfind("\n", 0, span.start) + 1
    end = text.find("\n", span.start)
    lead = re.match(r"\s*(?:(?:when|and|or|then)\s+)?", text[begin:end])
    start = begin + (lead.end() if lead else 0)
    inner = re.match(r"\s*(?:when|then)?\s*", text[begin:end])
    tries = [
        text[: span.start] + meant + text[span.end :],
        text[:start] + meant + text[end:],
        text[: begin + (inner.end() if inner else 0)] + meant + text[end:],
    ]
    return any(not any(f.severity.value == "error" for f in findings_of(one)) for one in tries)


MADE = list(mistakes(list(rules()), COUNT))


def test_there_are_a_thousand_of_many_kinds() -> None:
    assert len(MADE) == COUNT
    assert len({mistake.way for mistake in MADE}) > 80


def test_each_mistake_is_told_once_where_it_is_with_a_help_that_is_right() -> None:
    wrong: list[tuple[str, str, object]] = []
    for mistake in MADE:
        found = [f for f in findings_of(mistake.text) if f.code != "empty-comparison"]
        shown = mistake.text.split("\n")[mistake.line - 1].strip()
        said = [(f.code, f.span.line, f.span.text, f.message, f.hint) for f in found]
        if len(found) != 1:
            wrong.append((f"{len(found)} findings", shown, said))
            continue
        (finding,) = found
        if abs(finding.span.line - mistake.line) > 1:
            wrong.append(("elsewhere", shown, said))
        elif finding.hint is None:
            wrong.append(("no help", shown, said))
        else:
            meant = _MEANT.search(finding.hint)
            if meant is not None and not is_right(mistake, finding, meant[1]):
                wrong.append(("wrong help", shown, said))
    assert not wrong, (len(wrong), Counter(kind for kind, _, _ in wrong), wrong[:40])

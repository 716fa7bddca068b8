"""One run tells of every mistake, each once, and of nothing that only follows from another."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from engine.lang import CODES, Severity
from tests.findings.desk import base, found_in
from tests.findings.test_same_everywhere import FOLDERS

ERRORS = FOLDERS["errors"]()


def test_a_file_with_dozens_of_mistakes_gives_each_of_them_once() -> None:
    wanted = Counter(name.rsplit("-", 1)[0] for name in ERRORS)
    assert wanted.total() > 30
    findings = found_in({"all.rules": "\n".join(ERRORS.values())})
    assert Counter(finding.code for finding in findings) == wanted
    assert len({(finding.span.start, finding.code) for finding in findings}) == len(findings)


def test_in_as_many_files_it_is_the_same() -> None:
    findings = found_in(ERRORS)
    assert Counter(finding.code for finding in findings) == Counter(name.rsplit("-", 1)[0] for name in ERRORS)
    assert all(finding.span.source.path.startswith(finding.code) for finding in findings)


def test_a_mistake_in_each_yaml_file_is_told_in_each() -> None:
    files = FOLDERS["yaml"]()
    findings = found_in(files)
    assert {finding.span.source.path for finding in findings} == set(files)
    assert len(findings) == len(files)


BREAKS = [
    (path, broken)
    for path in sorted(base())
    if path.endswith((".yaml", ".rules"))
    for broken in ("{", "a: [1, 2", "\x00", "x: &y 1", "- - - -\n: :")
]


@pytest.mark.parametrize(("path", "broken"), BREAKS)
def test_a_file_that_cannot_be_read_is_told_of_and_not_what_it_would_have_said(path: str, broken: str) -> None:
    findings = found_in({path: broken})
    assert findings
    elsewhere = [f for f in findings if f.span.source.path != path]
    assert elsewhere == [], [(f.code, f.span.source.path, f.message) for f in elsewhere]
    assert len(findings) <= 3


@pytest.mark.parametrize("path", [path for path in sorted(base()) if path.endswith(".yaml")])
def test_a_line_that_is_lost_is_told_of_at_most_at_what_needs_it(path: str) -> None:
    lines = base()[path].split("\n")
    for number in range(len(lines)):
        text = "\n".join(lines[:number] + lines[number + 1 :])
        findings = found_in({path: text})
        codes = Counter(finding.code for finding in findings)
        assert len(findings) <= 8, (lines[number], [(f.code, f.message) for f in findings])
        assert "syntax-error" not in codes, lines[number]


def test_hints_of_a_chinese_file_quote_chinese_keywords() -> None:
    """What is proposed can be typed into the file as it is: it uses one set of keywords."""
    from engine.lang import Source, format_text, parse
    from engine.lang.keywords import TOKENS

    english = {word for word in TOKENS if word.isascii()}
    wrong = []
    for name, text in {**ERRORS, **FOLDERS["warnings"]()}.items():
        source = Source(name, text)
        if any(f.severity is Severity.ERROR for f in parse(source)[1]):
            continue
        chinese = format_text(source, "zh")
        for finding in found_in({name: chinese}):
            if (finding.hint or "").startswith("did you mean"):
                continue  # a name, which stays what it is
            said = re.findall(r"`([^`]*)`", f"{finding.message} {finding.hint or ''}")
            wrong += [(name, piece) for piece in said if set(piece.split()) & english and finding.code in CODES]
    assert wrong == []

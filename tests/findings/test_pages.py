"""Every finding has a page whose examples run: the bad one shows it where it is marked, the good one comes close and
does not."""

from __future__ import annotations

import pytest

from engine.lang import CODES, Finding
from engine.lang.codes import Example
from tests.findings.desk import found_in

ELSEWHERE = frozenset({"check-too-long", "not-utf8", "untested-rule"})
"""What no text alone can show; each has tests of its own: test_not_utf8.py, tests/core/test_coverage.py."""

BAD = [(code.code, number) for code in CODES.values() for number in range(len(code.bad))]
GOOD = [(code.code, number) for code in CODES.values() for number in range(len(code.good))]


def at(finding: Finding) -> tuple[str, int, int]:
    return finding.span.source.path, finding.span.start, finding.span.end


def told(findings: list[Finding]) -> list[str]:
    return [
        f"{f.code} {f.span.source.path}:{f.span.line}:{f.span.column} «{f.span.text}» {f.message}" for f in findings
    ]


def example(code: str, kind: str, number: int) -> Example:
    found: Example = getattr(CODES[code], kind)[number]
    return found


def test_the_base_is_sound() -> None:
    assert told(found_in({})) == []


def test_every_code_has_both() -> None:
    lacking = [name for name, code in CODES.items() if name not in ELSEWHERE and not (code.bad and code.good)]
    assert lacking == []
    unmarked = [name for name, code in CODES.items() if any(not example.marks for example in code.bad)]
    assert unmarked == []


@pytest.mark.parametrize(("code", "number"), BAD)
def test_the_bad_example_shows_it_where_it_is_marked_and_nothing_else(code: str, number: int) -> None:
    bad = example(code, "bad", number)
    findings = found_in(bad.files)
    assert [(f.code, *at(f)) for f in findings] == [(code, m.path, m.start, m.end) for m in bad.marks], told(findings)
    for finding in findings:
        assert finding.message and not finding.message.endswith(".")


@pytest.mark.parametrize(("code", "number"), GOOD)
def test_the_good_example_comes_close_and_is_sound(code: str, number: int) -> None:
    assert told(found_in(example(code, "good", number).files)) == []


def test_an_expired_rule_may_be_allowed_by_its_file() -> None:
    rule = 'rule hello\n  until "2020-01-01"\n  on ticket.created\n  then add tag hello\n'
    assert [f.code for f in found_in({"shown.rules": rule})] == ["expired-rule"]
    assert told(found_in({"shown.rules": f'allow expired-rule "seasonal"\n{rule}'})) == []


def test_strange_signs_may_be_allowed_where_they_are_meant() -> None:
    rule = "rule hello\n  on ticket.created，message.received\n  then add tag hello\n"
    assert [f.code for f in found_in({"shown.rules": rule})] == ["suspicious-characters"]
    assert told(found_in({"shown.rules": f'allow suspicious-characters "copied"\n{rule}'})) == []


SHOWN = (
    "conflicting-actions ambiguous-first transition-impossible rule-loop shadowed-rule implied-rule no-route "
    "reply-storm"
).split()


@pytest.mark.parametrize("code", SHOWN)
def test_what_is_said_of_rules_together_is_shown_by_a_case(code: str) -> None:
    (finding,) = found_in(example(code, "bad", 0).files)
    assert finding.witness, finding
    assert any(f"`{kind}`" in finding.witness or kind in finding.witness for kind in ("ticket.", "message.", "timer."))

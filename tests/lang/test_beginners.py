"""A thousand mistakes of beginners in rules of the shipped desk: each is told once, where it was made, with a help; and
where the help says what to write, that is right, names and types too."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from pathlib import Path

import pytest

from engine.core.building import build
from engine.core.once import told
from engine.core.rulebook import Rulebook
from engine.folder import read_folder
from engine.lang import Finding, Source, format_text, parse
from engine.lang.checker import Bench
from engine.lang.conjunctions import key_of
from engine.lang.keywords import KeywordSet
from engine.lang.trial import helped
from tests.lang.beginners import CHINESE, SAYS_NO, Mistake, mistakes, simplified

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
def bench() -> Bench:
    """The desk's words and definitions, to check a rule beside them."""
    terms = [
        parse(Source(path, text))[0]
        for path, text in sorted(FILES.items())
        if path.endswith(".rules") and "\nrule " not in text
    ]
    return Bench(terms, book().environment, FILES)


def findings_of(text: str) -> list[Finding]:
    """What is told of one rule beside the desk's definitions."""
    file, said = parse(Source("shown.rules", text))
    return told([*helped(said, bench()), *bench().result(file).findings], ())


def is_right(mistake: Mistake, finding: Finding, meant: str) -> bool:
    """Whether the rule is right, names and types too, with what is meant."""
    return any(
        not any(f.severity.value == "error" for f in findings_of(one)) for one in with_help(mistake, finding, meant)
    )


def with_help(mistake: Mistake, finding: Finding, meant: str) -> list[str]:
    """The rule with what is meant in place of the piece, or of its line."""
    text, span = mistake.text, finding.span
    begin = text.rfind("\n", 0, span.start) + 1
    end = text.find("\n", span.start)
    lead = re.match(r"\s*(?:(?:when|and|or|then|當|当|且|或|則|则)\s+)?", text[begin:end])
    start = begin + (lead.end() if lead else 0)
    inner = re.match(r"\s*(?:when|then|當|当|則|则)?\s*", text[begin:end])
    return [
        text[: span.start] + meant + text[span.end :],
        text[:start] + meant + text[end:],
        text[: begin + (inner.end() if inner else 0)] + meant + text[end:],
    ]


@lru_cache(maxsize=2)
def in_chinese(keywords: KeywordSet) -> list[str]:
    """The rules with Chinese keywords."""
    return [format_text(Source("shown.rules", rule), keywords) for rule in rules()]


MADE = {
    "en": list(mistakes(list(rules()), COUNT)),
    "zh": list(mistakes(in_chinese("zh"), COUNT // 2, CHINESE)),
    "zh-CN": list(mistakes(in_chinese("zh-CN"), COUNT // 2, simplified(CHINESE))),
}


def test_there_are_a_thousand_of_many_kinds() -> None:
    assert len(MADE["en"]) == COUNT
    assert len(MADE["zh"]) + len(MADE["zh-CN"]) == COUNT
    assert len({mistake.way for mistake in MADE["en"]}) > 80
    assert len({mistake.way for mistake in MADE["zh"]}) > 60


@pytest.mark.parametrize("keywords", MADE)
def test_each_mistake_is_told_once_where_it_is_with_a_help_that_is_right(keywords: str) -> None:
    wrong: list[tuple[str, str, object]] = []
    for mistake in MADE[keywords]:
        found = [f for f in findings_of(mistake.text) if f.code != "empty-comparison"]
        shown = mistake.text.split("\n")[mistake.line - 1].strip()
        said = [(f.code, f.span.line, f.span.text, f.message, f.hint) for f in found]
        if len(found) != 1:
            wrong.append((f"{len(found)} findings", shown, said))
            continue
        (finding,) = found
        if not mistake.line - 1 <= finding.span.line <= mistake.last + 1:
            wrong.append(("elsewhere", shown, said))
        elif finding.hint is None:
            wrong.append(("no help", shown, said))
        else:
            meant = _MEANT.search(finding.hint)
            if meant is not None and not is_right(mistake, finding, meant[1]):
                wrong.append(("wrong help", shown, said))
    assert not wrong, (len(wrong), Counter(kind for kind, _, _ in wrong), wrong[:40])


def condition_of(text: str) -> str | None:
    """What a rule asks, the same for rules that ask the same; None where it cannot be read."""
    file, said = parse(Source("shown.rules", text))
    rules = bench().result(file).rules
    if said or len(rules) != 1 or rules[0].condition is None:
        return None
    return key_of(rules[0].condition)


@pytest.mark.parametrize("keywords", MADE)
def test_no_help_turns_a_negation_into_its_opposite(keywords: str) -> None:
    asked = 0
    for mistake in MADE[keywords]:
        if SAYS_NO.search(mistake.way) is None and not re.search(r"\bnot\b|!=", mistake.way):
            continue
        found = [f for f in findings_of(mistake.text) if f.severity.value == "error"]
        meant = _MEANT.search(found[0].hint or "") if found else None
        if meant is None:
            continue
        asked += 1
        helped = {condition_of(text) for text in with_help(mistake, found[0], meant[1])} - {None}
        assert helped == {condition_of(mistake.right)}, (mistake.text, found[0].hint)
    assert asked > 20

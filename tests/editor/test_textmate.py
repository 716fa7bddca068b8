"""The TextMate grammar: every keyword of both sets is coloured for what it is, and nothing in texts and comments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.editor import textmate
from engine.lang import Source, format_text
from engine.lang.keywords import KEYWORDS

ROOT = Path(__file__).resolve().parents[2]
GRAMMAR = textmate.grammar()


def tokens(text: str) -> Iterator[tuple[str, str]]:
    """Each coloured piece of a text and its scope, as an editor goes about it: line by line, the first match counts.

    Python's own patterns stand in for Oniguruma's: what the grammar uses of them is the same in both.
    """
    for line in text.split("\n"):
        yield from _line(line, GRAMMAR["patterns"])


def _flat(patterns: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for pattern in patterns:
        if "include" in pattern:
            pattern = GRAMMAR["repository"][pattern["include"][1:]]
        if "patterns" in pattern and "begin" not in pattern:
            yield from _flat(pattern["patterns"])
        else:
            yield pattern


def _line(line: str, patterns: list[dict[str, Any]], at: int = 0, end: str | None = None) -> Iterator[tuple[str, str]]:
    while at <= len(line):
        found = [
            (match.start(), order, match, pattern)
            for order, pattern in enumerate(_flat(patterns))
            if (match := re.compile(pattern.get("match") or pattern["begin"]).search(line, at))
        ]
        stop = re.compile(end).search(line, at) if end else None
        best = min(found, key=lambda one: one[:2], default=None)
        if stop is not None and (best is None or stop.start() <= best[0]):
            yield "", str(stop.end())
            return
        if best is None:
            return
        _, _, match, pattern = best
        if "begin" in pattern:
            inner = list(_line(line, pattern["patterns"], match.end(), pattern["end"]))
            at = int(inner[-1][1])
            yield line[match.start() : at], pattern["name"]
            yield from inner[:-1]
            continue
        if "name" in pattern:
            yield match.group(), pattern["name"]
        for number, capture in pattern.get("captures", {}).items():
            yield match.group(int(number)), capture["name"]
        at = max(match.end(), at + 1)


def scope(text: str, piece: str) -> str:
    return next(name for found, name in tokens(text) if found == piece).removesuffix(".yingda-rules")


@pytest.mark.parametrize("keyword", KEYWORDS, ids=lambda keyword: keyword.token)
def test_each_keyword_has_a_colour_of_its_own(keyword: Any) -> None:
    kinds = {scope(f"( {word} )", word).split(".")[0] for word in (keyword.en, *keyword.chinese)}
    assert len(kinds) == 1, "the words of both sets are the same to the eye"
    assert kinds <= {"keyword", "constant", "support"}


def test_a_rule_in_colours() -> None:
    text = (
        'rule 退款 "VIP {member.name | mask} \\"x\\" # no comment"  # rule x\n'
        '  allow never-true "…"\n  on ticket.created after 2m\n'
        "  when ticket.type = 退換貨 and sla.percent > 80% and message.text matches /rule \\/ x/i\n  then stop"
    )
    assert scope(text, "rule") == "keyword.declaration"
    assert scope(text, "退款") == "entity.name.function"
    assert scope(text, "# rule x") == "comment.line.number-sign"
    assert scope(text, "member.name") == "variable.other.member"
    assert scope(text, '\\"') == "constant.character.escape"
    assert scope(text, "never-true") == "constant.other.code"
    assert scope(text, "2m") == "constant.numeric.duration"
    assert scope(text, "80%") == "constant.numeric"
    assert scope(text, "ticket.type") == "variable.other.member"
    assert scope(text, "/rule \\/ x/i") == "string.regexp"
    assert scope(text, "stop") == "support.function.action"
    assert [found for found, _ in tokens(text)].count("rule") == 1


@pytest.mark.parametrize("keywords", ["en", "zh"])
def test_the_starter_rules_are_coloured_alike_in_both_sets(keywords: Any) -> None:
    for path in sorted((ROOT / "rules").rglob("*.rules")):
        text = path.read_text("utf-8")
        turned = format_text(Source(path.name, text), keywords)
        found = [name for _, name in tokens(turned) if name]
        assert found.count("entity.name.function.yingda-rules") == len(re.findall(r"(?m)^rule ", text))
        kinds = [name.split(".")[0] for _, name in tokens(format_text(Source(path.name, text), "en")) if name]
        assert sorted(name.split(".")[0] for name in found) == sorted(kinds)

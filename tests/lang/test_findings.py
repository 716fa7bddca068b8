"""How findings look in each of the four voices, and what "did you mean" takes for a slip."""

from __future__ import annotations

import json

import pytest

from engine.lang import CODES, Finding, Related, Severity, Source, render, suggest

SOURCE = Source("40-route.rules", "rule 甲\n  when 退換貨 = gold\n\tstop \u202e here\n")


def finding(text: str = "gold", **parts: object) -> Finding:
    at = SOURCE.text.index(text)
    made: dict[str, object] = {"code": "unknown-value", "message": f"`{text}` is not a type", **parts}
    return Finding(span=SOURCE.span(at, at + len(text)), **made)  # type: ignore[arg-type]


def test_text_underlines_with_wide_characters_counted() -> None:
    other = SOURCE.span(5, 6)
    found = finding(
        hint="did you mean `vip`?",
        witness="ticket.created with x = 1",
        label="here",
        related=(Related(other, "of `甲`"),),
    )
    assert render([found], "text", "rules/") == (
        "error[unknown-value]: `gold` is not a type\n"
        " --> rules/40-route.rules:2:14\n"
        "2 |   when 退換貨 = gold\n"
        "  |                 ^^^^ here\n"
        " ::: rules/40-route.rules:1:6\n"
        "1 | rule 甲\n"
        "  |      -- of `甲`\n"
        "  = example: ticket.created with x = 1\n"
        "  = help: did you mean `vip`?\n"
    )


def test_text_underlines_wide_characters_themselves() -> None:
    assert "2 |   when 退換貨 = gold\n  |        ^^^^^^\n" in render([finding("退換貨")])


def test_text_keeps_tabs_and_writes_out_what_turns_the_reading_direction() -> None:
    shown = render([finding("\u202e")])
    assert "3 | \tstop \\u{202e} here\n  | \t     ^^^^^^^^\n" in shown
    assert "\u202e" not in shown


def test_long_lines_are_shown_around_the_span() -> None:
    source = Source("a.rules", "x" * 5_000_000 + "gold" + "y" * 100)
    shown = render([Finding("unknown-value", "m", source.span(5_000_000, 5_000_004))])
    assert len(shown) < 1_000
    assert "^^^^" in shown


def test_json() -> None:
    found = finding(hint="h", witness="w", related=(Related(SOURCE.span(5, 6), "first"),))
    warning = finding(code="redundant-word")
    assert json.loads(render([found, warning], "json", "rules/")) == {
        "findings": [
            {
                "code": "unknown-value",
                "severity": "error",
                "file": "rules/40-route.rules",
                "line": 2,
                "column": 14,
                "end_line": 2,
                "end_column": 18,
                "message": "`gold` is not a type",
                "hint": "h",
                "witness": "w",
                "related": [
                    {
                        "file": "rules/40-route.rules",
                        "line": 1,
                        "column": 6,
                        "end_line": 1,
                        "end_column": 7,
                        "message": "first",
                    }
                ],
            },
            {
                "code": "redundant-word",
                "severity": "warning",
                "file": "rules/40-route.rules",
                "line": 2,
                "column": 14,
                "end_line": 2,
                "end_column": 18,
                "message": "`gold` is not a type",
                "hint": None,
            },
        ],
        "errors": 1,
        "warnings": 1,
    }


def test_github_escapes_what_would_end_the_command() -> None:
    found = finding(message="50% a\nb: c, d", hint="h")
    assert render([found], "github", "rules/") == (
        "::error file=rules/40-route.rules,line=2,endLine=2,col=14,endColumn=18,title=unknown-value::"
        "50%25 a%0Ab: c, d%0Ahelp: h"
    )


def test_sarif_names_rules_and_places() -> None:
    log = json.loads(render([finding(), finding("甲", code="redundant-word")], "sarif", "rules/"))
    run = log["runs"][0]
    assert (log["version"], run["columnKind"]) == ("2.1.0", "unicodeCodePoints")
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["redundant-word", "unknown-value"]
    assert [(item["ruleId"], item["ruleIndex"], item["level"]) for item in run["results"]] == [
        ("unknown-value", 1, "error"),
        ("redundant-word", 0, "warning"),
    ]
    assert run["results"][0]["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "rules/40-route.rules"},
        "region": {"startLine": 2, "startColumn": 14, "endLine": 2, "endColumn": 18},
    }


def test_no_other_format() -> None:
    with pytest.raises(ValueError, match="no such format"):
        render([], "xml")


@pytest.mark.parametrize(
    ("word", "candidates", "wanted"),
    [
        ("member.teir", ["member.tier", "member.name"], "member.tier"),
        ("退换货", ["退換貨", "物流配送"], "退換貨"),
        ("退貨", ["退換貨", "物流配送"], "退換貨"),
        ("GOLD", ["gold"], "gold"),
        ("least-busy", ["least_busy"], "least_busy"),
        ("wehn", ["when", "then"], "when"),
        ("abcdef", ["uvwxyz"], None),
        ("a", ["b"], None),
        ("gold", ["gold"], None),
        ("", ["gold"], None),
        ("bat", ["cat", "bar"], "bar"),
        # what says no is no slip of what says yes, nor the other way round
        ("不包含", ["包含"], None),
        ("未变更", ["已變更"], None),
        ("沒有", ["帶有"], None),
        ("已付款", ["未付款"], None),
        ("未付欵", ["未付款"], "未付款"),
        ("unpaid", ["paid"], None),
        ("assigned", ["unassigned"], None),
        ("unasigned", ["assigned", "unassigned"], "unassigned"),
        ("reopen", ["open"], None),
    ],
)
def test_suggest(word: str, candidates: list[str], wanted: str | None) -> None:
    assert suggest(word, candidates) == wanted


def test_every_code_says_why_and_has_its_severity() -> None:
    for name, code in CODES.items():
        assert name == code.code
        assert code.why.endswith(".")
    assert CODES["syntax-error"].severity is Severity.ERROR
    assert CODES["never-true"].severity is Severity.WARNING

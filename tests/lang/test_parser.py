"""Recovery, limits and attacks: every mistake once, nothing crashes, nothing takes long."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.lang import CODES, Severity, Source, check, compile_rules, parse
from engine.lang.keywords import KEYWORDS
from tests.lang.world import world

MISTAKES = [
    "rule r{n}\n  on ticket.created\n  wehn member.is_guest\n  then stop\n",
    "rule r{n}\n  on ticket.created\n  when ticket.amount >\n  then stop\n",
    "rule r{n}\n  on ticket.created\n  then rais ticket.priority to high\n",
    'rule r{n}\n  on ticket.created\n  then reply "open\n',
    "rule r{n}\n  on ticket.created\n  when (member.is_guest\n  then stop\n",
    "rule r{n}\n  then stop\n",
    "rule r{n}\n  on\n  then stop\n",
    "rule r{n}\n  on ticket.created\n  then\n",
    "rule r{n}\n  priority high\n  on ticket.created\n  then stop\n",
    "define d{n} = and\n",
]


def test_twenty_mistakes_are_twenty_findings_each_once() -> None:
    good = "rule good{n}\n  on ticket.created\n  then stop\n"
    text = "".join(MISTAKES[n % 10].replace("{n}", str(n)) + good.replace("{n}", str(n)) for n in range(20))
    file, findings = parse(Source("a.rules", text))
    assert len(findings) == 20, [(found.code, found.message, found.span.line) for found in findings]
    assert len({found.span.line for found in findings}) == 20
    names = {item.name.text for item in file.items}  # type: ignore[union-attr]
    assert {f"good{n}" for n in range(20)} <= names


def test_the_manuals_example_parses_without_a_finding() -> None:
    source = Source("example.rules", (Path(__file__).parent / "example.rules").read_text("utf-8"))
    file, findings = parse(source)
    assert findings == []
    assert [type(item).__name__ for item in file.items] == [
        "StageLine",
        "Words",
        "Words",
        "Define",
        "Rule",
        "Rule",
        "Rule",
    ]
    assert [item.span.line for item in file.items][-3:] == [9, 26, 35]


def test_several_mistakes_in_one_rule() -> None:
    text = (
        "rule a\n  priority high\n  limit once per\n  on ticket.created, 5, ticket.changed\n"
        "  when member.is_guest and ticket.amount > > 5\n    or ticket.amount < < 5\n    or member.is_guest\n"
        "  then\n    add vip\n    stop\n    reply hello\n    stop\n"
    )
    _, findings = parse(Source("a.rules", text))
    assert [found.span.line for found in findings] == [2, 3, 4, 5, 6, 9, 11]


def test_a_broken_definition_causes_no_other_finding() -> None:
    text = "define vip = member.tier >=\nwords bad = [a\n"
    text += "rule a on ticket.created when vip and message.text contains any bad then stop\n"
    file, findings = parse(Source("a.rules", text))
    _, more = check([file], world())
    assert [(found.code, found.span.line) for found in [*findings, *more]] == [("syntax-error", 1), ("syntax-error", 2)]


def test_the_rest_of_a_broken_rule_is_still_checked() -> None:
    text = "rule a\n  on ticket.created\n  when member.teir = gold\n  then rais ticket.priority to high\n"
    file, findings = parse(Source("a.rules", text))
    _, more = check([file], world())
    assert [found.code for found in [*findings, *more]] == ["unknown-keyword", "unknown-field"]


RULE = "rule a on ticket.created when {} then stop"


@pytest.mark.parametrize(
    "condition",
    [
        "(" * 10_000 + "member.is_guest" + ")" * 10_000,
        "not " * 10_000 + "member.is_guest",
        "not (" * 5_000 + "member.is_guest" + ")" * 5_000,
        "ticket.amount" + " + 1" * 10_000 + " > 5",
        "ticket.amount > " + "(1 + " * 30 + "1" + ")" * 30 + " + 1" * 30,
        "length(" * 10_000 + "message.text" + ")" * 10_000 + " > 5",
        "ticket.amount in [" + "1, " * 20_000 + "]",
        "member.is_guest" + " and member.is_guest" * 20_000,
        "ticket.amount > " + "9" * 10_000,
        'message.text contains "' + "x" * 30_000 + '"',
        "message.text matches /" + "a?" * 1_000 + "/",
    ],
    ids=lambda text: text[:20],
)
def test_what_is_too_deep_or_too_long_is_a_located_finding(condition: str) -> None:
    started = time.process_time()
    file, findings = parse(Source("a.rules", RULE.format(condition)))
    _, more = check([file], world())
    found = [*findings, *more]
    assert len(found) == 1, [(finding.code, finding.message) for finding in found]
    assert found[0].code in ("syntax-error", "bad-pattern")
    assert found[0].severity is Severity.ERROR
    assert time.process_time() - started < 5


def test_the_deepest_allowed_condition_compiles_and_runs() -> None:
    inner = "member.is_guest"
    for _ in range(15):
        inner = f"not (ticket.amount > 1 or {inner} and ticket.amount < 9)"
    inner += " and ticket.amount" + " + 1" * 48 + " > 5"
    file, findings = parse(Source("a.rules", RULE.format(inner)))
    checked, more = check([file], world())
    assert [found.message for found in [*findings, *more] if found.severity is Severity.ERROR] == []
    assert len(compile_rules(checked, world()).rules) == 1


def test_long_lists_are_fine() -> None:
    entries = ", ".join(f"詞{n}" for n in range(5_000))
    file, findings = parse(Source("a.rules", f"words w = [{entries}]\n" + RULE.format("message.text contains any w")))
    _, more = check([file], world())
    assert [found.code for found in [*findings, *more] if found.code != "redundant-word"] == []


def test_a_file_of_five_megabytes_is_refused() -> None:
    _, findings = parse(Source("a.rules", "# comment\n" * 500_000))
    assert [(found.code, found.span.line) for found in findings] == [("syntax-error", 1)]


def test_definitions_in_a_long_row_are_refused_but_many_uses_are_cheap() -> None:
    many = "define d0 = member.is_guest\n" + "".join(f"define d{n} = d{n - 1} and d{n - 1}\n" for n in range(1, 30))
    file, _ = parse(Source("a.rules", many + RULE.format("d29")))
    checked, findings = check([file], world())
    assert findings == []
    rule = compile_rules(checked, world()).rules[0]
    assert rule.condition is not None
    assert rule.condition.holds({"member.is_guest": True}, {}, None)  # type: ignore[arg-type]
    row = "define d0 = member.is_guest\n" + "".join(f"define d{n} = d{n - 1}\n" for n in range(1, 500))
    file, _ = parse(Source("a.rules", RULE.format("d499") + "\n" + row))
    _, findings = check([file], world())
    assert {found.code for found in findings} == {"recursive-definition"}


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*)*x", "^(([a-z])+.)+[A-Z]([a-z])+$"])
def test_patterns_stay_linear(pattern: str) -> None:
    file, _ = parse(Source("a.rules", RULE.format(f"message.text matches /{pattern}/")))
    checked, findings = check([file], world())
    assert findings == []
    rule = compile_rules(checked, world()).rules[0]
    started = time.process_time()
    assert rule.condition is not None
    rule.condition.holds({"message.text": "a" * 100_000 + "!"}, {}, None)  # type: ignore[arg-type]
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    "text",
    ["\x00", "rule\x00", "\ud800", "\u202e", "\u2028", "rule a\u200b on", "\ufeffrule a on ticket.created then stop"],
)
def test_odd_characters_do_not_crash(text: str) -> None:
    file, findings = parse(Source("a.rules", text))
    check([file], world())
    assert all(found.code in CODES for found in findings)


def test_bidi_controls_are_shown() -> None:
    text = 'rule a on ticket.created then reply "a\u202eb" # c\u202d\n'
    _, findings = parse(Source("a.rules", text))
    assert [(found.code, found.span.text) for found in findings] == [
        ("suspicious-characters", "\u202e"),
        ("suspicious-characters", "\u202d"),
    ]


_PIECES = st.sampled_from(
    [keyword.en for keyword in KEYWORDS]
    + [
        "member.tier",
        "gold",
        "ticket.amount",
        "5",
        "2h",
        '"x"',
        "(",
        ")",
        "[",
        "]",
        ",",
        "=",
        ">",
        "-",
        "*",
        "/a/",
        "\n",
        "、",
        "'",
        "“",
        "vip",
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(_PIECES, max_size=40))
def test_any_row_of_words_parses_to_a_file_and_findings(pieces: list[str]) -> None:
    text = " ".join(pieces)
    file, findings = parse(Source("a.rules", text))
    checked, more = check([file], world())
    for found in [*findings, *more]:
        assert 0 <= found.span.start <= found.span.end <= len(text)
        assert found.message == found.message.strip()
    if not any(found.severity is Severity.ERROR for found in [*findings, *more]):
        compile_rules(checked, world())


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_any_text_parses_to_a_file_and_findings(text: str) -> None:
    file, findings = parse(Source("a.rules", text))
    check([file], world())
    assert findings or not text.strip() or file.items or text.replace("\ufeff", " ").lstrip().startswith("#")

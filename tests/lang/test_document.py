"""YAML as plain data: values, places, and everything that is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine.lang import Source, decode, load_plain


def read(text: str) -> Any:
    plain, findings = load_plain(Source("desk.yaml", text))
    assert plain is not None and findings == [], [(found.code, found.message) for found in findings]
    return plain.data


def wrong(text: str) -> list[tuple[str, str]]:
    """Code and the text underlined of each finding."""
    return [(found.code, found.span.text) for found in load_plain(Source("desk.yaml", text))[1]]


def test_every_kind_of_value() -> None:
    assert read('anything: {a: [1, 2.5, x, null, true, "1"]}') == {
        "anything": {"a": [1, Decimal("2.5"), "x", None, True, "1"]}
    }


@pytest.mark.parametrize(
    ("text", "code", "underlined"),
    [
        ("when: a\nwhen: b", "duplicate-key", "when"),
        ("when: NO", "yaml-ambiguous-scalar", "NO"),
        ("when: on", "yaml-ambiguous-scalar", "on"),
        ("when: 0123", "yaml-ambiguous-scalar", "0123"),
        ("when: 9:30", "yaml-ambiguous-scalar", "9:30"),
        ("when: 1_000", "yaml-ambiguous-scalar", "1_000"),
        ("anything: [yes]", "yaml-ambiguous-scalar", "yes"),
        ("anything: {no: 1}", "yaml-ambiguous-scalar", "no"),
        ("when: &a x", "bad-yaml", "&a x"),
        ("when: *a", "bad-yaml", "*a"),
        ("when: !!python/object:os.system x", "bad-yaml", "!!python/object:os.system x"),
        ("when: !x y", "bad-yaml", "!x y"),
        ("when: a\n---\nwhen: b", "bad-yaml", "---"),
        ("when: [a", "bad-yaml", ""),
        ("when: a\x00b", "bad-yaml", "\x00"),
        ("\ufeffwhen: a", "bad-yaml", "\ufeff"),
        ("", "bad-yaml", ""),
        ("<<: {a: b}", "bad-yaml", "<<"),
        ("? [a]\n: b", "bad-yaml", "[a]"),
        ("when:\n\t- a", "bad-yaml", "\t"),
    ],
)
def test_refused(text: str, code: str, underlined: str) -> None:
    assert wrong(text) == [(code, underlined)]


def test_quoted_words_are_not_ambiguous() -> None:
    assert read('when: "NO"') == {"when": "NO"}
    assert read("anything: ['9:30', \"0123\", 09:00-12:00, 2026-01-01]")["anything"] == [
        "9:30",
        "0123",
        "09:00-12:00",
        "2026-01-01",
    ]


@pytest.mark.parametrize("text", ["[" * 10_000, "{a: " * 10_000, "- " * 10_000, "a: " + "x" * 1_100_000])
def test_huge_and_deep_files_are_refused_with_a_finding(text: str) -> None:
    value, findings = load_plain(Source("a.yaml", text))
    assert value is None
    assert [found.code for found in findings] == ["bad-yaml"]


def test_billion_laughs_are_refused_at_the_first_anchor() -> None:
    text = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
    assert wrong(text) == [("bad-yaml", "&a [")] or wrong(text)[0][0] == "bad-yaml"
    assert len(wrong(text)) == 1


def test_plain_data_keeps_places_by_path() -> None:
    plain, findings = load_plain(Source("t.yaml", "- name: 退款\n  steps:\n    - {wait: 1h}\n"))
    assert findings == []
    assert plain is not None
    assert plain.data == [{"name": "退款", "steps": [{"wait": "1h"}]}]
    assert plain.spans[0, "steps", 0, "wait"].text == "1h"
    assert (plain.keys[0, "steps"].text, plain.keys[0, "steps"].line) == ("steps", 2)


def test_bytes_that_are_not_utf8() -> None:
    source, findings = decode("a.rules", "規則".encode() + b"\xff\n")
    assert [(found.code, found.span.column) for found in findings] == [("not-utf8", 3)]
    assert source.text == "規則\ufffd\n"
    assert decode("a.rules", b"rule")[1] == []

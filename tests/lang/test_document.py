"""YAML to dataclasses: values, places, and everything that is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, Literal

import pytest

from engine.lang import Duration, Key, Located, Percent, Source, Span, decode, load, load_plain


@dataclass(frozen=True)
class Value:
    SCALAR: ClassVar[str] = "name"
    name: Located[str]
    label: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    name: Key
    span: Span
    target: Duration | Percent | int
    alarm: Duration | None = None


@dataclass(frozen=True)
class Move:
    trigger: str
    from_: str | list[str]
    mode: Literal["all", "first"] = "all"
    open: bool = False
    share: Decimal = Decimal(0)


@dataclass(frozen=True)
class Desk:
    types: tuple[Value, ...] = ()
    thresholds: dict[str, Target] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)
    when: Located[str] | None = None
    anything: Any = None


@dataclass(frozen=True)
class Loose:
    kind: str
    rest: dict[str, Any] = field(default_factory=dict, metadata={"rest": True})


def read(text: str, cls: Any = Desk) -> Any:
    value, findings = load(Source("desk.yaml", text), cls)
    assert findings == [], [(found.code, found.message) for found in findings]
    return value


def wrong(text: str, cls: Any = Desk) -> list[tuple[str, str]]:
    """Code and the text underlined of each finding."""
    value, findings = load(Source("desk.yaml", text), cls)
    assert value is None
    return [(found.code, found.span.text) for found in findings]


def test_every_kind_of_value() -> None:
    desk = read(
        "types: [訂單, {name: 退換貨, label: {en: Returns}}]\n"
        "thresholds: {reply: {target: 4h, alarm: 24h}, touch: {target: 80%}, backlog: {target: 10}}\n"
        "moves:\n  - {trigger: close, from: [a, b], mode: first, open: true, share: 0.5}\n  - {trigger: re, from: c}\n"
        "when: ticket.idle > 2d\n"
        'anything: {a: [1, 2.5, x, null, true, "1"]}\n'
    )
    assert [value.name.value for value in desk.types] == ["訂單", "退換貨"]
    assert desk.types[1].label == {"en": "Returns"}
    assert desk.thresholds["reply"].target == Duration.parse("4h")
    assert desk.thresholds["touch"].target == Decimal("0.8")
    assert desk.thresholds["backlog"].target == 10
    assert desk.moves == [Move("close", ["a", "b"], "first", True, Decimal("0.5")), Move("re", "c")]
    assert desk.anything == {"a": [1, Decimal("2.5"), "x", None, True, "1"]}


def test_places_of_scalars_keys_and_mappings() -> None:
    source_text = "thresholds:\n  reply: {target: 4h}\nwhen: '😀退款'\n"
    desk = read(source_text)
    target = desk.thresholds["reply"]
    assert (target.name.value, target.name.span.line, target.name.span.column) == ("reply", 2, 3)
    assert target.span.text == "{target: 4h}"
    assert (desk.when.value, desk.when.span.text, desk.when.span.end_column) == ("😀退款", "'😀退款'", 12)


def test_block_mappings_end_with_their_last_value() -> None:
    desk = read("thresholds:\n  reply:\n    target: 4h\n\n# later\nwhen: x\n")
    assert desk.thresholds["reply"].span.text == "target: 4h"


def test_other_keys_are_collected_where_a_class_asks_for_them() -> None:
    assert read("kind: x\nticket.amount: 5\n", Loose) == Loose("x", {"ticket.amount": 5})


@pytest.mark.parametrize(
    ("text", "code", "underlined"),
    [
        ("typs: []", "unknown-key", "typs"),
        ("when: a\nwhen: b", "duplicate-key", "when"),
        ("when: NO", "yaml-ambiguous-scalar", "NO"),
        ("when: on", "yaml-ambiguous-scalar", "on"),
        ("when: 0123", "yaml-ambiguous-scalar", "0123"),
        ("when: 9:30", "yaml-ambiguous-scalar", "9:30"),
        ("when: 1_000", "yaml-ambiguous-scalar", "1_000"),
        ("anything: [yes]", "yaml-ambiguous-scalar", "yes"),
        ("anything: {no: 1}", "yaml-ambiguous-scalar", "no"),
        ("when: true", "yaml-ambiguous-scalar", "true"),
        ("when: [a]", "type-mismatch", "[a]"),
        ("thresholds: {a: {target: soon}}", "type-mismatch", "soon"),
        ("thresholds: {a: {target: 1h, alarm: 1h30m}}", "type-mismatch", "1h30m"),
        ("moves: [{trigger: a}]", "bad-yaml", "trigger"),
        ("moves: [{trigger: a, from: b, mode: frist}]", "unknown-value", "frist"),
        ("moves: {a: b}", "type-mismatch", "{a: b}"),
        ("moves: [{trigger: a, from: b, open: 1}]", "type-mismatch", "1"),
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
    assert read('when: "NO"').when.value == "NO"
    assert read("anything: ['9:30', \"0123\", 09:00-12:00, 2026-01-01]").anything == [
        "9:30",
        "0123",
        "09:00-12:00",
        "2026-01-01",
    ]


def test_a_duration_that_is_none() -> None:
    assert wrong("5x", Duration) == [("bad-duration", "5x")]


def test_every_mistake_is_reported() -> None:
    assert wrong("typs: []\nwhen: NO\nmoves: [{trigger: a}, {form: b}]") == [
        ("unknown-key", "typs"),
        ("yaml-ambiguous-scalar", "NO"),
        ("bad-yaml", "trigger"),
        ("unknown-key", "form"),
        ("bad-yaml", "form"),  # `trigger`; that `from` is missing only follows from the typo
    ]


def test_unknown_keys_get_a_suggestion() -> None:
    _, findings = load(Source("a.yaml", "treshold: {}"), Desk)
    assert findings[0].hint == "did you mean `thresholds`?"


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

"""Broken nouns give located findings and never a crash: every piece of every file replaced by all kinds of nonsense."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from engine.core.building import build
from engine.lang import CODES, Severity
from tests.core.desk import FILES

# The small desk with everything else a file may say.
RICH = {
    **FILES,
    "desk.yaml": """\
language: 1
shops:
  demo:
    label: {zh-TW: 示範商店}
    zone: Asia/Taipei
    locales: [zh-TW, en]
    calendar: office
    sites: ["https://shop.example"]
    widget: {colour: "#2563eb"}
stages: [guard, {name: route, mode: first}]
priorities: [low, {name: high, label: {en: High}, colour: "#f00"}]
tiers: [guest, basic]
types: [{name: 退換貨, label: {en: Returns}, group: 售後}, 其他]
skills: [refunds]
tags: {known: [vip, {name: handled}], open: false}
fields:
  ticket.amount: {type: number, default: 1.5, label: {en: Amount}, group: a, hint: b}
  ticket.region: {type: enum, values: [北, 南], optional: true}
  ticket.parts: {type: list, values: [a, b]}
  member.birthday: {type: date, optional: true, personal: true}
""",
    "sla.yaml": """\
- {name: gold, when: member.tier >= basic, calendar: always, targets: {first_reply: 1h}, warn_at: [50%]}
- {name: standard, label: {en: Standard}, targets: {resolve: 3d}}
""",
    "lifecycles/inquiry.yaml": FILES["lifecycles/inquiry.yaml"]
    .replace("kind: inquiry", "kind: inquiry\nlabel: {en: Inquiry}")
    .replace("sla: running,", "sla: running, label: {en: Open},"),
    "settings.yaml": "rate: 5\nname: {type: text, value: x}\nshare: 80%\nlist: [a, b]\nwait: 4h\n",
}
NAMES = tuple(RICH)
JUNK: tuple[Any, ...] = (
    None, 5, -1, 2.5, True, "", "nonsense", "\u202e", [], {}, [5], [None], [[]], {5: 6}, {"x": {}}, ["a", "a"], [{}],
)  # fmt: skip


def places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in plain data, the whole first."""
    yield path
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield from places(value, (*path, key))


def with_(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The data with one piece replaced."""
    if not path:
        return value
    made = copy.copy(data)
    made[path[0]] = with_(data[path[0]], path[1:], value)
    return made


def check(files: dict[str, str]) -> None:
    """Builds without a crash; an error means no book; each finding has a known code and stands in a file."""
    book, findings = build(files, analyse=False)
    errors = [f for f in findings if f.severity is Severity.ERROR]
    assert (book is None) == bool(errors), [f.code for f in findings]
    for finding in findings:
        assert finding.code in CODES
        assert finding.span.source.path in files or finding.span.source.path == "desk.yaml"
        assert 0 <= finding.span.start <= finding.span.end <= len(finding.span.source.text)
        assert finding.message and finding.span.line >= 1


def test_the_specimens_are_right() -> None:
    assert build(RICH, analyse=False)[1] == []


@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.soak)])
@pytest.mark.parametrize("name", NAMES)
def test_nonsense_anywhere_is_told_and_nothing_breaks(name: str, every: int) -> None:
    data = yaml.safe_load(RICH[name])
    for n, path in enumerate(places(data)):
        for junk in JUNK[n % every :: every]:
            text = yaml.safe_dump(with_(data, path, junk), allow_unicode=True, sort_keys=False)
            try:
                check({**RICH, name: text})
            except Exception as error:
                raise AssertionError(f"{name} at {path} as {junk!r}: {type(error).__name__}: {error}") from error


@pytest.mark.parametrize("name", [*NAMES, "all.rules"])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "# nothing\n",
        "[]",
        "{}",
        "5",
        "null",
        "a",
        "{",
        "[",
        "- a\n- b",
        "a: b: c",
        "\t",
        "&a [*a]",
        "'",
        "\x00",
    ],
)
def test_whole_files_of_nonsense(name: str, text: str) -> None:
    check({**RICH, name: text})


def test_half_written_files() -> None:
    for name in NAMES:
        text = RICH[name]
        for end in range(0, len(text), 23):
            check({**RICH, name: text[:end]})


def test_each_file_missing() -> None:
    for name in NAMES:
        check({path: text for path, text in RICH.items() if path != name})
    check({})

"""Findings in the reader's language: no English sentence is left over in them."""

from __future__ import annotations

import json
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from engine import cli
from engine.lang import CODES, Environment, Finding, Related, Source, parse, render
from engine.lang import check as check_rules
from engine.lang.said import CODE, Said, both, either, from_json, locale_of, quoted, say, spoken, to_json
from engine.lang.stored import BadData, Reader, Writer
from engine.reload import load_files
from tests.findings.desk import base, found_in
from tests.lang.test_chunks import chunks
from tests.lang.world import world

NAMES = frozenset({"YAML", "UTF", "BOM", "RE", "Unicode", "Perl", "true", "false", "yaml", "desk", "settings"})
"""Words that stand as they are in a Chinese sentence."""
BAD = [(code.code, number) for code in CODES.values() for number in range(len(code.bad))]
BROKEN: Mapping[str, Mapping[str, str]] = {
    "yaml": {
        "desk.yaml": "shops: [a\n",
        "teams.yaml": "a: b: c\n",
        "roles.yaml": "a: &x 1\nb: *x\n",
        "calendars.yaml": "office:\n\thours: 1\n",
        "settings.yaml": "a: 1\n---\nb: 2\n",
        "sla.yaml": "- {name: 1, targets: {first_reply: soon, resolve: 4}, warn_at: [yes]}\n",
    },
    "desk": {
        "desk.yaml": "language: 2\nshops: {}\nstages: [{name: a, mode: some}, {name: a}]\ntiers: [a, a]\ntags: 4\n"
        "fields: {x: 1, ticket.a: {type: what}, ticket.b: {type: enum}, ticket.number: {}}\n",
    },
    "calendars": {
        "calendars.yaml": "a:\n  zone: Nowhere\n"
        "  hours: {someday: [x], mon: ['9-10', '25:00-26:00', 'x'], tue: ['09:61-10:00']}\n"
        "b: {hours: {}}\nc: {hours: {mon: ['09:00-18:00']}, holidays: [x, '2026-02-03..2026-02-01']}\n",
    },
    "scenarios": {
        "tests/a.yaml": "- name: a\n"
        "  steps: [{mesage: b}, {wait: x}, {expect: {fird: [a], fired: a}}, {call: {event: a}}]\n"
        "- {steps: 1, agents: 4, answers: 5, now: x}\n- 4\n- {name: b, agents: {a: {nme: 1}}, steps: []}\n"
        "- {name: c, shop: nowhere, steps: [{message: a, expect: {ticket.tpye: b, fired: [nobody], events: [no]}}]}\n",
    },
}


def left_over(text: str) -> list[str]:
    """English words outside of code and names."""
    plain = re.sub(r"[\w*]+(?:[./][\w*…]+)+", "", CODE.sub("", text))
    return [word for word in re.findall(r"[A-Za-z]{2,}", plain) if word not in NAMES]


def sentences(finding: Finding) -> list[str]:
    said = [finding.message, finding.hint, finding.label, *(other.message for other in finding.related)]
    return [text for text in said if text]


def check(findings: list[Finding]) -> None:
    for finding in findings:
        for text in sentences(finding):
            assert isinstance(text, Said) or not left_over(text), f"{finding.code}: {text!r} is only English"
            for locale in ("zh-TW", "zh-CN"):
                assert not left_over(spoken(text, locale)), f"{finding.code}: {text!r}: {spoken(text, locale)!r}"


@pytest.mark.parametrize(("code", "number"), BAD)
def test_the_finding_of_every_page_is_spoken(code: str, number: int) -> None:
    check(found_in(CODES[code].bad[number].files))


@pytest.mark.parametrize("name", BROKEN)
def test_what_broken_folders_bring_is_spoken(name: str) -> None:
    findings = load_files({**base(), **BROKEN[name]}).findings
    assert len(findings) > 3
    check(findings)


def test_what_the_specimens_of_the_language_bring_is_spoken() -> None:
    for _, _, piece in chunks():
        text = "\n".join(row.partition("###")[0] for row in piece.split("\n"))
        file, findings = parse(Source("chunk.rules", text))
        _, more = check_rules([file], world(), {"words/rude.txt": "# rude\n笨蛋\n"})
        check([*findings, *more])


# ---- the parts -----------------------------------------------------------------------------------------------------


def test_a_said_text_is_its_english() -> None:
    text = say("there is no field `{name}`", "a.b")
    assert text == "there is no field `a.b`" and hash(text) == hash("there is no field `a.b`")
    assert type(text.spoken("en")) is str and type(text.spoken("zh-TW")) is str
    assert text.spoken("zh-TW") == "沒有 `a.b` 這個欄位"
    assert text.spoken("zh-CN") == "没有 `a.b` 这个字段"
    assert text.spoken("fr") == text


def test_what_fills_a_sentence_is_spoken_too() -> None:
    text = say("{found} stands where {wanted} must", say("nothing"), either([say("a text"), say("a number"), "`x`"]))
    assert text == "nothing stands where a text, a number or `x` must"
    assert text.spoken("zh-TW") == "這裡是空白，應該是文字、數字或 `x`"
    assert both(["a", "b"]).__class__ is Said and both(["a"]) == "a"
    assert say("there are {names}", quoted("ab")).spoken("zh-CN") == "可用的有 `a`、`b`"


def test_values_are_no_templates() -> None:
    text = say("there is no field `{name}`", "{name}{wanted}")
    assert text == "there is no field `{name}{wanted}`"
    assert say("{hint}; {more}", "a text", "x") == "a text; x"
    assert say("{hint}; {more}", "a text", "x").spoken("zh-TW") == "a text；x"  # only what was said is spoken


def test_it_survives_pickling() -> None:
    text = say("{found} stands where {wanted} must", "`x`", say("a text")).recoded({"x": "乙"})
    again = pickle.loads(pickle.dumps(text))
    assert again == text == "`乙` stands where a text must"
    assert again.spoken("zh-TW") == "這裡是 `乙`，應該是文字"


def test_it_survives_being_kept() -> None:
    source = Source("a.rules", "rule a")
    message = say("{found} stands where {wanted} must", quoted("ab"), either([say("a text"), "`x`"]))
    related = (Related(source.span(0, 4), say("first here")),)
    finding = Finding("bad-date", message, source.span(0, 4), say("keep one").recoded({"a": "b"}), None, related)
    writer = Writer()
    data = json.loads(json.dumps(writer.write(finding)))
    again = Reader(writer.tables(), Environment(), {"a.rules": "rule a"}).read(data)
    assert again == finding and again.spoken("zh-TW") == finding.spoken("zh-TW") != finding
    kept = json.loads(json.dumps(to_json({"findings": [finding.as_dict()]})))
    (told,) = from_json(kept)["findings"]
    assert told == finding.as_dict() and spoken(told["message"], "zh-TW") == message.spoken("zh-TW")
    for broken in (["T", "a {b}", {"b": 5}, {}], ["T", 5, {}, {}], ["T", "a", {}, {"b": 5}]):
        with pytest.raises(BadData):
            Reader(writer.tables(), Environment(), {"a.rules": "rule a"}).read(broken)


def test_pages_of_findings_are_spoken(capsys: pytest.CaptureFixture[str]) -> None:
    for code in CODES.values():
        page = code.page("zh-TW")
        assert not left_over(page.partition("\n\n")[2].partition("\n\n")[0]), code.code
        assert all(str(example).split("\n")[0] in page for example in (*code.bad, *code.good)), "examples stay"
    assert cli.main(["validate", "--explain", "unused-words", "--locale", "zh-CN"]) == 0
    out = capsys.readouterr().out
    assert "没有任何地方用到这份词表。" in out and "错误写法：" in out and 'allow unused-words "why"' in out
    assert cli.main(["validate", "--explain", "unused-wrds", "--locale", "zh-TW"]) == 2
    assert "是不是要寫 `unused-words`？" in capsys.readouterr().err


def test_a_terminal_that_lacks_characters_gets_them_written_out(tmp_path: Path) -> None:
    for path, text in {**base(), "a.rules": "rule a\n  on ticket.creatd\n  then stop\n"}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "engine", "validate", str(tmp_path), "--no-cache"],
        env={**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "zh_TW.UTF-8"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stderr
    assert "error[unknown-event]: \\u6c92\\u6709 `ticket.creatd`" in done.stdout


@pytest.mark.parametrize(
    ("tag", "locale"),
    [
        ("zh_TW.UTF-8", "zh-TW"),
        ("zh_HK.UTF-8", "zh-TW"),
        ("zh-Hant", "zh-TW"),
        ("zh-Hant-MO", "zh-TW"),
        ("zh_CN.GB18030", "zh-CN"),
        ("zh-Hans-HK", "zh-CN"),
        ("zh", "zh-CN"),
        ("en_GB.UTF-8", "en"),
        ("C.UTF-8", "en"),
        ("zha", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_tags_of_languages(tag: str | None, locale: str) -> None:
    assert locale_of(tag) == locale


def test_text_output_speaks_but_for_codes() -> None:
    source = Source("a.rules", "rule a\n  on ticket.creatd\n  then stop\n")
    finding = Finding("unknown-event", say("there is no event `{name}`", "ticket.creatd"), source.span(12, 25))
    found = [*render([finding], locale="zh-TW").splitlines()]
    assert found[0] == "error[unknown-event]: 沒有 `ticket.creatd` 這個事件"
    hinted = Finding(
        "bad-date", say("a month has the days 1 to 31"), source.span(0, 4), say("save it as UTF-8"), "x = 1"
    )
    assert "= 例如：x = 1\n  = 建議：請存成 UTF-8" in render([hinted], locale="zh-TW")
    assert "help: save it as UTF-8" in render([hinted])

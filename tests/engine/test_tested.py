"""`engine test` as a command: coverage, thresholds, formats; and scenarios of changed rules run first on a reload."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine import cli
from engine.reload import load_files
from tests.core.desk import files

RULES = """
rule seen on message.received when message.text contains "急" then add tag seen
rule never on message.received when message.text contains "慢" then add tag slow
"""
TESTS = """
- name: 很急的人
  steps: [{message: 很急, expect: {fired: [seen]}}]
- name: a calm one
  steps: [{message: 你好, expect: {fired: []}}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rules = tmp_path / "rules"
    for path, text in {**files(RULES), "tests/a.yaml": TESTS}.items():
        (rules / path).parent.mkdir(parents=True, exist_ok=True)
        (rules / path).write_text(text, "utf-8")
    return rules


def test_it_speaks_the_language_of_the_terminal(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = (folder / "tests" / "a.yaml").read_text("utf-8").replace("fired: []", "fired: [never]")
    (folder / "tests" / "a.yaml").write_text(wrong, "utf-8")
    monkeypatch.setenv("LC_ALL", "zh_TW.UTF-8")
    assert cli.main(["test", str(folder), "--coverage"]) == 1
    out, err = capsys.readouterr()
    assert "第 1 步：fired：少了 `never`，結果是空白" in out
    assert '原因：`never` 沒有生效，因為 `message.text contains "慢"` 不成立' in out
    assert "1 個通過，1 個失敗，共 2 步" in out and "試過的規則：" in out
    assert "warning[untested-rule]: 沒有情境讓 `never` 生效過" in err
    assert cli.main(["test", str(folder), "--locale", "zh-CN"]) == 1
    assert "1 个通过，1 个失败，共 2 步" in capsys.readouterr().out
    # Programs get English, unless they ask.
    assert cli.main(["test", str(folder), "--format", "json"]) == 1
    (failure,) = [f for one in json.loads(capsys.readouterr().out)["scenarios"] for f in one["failures"]]
    assert failure["message"] == "fired: `never` is missing, got nothing"
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    assert cli.main(["test", str(folder)]) == 1
    assert "1 passed, 1 failed, 2 steps" in capsys.readouterr().out


def test_coverage_lists_what_was_never_tried(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["test", str(folder), "--coverage"]) == 0
    out, err = capsys.readouterr()
    assert "2 passed, 0 failed, 2 steps" in out
    lines = out.splitlines()
    (rules,) = [line for line in lines if line.startswith("rules tried:")]
    assert rules.split() == ["rules", "tried:", "1", "of", "2", "(50", "%)"]
    assert "  never  all.rules:3" in lines
    branches = lines[lines.index("branches never tried:") + 1 :]
    assert branches[0].startswith('  never: `message.text contains "慢"` true') and branches[0].endswith("all.rules:3")
    assert "warning[untested-rule]: no scenario makes `never` act" in err
    assert cli.main(["test", str(folder)]) == 0
    assert "untested-rule" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("threshold", "code"),
    [("50", 0), ("51", 1), ("rules=50,branches=10", 0), ("rules=50,branches=99.5", 1), ("targets=0", 0)],
)
def test_a_threshold_fails_below(folder: Path, threshold: str, code: int) -> None:
    assert cli.main(["test", str(folder), "--coverage", "--threshold", threshold]) == code


@pytest.mark.parametrize("threshold", ["many", "rulez=3"])
def test_a_threshold_that_is_none(folder: Path, threshold: str) -> None:
    assert cli.main(["test", str(folder), "--coverage", "--threshold", threshold]) == 2


def test_json_tells_all(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "tests/a.yaml").write_text(TESTS.replace("fired: []", "fired: [never]"), "utf-8")
    assert cli.main(["test", str(folder), "--coverage", "--format", "json"]) == 1
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (told["passed"], told["failed"], told["steps"]) == (1, 1, 2)
    (failure,) = told["scenarios"][1]["failures"]
    assert failure["line"] == 5 and "慢" in failure["why"]
    assert told["coverage"]["rules"]["never"] == [{"what": "never", "file": "all.rules", "line": 3}]
    assert {finding["code"] for finding in told["findings"]} == {"untested-rule"}
    assert cli.main(["test", str(folder), "--format", "json", "-k", "急"]) == 0
    assert json.loads(capsys.readouterr().out)["coverage"] is None


def test_scenarios_of_changed_rules_run_first(folder: Path) -> None:
    """Both fail under the second rules; the one whose rules were changed is told of first."""
    tests = TESTS + "- name: a slow one\n  steps: [{message: 慢慢來, expect: {fired: [never]}}]\n"
    seen, never = RULES.strip().splitlines()
    texts = {**files(seen), "more.rules": never, "tests/a.yaml": tests}
    first = load_files(texts)
    assert first.sound and first.rulebook is not None
    failing = tests.replace("fired: [", "ticket.priority: low, fired: [")
    changed = {**texts, "more.rules": never.replace("slow", "late"), "tests/a.yaml": failing}
    second = load_files(changed, None, first.rulebook)
    assert [result.name for result in second.failures] == ["a slow one", "很急的人", "a calm one"]
    unknown = load_files({**changed, "desk.yaml": changed["desk.yaml"] + "\n"})
    assert [result.name for result in unknown.failures] == ["很急的人", "a calm one", "a slow one"]

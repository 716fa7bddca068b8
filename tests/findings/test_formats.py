"""The voices of findings: SARIF by its own schema, GitHub's lines, text that underlines what it means."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from engine.lang.codes import MAIN
from tests.findings.desk import base
from tests.findings.test_same_everywhere import FOLDERS

SCHEMAS = Path(__file__).resolve().parents[2] / "web/ui/node_modules/@microsoft/jest-sarif/lib/schemas"


def validate(folder: Path, files: dict[str, str], form: str) -> str:
    for path, text in {**base(), **files}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "engine", "validate", ".", "--format", form, "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def sarif_schema() -> Any:
    """The standard's own schema, from the package that carries it; one of its patterns is no regular expression."""
    schema = json.loads(next(SCHEMAS.glob("sarif-2.1.0*.json")).read_text("utf-8"))

    def mend(node: Any) -> None:
        if isinstance(node, dict):
            if str(node.get("pattern", "")).endswith("]?$"):
                del node["pattern"]
            for child in node.values():
                mend(child)
        elif isinstance(node, list):
            for child in node:
                mend(child)

    mend(schema)
    return jsonschema_rs.validator_for(schema)


@pytest.mark.parametrize("name", [*FOLDERS, "nothing"])
@pytest.mark.slow
def test_sarif_is_what_the_standard_says(name: str, tmp_path: Path) -> None:
    files = FOLDERS[name]() if name != "nothing" else {}
    log = json.loads(validate(tmp_path, files, "sarif"))
    assert [str(error) for error in sarif_schema().iter_errors(log)] == []
    found = json.loads(validate(tmp_path, files, "json"))["findings"]
    (run,) = log["runs"]
    assert [result["ruleId"] for result in run["results"]] == [finding["code"] for finding in found]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    for result, finding in zip(run["results"], found, strict=True):
        region = result["locations"][0]["physicalLocation"]["region"]
        assert (region["startLine"], region["startColumn"]) == (finding["line"], finding["column"])
        assert rules[result["ruleIndex"]] == result["ruleId"]


def test_a_schema_that_is_not_kept_is_noticed() -> None:
    errors = list(sarif_schema().iter_errors({"version": "2.1.0", "runs": [{"results": []}]}))
    assert errors


def test_github_lines_hold_what_would_break_them(tmp_path: Path) -> None:
    when = 'ticket.subject = "100%,\\n::error::x" and ticket.typ = 其他'
    odd = f"rule hello\n  on ticket.created\n  when {when}\n  then stop\n"
    lines = validate(tmp_path, {"a,b:c.rules": odd}, "github").splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("::error file=a%2Cb%3Ac.rules,line=3,")
    assert "unknown-field" in lines[0]


def test_text_underlines_wide_characters_by_their_width(tmp_path: Path) -> None:
    when = 'ticket.subject = "退貨" and ticket.typ = 其他'
    text = f"rule hello\n  on ticket.created\n  when {when}\n  then stop\n"
    said = validate(tmp_path, {MAIN: text}, "text").splitlines()
    line = next(n for n, row in enumerate(said) if "ticket.typ" in row and row.startswith("3 |"))
    shown, under = said[line], said[line + 1]
    from engine.lang.text import width

    assert width(under[: under.index("^")]) == width(shown[: shown.index("ticket.typ =")])
    assert under.count("^") == len("ticket.typ")

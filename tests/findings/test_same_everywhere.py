"""The same texts give the same findings from the command, the API, the editor's service and the language server."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.editor import Workspace
from engine.lang import CODES, Severity
from engine.lang.codes import MAIN
from engine.reload import told
from tests.editor.client import session
from tests.findings.desk import base
from tests.web.support import running


def _rules_of(severity: Severity) -> dict[str, str]:
    """One file for each bad example that is a rule file alone; names made unlike, so that each says its own."""
    files = {}
    for code in CODES.values():
        for number, bad in enumerate(code.bad):
            if code.severity is severity and set(bad.files) == {MAIN}:
                text = bad.files[MAIN]
                for name in set(re.findall(r"^(?:rule|define|words) (\w+)", text, re.MULTILINE)):
                    text = re.sub(rf"\b{name}\b", f"{name}_{code.code.replace('-', '_')}_{number}", text)
                files[f"{code.code}-{number}.rules"] = text
    return files


def _yaml() -> dict[str, str]:
    """A bad example of each YAML file."""
    files: dict[str, str] = {}
    for code in CODES.values():
        for bad in code.bad:
            if (
                code.code != "unused-template"
                and MAIN not in bad.files
                and not any(path.endswith(".rules") for path in bad.files)
            ):
                for path, text in bad.files.items():
                    files.setdefault(path, text)
    return files


ZH = """規則 甲
  於 訊息.收到
  當 會員.等級 >= gold
  則 加上 標籤 x
規則 乙
  於 ticket.created
  則 停
"""
FOLDERS = {
    "errors": lambda: _rules_of(Severity.ERROR),
    "warnings": lambda: _rules_of(Severity.WARNING),
    "yaml": _yaml,
    "zh": lambda: {"zh.rules": ZH},
}


def _plain(findings: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(finding, sort_keys=True, ensure_ascii=False) for finding in findings)


SPOKEN = [*((name, "en") for name in FOLDERS), ("errors", "zh-TW"), ("yaml", "zh-CN"), ("zh", "zh-TW")]


@pytest.mark.parametrize(("name", "locale"), SPOKEN)
@pytest.mark.slow
def test_four_doors_say_the_same(name: str, locale: str, tmp_path: Path) -> None:
    files = {**base(), **FOLDERS[name]()}
    folder = tmp_path / "rules"
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "engine", "validate", ".", "--format", "json", "--no-cache", "--locale", locale],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    wanted = json.loads(done.stdout)["findings"]
    assert wanted, done.stderr
    assert all(re.search("[一-鿿]", re.sub("`[^`]*`", "", one["message"])) for one in wanted) == (locale != "en")

    service = [told(finding.spoken(locale)) for finding in Workspace(files).findings()]
    assert _plain([{**f, "snippet": None} for f in service]) == _plain([{**f, "snippet": None} for f in wanted])

    with running(tmp_path / "desk") as site:
        site.add_agent("lead", ["lead"], [])
        with site.client("lead") as client:
            answer = client.post("/rules/validate", params={"locale": locale}, json={"files": files})
    assert answer.status_code == 200, answer.text
    by_api = answer.json()["findings"]
    assert _plain([{**f, "snippet": None} for f in by_api]) == _plain([{**f, "snippet": None} for f in wanted])

    with session(folder, locale=locale) as editor:
        editor.until(lambda: sum(len(found) for found in editor.diagnostics.values()) == len(wanted))
        diagnosed = [one["data"] for found in editor.diagnostics.values() for one in found]
    assert _plain(diagnosed) == _plain(wanted)

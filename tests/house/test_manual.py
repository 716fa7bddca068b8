"""What the manual shows is done here: its rules build on the starter desk, its actions too, its plugin runs."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from engine.core.building import build
from engine.core.rulebook import Rulebook
from engine.folder import read_folder
from engine.lang import Severity
from tests.house.reference import ROOT


def blocks(page: str, language: str) -> list[str]:
    """The pieces of a page that are written in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", (ROOT / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)


def actions() -> list[str]:
    """The actions of the table in the rules' page, as they stand there."""
    table = (ROOT / "docs/rules.md").read_text("utf-8").partition("\n## Actions\n")[2]
    return re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)


def shown_rules() -> Iterator[tuple[str, str]]:
    """Every piece of rules text of the manual, with a name to call it by."""
    for page in ("README.md", "README.zh-TW.md", "docs/rules.md"):
        for number, text in enumerate(blocks(page, "rules"), 1):
            yield f"{page} {number}", text
    for number, action in enumerate(actions(), 1):
        # Of one kind of ticket: a move must be possible from every state the condition leaves.
        head = f"stage classify\nrule of_the_manual_{number}\n  on message.received\n  when ticket.kind = inquiry"
        yield action, f"{head}\n  then {action}\n"


@cache
def starter() -> Rulebook:
    """The desk the manual speaks of."""
    book, findings = build(read_folder(ROOT / "rules")[0])
    assert book is not None, findings
    return book


@pytest.mark.parametrize(("name", "text"), list(shown_rules()), ids=lambda value: value.partition("\n")[0][:60])
def test_rules_of_the_manual_build_on_the_starter_desk(name: str, text: str) -> None:
    files, _ = read_folder(ROOT / "rules")
    if not re.search(r"\A\s*(stage|階段) |^  (stage|階段) ", text, re.MULTILINE):
        text = f"stage prioritise\n\n{text}"
    _, findings = build({**files, "99-manual.rules": text}, previous=starter())
    wrong = [f"{f.code}: {f.message}" for f in findings if f.severity is Severity.ERROR]
    assert not wrong, f"{name}: {wrong}"


PAGES = sorted(
    {*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")}
    | {path for room in ("engine", "plugins", "rules", "web", "config", "tests") for path in (ROOT / room).glob("*.md")}
)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_of_the_manual_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.M | re.S))
    lost = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    if not (ROOT / "docs/images").is_dir():  # the pictures are made by a journey and not committed yet
        lost = [link for link in lost if not link.startswith("docs/images/")]
    assert not lost, f"{page.relative_to(ROOT)} links to what is not there: {', '.join(lost)}"


def test_files_named_in_the_map_of_the_engine_are_there() -> None:
    text = (ROOT / "engine/README.md").read_text("utf-8")
    named = set(re.findall(r"`((?:engine|plugins|web|rules|tests)/[\w./-]+\.(?:py|md|lark|ts|rules))`", text))
    assert len(named) > 10
    lost = sorted(name for name in named if not (ROOT / name).exists())
    assert not lost, f"engine/README.md names files that are not there: {', '.join(lost)}"
    functions = re.findall(r"`((?:engine|plugins|web)/[\w./-]+\.py)` `(\w+)`", text)
    assert len(functions) > 8
    for path, name in functions:
        source = (ROOT / path).read_text("utf-8")
        assert re.search(rf"(def|class) {name}\b", source), f"engine/README.md: {path} has no `{name}`"


def test_the_numbers_of_the_manual_are_those_of_the_starter_desk() -> None:
    from engine.core import scenarios
    from engine.lang import Source
    from engine.reload import is_scenario_file

    book, files = starter(), starter().files
    found = [
        one for name, text in files.items() if is_scenario_file(name) for one in scenarios.read(Source(name, text))[0]
    ]
    rules, steps = len(book.rules.rules), sum(len(one.steps) for one in found)
    told = {
        "README.md": (
            f"All {rules} rules",
            f"# {rules + 1} rules: 0 errors",
            f"# {len(found)} passed, 0 failed, {steps} s",
        ),
        "README.zh-TW.md": (
            f"內附的 {rules} 條規則",
            f"# {rules + 1} 條規則：0 個錯誤",
            f"# {len(found)} 個通過，0 個失敗，共 {steps} 步",
        ),
        "CHANGELOG.md": (f"starter desk of {rules}\n", f"with {len(found)} scenarios"),
        "docs/rules.md": (f"{rules + 1} rules: 0 errors",),
    }
    stale = [
        f"{page}: {words!r}"
        for page, all_ in told.items()
        for words in all_
        if words not in (ROOT / page).read_text("utf-8")
    ]
    assert not stale, f"the starter desk has {rules} rules, {len(found)} scenarios, {steps} steps; stale: {stale}"


def test_the_scenario_and_the_rule_of_the_manual_go_together() -> None:
    from engine.core import scenarios
    from engine.lang import Source

    before = starter()
    rule, scenario = blocks("docs/rules.md", "rules")[0], blocks("docs/rules.md", "yaml")[0]
    found, problems = scenarios.read(Source("tests/manual.yaml", scenario))
    assert found and not problems
    after, _ = build({**before.files, "99-manual.rules": f"stage prioritise\n\n{rule}"}, previous=before)
    assert after is not None
    assert not scenarios.run(before, found[0]).passed
    assert scenarios.run(after, found[0]).passed


def test_the_plugin_of_the_manual_carries_letters_both_ways(tmp_path: Path) -> None:
    from engine.config import load
    from engine.desk import Desk
    from engine.pump import Pump
    from engine.reload import reload_now

    desk_folder = tmp_path / "desk"
    (desk_folder / "extensions").mkdir(parents=True)
    (desk_folder / "extensions" / "folder.py").write_text(blocks("plugins/README.md", "python")[0], "utf-8")
    post = tmp_path / "post"
    config = load(
        desk_folder,
        overrides={
            "rules.path": str(ROOT / "rules"),
            "plugins.dir": "extensions",
            "plugins.settings": {"folder": {"path": str(post)}},
        },
    )

    async def correspond() -> list[dict[str, object]]:
        desk = await Desk.open(config)
        assert not desk.plugins.set_aside
        pump = Pump(desk)
        try:
            await reload_now(desk, by="test", source="start")
            await pump.start()
            desk.plugins.tell("desk_started", desk=desk)
            (post / "in" / "0001.json").write_text('{"email": "ming@example.org", "text": "我要退款"}', "utf-8")
            async with asyncio.timeout(30):
                while not list((post / "out").glob("*.json")):
                    await asyncio.sleep(0.05)
            assert not list((post / "in").iterdir()), "what is stored is taken away"
            desk.plugins.tell("desk_stopping", desk=desk)
        finally:
            await pump.stop()
            await desk.close()
        return [json.loads(path.read_text("utf-8")) for path in (post / "out").glob("*.json")]

    answers = asyncio.run(correspond())
    assert all(answer["to"] == {"email": "ming@example.org"} and answer["ticket"] == 1 for answer in answers)


@pytest.mark.slow
def test_the_lines_of_the_api_page_run_as_they_stand(tmp_path: Path) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("there is no curl on this machine")
    engine = [sys.executable, "-m", "engine"]
    desk, password = tmp_path / "desk", "a-password-for-this-run"

    def command(*words: str, said: str | None = None) -> None:
        subprocess.run([*engine, *words], cwd=ROOT, input=said, text=True, check=True, capture_output=True, timeout=240)

    command("init", str(desk))
    command("user", "add", "amy", "--role", "agent", "--team", "aftersales", "--desk", str(desk), "--password-stdin",
            said=password)  # fmt: skip
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [*engine, "serve", "--desk", str(desk), "--port", str(port)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(1_200):
            if subprocess.run([curl, "-sf", f"{address}/readyz"], check=False, capture_output=True).returncode == 0:
                break
            assert server.poll() is None, "the server ended"
            time.sleep(0.1)
        script = tmp_path / "lines.sh"
        script.write_text("set -euo pipefail\n" + "\n".join(blocks("docs/api.md", "sh")), "utf-8")
        environment = {**os.environ, "DESK": address, "PASSWORD": password}
        ran = subprocess.run(
            ["bash", str(script)],
            cwd=tmp_path,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=240,
        )
    finally:
        server.terminate()
        server.wait(60)
    assert ran.returncode == 0, f"{ran.stdout[-2000:]}\n{ran.stderr}"
    for shown in ('"type":"退換貨"', '"code":"not-found"', '"pointer":"/prioritaet"', '"state":"已結案"', "hello"):
        assert shown in ran.stdout, f"{shown} is not among the answers:\n{ran.stdout[-3000:]}"

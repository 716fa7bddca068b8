"""The command: exit codes, what it prints, and that user errors are told without a traceback."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from engine.cli import main
from tests.core.desk import FILES
from tests.house.reference import commands
from tests.support.house import RULES, House

COMMANDS = (
    "init",
    "validate",
    "test",
    "explain",
    "reload",
    "user",
    "doctor",
    "demo",
    "worker",
    "jobs",
    "migrate",
    "plugin",
    "bench",
    "serve",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert "example: engine " + command in capsys.readouterr().out


def test_clean_rules_validate(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(RULES)]) == 0
    assert "0 errors" in capsys.readouterr().out


def test_findings_as_json_name_file_line_and_column(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.write(
        "bad.rules", "stage route\nrule x\n  on message.received\n  when member.teir >= gold\n  then add tag vip\n"
    )
    assert main(["validate", str(house.folder / "rules"), "--format", "json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    (found,) = [f for f in answer["findings"] if f["severity"] == "error"]
    assert (found["code"], found["line"], found["column"]) == ("unknown-field", 4, 8)
    assert found["file"] == f"{house.folder}/rules/bad.rules", "a path that opens from where the command ran"
    assert "member.tier" in found["hint"]
    assert answer["errors"] == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["validate", "/nowhere"], "no rules folder"),
        (["validate"], "name a rules folder"),
        (["validate", "--explain", "unknown-feild"], "unknown-field"),
        (["test", "/nowhere"], "no rules folder"),
        (["explain", "abc", "--desk", "{desk}"], "no ticket number"),
        (["explain", "99999", "--desk", "{desk}"], "no ticket #99999"),
        (["explain", "1", "--desk", "/nowhere"], "is no desk"),
        (["reload", "--desk", "{desk}"], "no server runs"),
        (["user", "add", "--desk", "{desk}"], "needs a username"),
        (["user", "add", "x", "--team", "fronline", "--desk", "{desk}"], "did you mean `frontline`"),
        (["user", "disable", "nobody", "--desk", "{desk}"], "no agent `nobody`"),
        (["user", "capacity", "nobody", "3", "--desk", "{desk}"], "no agent `nobody`"),
        (["user", "capacity", "nobody", "--desk", "{desk}"], "how many chats"),
        (["user", "capacity", "nobody", "999", "--desk", "{desk}"], "0 to 200 chats"),
        (["user", "password", "nobody", "--desk", "{desk}"], "no agent `nobody`"),
        (["bench", "nothing"], "no benchmark `nothing`"),
    ],
)
def test_what_cannot_be_done_is_said_with_what_to_do(
    house: House, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    house.run(lambda desk: asyncio.sleep(0))  # a desk that was begun
    assert main([a.replace("{desk}", str(house.folder)) for a in arguments]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told


def test_a_finding_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--explain", "unknown-field"]) == 0
    said = capsys.readouterr().out
    assert "Bad:" in said
    assert "Good:" in said


def test_scenarios_run_and_a_failing_one_says_which_part_did_not_hold(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    tests = house.folder / "rules" / "tests"
    tests.mkdir()
    (tests / "mine.yaml").write_text(
        "- name: a basic member is no VIP\n"
        "  member: {tier: basic}\n"
        "  agents: {lin: {team: senior_care, skills: [refunds]}}\n"
        "  steps:\n"
        "    - message: 我要退款\n"
        "      expect: {fired: [vip_refund]}\n",
        "utf-8",
    )
    assert main(["test", str(house.folder / "rules")]) == 1
    said = capsys.readouterr().out
    assert "tests/mine.yaml:6" in said
    assert "did not hold" in said
    assert "0 passed, 1 failed" in said
    assert main(["test", str(RULES), "-k", "gold"]) == 0


def test_init_makes_a_desk_and_never_over_another(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk = tmp_path / "my desk"
    assert main(["init", str(desk)]) == 0
    told = capsys.readouterr().out
    assert "admin" in told
    assert "password:" in told
    assert (desk / "rules" / "desk.yaml").is_file()
    assert (desk / "config" / "engine.yaml").is_file()
    assert main(["init", str(desk)]) == 2
    assert "not empty" in capsys.readouterr().err
    assert main(["doctor", "--desk", str(desk)]) == 0
    assert "chain" in capsys.readouterr().out


def test_accounts_are_added_listed_and_disabled(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    desk = ["--desk", str(house.folder)]
    command = [sys.executable, "-m", "engine", "user", "add", "amy", "--team", "frontline", "--password-stdin", *desk]
    added = subprocess.run(command, input="long enough\n", text=True, capture_output=True, check=False)
    assert added.returncode == 0, added.stderr
    weak = subprocess.run(command, input="short\n", text=True, capture_output=True, check=False)
    assert weak.returncode == 2
    assert "at least 8" in weak.stderr
    assert "Traceback" not in weak.stderr
    assert main(["user", "list", *desk]) == 0
    assert "frontline" in capsys.readouterr().out
    assert main(["user", "capacity", "amy", "7", *desk]) == 0
    assert main(["user", "disable", "amy", *desk]) == 0
    assert main(["user", "list", *desk]) == 0
    assert "(disabled)" in capsys.readouterr().out


def test_plugins_are_listed(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugin", "list", "--desk", str(house.folder)]) == 0
    said = capsys.readouterr().out
    for name in ("storage.sqlite", "channels.chat", "auth.password", "web"):
        assert name in said


# --- a folder without a desk ------------------------------------------------------------------------------------------

BEGIN = ("serve", "demo", "user add", "init")
"""What may begin a desk."""
ALSO = {
    "explain": ["234"],
    "simulate": ["--rules", str(RULES), "--since", "2026-11-01"],
    "jobs": ["list"],
    "plugin": ["list"],
}
"""What else a command needs."""
FORMS = {
    "user": [["list"], ["password", "amy"], ["capacity", "amy", "5"], ["disable", "amy"]],
    "jobs": [["list"], ["cancel", "1"]],
    "doctor": [[], ["--repair"], ["--repair", "do"]],
    "plugin": [],
}
"""The forms of commands that have several; those of a plugin ask no desk, only what is installed."""


def _on_a_desk() -> list[list[str]]:
    """Every command line that works on a desk, of those that may not begin one."""
    found = []
    for name, parser in commands().items():
        takes = {option for action in parser._actions for option in action.option_strings}
        if "--data" in takes and name not in BEGIN:
            found += [[name, *form] for form in FORMS.get(name, [ALSO.get(name, [])])]
    return found


@pytest.mark.parametrize("line", _on_a_desk(), ids=" ".join)
def test_a_mistyped_data_folder_is_told_and_nothing_is_made(
    line: list[str], house: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("password-1\n"))
    typo = house.folder / "backup-typo"
    more = ["--password-stdin"] if line[:2] == ["user", "password"] else []
    assert main([*line, *more, "--desk", str(house.folder), "--data", str(typo)]) == 2
    said = capsys.readouterr().err
    assert "no desk in" in said or (line[0] == "reload" and "no server runs" in said)
    assert str(typo) in said and not typo.exists()


def test_a_first_agent_begins_a_desk(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("password-1\n"))
    new, known = house.folder / "new", ["--desk", str(house.folder), "--data"]
    assert main(["user", "add", "amy", "--role", "admin", "--password-stdin", *known, str(new)]) == 0
    assert main(["user", "list", *known, str(new)]) == 0
    (new / "keys").unlink()
    assert main(["user", "list", *known, str(new)]) == 2, "a storage without its keys is a desk, which cannot be read"


@pytest.mark.parametrize("form", ["text", "json", "junit"])
def test_a_name_that_no_scenario_has_is_told(form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, text in {**FILES, "tests/a.yaml": "- name: hello\n  steps: [{message: 你好}]\n"}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    assert main(["test", str(tmp_path), "-k", "hell", "--format", form]) == 0
    capsys.readouterr()
    assert main(["test", str(tmp_path), "-k", "nosuch", "--format", form]) == 2
    assert "`nosuch`" in capsys.readouterr().err

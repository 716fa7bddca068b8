"""`engine fmt`: what it writes, what it leaves alone, and its exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.cli import main

UGLY = "rule a on ticket.created then stop"
LAID = "rule a\n  on ticket.created\n  then stop\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shops" / "demo").mkdir(parents=True)
    (tmp_path / ".old").mkdir()
    for name in ("a.rules", "shops/demo/b.rules", ".old/c.rules", "notes.txt"):
        (tmp_path / name).write_text(UGLY, "utf-8")
    return tmp_path


def test_every_rule_file_of_a_folder_is_laid_out_and_nothing_else(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fmt", str(folder)]) == 0
    assert capsys.readouterr().out.splitlines() == [str(folder / "a.rules"), str(folder / "shops/demo/b.rules")]
    assert (folder / "shops/demo/b.rules").read_text("utf-8") == LAID
    assert (folder / ".old/c.rules").read_text("utf-8") == UGLY
    assert (folder / "notes.txt").read_text("utf-8") == UGLY
    assert main(["fmt", str(folder)]) == 0
    assert capsys.readouterr().out == ""


def test_check_lists_what_would_change_and_changes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.rules").write_text(LAID, "utf-8")
    assert main(["fmt", "--check", str(folder)]) == 1
    assert capsys.readouterr().out.splitlines() == [str(folder / "shops/demo/b.rules")]
    assert (folder / "shops/demo/b.rules").read_text("utf-8") == UGLY
    assert main(["fmt", "--check", str(folder / "a.rules")]) == 0


def test_a_file_with_mistakes_is_left_alone_and_shown_and_the_others_are_done(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = "rule a on ticket.created wehn vip then stop"
    (folder / "a.rules").write_text(wrong, "utf-8")
    assert main(["fmt", str(folder)]) == 2
    told = capsys.readouterr()
    assert "error[unknown-keyword]" in told.err
    assert "a.rules:1:26" in told.err
    assert (folder / "a.rules").read_text("utf-8") == wrong
    assert (folder / "shops/demo/b.rules").read_text("utf-8") == LAID


def test_keywords_are_turned_and_turned_back(folder: Path) -> None:
    assert main(["fmt", "--keywords", "zh", str(folder)]) == 0
    assert (folder / "a.rules").read_text("utf-8") == "規則 a\n  於 ticket.created\n  則 停止\n"
    assert main(["fmt", "--check", str(folder)]) == 0
    assert main(["fmt", "--keywords", "en", str(folder)]) == 0
    assert (folder / "a.rules").read_text("utf-8") == LAID


@pytest.mark.parametrize("raw", [b"\xef\xbb\xbf" + LAID.encode(), LAID.replace("\n", "\r\n").encode()])
def test_marks_and_line_ends_of_other_systems_go(folder: Path, raw: bytes) -> None:
    (folder / "a.rules").write_bytes(raw)
    assert main(["fmt", "--check", str(folder / "a.rules")]) == 1
    assert main(["fmt", str(folder / "a.rules")]) == 0
    assert (folder / "a.rules").read_bytes() == LAID.encode()


def test_what_cannot_be_laid_out_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.rules").write_bytes(b"# \xa4\xa4")
    assert main(["fmt", str(folder / "a.rules")]) == 2
    assert "not UTF-8 at byte 2" in capsys.readouterr().err
    assert main(["fmt", str(folder / "notes.txt")]) == 2
    assert "no .rules file" in capsys.readouterr().err
    assert main(["fmt", str(folder / "nowhere")]) == 2
    assert "there is no file or folder" in capsys.readouterr().err

"""A file that is no text: told of in its place, whoever reads the folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.lang import CODES
from engine.reload import load
from tests.findings.desk import base


def test_a_file_that_is_no_text_is_told_of_once(tmp_path: Path) -> None:
    for path, text in base().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, "utf-8")
    (tmp_path / "big5.rules").write_bytes("rule 退貨 on ticket.created then stop\n".encode("big5"))
    loaded = load(tmp_path, run_scenarios=False)
    assert [(f.code, f.span.source.path) for f in loaded.findings] == [("not-utf8", "big5.rules")]
    assert not loaded.sound
    (tmp_path / "big5.rules").write_text("rule 退貨 on ticket.created then add tag x\n", "utf-8")
    assert load(tmp_path, run_scenarios=False).findings == []


@pytest.mark.parametrize(
    ("path", "text", "code"),
    [
        (
            "nul.rules",
            'rule x\n  on message.received\n  when message.text is "a\0b"\n  then stop\n',
            "syntax-error",
        ),
        ("nul.rules", "# a\0b\nrule x\n  on message.received\n  then stop\n", "syntax-error"),
        ("roles.yaml", 'x:\n  label: {en: "a\\0b"}\n  permissions: [ticket.view]\n', "bad-yaml"),
        ("roles.yaml", 'x:\n  label: {en: "a\\x00b"}\n  permissions: [ticket.view]\n', "bad-yaml"),
        ("roles.yaml", 'x:\n  label: {en: "a\0b"}\n  permissions: [ticket.view]\n', "bad-yaml"),
    ],
)
def test_no_text_of_a_folder_holds_what_databases_do_not_agree_on(
    tmp_path: Path, path: str, text: str, code: str
) -> None:
    for name, content in {**base(), path: text}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content.encode())
    loaded = load(tmp_path, run_scenarios=False)
    assert not loaded.sound
    assert any(f.code == code and "U+0000" in f.message and f.span.source.path == path for f in loaded.findings)


def test_what_no_page_can_show_says_where_it_is_tried() -> None:
    for code in ("not-utf8", "untested-rule"):
        assert CODES[code].why and not CODES[code].bad

"""A file that is no text: told of in its place, whoever reads the folder."""

from __future__ import annotations

from pathlib import Path

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


def test_what_no_page_can_show_says_where_it_is_tried() -> None:
    for code in ("not-utf8", "untested-rule"):
        assert CODES[code].why and not CODES[code].bad

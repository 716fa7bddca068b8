"""Which of a shop's languages is nearest to what a browser asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.core.building import build
from engine.folder import read_folder


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [
        ("zh-TW", "zh-TW"),
        ("zh-Hant-HK", "zh-TW"),
        ("zh-HK", "zh-TW"),
        ("zh", "zh-TW"),
        ("zh-CN", "zh-CN"),
        ("zh-Hans-CN", "zh-CN"),
        ("zh_SG", "zh-CN"),
        ("en-GB", "en"),
        ("EN", "en"),
        ("fr-FR", "zh-TW"),
        ("", "zh-TW"),
        (None, "zh-TW"),
        ("🙂" * 8, "zh-TW"),
    ],
)
def test_the_nearest_language(asked: str | None, spoken: str) -> None:
    files, _ = read_folder(Path(__file__).resolve().parents[2] / "rules")
    book, _ = build({k: v for k, v in files.items() if not k.endswith(".rules") or k == "terms.rules"})
    assert book is not None
    assert book.language_for("demo", asked) == spoken

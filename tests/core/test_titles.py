"""Titles are one line that is seen as it is."""

from __future__ import annotations

import pytest

from engine.core.errors import Refused
from engine.core.titles import title_of


@pytest.mark.parametrize("text", ["退款進度", "a b", "👨\u200d👩\u200d👧 親子", "é", "ー"])
def test_what_is_seen_is_kept(text: str) -> None:
    assert title_of(f"  {text} ", "/title") == text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "text-needed"),
        (" \n\t", "text-needed"),
        ("\u200d", "text-needed"),
        ("\u200b", "invisible-character"),
        ("退\u202e款", "invisible-character"),
        ("\x1b[31m退款", "invisible-character"),
        ("two\nlines", "invisible-character"),
    ],
)
def test_what_nobody_sees_is_refused(text: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        title_of(text, "/title")
    assert (refused.value.code, refused.value.pointer) == (code, "/title")

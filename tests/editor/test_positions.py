"""Positions as editors count them, against Python's own encodings."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.editor.positions import Positions

TEXTS = st.text(st.sampled_from("ab \t\n\r\u2028\x0c甲𠮷🍜é"), max_size=30)
CODECS = {"utf-16": ("utf-16-le", 2), "utf-8": ("utf-8", 1), "utf-32": ("utf-32-le", 4)}


def counted(text: str, offset: int, encoding: str) -> tuple[int, int]:
    """An editor's position by the book: lines end at `\\r\\n`, `\\n`, `\\r`; columns are units of the encoding."""
    before = re.split(r"\r\n|\n|\r", text[:offset])
    codec, size = CODECS[encoding]
    return len(before) - 1, len(before[-1].encode(codec)) // size


@pytest.mark.parametrize("encoding", CODECS)
@given(text=TEXTS)
def test_every_offset_there_and_back(encoding: str, text: str) -> None:
    positions = Positions(text, encoding)
    for offset in range(len(text) + 1):
        if text[offset - 1 : offset + 1] == "\r\n":  # between the two halves of one break nobody stands
            continue
        assert positions.position(offset) == counted(text, offset, encoding)
        assert positions.offset(*positions.position(offset)) == offset
        line, column = positions.ours(*positions.position(offset))
        assert text.split("\n")[line - 1][: column - 1] == text[:offset].rpartition("\n")[2]
        assert positions.theirs(line, column) == positions.position(offset)


def test_the_inside_of_a_character_is_its_begin_and_the_outside_of_the_text_its_end() -> None:
    positions = Positions("a🍜b\nc")
    assert positions.offset(0, 2) == 1
    assert positions.offset(0, 99) == 3
    assert positions.offset(9, 0) == 5
    assert positions.offset(-1, 0) == 0
    assert positions.theirs(9, 9) == (1, 1)
    assert positions.replaced((0, 1), (0, 3), "x") == "axb\nc"
    assert positions.replaced((1, 1), (0, 0), "x") == "a🍜b\ncx"

"""Positions as editors count them: lines and units from 0, a character outside the first plane two units of UTF-16."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable

_BREAK = re.compile(r"\r\n|\n|\r")


def _utf8(char: str) -> int:
    code = ord(char)
    return 1 if code < 0x80 else 2 if code < 0x800 else 3 if code < 0x10000 else 4


UNITS: dict[str, Callable[[str], int]] = {
    "utf-16": lambda char: 2 if ord(char) > 0xFFFF else 1,
    "utf-8": _utf8,
    "utf-32": lambda char: 1,
}
"""How many units of an encoding a character takes."""


class Positions:
    """The positions of one text, between the editor's and ours (lines and columns from 1, in characters).

    An editor ends a line at `\\r\\n`, `\\n` or `\\r`; ours end at `\\n`.
    """

    def __init__(self, text: str, encoding: str = "utf-16") -> None:
        self.text = text
        self._units = UNITS.get(encoding, UNITS["utf-16"])
        self._starts = [0, *(found.end() for found in _BREAK.finditer(text))]
        self._ends = [*(found.start() for found in _BREAK.finditer(text)), len(text)]
        self._own = [0, *(found.end() for found in re.finditer("\n", text))]

    def offset(self, line: int, character: int) -> int:
        """The offset of an editor's position; past the end of a line it is its end, past the last line the text's."""
        if line < 0:
            return 0
        if line >= len(self._starts):
            return len(self.text)
        at, end = self._starts[line], self._ends[line]
        while at < end and character > 0:
            character -= self._units(self.text[at])
            if character < 0:  # within a character: its begin
                break
            at += 1
        return at

    def position(self, offset: int) -> tuple[int, int]:
        """The editor's position of an offset."""
        line = bisect_right(self._starts, offset) - 1
        start = self._starts[line]
        return line, sum(map(self._units, self.text[start : min(offset, self._ends[line])]))

    def ours(self, line: int, character: int) -> tuple[int, int]:
        """Our line and column of an editor's position."""
        offset = self.offset(line, character)
        number = bisect_right(self._own, offset)
        return number, offset - self._own[number - 1] + 1

    def theirs(self, line: int, column: int) -> tuple[int, int]:
        """The editor's position of our line and column; outside of the text it is its end."""
        if line > len(self._own):
            return self.position(len(self.text))
        return self.position(min(self._own[max(line, 1) - 1] + max(column, 1) - 1, len(self.text)))

    def replaced(self, start: tuple[int, int], end: tuple[int, int], new: str) -> str:
        """The text with what is between two of the editor's positions replaced."""
        first = self.offset(*start)
        return self.text[:first] + new + self.text[max(first, self.offset(*end)) :]

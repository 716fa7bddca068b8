"""What a pattern cannot be found without: plain strings of which one stands in every text it is found in.

Looking for strings is a thousand times cheaper than running a thousand patterns, so the index looks for these first.
A pattern for which nothing is certain has none; it is simply run.
"""

from __future__ import annotations

from engine.lang.text import is_cjk

_PUNCTUATION = frozenset("\\.+*?()|[]{}^$/-_ !\"#%&',:;<=>@`~")
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r"}
_CLASSES = frozenset("bBAzdDwWsS")
_MOST = 16


class _Unsure(Exception):
    """Something this reader does not know for certain."""


def required(pattern: str, ignore_case: bool) -> tuple[str, ...] | None:
    """Strings of which one stands in any text in which the (valid) RE2 pattern is found; None when none is certain.

    With `ignore_case` they are lower case and meant for `text.lower()`: only characters that RE2 and Python lower
    alike are used (`ſ` is an `s` to RE2 and not to Python).
    """
    try:
        reader = _Reader(pattern, ignore_case)
        found = reader.alternatives()
        if reader.at < len(pattern):
            return None
    except (_Unsure, IndexError, ValueError):
        return None
    return found if found is not None and len(found) <= _MOST else None


def _better(one: tuple[str, ...] | None, other: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Of two requirements the one that is rarer: longer strings, then fewer."""
    if one is None or other is None:
        return one or other
    return max(one, other, key=lambda found: (min(map(len, found)), -len(found)))


class _Reader:
    def __init__(self, pattern: str, ignore_case: bool) -> None:
        self.pattern = pattern
        self.ignore_case = ignore_case
        self.at = 0

    def alternatives(self) -> tuple[str, ...] | None:
        """Up to the end or a `)`."""
        each = [self._sequence()]
        while self.at < len(self.pattern) and self.pattern[self.at] == "|":
            self.at += 1
            each.append(self._sequence())
        found: dict[str, None] = {}
        for one in each:
            if one is None:
                return None
            found.update(dict.fromkeys(one))
        return tuple(found)

    def _sequence(self) -> tuple[str, ...] | None:
        best: tuple[str, ...] | None = None
        run = ""
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            char, inner = self._atom()
            least, repeated = self._quantifier()
            if char is None:
                best, run = _better(best, (run,) if run else None), ""
                if least:
                    best = _better(best, inner)
                continue
            if least:
                run += char
            if repeated:
                best, run = _better(best, (run,) if run else None), ""
        return _better(best, (run,) if run else None)

    def _atom(self) -> tuple[str | None, tuple[str, ...] | None]:
        """A certain character, or what a group requires, or neither."""
        char = self.pattern[self.at]
        self.at += 1
        if char == "(":
            return None, self._group()
        if char == "[":
            self._class()
            return None, None
        if char in ".^$":
            return None, None
        if char in "*+?{":
            raise _Unsure
        if char == "\\":
            char = self.pattern[self.at]
            self.at += 1
            if char in _CLASSES:
                return None, None
            if char not in _PUNCTUATION and char not in _CONTROLS:
                raise _Unsure
            char = _CONTROLS.get(char, char)
        if not self.ignore_case:
            return char, None
        alike = (char.isascii() and char not in "sS") or (is_cjk(char) and char.lower() == char.upper())
        return (char.lower(), None) if alike else (None, None)

    def _group(self) -> tuple[str, ...] | None:
        if self.pattern.startswith("?", self.at):
            if self.pattern.startswith("?:", self.at):
                self.at += 2
            elif self.pattern.startswith(("?P<", "?<"), self.at):
                self.at = self.pattern.index(">", self.at) + 1
            else:
                raise _Unsure
        found = self.alternatives()
        if self.pattern[self.at] != ")":
            raise _Unsure
        self.at += 1
        return found

    def _class(self) -> None:
        if self.pattern[self.at] == "^":
            self.at += 1
        first = True
        while first or self.pattern[self.at] != "]":
            first = False
            if self.pattern.startswith("[:", self.at):
                self.at = self.pattern.index(":]", self.at) + 2
            else:
                self.at += 2 if self.pattern[self.at] == "\\" else 1
        self.at += 1

    def _quantifier(self) -> tuple[int, bool]:
        """How often at least, and whether there is one at all."""
        if self.at >= len(self.pattern) or self.pattern[self.at] not in "*+?{":
            return 1, False
        char = self.pattern[self.at]
        self.at += 1
        least = 1 if char == "+" else 0
        if char == "{":
            end = self.pattern.index("}", self.at)
            body = self.pattern[self.at : end]
            low, comma, high = body.partition(",")
            if not low.isdecimal() or (comma and high and not high.isdecimal()):
                raise _Unsure
            least = int(low)
            self.at = end + 1
        if self.pattern.startswith("?", self.at):
            self.at += 1
        return least, True

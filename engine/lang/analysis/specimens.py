"""Texts a pattern finds: a small reader of the forms people write. What it cannot read it leaves to no specimen."""

from __future__ import annotations

_CLASSES = {"d": "1", "w": "a", "s": " ", "D": "x", "W": "-", "S": "x", "n": "\n", "t": "\t"}
_NOTHING = frozenset("^$")


class _CannotReadError(Exception):
    """A form this reader does not know."""


def specimen(pattern: str) -> list[str]:
    """A few texts that the pattern should find; whoever uses one asks the pattern itself."""
    found: list[str] = []
    for repeats in (1, 2, 3):
        try:
            reader = _Reader(pattern, repeats)
            text = reader.choice()
            if reader.at == len(pattern) and text not in found:
                found.append(text)
        except (_CannotReadError, IndexError, ValueError):
            break
    return found


class _Reader:
    """Reads a pattern once, writing what it finds. `repeats`: how often `+` and `*` are taken."""

    def __init__(self, pattern: str, repeats: int) -> None:
        self.pattern = pattern
        self.repeats = repeats
        self.at = 0

    def peek(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def choice(self) -> str:
        """The first of `a|b|c`; the others are read past."""
        first = self.sequence()
        while self.peek() == "|":
            self.at += 1
            other = self.sequence()
            first = first or other
        return first

    def sequence(self) -> str:
        out: list[str] = []
        while self.peek() and self.peek() not in "|)":
            atom = self.atom()
            out.append(self.repeated(atom))
        return "".join(out)

    def atom(self) -> str:
        char = self.pattern[self.at]
        self.at += 1
        if char == "(":
            if self.peek() == "?":
                self.at += 1
                if self.peek() in ("P", "<"):
                    self.at = self.pattern.index(">", self.at) + 1
                elif self.peek() == ":":
                    self.at += 1
                else:
                    raise _CannotReadError
            inner = self.choice()
            if self.peek() != ")":
                raise _CannotReadError
            self.at += 1
            return inner
        if char == "[":
            return self.char_class()
        if char == "\\":
            return self.escape()
        if char in _NOTHING:
            return ""
        return "a" if char == "." else char

    def escape(self) -> str:
        char = self.pattern[self.at]
        self.at += 1
        if char in "bBAz":
            return ""
        if char in "pPQEx" or char.isdigit():
            raise _CannotReadError
        return _CLASSES.get(char, char)

    def char_class(self) -> str:
        negated = self.peek() == "^"
        if negated:
            self.at += 1
        members: list[str] = []
        excluded: set[str] = set()
        start = self.at
        while self.peek() != "]" or self.at == start:
            char = self.pattern[self.at]
            self.at += 1
            if char == "[":
                raise _CannotReadError
            if char == "\\":
                char = self.escape()
            if self.peek() == "-" and self.pattern[self.at + 1 : self.at + 2] not in ("]", ""):
                end = self.pattern[self.at + 1]
                self.at += 2
                excluded.update(chr(code) for code in range(ord(char), min(ord(end), ord(char) + 500) + 1))
                members.append("a" if char <= "a" <= end else ("1" if char <= "1" <= end else char))
            else:
                excluded.add(char)
                members.append(char)
        self.at += 1
        if not negated:
            return members[0]
        return next((char for char in "a1x 字-" if char not in excluded), "~")

    def repeated(self, atom: str) -> str:
        mark = self.peek()
        count = 1
        if mark and mark in "*+?":
            self.at += 1
            count = self.repeats if mark == "+" else self.repeats - 1
            count = min(count, 1) if mark == "?" else count
        elif mark == "{":
            end = self.pattern.index("}", self.at)
            low = self.pattern[self.at + 1 : end].split(",")[0]
            if not low.isdigit() or int(low) > 100:
                raise _CannotReadError
            self.at = end + 1
            count = int(low)
        if mark and mark in "*+?{" and self.peek() == "?":
            self.at += 1
        return atom * count

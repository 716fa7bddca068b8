"""Text as the desk sees it: folding, search tokens, display width, and finding many words at once.

The rules' text tests, the search index and the findings' underlines all use these functions, so that what a rule
calls equal is what a search finds.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from functools import lru_cache
from operator import add
from typing import Any

import ahocorasick
import opencc

# Characters that are not seen and only serve to slip past a word list.
_INVISIBLE = dict.fromkeys(
    [
        *(0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x180E, 0x2060, 0x2061, 0x2062, 0x2063, 0x2064, 0x3164, 0xFEFF),
        *range(0x200B, 0x2010),
        *range(0x202A, 0x202F),
        *range(0x2066, 0x2070),
        *range(0xFE00, 0xFE10),
        0xFFA0,
    ]
)


STARS = "*＊"
"""What masked characters become."""
_NEAR = 16
"""How far from the middle of a text a place to cut it is looked for."""

# Folds and tokens that are kept: of a line they are asked by every stage of rules, by the library and by the search.
_KEPT = 256
_LONG = 4000

# Scripts written without spaces: Han, kana, bopomofo, hangul.
_CJK = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3040-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"
    "\uff66-\uff9f\U00020000-\U000323af"
)
_CJK_RUN = re.compile(f"[{_CJK}]+")
WORD_RUN = re.compile(rf"[^\W_{_CJK}]+")
"""A word of a spaced script: letters and digits outside CJK."""
_RUN = re.compile(f"({_CJK_RUN.pattern})|{WORD_RUN.pattern}")

# Characters that never join the one before them, whatever it is: the fold of a text of these is theirs, one by one.
_APART = re.compile(
    "[\0-\u02ff\u2010-\u2027\u2030-\u205e\u2190-\u2bff\u3000-\u3029\u3030-\u3096\u309d-\u312f\u3200-\u4dbf"
    "\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff5e\uffe0-\uffee]*"
)


@lru_cache(maxsize=1)
def _table() -> dict[int, str | None]:
    """Traditional to Simplified, one character at a time, and invisible characters to nothing.

    Character by character on purpose: OpenCC's phrase tables would make the fold of a part differ from the part of
    the fold, and a search for a piece of a text would miss it.
    """
    convert = opencc.OpenCC("t2s").convert
    table: dict[int, str | None] = dict(_INVISIBLE)
    for first, last in ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0xF900, 0xFB00), (0x20000, 0x2A6E0)):
        chars = [chr(code) for code in range(first, last)]
        for char, simple in zip(chars, convert("\n".join(chars)).split("\n"), strict=True):
            if simple != char and len(simple) == 1:
                table[ord(char)] = simple
    for code, into in table.items():  # one step leads to the end: 薴 to 苧 to 苎
        while into is not None and ord(into) in table:
            into = table[code] = table[ord(into)]
    return table


class _Folds(dict[int, str]):
    """The folds of single characters, each made when it is first met."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _fold_together(chr(code))
        return folded


_folds = _Folds()


_SITE = re.compile(r"www\.\S+")
_WORDS = re.compile(r"[^\W\d_]{2,}")
_KANA, _HANGUL = re.compile("[\u3040-\u30ff]"), re.compile("[\uac00-\ud7a3]")
FEW_WORDS = 3
"""Words of Latin letters that make a language; fewer (“OK thanks”) people drop into any."""


@lru_cache(maxsize=1)
def _simplified() -> frozenset[str]:
    """Characters that only Simplified Chinese has: a Traditional one becomes them, and Big5 does not know them."""
    into = {char for char in _table().values() if char is not None}
    return frozenset(char for char in into if not char.encode("cp950", "ignore"))


def written_in(text: str, among: Collection[str]) -> str | None:
    """The language of `among` (`zh-TW`, `en`) that a text seems to be in; None where that cannot be told.

    Scripts tell Japanese and Korean; characters that only one way of writing has tell the two Chinese; a few words
    of Latin letters alone are the one such language there is, English before others.
    """
    plain = text
    if "://" in text or "@" in text or "www." in text:
        # Addresses are in no language. Word by word: one pattern for all would take the square of a long one's length.
        plain = " ".join(_SITE.sub(" ", word) for word in text.split() if "://" not in word and "@" not in word)
    cjk = "".join(_CJK_RUN.findall(plain))
    if _KANA.search(plain) or _HANGUL.search(plain):
        return _first(among, "ja" if _KANA.search(plain) else "ko")
    if cjk:
        traditional = sum(map(_table().__contains__, map(ord, cjk)))
        simplified = sum(map(_simplified().__contains__, cjk))
        if traditional == simplified:
            return None
        return _first(among, "zh-TW" if traditional > simplified else "zh-CN")
    words = _WORDS.findall(plain)
    if len(words) < FEW_WORDS or not all("LATIN" in unicodedata.name(word[0], "") for word in words):
        return None
    latin = [one for one in among if one.split("-")[0] not in ("zh", "ja", "ko", "ar")]
    return _first(latin, "en") or next(iter(latin), None)


def _first(among: Iterable[str], language: str) -> str | None:
    """A language of `among` as it is called there: `en` may be `en-GB`."""
    return next((one for one in among if one == language or one.startswith(f"{language}-")), None)


@lru_cache(maxsize=_KEPT)
def _fold_kept(text: str) -> str:
    return _fold(text)


def fold(text: str) -> str:
    """Fold case, full and half width, Traditional and Simplified, and drop invisible characters.

    Two texts are equal to a rule when their folds are. Folding twice changes nothing.
    """
    if text.isascii():
        return text.lower()
    return _fold_kept(text) if len(text) <= _LONG else _fold(text)


def _fold(text: str) -> str:
    return text.translate(_folds) if _APART.fullmatch(text) else _fold_together(text)


def _fold_together(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_table())
    return unicodedata.normalize("NFKC", folded).translate(_table())


def is_cjk(char: str) -> bool:
    """Whether `char` belongs to a script written without spaces: Han, kana, bopomofo, hangul."""
    return char >= "\u2e80" and _CJK_RUN.match(char) is not None


def is_word(char: str) -> bool:
    """Whether `char` is part of a word that ends at a boundary: letters and digits outside CJK."""
    return char.isalnum() and not is_cjk(char)


def tokens(text: str) -> list[str]:
    """The search tokens of `text`, over its fold.

    A run of CJK becomes its overlapping pairs and its last single character (so that one character is found as a
    prefix); a run of other letters and digits stays one token.
    """
    return list(_tokens_kept(text) if len(text) <= _LONG else _tokens(text))


@lru_cache(maxsize=_KEPT)
def _tokens_kept(text: str) -> tuple[str, ...]:
    return tuple(_tokens(text))


def _tokens(text: str) -> list[str]:
    found: list[str] = []
    for run in _RUN.finditer(fold(text)):
        word = run[0]
        if run.lastindex:
            found += map(add, word, word[1:])
            found.append(word[-1])
        else:
            found.append(word)
    return found


def width(text: str) -> int:
    """Columns `text` takes on a terminal: wide characters two, combining and invisible ones none."""
    if text.isascii():
        return len(text)
    total = 0
    for char in text:
        if unicodedata.east_asian_width(char) in "WF":
            total += 2
        elif not unicodedata.combining(char) and unicodedata.category(char) not in ("Cf", "Me", "Mn"):
            total += 1
    return total


class WordSet:
    """Words to look for in a text, all in one pass.

    `exact` words are compared as they are written, the others by their folds. A word that begins or ends with a
    letter or digit of a spaced script must not go on there; a Chinese word is found anywhere.
    """

    __slots__ = ("_machine", "_needles", "exact", "words")

    def __init__(self, words: Iterable[str], exact: bool = False) -> None:
        self.words = tuple(dict.fromkeys(words))
        self.exact = exact
        needles = dict.fromkeys(word if exact else fold(word) for word in self.words)
        needles.pop("", None)
        self._needles = tuple(needles)
        self._machine: Any = None
        if len(self._needles) > 3:
            machine = ahocorasick.Automaton()
            for needle in self._needles:
                machine.add_word(needle, needle)
            machine.make_automaton()
            self._machine = machine

    def any(self, text: str) -> bool:
        """Whether one of the words stands in `text` (already folded, unless `exact`)."""
        if self._machine is None:
            return any(_stands_in(needle, text) for needle in self._needles)
        return any(bounded(text, end + 1 - len(needle), end + 1) for end, needle in self._machine.iter(text))

    def all(self, text: str) -> bool:
        """Whether each of the words stands in `text` (already folded, unless `exact`)."""
        if self._machine is None:
            return all(_stands_in(needle, text) for needle in self._needles)
        return len(self._found(text)) == len(self._needles)

    def only(self, text: str) -> bool:
        """Whether `text` (already folded, unless `exact`) is nothing but the words, and has at least one of them.

        Spaces and signs between them count for nothing. A question mark does, since it asks for something, and so does
        a picture: a list says which of them it takes.
        """
        ends: dict[int, list[int]] = {}
        for start, end in self.places(text):
            ends.setdefault(start, []).append(end)
        reached = {0}
        for at, char in enumerate(text):
            if at in reached:
                reached.update(ends.get(at, ()))
                if _counts_for_nothing(char):
                    reached.add(at + 1)
        return bool(ends) and len(text) in reached

    def places(self, text: str) -> list[tuple[int, int]]:
        """Where the words stand in `text` (already folded, unless `exact`): (start, end), in order of their ends."""
        if self._machine is not None:
            hits = ((end + 1 - len(needle), end + 1) for end, needle in self._machine.iter(text))
            return [(start, end) for start, end in hits if bounded(text, start, end)]
        return sorted((at, at + len(needle)) for needle in self._needles for at in _occurrences(needle, text))

    def _found(self, text: str) -> set[str]:
        return {needle for end, needle in self._machine.iter(text) if bounded(text, end + 1 - len(needle), end + 1)}


def _counts_for_nothing(char: str) -> bool:
    """Whether a character says nothing by itself: spaces, signs and marks, but no question mark and no picture."""
    kind = unicodedata.category(char)
    return (kind[0] in "ZCPMS" and kind != "So") and char not in "?？؟"


def _occurrences(needle: str, text: str) -> Iterable[int]:
    at = text.find(needle)
    while at >= 0:
        if bounded(text, at, at + len(needle)):
            yield at
        at = text.find(needle, at + 1)


def _stands_in(needle: str, text: str) -> bool:
    return next(iter(_occurrences(needle, text)), None) is not None


def bounded(text: str, start: int, end: int) -> bool:
    """Whether `text[start:end]`, which is not empty, does not cut through a word of a spaced script."""
    if start > 0 and is_word(text[start]) and is_word(text[start - 1]):
        return False
    return not (end < len(text) and is_word(text[end - 1]) and is_word(text[end]))


def _pieces(text: str) -> list[str]:
    """`text` cut as finely as its fold can be cut: the folds of the pieces, one after the other, are its fold.

    A letter and its accents stay together. Where no cut is found near the middle the piece stays whole, so that a text
    made to be hard to cut costs little.
    """
    done: list[str] = []
    todo = [text]
    while todo:
        piece = todo.pop()
        middle = len(piece) // 2
        whole = fold(piece) if middle else ""
        near = (at for step in range(_NEAR) for at in (middle - step, middle + step) if 0 < at < len(piece))
        cut = next((at for at in near if fold(piece[:at]) + fold(piece[at:]) == whole), 0)
        if cut:
            todo += (piece[cut:], piece[:cut])
        else:
            done.append(piece)
    return done


def mask(text: str, words: WordSet) -> str:
    """`text` with every character of the words that stand in it replaced by a star as wide; its length stays.

    Words are found as `contains` finds them; characters that are not seen stay where they are.
    """
    folded = text if words.exact else fold(text)
    places = words.places(folded)
    if not places:
        return text
    hidden = bytearray(len(folded))
    for start, end in places:
        hidden[start:end] = b"\1" * (end - start)
    shown: list[str] = []
    at = 0
    for piece in text if words.exact else _pieces(text):
        end = at + (len(piece) if words.exact else len(fold(piece)))
        shown.append("".join(map(_star, piece)) if any(hidden[at:end]) else piece)
        at = end
    return "".join(shown)


def _star(char: str) -> str:
    if char.isspace() or fold(char) == "":
        return char
    return "＊" if unicodedata.east_asian_width(char) in "WF" else "*"


def may_be_masked(shown: str, text: str) -> bool:
    """Whether `shown` is `text`, or what masking could have left of it."""
    return len(shown) == len(text) and all(a == b or a in STARS for a, b in zip(shown, text, strict=True))

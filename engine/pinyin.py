"""What one types to find a Chinese title or name with Latin letters: its pinyin, and the initials, in every reading."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import combinations, islice, product
from typing import Any

import opencc

MOST = 32
"""Keys of either kind that a title has: characters with several readings multiply."""
_READINGS = 3
"""Readings of a character beside the one it has in its word; rarer ones nobody types."""


@lru_cache(maxsize=8192)
def keys(title: str) -> tuple[str, ...]:
    """The keys of a title: `退還` → `("tuihuan", "th", "tuihai", …)`; empty where it has no Chinese.

    First stand the readings of the words the characters stand in, from the package pypinyin, then those in which one
    character is read otherwise, then two, up to `MOST`. ü is found as v and as u.
    """
    text = unicodedata.normalize("NFKC", title).lower()
    if not any("\u3400" <= character <= "\u9fff" for character in text):
        return ()
    readings = _readings(text)
    initials = [list(dict.fromkeys(reading[:1] for reading in one)) for one in readings]
    whole, short = list(_written(readings)), list(_written(initials))
    return tuple(dict.fromkeys([whole[0], short[0], *whole, *short]))


def _readings(text: str) -> list[list[str]]:
    """The readings of each character, that of its word first. What is not Chinese is its own; marks are left out."""
    from pypinyin import Style, lazy_pinyin, pinyin  # its dictionaries take a moment: loaded with the first title

    # The dictionary of words is Simplified: 長度 alone would be read zhangdu.
    simple = _simplified().convert(text)
    if len(simple) != len(text):
        simple = text
    spoken = lazy_pinyin(simple, style=Style.NORMAL, errors=_as_they_are)
    found = []
    for at, character in enumerate(text):
        if not character.isalnum():
            continue
        every = pinyin(character, style=Style.NORMAL, heteronym=True, errors=_as_they_are)[0]
        one = dict.fromkeys([*([spoken[at]] if len(spoken) == len(text) else []), *every])
        found.append([written for reading in list(one)[: _READINGS + 1] for written in _typed(reading, character)])
    return found


def _as_they_are(rest: str) -> Any:
    """What has no reading, Latin letters, digits, marks: a part for each."""
    return list(rest)


def _typed(reading: str, character: str) -> list[str]:
    """A reading as it is typed: ü (of 女, 綠) with v, and by who does not know that, with u."""
    return [reading, reading.replace("v", "u")] if "v" in reading and reading != character else [reading]


def _written(readings: Sequence[Sequence[str]]) -> Iterator[str]:
    """The readings joined, those nearest to the first of each in front; no more than `MOST`."""
    several = [at for at, one in enumerate(readings) if len(one) > 1]

    def every() -> Iterator[str]:
        for otherwise in range(len(several) + 1):
            for places in combinations(several, otherwise):
                for chosen in product(*(readings[at][1:] for at in places)):
                    other = dict(zip(places, chosen, strict=True))
                    yield "".join(other.get(at, one[0]) for at, one in enumerate(readings))

    return islice(every(), MOST)


@lru_cache(maxsize=1)
def _simplified() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")

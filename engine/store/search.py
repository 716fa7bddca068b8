"""Search: our own tokens into the database's index, and queries as phrases of them.

One tokenizer for index and query (`engine.lang.text`): pairs of neighbouring Chinese characters and the last single
one, Latin words whole. A query of two or more characters is a phrase of its pairs, one character or a Latin word a
prefix, parts are joined by AND. Newest first, never by rank: ranking costs a hundred times the search.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import Any, Protocol

from engine.lang.text import WORD_RUN, fold, is_cjk, tokens

MAX_TOKENS = 20_000
"""Of one row: a tsvector may not pass 1 MB. Longer texts are found by their beginning."""
MAX_PARTS = 16
"""Of one query: more words than this make no better answer."""

Part = tuple[tuple[str, ...], bool]
"""A phrase of tokens; True when its last token is a prefix."""


class _Raw(Protocol):
    def put(self, id: int, tokens: Sequence[str]) -> None: ...
    def remove(self, id: int, tokens: Sequence[str]) -> None: ...
    def ids(self, after: int, limit: int) -> list[int]: ...
    def clear(self) -> None: ...
    def matching(self, parts: Sequence[Part]) -> Any: ...


class Index:
    """One search index of the store, over the database's own."""

    def __init__(self, raw: _Raw) -> None:
        self._raw = raw

    def put(self, id: int, text: str) -> None:
        """Makes a row findable by its text; an empty text is not indexed."""
        words = _words(text)
        if words:
            self._raw.put(id, words)

    def change(self, id: int, old: str, new: str) -> None:
        """Replaces the text of a row; `old` must be what was put."""
        if old == new:
            return
        if old and (words := _words(old)):
            self._raw.remove(id, words)
        self.put(id, new)

    def clear(self) -> None:
        """Takes every row out."""
        self._raw.clear()

    def ids(self, after: int, limit: int) -> list[int]:
        """The rows after an id that are in the index, in order."""
        return self._raw.ids(after, limit)

    def matching(self, query: str) -> Any | None:
        """A peewee select with one column `id`; None when the query holds nothing to search for."""
        wanted = parts(query)
        return self._raw.matching(wanted) if wanted else None


def is_indexed(text: str) -> bool:
    """Whether a row with this text stands in the index: one without words does not."""
    return bool(tokens(text))


EDGE = "\x1f"
"""Stands where a word of a spaced script begins or ends in a marked text."""


def marked(text: str) -> str:
    """The fold of a text with the edges of its words marked.

    So that SQL finds words as rules do with plain part-of-text: `contains` asks for whole Latin words and any piece of
    Chinese, and a marked needle stands in a marked text exactly when the word stands in the text.
    """
    return WORD_RUN.sub(rf"{EDGE}\g<0>{EDGE}", fold(text))


def _words(text: str) -> list[str]:
    return tokens(text)[:MAX_TOKENS]


def parts(query: str) -> list[Part]:
    """The phrases of a query, at most `MAX_PARTS`."""
    found: list[Part] = []
    for chinese, run in groupby(fold(query), key=_script):
        if chinese is None:
            continue
        text = "".join(run)
        if not chinese or len(text) == 1:
            found.append(((text,), True))
        else:
            found.append((tuple(a + b for a, b in pairwise(text)), False))
    return found[:MAX_PARTS]


SAID = str.maketrans("", "", "\"'*“”‘’「」『』")
"""Marks of people who mean a phrase, not signs of it."""
SENTENCE = ",.;:!?，。；：！？、…()（）[]【】<>《》"
"""Signs around a word that are no part of it."""


def typed(query: str) -> tuple[str, ...]:
    """The words of a query that have signs in them, folded: the index knows no signs, so these are to be looked for in
    the texts it gives (`hits`)."""
    words = (word.translate(SAID).strip(SENTENCE) for word in fold(query).split())
    return tuple(word for word in words if any(_script(char) is None for char in word))[:MAX_PARTS]


def _script(char: str) -> bool | None:
    """True for Chinese and its like, False for other letters and digits, None for what separates."""
    if is_cjk(char):
        return True
    return False if char.isalnum() else None

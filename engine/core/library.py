"""The auto-reply library: which of its answers fit a line. Pure, and the same on every machine.

An answer fits by its keywords, found as `contains` finds them, and by how much of its title stands in the line, counted
in search tokens (pairs of Chinese characters, words of others). What fits about as well as the best makes a menu.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from engine.core.phrases import phrase
from engine.lang import WordSet, fold, tokens

FITS = 500
"""Points of 1,000 from which an answer fits: half of title and line are the same, or a keyword stands in it."""
LEAD = 150
"""Points by which the best must be ahead to be given alone."""
MENU = 5
"""Answers a menu offers at most."""


class Line(Protocol):
    """A line of the conversation."""

    @property
    def text(self) -> str:
        """What was written."""

    @property
    def direction(self) -> str:
        """`inbound` or `outbound`."""


@dataclass(frozen=True)
class Answer:
    """One entry: `titles` and `texts` by language, `keywords` that point to it. `shop` is empty for every shop's."""

    id: int
    titles: Mapping[str, str]
    texts: Mapping[str, str]
    keywords: tuple[str, ...] = ()
    shop: str = ""
    position: int = 0

    def title(self, locale: str) -> str:
        """What it answers, as a menu shows it."""
        return _spoken(self.titles, locale)

    def text(self, locale: str) -> str:
        """What is said."""
        return _spoken(self.texts, locale)

    @cached_property
    def _keywords(self) -> tuple[tuple[WordSet, int], ...]:
        return tuple((WordSet([word]), len(fold(word))) for word in self.keywords if fold(word))

    @cached_property
    def _titles(self) -> tuple[frozenset[str], ...]:
        return tuple(frozenset(tokens(title)) for title in self.titles.values())

    def points(self, folded: str, found: frozenset[str]) -> int:
        """How well it fits a line, 0 to about 2,000; `found` are the line's tokens."""
        hits = [length for words, length in self._keywords if words.any(folded)]
        by_words = FITS + 50 * len(hits) + 10 * min(sum(hits), 40) if hits else 0
        by_title = self._title_points(found)
        return max(by_words, by_title) + min(by_words, by_title) // 2

    def _title_points(self, found: frozenset[str]) -> int:
        shares = [2000 * len(title & found) // (len(title) + len(found)) for title in self._titles if title]
        return max(shares, default=0)

    def fit(self, text: str) -> Fit:
        """How well it fits a line, and why: for people who keep the library."""
        folded, found = fold(text), frozenset(tokens(text))
        kept = [word for word in self.keywords if fold(word)]
        hits = tuple(word for word, (words, _) in zip(kept, self._keywords, strict=True) if words.any(folded))
        return Fit(self, self.points(folded, found), hits, self._title_points(found) / 2000)

    def begins(self, folded: str) -> bool:
        """Whether what somebody is still typing stands in a title or a keyword."""
        return any(folded in fold(words) for words in (*self.titles.values(), *self.keywords))

    def speaks(self, locale: str) -> bool:
        """Whether title and text are there in a language, or one of the same tongue."""
        tongue = locale.split("-")[0]
        return all(any(name.split("-")[0] == tongue for name in said) for said in (self.titles, self.texts))


@dataclass(frozen=True, slots=True)
class Fit:
    """How an answer fits a line: points, keywords that stand in the line, share of the title that does (0 to 1)."""

    answer: Answer
    points: int
    keywords: tuple[str, ...]
    title_share: float


def _spoken(texts: Mapping[str, str], locale: str) -> str:
    """The text in a language, else in one of the same tongue, else the first there is."""
    near = next((text for name, text in texts.items() if name.split("-")[0] == locale.split("-")[0]), None)
    return texts.get(locale) or near or next(iter(texts.values()), "")


@dataclass(frozen=True)
class Library:
    """The answers in use, as one value with its version."""

    version: int = 0
    answers: tuple[Answer, ...] = field(default=())

    def fitting(self, text: str, shop: str, least: int = FITS, most: int = MENU) -> tuple[Answer, ...]:
        """The answers of a shop that fit a line by `least` points and are close to the best, best first."""
        if not self.answers:
            return ()
        folded, found = fold(text), frozenset(tokens(text))
        scored = [(a.points(folded, found), a) for a in self.answers if a.shop in ("", shop)]
        fits = sorted(((p, a) for p, a in scored if p >= least), key=lambda s: (-s[0], s[1].position, s[1].id))
        return tuple(answer for points, answer in fits if points > fits[0][0] - LEAD)[:most]

    def chosen(self, text: str, lines: Sequence[Line], shop: str) -> Answer | None:
        """The answer a line picks by its number from the menu that was the last thing said to the member."""
        number = fold(text).strip(" .。、)")
        if not number.isdecimal() or len(number) > len(str(MENU)):
            return None
        said = next((line.text for line in reversed(lines) if line.direction == "outbound"), "")
        offered = [line.partition(". ")[2] for line in said.split("\n") if line.startswith(f"{int(number)}. ")]
        own = [a for a in self.answers if a.shop in ("", shop)]
        return next((a for a in own if offered and offered[0] in a.titles.values()), None)


def menu(answers: Iterable[Answer], locale: str) -> str:
    """The line that offers several answers."""
    rows = [f"{n}. {answer.title(locale)}" for n, answer in enumerate(answers, start=1)]
    return "\n".join([phrase("answer.menu", locale), *rows])

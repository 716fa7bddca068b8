"""What the tests of one text field have to do with each other: which words contain which, and texts that show it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, product
from typing import Any, Literal

import ahocorasick

from engine.lang.analysis.axes import BLANK, EMPTY, OTHER, ChoiceAxis, FlagAxis, bits
from engine.lang.analysis.boxes import Box
from engine.lang.analysis.specimens import specimen
from engine.lang.patterns import compile_pattern
from engine.lang.said import say
from engine.lang.text import WordSet, fold, is_cjk

_JOINTS = ("，", " ", "。", "-", "\n", "~")
_FILLERS = ("·", ".", "啊", "x")

_word_set = lru_cache(maxsize=4096)(WordSet)
"""The same lists are asked of thousands of sample texts."""


Kind = Literal["words", "only", "starts", "ends", "pattern"]
OF_MODE: Mapping[str, tuple[Kind, ...]] = {"any": ("words",), "only": ("words", "only")}
"""The tests that `contains any` and `contains only` of some words make."""


@dataclass(frozen=True, slots=True, eq=False)
class TextTest:
    """A test of a text: words (any of them, or nothing else), how it starts or ends, or a pattern."""

    kind: Kind
    words: tuple[str, ...]
    """Folded unless `exact`; for `starts` and `ends` the one folded text; for a pattern its source."""
    exact: bool = False
    ignore_case: bool = False

    def holds(self, text: str) -> bool:
        """Whether it holds for a text."""
        if self.kind == "words":
            return _word_set(self.words, self.exact).any(text if self.exact else fold(text))
        if self.kind == "only":
            return _word_set(self.words, self.exact).only(text if self.exact else fold(text))
        if self.kind == "pattern":
            return compile_pattern(self.words[0], self.ignore_case).search(text) is not None
        folded = fold(text)
        return folded.startswith(self.words[0]) if self.kind == "starts" else folded.endswith(self.words[0])

    def of_fold(self, folded: str) -> bool | None:
        """Whether it holds for every text with this fold; None when that depends on the writing."""
        return None if self.exact or self.kind == "pattern" else self.holds(folded)


class TextGroup:
    """All tests of one text field."""

    __slots__ = ("_alphabets", "_hits", "_implied", "axis", "name", "tests")

    def __init__(self, name: str, axis: ChoiceAxis) -> None:
        self.name = name
        self.axis = axis
        self.tests: dict[int, TextTest] = {}
        self._hits: dict[tuple[bool, str], frozenset[int]] = {}
        self._implied: dict[int, frozenset[int]] = {}
        self._alphabets: dict[int, frozenset[str]] = {}

    def settle(self) -> None:
        """Finds out which words stand in which others."""
        for exact in (False, True):
            owners: dict[str, list[int]] = {}
            for number, test in self.tests.items():
                if test.kind == "words" and test.exact is exact:
                    for word in test.words:
                        owners.setdefault(word, []).append(number)
            if not owners:
                continue
            machine = ahocorasick.Automaton()
            for word in owners:
                machine.add_word(word, word)
            machine.make_automaton()
            seeds = (
                set(owners)
                if exact
                else set(owners) | {test.words[0] for test in self.tests.values() if test.kind in ("starts", "ends")}
            )
            for seed in seeds:
                found = {word for _, word in machine.iter(seed)}
                hit = {
                    number
                    for word in found
                    if word == seed or len(word) == len(seed) or WordSet((word,), True).any(seed)
                    for number in owners[word]
                }
                self._hits[exact, seed] = frozenset(hit)
        for number, test in self.tests.items():
            self._implied[number] = self._implies(number, test)

    def _implies(self, number: int, test: TextTest) -> frozenset[int]:
        if test.kind == "words":
            hits = [self._hits[test.exact, word] for word in test.words]
            return frozenset.intersection(*hits) if hits else frozenset({number})
        if test.kind in ("pattern", "only"):
            return frozenset({number})
        text = test.words[0]
        found = {
            other
            for other, its in self.tests.items()
            if its.kind == test.kind
            and (text.startswith(its.words[0]) if test.kind == "starts" else text.endswith(its.words[0]))
        }
        # Inside of the beginning a word stands for sure only where what follows cannot lengthen it.
        for other in self._hits.get((False, text), ()):
            padded = f"{text}x" if test.kind == "starts" else f"x{text}"
            edge = text[-1:] if test.kind == "starts" else text[:1]
            if self.tests[other].holds(padded) or (edge and is_cjk(edge) and self.tests[other].holds(text)):
                found.add(other)
        return frozenset(found | {number})

    def _sides(self, box: Box) -> tuple[list[int], set[int]]:
        wanted: list[int] = []
        unwanted: set[int] = set()
        for axis, mask in box.items():
            if axis in self.tests:
                if mask == FlagAxis.TRUE:
                    wanted.append(axis)
                elif mask == FlagAxis.FALSE:
                    unwanted.add(axis)
        return wanted, unwanted

    def possible(self, box: Box) -> bool:
        """Whether some text can be so; yes where that is not known."""
        wanted, unwanted = self._sides(box)
        mask = box.get(self.axis.id, self.axis.full)
        if not wanted and not unwanted:
            return True
        if mask & EMPTY and not wanted:
            return True
        if mask & 4 and self._agree(wanted, unwanted):
            return True
        named = mask & ~(EMPTY | 4)
        return any(self._fits(self._fold_of(bit), wanted, unwanted) for bit in bits(named))

    def _fold_of(self, bit: int) -> str:
        value = self.axis.values[bit.bit_length() - 1]
        return "" if bit == BLANK else fold(str(value))

    def _fits(self, folded: str, wanted: Iterable[int], unwanted: Iterable[int]) -> bool:
        return all(self.tests[n].of_fold(folded) is not False for n in wanted) and all(
            self.tests[n].of_fold(folded) is not True for n in unwanted
        )

    def _agree(self, wanted: Sequence[int], unwanted: set[int]) -> bool:
        edges: dict[str, list[str]] = {"starts": [], "ends": []}
        alphabets = [self._letters(number) for number in wanted if self.tests[number].kind == "only"]
        for number in wanted:
            test = self.tests[number]
            if test.kind != "pattern" and not any(_spelt(word, alphabets) for word in test.words):
                return False
            if test.kind == "words":
                if not any(self._hits[test.exact, word].isdisjoint(unwanted) for word in test.words):
                    return False
                continue
            if not self._implied[number].isdisjoint(unwanted):
                return False
            if test.kind in edges:
                edges[test.kind].append(test.words[0])
        for kind, texts in edges.items():
            longest = max(texts, key=len, default="")
            if not all(longest.startswith(t) if kind == "starts" else longest.endswith(t) for t in texts):
                return False
        return True

    def _letters(self, number: int) -> frozenset[str]:
        """What may be read, folded, in a text that is nothing but the words of a test."""
        if number not in self._alphabets:
            self._alphabets[number] = frozenset(fold("".join(self.tests[number].words)))
        return self._alphabets[number]

    def complete(self, point: Box, box: Box) -> None:
        """Adds to a point what its texts bring with them: the tests that then hold as well."""
        wanted, unwanted = self._sides(box)
        mask = box.get(self.axis.id, self.axis.full)
        if mask & 4 and self._agree(wanted, unwanted):
            # A calm region that is a written text would bring its own answers.
            if wanted or self.axis.id in point or self.axis.calm & ~(EMPTY | BLANK):
                point[self.axis.id] = 4
            chosen: set[int] = set()
            for number in wanted:
                test = self.tests[number]
                chosen |= self._implied[number]
                if test.kind == "words":
                    # One word must be there; the one that brings least with it.
                    hits = (self._hits[test.exact, word] for word in test.words)
                    chosen |= min((h for h in hits if h.isdisjoint(unwanted)), key=len)
            for number in chosen:
                point[number] = FlagAxis.TRUE
            return
        for bit in bits(mask & ~(EMPTY | 4)):
            folded = self._fold_of(bit)
            if self._fits(folded, wanted, unwanted):
                point[self.axis.id] = bit
                for number, test in self.tests.items():
                    if number not in box and test.of_fold(folded):
                        point[number] = FlagAxis.TRUE
                return
        if mask & EMPTY:
            point[self.axis.id] = EMPTY

    def loose(self, box: Box) -> str | None:
        """Why what a box says of this text cannot be settled here."""
        asked = [n for n in box if n in self.tests and self.tests[n].kind == "pattern"]
        if len(asked) > 1:
            return say("two patterns over `{field}`", self.name)
        wanted, _ = self._sides(box)
        whole = [self.tests[n] for n in wanted if self.tests[n].kind == "only"]
        others = [self.tests[n] for n in wanted if self.tests[n] not in whole]
        fit = all(any(one.holds(word) for word in other.words) for one in whole for other in others)
        return None if fit and len(whole) < 2 else say("`contains only` and another test of `{field}`", self.name)

    def sample(self, box: Box, least: int = 0, most: int | None = None) -> str | None | Any:
        """A text for a box: None for the empty one, OTHER when none is found. `least`, `most`: its length."""
        wanted, unwanted = self._sides(box)
        mask = box.get(self.axis.id, self.axis.full)
        for bit in bits(mask & ~(EMPTY | 4 | BLANK)):
            value = str(self.axis.values[bit.bit_length() - 1])
            if self._shows(value, wanted, unwanted) and least <= len(value) and (most is None or len(value) <= most):
                return value
        if mask & 4:
            for text in islice(self._texts(wanted, unwanted, least), 400):
                known = fold(text) in self.axis.bits
                if (
                    text.strip()
                    and not known
                    and len(text) >= least
                    and (most is None or len(text) <= most)
                    and self._shows(text, wanted, unwanted)
                ):
                    return text
        if mask & BLANK and least == 0 and self._shows("", wanted, unwanted):
            return ""
        if mask & EMPTY and not wanted:
            return None
        return OTHER

    def _shows(self, text: str, wanted: Iterable[int], unwanted: Iterable[int]) -> bool:
        return all(self.tests[n].holds(text) for n in wanted) and not any(self.tests[n].holds(text) for n in unwanted)

    def _texts(self, wanted: Sequence[int], unwanted: set[int], least: int) -> Iterable[str]:
        """Texts put together of the words, beginnings, ends and patterns that are wanted."""
        first, last = "", ""
        choices: list[list[str]] = []
        for number in wanted:
            test = self.tests[number]
            if test.kind == "words":
                fitting = [w for w in test.words if self._hits[test.exact, w].isdisjoint(unwanted)]
                choices.append(sorted(fitting, key=len)[:4])
            elif test.kind == "only":
                fitting = [w for w in test.words if not any(self.tests[n].holds(w) for n in unwanted)]
                choices.append(sorted(fitting, key=len)[:4])
            elif test.kind == "pattern":
                choices.append(specimen(test.words[0]))
            elif test.kind == "starts":
                first = max(first, test.words[0], key=len)
            else:
                last = max(last, test.words[0], key=len)
        for words in islice(product(*choices), 64):
            body = list(dict.fromkeys(words))
            for joint, filler in product(_JOINTS, _FILLERS):
                parts = [part for part in (first, *body, last) if part]
                text = joint.join(parts) if parts else filler
                after = "" if last else joint + filler
                before = "" if first else filler + joint
                for longer in (text, text + after, before + text, before + text + after):
                    yield _lengthened(longer, last, joint, filler, least)
            if first or last:
                yield f"{first}x{''.join(body)}x{last}"


def _spelt(word: str, alphabets: Iterable[frozenset[str]]) -> bool:
    """Whether the letters of a word are all to be had where a text is nothing but other words."""
    letters = {char for char in fold(word) if char.isalnum()}
    return all(letters <= alphabet for alphabet in alphabets)


def _lengthened(text: str, last: str, joint: str, filler: str, least: int) -> str:
    """The text made `least` characters long, its end kept."""
    missing = least - len(text)
    if missing <= 0:
        return text
    padding = (joint.strip() or filler) * missing
    return text[: len(text) - len(last)] + padding[:missing] + last

"""A few seconds of fuzzing, the same each time; `make fuzz` goes on for as long as one likes."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.fuzz.targets import CORPUS, check, draw, kept

ROUNDS = 75


@pytest.mark.parametrize("path", sorted(CORPUS.iterdir()), ids=lambda path: path.name)
def test_what_once_broke_something(path: Path) -> None:
    check(*kept(path), Random(1))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.slow
def test_damaged_texts_are_told_of_and_break_nothing(seed: int) -> None:
    random = Random(seed)
    for _ in range(ROUNDS):
        path, text = draw(random)
        try:
            check(path, text, random)
        except Exception as error:
            raise AssertionError(f"{path}\n{text}") from error

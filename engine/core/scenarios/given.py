"""The desk that scenarios speak of: what `tests/given/` says stands for the desk's own while scenarios run.

A shop that opens at other hours, answers sooner or calls itself otherwise has not broken a rule, and its scenarios need
not say so. A file `tests/given/NAME.yaml` goes over `NAME.yaml`, entry by entry: what it says of a calendar, a setting,
a shop holds, and the rest stays the desk's. A file that is a list, such as `sla.yaml`, stands for the whole.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from engine.core.building import build
from engine.core.rulebook import Rulebook
from engine.lang import Source, load_plain
from engine.lang.said import say

FOLDER: Final = "tests/given/"
_DEEP: Final = {"desk.yaml": 3}
"""How deep entries lie in a file; elsewhere an entry's own keys are the second level."""
_MADE: dict[str, tuple[Rulebook, Rulebook, str | None]] = {}
"""What was made of what is given, by digest: of which rulebook, which one, and what is wrong."""


def given(book: Rulebook) -> tuple[Rulebook, str | None]:
    """The rulebook that scenarios run on, and what is wrong with what is given, if it cannot be."""
    texts = {path.removeprefix(FOLDER): text for path, text in book.files.items() if path.startswith(FOLDER)}
    if not texts:
        return book, None
    made = _MADE.get(book.digest)
    if made is None or made[0] is not book:
        made = _MADE[book.digest] = (book, *_laid_over(book, texts))
        while len(_MADE) > 4:
            _MADE.pop(next(iter(_MADE)), None)
    return made[1:]


def _laid_over(book: Rulebook, texts: Mapping[str, str]) -> tuple[Rulebook, str | None]:
    files = dict(book.files)
    for path, text in texts.items():
        wanted, own = _plain(FOLDER + path, text), _plain(path, files.get(path, ""))
        if wanted is None or path not in files:
            return book, say("`{path}` cannot stand for a file of the desk", FOLDER + path)
        files[path] = json.dumps(_over(own, wanted, _DEEP.get(path, 2)), ensure_ascii=False, default=str)
    changed, findings = build(files, previous=book, extras=book.extras, analyse=False)
    if changed is None:
        told = next(iter(findings))
        return book, say("with what stands in `{path}` the rules do not build: {why}", FOLDER, told.message)
    return changed, None


def _plain(path: str, text: str) -> Any:
    found = load_plain(Source(path, text))[0]
    return None if found is None else found.data


def _over(own: Any, wanted: Any, deep: int) -> Any:
    """`wanted` laid over `own`; what the desk does not have any more is not brought back."""
    if deep == 0 or not isinstance(own, Mapping) or not isinstance(wanted, Mapping):
        return wanted
    known = {key: _over(own.get(key), value, deep - 1) for key, value in wanted.items() if deep == 1 or key in own}
    return {**own, **known}

"""The specimens in chunks/: accepted and refused forms side by side, each finding on the line that causes it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.lang import Source, check, parse
from tests.lang.world import world

FOLDER = Path(__file__).parent / "chunks"
_MARK = re.compile(r"\s*### (?P<code>[a-z0-9-]+)(?:: (?P<text>.*?))?\s*(?=###|$)")


def chunks() -> list[tuple[str, int, str]]:
    """File name, first line and text of every chunk."""
    found = []
    for path in sorted(FOLDER.glob("*.rules")):
        line = 1
        for piece in re.split(r"^---\n", path.read_text("utf-8"), flags=re.MULTILINE):
            found.append((path.name, line, piece))
            line += piece.count("\n") + 1
    return found


def findings_of(text: str, unused: bool) -> list[tuple[int, str, str]]:
    """Line, code and words (message, hint) of every finding of a rule file."""
    file, findings = parse(Source("chunk.rules", text))
    _, more = check([file], world(), {"words/rude.txt": "# rude\n笨蛋\n"})
    return [
        (found.span.line, found.code, f"{found.message} | {found.hint or ''}")
        for found in [*findings, *more]
        if unused or not found.code.startswith("unused-")
    ]


@pytest.mark.parametrize(("name", "line", "piece"), chunks(), ids=lambda value: str(value).split("\n")[0][:40])
def test_chunk(name: str, line: int, piece: str) -> None:
    wanted: list[tuple[int, str, str]] = []
    plain: list[str] = []
    for number, row in enumerate(piece.split("\n"), 1):
        text, *_ = row.split("###")
        plain.append(text.rstrip() if "###" in row else row)
        wanted.extend((number, mark["code"], mark["text"] or "") for mark in _MARK.finditer(row) if "###" in row)
    found = findings_of("\n".join(plain), "### unused-" in piece)
    rest = list(found)
    missing = []
    for number, code, text in wanted:
        match = next((item for item in rest if item[:2] == (number, code) and text in item[2]), None)
        if match is None:
            missing.append((number, code, text))
        else:
            rest.remove(match)
    assert (missing, rest) == ([], []), f"{name}:{line}"

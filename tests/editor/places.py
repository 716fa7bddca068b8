"""Texts with a cursor: `¦` stands where it is."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from engine.editor import Completion, Place, Workspace
from engine.folder import read_folder

RULES = Path(__file__).resolve().parents[2] / "rules"


@cache
def starter() -> Workspace:
    """The starter desk."""
    return Workspace(read_folder(RULES)[0])


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset."""
    before = text[:offset]
    return before.count("\n") + 1, offset - before.rfind("\n")


def at(workspace: Workspace, path: str, piece: str, offset: int = 0) -> tuple[str, int, int]:
    """The position `offset` characters after the begin of the first `piece` of a file."""
    text = workspace.files[path]
    return (path, *position(text, text.index(piece) + offset))


def offered(text: str, path: str = "z.rules", workspace: Workspace | None = None) -> list[Completion]:
    """What is offered at the cursor of a text that stands as a file of a folder."""
    offset = text.index("¦")
    plain = text.replace("¦", "")
    changed = (workspace or starter()).with_file(path, plain)
    return changed.complete(path, *position(plain, offset))


def inserts(text: str, path: str = "z.rules", workspace: Workspace | None = None) -> list[str]:
    """What would be written."""
    return [item.insert for item in offered(text, path, workspace)]


def text_at(workspace: Workspace, place: Place) -> str:
    line = workspace.files[place.path].split("\n")[place.line - 1]
    assert place.line == place.end_line
    return line[place.column - 1 : place.end_column - 1]

"""Files are read in one sitting. One that outgrows that asks for a second noun, not for a split in the middle."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
READABLE = 500
SLACK = 25
"""How much shorter a long file may be than the table says before the table has to follow."""
LONG = {
    "engine/core/building.py": 584,
    "engine/core/draft.py": 514,
    "engine/lang/analysis/space.py": 650,
    "engine/lang/checker.py": 561,
    "engine/lang/formatter.py": 570,
    "engine/lang/resolver.py": 593,
    "tests/core/test_decide.py": 519,
    "tests/web/test_http.py": 541,
}
"""Long files of before and their length. They may only shrink; no file may come to them."""
FROZEN = ("engine/store/migrations/", "engine/starter/")
"""History that is never changed, and what is copied at packing."""


def sizes() -> dict[str, int]:
    """The lines of every Python file of ours."""
    found = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for room in ("engine", "plugins", "web", "tests")
        for path in (ROOT / room).rglob("*.py")
        if "node_modules" not in path.parts
    }
    return {path: lines for path, lines in found.items() if not path.startswith(FROZEN)}


def test_no_file_is_longer_than_a_sitting_and_long_ones_only_shrink() -> None:
    found = sizes()
    assert len(found) > 50, "the files of the house were not found"
    grown = [
        f"{path} has {lines} lines, at most {LONG.get(path, READABLE)} are allowed"
        for path, lines in sorted(found.items())
        if lines > LONG.get(path, READABLE)
    ]
    assert not grown, "\n".join(["what is new goes into a file of its own:", *grown])


def test_the_table_of_long_files_follows_them() -> None:
    found = sizes()
    gone = [path for path in LONG if found.get(path, 0) <= READABLE]
    assert not gone, f"long no more, take them out of LONG: {gone}"
    shrunk = {path: found[path] for path, lines in LONG.items() if found[path] < lines - SLACK}
    assert not shrunk, f"shorter now, write it into LONG: {shrunk}"

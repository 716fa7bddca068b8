"""Files are read in one sitting. One that outgrows that asks for a second noun, not for a split in the middle."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MOST = 800
READABLE = 500


def test_no_python_file_is_longer_than_a_sitting() -> None:
    rooms = ("engine", "plugins", "web", "tests")
    sizes = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for room in rooms
        for path in (ROOT / room).rglob("*.py")
        if "node_modules" not in path.parts and "starter" not in path.relative_to(ROOT).parts[:2]
    }
    assert len(sizes) > 50, "the files of the house were not found"
    long = [f"{path} ({lines})" for path, lines in sorted(sizes.items(), key=lambda item: -item[1]) if lines > MOST]
    near = [f"{path} ({lines})" for path, lines in sizes.items() if READABLE < lines <= MOST]
    assert not long, f"longer than {MOST} lines: {', '.join(long)}; also long, but let be: {', '.join(sorted(near))}"

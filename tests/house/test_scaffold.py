"""`engine new feature NAME` writes a room that passes lint and tests at once, in a copy of this checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine.scaffold import CannotWrite, new_feature

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("engine", "plugins", "web", "tests", "rules", "config", "docs", "pyproject.toml", "setup.cfg", "README.md")
NOT_COPIED = shutil.ignore_patterns("node_modules", "__pycache__", "starter.db")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The sources, to write into."""
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name, ignore=NOT_COPIED, symlinks=True)
        else:
            shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "web/ui/node_modules").symlink_to(ROOT / "web/ui/node_modules")
    return tmp_path


def run(checkout: Path, *command: str) -> str:
    """Runs something in the copy; it must succeed. Returns what it said."""
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def test_what_it_writes_passes_lint_and_tests_at_once(checkout: Path) -> None:
    said = run(checkout, sys.executable, "-m", "engine", "new", "feature", "bulletin_notes")
    assert "engine/features/bulletin_notes/commands.py" in said
    assert said.count("  changed  ") == 2, "one line in FEATURES, the rights in roles.yaml"
    tests = ["tests/features/bulletin_notes", "tests/house/test_features.py", "tests/house/test_rows.py"]
    tests += ["tests/house/test_imports.py", "tests/store/test_migrations.py"]
    tests += ["tests/house/test_types_current.py", "tests/house/test_documented.py"]
    run(checkout, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests)
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent))
    if ruff is not None:  # only there where `make lint` was
        run(checkout, ruff, "check", "engine", "web/features", "tests/features")
        run(checkout, ruff, "format", "--check", "engine", "web/features", "tests/features")


@pytest.mark.parametrize("name", ["", "Notes", "a b", "../x", "note", "1notes", "notes_", "answers"])
def test_a_name_that_does_not_do_is_refused_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    for file in ("engine/features/__init__.py", "rules/roles.yaml", "engine/features/answers/__init__.py"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(CannotWrite):
        new_feature(tmp_path, name)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before

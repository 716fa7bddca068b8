"""`engine new feature NAME` writes a room that passes lint and tests at once, in a copy of this checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from peewee import Model

from engine.features import FEATURES
from engine.scaffold import CannotWrite, _tables, new_feature
from engine.store import tables

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


def files(checkout: Path) -> set[str]:
    """What of a copy is kept in a repository."""
    kept = (
        path for name in COPIED for path in ((checkout / name).rglob("*") if "." not in name else [checkout / name])
    )
    aside = {"node_modules", "__pycache__", "static", ".mypy_cache", ".ruff_cache"}
    return {path.relative_to(checkout).as_posix() for path in kept if path.is_file() and not aside & {*path.parts}}


def same(one: Path, other: Path) -> bool:
    """Whether two files are there and say the same."""
    return other.is_file() and one.read_bytes() == other.read_bytes()


def test_taken_out_as_it_says_nothing_is_left(checkout: Path) -> None:
    said = run(checkout, sys.executable, "-m", "engine", "new", "feature", "bulletin_notes")
    gone = next(line for line in said.splitlines() if line.strip().startswith("rm -r ")).split()[2:]
    run(checkout, "rm", "-r", *gone)
    for path in ("engine/features/__init__.py", "rules/roles.yaml"):
        lines = (checkout / path).read_text("utf-8").splitlines(keepends=True)
        (checkout / path).write_text("".join(line for line in lines if "bulletin_notes" not in line), "utf-8")
    run(checkout, sys.executable, "-m", "tests.house.reference")
    left = {path for path in files(checkout) if not same(checkout / path, ROOT / path)}
    assert left <= {"web/ui/src/shared/api/types.gen.ts"}, "made anew by npm"


def test_what_it_writes_passes_lint_and_tests_at_once(checkout: Path) -> None:
    said = run(checkout, sys.executable, "-m", "engine", "new", "feature", "bulletin_notes")
    assert "engine/features/bulletin_notes/commands.py" in said
    changed = {line.split()[1] for line in said.splitlines() if line.startswith("  changed  ")}
    made = {line.split()[1] for line in said.splitlines() if line.startswith("  new  ")}
    differ = {path for path in files(checkout) if not same(checkout / path, ROOT / path)}
    assert changed == {path for path in differ if (ROOT / path).exists()}, "what is made from the code is told too"
    assert {"engine/features/__init__.py", "rules/roles.yaml", "docs/vocabulary.md"} <= changed
    assert made == differ - changed
    assert "restart the server" in said and "To take it out again" in said
    asked = ["tests/features/bulletin_notes", "tests/house/test_features.py", "tests/house/test_rows.py"]
    asked += ["tests/house/test_imports.py", "tests/store/test_migrations.py"]
    asked += ["tests/house/test_types_current.py", "tests/house/test_documented.py"]
    run(checkout, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *asked)
    ruff, mypy = (shutil.which(name, path=str(Path(sys.executable).parent)) for name in ("ruff", "mypy"))
    if ruff is not None and mypy is not None:  # only there where `make lint` was
        known = ("--cache-dir", str(ROOT / ".mypy_cache")) if (ROOT / ".mypy_cache").is_dir() else ()
        run(checkout, mypy, *known, "engine/features/bulletin_notes", "web/features/bulletin_notes.py")
        run(checkout, ruff, "check", "engine", "web/features", "tests/features")
        run(checkout, ruff, "format", "--check", "engine", "web/features", "tests/features")


NEEDED = ("engine/features/__init__.py", "rules/roles.yaml", "engine/features/answers/__init__.py", "web/routes.py")


def refused(root: Path, name: str, one: str | None = None) -> str:
    """What a name is refused with, in as much of a checkout as is read; nothing is written."""
    written = [*ROOT.glob("engine/store/tables/*.py"), *ROOT.glob("engine/features/*/tables.py")]
    for path in (*(ROOT / file for file in NEEDED), *written, *ROOT.glob("web/features/*.py")):
        place = root / path.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    with pytest.raises(CannotWrite) as caught:
        new_feature(root, name, one)
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before
    return str(caught.value)


@pytest.mark.parametrize("name", ["", "Notes", "a b", "../x", "note", "1notes", "notes_", "answers"])
def test_a_name_that_does_not_do_is_refused_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    refused(tmp_path, name)


@pytest.mark.parametrize(
    ("name", "one", "said"),
    [
        ("messages", None, "there is a table `message` already, in engine/store/tables/messages.py"),
        ("tickets", None, "there is a table `ticket` already"),
        ("agents", None, "there is a table `agent` already"),
        ("answer_types", None, "there is a table `answer_type` already, in engine/features/answers/tables.py"),
        ("sla_clocks", None, "there is a table `sla_clock` already"),
        ("types", None, "addresses have a part `type` already, in web/features/answers.py"),
        ("as", "one_a", "`as` is a word of Python"),
        ("as", None, "`as` is a word of Python"),
        ("nones", "none", "`None` is a word of Python"),
        ("classes", "class", "`class` is a word of Python"),
        ("imports", None, "`import` is a word of Python"),
        ("bulletins" * 5, None, "45 letters, at most 40"),
        ("notes", "note" * 11, "44 letters, at most 40"),
    ],
)
def test_a_noun_that_is_taken_or_cannot_be_written_is_refused_by_name(
    tmp_path: Path, name: str, one: str | None, said: str
) -> None:
    assert said in refused(tmp_path, name, one)


def test_every_table_of_this_checkout_is_found() -> None:
    ours = [model for model in vars(tables).values() if isinstance(model, type) and issubclass(model, Model)]
    ours += [model for feature in FEATURES for model in feature.tables]
    names = {model._meta.table_name for model in ours if hasattr(model, "_meta")}
    assert len(names) > 30 and names <= set(_tables(ROOT))

"""What we hand out: the sdist, and the wheel built from it, carry every file that the desk runs on."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
TOPS = ("engine", "plugins", "web", "rules", "config")
FILES = ("pyproject.toml", "setup.cfg", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkout with the built front end in place of its source; building writes into the folder it builds from."""
    target = tmp_path_factory.mktemp("a copy")
    ignored = shutil.ignore_patterns("ui", "__pycache__", "*.egg-info", "starter")
    for name in TOPS:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target / name, ignore=ignored)
    for name in FILES:
        shutil.copy(ROOT / name, target / name)
    # A starter desk of the test's own, in case the checkout has none yet, with a file in a folder in a folder.
    for name in ("rules/lifecycles/deep/specimen.rules", "config/specimen.yaml"):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_text("specimen: 應答\n", encoding="utf-8")
    return target


@pytest.fixture(scope="module")
def archives(copy: Path) -> tuple[set[str], set[str]]:
    """The names of the files in the sdist and in the wheel that is built from this sdist."""
    done = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", "out"],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    (sdist,), (wheel,) = (copy / "out").glob("*.tar.gz"), (copy / "out").glob("*.whl")
    with tarfile.open(sdist) as archive:
        assert not [member.name for member in archive if member.issym()], "links do not survive in an sdist"
        inside = {member.name.partition("/")[2] for member in archive if member.isfile()}
    with zipfile.ZipFile(wheel) as archive:
        return inside, set(archive.namelist())


def wanted(copy: Path) -> set[str]:
    """Where each file of the copy that the desk runs on has to be in an archive."""
    found = set()
    for top in ("engine", "plugins", "web"):
        found |= set((copy / top).rglob("*.py"))
    found |= {path for path in (copy / "engine").rglob("*") if path.suffix == ".lark"}
    found |= {path for path in (copy / "web" / "static").rglob("*") if path.is_file() and path.name != ".built"}
    names = {path.relative_to(copy).as_posix() for path in found}
    for top in ("rules", "config"):
        starter = (path for path in (copy / top).rglob("*") if path.is_file())
        names |= {f"engine/starter/{path.relative_to(copy).as_posix()}" for path in starter}
    return names


def test_sdist_and_wheel_are_complete(copy: Path, archives: tuple[set[str], set[str]]) -> None:
    names = wanted(copy)
    assert "web/static/console.html" in names
    assert "engine/starter/rules/lifecycles/deep/specimen.rules" in names
    for kind, inside in zip(("sdist", "wheel"), archives, strict=True):
        missing = names - inside
        assert not missing, f"the {kind} lacks {sorted(missing)}: see setup.cfg, [options.package_data]"


def test_wheel_holds_nothing_foreign(archives: tuple[set[str], set[str]]) -> None:
    _, wheel = archives
    foreign = {name for name in wheel if not name.startswith(("engine/", "plugins/", "web/", "yingda-"))}
    foreign |= {name for name in wheel if name.startswith("web/ui/") or "__pycache__" in name}
    assert not foreign


def test_building_leaves_no_starter_behind(copy: Path, archives: tuple[set[str], set[str]]) -> None:
    assert not (copy / "engine" / "starter").exists()

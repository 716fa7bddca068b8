"""Import directions: eight floors, no arrow upward, no circle. The table of the architecture, kept.

A room may import itself, what its row allows, and the bare package `engine`, which holds the version and nothing else.
Imports inside functions and for type checking count: a direction is about who knows whom.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.house.circles import strongly_connected

ROOT = Path(__file__).resolve().parents[2]
ANY = "any"


@dataclass(frozen=True, slots=True)
class Room:
    """One row of the table: what a room may import of ours, and which packages of others (`ANY`: as it needs)."""

    floor: int
    ours: frozenset[str]
    others: frozenset[str] | str
    sentence: str


def _room(floor: int, ours: str, others: str, sentence: str) -> Room:
    return Room(floor, frozenset(ours.split()), ANY if others == ANY else frozenset(others.split()), sentence)


_TO_STORE = "engine.lang engine.core engine.config engine.files engine.store engine.api"
_TO_PLUGINS = f"{_TO_STORE} engine.hookspecs engine.plugins engine.extras engine.lanes engine.hold"
_TO_DESK = f"{_TO_PLUGINS} engine.replay engine.desk"

TABLE = {
    "engine": _room(1, "", "", "`engine/__init__.py` holds the version and imports nothing."),
    "engine.lang": _room(
        1,
        "",
        "lark yaml re2 ahocorasick opencc z3",
        "`engine.lang` may import nothing of ours, and of others lark, pyyaml, google-re2, pyahocorasick, opencc, z3.",
    ),
    "engine.core": _room(
        2, "engine.lang", "transitions msgspec", "`engine.core` may import `engine.lang`, transitions and msgspec."
    ),
    "engine.config": _room(
        2, "engine.lang", "", "`engine.config` may import `engine.lang` (documents, findings), and nothing of others."
    ),
    "engine.drawing": _room(1, "", "PIL", "`engine.drawing` is a process of its own: pillow, and nothing of ours."),
    "engine.files": _room(
        3, "engine.core", "", "`engine.files` may import `engine.core` (its refusals); it starts `engine/drawing.py`."
    ),
    "engine.store": _room(
        3,
        "engine.core engine.lang",
        "peewee playhouse cryptography msgspec zlib_ng",
        "`engine.store` may import `engine.core` and `engine.lang`, and of others peewee, playhouse, cryptography, "
        "msgspec, zlib_ng.",
    ),
    "engine.api": _room(
        3,
        "engine.core engine.lang",
        "pluggy",
        "`engine.api` may import `engine.core` and `engine.lang` (types only), and of others pluggy (the marker).",
    ),
    "engine.hookspecs": _room(
        4, "engine.api", "pluggy", "`engine.hookspecs` may import `engine.api`, and of others pluggy."
    ),
    "plugins": _room(
        4,
        "engine.api",
        ANY,
        "`plugins.*` may import `engine.api` only; and of each other only helper files (`_name.py`) of their shelf.",
    ),
    "engine.plugins": _room(
        5,
        "engine.hookspecs engine.api engine.config",
        "pluggy",
        "`engine.plugins` may import `engine.hookspecs`, `engine.api` and `engine.config`, and of others pluggy.",
    ),
    "engine.hold": _room(3, "engine.config", "", "`engine.hold` may import `engine.config`, and nothing of others."),
    "engine.pinyin": _room(3, "", "pypinyin opencc", "`engine.pinyin` may import pypinyin and opencc alone."),
    "engine.lanes": _room(5, "", "", "`engine.lanes` may import nothing of ours and nothing of others."),
    **{
        f"engine.{name}": _room(
            floor, f"engine.core engine.lang engine.api engine.plugins {more}", "", f"`engine.{name}` stands on {more}."
        )
        for name, floor, more in (("extras", 5, "engine.lanes"), ("trying", 6, "engine.extras engine.lanes"))
    },
    "engine.replay": _room(
        5,
        "engine.core engine.lang engine.store",
        "",
        "`engine.replay` may import `engine.core`, `engine.lang` and `engine.store`, and nothing of others.",
    ),
    "engine.desk": _room(
        6,
        f"{_TO_PLUGINS} engine.replay engine.pinyin",
        "",
        "`engine.desk` may import everything below it in `engine`, and nothing of others.",
    ),
    "engine.features": _room(
        7,
        "engine.core engine.lang engine.store engine.api engine.desk engine.pinyin",
        "peewee",
        "`engine.features.*` may import `engine.core`, `engine.lang`, `engine.store`, `engine.api`, `engine.desk` and "
        "`engine.pinyin`; of others peewee and what one needs.",
    ),
    "engine.demo": _room(
        8,
        f"{_TO_DESK} engine.reload engine.worker",
        ANY,
        "`engine.demo` may import `engine.reload`, `engine.worker`, `engine.desk` and below.",
    ),
    "engine.folder": _room(2, "engine.lang", "", "`engine.folder` may import `engine.lang`, and nothing of others."),
    "engine.reload": _room(7, f"{_TO_DESK} engine.folder", ANY, "`engine.reload` may import `engine.desk` and below."),
    "engine.checker": _room(
        8,
        f"{_TO_PLUGINS} engine.folder engine.reload engine.editor",
        "",
        "`engine.checker` may import `engine.reload`, `engine.editor`, `engine.folder`, `engine.extras` and below.",
    ),
    "engine.checks": _room(
        8,
        "engine.config engine.core engine.lang engine.reload engine.checker",
        "",
        "`engine.checks` may import `engine.checker`, `engine.reload`, `engine.core`, `engine.lang`, `engine.config`.",
    ),
    "engine.graph": _room(
        3, "engine.core engine.lang", "", "`engine.graph` may import `engine.core` and `engine.lang` only."
    ),
    "engine.editor": _room(
        7,
        "engine.core engine.lang engine.reload",
        "lark",
        "`engine.editor` may import `engine.core`, `engine.lang` and `engine.reload`, and of others lark (tokens).",
    ),
    "engine.publishing": _room(
        7,
        f"{_TO_DESK} engine.folder engine.reload",
        "",
        "`engine.publishing` may import `engine.reload`, `engine.desk` and below.",
    ),
    "engine.pump": _room(7, _TO_DESK, ANY, "`engine.pump` may import `engine.desk` and below."),
    "engine.worker": _room(7, _TO_DESK, ANY, "`engine.worker` may import `engine.desk` and below."),
    "engine.bench": _room(
        8,
        f"{_TO_DESK} engine.folder engine.reload engine.demo",
        ANY,
        "`engine.bench` may import `engine.reload`, `engine.demo`, `engine.desk` and below.",
    ),
    "web": _room(
        8,
        "engine.desk engine.checks engine.reload engine.publishing engine.editor engine.graph engine.pump engine.api "
        "engine.config engine.features",
        ANY,
        "`web` may import `engine.desk`, `engine.features`, `engine.checks`, `engine.reload`, `engine.publishing`, "
        "`engine.editor`, `engine.graph`, `engine.pump`, `engine.api` and `engine.config`; nothing imports `web`.",
    ),
    "engine.cli": _room(
        8,
        f"{_TO_DESK} engine.reload engine.pump engine.bench engine.demo engine.graph "
        "engine.cli_base engine.cli_bench engine.cli_desk engine.cli_jobs engine.cli_lsp engine.cli_new "
        "engine.cli_rules engine.cli_user engine.trying",
        ANY,
        "`engine.cli` may import everything in `engine`; `web` and plugins reach it through their hooks.",
    ),
    "engine.cli_base": _room(
        8,
        "engine.lang engine.config",
        "",
        "`engine.cli_base` is for sub-commands and may import `engine.lang` (its languages) and `engine.config`.",
    ),
    "engine.cli_rules": _room(
        8,
        f"{_TO_DESK} engine.reload engine.graph engine.cli_base",
        "",
        "`engine.cli_rules` may import `engine.cli_base`, `engine.graph`, `engine.reload` and what lies below it.",
    ),
    **{
        f"engine.{name}": _room(
            8, f"{_TO_DESK} engine.cli_base {more}", "", f"`engine.{name}` may import `{more}` and below."
        )
        for name, more in (("cli_user", "engine.cli_desk"), ("cli_desk", "engine.reload"))
    },
    "engine.cli_jobs": _room(
        8,
        f"{_TO_DESK} engine.worker engine.cli_base",
        "",
        "`engine.cli_jobs` may import `engine.cli_base`, `engine.worker`, `engine.desk` and below.",
    ),
    "engine.scaffold": _room(8, "", "", "`engine.scaffold` writes files and imports nothing of ours."),
    "engine.cli_bench": _room(
        8, "engine.cli_base engine.bench", "", "`engine.cli_bench` may import `engine.cli_base` and `engine.bench`."
    ),
    "engine.cli_new": _room(
        8, "engine.cli_base engine.scaffold", "", "`engine.cli_new` may import `engine.cli_base` and `engine.scaffold`."
    ),
    "engine.cli_lsp": _room(
        8,
        "engine.cli_base engine.extras engine.plugins engine.lsp",
        "pygls",
        "`engine.cli_lsp` may import `engine.cli_base`, `engine.extras`, `engine.plugins` and `engine.lsp`.",
    ),
    "engine.lsp": _room(
        8,
        "engine.core engine.lang engine.folder engine.reload engine.editor",
        "lsprotocol pygls",
        "`engine.lsp` may import `engine.editor`, `engine.reload`, `engine.core`, `engine.lang`; of others pygls.",
    ),
    "engine.__main__": _room(8, "engine.cli", "", "`engine/__main__.py` imports `engine.cli` only."),
}

# What would make a decision impossible to replay.
IMPURE = {"time", "random", "secrets", "uuid", "socket", "ssl", "sqlite3", "asyncio", "threading", "subprocess"}
IMPURE |= {"urllib", "http", "logging"}
PURE_ROOMS = ("engine.lang", "engine.core")


@dataclass(frozen=True, slots=True)
class Import:
    """One imported name: `module` is as exact as the folder tells."""

    file: Path
    line: int
    module: str
    top_level: bool


# --- reading -------------------------------------------------------------------------------------------------------


def modules(root: Path) -> dict[str, Path]:
    """Every module of ours below `root`: dotted name → file."""
    found = {}
    for top in ("engine", "plugins", "web"):
        for path in sorted((root / top).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            if parts[:2] not in {("web", "ui"), ("web", "static")} and "__pycache__" not in parts:
                found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(name: str, path: Path, known: dict[str, Path]) -> Iterator[Import]:
    """Every import in one file, those by `import_module("…")` too."""
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    inner = {
        id(node) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    }
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]

    def visit(node: ast.AST, top_level: bool) -> Iterator[Import]:
        for target in _targets(node, package, known):
            yield Import(path, node.lineno, target, top_level)  # type: ignore[attr-defined]
        below = top_level and id(node) not in inner and not _for_types_only(node)
        for child in ast.iter_child_nodes(node):
            yield from visit(child, below)

    return visit(tree, True)


def _targets(node: ast.AST, package: str, known: dict[str, Path]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            parts = package.split(".")
            base = ".".join(parts[: len(parts) - node.level + 1] + ([base] if base else []))
        for alias in node.names:
            whole = f"{base}.{alias.name}"
            yield whole if whole in known or whole in TABLE else base
    elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called in {"import_module", "__import__"} and isinstance(node.args[0].value, str):
            yield node.args[0].value


def _for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def room_of(module: str) -> str | None:
    """The row of the table that a module of ours belongs to; None for a module that no row names."""
    if module.split(".")[0] in {"web", "plugins"}:
        return module.split(".")[0]
    parts = module.split(".")[:2]
    return ".".join(parts) if ".".join(parts) in TABLE else None


# --- judging -------------------------------------------------------------------------------------------------------


def violations(root: Path) -> list[str]:
    """One sentence for each import below `root` that the table does not allow."""
    found, known = [], modules(root)
    for name, path in known.items():
        room = room_of(name)
        place = path.relative_to(root)
        if room is None:
            found.append(f"{place}: no row of the table says what `{name}` may import; give it a floor")
            continue
        for one in imports(name, path, known):
            if not _allowed(name, room, one):
                found.append(f"{place}:{one.line} imports {one.module}: {TABLE[room].sentence}")
    return found


def _allowed(name: str, room: str, one: Import) -> bool:
    row, top = TABLE[room], one.module.split(".")[0]
    if top == "tests":
        return False
    if top not in {"engine", "plugins", "web"}:
        if top in sys.stdlib_module_names:
            return room not in PURE_ROOMS or top not in IMPURE
        # The build backend runs under setuptools, never in the desk.
        return row.others == ANY or top in row.others or name == "web.build"
    if one.module == "engine":
        return True
    target = room_of(one.module)
    if target == "plugins" and room == "plugins":
        return _same_plugin(name, one.module)
    return target == room or target in row.ours


def _same_plugin(name: str, target: str) -> bool:
    here, there = name.split("."), target.split(".")
    if len(there) < 3:
        return here[: len(there)] == there
    return here[:3] == there[:3] or (here[:2] == there[:2] and there[2].startswith("_"))


KNOWN_CIRCLES: tuple[frozenset[str], ...] = ()
"""Circles of before, by types or by imports in functions. Each may only lose members; none may come to them."""


def circles(root: Path, *, loaded: bool = False) -> list[list[str]]:
    """The groups of modules below `root` that name each other, be it for types or in a function; with `loaded`, those
    that do so while they are being loaded."""
    known = modules(root)
    graph: dict[str, set[str]] = {}
    for name, path in known.items():
        found = (one for one in imports(name, path, known) if one.top_level or not loaded)
        targets = {one.module for one in found if one.module in known}
        # A package is always loaded before what is inside it: naming a sibling through it is no circle.
        graph[name] = {target for target in targets if target != name and not name.startswith(f"{target}.")}
    return strongly_connected(graph)


# --- the house -----------------------------------------------------------------------------------------------------


def test_every_import_follows_the_table() -> None:
    found = violations(ROOT)
    assert not found, "\n" + "\n".join(found)


def test_no_circle() -> None:
    found = [group for group in circles(ROOT) if not any(known.issuperset(group) for known in KNOWN_CIRCLES)]
    assert not found, "\n" + "\n".join(" ↔ ".join(group) for group in found)


def test_no_circle_while_loading() -> None:
    found = circles(ROOT, loaded=True)
    assert not found, "\n" + "\n".join(" ↔ ".join(group) for group in found)


def test_a_circle_that_is_mended_leaves_the_list() -> None:
    found = [set(group) for group in circles(ROOT)]
    mended = [sorted(known) for known in KNOWN_CIRCLES if not any(group & known for group in found)]
    assert not mended, f"no circles any more, take them out of KNOWN_CIRCLES: {mended}"


# --- and what is said of it ----------------------------------------------------------------------------------------

SAID = {"web": ("web", "It imports"), "engine.features": ("engine/features", "A feature imports")}
"""Whose README says what the room may import, and how that begins; it ends at the next semicolon."""


@pytest.mark.parametrize("room", SAID)
def test_what_a_room_may_import_is_told_alike_everywhere(room: str) -> None:
    folder, begins = SAID[room]
    told = re.search(rf"{begins}\s([^;]+);", (ROOT / folder / "README.md").read_text(encoding="utf-8"))
    assert told is not None
    for text in (told[1], TABLE[room].sentence.partition(" may import ")[2].partition(";")[0]):
        assert set(re.findall(r"`(engine\.\w+)`", text)) == TABLE[room].ours


def test_the_map_has_every_room_on_its_floor_from_the_lowest_up() -> None:
    rows = re.findall(r"^\| (\d) \| (.+?) \|", (ROOT / "engine/README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert [floor for floor, _ in rows] == sorted(floor for floor, _ in rows)
    told = {
        place.removesuffix("/").removesuffix(".py").replace("/", "."): int(floor)
        for floor, places in rows
        for place in re.findall(r"`(.+?)`", places)
    }
    empty = {"engine", "engine.__main__"}
    parts = {name: row.floor for name, row in TABLE.items() if name.startswith("engine.cli_")}
    assert set(parts.values()) == {told.pop("engine.cli_*")}
    assert told == {name: row.floor for name, row in TABLE.items() if name not in {*empty, *parts}}


# --- and the test itself -------------------------------------------------------------------------------------------


def test_table_has_no_arrow_upward() -> None:
    for name, row in TABLE.items():
        for target in row.ours:
            assert TABLE[target].floor <= row.floor, f"{name} → {target}"
    assert not strongly_connected({name: set(row.ours) for name, row in TABLE.items()})


def _house(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


WRONG = [
    ("engine/lang/parser.py", "from engine.core import events", "`engine.lang` may import nothing of ours"),
    ("engine/lang/parser.py", "import peewee", "and of others lark"),
    ("engine/core/decide.py", "def f():\n    import engine.store.commit", "`engine.core` may import `engine.lang`"),
    ("engine/core/decide.py", "import time", "`engine.core` may import"),
    ("engine/core/decide.py", "from ..desk import Desk", "`engine.core` may import"),
    ("engine/core/decide.py", "from .. import desk", "`engine.core` may import"),
    ("engine/store/commit.py", "import tornado.web", "`engine.store` may import"),
    ("engine/store/commit.py", "from engine import config", "`engine.store` may import"),
    ("engine/api.py", "from engine import store", "`engine.api` may import"),
    ("engine/desk.py", "import web.live", "`engine.desk` may import everything below"),
    ("engine/desk.py", "import plugins.channels.email", "`engine.desk` may import everything below"),
    ("engine/cli.py", "import importlib\nimportlib.import_module('web.plugin')", "`engine.cli` may import"),
    ("engine/pump.py", "from engine.reload import Reloader", "`engine.pump` may import"),
    ("plugins/channels/email.py", "from engine.core.events import Event", "`plugins.*` may import `engine.api` only"),
    ("plugins/channels/email.py", "from plugins.channels import chat", "`plugins.*` may import `engine.api` only"),
    ("plugins/channels/email.py", "import plugins.notify._text", "`plugins.*` may import `engine.api` only"),
    (
        "web/handlers/tickets.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from engine.store import queries",
        "`web` may import `engine.desk`",
    ),
    ("web/app.py", "import tests.support", "`web` may import"),
    ("engine/cellar.py", "", "give it a floor"),
]


@pytest.mark.parametrize(("file", "text", "sentence"), WRONG, ids=[f"{w[0]}: {w[1][-40:]}" for w in WRONG])
def test_wrong_import_is_answered_with_the_sentence(tmp_path: Path, file: str, text: str, sentence: str) -> None:
    targets = {
        f"{name}.py": "" for name in ("engine/__init__", "engine/desk", "engine/config", "plugins/channels/chat")
    }
    found = violations(_house(tmp_path, {**targets, file: text}))
    assert len(found) == 1, found
    assert found[0].startswith(file)
    assert sentence in found[0]


def test_right_imports_pass(tmp_path: Path) -> None:
    files = {
        "engine/__init__.py": "__version__ = '1'",
        "engine/lang/parser.py": "import lark\nimport re\nfrom . import source\nfrom engine.lang.text import fold",
        "engine/lang/source.py": "",
        "engine/store/commit.py": "from engine.core import decide\nfrom engine import __version__",
        "engine/core/decide.py": "from engine.lang import ruleset",
        "engine/desk.py": "from engine.config import Config\nfrom engine.store.commit import apply",
        "plugins/channels/wechat/__init__.py": "from .crypt import seal\nimport httpx\nfrom engine.api import hookimpl",
        "plugins/channels/wechat/crypt.py": "from plugins.channels._mime import sniff",
        "plugins/channels/_mime.py": "",
        "web/build.py": "import setuptools",
        "web/app.py": "import tornado.web\nfrom engine.desk import Desk\nfrom web import live",
        "web/live.py": "",
        "engine/cli.py": "from engine import bench, desk",
        "engine/__main__.py": "from engine.cli import main",
    }
    assert violations(_house(tmp_path, files)) == []
    assert circles(tmp_path) == []


def test_circle_is_found_be_it_through_types_or_functions(tmp_path: Path) -> None:
    files = {
        "engine/core/a.py": "from engine.core import b",
        "engine/core/b.py": "from .c import f",
        "engine/core/c.py": "import engine.core.a",
        "engine/core/d.py": "from engine.core import e",
        "engine/core/e.py": "def f():\n    from engine.core import d",
        "engine/core/f.py": "from engine.core import g",
        "engine/core/g.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from engine.core import f",
    }
    house, loaded = _house(tmp_path, files), ["engine.core.a", "engine.core.b", "engine.core.c"]
    assert circles(house) == [loaded, ["engine.core.d", "engine.core.e"], ["engine.core.f", "engine.core.g"]]
    assert circles(house, loaded=True) == [loaded]

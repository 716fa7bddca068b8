"""Nothing is announced that is not there: hooks that nobody asks, shapes that nothing takes, events that never happen,
fields that are never filled, pages and files without a page or file."""

from __future__ import annotations

import ast
import inspect
import re

import pytest

from engine import api
from engine.core.entities import Call, Chat, Message, Ticket
from engine.core.events import EVENTS
from engine.features import FEATURES
from tests.house import reference
from tests.house.test_imports import ROOT
from web import pages
from web.folder import STATIC, Folder

CORE = {path: text for path, text in reference.sources().items() if path.startswith("engine/core/")}
ASKING = {
    path: text for path, text in reference.sources().items() if path != "engine/api.py" and "plugins/" not in path
}
"""The house without its plugins and without the contract itself."""
SCHEDULED = {"every"}
"""Events that a rule makes for itself."""


@pytest.mark.parametrize("name", reference.hooks())
def test_every_hook_is_asked(name: str) -> None:
    assert reference.is_asked(name), f"`{name}` stands in engine/hookspecs.py and nothing asks it"


def shapes() -> list[tuple[str, str]]:
    """Every method that a plugin is to have."""
    found = []
    for name in api.__all__:
        shape = getattr(api, name)
        if inspect.isclass(shape) and getattr(shape, "_is_protocol", False):
            found += [(name, method) for method in vars(shape) if not method.startswith("_")]
    return found


TO_COME = {"backup": "`engine backup`; tests of each storage hold it"}


@pytest.mark.parametrize(("shape", "method"), [one for one in shapes() if one[1] not in TO_COME])
def test_every_method_of_a_shape_is_called(shape: str, method: str) -> None:
    called = re.compile(rf"\.{method}\(|\.{method}\b(?!\s*=[^=])")
    assert any(called.search(text) for text in ASKING.values()), f"nothing calls `{shape}.{method}`"


@pytest.mark.parametrize("name", api.__all__)
def test_every_shape_is_taken(name: str) -> None:
    """By the house, or by a shape that the house takes."""
    word = re.compile(rf"\b{name}\b")
    others = inspect.getsource(api).split("__all__")[0]
    within = len(word.findall(others)) > 1  # beside where it is made
    taken = any(word.search(text) for text in ASKING.values())
    assert taken or within, f"engine.api has `{name}`, and nothing takes one"


def texts_of(trees: dict[str, str]) -> list[str]:
    """Every text in these files, as a pattern: what is put into one when it runs stands for a word."""
    found = []
    for path, source in trees.items():
        if path.endswith(("/events.py", "/fields.py", "/proving.py", "/rights.py")):
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "." in node.value:
                found.append(re.escape(node.value))
            elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                parts = [
                    re.escape(str(one.value)) if isinstance(one, ast.Constant) else "[a-z_]+" for one in node.values
                ]
                found.append("".join(parts))
    return found


def test_every_event_that_a_rule_may_name_is_raised() -> None:
    said = re.compile("|".join(f"(?:{text})" for text in texts_of(CORE) if len(text) < 60))
    never = [event.name for event in EVENTS if event.name not in SCHEDULED and not said.fullmatch(event.name)]
    assert never == [], "rules may name events that nothing raises"


@pytest.mark.parametrize("entity", [Ticket, Chat, Call, Message], ids=lambda entity: entity.__name__)
def test_every_value_of_a_case_is_filled(entity: type) -> None:
    filled: set[str] = set()
    for path, source in CORE.items():
        if not path.endswith("/entities.py"):
            filled |= {node.arg for node in ast.walk(ast.parse(source)) if isinstance(node, ast.keyword) and node.arg}
            filled |= {node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)}
    never = [name for name in entity.__struct_fields__ if name not in filled]
    assert never == [], f"{entity.__name__} has values that nothing fills"


def test_every_page_has_a_page() -> None:
    """What the server gives the console for, its router knows; the other way round too."""
    router = (ROOT / "web/ui/src/console/router.ts").read_text("utf-8")
    for path in pages.CONSOLE_PATHS:
        first = path.strip("/").split("/(")[0]
        assert first == "" or re.search(rf"path: '/?{re.escape(first)}", router), f"`{path}` has no page in the router"
    for path in {page for feature in FEATURES for page in feature.pages}:
        indexes = [one.read_text("utf-8") for one in (ROOT / "web/ui/src/features").glob("*/index.ts")]
        assert any(f"path: '{path.strip('/')}'" in text for text in indexes), f"`{path}` has no page"


def test_every_file_of_the_server_is_there() -> None:
    """Those under their own name, as the build makes them."""
    names = {row[2]["name"] for row in pages.rows(demo=True, pages=()) if row[1] is pages.FileHandler}
    missing = [name for name in sorted(names) if Folder(STATIC).read(name) is None]
    assert names and missing == [], "the server has addresses for files that are not there"

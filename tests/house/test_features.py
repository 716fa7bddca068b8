"""What holds of every feature, written once."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from engine.desk import Feature
from engine.features import FEATURES
from tests.web.support import Site
from web.routes import Operation, table

ROOT = Path(__file__).resolve().parents[2]
MIGRATIONS = "".join(path.read_text("utf-8") for path in (ROOT / "engine/store/migrations").glob("[0-9]*.py"))
each = pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)


def operations(feature: Feature) -> list[Operation]:
    """The operations of the feature's web file."""
    return [one for one in table() if one.run.__module__ == f"web.features.{feature.name}"]


def test_names_are_their_own_and_each_has_its_room() -> None:
    names = [feature.name for feature in FEATURES]
    assert names == list(dict.fromkeys(names))
    rooms = {path.parent.name for path in (ROOT / "engine/features").glob("*/__init__.py")}
    assert rooms == set(names), "a folder of engine/features and a row of FEATURES go together"


@each
def test_each_table_is_made_by_a_migration_and_named_in_an_erasure_or_holds_nothing_of_a_person(
    feature: Feature,
) -> None:
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "engine/features" / feature.name).glob("*.py"))
    for model in feature.tables:
        assert re.search(rf"class {model.__name__}\(", MIGRATIONS), f"no migration makes {model.__name__}"
        if model not in feature.impersonal:
            assert feature.erase_agent is not None, f"{model.__name__}: say who is erased from it, or that it is nobody"
            assert f"{model.__name__}.delete()" in sources, f"no erasure takes rows out of {model.__name__}"
    assert set(feature.impersonal) <= set(feature.tables)


@each
def test_each_right_is_described_granted_and_asked_for(feature: Feature) -> None:
    roles = (ROOT / "rules/roles.yaml").read_text("utf-8")
    vocabulary = (ROOT / "docs/vocabulary.md").read_text("utf-8")
    asked = {right for row in feature.commands for right in (row.right, *getattr(row, "rights", ()))}
    for right, what in feature.permissions.items():
        assert len(what.split()) > 2
        assert f"`{right}`" in vocabulary, f"`{right}` is not in docs/vocabulary.md"
        assert f"- {right}\n" in roles, f"no role of rules/roles.yaml has `{right}`"
        assert right in asked, f"no command asks for `{right}`"


@each
def test_each_page_and_place_is_there(feature: Feature) -> None:
    folder = ROOT / "web/ui/src/features" / feature.name.replace("_", "-")
    for page in feature.pages:
        text = (folder / "index.ts").read_text("utf-8")
        assert f"'{page.removeprefix('/')}'" in text, f"{page} is announced, but no route of the console has it"


@each
def test_each_is_tested_in_a_folder_of_its_own(feature: Feature) -> None:
    assert list((ROOT / "tests/features" / feature.name).glob("test_*.py"))


def named(path: Path) -> set[str]:
    """Features whose engine or web room a file imports, however it is written."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            modules = [f"{node.module}.{alias.name}" for alias in node.names]
        for module in modules:
            match = re.match(r"(?:engine|web)\.features\.(\w+)", module)
            if match is not None:
                found.add(match[1])
    return found & {feature.name for feature in FEATURES}


@each
def test_a_feature_names_no_other(feature: Feature) -> None:
    files = [*(ROOT / "engine/features" / feature.name).glob("*.py"), ROOT / f"web/features/{feature.name}.py"]
    for path in files:
        assert named(path) <= {feature.name}, f"{path.relative_to(ROOT)} imports another feature"


def test_nobody_imports_a_feature_but_its_own_web_file_and_the_tests() -> None:
    found = []
    for top in ("engine", "web", "plugins"):
        for path in (ROOT / top).rglob("*.py"):
            place = path.relative_to(ROOT).as_posix()
            if "node_modules" in place or place.startswith(("engine/features/", "web/features/")):
                continue
            if named(path):
                found.append(place)
    assert not found


def test_an_import_of_a_feature_is_seen_however_it_is_written(tmp_path: Path) -> None:
    for text in (
        "from engine.features import answers",
        "from engine.features.answers import commands",
        "import engine.features.answers.store",
        "from web.features.answers import LibraryAnswer",
        "def f():\n    from web.features import answers",
    ):
        (tmp_path / "x.py").write_text(text)
        assert named(tmp_path / "x.py") == {"answers"}, text
    (tmp_path / "x.py").write_text("from engine.features import FEATURES\nfrom web import features")
    assert named(tmp_path / "x.py") == set()


@pytest.fixture
def strangers(site: Site) -> Iterator[dict[str, httpx.Client]]:
    """Nobody, a member, an agent without a right."""
    with (
        httpx.Client(base_url=f"{site.url}/api/v1") as nobody,
        site.client("nina") as nina,
        site.client("ming") as ming,
    ):
        yield {"nobody": nobody, "an agent without rights": nina, "a member": ming}


FOR_MEMBERS = {"hot_answers", "click_answer", "list_views"}
"""Operations that members are meant to use."""
OWN = {"list_notices", "read_notices", "list_jobs"}
"""Operations on one's own things: any agent may use them, with whatever rights."""


@each
def test_strangers_and_wrong_roles_are_refused_on_each_operation(
    feature: Feature, strangers: dict[str, httpx.Client]
) -> None:
    for operation in operations(feature):
        if operation.body is not None:
            assert operation.example is not None, f"{operation.name}: give its body an example"
        path = re.sub(r"\{(\w+)\}", "1", operation.path).removeprefix("/api/v1")
        query = {"shop": "demo", "text": "x"} if operation.query.__struct_fields__ else {}
        query = {name: value for name, value in query.items() if name in operation.query.__struct_fields__}
        for who, client in strangers.items():
            answer = client.request(operation.method, path, params=query, json=operation.example)
            place = (operation.name, who, answer.status_code, answer.text[:200])
            if who == "nobody":
                assert answer.status_code == 401, place
            elif who == "an agent without rights":
                assert answer.status_code in (403, 404) or operation.name in FOR_MEMBERS | OWN, place
            elif operation.name not in FOR_MEMBERS:
                assert answer.status_code in (403, 404), place

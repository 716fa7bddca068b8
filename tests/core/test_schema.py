"""The schema of the YAML: each key says what it is for, and each file of a desk has its class."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.core.scenarios import GIVEN
from engine.core.schema import FILES, FOLDERS, class_of
from engine.core.schema.nouns import ShopSettingsFile
from engine.lang.schema import Entry, Form, slots

ROOT = Path(__file__).resolve().parents[2]


def entries(cls: type[Entry], seen: set[type[Entry]] | None = None) -> Iterator[type[Entry]]:
    """A class and every one it is made of."""
    seen = set() if seen is None else seen
    if cls in seen:
        return
    seen.add(cls)
    yield cls
    for slot in slots(cls):
        form: Form | None = slot.form
        while form is not None:
            if form.entry is not None:
                yield from entries(form.entry, seen)
            form = form.item


ALL = {one for cls in (*FILES.values(), *FOLDERS.values(), ShopSettingsFile) for one in entries(cls)}


def test_every_class_is_reached() -> None:
    assert len(ALL) > 25


@pytest.mark.parametrize("cls", sorted(ALL, key=lambda cls: cls.__name__), ids=lambda cls: cls.__name__)
def test_every_key_says_what_it_is_for(cls: type[Entry]) -> None:
    silent = [slot.key for slot in slots(cls) if not slot.doc and not slot.rest and slot.name != cls.WHOLE]
    assert not silent, f"{cls.__name__} does not say what these are for: {silent}"
    assert cls.__doc__


@pytest.mark.parametrize("cls", sorted(ALL, key=lambda cls: cls.__name__), ids=lambda cls: cls.__name__)
def test_what_must_be_there_is_told_of(cls: type[Entry]) -> None:
    if any(slot.required for slot in slots(cls)):
        assert cls.LACKS, f"{cls.__name__} does not say what is told of one that lacks what it must have"
    assert {cls.SCALAR, cls.WHOLE} - {""} <= {slot.name for slot in slots(cls)}


@pytest.mark.parametrize("folder", ["rules", "tests/shops/voyage"])
def test_every_yaml_file_of_a_desk_has_its_class(folder: str) -> None:
    paths = [path.relative_to(ROOT / folder).as_posix() for path in (ROOT / folder).rglob("*.yaml")]
    own = [path for path in paths if not path.startswith(GIVEN)]  # those are pieces of files that have one
    assert len(own) > 5 and not [path for path in own if class_of(path) is None]
    assert not [path for path in paths if path.startswith(GIVEN) and class_of(path.removeprefix(GIVEN)) is None]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("desk.yaml", "DeskFile"),
        ("sla.yml", "PoliciesFile"),
        ("shops/a/settings.yaml", "ShopSettingsFile"),
        ("shops/a/sla.yaml", "PoliciesFile"),
        ("shops/templates/sla.yaml", "PoliciesFile"),
        ("shops/a/templates/x.yaml", "TemplatesFile"),
        ("more/lifecycles/x.yaml", "LifecycleFile"),
        ("tests/x.yaml", "ScenariosFile"),
        ("tests/templates/x.yaml", "ScenariosFile"),
    ],
)
def test_a_file_is_what_its_place_says(path: str, name: str) -> None:
    cls = class_of(path)
    assert cls is not None and cls.__name__ == name


@pytest.mark.parametrize("path", ["10-guard.rules", "words/a.txt", "other.yaml", "desk.json"])
def test_other_files_have_none(path: str) -> None:
    assert class_of(path) is None

"""Every key of the rules' YAML is read, and what is made of it is read too: no key is taken and passed over."""

from __future__ import annotations

import ast
import dataclasses
import sys
from collections.abc import Iterator

import pytest

from engine.core import rulebook
from engine.lang.schema import Entry, slots
from tests.core.desk import built
from tests.core.test_broken import RICH
from tests.core.test_schema import ALL
from tests.house import reference

TOUCHED_BY = ("engine/lang/schema.py", "engine/lang/decoder.py", "dataclasses.py")
"""What fills every key and reads none for its meaning."""
PARTS = ("Noun", "Shop", "Team", "CustomField")
"""What the rulebook keeps of nouns."""
OF_FILES = {one for one in ALL if one.__module__ == "engine.core.schema.nouns"}


@pytest.fixture(scope="module")
def read() -> Iterator[set[tuple[str, str]]]:
    """Class and key of what was read while a desk was built that says everything."""
    found: set[tuple[str, str]] = set()

    def watched(entry: Entry, name: str) -> object:
        if not sys._getframe(1).f_code.co_filename.endswith(TOUCHED_BY):
            found.add((type(entry).__name__, name))
        return object.__getattribute__(entry, name)

    with pytest.MonkeyPatch.context() as patch:
        for cls in OF_FILES:
            patch.setattr(cls, "__getattribute__", watched, raising=False)
        built({**RICH, "shops/demo/settings.yaml": "rate: 6\n"})
        yield found


def test_every_key_is_read(read: set[tuple[str, str]]) -> None:
    keys = {(cls.__name__, slot.name) for cls in OF_FILES for slot in slots(cls)}
    assert len(keys) > 50
    assert keys - read == set(), "keys that are taken and passed over: use them, or refuse them as unknown"


@pytest.fixture(scope="module")
def used() -> set[str]:
    """The attributes that are named outside of the rooms that make what is kept of nouns."""
    made_in = ("engine/core/nouns.py", "engine/core/building.py", "engine/core/rulebook.py", "engine/core/schema/")
    found: set[str] = set()
    for path, text in reference.sources().items():
        if not path.startswith(made_in):
            found |= {node.attr for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Attribute)}
    return found


@pytest.mark.parametrize("part", PARTS)
def test_what_is_made_of_a_key_is_read(part: str, used: set[str]) -> None:
    values = {one.name for one in dataclasses.fields(getattr(rulebook, part))}
    assert values - used == set(), f"nothing reads these of a {part}"


def test_a_key_of_before_that_nothing_reads_is_told_of_and_keeps_no_desk_from_building() -> None:
    book = built(
        {
            **RICH,
            "desk.yaml": RICH["desk.yaml"].replace("    zone:", "    sign_on: x\n    zone:", 1)
            + "thresholds: {backlog: 3}\n",
            "shops/demo/settings.yaml": "rate: {value: 6, label: Rate}\n",
        }
    )
    told = {finding.message: finding for finding in book.workings.findings if finding.code == "unused-definition"}
    assert {f"nothing reads `{name}`" for name in ("thresholds", "label", "sign_on")} <= set(told)
    assert all(finding.hint for finding in told.values())

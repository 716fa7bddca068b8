"""The keys of the YAML: what editors offer and tell of them, drawn from the classes that declare them."""

from __future__ import annotations

import pytest

from engine.editor import Workspace
from engine.lang.said import spoken
from tests.editor.places import at, text_at

KEYS = [
    ("lifecycles/inquiry.yaml", "category", "`open`: it is our turn", "`open`：該我們處理"),
    ("lifecycles/inquiry.yaml", "for", "what the desk opens such a case for by itself", "客服台自己替什麼開這種工單"),
    ("lifecycles/inquiry.yaml", "trigger", "must be there", "必須有"),
    ("tests/t.yaml", "steps", "what happens, one after another", "依序發生的事"),
    ("teams.yaml", "label", "what people read", "給人看的文字"),
]


@pytest.mark.parametrize(("path", "key", "english", "chinese"), KEYS, ids=[f"{path}: {key}" for path, key, *_ in KEYS])
def test_a_hover_over_a_key_says_what_it_is_for(
    small: Workspace, path: str, key: str, english: str, chinese: str
) -> None:
    found = small.hover(*at(small, path, f"{key}:", 1))
    assert found is not None and text_at(small, found.place) == key
    assert found.text.startswith(f"**{key}** · key\n\n") and english in found.text
    assert chinese in spoken(found.text, "zh-TW")


def test_a_key_that_means_nothing_has_no_hover(small: Workspace) -> None:
    space = small.with_file("teams.yaml", "care: {lable: x}\n")
    assert space.hover(*at(space, "teams.yaml", "lable", 1)) is None


def test_an_offered_key_says_what_it_is_for(small: Workspace) -> None:
    space = small.with_file("teams.yaml", "care: {sh}\n")
    (key,) = space.complete("teams.yaml", 1, 10)
    assert (key.label, key.kind) == ("shops", "key")
    assert key.detail == "the shops it serves; without any, all of them"
    assert spoken(key.documentation, "zh-CN") == "**shops** · 键\n\n服务哪些商店；没写就是全部"


def test_values_of_a_field_that_are_mappings_are_declared_by_name(small: Workspace) -> None:
    desk = small.files["desk.yaml"].replace("[north, south]", "[north, {name: south, label: {en: Down}}]")
    assert desk != small.files["desk.yaml"]
    space = small.with_file("desk.yaml", desk)
    found = space.definition(*at(space, "a.rules", "south", 1))
    assert found is not None and text_at(space, found) == "south" and found.path == "desk.yaml"
    hover = space.hover(*at(space, "a.rules", "south", 1))
    assert hover is not None and "- `en` Down" in hover.text

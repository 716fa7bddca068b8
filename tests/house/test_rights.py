"""The table of rights is whole: each field, view, sort and frame stands in it once, each question has a row."""

from __future__ import annotations

from collections import Counter

from engine.core import access, rights
from engine.core.fields import built_in
from engine.desk.queries import QUESTIONS
from engine.desk.rows import Asked
from engine.features import FEATURES
from engine.lang import Enum
from engine.store.queries import _SORTS

NOUNS = (
    "kind type state category priority tier team channel shop tag skill language status weekday direction author "
    "opener task_state target policy role call_direction call_result timer"
).split()
THERE = {*access.PERMISSIONS, *(right for feature in FEATURES for right in feature.permissions)}


def test_every_field_has_one_reader() -> None:
    counted = Counter(name for names in rights.READERS.values() for name in names)
    assert [name for name, times in counted.items() if times > 1] == []
    assert set(counted) == set(built_in({noun: Enum(noun, ("x",)) for noun in NOUNS}))
    assert set(rights.READERS) - {rights.EVERYBODY} <= THERE


def test_views_sorts_and_frames_go_by_fields_and_rights_that_are_there() -> None:
    fields = {name for names in rights.READERS.values() for name in names}
    assert {*rights.VIEWS.values(), *rights.SORTS.values()} <= fields
    assert set(rights.SORTS) == set(_SORTS)
    assert {*rights.FRAMES.values(), *rights.WRITING.values()} <= THERE


def test_every_question_has_a_row_with_rights_that_are_there() -> None:
    for rows in (QUESTIONS, *(feature.questions for feature in FEATURES)):
        for question, row in rows.items():
            assert isinstance(row, Asked), f"{question.__name__} says not who may ask it"
            assert {*row.rights, *([row.also] if row.also is not None else [])} <= THERE, question.__name__

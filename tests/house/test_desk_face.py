"""`Desk` has ten public names; the eleventh needs a note in `engine/decisions/`."""

from __future__ import annotations

import inspect

from engine.desk import Desk

TEN = {"open", "close", "receive", "act", "tick", "activate", "simulate", "explain", "subscribe", "query"}


def test_the_desk_has_ten_public_names() -> None:
    public = {
        name for name, value in vars(Desk).items() if not name.startswith("_") and callable(inspect.unwrap(value))
    }
    classmethods = {name for name, value in vars(Desk).items() if isinstance(value, classmethod)}
    assert public | classmethods == TEN

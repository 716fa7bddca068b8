"""Features: nouns that are only kept and shown, one room each. No rule ever reacts to what is done here.

A room imports the doors of core, store and desk; never another feature, and nobody imports a feature. Two features meet
by id and by `context.query(Question)`. `engine new feature NAME` writes the first version of a room; see README.md.
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.api import hookimpl
from engine.desk import Feature
from engine.features import (
    answers,
    quick_replies,
)

FEATURES: tuple[Feature, ...] = (
    quick_replies.FEATURE,
    answers.FEATURE,
)
"""Our own, in the order of the menu."""


@hookimpl
def register_features() -> Iterable[Feature]:
    """Gives the house its own features."""
    return FEATURES

"""Features: nouns that are only kept and shown, one room each. No rule ever reacts to what is done here.

A room imports core, store and desk; never another feature, and nobody imports a feature. Two features meet
by id and by `context.query(Question)`. `engine new feature NAME` writes the first version of a room; see README.md.
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.api import hookimpl
from engine.desk import Feature
from engine.features import (
    answers,
    audit,
    batches,
    blocks,
    drafts,
    jobs,
    notifications,
    quick_replies,
    records,
    system,
    ticket_templates,
    views,
)

FEATURES: tuple[Feature, ...] = (
    notifications.FEATURE,
    views.FEATURE,
    quick_replies.FEATURE,
    answers.FEATURE,
    blocks.FEATURE,
    drafts.FEATURE,
    records.FEATURE,
    jobs.FEATURE,
    batches.FEATURE,
    system.FEATURE,
    audit.FEATURE,
    ticket_templates.FEATURE,
)
"""Our own."""


@hookimpl
def register_features() -> Iterable[Feature]:
    """Gives the house its own features."""
    return FEATURES

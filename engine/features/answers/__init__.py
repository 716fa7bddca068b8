"""The auto-reply library: what the desk answers by itself. Agents keep it; rules ask it, by `answer`."""

from __future__ import annotations

from engine.core.library import Library
from engine.desk import Feature
from engine.features.answers import commands, demo, store

FEATURE = Feature(
    name="answers",
    permissions={"answers.edit": "change the auto-reply library"},
    commands=commands.COMMANDS,
    questions=commands.QUESTIONS,
    lookups={Library: store.library},
    demo=demo.fill,
)

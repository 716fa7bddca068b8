"""The auto-reply library: what the desk answers by itself. Agents keep it; rules ask it, by `answer`."""

from __future__ import annotations

from engine.core.library import Library
from engine.desk import Feature
from engine.features.answers import commands, demo, store
from engine.features.answers.tables import Answer, AnswerClick, AnswerType

FEATURE = Feature(
    name="answers",
    tables=(Answer, AnswerType, AnswerClick),
    impersonal=(Answer, AnswerType, AnswerClick),
    permissions={"answers.edit": "change the auto-reply library"},
    commands=commands.COMMANDS,
    questions=commands.QUESTIONS,
    lookups={Library: store.library},
    pages=("/answers",),
    demo=demo.fill,
    retention=store.forget_clicks,
)

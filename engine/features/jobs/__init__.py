"""Jobs: long work as it is shown to who began it, and cancelled. What runs it is `engine/worker.py`."""

from __future__ import annotations

from engine.desk import Feature
from engine.features.jobs import commands

FEATURE = Feature(
    name="jobs",
    permissions={"jobs.manage": "see and cancel everybody's long work"},
    commands=commands.COMMANDS,
    questions=commands.QUESTIONS,
    live_events=commands.LIVE_EVENTS,
)

"""Notifications: what rules told an agent inside the desk, and what of it was read."""

from __future__ import annotations

from engine.desk import Feature
from engine.features.notifications import commands

FEATURE = Feature(
    name="notifications",
    commands=commands.COMMANDS,
    questions=commands.QUESTIONS,
    live_events=commands.LIVE_EVENTS,
)

"""System: how the desk itself is doing, for who keeps it running. Nothing is kept here; it is looked at when asked."""

from __future__ import annotations

from engine.desk import Feature
from engine.features.system import commands

FEATURE = Feature(name="system", questions=commands.QUESTIONS, pages=("/system",))

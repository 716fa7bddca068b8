"""Audit: who did what, from where, and who tried in vain to sign in. It is read from the event log."""

from __future__ import annotations

from engine.desk import Feature
from engine.features.audit import commands

FEATURE = Feature(name="audit", questions=commands.QUESTIONS, pages=("/audit",))

"""Blocks: the blacklist as it is kept and shown. To block a member and to lift a block are commands rules hear of."""

from __future__ import annotations

from engine.desk import Feature
from engine.features.blocks import commands

FEATURE = Feature(name="blocks", questions=commands.QUESTIONS)

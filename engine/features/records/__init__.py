"""Work log (服務記錄): what was done for a ticket, written once; a correction takes the place of an entry."""

from __future__ import annotations

from engine.core.reviews import Reviews
from engine.desk import Feature
from engine.features.records import commands

FEATURE = Feature(
    name="records",
    commands=commands.COMMANDS,
    questions=commands.QUESTIONS,
    lookups={Reviews: commands.reviews},
)

"""Views: saved filters of the ticket list, own and shared, beside the ones that every agent has."""

from __future__ import annotations

from engine.desk import Feature
from engine.features.views import commands
from engine.features.views.tables import View

FEATURE = Feature(
    name="views",
    tables=(View,),
    permissions={"views.share": "keep views that colleagues use"},
    commands=commands.COMMANDS,
    questions=commands.QUESTIONS,
    erase_agent=commands.erase_agent,
)

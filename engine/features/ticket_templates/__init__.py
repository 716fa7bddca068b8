"""Ticket templates: what a ticket opened by hand begins with, filled in by one click."""

from __future__ import annotations

from engine.desk import Feature
from engine.features.ticket_templates import commands
from engine.features.ticket_templates.tables import TicketTemplate

FEATURE = Feature(
    name="ticket_templates",
    tables=(TicketTemplate,),
    impersonal=(TicketTemplate,),
    permissions={commands.EDIT: "keep templates of tickets for colleagues"},
    commands=commands.COMMANDS,
    questions=commands.QUESTIONS,
)

"""Drafts (草稿): what an agent has begun to write on a ticket, kept until it is sent; nobody else ever reads it."""

from __future__ import annotations

from engine.desk import Feature
from engine.features.drafts import commands

FEATURE = Feature(
    name="drafts",
    commands=commands.COMMANDS,
    questions=commands.QUESTIONS,
    erase_agent=commands.erase_agent,
    retention=commands.retention,
)

"""What people do: one row a command (see `engine.desk.rows`), one room a noun."""

from __future__ import annotations

from engine.desk.handlers import agents, chats, files, members, messages, requests, scheduled, sessions, tasks, tickets

COMMANDS = (
    *messages.COMMANDS,
    *scheduled.COMMANDS,
    *tickets.COMMANDS,
    *tasks.COMMANDS,
    *chats.COMMANDS,
    *members.COMMANDS,
    *agents.COMMANDS,
    *sessions.COMMANDS,
    *files.COMMANDS,
    *requests.COMMANDS,
)
"""Every command of the machine; features bring their own."""

"""What is sent and answered when a ticket is handed on or hurried."""

from __future__ import annotations

from msgspec import Struct

from web.schema import Body, Line, Name, Time


class TransferBody(Body):
    team: Name | None = None
    agent: Name | None = None
    """A username. Without a team, the ticket is in a team of the agent's."""
    note: Line = ""
    """For colleagues."""
    tell_member: bool = False


class NudgeBody(Body):
    note: Line = ""
    """Of a colleague, for colleagues."""


class Nudges(Struct):
    count: int
    nudged_at: Time | None
    """When somebody last did."""
    next_at: Time | None
    """From when on the next nudge is taken; null where there is nothing to ask for."""

"""What is sent to hand a ticket on."""

from __future__ import annotations

from web.schema import Body, Line, Name


class TransferBody(Body):
    team: Name | None = None
    agent: Name | None = None
    """A username. Without a team, the ticket is in a team of the agent's."""
    note: Line = ""
    """For colleagues."""
    tell_member: bool = False

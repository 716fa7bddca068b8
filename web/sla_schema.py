"""The shape of a service target, as it stands at a ticket."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Sla(Struct):
    target: Literal["first_reply", "next_reply", "resolve"]
    due_at: str | None
    status: Literal["running", "paused", "met", "breached", "dropped"]
    """`dropped`: ended without what was promised, as nobody waits for it any more."""
    percent: float
    policy: str
    calendar: str
    because: str = ""
    """The condition by which the policy took the case; empty for the policy that takes the rest."""

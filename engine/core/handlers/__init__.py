"""What the desk itself does for a command before rules are asked: opens a ticket, keeps a line, raises a trigger.

One room a noun, with a row a command (`BEGIN`). Each function takes a draft and its command, checks what only the case
can tell, changes the draft and names the events of the first wave in `draft.keys`. It raises Refused where the command
cannot be carried out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.core.draft import Draft
from engine.core.handlers import (
    agents,
    calls,
    chats,
    followers,
    linked,
    members,
    messages,
    nudges,
    tasks,
    tickets,
    time,
    transfers,
)
from engine.core.handlers._beginning import Beginning

BEGIN: Mapping[type, Beginning] = {
    **messages.BEGIN,
    **tickets.BEGIN,
    **transfers.BEGIN,
    **followers.BEGIN,
    **nudges.BEGIN,
    **tasks.BEGIN,
    **chats.BEGIN,
    **calls.BEGIN,
    **members.BEGIN,
    **agents.BEGIN,
    **linked.BEGIN,
    **time.BEGIN,
}
"""Every command that rules hear of, and its beginning."""


def begin(draft: Draft, command: Any) -> None:
    """Does what the desk itself does for a command; leaves the first wave's event keys in `draft.keys`."""
    BEGIN[type(command)](draft, command)

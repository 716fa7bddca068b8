"""A line that was just said, as the conversation has it."""

from __future__ import annotations

from engine.core.changes import Say
from engine.core.entities import Message


def line_of(say: Say, author: str | None) -> Message:
    """The line that a `Say` makes; `author`: the username of the agent who wrote it."""
    return Message(
        id=say.ref,
        ticket_id=say.ticket,
        author_kind=say.author_kind,
        text=say.text,
        created_at=say.at,
        author_id=say.author_id,
        author=author,
        shown_as=say.shown_as,
        visibility=say.visibility,
        direction=say.direction,
        automatic=say.automatic,
        channel=say.channel,
        language=say.language,
        attachments=tuple(range(len(say.attachments))),
        rule=say.rule,
    )

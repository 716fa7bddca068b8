"""Quick replies (常用語): ready texts that an agent puts into an answer by typing `/` and a few letters."""

from __future__ import annotations

from engine.desk import Feature
from engine.features.quick_replies import commands, starter
from engine.features.quick_replies.tables import QuickReply, QuickReplyUse

FEATURE = Feature(
    name="quick_replies",
    tables=(QuickReply, QuickReplyUse),
    permissions={"quick_replies.share": "keep quick replies that colleagues use"},
    commands=commands.COMMANDS,
    questions=commands.QUESTIONS,
    pages=("/quick-replies",),
    starter=starter.fill,
    erase_agent=commands.erase_agent,
)

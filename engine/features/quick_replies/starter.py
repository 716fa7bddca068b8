"""Fills a new desk with the quick replies of `starter.yaml`."""

from __future__ import annotations

from importlib.resources import files

from engine.core.entities import SYSTEM
from engine.desk import Context
from engine.features.quick_replies.commands import QuickReplies, SaveQuickReply
from engine.lang import Source, load_plain


async def fill(context: Context) -> None:
    """Gives a desk that has no shared replies the first ones, in the first language of its first shop."""
    if (await context.query(SYSTEM, QuickReplies()))["items"]:
        return
    text = files(__package__).joinpath("starter.yaml").read_text("utf-8")
    plain, _ = load_plain(Source("starter.yaml", text))
    replies = plain.data if plain is not None else {}
    locale = next(iter(context.book.shops.values())).locales[0]
    for reply in replies.get(locale, replies["en"]):
        await context.act(SYSTEM, SaveQuickReply({**reply, "scope": "desk"}))

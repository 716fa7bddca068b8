"""The statements of quick replies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from peewee import fn

from engine.features.quick_replies.tables import QuickReply, QuickReplyUse
from engine.store import Tx
from engine.store.sql import Row


def listed(tx: Tx, agent_id: int | None, shops: Sequence[str] | None) -> list[Row]:
    """The replies an agent may use: own ones, those of the shops (None: of all) and of the desk, most used first.

    `uses` counts the agent's own; those of everybody decide where these are alike.
    """
    own = QuickReplyUse.alias("own")
    counted = QuickReplyUse.select(fn.SUM(QuickReplyUse.uses)).where(QuickReplyUse.reply_id == QuickReply.id)
    everybody = fn.COALESCE(counted, 0)
    shared = QuickReply.agent_id.is_null()
    if shops is not None:
        shared &= QuickReply.shop.in_(["", *shops])
    uses = fn.COALESCE(own.uses, 0)
    query = (
        QuickReply.select(QuickReply, uses.alias("uses"))
        .join(own, "LEFT OUTER JOIN", on=((own.reply_id == QuickReply.id) & (own.agent_id == (agent_id or 0))))
        .where((QuickReply.agent_id == (agent_id or 0)) | shared)
        .order_by(uses.desc(), everybody.desc(), QuickReply.title, QuickReply.id)
    )
    return tx.rows(query)


def entry(tx: Tx, reply_id: int, agent_id: int | None) -> Row | None:
    """One reply, with how often the agent used it."""
    row = tx.row(QuickReply.select().where(QuickReply.id == reply_id))
    if row is None:
        return None
    mine = (QuickReplyUse.reply_id == reply_id) & (QuickReplyUse.agent_id == (agent_id or 0))
    uses = tx.value(QuickReplyUse.select(QuickReplyUse.uses).where(mine))
    return {**row, "uses": uses or 0}


def count(tx: Tx, agent_id: int | None) -> int:
    """How many an agent keeps; None: how many are shared."""
    whose = QuickReply.agent_id.is_null() if agent_id is None else QuickReply.agent_id == agent_id
    return int(tx.value(QuickReply.select(fn.COUNT(QuickReply.id)).where(whose)))


def save(tx: Tx, values: Mapping[str, Any], reply_id: int | None = None) -> int:
    """Makes or changes a reply; what is not named stays. Returns its id."""
    columns = {**values, "updated_at": tx.now}
    if reply_id is None:
        return tx.insert(QuickReply, columns)
    tx.update(QuickReply, columns, id=reply_id)
    return reply_id


def delete(tx: Tx, reply_id: int) -> None:
    """Takes a reply out, with what was counted of it."""
    tx.run(QuickReplyUse.delete().where(QuickReplyUse.reply_id == reply_id))
    tx.run(QuickReply.delete().where(QuickReply.id == reply_id))


def use(tx: Tx, reply_id: int, agent_id: int) -> None:
    """Counts that an agent used a reply."""
    mine = (QuickReplyUse.reply_id == reply_id) & (QuickReplyUse.agent_id == agent_id)
    if not tx.run(QuickReplyUse.update(uses=QuickReplyUse.uses + 1, last_at=tx.now).where(mine)):
        tx.insert(QuickReplyUse, {"reply_id": reply_id, "agent_id": agent_id, "uses": 1, "last_at": tx.now})


def erase(tx: Tx, agent_id: int) -> None:
    """Takes out what an agent kept for himself, and what was counted of him."""
    mine = QuickReply.select(QuickReply.id).where(QuickReply.agent_id == agent_id)
    tx.run(QuickReplyUse.delete().where((QuickReplyUse.agent_id == agent_id) | QuickReplyUse.reply_id.in_(mine)))
    tx.run(QuickReply.delete().where(QuickReply.agent_id == agent_id))

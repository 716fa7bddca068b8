"""The statements of blocks; the machine writes the rows when somebody is blocked."""

from __future__ import annotations

from collections.abc import Sequence

from peewee import JOIN

from engine.store import Tx
from engine.store.sql import Row
from engine.store.tables import Agent, Block, Member


def listed(tx: Tx, shops: Sequence[str] | None, before: int | None, limit: int) -> list[Row]:
    """Blocks that hold now in the shops (None: in all), newest first, with the member's and the agent's name."""
    query = (
        Block.select(Block, Member.name.alias("member_name"), Member.guest, Agent.name.alias("agent_name"))
        .join(Member, JOIN.LEFT_OUTER, on=(Member.id == Block.member_id))
        .switch(Block)
        .join(Agent, JOIN.LEFT_OUTER, on=((Block.actor_kind == "agent") & (Agent.id == Block.actor_id)))
        .where(Block.until.is_null() | (Block.until > tx.now))
        .order_by(Block.id.desc())
        .limit(limit)
    )
    if shops is not None:
        query = query.where(Block.shop.in_(list(shops)))
    if before is not None:
        query = query.where(Block.id < before)
    return tx.rows(query)

"""Rulebooks by digest, which is in force, what the UI set beside them, and what open tickets still need."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any

from peewee import JOIN, fn

from engine.core.entities import SYSTEM, Actor
from engine.store import tables as t
from engine.store.log import to_json
from engine.store.sql import Row
from engine.store.tx import Tx


def keep_rulebook(tx: Tx, digest: str, texts: Mapping[str, str]) -> None:
    """Stores the texts under their digest; the same again changes nothing."""
    packed = zlib.compress(to_json(dict(texts)).encode(), 6)
    tx.insert_many(t.Rulebook, [{"digest": digest, "texts": packed, "created_at": tx.now}], ignore=True)


def rulebook_texts(tx: Tx, digest: str) -> dict[str, str] | None:
    """The texts of a digest, path to text; None when it was never stored."""
    packed = tx.value(t.Rulebook.select(t.Rulebook.texts).where(t.Rulebook.digest == digest))
    if packed is None:
        return None
    texts: dict[str, str] = json.loads(zlib.decompress(bytes(packed)))
    return texts


def put_in_force(tx: Tx, digest: str, *, actor: Actor = SYSTEM, note: str = "") -> int:
    """Notes that a stored rulebook is in force from now on; gives the activation's id. Recorded in the log."""
    activation_id = tx.insert(
        t.Activation,
        {"digest": digest, "at": tx.now, "actor_kind": actor.kind, "actor_id": actor.id, "note": note},
    )
    tx.record("rulebook.activated", {"digest": digest, "note": note}, actor=actor, object=f"rulebook:{digest}")
    return activation_id


def in_force(tx: Tx) -> str | None:
    """The digest that was put in force last."""
    digest: str | None = tx.value(t.Activation.select(t.Activation.digest).order_by(t.Activation.id.desc()).limit(1))
    return digest


def activations(tx: Tx, limit: int = 50, below: int | None = None) -> list[Row]:
    """The latest activations, newest first: id, digest, at, note, actor {kind, name, username}.
    `below`: only those before that id.
    """
    query = t.Activation.select(t.Activation, t.Agent.username, t.Agent.name.alias("agent_name")).join(
        t.Agent, JOIN.LEFT_OUTER, on=((t.Activation.actor_kind == "agent") & (t.Agent.id == t.Activation.actor_id))
    )
    if below is not None:
        query = query.where(t.Activation.id < below)
    return [
        {
            "id": row["id"],
            "digest": row["digest"],
            "at": row["at"],
            "note": row["note"],
            "actor": {"kind": row["actor_kind"], "name": row["agent_name"], "username": row["username"]},
        }
        for row in tx.rows(query.order_by(t.Activation.id.desc()).limit(limit))
    ]


def words_in_use(tx: Tx) -> list[Row]:
    """The nouns of open tickets, counted: kind, state, shop, team, type, priority, count, and the lowest number.

    A rulebook that lacks one of them is refused.
    """
    columns = (t.Ticket.kind, t.Ticket.state, t.Ticket.shop, t.Ticket.team, t.Ticket.type, t.Ticket.priority)
    return tx.rows(
        t.Ticket.select(*columns, fn.COUNT(t.Ticket.id).alias("count"), fn.MIN(t.Ticket.number).alias("number"))
        .where(t.Ticket.category.in_(("open", "pending")))
        .group_by(*columns)
    )


def rewrite_ranks(tx: Tx, priorities: Mapping[str, int], tiers: Mapping[str, int]) -> int:
    """Brings stored ranks in line with a new order of priorities and tiers; gives how many rows changed."""
    changed = 0
    for name, rank in priorities.items():
        changed += tx.run(
            t.Ticket.update(priority_rank=rank).where((t.Ticket.priority == name) & (t.Ticket.priority_rank != rank))
        )
    for name, rank in tiers.items():
        changed += tx.run(t.Member.update(tier_rank=rank).where((t.Member.tier == name) & (t.Member.tier_rank != rank)))
    return changed


# ----------------------------------------------------------------------------------------------------------- parameters


def parameters(tx: Tx, shop: str = "") -> dict[str, Any]:
    """What was set in the UI for a shop (empty: for the desk); the store's own bookkeeping is left out."""
    rows = tx.rows(t.Parameter.select().where(t.Parameter.shop == shop))
    return {row["name"]: json.loads(row["value"]) for row in rows if not row["name"].startswith("store.")}


def set_parameter(tx: Tx, name: str, value: Any, shop: str = "") -> None:
    """Sets one; `None` takes it away. Raises ValueError for a name of the store's own."""
    if name.startswith("store."):
        raise ValueError(f"`{name}` is not to be set")
    if value is None:
        tx.run(t.Parameter.delete().where((t.Parameter.shop == shop) & (t.Parameter.name == name)))
        return
    row = {"shop": shop, "name": name, "value": to_json(value), "at": tx.now}
    tx.insert_many(t.Parameter, [row], key=("shop", "name"))


def last_told(tx: Tx, kind: str) -> dict[str, Any]:
    """What the log says of the newest event of a kind; nothing where there is none."""
    body = tx.value(t.Event.select(t.Event.body).where(t.Event.kind == kind).order_by(t.Event.id.desc()).limit(1))
    return json.loads(body) if body else {}

"""Quick replies as agents keep them: whose each is, and who may change what colleagues use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from engine.core import access
from engine.core.entities import Actor
from engine.core.errors import Refused, missing
from engine.core.titles import title_of
from engine.desk import Asked, PlainCommand, Questions, Work
from engine.features.quick_replies import store
from engine.pinyin import keys
from engine.store import Tx
from engine.store.sql import Row

SHARE = "quick_replies.share"
MOST_OWN, MOST_SHARED = 500, 2_000
"""Replies an agent keeps, and colleagues share: a list of them is sent whole."""

Scope = Literal["personal", "shop", "desk"]


@dataclass(frozen=True, slots=True)
class QuickReplies:
    """The replies the actor may use, most used first; with `q` those whose title, group, text or pinyin has it."""

    q: str = ""


@dataclass(frozen=True, slots=True)
class SaveQuickReply:
    """A reply made (no `reply_id`) or changed: title, text, group, scope (personal, shop, desk) and, with it, shop."""

    values: Mapping[str, Any]
    reply_id: int | None = None


@dataclass(frozen=True, slots=True)
class DeleteQuickReply:
    """A reply goes."""

    reply_id: int


@dataclass(frozen=True, slots=True)
class UseQuickReply:
    """The actor has put a reply into an answer."""

    reply_id: int


def _listed(work: Work, question: QuickReplies) -> dict[str, Any]:
    items = [_shown(work.actor, row) for row in store.listed(work.tx, work.agent_id, work.scope.shops)]
    wanted = question.q.strip().lower()
    if wanted:
        items = [item for item in items if _has(item, wanted)]
    return {"items": items, "next": None}


def _has(item: Mapping[str, Any], wanted: str) -> bool:
    texts = (item["title"], item["group"] or "", item["text"], *item["keys"])
    return any(wanted in text.lower() for text in texts)


def _save(work: Work, command: SaveQuickReply) -> dict[str, Any]:
    actor, values = work.actor, dict(command.values)
    before = None if command.reply_id is None else _own(work, command.reply_id)
    if "text" in values and not values["text"].strip():
        raise Refused("invalid", "text-needed", "write a text", pointer="/text")
    if "title" in values:
        values["title"] = title_of(values["title"], "/title")
    if "group" in values:
        values["group"] = (values["group"] or "").strip()
    owner = None if before is None else before["agent_id"]
    if before is None or "scope" in values or "shop" in values:
        owner = _place(work, values, before)
    if before is None or owner != before["agent_id"]:
        most = MOST_SHARED if owner is None else MOST_OWN
        if store.count(work.tx, owner) >= most:
            raise Refused("conflict", "too-many-replies", f"there are {most} replies already; delete some first")
    reply_id = store.save(work.tx, values, command.reply_id)
    work.tx.record("quick_reply.saved", {"reply": reply_id, "changed": sorted(command.values)}, actor=actor)
    return {"entry": _shown(actor, _need(store.entry(work.tx, reply_id, work.agent_id)))}


def _place(work: Work, values: dict[str, Any], before: Row | None) -> int | None:
    """Puts the columns `agent_id` and `shop` in the place of `scope`. Returns the owner; None for a shared reply."""
    actor = work.actor
    given: Scope = values.pop("scope", "personal" if before is None else _scope(before))
    named = values.pop("shop", None)
    if named and given != "shop":
        raise Refused("invalid", "no-shop", "only replies of the scope `shop` belong to a shop", pointer="/shop")
    shop = named or (before["shop"] if before is not None and given == "shop" else None)
    if given == "personal":
        if work.agent_id is None:
            raise Refused("invalid", "nobody", "personal replies belong to an agent", pointer="/scope")
        values.update(agent_id=work.agent_id, shop="")
        return work.agent_id
    if given == "shop":
        if not shop:
            raise Refused("invalid", "shop-needed", "say which shop shares it", pointer="/shop")
        if shop not in work.book.shops or not access.serves(actor, shop):
            raise Refused("invalid", "unknown-shop", f"there is no shop `{shop}`", pointer="/shop")
    values.update(agent_id=None, shop=shop if given == "shop" else "")
    _may_share(actor, values["shop"])
    return None


def _delete(work: Work, command: DeleteQuickReply) -> dict[str, Any]:
    _own(work, command.reply_id)
    store.delete(work.tx, command.reply_id)
    work.tx.record("quick_reply.deleted", {"reply": command.reply_id}, actor=work.actor)
    return {}


def _use(work: Work, command: UseQuickReply) -> dict[str, Any]:
    _seen(work, command.reply_id)
    if work.agent_id is not None:
        store.use(work.tx, command.reply_id, work.agent_id)
    return {}


def _seen(work: Work, reply_id: int) -> Row:
    """A reply the actor may use. Raises Refused, the same for one of somebody else and one that is not there."""
    row = _need(store.entry(work.tx, reply_id, work.agent_id))
    mine = row["agent_id"] is not None and row["agent_id"] == work.agent_id
    shared = row["agent_id"] is None and (row["shop"] == "" or access.serves(work.actor, row["shop"]))
    if not mine and not shared:
        raise missing("quick reply")
    return row


def _own(work: Work, reply_id: int) -> Row:
    """A reply the actor may change. Raises Refused."""
    row = _seen(work, reply_id)
    if row["agent_id"] is None:
        _may_share(work.actor, row["shop"])
    return row


def _may_share(actor: Actor, shop: str) -> None:
    access.require(actor, SHARE)
    access.require_for_shop(actor, shop)


def _need(row: Row | None) -> Row:
    if row is None:
        raise missing("quick reply")
    return row


def _scope(row: Row) -> Scope:
    if row["agent_id"] is not None:
        return "personal"
    return "shop" if row["shop"] else "desk"


def _shown(actor: Actor, row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "title": row["title"],
        "text": row["text"],
        "group": row["group"] or None,
        "scope": _scope(row),
        "shop": row["shop"] or None,
        "mine": row["agent_id"] is not None,
        "uses": row["uses"],
        "keys": keys(row["title"]),
        "updated_at": row["updated_at"],
    }


def erase_agent(tx: Tx, agent_id: int) -> None:
    """Takes out an agent's own replies and counts."""
    store.erase(tx, agent_id)


COMMANDS = (
    PlainCommand(SaveQuickReply, _save, right="ticket.reply", rights=(SHARE, access.EVERY_SHOP)),
    PlainCommand(DeleteQuickReply, _delete, right="ticket.reply", rights=(SHARE, access.EVERY_SHOP)),
    PlainCommand(UseQuickReply, _use, right="ticket.reply"),
)
QUESTIONS: Questions = {QuickReplies: Asked(_listed, ("ticket.view", "ticket.reply"))}

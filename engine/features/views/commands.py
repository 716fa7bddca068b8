"""Views as agents keep them: whose each is, what it counts, and why one is broken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

from engine.core import access
from engine.core.errors import Refused, missing
from engine.core.questions import CheckFilter, Tickets
from engine.core.questions import Views as Counted
from engine.core.rights import SORTS
from engine.core.titles import title_of
from engine.desk import Asked, PlainCommand, Questions, Work
from engine.features.views import store
from engine.store import Tx
from engine.store.sql import Row

SHARE = "views.share"
MOST_OWN, MOST_SHARED = 100, 200
"""Views an agent keeps, and colleagues share: each is counted."""
SECONDS = 0.5
"""How long the counts of one list may take together: a filter can be slow, and nobody waits for the sum of two hundred.
What is left then goes uncounted."""


@dataclass(frozen=True, slots=True)
class Views:
    """The views everybody has with their counts, then the saved ones the actor may use."""


@dataclass(frozen=True, slots=True)
class ViewById:
    """One saved view with its count."""

    view_id: int


@dataclass(frozen=True, slots=True)
class SaveView:
    """A view made (no `view_id`) or changed: name, filter, sort, columns, shared (for every shop, or with shop)."""

    values: Mapping[str, Any]
    view_id: int | None = None


@dataclass(frozen=True, slots=True)
class DeleteView:
    """A view goes."""

    view_id: int


def _listed(work: Work, question: Views) -> dict[str, Any]:
    """Members see only the one view of their own cases."""
    given: dict[str, Any] = {
        "id": None,
        "filter": None,
        "sort": "-updated_at",
        "columns": [],
        "shared": True,
        "shop": None,
        "broken": None,
    }
    items = [{**given, **view} for view in work.ask(Counted())["items"]]
    if work.actor.staff:
        until = monotonic() + SECONDS
        items += [_shown(work, row, until) for row in store.listed(work.tx, work.agent_id, work.scope.shops)]
    return {"items": items, "next": None}


def _one(work: Work, question: ViewById) -> dict[str, Any]:
    return _shown(work, _seen(work, question.view_id), monotonic() + SECONDS)


def _shown(work: Work, row: Row, until: float) -> dict[str, Any]:
    """A saved view with its count (at most 10,000; None: not counted, the time is over); `broken`: why it has none."""
    shown = {
        "id": row["id"],
        "name": row["name"],
        "filter": row["filter"],
        "sort": row["sort"],
        "columns": row["columns"],
        "shared": row["agent_id"] is None,
        "shop": row["shop"] or None,
        "count": None,
        "broken": None,
    }
    if monotonic() >= until:
        return shown
    try:
        found = work.ask(Tickets(filter=row["filter"], sort=row["sort"], limit=1, count=True))
    except Refused as refused:
        return {**shown, "count": 0, "broken": refused.message}
    return {**shown, "count": found.get("count", found.get("count_at_least", 0))}


def _save(work: Work, command: SaveView) -> dict[str, Any]:
    values = dict(command.values)
    before = None if command.view_id is None else _own(work, command.view_id)
    if "name" in values:
        values["name"] = title_of(values["name"], "/name")
    if "sort" in values and values["sort"].removeprefix("-") not in SORTS:
        raise Refused("invalid", "unknown-sort", f"tickets cannot be sorted by `{values['sort']}`", pointer="/sort")
    if "filter" in values:
        work.ask(CheckFilter(values["filter"]))
    owner = None if before is None else before["agent_id"]
    if before is None or "shared" in values or "shop" in values:
        owner = _place(work, values, before)
    if before is None or owner != before["agent_id"]:
        most = MOST_SHARED if owner is None else MOST_OWN
        if store.count(work.tx, owner) >= most:
            raise Refused("conflict", "too-many-views", f"there are {most} views already; delete some first")
    view_id = store.save(work.tx, values, command.view_id)
    work.tx.record("view.saved", {"view": view_id, "changed": sorted(command.values)}, actor=work.actor)
    return {"view": view_id}


def _place(work: Work, values: dict[str, Any], before: Row | None) -> int | None:
    """Puts `agent_id` and `shop` in the place of `shared`. Returns the owner; None for a shared view."""
    shared = values.pop("shared", before is not None and before["agent_id"] is None)
    given = "shop" in values
    shop = values.pop("shop", before["shop"] if before is not None else "") or ""
    if given and shop and not shared:
        raise Refused("invalid", "own-view", "only shared views belong to a shop", pointer="/shop")
    if not shared:
        if work.agent_id is None:
            raise Refused("invalid", "nobody", "own views belong to an agent", pointer="/shared")
        values.update(agent_id=work.agent_id, shop="")
        return work.agent_id
    if shop and (shop not in work.book.shops or not access.serves(work.actor, shop)):
        raise Refused("invalid", "unknown-shop", f"there is no shop `{shop}`", pointer="/shop")
    values.update(agent_id=None, shop=shop)
    _may_share(work, shop)
    return None


def _delete(work: Work, command: DeleteView) -> dict[str, Any]:
    _own(work, command.view_id)
    store.delete(work.tx, command.view_id)
    work.tx.record("view.deleted", {"view": command.view_id}, actor=work.actor)
    return {}


def _seen(work: Work, view_id: int) -> Row:
    """A view the actor may use. Raises Refused, the same for one of somebody else and one that is not there."""
    row = store.entry(work.tx, view_id)
    if row is None or row["agent_id"] not in (None, work.agent_id):
        raise missing("view")
    if row["shop"] and not access.serves(work.actor, row["shop"]):
        raise missing("view")
    return row


def _own(work: Work, view_id: int) -> Row:
    """A view the actor may change. Raises Refused."""
    row = _seen(work, view_id)
    if row["agent_id"] is None:
        _may_share(work, row["shop"])
    return row


def _may_share(work: Work, shop: str) -> None:
    access.require(work.actor, SHARE)
    access.require_for_shop(work.actor, shop)


def erase_agent(tx: Tx, agent_id: int) -> None:
    """Takes out an agent's own views."""
    store.erase(tx, agent_id)


COMMANDS = (
    PlainCommand(SaveView, _save, right="ticket.view", rights=(SHARE, access.EVERY_SHOP)),
    PlainCommand(DeleteView, _delete, right="ticket.view", rights=(SHARE, access.EVERY_SHOP)),
)
QUESTIONS: Questions = {
    Views: Asked(_listed, ("ticket.view",), who="anybody"),
    ViewById: Asked(_one, ("ticket.view",)),
}

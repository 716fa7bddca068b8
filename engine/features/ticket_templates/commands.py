"""Templates of tickets: whose each is, and who may change them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.core import access
from engine.core.errors import Refused, missing
from engine.desk import Asked, PlainCommand, Questions, Work
from engine.features.ticket_templates import store
from engine.store.sql import Row

EDIT = "ticket_templates.edit"
MOST = 1_000
"""Templates there may be: a list of them is sent whole."""


@dataclass(frozen=True, slots=True)
class TicketTemplates:
    """The templates that the actor's shops use, by title."""


@dataclass(frozen=True, slots=True)
class SaveTicketTemplate:
    """A template made (no `row_id`) or changed: title, shop, and `given`, what it fills in."""

    values: Mapping[str, Any]
    row_id: int | None = None


@dataclass(frozen=True, slots=True)
class DeleteTicketTemplate:
    """A template goes."""

    row_id: int


def _listed(work: Work, question: TicketTemplates) -> dict[str, Any]:
    return {"items": [_shown(row) for row in store.listed(work.tx, work.scope.shops)], "next": None}


def _save(work: Work, command: SaveTicketTemplate) -> dict[str, Any]:
    values = dict(command.values)
    if command.row_id is not None:
        _kept(work, command.row_id)
    elif store.count(work.tx) >= MOST:
        raise Refused("conflict", "too-many", f"there are {MOST} already; delete some first")
    if "title" in values and not values["title"].strip():
        raise Refused("invalid", "text-needed", "write a title", pointer="/title")
    if "given" in values:
        values["given"] = json.dumps(_checked(work, values["given"]), ensure_ascii=False)
    shop = values.get("shop", "" if command.row_id is None else None)
    if shop is not None:
        _may_keep(work, shop)
    row_id = store.save(work.tx, values, command.row_id)
    work.tx.record("ticket_template.saved", {"ticket_template": row_id, "changed": sorted(values)}, actor=work.actor)
    row = store.entry(work.tx, row_id)
    return {"entry": None if row is None else _shown(row)}


def _checked(work: Work, given: Mapping[str, Any]) -> dict[str, Any]:
    """Raises Refused for what no ticket of the desk could be given; what is empty is left out."""
    book = work.book
    nouns: Mapping[str, Any] = {
        "kind": book.lifecycles,
        "type": book.types,
        "priority": book.priorities,
        "team": book.teams,
    }
    for name, known in nouns.items():
        if given.get(name) and given[name] not in known:
            reason = f"there is no {name} `{given[name]}`"
            raise Refused("invalid", f"unknown-{name}", reason, pointer=f"/given/{name}")
    return {name: value for name, value in given.items() if value}


def _shown(row: Row) -> dict[str, Any]:
    return {**row, "given": json.loads(row["given"])}


def _delete(work: Work, command: DeleteTicketTemplate) -> dict[str, Any]:
    _kept(work, command.row_id)
    store.delete(work.tx, command.row_id)
    work.tx.record("ticket_template.deleted", {"ticket_template": command.row_id}, actor=work.actor)
    return {}


def _kept(work: Work, row_id: int) -> Row:
    """A template the actor may change. Raises Refused, the same for one of another shop and one that is not there."""
    row = store.entry(work.tx, row_id)
    if row is None or not (row["shop"] == "" or access.serves(work.actor, row["shop"])):
        raise missing("ticket template")
    _may_keep(work, row["shop"])
    return row


def _may_keep(work: Work, shop: str) -> None:
    """What every shop uses is kept by those who see every shop."""
    if shop == "":
        access.require(work.actor, "shops.all")
    elif shop not in work.book.shops or not access.serves(work.actor, shop):
        raise Refused("invalid", "unknown-shop", f"there is no shop `{shop}`", pointer="/shop")


COMMANDS = (
    PlainCommand(SaveTicketTemplate, _save, right=EDIT, rights=("shops.all",)),
    PlainCommand(DeleteTicketTemplate, _delete, right=EDIT, rights=("shops.all",)),
)
QUESTIONS: Questions = {TicketTemplates: Asked(_listed, ("ticket.create",))}

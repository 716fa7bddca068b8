"""The auto-reply library as people keep it: who may see and change which entry, and what stands in one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.core import access
from engine.core.entities import Actor
from engine.core.errors import Refused, missing
from engine.core.rulebook import Rulebook
from engine.desk import PlainCommand, Work, check_who
from engine.features.answers import store
from engine.store.sql import Row

MOST = 2_000
"""Entries of a library: a line is held against each."""


@dataclass(frozen=True, slots=True)
class Answers:
    """The auto-reply library, in its order; with `text` what would be answered to a line, best first."""

    shop: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class SaveAnswer:
    """An entry of the auto-reply library, made (no `answer_id`) or changed: shop, titles, keywords, texts, enabled,
    position."""

    values: Mapping[str, Any]
    answer_id: int | None = None


@dataclass(frozen=True, slots=True)
class DeleteAnswer:
    """An entry of the auto-reply library goes."""

    answer_id: int


def _listed(work: Work, question: Answers) -> dict[str, Any]:
    """The entries the actor's shops use; with a text those in use that fit it, best first."""
    tx, actor = work.tx, work.actor
    check_who(actor, "agents", "ticket.view")
    if question.shop is not None and not access.serves(actor, question.shop):
        raise Refused("invalid", "unknown-shop", f"there is no shop `{question.shop}`", pointer="/shop")
    rows = [row for row in store.listed(tx) if _sees(actor, row["shop"])]
    if question.shop is not None:
        rows = [row for row in rows if row["shop"] in ("", question.shop)]
    if question.text is not None:
        by_id = {row["id"]: row for row in rows}
        shops = [question.shop] if question.shop is not None else sorted({row["shop"] for row in rows})
        fits = [a for shop in shops for a in store.library(tx).fitting(question.text, shop)]
        rows = [by_id[answer_id] for answer_id in dict.fromkeys(a.id for a in fits) if answer_id in by_id]
    return {"items": rows, "next": None}


def _save(work: Work, command: SaveAnswer) -> dict[str, Any]:
    """Makes or changes an entry, and records it."""
    tx, actor = work.tx, work.actor
    new = command.answer_id is None
    if command.answer_id is not None:
        _may_keep(actor, _entry(work, command.answer_id)["shop"])
    values = dict(command.values)
    _check(work.book, actor, values, new=new)
    if new and len(store.listed(tx)) >= MOST:
        raise Refused("conflict", "library-full", f"a library has at most {MOST} answers; delete some first")
    answer_id = store.save(tx, values, command.answer_id)
    tx.record("answer.saved", {"answer": answer_id, "changed": sorted(values)}, actor=actor)
    return {"entry": store.entry(tx, answer_id)}


def _delete(work: Work, command: DeleteAnswer) -> dict[str, Any]:
    """Takes an entry out, and records it."""
    _may_keep(work.actor, _entry(work, command.answer_id)["shop"])
    store.delete(work.tx, command.answer_id)
    work.tx.record("answer.deleted", {"answer": command.answer_id}, actor=work.actor)
    return {}


def _entry(work: Work, answer_id: int) -> Row:
    """An entry of the actor's shops. Raises Refused."""
    found = store.entry(work.tx, answer_id)
    if found is None or not _sees(work.actor, found["shop"]):
        raise missing("answer")
    return found


def _sees(actor: Actor, shop: str) -> bool:
    return shop == "" or access.serves(actor, shop)


def _may_keep(actor: Actor, shop: str) -> None:
    """What every shop uses is kept by those who see every shop."""
    if shop == "":
        access.require(actor, "shops.all")


def _check(book: Rulebook, actor: Actor, values: Mapping[str, Any], *, new: bool) -> None:
    shop = values.get("shop", "" if new else None)
    if shop is not None:
        if shop != "" and (shop not in book.shops or not access.serves(actor, shop)):
            raise Refused("invalid", "unknown-shop", f"there is no shop `{shop}`", pointer="/shop")
        _may_keep(actor, shop)
    for name in ("titles", "texts"):
        texts = values.get(name, {} if new else None)
        if texts is None:
            continue
        if not texts or not all(text.strip() for text in texts.values()):
            raise Refused("invalid", "text-needed", f"`{name}` needs a text in some language", pointer=f"/{name}")
        for locale in texts:
            if locale not in book.locales:
                raise Refused("invalid", "unknown-language", f"no shop speaks `{locale}`", pointer=f"/{name}/{locale}")


COMMANDS = (
    PlainCommand(SaveAnswer, _save, right="answers.edit", who="anybody"),
    PlainCommand(DeleteAnswer, _delete, right="answers.edit", who="anybody"),
)
QUESTIONS = {Answers: _listed}

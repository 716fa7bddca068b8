"""The auto-reply library as people keep it: who may see and change which entry, and what stands in one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.core import access
from engine.core.commands import DeleteAnswer, SaveAnswer
from engine.core.entities import Actor
from engine.core.errors import Refused, missing
from engine.core.questions import Answers
from engine.core.rulebook import Rulebook
from engine.store import Tx, answers

MOST = 2_000
"""Entries of a library: a line is held against each."""


def listed(tx: Tx, actor: Actor, question: Answers) -> dict[str, Any]:
    """The entries the actor's shops use; with a text those in use that fit it, best first."""
    if not actor.staff:
        raise Refused("forbidden", "agents-only", "the library is for agents")
    if question.shop is not None and not access.serves(actor, question.shop):
        raise Refused("invalid", "unknown-shop", f"there is no shop `{question.shop}`", pointer="/shop")
    rows = [row for row in answers.listed(tx) if _sees(actor, row["shop"])]
    if question.shop is not None:
        rows = [row for row in rows if row["shop"] in ("", question.shop)]
    if question.text is not None:
        by_id = {row["id"]: row for row in rows}
        shops = [question.shop] if question.shop is not None else sorted({row["shop"] for row in rows})
        fits = [a for shop in shops for a in answers.library(tx).fitting(question.text, shop)]
        rows = [by_id[answer_id] for answer_id in dict.fromkeys(a.id for a in fits) if answer_id in by_id]
    return {"items": rows, "next": None}


def carry_out(tx: Tx, book: Rulebook, actor: Actor, command: SaveAnswer | DeleteAnswer) -> dict[str, Any]:
    """Makes, changes or takes out an entry, and records it. Raises Refused."""
    access.require(actor, "answers.edit")
    before = answers.entry(tx, command.answer_id) if command.answer_id is not None else None
    if command.answer_id is not None and (before is None or not _sees(actor, before["shop"])):
        raise missing("answer")
    if before is not None:
        _may_keep(actor, before["shop"])
    if isinstance(command, DeleteAnswer):
        answers.delete(tx, command.answer_id)
        tx.record("answer.deleted", {"answer": command.answer_id}, actor=actor)
        return {}
    values = dict(command.values)
    _check(book, actor, values, new=before is None)
    if before is None and len(answers.listed(tx)) >= MOST:
        raise Refused("conflict", "library-full", f"a library has at most {MOST} answers; delete some first")
    answer_id = answers.save(tx, values, command.answer_id)
    tx.record("answer.saved", {"answer": answer_id, "changed": sorted(values)}, actor=actor)
    return {"entry": answers.entry(tx, answer_id)}


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

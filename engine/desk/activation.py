"""Putting a rulebook in force: stored by its digest, then one assignment; and what is noted of loads that failed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from engine.core.rulebook import Rulebook
from engine.desk import rule_results
from engine.desk.context import Context
from engine.lang.said import to_json
from engine.store import Tx, rulebooks


async def activate(
    context: Context, book: Rulebook, *, by: str, note: str, source: str, findings: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Puts a rulebook in force; returns the findings for which it is refused. See `Desk.activate`."""
    if context.rulebook is not None and context.rulebook.digest == book.digest:
        await context.write(_clear_failed)
        context.take(book)
        return []
    words = context.words_of(book)

    def job(tx: Tx) -> dict[str, Any]:
        refused = rule_results.lacking(tx, book)
        if refused:
            _note_failed(tx, by, source, [*findings, *refused])
            return {"refused": refused}
        if rulebooks.in_force(tx) == book.digest:  # by another process, who wrote down who wanted it
            _clear_failed(tx)
            return {}
        rulebooks.keep_rulebook(tx, book.digest, book.files)
        rulebooks.put_in_force(tx, book.digest, note=json.dumps(_told(by, source, note), ensure_ascii=False))
        rulebooks.rewrite_ranks(tx, words.priorities, words.tiers)
        _clear_failed(tx)
        tx.record("rulebook.activated", {"digest": book.digest, "by": by, "note": note, "source": source})
        return {}

    result = await context.write(job)
    if not result.get("refused"):
        context.take(book)
    return list(result.get("refused", ()))


async def note_failed(context: Context, *, by: str, source: str, findings: list[dict[str, Any]]) -> None:
    """Keeps the findings of a load that failed, for admins to see."""
    await context.write(lambda tx: _note_failed(tx, by, source, findings))


def texts_in_force(tx: Tx) -> Mapping[str, str] | None:
    """The texts of the last rulebook in force; None on a desk that never had one."""
    digest = rulebooks.in_force(tx)
    return rulebooks.rulebook_texts(tx, digest) if digest else None


def _note_failed(tx: Tx, by: str, source: str, findings: list[dict[str, Any]]) -> dict[str, Any]:
    failed = {"at": tx.now, "by": by, "source": source, "findings": to_json(findings[:200])}
    rulebooks.set_parameter(tx, "rules.failed", failed)
    tx.record("rulebook.refused", {"by": by, "source": source, "findings": len(findings)})
    return {}


def _clear_failed(tx: Tx) -> dict[str, Any]:
    if "rules.failed" in rulebooks.parameters(tx):
        rulebooks.set_parameter(tx, "rules.failed", None)
        tx.record("rulebook.mended", {})
    return {}


def _told(by: str, source: str, note: str) -> dict[str, str]:
    return {"by": by, "source": source, "note": note}

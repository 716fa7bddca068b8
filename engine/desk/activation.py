"""Putting a rulebook in force: stored by its digest, then one assignment; and what is noted of loads that failed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from engine.core.building import digest_of
from engine.core.errors import Refused
from engine.core.rulebook import Rulebook
from engine.desk import resealing, resettling, rule_results
from engine.desk.context import Context
from engine.lang.said import to_json
from engine.store import Tx, rulebooks

PUBLICATION = "rules.publication"
"""The parameter that holds the last publication: what it was, and whether it is in force."""


def may_activate(context: Context, book: Rulebook, may_grant: bool) -> None:
    """Raises Refused where a rulebook would give or take rights for somebody who may not: whatever it comes from, the
    roles in force are compared with its own."""
    before = context.rulebook
    if before is None or may_grant or _rights(before) == _rights(book):
        return
    message = "these rules give or take rights of roles (roles.yaml): this needs the right `roles.grant`"
    raise Refused("forbidden", "permission-needed", message)


def _rights(book: Rulebook) -> Mapping[str, frozenset[str]]:
    return {name: role.permissions for name, role in book.roles.items()}


async def activate(
    context: Context,
    book: Rulebook,
    *,
    by: str,
    note: str,
    source: str,
    findings: list[dict[str, Any]],
    may_grant: bool,
) -> list[dict[str, Any]]:
    """Puts a rulebook in force; returns the findings for which it is refused. See `Desk.activate`."""
    may_activate(context, book, may_grant)
    if context.rulebook is not None and context.rulebook.digest == book.digest:
        await context.write(lambda tx: {**_clear_failed(tx), **_settled(tx, book.digest)})
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
            return _settled(tx, book.digest)
        rulebooks.keep_rulebook(tx, book.digest, book.files)
        rulebooks.put_in_force(tx, book.digest, note=json.dumps(_told(by, source, note), ensure_ascii=False))
        rulebooks.rewrite_ranks(tx, words.priorities, words.tiers)
        _clear_failed(tx)
        _settled(tx, book.digest)
        clocks = resettling.begin(tx, context.rulebook, book)
        resealing.begin(tx, context.lexicon, words)
        told = {"digest": book.digest, "by": by, "note": note, "source": source}
        tx.record(resettling.ACTIVATED, {**told, **({"clocks": clocks} if clocks else {})})
        return {}

    result = await context.write(job)
    if not result.get("refused"):
        context.take(book)
    return list(result.get("refused", ()))


async def note_failed(context: Context, *, by: str, source: str, findings: list[dict[str, Any]]) -> None:
    """Keeps the findings of a load that failed, for admins to see."""
    await context.write(lambda tx: _note_failed(tx, by, source, findings))


async def begin(
    context: Context, base: Mapping[str, str], wanted: Mapping[str, str], publication: Mapping[str, Any]
) -> None:
    """Notes a publication before it is written to the folder, with the texts it began from and those it wants, so that
    one that was cut off is finished under its author's name. `publication`: base, digest, by, note, source, may_grant,
    findings; `base` is the digest the author named, `began` that of the texts in the folder."""
    noted = {**publication, "began": digest_of(base), "findings": to_json(publication["findings"]), "done": False}

    def job(tx: Tx) -> dict[str, Any]:
        rulebooks.keep_rulebook(tx, noted["began"], base)
        rulebooks.keep_rulebook(tx, noted["digest"], wanted)
        rulebooks.set_parameter(tx, PUBLICATION, noted)
        return {}

    await context.write(job)


async def give_up(context: Context) -> None:
    """Forgets a publication that did not come into force."""

    def job(tx: Tx) -> dict[str, Any]:
        publication = last_publication(tx)
        if publication is not None and not publication["done"]:
            rulebooks.set_parameter(tx, PUBLICATION, None)
        return {}

    await context.write(job)


def _settled(tx: Tx, digest: str) -> dict[str, Any]:
    """A publication of this digest is in force."""
    publication = last_publication(tx)
    if publication is not None and not publication["done"] and publication["digest"] == digest:
        rulebooks.set_parameter(tx, PUBLICATION, {**publication, "done": True})
    return {}


def last_publication(tx: Tx) -> dict[str, Any] | None:
    """The last publication, as `begin` noted it; `done`: it is in force, or was."""
    found: dict[str, Any] | None = rulebooks.parameters(tx).get(PUBLICATION)
    return found


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

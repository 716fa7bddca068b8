"""Why a ticket is as it is: the decisions about it, the rules that acted and lost, and why another one did not."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from engine.core import access
from engine.core.asking import helpers_of
from engine.core.entities import Actor
from engine.core.errors import Refused
from engine.core.questions import Trace
from engine.core.rulebook import Rulebook
from engine.core.sight import Sight
from engine.core.trace import Reason, TraceEntry, mask
from engine.core.whynot import WhyNot, as_types, at_stage, near, why_not
from engine.lang import Rule, suggest
from engine.lang.said import say
from engine.replay.past import past_book, readable, spoken
from engine.store import Tx, decisions, packing, queries
from engine.store.errors import KeyRingError
from engine.store.sql import Row

log = logging.getLogger(__name__)


def trace(tx: Tx, book: Rulebook, actor: Actor, question: Trace) -> dict[str, Any] | None:
    """Every decision about a ticket, newest first: the rules that acted or lost, as recorded.

    Those that nearly acted are worked out from the snapshot, if the rulebook that decided is still in force. With
    `question.rule` only that rule is told of, in every decision, also where it did not act. Raises Refused where there
    is no such rule.
    """
    rows = decisions.of_case(tx, access.scope(actor), question.number, event=question.event)
    if rows is None:
        return None
    wanted = None if question.rule is None else _rule(book, question.rule)
    sight = Sight.of(actor, book)
    snapshots = {row["id"]: _snapshot(tx, row, sight) for row in rows if _is_looked_at(row, question, book)}
    lines = decisions.lines(tx, {s.get("message") for s in snapshots.values() if s is not None})
    texts = {line_id: line["text"] for line_id, line in lines.items()}
    shop = queries.shop_of(tx, question.number) or ""
    books: dict[str, Rulebook | None] = {book.digest: book}
    items = []
    for row in rows:
        rules = packing.unpack_trace(row["trace"])
        snapshot = snapshots.get(row["id"])
        text = texts.get(snapshot.get("message")) if snapshot is not None else None
        if wanted is not None:
            if row["rulebook"] not in books:
                books[row["rulebook"]] = past_book(tx, row["rulebook"], book.extras)
            rules = list(_about(books[row["rulebook"]], wanted, rules, snapshot, shop, text))
        elif snapshot is not None:
            rules.extend(nearly(book, snapshot, {entry.rule for entry in rules}, shop, text, sight))
        item = {
            "event": spoken(row["root"]),
            "at": row["at"],
            "rulebook": row["rulebook"],
            "seq": row["event_id"],
        }
        items.append({**item, "rules": readable(book, rules, sight, shop)})
    return {"items": items, "next": None}


def _is_looked_at(row: Row, question: Trace, book: Rulebook) -> bool:
    asked = question.rule is not None or (question.nearly and row["rulebook"] == book.digest)
    return asked and bool(row["snapshot"])


def _snapshot(tx: Tx, row: Row, sight: Sight) -> dict[str, Any] | None:
    try:
        return sight.snapshot(packing.unpack_snapshot(tx, row["snapshot"]))
    except KeyRingError:
        return None


def _rule(book: Rulebook, name: str) -> str:
    """The id of a rule in force. Raises Refused."""
    ids = [rule.id for rule in book.rules.rules if name in (rule.id, rule.name)]
    if not ids:
        close = suggest(name, (rule.id for rule in book.rules.rules))
        message = f"there is no rule `{name}` in force" + (f"; did you mean `{close}`?" if close else "")
        raise Refused("invalid", "unknown-rule", message, pointer="/rule")
    return name if name in ids else ids[0]


def _about(
    book: Rulebook | None,
    name: str,
    told: list[TraceEntry],
    snapshot: Mapping[str, Any] | None,
    shop: str,
    text: str | None,
) -> Iterable[TraceEntry]:
    """One rule in one decision: as the trace tells of it, else for each wave it was asked in why it did not act."""
    rule = next((r for r in book.rules.rules if r.id == name), None) if book is not None else None
    own = [entry for entry in told if entry.rule == name]
    yield from own
    if own:
        return
    if rule is None or book is None or snapshot is None:
        why = say("there was no such rule, or its rules are not kept")
        if rule is not None:
            why = say("the snapshot has expired")
        yield _not(book, rule, name, 0, WhyNot("unknown" if rule is not None else "not-asked", why), None)
        return
    waves = list(enumerate(snapshot["waves"]))
    line = snapshot.get("text", text)
    found = [(number, why_not(book, rule, shop, wave, snapshot["now"], line, told)) for number, wave in waves]
    asked = [(number, one) for number, one in found if one.outcome != "not-asked"]
    for number, one in asked or found[:1]:
        yield _not(book, rule, name, number, one, text)


def _not(book: Rulebook | None, rule: Rule | None, name: str, wave: int, one: WhyNot, text: str | None) -> TraceEntry:
    reasons = (Reason(one.outcome, text=one.why, held=one.held, parts=one.parts),)
    if rule is None or book is None:
        return TraceEntry(name, wave=wave, outcome="not", reasons=reasons)
    values = _seen(book, one.values, text)
    return TraceEntry(name, rule.title, rule.file, rule.line, rule.stage, wave, "not", reasons, values)


def _seen(book: Rulebook, values: Mapping[str, Any], text: str | None) -> dict[str, Any]:
    """What a part of a condition read; the line as it is shown now."""
    shown = {**values, **({"message.text": text} if "message.text" in values else {})}
    return {name: mask(book, name, value) for name, value in sorted(shown.items())}


def nearly(
    book: Rulebook, snapshot: Mapping[str, Any], known: set[str], shop: str, text: str | None, sight: Sight
) -> Iterable[TraceEntry]:
    """Rules that were asked and near to acting (`engine.core.whynot.near`): one part of their condition did not hold.

    `text` is the line's as it is shown; the rules saw it before words were masked. Of rules that ask for what the
    reader may not know nothing is told: how near they were would tell it.
    """
    for number, wave in enumerate(snapshot["waves"]):
        for rule in book.rules.asked(wave["keys"], shop):
            if rule.id in known or rule.condition is None or sight.unread(rule.condition.reads):
                continue
            values = at_stage(wave, rule.stage)
            values["now"] = snapshot["now"]
            if wave.get("answer"):
                if "message.text" in rule.condition.reads:
                    continue  # the text of a line a rule wrote stands in no snapshot
            elif text is not None:
                values["message.text"] = snapshot.get("text", text)
            as_types(book, values)
            helpers = helpers_of(book, shop, values.get("ticket.team"))
            try:
                before = dict(wave["before"])
                as_types(book, before)
                clauses = rule.condition.explain(values, before, helpers)
            except Exception:  # a snapshot of an older build of the same rules may lack a value
                log.debug("`%s` cannot be asked again", rule.id, exc_info=True)
                continue
            kept = near(rule, clauses)
            if kept is None:
                continue
            known.add(rule.id)
            reasons = (Reason("false", text=kept.text),)
            values = _seen(book, kept.values, text)
            yield TraceEntry(rule.id, rule.title, rule.file, rule.line, rule.stage, number, "nearly", reasons, values)

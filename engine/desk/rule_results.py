"""What is asked about rules: which are in force, what was before, who changed what, and how each rule fares."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from typing import Any

from engine.core.access import Scope
from engine.core.asking import Helpers, helpers_of
from engine.core.entities import DAY
from engine.core.questions import RulesStatistics, RulesVersions
from engine.core.rulebook import Rulebook
from engine.core.whynot import as_types, at_stage
from engine.lang import Rule
from engine.lang.said import from_json, say
from engine.lang.types import noun
from engine.store import Tx, decisions, packing, rule_days, rulebooks
from engine.store.errors import KeyRingError
from engine.store.paging import cursor, read_cursor

log = logging.getLogger(__name__)

SAMPLE = 100
"""Recorded decisions on which rules are timed."""


def state(tx: Tx, book: Rulebook) -> dict[str, Any]:
    """The rulebook in force and the last load that failed, if nothing newer is in force."""
    last = rulebooks.activations(tx, 1)
    told = _told(last[0]) if last else {}
    counts: dict[str, int] = {}
    for rule in book.rules.rules:
        counts[rule.file] = counts.get(rule.file, 0) + 1
    failed = rulebooks.parameters(tx).get("rules.failed")
    return {
        "digest": book.digest,
        "active": {
            "digest": last[0]["digest"] if last else book.digest,
            "at": last[0]["at"] if last else tx.now,
            "by": told.get("by", ""),
            "note": told.get("note", ""),
            "source": told.get("source", "start"),
        },
        "files": [
            {"path": path, "size": len(text.encode()), "rules": counts.get(path, 0)}
            for path, text in sorted(book.files.items())
        ],
        "rules": len(book.rules.rules),
        "failed": {"at": failed["at"], "source": failed["source"], "findings": from_json(failed["findings"])}
        if failed
        else None,
    }


def _told(activation: Mapping[str, Any]) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(activation["note"])
    except ValueError:
        told = {"note": activation["note"]}
    return told


# --- what was in force ----------------------------------------------------------------------------------------------


def versions(tx: Tx, question: RulesVersions) -> dict[str, Any]:
    """What was put in force, newest first, each with the files that differ from the one before it."""
    below = read_cursor(question.cursor, 1)[0] if question.cursor is not None else None
    rows = rulebooks.activations(tx, question.limit + 1, below=below)
    texts: dict[str, Mapping[str, str]] = {}
    items = []
    for row, before in zip(rows, [*rows[1:], None], strict=False):
        items.append(
            {
                **{name: row[name] for name in ("id", "digest", "at")},
                **{name: _told(row).get(name, "") for name in ("by", "source", "note")},
                "changes": [] if before is None else _changes(tx, before["digest"], row["digest"], texts),
            }
        )
    more = len(rows) > question.limit
    items = items[: question.limit]
    return {"items": items, "next": cursor(items[-1]["id"]) if more else None}


def _changes(tx: Tx, before: str, after: str, texts: dict[str, Mapping[str, str]]) -> list[dict[str, str]]:
    for digest in (before, after):
        if digest not in texts:
            texts[digest] = rulebooks.rulebook_texts(tx, digest) or {}
    return changes(texts[before], texts[after])


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[dict[str, str]]:
    """How a folder's texts differ from others: {path, change} with `added`, `changed` or `removed`."""
    found: list[dict[str, str]] = []
    for path in sorted({*before, *after}):
        if path not in before:
            found.append({"path": path, "change": "added"})
        elif path not in after:
            found.append({"path": path, "change": "removed"})
        elif before[path] != after[path]:
            found.append({"path": path, "change": "changed"})
    return found


# --- how rules fare -------------------------------------------------------------------------------------------------


def statistics(tx: Tx, book: Rulebook, scope: Scope, question: RulesStatistics) -> dict[str, Any]:
    """For each rule in force: how often it acted, lost and failed in the shops of the scope, when it last acted there,
    and what asking it takes."""
    since = tx.now - question.days * DAY
    did = rule_days.since(tx, since, scope.shops)
    first = decisions.first_at(tx)
    taken = _timed(tx, book)
    nothing = rule_days.Did()
    items = []
    for rule in book.rules.rules:
        if rule.variant is not None:
            continue  # the shared rule as one shop understands it: told of under the rule
        one = did.get(rule.id, nothing)
        items.append(
            {
                "rule": rule.id,
                "title": rule.title,
                "file": rule.file,
                "line": rule.line,
                "stage": rule.stage,
                "acted": one.acted,
                "lost": one.lost,
                "failed": one.failed,
                "last_at": one.last_at or None,
                "micros": taken.get(rule.id),
            }
        )
    return {"since_at": max(since, first or since), "days": question.days, "items": items}


def _timed(tx: Tx, book: Rulebook) -> dict[str, float]:
    """Mean µs it takes to ask each rule's condition, on what the last decisions saw."""
    spent: dict[str, list[int]] = {}
    for row in decisions.latest(tx, book.digest, SAMPLE):
        try:
            snapshot = packing.unpack_snapshot(tx, row["snapshot"]) if row["snapshot"] else None
        except KeyRingError:
            continue
        now = snapshot["now"] if snapshot else 0
        for wave in snapshot["waves"] if snapshot else ():
            values: dict[str, dict[str, Any]] = {}
            for rule in book.rules.asked(wave["keys"], row["shop"]):
                if rule.stage not in values:
                    seen = values[rule.stage] = {**at_stage(wave, rule.stage), "now": now}
                    as_types(book, seen)
                helpers = helpers_of(book, row["shop"], None)
                spent.setdefault(rule.id, []).append(_asked(rule, values[rule.stage], wave["before"], helpers))
    return {rule: round(sum(times) / len(times) / 1000, 2) for rule, times in spent.items()}


def _asked(rule: Rule, values: Mapping[str, Any], before: Mapping[str, Any], helpers: Helpers) -> int:
    """Nanoseconds to ask one rule."""
    started = time.perf_counter_ns()
    try:
        if rule.condition is not None:
            rule.condition.holds(values, before, helpers)
    except Exception:  # a line's text stands in no snapshot, and a rule that fails is counted elsewhere
        log.debug("`%s` cannot be asked again", rule.id, exc_info=True)
    return time.perf_counter_ns() - started


def lacking(tx: Tx, book: Rulebook) -> list[dict[str, Any]]:
    """Findings for words open tickets use and the book has no more."""
    found: list[dict[str, Any]] = []
    known: Mapping[str, Any] = {"shop": book.shops, "team": book.teams}
    for row in rulebooks.words_in_use(tx):
        lifecycle = book.lifecycles.get(row["kind"])
        lost = [(k, row[k]) for k in ("shop", "team") if row[k] is not None and row[k] not in known[k]]
        if lifecycle is None:
            lost.append(("kind", row["kind"]))
        elif row["state"] not in lifecycle.states:
            lost.append(("state", row["state"]))
        for what, name in lost:
            found.append(
                {
                    "code": "unknown-state" if what == "state" else "unknown-value",
                    "severity": "error",
                    "file": "desk.yaml" if what != "state" else "lifecycles",
                    "line": 1,
                    "column": 1,
                    "end_line": 1,
                    "end_column": 1,
                    "message": say(
                        "{count} open tickets have the {noun} `{name}`, which these rules lack",
                        row["count"],
                        noun(what),
                        name,
                    ),
                    "hint": say(
                        "keep `{name}`, or move the tickets first: {ticket} is one", name, f"#{row['number']:05d}"
                    ),
                }
            )
    return found

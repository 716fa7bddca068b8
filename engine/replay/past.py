"""What was recorded, as people read it: the rulebook that decided, the event, the values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from engine.core.actions import in_words
from engine.core.building import build
from engine.core.calendar import from_micros
from engine.core.rulebook import Extras, Rulebook
from engine.core.sight import Sight
from engine.core.trace import TraceEntry
from engine.lang import Duration
from engine.store import Tx, rulebooks


def past_book(tx: Tx, digest: str, extras: Extras) -> Rulebook | None:
    """A rulebook that was in force, built again with what plugins add now; None where its texts are gone or are no
    rulebook any more."""
    texts = rulebooks.rulebook_texts(tx, digest)
    if texts is None:
        return None
    return build(texts, extras=extras, analyse=False)[0]


def spoken(root: str) -> str:
    """An event as rules write it: its key counts microseconds, people do not."""
    kind, after, micros = root.partition(" after ")
    return f"{kind} after {Duration(int(micros))}" if after else root


def readable(
    book: Rulebook, entries: Iterable[TraceEntry], sight: Sight, shop: str | None = None
) -> list[dict[str, Any]]:
    """Entries of a trace for who reads them, without what he may not read: reasons and changes as sentences to be said
    in the reader's language and as data, values as people read them: `3h 43m` for lengths of time, RFC 3339 for
    moments, in the zone of the shop (else the first). The record holds both in microseconds."""
    zone = book.zone(shop if shop is not None and shop in book.shops else next(iter(book.shops)))
    return [_entry(book, sight.entry(entry), zone) for entry in entries]


def _entry(book: Rulebook, entry: TraceEntry, zone: ZoneInfo) -> dict[str, Any]:
    told = {
        "rule": entry.rule,
        "title": entry.title,
        "file": entry.file,
        "line": entry.line,
        "stage": entry.stage,
        "wave": entry.wave,
        "outcome": entry.outcome,
        "why": entry.why,
        "reasons": [
            {"kind": one.kind, "winner": one.winner, "target": one.target, "text": one.text} for one in entry.reasons
        ],
        "values": {name: _readable(book, name, value, zone) for name, value in entry.values.items()},
        "changes": [in_words(change) for change in entry.changes],
        "did": [
            {"action": one.action, "target": one.target, "value": one.value, "more": one.more, "missed": one.missed}
            for one in entry.changes
        ],
    }
    if entry.outcome == "not":
        (one,) = entry.reasons
        told |= {"reason": one.kind, "held": one.held, "parts": one.parts}
    return told


def _readable(book: Rulebook, name: str, value: Any, zone: ZoneInfo) -> Any:
    spec = book.fields.get(name)
    if spec is None or type(value) is not int:
        return value
    kind = spec[0].type.kind
    if kind == "time":
        return from_micros(value, zone).isoformat(timespec="seconds")
    return lasting(value) if kind == "duration" else value


def lasting(micros: int) -> str:
    """A length of time by its two largest units: `2d 3h`, `43m`, `5s`, `0s`."""
    seconds = abs(micros) // 1_000_000
    parts: list[str] = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        if seconds >= size and len(parts) < 2:
            parts.append(f"{seconds // size}{unit}")
        elif parts:
            break
        seconds %= size
    return ("-" if micros < 0 and parts else "") + (" ".join(parts) or "0s")

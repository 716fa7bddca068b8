"""Custom fields and lists as columns hold them, and what the store must know of the rulebook's words."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from engine.core.access import Scope
from engine.core.rulebook import Rulebook
from engine.lang.text import fold
from engine.store.log import to_json
from engine.store.search import marked
from engine.store.secret import KeyRing

Owner = Literal["ticket", "member"]

MASK = "•••"
"""Stands for a personal value where the reader may not see it."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """What rows need of the rulebook in force: ranks of ordered words, and which fields are personal."""

    priorities: Mapping[str, int] = field(default_factory=dict)
    tiers: Mapping[str, int] = field(default_factory=dict)
    personal: frozenset[str] = frozenset()
    """Full names of personal custom fields: `member.birthday`."""
    field_types: Mapping[str, str] = field(default_factory=dict)
    """Full names of custom fields to their type: text, number, flag, date, time, duration, enum, list …"""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Full names of custom fields that are never empty to what they are until somebody sets them."""
    live_kinds: frozenset[str] = frozenset()
    """Ticket kinds with a live channel: what counts as an agent's load, and one open to a member."""
    complaint_kinds: frozenset[str] = frozenset()
    """Ticket kinds that count as complaints of the member."""
    notifiers: frozenset[str] = frozenset()
    """Ways of telling people that plugins give."""
    outbound: frozenset[str] = frozenset()
    """Channels whose lines leave through the outbox."""
    lookups: Mapping[type, Callable[[Any], Any]] = field(default_factory=dict)
    """What rules ask of features, by the type of the value: each with what loads it in a transaction."""

    @classmethod
    def of(
        cls,
        book: Rulebook,
        outbound: frozenset[str],
        notifiers: frozenset[str],
        lookups: Mapping[type, Callable[[Any], Any]],
    ) -> Lexicon:
        """What rows need of a rulebook, of the ways out that plugins give, and of features."""
        fields = book.custom_fields
        return cls(
            priorities={name: n for n, name in enumerate(book.priorities)},
            tiers={name: n for n, name in enumerate(book.tiers)},
            personal=frozenset(n for n, spec in fields.items() if spec.field.personal),
            field_types={n: spec.field.type.kind for n, spec in fields.items()},
            defaults={n: spec.default for n, spec in fields.items() if spec.default is not None},
            live_kinds=book.live_kinds,
            complaint_kinds=frozenset({book.opens.kind("complaints")}),
            outbound=outbound,
            notifiers=notifiers,
            lookups=lookups,
        )

    def is_personal(self, owner: str, name: str) -> bool:
        """Whether `name` of a ticket or member is encrypted."""
        return f"{owner}.{name}" in self.personal


def with_defaults(owner: Owner, fields: dict[str, Any], lexicon: Lexicon) -> dict[str, Any]:
    """Custom fields by short name, with the defaults of those never set: a row may be older than its field."""
    for full, default in lexicon.defaults.items():
        whose, _, name = full.partition(".")
        if whose == owner:
            fields.setdefault(name, default)
    return fields


def encode_fields(owner: Owner, fields: Mapping[str, Any], lexicon: Lexicon, ring: KeyRing) -> str:
    """Custom fields as one JSON text; personal ones encrypted one by one, exact numbers kept exact."""
    coded: dict[str, Any] = {}
    for name, value in fields.items():
        if value is None:
            continue
        plain = _encode(value)
        if lexicon.is_personal(owner, name):
            sealed = ring.encrypt(to_json(plain).encode(), f"field:{owner}.{name}")
            coded[name] = {"$p": base64.b64encode(sealed).decode()}
        else:
            coded[name] = plain
    return to_json(coded)


def fields_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """The custom fields among new values, by short name; `None` empties one."""
    fields = dict(values.get("fields") or {})
    fields.update({name.removeprefix("fields."): v for name, v in values.items() if name.startswith("fields.")})
    return fields


def decode_fields(owner: Owner, text: str, ring: KeyRing) -> dict[str, Any]:
    """Custom fields as the core holds them: Decimal, tuple, plain values; personal ones decrypted."""
    if text == "{}":
        return {}
    return {name: _decode(value, f"field:{owner}.{name}", ring) for name, value in json.loads(text).items()}


def show_fields(
    owner: Owner, text: str, ring: KeyRing, scope: Scope, *, lexicon: Lexicon | None = None
) -> dict[str, Any]:
    """Custom fields as the API gives them: JSON values; personal ones masked for whom they are not. Personal is what
    the rulebook in force says is, and what was when it was written. With a lexicon also the defaults of those that were
    never set."""
    shown: dict[str, Any] = {}
    for name, value in json.loads(text).items() if text != "{}" else ():
        sealed = (isinstance(value, dict) and "$p" in value) or f"{owner}.{name}" in scope.masked
        if sealed and not scope.personal:
            shown[name] = MASK
        else:
            shown[name] = _json_value(_decode(value, f"field:{owner}.{name}", ring))
    if lexicon is not None and lexicon.defaults:
        for name, value in with_defaults(owner, {}, lexicon).items():
            hidden = lexicon.is_personal(owner, name) and not scope.personal
            shown.setdefault(name, MASK if hidden else _json_value(value))
    return shown


def _encode(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else {"$d": str(value)}
    if isinstance(value, (tuple, list, set, frozenset)):
        return [_encode(item) for item in value]
    return value


def _decode(value: Any, context: str, ring: KeyRing) -> Any:
    if isinstance(value, dict):
        if "$p" in value:
            return _decode(json.loads(ring.decrypt(base64.b64decode(value["$p"]), context)), context, ring)
        return Decimal(value["$d"])
    if isinstance(value, list):
        return tuple(_decode(item, context, ring) for item in value)
    return value


def _json_value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, tuple):
        return [_json_value(item) for item in value]
    return value


def field_rows(owner: Owner, owner_id: int, fields: Mapping[str, Any], lexicon: Lexicon, ring: KeyRing) -> list[Any]:
    """The rows by which filters find these values: folded text, numbers, times; personal ones by blind index."""
    rows: list[dict[str, Any]] = []
    for name, value in fields.items():
        items: Iterable[Any] = value if isinstance(value, (tuple, list)) else (value,)
        kind = lexicon.field_types.get(f"{owner}.{name}", "")
        for item in items:
            if item is None:
                continue
            row: dict[str, Any] = {"owner_kind": owner, "owner_id": owner_id, "name": name}
            row.update(text=None, number=None, time=None, key=None)
            if lexicon.is_personal(owner, name):
                row["key"] = ring.blind(f"{owner}.{name}", key_text(kind, item))
            elif kind == "time":
                row["time"] = int(item)
            elif isinstance(item, (bool, int, float, Decimal)):
                row["number"] = float(item)
            else:
                row["text"] = marked(str(item)) if kind in ("", "text") else str(item)
            rows.append(row)
    return rows


def seal_body(ring: KeyRing, body: Mapping[str, Any]) -> str:
    """What goes along with a row of the outbox, as its column holds it: encrypted, as rules put personal data in it."""
    if not body:
        return "{}"
    return to_json({"$p": base64.b64encode(ring.encrypt(to_json(body).encode(), "outbox")).decode()})


def open_body(ring: KeyRing, text: str) -> dict[str, Any]:
    """What `seal_body` put away, and what older desks left unsealed. Raises KeyRingError."""
    body: dict[str, Any] = json.loads(text)
    if body.keys() == {"$p"}:
        body = json.loads(ring.decrypt(base64.b64decode(body["$p"]), "outbox"))
    return body


def key_text(kind: str, value: Any) -> str:
    """A personal value as its blind index takes it: texts that rules call equal, and numbers however written, are
    one."""
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return format(Decimal(str(value)).normalize(), "f")
    return fold(str(value)) if kind in ("", "text") else str(value)


def words(text: str) -> tuple[str, ...]:
    """A column that holds a list of names."""
    return () if text == "[]" else tuple(json.loads(text))


def refs_in(body: Mapping[str, Any], resolve: Callable[[int], int]) -> dict[str, Any]:
    """A record's body with the references to new rows replaced; only the keys that hold references are looked at."""
    found = dict(body)
    for name in _REFERENCES & found.keys():
        value = found[name]
        if type(value) is int and value < 0:
            found[name] = resolve(value)
    return found


_REFERENCES = frozenset({"message", "notice", "ticket", "member", "rating", "block", "call"})

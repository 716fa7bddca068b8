"""The one log: events numbered and chained at the end of a batch, and the decisions that point at them."""

from __future__ import annotations

import hashlib
import hmac
import json
import operator
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec

from engine.core.values import Struct, field
from engine.store.errors import StoreError
from engine.store.sql import Connection, Prepared, insert_sql, p
from engine.store.tables import Counter, Decision, Event

GENESIS = "0" * 64
"""What the first event is chained to."""


class EventRow(Struct):
    """An event on its way into the log. `id` is 0 until its batch is about to be committed."""

    at: int
    kind: str
    actor_kind: str = "system"
    actor_id: int = 0
    shop: str | None = None
    object: str | None = None
    ticket_id: int | None = None
    member_id: int | None = None
    message_id: int | None = None
    address: str | None = None
    device: str | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
    """`body` as it is stored."""
    id: int = 0


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (tuple, set, frozenset)):
        return list(value)
    raise TypeError(f"cannot store a value of type {type(value).__name__} as JSON")


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_plain)
"""Made once: `json.dumps` with arguments makes one each time."""
_plain_encoder = msgspec.json.Encoder(enc_hook=_plain)
_SAME = frozenset({str, int, bool, type(None)})
"""Types of values of which both encoders write the same octets, under keys that are texts."""
_ROWS = frozenset({list, tuple})
_BOTH = _SAME | _ROWS | {dict}


def to_json(value: Any) -> str:
    """Compact JSON in UTF-8. Raises TypeError for what JSON cannot hold, UnicodeEncodeError for half a pair of
    surrogates."""
    return _plain_encoder.encode(value).decode() if _same(value) else _ENCODER.encode(value)


def _same(value: Any) -> bool:
    """Whether both encoders write the same octets for it: quicker to see than to have the slower one write them."""
    kind = type(value)
    if kind is dict:
        value = value.values()
    elif kind not in _ROWS:
        return kind in _SAME
    kinds = set(map(type, value))
    if _SAME.issuperset(kinds):
        return True
    return _BOTH.issuperset(kinds) and all(map(_same, value))


def plain_json(value: Any) -> bytes:
    """The same as octets and many times as fast, for what holds no Decimal: texts, whole numbers, flags and lists.

    Raises TypeError for what JSON cannot hold.
    """
    return _plain_encoder.encode(value)


def digest_of(text: str) -> str:
    """The digest that stands for a body, also when the body is erased."""
    return hashlib.sha256(text.encode()).hexdigest()


_HEAD = ("id", "at", "kind", "shop", "actor_kind", "actor_id", "object", "ticket_id", "member_id", "message_id")
"""An event's columns that its hash is over as they are."""
_FROM = ("address", "device")
"""From where: part of the hash where it is known, so that events of before they were kept stay whole."""
_COLUMNS = (*_HEAD, *_FROM, "body", "body_digest", "hash")
_head = operator.attrgetter(*_HEAD)


@lru_cache(maxsize=4)
def keyed(chain_key: bytes) -> hmac.HMAC:
    """What has taken in the chain's key and no more: copying it is quicker than beginning anew for each event."""
    return hmac.new(chain_key, digestmod="sha256")


def link(key: hmac.HMAC, previous: str, row: Mapping[str, Any]) -> str:
    """The hash of an event: over the hash before it and everything but the body, whose digest stands in.

    `key`: see `keyed`.
    """
    head = tuple([row[name] for name in _HEAD])
    return _hash(key, previous, head, row["body_digest"], row["address"], row["device"])


def _hash(
    key: hmac.HMAC, previous: str, head: tuple[Any, ...], digest: str, address: str | None, device: str | None
) -> str:
    hashed = key.copy()
    came = () if address is None and device is None else (address, device)
    hashed.update(plain_json((previous, *head, digest, *came)))
    return hashed.hexdigest()


LINE = "line:"
"""How the `object` of an event begins that tells of a line; the mark of its text follows."""


def agent_object(agent_id: int) -> str:
    """The `object` of an event that is about an agent's account, where nobody did it who is known."""
    return f"agent:{agent_id}"


def line_mark(key: hmac.HMAC, text: str) -> str:
    """What binds the text of a line to its event. `key`: see `keyed`; without it nobody can guess at a text."""
    marked = key.copy()
    marked.update(b"line\0" + text.encode(errors="surrogatepass"))
    return LINE + marked.hexdigest()


def bind_lines(chain_key: bytes, events: Sequence[EventRow], texts: Sequence[tuple[str, int, str, str]]) -> None:
    """Has the events that tell of new lines carry their marks; `texts`: see `Tx.texts`."""
    lines: dict[int | None, str] = {id: new for index, id, _, new in texts if index == "message"}
    if not lines:
        return
    key = keyed(chain_key)
    for event in events:
        if event.message_id in lines and event.kind.startswith("message."):
            event.object = line_mark(key, lines[event.message_id])


_LAST = Prepared(lambda: Counter.select(Counter.value, Counter.mark).where(Counter.name == "event"), lock_rows=Counter)
_ADVANCE = Prepared(lambda: Counter.update(value=p("last"), mark=p("mark")).where(Counter.name == "event"))


def number_events(connection: Connection, chain_key: bytes, events: Sequence[EventRow]) -> int:
    """Gives the events their ids and hashes and stores them; answers with the last id.

    Called last in a transaction: the counter row stays locked until the COMMIT, so ids appear in order, whichever
    process commits, and a reader that asks "since id" misses nothing.
    """
    last = connection.row(_LAST)
    if last is None:
        raise StoreError("the counter row of the event log is gone: restore a backup")
    number = int(last["value"])
    previous = last["mark"] or GENESIS
    key = keyed(chain_key)
    rows = []
    for event in events:
        number += 1
        event.id = number
        head = _head(event)
        digest = digest_of(event.text)
        address, device = event.address, event.device
        previous = _hash(key, previous, head, digest, address, device)
        rows.append((*head, address, device, event.text, digest, previous))
    connection.execute_many(insert_sql(connection.database, Event, _COLUMNS), rows)
    connection.run(_ADVANCE, last=number, mark=previous)
    return number


def store_decisions(connection: Connection, decisions: Sequence[tuple[dict[str, Any], EventRow | None]]) -> None:
    """Stores decision rows under the id of their first event (0 for a decision that recorded nothing)."""
    for row, first in decisions:
        row["event_id"] = first.id if first is not None else 0
    connection.insert_many(Decision, [row for row, _ in decisions])

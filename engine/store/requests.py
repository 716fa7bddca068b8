"""Requests that come twice: what was answered the first time under an `Idempotency-Key`, kept encrypted for a day.

An answer holds what people wrote and how they are reached, so this is the one way in and out of its table.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.core.entities import DAY
from engine.core.errors import Refused
from engine.store import tables as t
from engine.store.sql import Prepared, p
from engine.store.tx import Tx

KEEP = DAY
"""How long an `Idempotency-Key` is remembered."""
_SEALED = "reply"
"""What answers are encrypted for."""
_PLAIN = b"{"
"""How an answer begins that an earlier version kept as plain JSON; what is encrypted never begins so."""

_REQUEST = Prepared(
    lambda: t.RequestKey.select().where((t.RequestKey.principal == p("principal")) & (t.RequestKey.key == p("key")))
)


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer that a request under a key got the first time."""

    status: int
    answer: bytes


def keep(tx: Tx, principal: str, key: str, digest: str, status: int, answer: bytes) -> None:
    """Keeps an answer, in the transaction that does the work. `digest` tells a request from another under the key."""
    row = {
        "principal": principal,
        "key": key,
        "digest": _mark(tx, digest),
        "status": status,
        "answer": tx.ring.encrypt(answer, _SEALED),
        "at": tx.now,
    }
    tx.insert_many(t.RequestKey, [row], key=("principal", "key"))


def recall(tx: Tx, principal: str, key: str, digest: str) -> Answered | None:
    """The answer given to this principal's key within a day, if any. Raises Refused where the request was another."""
    row = tx.row(_REQUEST, principal=principal, key=key)
    if row is None or row["at"] + KEEP <= tx.now:
        return None
    # The digest itself is what earlier versions kept; their rows go within a day.
    if row["digest"] not in (_mark(tx, digest), digest):
        raise Refused("invalid", "idempotency-mismatch", "this Idempotency-Key was used for another request")
    kept = bytes(row["answer"])
    return Answered(row["status"], kept if kept.startswith(_PLAIN) else tx.ring.decrypt(kept, _SEALED))


def forget(tx: Tx, limit: int) -> int:
    """Removes about so many that are older than a day, the oldest first; returns how many."""
    old = t.RequestKey.at <= tx.now - KEEP
    oldest = tx.values(t.RequestKey.select(t.RequestKey.at).where(old).order_by(t.RequestKey.at).limit(limit))
    return tx.run(t.RequestKey.delete().where(t.RequestKey.at <= oldest[-1])) if oldest else 0


def _mark(tx: Tx, digest: str) -> str:
    """The digest under the ring: against a bare one, who knows all but a phone number could try every number."""
    return tx.ring.blind("request", digest)

"""How snapshots and traces of decisions are kept: JSON, packed; a snapshot is encrypted too."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any

from zlib_ng import zlib_ng

from engine.core.trace import TraceEntry
from engine.store.log import plain_json
from engine.store.tx import Tx


def pack(data: bytes) -> bytes:
    """Data made small, for `zlib.decompress`, in a quarter of the time that `zlib` takes."""
    return zlib_ng.compress(data, 1)


def pack_snapshot(tx: Tx, snapshot: Mapping[str, Any]) -> bytes:
    """A snapshot as one piece: packed, then encrypted."""
    return seal_snapshot(tx, plain_json(snapshot))


def seal_snapshot(tx: Tx, snapshot: bytes) -> bytes:
    """The same of one that is JSON already."""
    return tx.ring.encrypt(pack(snapshot), "snapshot")


def unpack_snapshot(tx: Tx, packed: bytes) -> dict[str, Any]:
    """The snapshot again. Raises KeyRingError."""
    unpacked: dict[str, Any] = json.loads(snapshot_json(tx, packed))
    return unpacked


def snapshot_json(tx: Tx, packed: bytes) -> bytes:
    """The snapshot as JSON, for who may not need to read it whole. Raises KeyRingError."""
    return zlib.decompress(tx.ring.decrypt(packed, "snapshot"))


NO_TRACE = b"[]"
"""The trace, as JSON, of a decision in which no rule had a say."""
_NO_TRACES = frozenset({pack(NO_TRACE), zlib.compress(NO_TRACE, 1), zlib.compress(NO_TRACE, 1, 12)})
"""Packed as now, and as desks packed before."""


def unpack_trace(packed: bytes) -> list[TraceEntry]:
    """A decision's trace again."""
    return [TraceEntry.read(entry) for entry in json.loads(trace_json(packed))]


def trace_json(packed: bytes) -> bytes:
    """The trace as JSON, for who may not need to read it whole."""
    return NO_TRACE if bytes(packed) in _NO_TRACES else zlib.decompress(packed)

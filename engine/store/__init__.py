"""Memory: tables, the one writer, what a decision loads and leaves, reads, the outbox."""

from engine.store.clock import Stepped, Timekeeper, wall_clock
from engine.store.errors import (
    BadCursor,
    FileRefused,
    KeyRingError,
    NotFilterable,
    StoreAway,
    StoreBusy,
    StoreClosed,
    StoreError,
    StoreGone,
    StoreNewer,
    StoreOlder,
    Taken,
    is_away,
    unusable,
)
from engine.store.health import Health
from engine.store.log import EventRow
from engine.store.secret import KeyRing, normalised
from engine.store.tx import Tx
from engine.store.writer import Store, Written

__all__ = [
    "BadCursor",
    "EventRow",
    "FileRefused",
    "Health",
    "KeyRing",
    "KeyRingError",
    "NotFilterable",
    "Stepped",
    "Store",
    "StoreAway",
    "StoreBusy",
    "StoreClosed",
    "StoreError",
    "StoreGone",
    "StoreNewer",
    "StoreOlder",
    "Taken",
    "Timekeeper",
    "Tx",
    "Written",
    "is_away",
    "normalised",
    "unusable",
    "wall_clock",
]

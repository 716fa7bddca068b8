"""Times on their way out: µs inside the desk, RFC 3339 UTC outside, with milliseconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

NAMES: Final = frozenset(
    ("at", "created_at", "updated_at", "first_replied_at", "closed_at", "due_at", "last_used_at", "expires_at")
)
"""The API's fields that hold a time; answers of the desk have µs there."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def rfc3339(micros: int) -> str:
    """`2026-01-31T09:00:00.000Z`."""
    moment = _EPOCH + timedelta(microseconds=micros)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def with_times(value: Any) -> Any:
    """The same answer with its times as text; what holds none is passed on as it is."""
    if isinstance(value, dict):
        return {
            name: rfc3339(item) if name in NAMES and type(item) is int else _inner(item) for name, item in value.items()
        }
    return _inner(value)


def _inner(value: Any) -> Any:
    if isinstance(value, dict):
        return with_times(value)
    if isinstance(value, (list, tuple)):
        return [_inner(item) for item in value]
    return value

"""Pages of a list: how long one may be, and the cursor that says where the next begins."""

from __future__ import annotations

import base64
import json
from typing import Any

from engine.store.errors import BadCursor

LONGEST = 200
"""Rows a page may have."""


def cursor(*values: Any) -> str:
    """An opaque place in a list."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def read_cursor(text: str, length: int) -> list[int]:
    """The values of a cursor of ours. Raises BadCursor."""
    try:
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        values = None
    if not isinstance(values, list) or len(values) != length or not all(map(_is_id, values)):
        raise BadCursor("this cursor is not one of ours")
    return values


def _is_id(value: Any) -> bool:
    """Whether it is a number that a column can hold: 64 bits."""
    return type(value) is int and -(2**63) <= value < 2**63


def limited(limit: int) -> int:
    """A page length within bounds."""
    return max(1, min(limit, LONGEST))

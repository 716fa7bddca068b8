"""The one way the desk says no."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

Kind = Literal["invalid", "forbidden", "missing", "conflict", "stale", "too-many", "unknown-actor"]


class Refused(Exception):
    """A command or question that is not carried out, told to the one who asked.

    `code` is kebab-case and stable, `message` says what happened and what to do, `pointer` names the field of the
    request (JSON pointer), `retry_after` is in seconds, `details` is more that a program can use.
    """

    def __init__(
        self,
        kind: Kind,
        code: str,
        message: str,
        *,
        pointer: str | None = None,
        retry_after: int | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.kind: Kind = kind
        self.code = code
        self.message = message
        self.pointer = pointer
        self.retry_after = retry_after
        self.details = details or {}


def missing(what: str) -> Refused:
    """Not there, or not for the one who asks: the two are told alike."""
    return Refused("missing", "not-found", f"there is no such {what}")

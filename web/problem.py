"""What is refused, as a problem document: its status, its stable code, what happened and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from engine.desk import Refused
from web.away import AWAY

STATUS: Final[Mapping[str, int]] = {
    "invalid": 422,
    "forbidden": 403,
    "missing": 404,
    "conflict": 409,
    "stale": 412,
    "too-many": 429,
    "unknown-actor": 401,
}
STATUS_OF_CODE: Final[Mapping[str, int]] = {"file-too-large": 413, "file-type-refused": 415}


class Problem(Exception):
    """An answer that is a problem document."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        errors: list[dict[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}
        self.details = details or {}

    @classmethod
    def of(cls, refusal: Refused) -> Problem:
        """The problem document of a refusal."""
        status = STATUS_OF_CODE.get(refusal.code, STATUS[refusal.kind])
        errors = None
        if refusal.pointer is not None:
            errors = [{"pointer": refusal.pointer, "code": refusal.code, "message": refusal.message}]
        headers: dict[str, str] = {}
        if status == 429:
            headers["Retry-After"] = str(max(1, refusal.retry_after or 1))
        if status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return cls(status, refusal.code, refusal.message, errors, headers, refusal.details)

    @classmethod
    def away(cls) -> Problem:
        """The store is not to be reached."""
        return cls(503, "store-away", AWAY, headers={"Retry-After": "5"})

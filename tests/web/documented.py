"""What the document promises of an answer, held against real ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec

from web import schema
from web.routes import Media, table

OPERATIONS = {operation.name: operation for operation in table()}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def conforms(name: str, answer: httpx.Response) -> Any:
    """The operation did what was asked and answered exactly in the documented shape; gives the answer."""
    operation = OPERATIONS[name]
    assert answer.status_code in operation.answers, (name, answer.status_code, answer.text)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Request-Id"]
    kind = operation.answers[answer.status_code]
    if kind is None:
        assert answer.content == b""
        return None
    if isinstance(kind, Media):
        return answer.content
    assert answer.headers["Cache-Control"] == "no-store"
    value = answer.json()
    exact(kind, value)
    return value


def refused(name: str, answer: httpx.Response, status: int) -> Any:
    """The operation answered with a documented problem of this status; gives the problem."""
    assert answer.status_code == status, answer.text
    assert status in OPERATIONS[name].refusals
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    exact(schema.Problem, problem)
    assert problem["status"] == status
    assert problem["request_id"] == answer.headers["X-Request-Id"]
    return problem


def exact(kind: Any, value: Any) -> None:
    """Nothing missing, nothing of another type, nothing that the struct does not name; times are RFC 3339."""
    again = msgspec.to_builtins(msgspec.convert(value, kind))
    assert without_defaults(again, value) == value
    for name, item in walk(value):
        if (name.endswith("_at") or name == "at") and item is not None:
            assert isinstance(item, str) and TIME.fullmatch(item), (name, item)


def without_defaults(again: Any, value: Any) -> Any:
    """msgspec fills defaults in: only what was sent is compared, but all of that."""
    if isinstance(again, dict) and isinstance(value, dict):
        return {name: without_defaults(item, value[name]) for name, item in again.items() if name in value}
    if isinstance(again, list) and isinstance(value, list) and len(again) == len(value):
        return [without_defaults(a, b) for a, b in zip(again, value, strict=True)]
    return again


def walk(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, item in value.items():
            if name in ("fields", "values", "body"):
                continue
            yield name, item
            yield from walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item)

"""Bad values in every field of every operation of the table: never a 500, always a problem document, and where the
value itself is refused it names the field. An operation added later is asked by itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import product
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest

from tests.web.support import Site
from tests.web.test_access import BODIES, QUERIES
from web.routes import PARAMETERS, Operation, table

RAW = {
    "empty": '""',
    "long": json.dumps("長" * 30_000),
    "object": "{}",
    "list": "[]",
    "list of all": '[null, "a", 1, {}, []]',
    "long list": json.dumps(["a"] * 5_000),
    "number": "1",
    "fraction": "1.5",
    "true": "true",
    "null": "null",
    "negative": "-1",
    "64 bits": str(2**63),
    "more than 64 bits": str(2**64 + 1),
    "many digits": "9" * 5_000,
    "less than 64 bits": str(-(2**63) - 1),
    "not a number": "NaN",
    "infinite": "1e400",
    "U+0000": '"a\\u0000b"',
    "lone surrogate": '"\\ud800"',
    "space": '" "',
    "turned": '"\\u202e"',
    "deep": "[" * 3_000 + "]" * 3_000,
}
"""Pieces of JSON, and of what claims to be."""
IN_QUERY = ["", " ", "長" * 3_000, "-1", str(2**63), str(2**64 + 1), "9" * 5_000, "NaN", "1e400", "²", "a\x00b", "[]"]
IN_PATH = ["0", "-1", str(2**63), "9" * 400, "²", "a%00b", "%ff", "NaN", "1.5", "%20", "..%2f", "長", "x" * 4_000]
ENDS = {"logout", "end_session", "reload_rules"}
"""They end what the test works with."""


def fields(operation: Operation) -> list[str]:
    return [field.encode_name for field in msgspec.structs.fields(operation.body)] if operation.body else []


def address(operation: Operation, **named: str) -> str:
    usual = {"digest": "0" * 64, "file": "0" * 32}
    return re.sub(r"\{(\w+)\}", lambda match: named.get(match[1], usual.get(match[1], "1")), operation.path)


def judge(answer: httpx.Response, place: str, field: str | None) -> None:
    assert answer.status_code < 500, (place, answer.text[:300])
    if answer.status_code < 400:
        return
    assert answer.headers.get("Content-Type") == "application/problem+json", (place, answer.text[:300])
    problem = answer.json()
    assert problem["status"] == answer.status_code and problem["code"] and problem["detail"], place
    if answer.status_code == 422 and problem["code"] == "invalid" and field is not None:
        assert any(error["pointer"].startswith(f"/{field}") for error in problem["errors"]), (place, problem)


@pytest.fixture(scope="module")
def clients(site: Site) -> Any:
    site.open_ticket()
    with site.client("lead") as lead, site.client("ming") as ming:
        yield [lead, ming]


OPERATIONS = [one for one in table() if one.name not in ENDS]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_bad_values_in_a_body(site: Site, clients: Any, operation: Operation) -> None:
    usual = {name: json.dumps(value) for name, value in (BODIES.get(operation.name) or operation.example or {}).items()}
    for field in fields(operation):
        for name, raw in RAW.items():
            body = "{" + ", ".join(f'"{key}": {value}' for key, value in {**usual, field: raw}.items()) + "}"
            for client in clients:
                answer = client.request(
                    operation.method, site.url + address(operation), content=body.encode("utf-8", "surrogatepass"),
                    headers={"Content-Type": "application/json"},
                )  # fmt: skip
                judge(answer, f"{operation.name} {field} {name}", field)
    for name, raw in RAW.items():
        if operation.body is not None:
            answer = clients[0].request(operation.method, site.url + address(operation), content=raw.encode())
            judge(answer, f"{operation.name} body {name}", None)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_bad_values_in_a_query(site: Site, clients: Any, operation: Operation) -> None:
    usual = QUERIES.get(operation.name, [{}])[0]
    for field in [*(one.encode_name for one in msgspec.structs.fields(operation.query)), "no_such_name"]:
        for value in IN_QUERY:
            query = "&".join(f"{quote(key)}={quote(text)}" for key, text in {**usual, field: value}.items())
            body = BODIES.get(operation.name) or operation.example
            for client in clients:
                answer = client.request(operation.method, f"{site.url}{address(operation)}?{query}", json=body)
                judge(answer, f"{operation.name} {field} {value[:20]!r}", field)
    many = "&".join(f"n{n}=1" for n in range(300))
    for query in (many, "%ff=1", "a=%ff", "=&=&="):
        answer = clients[0].request(operation.method, f"{site.url}{address(operation)}?{query}")
        judge(answer, f"{operation.name} {query[:20]}", None)


@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if "{" in one.path], ids=lambda one: f"{one.method} {one.path}"
)
def test_bad_values_in_an_address(site: Site, clients: Any, operation: Operation) -> None:
    for parameter in re.findall(r"\{(\w+)\}", operation.path):
        assert parameter in PARAMETERS
        for value in IN_PATH:
            for client in clients:
                body = BODIES.get(operation.name) or operation.example
                answer = client.request(
                    operation.method, site.url + address(operation, **{parameter: value}), json=body
                )
                judge(answer, f"{operation.name} {parameter} {value[:20]!r}", None)


HEADERS = ["", "\xb2", "a" * 5_000, "-1", "9" * 300, '"', "\xff\xfe", "NaN", "Bearer", "Bearer \xb2", "W/", "*"]
NAMES = (
    "Authorization X-Visitor X-Shop X-CSRF-Token Idempotency-Key If-Match Origin Cookie Content-Type User-Agent Accept "
    "Accept-Encoding X-Forwarded-For Host Range If-None-Match"
).split()


@pytest.fixture(scope="module")
def plain() -> Iterator[httpx.Client]:
    """A client that adds nothing; one for all, as making one takes longer than what it asks."""
    with httpx.Client(timeout=30) as client:
        yield client


@pytest.mark.parametrize("name", NAMES)
def test_bad_values_in_a_header(site: Site, clients: Any, plain: httpx.Client, name: str) -> None:
    for method, path, body in (
        ("GET", "/api/v1/tickets", None),
        ("PATCH", "/api/v1/tickets/1", b'{"subject": "a"}'),
        ("POST", "/api/v1/auth/login", b'{"username": "a", "password": "b"}'),
        ("POST", "/api/v1/files", b"x"),
        ("GET", "/chat?shop=demo", None),
        ("GET", "/api/v1/openapi.json", None),
        ("GET", "/metrics", None),
    ):
        for value, client in product(HEADERS, [*clients, None]):
            head = {"Content-Type": b"application/json"} | {name: value.encode("latin-1")}
            if client is not None:
                head = {"Authorization": client.headers["Authorization"].encode()} | head
            answer = plain.request(method, site.url + path, content=body, headers=head)
            assert answer.status_code < 500, (method, path, name, value[:20], answer.text[:200])

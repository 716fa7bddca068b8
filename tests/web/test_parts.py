"""The parts without a server: limits, proxies, decoding, the document."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.websocket import WebSocketProtocol13, _WebSocketParams

from engine.desk import rfc3339, with_times
from plugins.auth import password
from web import decode, openapi, schema
from web.app import api_rows
from web.frames import on_the_wire
from web.limits import ADDRESS_FACTOR, BURST, WINDOW, Bucket, SignInLimit
from web.origins import origin_of
from web.proxies import Proxies
from web.routes import table


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_a_text_message_goes_over_the_wire_as_tornado_would_send_it(size: int) -> None:
    sent: list[bytes] = []
    handler: Any = SimpleNamespace()
    protocol = WebSocketProtocol13(handler, False, _WebSocketParams())
    protocol.stream = cast(Any, SimpleNamespace(write=sent.append))
    protocol._write_frame(True, 0x1, b"x" * size)
    assert sent == [on_the_wire(b"x" * size)]


def test_failures_of_one_person_at_one_address_wait_longer_each_time() -> None:
    clock = Clock()
    limit = SignInLimit(3, clock)
    waits = []
    for _ in range(8):
        assert limit.begin("192.0.2.1", "Amy") == 0
        wait = limit.begin("192.0.2.1", "\uff41my ") if len(waits) > 1 else 0
        waits.append(wait)
        clock.now += wait
    assert waits == [0, 0, 1, 2, 4, 8, 16, 32]
    assert limit.begin("192.0.2.2", "amy") == 0, "nobody locks another out from elsewhere"
    assert limit.begin("192.0.2.1", "ben") == 0


def test_many_attempts_at_once_are_not_more_than_one_after_the_other() -> None:
    limit = SignInLimit(3, Clock())
    assert [limit.begin("192.0.2.1", "amy") for _ in range(6)] == [0, 0, 0, 1, 1, 1]


def test_a_right_password_and_one_that_could_not_be_checked_are_given_back() -> None:
    limit = SignInLimit(3, Clock())
    for _ in range(50):
        assert limit.begin("192.0.2.1", "amy") == 0
        limit.give_back("192.0.2.1", "amy")
    assert [limit.begin("192.0.2.1", "amy") for _ in range(3)] == [0, 0, 0]
    limit.succeeded("192.0.2.1", "amy")
    assert [limit.begin("192.0.2.1", "amy") for _ in range(4)] == [0, 0, 0, 1]


def test_an_address_that_tries_many_names_waits_and_no_wait_is_for_ever() -> None:
    clock = Clock()
    limit = SignInLimit(3, clock)
    for n in range(3 * ADDRESS_FACTOR + 20):
        clock.now += limit.begin("2001:db8::1", f"name-{n}")
        limit.begin("2001:db8::1", f"name-{n}")
    assert 0 < limit.begin("2001:db8::ffff", "anybody") <= WINDOW, "one customer has a whole /64"
    assert limit.begin("2001:db8:0:1::1", "anybody") == 0
    clock.now += WINDOW + 1
    assert limit.begin("2001:db8::1", "anybody") == 0


def test_a_bucket_lets_a_burst_pass_and_a_flood_not() -> None:
    clock = Clock()
    bucket = Bucket(5, clock)
    assert all(bucket.take() == 0 for _ in range(int(5 * BURST)))
    assert bucket.take() > 0
    clock.now += 0.2
    assert bucket.take() == 0


def _request(remote: str, **headers: str) -> HTTPServerRequest:
    class Context:
        remote_ip = remote
        protocol = "http"

    class Connection:
        context = Context()

    named = HTTPHeaders({name.replace("_", "-"): value for name, value in headers.items()})
    return HTTPServerRequest("GET", "/", headers=named, connection=Connection())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("remote", "told", "address"),
    [
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("10.0.0.5", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.5", "127.0.0.1, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.5", "6.6.6.6, 198.51.100.1, 10.0.0.9", "198.51.100.1"),
        ("10.0.0.5", "nonsense", "10.0.0.5"),
        ("10.0.0.5", "", "10.0.0.5"),
        ("::ffff:10.0.0.5", "198.51.100.1", "198.51.100.1"),
    ],
)
def test_only_listed_proxies_are_believed(remote: str, told: str, address: str) -> None:
    assert Proxies(["10.0.0.0/8"]).address(_request(remote, X_Forwarded_For=told)) == address


def test_scheme_and_locality() -> None:
    proxies = Proxies(["10.0.0.1"])
    assert proxies.scheme(_request("10.0.0.1", X_Forwarded_Proto="https")) == "https"
    assert proxies.scheme(_request("10.0.0.2", X_Forwarded_Proto="https")) == "http"
    assert proxies.local(_request("127.0.0.1"))
    assert not proxies.local(_request("127.0.0.1", X_Forwarded_For="203.0.113.9"))
    assert not proxies.local(_request("203.0.113.9"))
    with pytest.raises(ValueError, match="nonsense"):
        Proxies(["nonsense"])


@pytest.mark.parametrize(
    ("given", "origin"),
    [
        ("https://Shop.Example:443/x", "https://shop.example"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
        ("null", None),
        ("javascript:alert(1)", None),
        ("https://", None),
        ("http://a:99999", None),
    ],
)
def test_origins(given: str, origin: str | None) -> None:
    assert origin_of(given) == origin


def test_times_leave_as_text_and_nothing_else_changes() -> None:
    at = 1_767_225_600_123_456
    given: dict[str, Any] = {"at": at, "items": [{"created_at": at, "due_at": None, "id": at}], "fields": {"n": at}}
    assert with_times(given) == {
        "at": "2026-01-01T00:00:00.123Z",
        "items": [{"created_at": "2026-01-01T00:00:00.123Z", "due_at": None, "id": at}],
        "fields": {"n": at},
    }
    assert rfc3339(0) == "1970-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    "raw", [b"", b"  ", b"{", b"\xff", b'{"score":NaN}', b'{"score":' + b"[" * 100_000, b'{"a":"\\ud800"}']
)
def test_what_cannot_be_read(raw: bytes) -> None:
    with pytest.raises(decode.Unreadable):
        decode.body(schema.RateBody, raw)


def test_pointers_are_escaped() -> None:
    with pytest.raises(decode.Wrong) as wrong:
        decode.body(schema.RateBody, b'{"a/b~c":1,"score":1}')
    assert wrong.value.errors[0]["pointer"] == "/a~1b~0c"


# --- the document ----------------------------------------------------------------------------------------------------


def test_the_document_stands() -> None:
    document = json.loads(openapi.encoded())
    references = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if "$ref" in value:
                references.add(value["$ref"])
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk(document)
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert references <= known
    names = [operation.name for operation in table()]
    assert len(names) == len(set(names))
    for operation in table():
        assert operation.summary, operation.name
        assert operation.method in ("GET", "POST", "PUT", "PATCH", "DELETE")


def test_every_socket_message_is_in_the_document() -> None:
    components = json.loads(openapi.encoded())["components"]["schemas"]
    for side in ("ClientFrame", "ServerFrame"):
        kinds = [reference["$ref"].rpartition("/")[2] for reference in components[side]["oneOf"]]
        tags = [components[kind]["properties"]["type"]["enum"][0] for kind in kinds]
        assert len(tags) == len(set(tags)) == len(kinds)
    assert components["Hello"]["properties"]["type"]["enum"] == ["hello"]


def test_each_path_has_one_row_of_its_own() -> None:
    rows = [row[0] for row in api_rows()]
    assert len(rows) == len(set(rows)) == len({operation.path for operation in table()})


def test_bodies_refuse_what_they_do_not_know() -> None:
    for operation in table():
        for kind in (operation.body, operation.query):
            if kind is not None:
                with pytest.raises(msgspec.ValidationError):
                    msgspec.convert({"nobody-knows-this": 1}, kind)


# --- passwords -------------------------------------------------------------------------------------------------------


def test_passwords() -> None:
    stored = password.hash("秘密 password")
    assert stored.startswith("$argon2id$") and "m=19456,t=2,p=1" in stored
    assert password.verify(stored, "秘密 password")
    assert not password.verify(stored, "秘密 Password")
    assert not password.verify(None, "秘密 password")
    assert not password.verify("nonsense", "x")
    assert not password.verify(stored, "x" * 1_000_000)
    assert not password.stale(stored)
    for bad in ("", "x" * 1001):
        with pytest.raises(ValueError, match="1 to 1000"):
            password.hash(bad)


def test_unknown_names_cost_as_much_as_wrong_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    true_verify = type(password._HASHER).verify

    def count(self: Any, stored: str, given: str) -> bool:
        seen.append(stored.split("$")[3])
        return true_verify(self, stored, given)

    monkeypatch.setattr(type(password._HASHER), "verify", count)
    assert not password.verify(None, "x")
    assert not password.verify(password.hash("y"), "x")
    assert seen == ["m=19456,t=2,p=1"] * 2

"""Every door of the application, and a body that nobody asked for: refused before it is read, and never kept."""

from __future__ import annotations

import re
import resource
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tornado.web

from tests.support.waiting import until
from tests.web.raw import Sender
from tests.web.support import Site, Socket, running
from web.app import application

LONG = 300_000_000
METHODS = ("POST", "GET", "OPTIONS")


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running(
        tmp_path_factory.mktemp("narrow"), demo=True, limits__body=1_000, limits__upload=2_000, limits__rules_body=4_000
    ) as site:
        site.add_agent("lead", ["lead"], [])
        yield site


def addresses(app: tornado.web.Application) -> list[str]:
    """An address of each row, and some that no row has."""
    found = []
    rules: list[Any] = list(app.default_router.rules)
    while rules:
        rule = rules.pop(0)
        inner = getattr(rule.target, "rules", None)
        if inner is not None:
            rules += inner
            continue
        pattern = rule.matcher.regex.pattern.rstrip("$")
        path = re.sub(r"\(\?P<\w+>\[\^/\]\+\)", "1", pattern)
        path = path.replace("(?:%23)?", "").replace("[0-9]+", "1").replace("([^/]+)", "1").replace("(?:", "")
        found.append(path.replace("\\", "").replace(")", "").replace(".*", "/nothing-here"))
    return [*found, "/hooks/mail", "/ws/none", "/assets/none/none"]


def refused(answer: tuple[int, dict[str, str], Any], place: str, *, bodiless: bool = False) -> None:
    status, headers, problem = answer
    assert status == 413, (place, answer)
    assert headers["content-type"] == "application/problem+json", place
    assert headers["connection"] == "close", place
    if not bodiless:
        assert (problem["status"], problem["code"]) == (413, "too-large"), place


def test_there_are_doors_of_every_kind(narrow: Site) -> None:
    found = addresses(application(narrow.server.web))
    for path in ("/login", "/chat", "/demo", "/widget.js", "/ws/chat", "/ws/agent", "/api/v1/files", "/nothing-here"):
        assert path in found


@pytest.mark.parametrize("method", METHODS)
def test_a_body_that_is_announced_too_long_is_refused_before_it_comes(narrow: Site, method: str) -> None:
    for path in addresses(application(narrow.server.web)):
        with Sender(narrow, method, path, f"Content-Length: {LONG}") as sender:
            refused(sender.answer(), f"{method} {path}")


@pytest.mark.parametrize("method", METHODS)
def test_a_body_of_unknown_length_is_refused_when_it_is_too_long(narrow: Site, method: str) -> None:
    for path in addresses(application(narrow.server.web)):
        with Sender(narrow, method, path, "Transfer-Encoding: chunked") as sender:
            sender.send(600_000, chunked=True)
            refused(sender.answer(), f"{method} {path}")


@pytest.mark.parametrize("method", METHODS)
def test_who_asks_first_is_told_no_before_sending(narrow: Site, method: str) -> None:
    for path in addresses(application(narrow.server.web)):
        with Sender(narrow, method, path, f"Content-Length: {LONG}", "Expect: 100-continue") as sender:
            refused(sender.answer(), f"{method} {path}")


@pytest.mark.parametrize("headers", [(f"Content-Length: {LONG}",), ("Transfer-Encoding: chunked",)])
@pytest.mark.parametrize("path", ["/login", "/assets/x.js", "/nothing", "/ws/chat", "/api/v1/files", "/api/v1/tickets"])
def test_memory_stays_flat_and_the_sender_is_cut_off(narrow: Site, path: str, headers: tuple[str, ...]) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with Sender(narrow, "POST", path, *headers) as sender:
        sent = sender.send(LONG, chunked="chunked" in headers[0])
        assert sent < LONG, "read to the end"
        refused(sender.answer(), path)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 20_000, f"{grown} kB"


@pytest.mark.parametrize("given", ["\u00b2", "-1", "1_0", "0x10", "+5", "1e3", ""])
@pytest.mark.parametrize("path", ["/login", "/ws/chat", "/api/v1/auth/login", "/api/v1/tickets"])
def test_a_length_that_is_no_number_is_a_bad_request(narrow: Site, path: str, given: str) -> None:
    with Sender(narrow, "POST", path, f"Content-Length: {given}") as sender:
        status, headers, problem = sender.answer()
    assert (status, headers["connection"], problem["code"]) == (400, "close", "bad-length")


def test_a_small_body_nobody_asked_for_costs_no_connection(narrow: Site) -> None:
    with narrow.client("lead") as lead:
        assert lead.request("GET", "/auth/me", content=b"{}").status_code == 200
        assert lead.request("GET", "/auth/me", content=b"x" * 5_000).status_code == 413


def test_a_head_of_which_no_request_can_be_made_is_answered_though_its_body_comes_later(narrow: Site) -> None:
    """Hanging up on the body would often lose the answer on its way."""
    with socket.create_connection(("127.0.0.1", narrow.server.port), timeout=5) as raw:
        raw.sendall(b'POST /api/v1/auth/login HTTP/1.1\r\nHost: "\r\nContent-Length: 2\r\n\r\n')
        answer = raw.recv(4_096)
        assert answer.startswith(b"HTTP/1.1 400 ") and b"application/problem+json" in answer
        raw.sendall(b"{}GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert raw.recv(4_096).startswith(b"HTTP/1.1 200 ")


def test_the_application_takes_no_row_without_a_limit(narrow: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    class Careless(tornado.web.RequestHandler):
        pass

    monkeypatch.setattr("web.pages.rows", lambda *_: [("/careless", Careless)])
    with pytest.raises(TypeError, match="Careless"):
        application(narrow.server.web)


def test_others_are_served_while_a_flood_of_bodies_comes(narrow: Site, tmp_path: Path) -> None:
    senders = [Sender(narrow, "POST", "/login", f"Content-Length: {LONG}") for _ in range(8)]
    try:
        for sender in senders:
            sender.send(1_000_000)
        began = time.monotonic()
        with narrow.client("lead") as lead:
            assert lead.get("/auth/me").status_code == 200
        assert time.monotonic() - began < 2
    finally:
        for sender in senders:
            sender.raw.close()


def opened(site: Site) -> int:
    """How many connections the server counts."""
    return sum(site.server._http._places.values())  # type: ignore[attr-defined]


def test_one_address_has_so_many_connections_and_they_come_back(tmp_path: Path) -> None:
    with running(tmp_path, limits__connections=10) as site:
        site.add_agent("lead", ["lead"], [])
        site.token("lead")
        until(lambda: opened(site) == 0, "who signed in has left")
        half = [Sender(site, "POST", "/login", "Content-Length: 5") for _ in range(10)]
        until(lambda: opened(site) == 10, "all are in")
        with Sender(site, "GET", "/healthz") as one:
            status, headers, problem = one.answer()
            assert (status, problem["code"]) == (429, "too-many-connections") and headers["retry-after"]
        for sender in half:
            sender.raw.close()
        until(lambda: opened(site) == 0, "all have left")
        with site.client("lead") as lead:
            for _ in range(30):
                assert lead.get("/auth/me").status_code == 200
        tabs = [site.chat() for _ in range(10)]
        with Socket(site.url, "/ws/chat") as more:
            assert more.receive()["code"] == "too-many-connections" and more.closed() == 4429
        tabs.pop().close()
        until(lambda: len(site.server.web.hub.sockets) == 9, "one has left")
        with site.chat() as back:
            assert back.line("好")["message"]["text"] == "好"
        for tab in tabs:
            tab.close()

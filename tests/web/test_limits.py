"""Limits that are hit: each has a clear answer, and others go on undisturbed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.waiting import stays, until
from tests.web.support import Site, Socket, running
from web import hub


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A desk with narrow limits."""
    limits = {
        "limits__guest_rate": 2,
        "limits__socket_rate": 1000,
        "limits__socket_buffer": 200_000,
        "limits__socket_frame": 200_000,
        "limits__body": 1_000,
        "limits__upload": 2_000,
        "limits__sign_in_failures": 3,
    }
    with running(tmp_path_factory.mktemp("small"), **limits) as site:
        site.add_agent("lead", ["lead"], [])
        site.add_agent("amy", ["agent"], ["demo"])
        site.add_member("ming", "demo")
        yield site


def test_a_guest_who_floods_is_slowed_and_then_closed(small: Site) -> None:
    with small.chat() as tab, small.agent("amy") as amy:
        for n in range(19):
            tab.send({"type": "message", "id": f"f{n}", "text": f"第 {n} 句"})
        tab.send({"type": "typing"})
        frames = tab.until_quiet()
        assert [f["id"] for f in frames if f["type"] == "ack"] == [f"f{n}" for n in range(19)], "a burst passes"
        for n in range(400):
            tab.send({"type": "message", "id": f"g{n}", "text": "洗版"})
        assert tab.closed(20) == 4429
        heard = [f for f in amy.until_quiet() if f["type"] == "message" and f["message"]["text"] == "洗版"]
        assert len(heard) < 40


def test_too_fast_names_the_line_and_when_to_come_back(small: Site) -> None:
    with small.chat() as tab:
        for n in range(25):
            tab.send({"type": "message", "id": f"h{n}", "text": "快"})
        error = next(f for f in tab.until_quiet() if f["type"] == "error")
        assert error["code"] == "too-fast"
        assert error["id"].startswith("h")
        assert error["retry_after"] >= 1
        time.sleep(1.2)
        assert tab.line("慢慢來")["message"]["text"] == "慢慢來"


def test_a_slow_reader_is_dropped_and_resumes(small: Site) -> None:
    with small.chat(token=small.token("ming")) as ming:
        number = ming.line("開始")["message"]["ticket"]
        slow = Socket(small.url, "/ws/agent").hello(token=small.token("amy"))
        since = slow.welcome["seq"]
        # It no longer reads: its own buffers, then the kernel's, then ours fill up.
        text = "長" * 19_000
        for n in range(120):
            ming.send({"type": "message", "id": f"s{n}", "text": f"{n} {text}"})
            if n % 4 == 3:  # often enough not to be a slow reader himself
                ming.get("ack", id=f"s{n}", timeout=20)
        until(lambda: "slow" in httpx.get(f"{small.url}/metrics").text, "the slow reader is dropped")
        with small.agent("amy", since=since) as back:
            got: list[str] = []
            while len(got) < 120:
                frame = back.get("message", timeout=10)
                if frame["message"]["ticket"] == number:
                    got.append(frame["message"]["text"].split()[0])
            assert got == [str(n) for n in range(120)]


def test_bodies_and_uploads_that_are_too_large(small: Site) -> None:
    with small.client("amy") as amy:
        big = amy.post("/tickets", json={"subject": "a", "text": "x" * 2_000})
        assert (big.status_code, big.json()["code"]) == (413, "too-large")
        headers = {"Content-Type": "text/plain"}
        assert amy.post("/files", content=b"x" * 2_001, headers=headers).status_code == 413
        assert amy.post("/files", content=b"x" * 20_000, headers=headers).status_code == 413
        assert amy.post("/files", content=b"x" * 2_000, headers=headers).status_code == 201

        def stream() -> Iterator[bytes]:
            for _ in range(100):
                yield b"x" * 1_000

        assert amy.post("/files", content=stream(), headers=headers).status_code == 413
        assert amy.get("/auth/me").status_code == 200


def test_a_body_nobody_would_read_to_the_end_is_cut_off(small: Site) -> None:
    import socket

    with socket.create_connection(("127.0.0.1", small.server.port)) as raw:
        head = f"POST /api/v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {small.token('amy')}\r\n"
        raw.sendall(f"{head}Content-Type: text/plain\r\nContent-Length: 99000000000\r\n\r\n".encode())
        raw.settimeout(5)
        answer = raw.recv(65_536)
        assert answer.startswith(b"HTTP/1.1 413")
        assert b"Connection: close" in answer


def test_an_agent_without_a_socket_goes_offline(small: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "GONE", 1.5)
    with small.client("lead") as lead:

        def status() -> str:
            return next(a["status"] for a in lead.get("/agents").json()["items"] if a["username"] == "amy")

        with small.agent("amy") as amy:
            amy.send({"type": "status", "status": "online"})
            amy.until_quiet()
        with small.agent("amy") as amy:
            stays(lambda: status() == "online", "she is online, being back within the time", seconds=2)
        until(lambda: status() == "offline", "she is offline")


def test_whom_a_crash_left_online_is_offline_a_minute_after_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "GONE", 0.3)
    with running(tmp_path) as site:
        site.add_agent("lead", ["lead"], [])
        with site.client("lead") as lead:
            assert lead.post("/me/status", json={"status": "online"}).status_code == 200
    with running(tmp_path) as site, site.client("lead") as lead:

        def status() -> str:
            return next(a["status"] for a in lead.get("/agents").json()["items"] if a["username"] == "lead")

        until(lambda: status() == "offline", "the lead is offline")


def test_what_is_asked_while_typing_is_slowed_and_takes_nobodys_lines(small: Site) -> None:
    with small.chat() as tab:
        visitor = {"X-Visitor": tab.welcome["visitor"], "X-Shop": "demo"}
        with small.client(**visitor) as guest, small.client("ming") as ming, small.client("lead") as lead:
            statuses = [guest.get("/answers/hot", params={"text": "退"}).status_code for _ in range(600)]
            assert statuses[:150] == [200] * 150 and 429 in statuses
            refusal = next(a for _ in range(50) if (a := guest.get("/answers/hot")).status_code == 429)
            assert refusal.json()["code"] == "too-fast" and int(refusal.headers["Retry-After"]) >= 1
            others = [ming.get("/answers/hot", params={"shop": "demo"}).status_code for _ in range(50)]
            assert 429 in others, "a member of the same network, too"
            assert lead.get("/answers/hot", params={"shop": "demo"}).status_code == 200, "not who works here"
            assert tab.line("還是想找真人")["message"]["text"] == "還是想找真人"


def test_a_body_that_comes_too_slowly_is_cut_off_and_an_answer_is_waited_for(
    small: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    monkeypatch.setattr("web.base.BODY_WITHIN", 0.3)
    head = f"POST /api/v1/tickets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {small.token('amy')}\r\n"
    with socket.create_connection(("127.0.0.1", small.server.port)) as raw:
        raw.sendall(f"{head}Content-Length: 20\r\n\r\n{{".encode())
        raw.settimeout(5)
        assert raw.recv(65_536) == b"", "closed without an answer"
    with socket.create_connection(("127.0.0.1", small.server.port)) as raw:
        for _ in range(2):
            raw.sendall(f"{head}Content-Length: 2\r\n\r\n{{}}".encode())
            raw.settimeout(5)
            assert raw.recv(65_536).startswith(b"HTTP/1.1 422")
            time.sleep(0.5)


def test_pages_are_told_how_long_a_line_may_be(tmp_path: Path) -> None:
    with running(tmp_path, limits__line=50) as site:
        site.add_agent("amy", ["agent"], ["demo"])
        with site.client("amy") as amy, site.chat() as tab:
            told = [site.sign_in("amy"), amy.get("/auth/me").json(), tab.welcome]
            assert [one["longest_line"] for one in told] == [50, 50, 50]
            assert tab.line("字" * 50)["message"]["text"] == "字" * 50
            tab.send({"type": "message", "id": "long", "text": "字" * 51})
            assert tab.get("error", id="long")["code"] == "too-long"

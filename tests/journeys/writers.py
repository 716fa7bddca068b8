"""Clients that keep on writing whatever happens to the server, each with a journal of what it was promised."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect

ACK_WITHIN = 5.0
"""Seconds after which a line that was not acknowledged is sent again."""


class Writer(threading.Thread):
    """One client. It writes one line at a time, again and again until it is acknowledged, then the next."""

    def __init__(self, name: str, url: str, *, pace: float) -> None:
        super().__init__(name=name, daemon=True)
        self.url = url
        self.pace = pace
        self.acknowledged: dict[str, dict[str, Any]] = {}
        """The journal: text of a line → what the desk answered."""
        self.problems: list[str] = []
        self.interruptions = 0
        self._leaving = threading.Event()
        self._count = 0
        self._line = ""

    def run(self) -> None:
        while not (self._leaving.is_set() and not self._line):
            try:
                self.work()
            except (OSError, ConnectionClosed, InvalidHandshake, TimeoutError, EOFError, httpx.TransportError):
                self.interruptions += 1
                time.sleep(0.05)
            except Exception as error:
                self.problems.append(f"{self.name}: {error!r}")
                return

    def work(self) -> None:
        """Writes until it is time to leave or the connection is lost."""
        raise NotImplementedError

    def finish(self) -> None:
        """Lets it write no new line; returns when the last one is acknowledged."""
        self._leaving.set()
        self.join(30)
        assert not self.is_alive(), f"{self.name} still waits for {self._line!r}"
        assert not self.problems, self.problems

    def next_line(self) -> str:
        """The line to be written now: the one that nobody acknowledged, or a new one."""
        if not self._line:
            self._count += 1
            self._line = f"{self.name} 第{self._count}句"
        return self._line

    def promised(self, answer: dict[str, Any]) -> None:
        """Notes in the journal what the desk has acknowledged."""
        self.acknowledged[self._line] = answer
        self._line = ""


class SocketWriter(Writer):
    """Writes on a socket and resumes by `since`."""

    def __init__(self, name: str, url: str, path: str, *, token: str | None, pace: float) -> None:
        super().__init__(name, url, pace=pace)
        self.visitor: str | None = None
        self.visitors: set[str] = set()
        self.seen: list[tuple[int, int]] = []
        """`seq` and id of every line that came as a frame of its own."""
        self.tickets: Callable[[], list[int]] | None = None
        """Agents: where to write."""
        self._path = path
        self._token = token
        self._last = 0
        self._speaks_at = 0.0
        self._before: tuple[str, dict[str, Any]] | None = None

    def work(self) -> None:
        with connect(self.url.replace("http:", "ws:") + self._path, open_timeout=3, close_timeout=0.2) as socket:
            hello = {"type": "hello", "token": self._token, "visitor": self.visitor, "since": self._last}
            self._send(socket, hello)
            self._until(socket, lambda frame: frame["type"] == "welcome")
            if self._before is not None:
                self._again(socket)
            while not (self._leaving.is_set() and not self._line):
                # A lost connection is no leave to speak sooner.
                self._listen(socket, self._speaks_at - time.monotonic())
                if self._leaving.is_set() and not self._line:
                    break
                frame = self._next_frame()
                if frame is None:
                    self._listen(socket, self.pace)
                    continue
                self._send(socket, frame)
                ack = self._until(socket, lambda got, id=frame["id"]: got.get("id") == id)
                if ack["type"] == "error":
                    if ack["code"] != "too-fast":
                        raise ValueError(ack)
                    self._listen(socket, 1)
                    continue
                self._before = (str(frame["id"]), {"frame": frame, "seq": ack["seq"]})
                self.promised({"id": ack["message"]["id"], "ticket": ack["message"]["ticket"], "seq": ack["seq"]})
                self._speaks_at = time.monotonic() + self.pace
            self._listen(socket, 0.3)

    def _next_frame(self) -> dict[str, Any] | None:
        tickets = None
        if self.tickets is not None and not (tickets := self.tickets()):
            return None
        text = self.next_line()
        frame: dict[str, Any] = {"type": "message", "id": text, "text": text}
        if tickets:
            frame["ticket"] = tickets[self._count % len(tickets)]
        return frame

    def _again(self, socket: ClientConnection) -> None:
        """Sends the last acknowledged line once more, as a client that lost the ack does: the same place is told."""
        assert self._before is not None
        id, before = self._before
        self._send(socket, before["frame"])
        ack = self._until(socket, lambda frame: frame.get("id") == id)
        if ack["type"] != "ack" or ack["seq"] != before["seq"]:
            raise ValueError(f"{id} was acknowledged with {before['seq']}, now it is {ack}")

    def _send(self, socket: ClientConnection, frame: dict[str, Any]) -> None:
        socket.send(json.dumps(frame))

    def _until(self, socket: ClientConnection, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        end = time.monotonic() + ACK_WITHIN
        while True:
            frame = self._receive(socket, end - time.monotonic())
            if wanted(frame):
                return frame

    def _listen(self, socket: ClientConnection, seconds: float) -> None:
        """Hears what comes; of a long pause nothing is left when it is time to leave."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not (seconds > 1 and self._leaving.is_set()):
            with contextlib.suppress(TimeoutError):
                self._receive(socket, min(left, 0.2))

    def _receive(self, socket: ClientConnection, timeout: float) -> dict[str, Any]:
        frame = dict(json.loads(socket.recv(timeout=max(timeout, 0.01))))
        if frame["type"] == "welcome":
            if frame.get("visitor"):
                self.visitor = frame["visitor"]
                self.visitors.add(frame["visitor"])
        elif frame.get("seq"):
            # An ack of a repeat has an old place.
            self._last = max(self._last, frame["seq"])
            if frame["type"] == "message" and frame["message"]["ticket"] is not None:
                self.seen.append((frame["seq"], frame["message"]["id"]))
        return frame


class RulesWriter(Writer):
    """Publishes a small edit again and again; the line is the note, and each repeat is the same request."""

    FILE = "95-published.rules"

    def __init__(self, name: str, url: str, token: str, *, pace: float) -> None:
        super().__init__(name, url, pace=pace)
        self._headers = {"Authorization": f"Bearer {token}"}
        self._body: dict[str, Any] | None = None

    def work(self) -> None:
        # A publication is checked, so it may take longer than a line.
        with httpx.Client(base_url=f"{self.url}/api/v1", headers=self._headers, timeout=30) as client:
            while not (self._leaving.is_set() and not self._line):
                note = self.next_line()
                if self._body is None:
                    self._body = self._edit(client.get("/rules").raise_for_status().json()["active"]["digest"], note)
                key = f"{self.name}-{self._count}"
                answer = client.post("/rules/publish", json=self._body, headers={"Idempotency-Key": key})
                if answer.status_code in (429, 503):
                    time.sleep(float(answer.headers["Retry-After"]))
                elif answer.status_code == 200:
                    self.promised(answer.json())
                    self._body = None
                    self._leaving.wait(self.pace)
                else:
                    raise ValueError(f"publish {note}: {answer.status_code} {answer.text}")

    def _edit(self, base: str, note: str) -> dict[str, Any]:
        rule = f'rule published\n  on ticket.created\n  when ticket.subject = "{note}"\n  then note "{note}"\n'
        return {"base": base, "files": {self.FILE: f"stage housekeeping\n\n{rule}"}, "note": note}


class ApiWriter(Writer):
    """Posts to the API with an Idempotency-Key; what to post is made of the line."""

    def __init__(
        self, name: str, url: str, token: str, request: Callable[[int, str], tuple[str, dict[str, Any]]], *, pace: float
    ) -> None:
        super().__init__(name, url, pace=pace)
        self._headers = {"Authorization": f"Bearer {token}"}
        self._request = request

    def work(self) -> None:
        with httpx.Client(base_url=f"{self.url}/api/v1", headers=self._headers, timeout=ACK_WITHIN) as client:
            while not (self._leaving.is_set() and not self._line):
                text = self.next_line()
                path, body = self._request(self._count, text)
                key = f"{self.name}-{self._count}"
                answer = client.post(path, json=body, headers={"Idempotency-Key": key})
                if answer.status_code == 429:
                    time.sleep(float(answer.headers["Retry-After"]))
                elif answer.status_code == 201:
                    self.promised(answer.json())
                    self._leaving.wait(self.pace)
                else:
                    raise ValueError(f"{path}: {answer.status_code} {answer.text}")

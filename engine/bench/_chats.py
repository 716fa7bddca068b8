"""Many sockets of one process, for `engine bench chat`: widgets that wait, members who write, an agent who reads.

`python -m engine.bench._chats` reads what to do as JSON lines from standard input and answers each with one: first
`{"role", "url", "token", "count"}`, then for `chats` `{"rate", "seconds"}` and for `agent` `{}`. A line carries the
moment it was sent, on the clock that all processes of a machine share, as a word of letters.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
import time
from typing import Any
from urllib.parse import urlsplit

AT_ONCE = 50
"""Connections being opened at the same time."""
WORD = 16
"""Letters of a moment."""


def word_of(moment: int) -> str:
    """A moment as letters: no rule takes them for a number."""
    return "".join(chr(97 + (moment >> 4 * place) % 16) for place in range(WORD))


def moment_of(text: str) -> int | None:
    """The moment a text ends with."""
    word = text[-WORD:]
    if len(word) < WORD or not all("a" <= letter <= "p" for letter in word):
        return None
    return sum((ord(letter) - 97) << 4 * place for place, letter in enumerate(word))


class Socket(asyncio.Protocol):
    """The client's end of one WebSocket; frames come to `got`."""

    def __init__(self, host: str, path: str) -> None:
        self.host = host
        self.path = path
        self.transport: Any = None
        self.open = False
        self.waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        """Futures of the next frame of a type."""
        self._buffer = b""

    def connection_made(self, transport: Any) -> None:
        """Asks for the upgrade."""
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        head = f"GET {self.path} HTTP/1.1\r\nHost: {self.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        transport.write(f"{head}Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())

    def data_received(self, data: bytes) -> None:
        """Cuts what comes into frames."""
        data = self._buffer = self._buffer + data if self._buffer else data
        if not self.open:
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                return
            if b" 101 " not in head.split(b"\r\n")[0]:
                raise RuntimeError(head.decode("latin-1"))
            self.open = True
            self.opened()
        while len(data) >= 2:
            length, start = data[1] & 127, 2
            if length == 126:
                length, start = int.from_bytes(data[2:4], "big"), 4
            elif length == 127:
                length, start = int.from_bytes(data[2:10], "big"), 10
            if len(data) < start + length:
                break
            payload, opcode = data[start : start + length], data[0] & 15
            data = data[start + length :]
            if opcode == 1:
                self.got(payload)
            elif opcode == 9:
                self.write(payload, 10)
        self._buffer = data

    def opened(self) -> None:
        """The upgrade was granted."""

    def got(self, payload: bytes) -> None:
        """One text frame."""
        frame = json.loads(payload)
        if frame["type"] == "error":
            for waits in self.waiting.values():
                if not waits.done():
                    waits.set_exception(RuntimeError(frame["message"]))
            self.waiting.clear()
        future = self.waiting.pop(frame["type"], None)
        if future is not None and not future.done():
            future.set_result(frame)

    def write(self, payload: bytes, opcode: int = 1) -> None:
        """Sends one frame, under the mask of zeros."""
        length = len(payload)
        size = bytes([128 | length]) if length < 126 else bytes([128 | 126]) + length.to_bytes(2, "big")
        self.transport.write(bytes([128 | opcode]) + size + b"\0\0\0\0" + payload)

    async def ask(self, frame: dict[str, Any], answer: str) -> dict[str, Any]:
        """Sends a frame and waits for one of a type."""
        future = self.waiting[answer] = asyncio.get_running_loop().create_future()
        self.write(json.dumps(frame, ensure_ascii=False).encode())
        return await asyncio.wait_for(future, 60)

    async def line(self) -> None:
        """Writes a line and waits until it is stored."""
        word = word_of(time.monotonic_ns())
        await self.ask({"type": "message", "id": word, "text": f"請問進度如何 {word}"}, "ack")


class AgentSocket(Socket):
    """Notes how long lines took to come."""

    def __init__(self, host: str, path: str) -> None:
        super().__init__(host, path)
        self.took: list[float] = []

    def got(self, payload: bytes) -> None:
        """One text frame."""
        now = time.monotonic_ns()
        frame = json.loads(payload)
        if frame["type"] == "message" and (sent := moment_of(frame["message"]["text"])) is not None:
            self.took.append((now - sent) / 1e6)
        super().got(payload)


async def connect(kind: type[Socket], url: str, path: str, hello: dict[str, Any]) -> Socket:
    """A socket that has said hello and was welcomed."""
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    host, port = parts.hostname or "", parts.port or 80
    _, socket = await loop.create_connection(lambda: kind(parts.netloc, path), host, port)
    while not socket.open:
        await asyncio.sleep(0.002)
    await socket.ask({"type": "hello", **hello}, "welcome")
    return socket


async def chats(url: str, count: int, *, write: bool) -> list[Socket]:
    """So many widgets; with `write` each has a chat."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one() -> Socket:
        async with gate:
            socket = await connect(Socket, url, "/ws/chat", {"page": {"url": "https://shop.example/p"}})
            if write:
                await socket.line()
            return socket

    return list(await asyncio.gather(*(one() for _ in range(count))))


async def talk(sockets: list[Socket], rate: float, seconds: float) -> dict[str, Any]:
    """Each writes in its turn, so many lines a second together."""
    loop = asyncio.get_running_loop()
    begun, lines = loop.time(), []
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, begun + number / rate - loop.time()))
        lines.append(loop.create_task(sockets[number % len(sockets)].line()))
    done = await asyncio.gather(*lines, return_exceptions=True)
    failed = [str(one) for one in done if isinstance(one, BaseException)]
    return {"sent": len(lines), "failed": len(failed), "why": failed[:1], "seconds": loop.time() - begun}


async def main() -> None:
    """Does what standard input says, until it ends."""
    loop = asyncio.get_running_loop()

    async def next_line() -> dict[str, Any] | None:
        text = await loop.run_in_executor(None, sys.stdin.readline)
        return json.loads(text) if text.strip() else None

    def answer(value: dict[str, Any]) -> None:
        print(json.dumps(value), flush=True)

    spec = await next_line()
    assert spec is not None
    if spec["role"] == "agent":
        agent = await connect(AgentSocket, spec["url"], "/ws/agent", {"token": spec["token"]})
        assert isinstance(agent, AgentSocket)
        answer({"ready": 1})
        while await next_line() is not None:
            took, agent.took = sorted(agent.took), []
            answer({"took": took})
        return
    sockets = await chats(spec["url"], spec["count"], write=spec["role"] == "chats")
    answer({"ready": len(sockets)})
    while (more := await next_line()) is not None:
        answer(await talk(sockets, more["rate"], more["seconds"]))


if __name__ == "__main__":
    asyncio.run(main())

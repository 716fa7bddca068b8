"""Requests byte by byte, as no well-behaved client sends them."""

from __future__ import annotations

import json
import re
import socket
from typing import Any

from tests.web.support import Site

PIECE = b"x" * 65_536


class Sender:
    """A raw connection that sends a body for as long as it is taken."""

    def __init__(self, site: Site, method: str, path: str, *headers: str) -> None:
        self.raw = socket.create_connection(("127.0.0.1", site.server.port))
        self.raw.settimeout(5)
        lines = [f"{method} {path} HTTP/1.1", "Host: x", *headers]
        self.raw.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))

    def send(self, most: int, *, chunked: bool = False) -> int:
        """Sends up to so many bytes; gives how many went before the other side closed."""
        sent = 0
        try:
            while sent < most:
                self.raw.sendall(b"%x\r\n%b\r\n" % (len(PIECE), PIECE) if chunked else PIECE)
                sent += len(PIECE)
        except OSError:
            pass
        return sent

    def status(self) -> int:
        """What the first line of the answer says."""
        return int(self.raw.recv(64)[9:12])

    def answer(self) -> tuple[int, dict[str, str], Any]:
        """Status, headers and JSON body, read until the other side closes."""
        data = b""
        try:
            while piece := self.raw.recv(65_536):
                data += piece
                head, end, body = data.partition(b"\r\n\r\n")
                length = re.search(rb"(?i)content-length: (\d+)", head)
                if end and length and len(body) >= int(length[1]):
                    break
        except (ConnectionResetError, TimeoutError):
            pass
        head, _, body = data.partition(b"\r\n\r\n")
        first, *rest = head.decode("latin-1").split("\r\n")
        status = int(first.split()[1]) if first else 0
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in rest)}
        return status, headers, json.loads(body) if body.strip().startswith(b"{") else None

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *_: Any) -> None:
        self.raw.close()

"""A small load client: so many connections, each one request after another, for so long.

`python -m engine.bench._load URL CONNECTIONS SECONDS` reads headers and body as JSON from standard input and prints
{"done", "seconds", "failed" by status, "p50_ms", "p99_ms"}. Plain sockets: the client costs little beside the server.
`{n}` in the body becomes three Chinese characters, others in each request: no two people write the same.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import Any
from urllib.parse import urlsplit

HOLE = b"{n}"


def distinct(number: int) -> bytes:
    """Three characters for a number, always of nine octets."""
    return "".join(chr(0x4E00 + (number >> shift) % 4096) for shift in (24, 12, 0)).encode()


async def one(
    host: str, port: int, request: bytes, until: float, times: list[float], failed: Counter[int], number: Iterator[int]
) -> None:
    """One connection; counts answers that were not 2xx by their status."""
    reader, writer = await asyncio.open_connection(host, port)
    while time.perf_counter() < until:
        started = time.perf_counter()
        writer.write(request.replace(HOLE, distinct(next(number))))
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        await reader.readexactly(length)
        times.append(time.perf_counter() - started)
        if not 200 <= status < 300:
            failed[status] += 1
    writer.close()


async def main(url: str, connections: int, seconds: float, spec: dict[str, Any]) -> dict[str, Any]:
    """Runs the load and counts."""
    parts = urlsplit(url)
    body = spec.get("body")
    data = json.dumps(body, ensure_ascii=False).encode() if body is not None else b""
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    length = len(data.replace(HOLE, distinct(0)))
    headers = {"Host": parts.netloc, "Content-Length": str(length), **spec.get("headers", {})}
    if data:
        headers["Content-Type"] = "application/json"
    lines = [f"{spec.get('method', 'GET')} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
    request = "\r\n".join(lines).encode() + b"\r\n\r\n" + data
    times: list[float] = []
    started = time.perf_counter()
    failed: Counter[int] = Counter()
    host, port = parts.hostname or "", parts.port or 80
    number = count(time.time_ns() // 1_000_000)
    work = (one(host, port, request, started + seconds, times, failed, number) for _ in range(connections))
    await asyncio.gather(*work)
    took = time.perf_counter() - started
    times.sort()
    return {
        "done": len(times),
        "seconds": took,
        "failed": dict(failed),
        "p50_ms": 1000 * times[len(times) // 2] if times else 0.0,
        "p99_ms": 1000 * times[int(len(times) * 0.99)] if times else 0.0,
    }


if __name__ == "__main__":
    answer = asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), json.load(sys.stdin)))
    print(json.dumps(answer))

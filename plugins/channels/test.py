"""A channel for trying the desk: every send becomes a line of a journal file, on disk before it is answered.

Switched on by `plugins: {channels: {test: {journal: PATH, refuses_twins: true}}}`. With `refuses_twins` a key that is
in the journal already is not written again, as an outside that knows our keys would do.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from engine.api import Can, Channel, Delivery, Outbound, Receive, hookimpl


class Test(Channel):
    """Sends into a file. `fail` in its settings makes it refuse texts that hold that word."""

    __test__ = False  # pytest takes the name for a test
    name = "test"

    def __init__(self, journal: Path, refuses_twins: bool, fail: str | None, delay: float) -> None:
        self.can = Can(attachments=True, refuses_twins=refuses_twins)
        self._journal = journal
        self._fail = fail
        self._delay = delay

    async def listen(self, receive: Receive) -> None:
        """Nothing comes in by itself."""
        await asyncio.Event().wait()

    async def send(self, outbound: Outbound) -> Delivery:
        """Appends the line and waits for the disk."""
        if self._delay:
            await asyncio.sleep(self._delay)
        if self._fail and self._fail in outbound.text:
            return Delivery("failed", error="refused by the test channel")
        return await asyncio.to_thread(self._append, outbound)

    def _append(self, outbound: Outbound) -> Delivery:
        self._journal.parent.mkdir(parents=True, exist_ok=True)
        if self.can.refuses_twins and any(line["key"] == outbound.key for line in read(self._journal)):
            return Delivery("sent", external_id=outbound.key)
        line = {
            "key": outbound.key,
            "ticket": outbound.ticket_number,
            "recipient": dict(outbound.recipient),
            "text": outbound.text,
            "tries": outbound.tries,
            "at": time.time_ns() // 1000,
        }
        descriptor = os.open(self._journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, (json.dumps(line, ensure_ascii=False) + "\n").encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return Delivery("sent", external_id=outbound.key)


def read(journal: Path) -> list[dict[str, Any]]:
    """The whole lines of a journal; half a line, left by a crash, is none."""
    if not journal.exists():
        return []
    return [json.loads(line) for line in journal.read_bytes().split(b"\n")[:-1]]


@hookimpl
def register_channels(config: Mapping[str, Any]) -> Iterable[Channel]:
    """There where a journal is named."""
    if "journal" not in config:
        return []
    journal = Path(str(config["journal"]))
    refuses = bool(config.get("refuses_twins", True))
    return [Test(journal, refuses, config.get("fail"), float(config.get("delay", 0)))]

"""Live chat: widget, chat page and app. The event log is its delivery; nothing goes through the outbox."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from engine.api import Can, Channel, Delivery, Outbound, Receive, hookimpl


class Chat(Channel):
    """Browsers talk to the web server's sockets; this names the channel and what it carries."""

    name = "chat"
    can = Can(attachments=True, live=True)

    async def listen(self, receive: Receive) -> None:
        """Nothing to fetch: lines come in through the sockets."""
        await asyncio.Event().wait()

    async def send(self, outbound: Outbound) -> Delivery:
        """A chat line has left when it is committed: every open window reads it from the log."""
        return Delivery("sent")


@hookimpl
def register_channels(config: Mapping[str, Any]) -> Iterable[Channel]:
    """Always there."""
    return [Chat()]

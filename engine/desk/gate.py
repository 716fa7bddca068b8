"""Dear work that anybody may ask for: so much at once, so much waiting, the rest asked to come back."""

from __future__ import annotations

import asyncio
from typing import Final

from engine.core.errors import Refused

COME_BACK: Final = 2
"""Seconds after which who was sent away may try again."""


class Gate:
    """`async with gate:` waits for its turn. Of one event loop."""

    def __init__(self, what: str, at_once: int, waiting: int) -> None:
        """`what` is called so in the refusal."""
        self._what = what
        self._turns = asyncio.Semaphore(max(1, at_once))
        self._room = max(1, at_once) + waiting

    async def __aenter__(self) -> None:
        """Waits for its turn. Raises Refused `busy` where too many wait already."""
        if self._room <= 0:
            text = f"too many {self._what} at this moment; try again"
            raise Refused("too-many", "busy", text, retry_after=COME_BACK)
        self._room -= 1
        try:
            await self._turns.acquire()
        except BaseException:
            self._room += 1
            raise

    async def __aexit__(self, *_: object) -> None:
        self._turns.release()
        self._room += 1

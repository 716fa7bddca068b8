"""Waiting for what comes in its own time: a fixed pause is too short on a busy machine and too long on any other.

`until` waits for something that must come; `stays` looks for a while whether something that holds goes on holding.
Each has a twin for a running loop.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

PAUSE = 0.02


def until(look: Callable[[], T], what: str, *, seconds: float = 30) -> T:
    """The first thing `look` gives that is true. `what`: what is waited for, in words."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, f"not within {seconds} s: {what} ({found!r})"
        time.sleep(PAUSE)
    return found


async def until_async(look: Callable[[], Awaitable[T]], what: str, *, seconds: float = 30) -> T:
    """`until`, while the loop goes on."""
    end = time.monotonic() + seconds
    while not (found := await look()):
        assert time.monotonic() < end, f"not within {seconds} s: {what} ({found!r})"
        await asyncio.sleep(PAUSE)
    return found


def stays(look: Callable[[], object], what: str, *, seconds: float) -> None:
    """Fails when `look` does not give something true all the time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert look(), f"no longer: {what}"
        time.sleep(PAUSE)
    assert look(), f"no longer: {what}"


async def stays_async(look: Callable[[], Awaitable[object]], what: str, *, seconds: float) -> None:
    """`stays`, while the loop goes on."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert await look(), f"no longer: {what}"
        await asyncio.sleep(PAUSE)
    assert await look(), f"no longer: {what}"

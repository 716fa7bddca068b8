"""Whether the store takes what it is given: tried, not guessed."""

from __future__ import annotations

import asyncio
import secrets
import time
from functools import partial

from engine.store import tables as t
from engine.store.errors import StoreError
from engine.store.tx import Tx
from engine.store.writer import Store

FRESH = 5.0
"""Seconds for which a good answer holds: who asks often does not keep the writer busy."""
WITHIN = 3.0
"""Seconds the store has for what is tried: who asks is answered even where the writer stands still."""
_LITTLE, _MUCH = 4_096, 500_000
"""Bytes that are tried: little as a rule; where writes have failed, more than they are likely to have needed."""
_NAME = "store.health"


class Health:
    """What the store says when it is asked to write."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._good_at = -FRESH
        self._refusals = store.refusals
        """Those of the store when it last took what was tried."""
        self._asking = asyncio.Lock()

    async def trouble(self) -> str | None:
        """Returns why nothing can be stored. None: something was, less than `FRESH` seconds ago and later than any
        write that the store could not take."""
        async with self._asking:  # who come at once are told the same
            refusals = self._store.refusals
            if refusals == self._refusals and time.monotonic() - self._good_at < FRESH:
                return None
            size = _LITTLE if refusals == self._refusals else _MUCH
            try:
                await asyncio.wait_for(self._store.write(partial(_try, size=size)), WITHIN)
            except TimeoutError:
                return f"a write of {size} bytes is not stored within {WITHIN:g} s: the store is locked, or very slow"
            except StoreError as error:
                return str(error)
            self._refusals, self._good_at = refusals, time.monotonic()
            return None


def _try(tx: Tx, size: int) -> None:
    """Takes room and gives it back; random text, which no database packs."""
    row = {"shop": "", "name": _NAME, "value": secrets.token_hex(size // 2), "at": tx.now}
    tx.insert_many(t.Parameter, [row], ignore=True)
    tx.run(t.Parameter.delete().where(t.Parameter.name == _NAME))

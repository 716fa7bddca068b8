"""The queue: tickets that wait for a team are given out whenever somebody may have room."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from engine.core import rights, routing
from engine.core.commands import ServeQueue
from engine.core.entities import Agent
from engine.desk.context import Context
from engine.store import EventRow, Tx, load, queue
from engine.store.lookups import StoreLookups

REST = 0.05
"""Seconds before the next look: what comes meanwhile is served in one."""
MOST = 100
"""Tickets given out before the others get a turn."""


class Queue:
    """Serves one desk's queue. Hears of every commit, and looks once for all that came meanwhile."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._room = self._serving = False
        context.after_commit.append(self._hear)

    def _hear(self, events: Sequence[EventRow]) -> None:
        if any(event.kind in routing.MAKES_ROOM for event in events):
            self._room = True
            if not self._serving:
                self._serving = True
                self._context.spawn(self._serve())

    async def _serve(self) -> None:
        try:
            while self._room:
                self._room = False
                for _ in range(MOST):
                    if not await self._serve_one():
                        break
                await asyncio.sleep(REST)
        finally:
            self._serving = False

    async def _serve_one(self) -> bool:
        """Gives the ticket that is next to an agent who has room. False when there is none, or nothing came of it."""
        words, roles = self._context.lexicon, self._context.book.roles

        def look(tx: Tx) -> tuple[int, str] | None:
            lookups = StoreLookups(tx, words, lock=False)

            def able(shop: str) -> list[Agent]:
                return rights.able(roles, lookups.roster(shop))

            return routing.next_served(queue.queue(tx), able, lookups.last_agent)

        found = await self._context.read(look)
        if found is None:
            return False
        ticket_id, username = found

        def job(tx: Tx) -> dict[str, Any]:
            work = self._context.work(tx)
            case = load.ticket_case(tx, work.words, ticket_id=ticket_id, lines=0)
            if case is None or case.ticket is None or case.ticket.assignee is not None:
                return {}
            return {"served": bool(work.decide(ServeQueue(ticket_id, username), case).decision.events)}

        return bool((await self._context.write(job)).get("served"))

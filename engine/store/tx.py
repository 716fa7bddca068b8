"""What a unit of work holds: one job's part of a write transaction, or one read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.core.entities import SYSTEM, Actor
from engine.store.log import EventRow, to_json
from engine.store.secret import KeyRing
from engine.store.sql import Connection, Prepared, p
from engine.store.tables import Counter

if TYPE_CHECKING:
    from engine.store.search import Index


_NEXT = Prepared(lambda: Counter.update(value=Counter.value + 1).where(Counter.name == p("name")))
_VALUE = Prepared(lambda: Counter.select(Counter.value).where(Counter.name == p("name")))


class Tx(Connection):
    """A job's or a read's view of the store. `now` stands still for all of it."""

    def __init__(self, database: Any, ring: KeyRing, indexes: Mapping[str, Index], now: int, instance: str) -> None:
        super().__init__(database)
        self.ring = ring
        self.indexes = indexes
        self.now = now
        """Whole microseconds UTC, taken once for the job; never runs backwards."""
        self.instance = instance
        """Which process this is: stands in what it has claimed."""
        self.events: list[EventRow] = []
        self.decisions: list[tuple[dict[str, Any], EventRow | None]] = []
        self.texts: list[tuple[str, int, str, str]] = []
        """What is to be found by search: index, row, the text it was found by so far, the new text."""
        self.kicks: list[int] = []
        """Due times that this job brought: the pump wakes for them after the commit."""

    def record(
        self,
        kind: str,
        body: Mapping[str, Any] | None = None,
        *,
        actor: Actor = SYSTEM,
        shop: str | None = None,
        object: str | None = None,
        ticket_id: int | None = None,
        member_id: int | None = None,
        message_id: int | None = None,
    ) -> EventRow:
        """Puts an event into the log; it gets its id at the end of the batch.

        Raises TypeError when the body is not plain data.
        """
        body = body or {}
        event = EventRow(
            at=self.now,
            kind=kind,
            actor_kind=actor.kind,
            actor_id=actor.id,
            shop=shop,
            object=object,
            ticket_id=ticket_id,
            member_id=member_id,
            message_id=message_id,
            body=body,
            text=to_json(body),
        )
        self.events.append(event)
        return event

    def find_by(self, index: str, id: int, text: str, *, old: str = "") -> None:
        """Makes a row findable by a text, no longer by the `old` one; done at the end of the batch.

        A full text index of SQLite writes its pages out at every savepoint it is part of.
        """
        if text != old:
            self.texts.append((index, id, old, text))

    def next_number(self, name: str = "ticket") -> int:
        """The next number of a counter. Its row stays locked to the COMMIT; numbers of failed jobs are given again."""
        self.run(_NEXT, name=name)
        return int(self.value(_VALUE, name=name))

    def kick(self, due_at: int) -> None:
        """Something falls due then: the pump is told after the commit."""
        self.kicks.append(due_at)

"""What a unit of work holds: one job's part of a write transaction, or one read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.core.entities import SYSTEM, Actor, Agent
from engine.store.log import EventRow, to_json
from engine.store.secret import KeyRing
from engine.store.sql import Connection, Prepared, p
from engine.store.tables import Counter

if TYPE_CHECKING:
    from engine.store.search import Index


_NEXT = Prepared(lambda: Counter.update(value=Counter.value + p("count")).where(Counter.name == p("name")))
_VALUE = Prepared(lambda: Counter.select(Counter.value).where(Counter.name == p("name")))


# What writes to agents or what hangs on them begins so, however it is made here: `sql`'s statements and peewee's.
_ON_AGENTS = ('INSERT INTO "agent', 'UPDATE "agent', 'DELETE FROM "agent')


@dataclass(slots=True)
class Shared:
    """What the jobs of one transaction need not ask again; emptied where one of them is rolled back."""

    agents: dict[str, list[Agent]] = field(default_factory=dict)
    """Who serves a shop; emptied where a job writes to agents or what hangs on them."""
    numbers: dict[str, int] = field(default_factory=dict)
    """What counters stand at that this transaction has counted on, and so locked."""

    def clear(self) -> None:
        """Forgets all."""
        self.agents.clear()
        self.numbers.clear()


class Tx(Connection):
    """A job's or a read's view of the store. `now` stands still for all of it."""

    def __init__(
        self,
        database: Any,
        ring: KeyRing,
        indexes: Mapping[str, Index],
        now: int,
        instance: str,
        shared: Shared | None = None,
    ) -> None:
        super().__init__(database)
        self.shared = Shared() if shared is None else shared
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
            address=actor.address,
            device=actor.device,
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

    def next_number(self, name: str = "ticket", count: int = 1) -> int:
        """The last of so many next numbers of a counter. Its row stays locked to the COMMIT; numbers of failed jobs are
        given again."""
        self.run(_NEXT, name=name, count=count)
        numbers = self.shared.numbers
        numbers[name] = numbers[name] + count if name in numbers else int(self.value(_VALUE, name=name))
        return numbers[name]

    def _execute(self, sql: str, params: tuple[Any, ...]) -> Any:
        if sql.startswith(_ON_AGENTS):
            self.shared.agents.clear()
        return super()._execute(sql, params)

    def execute_many(self, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """One statement for many rows of parameters."""
        if sql.startswith(_ON_AGENTS):
            self.shared.agents.clear()
        super().execute_many(sql, rows)

    def kick(self, due_at: int) -> None:
        """Something falls due then: the pump is told after the commit."""
        self.kicks.append(due_at)

"""The search: lines and subjects that hold what was typed, newest first, page by page.

The index narrows: it knows words and Chinese, not what stands between them. What was typed with signs in it (`ab-12`,
`C++`, 😀) is looked for in the texts that the index gives; where it has signs alone, in all texts that may be seen.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import islice
from typing import Any

from engine.core import questions as ask
from engine.core.access import Scope
from engine.lang.text import fold
from engine.store import tables as t
from engine.store.paging import cursor, limited, read_cursor
from engine.store.queries import of_ticket, words_for_members
from engine.store.search import typed
from engine.store.tx import Tx

SHOWN = 300
"""Characters of a hit's text."""
STEP = 500
"""Rows looked at together for signs."""
MOST_STEPS = 40
"""Of these for one page: where few rows hold the signs, the page is short and has a next."""
NEWEST = (1 << 63) - 1

Row = dict[str, Any]
Fetch = Callable[[int, int], list[Row]]
"""Rows below an id, newest first, at most so many: id, number, subject, whole (the text searched), created_at."""


def search(tx: Tx, scope: Scope, question: ask.Search) -> dict[str, Any]:
    """`items` (ticket, subject, message, text, at) and `next`. Raises BadCursor."""
    limit = limited(question.limit)
    signs = typed(question.q)
    below = read_cursor(question.cursor, 2) if question.cursor is not None else [NEWEST, NEWEST]
    lines = _Found(_lines(tx, scope, question.q, signs), signs, below[0], limit)
    subjects = _Found(_subjects(tx, scope, question.q, signs), signs, below[1], limit)
    # Each is in the order of its ids, which is that of time but for clocks set back.
    both = heapq.merge(
        ((row, lines) for row in lines.rows),
        ((row, subjects) for row in subjects.rows),
        key=lambda one: one[0]["created_at"],
        reverse=True,
    )
    items = []
    for row, kind in islice(both, limit):
        kind.taken += 1
        items.append(_hit(row, row["id"] if kind is lines else None))
    more = lines.more or subjects.more
    return {"items": items, "next": cursor(lines.next_below, subjects.next_below) if more else None}


def _hit(row: Row, message: int | None) -> dict[str, Any]:
    return {
        "ticket": row["number"],
        "subject": row["subject"],
        "message": message,
        "text": row["whole"][:SHOWN],
        "at": row["created_at"],
    }


class _Found:
    """Rows of one kind that hold the signs, one more than a page at most, and how far was looked."""

    def __init__(self, fetch: Fetch | None, signs: tuple[str, ...], below: int, limit: int) -> None:
        self.rows: list[Row] = []
        self.taken = 0
        """So many of them are on the page."""
        self._below = self._looked = below
        self._ended = fetch is None
        most = STEP if signs else limit + 1
        for _ in range(MOST_STEPS):
            if fetch is None or self._ended or len(self.rows) > limit:
                return
            rows = fetch(self._looked, most)
            self.rows += [row for row in rows if not signs or all(sign in fold(row["whole"]) for sign in signs)]
            self._looked = rows[-1]["id"] if rows else self._looked
            self._ended = len(rows) < most

    @property
    def more(self) -> bool:
        """Whether the next page may have some of them."""
        return self.taken < len(self.rows) or not self._ended

    @property
    def next_below(self) -> int:
        """The id under which it begins."""
        if self.taken == len(self.rows):
            return self._looked
        return int(self.rows[self.taken - 1]["id"]) if self.taken else self._below


def _lines(tx: Tx, scope: Scope, q: str, signs: tuple[str, ...]) -> Fetch | None:
    condition = of_ticket(scope)
    if not scope.staff:
        condition &= words_for_members()
    columns = (t.Ticket.number, t.Ticket.subject, t.Message.id, t.Message.text.alias("whole"), t.Message.created_at)
    query = t.Message.select(*columns).join(t.Ticket, on=(t.Ticket.id == t.Message.ticket_id)).where(condition)
    return _fetch(tx, query.switch(t.Message), t.Message.id, tx.indexes["message"].matching(q), signs)


def _subjects(tx: Tx, scope: Scope, q: str, signs: tuple[str, ...]) -> Fetch | None:
    columns = (t.Ticket.number, t.Ticket.subject, t.Ticket.id, t.Ticket.subject.alias("whole"), t.Ticket.created_at)
    query = t.Ticket.select(*columns).where(of_ticket(scope))
    return _fetch(tx, query, t.Ticket.id, tx.indexes["ticket"].matching(q), signs)


def _fetch(tx: Tx, query: Any, key: Any, matching: Any, signs: tuple[str, ...]) -> Fetch | None:
    """None where there is nothing to look for."""
    if matching is None and not signs:
        return None
    place = key
    if matching is not None:
        hit = matching.alias("hit")
        query, place = query.join(hit, on=(hit.c.id == key)), hit.c.id
    return lambda below, most: tx.rows(query.where(place < below).order_by(place.desc()).limit(most))

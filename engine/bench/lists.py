"""Lists: the views of the inbox with their counts, at tens of thousands of tickets.

A fifth of the tickets is closed, a tenth has an assignee, a twentieth is overdue. They are copies of a few that the
desk made: true to the tables that lists read, not to the log.
"""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from engine.bench.http import BODY, Served, load, read, served

TICKETS = 30_000
LISTS = (
    ("unassigned", "/api/v1/tickets?view=unassigned&count=true"),
    ("mine", "/api/v1/tickets?view=mine&count=true"),
    ("waiting", "/api/v1/tickets?view=waiting&count=true"),
    ("overdue", "/api/v1/tickets?view=overdue&count=true"),
    ("all", "/api/v1/tickets?view=all&count=true"),
    ("views", "/api/v1/views"),
)


def measure(*, quick: bool = False) -> dict[str, Any]:
    """Asks for each view of the inbox again and again, and prints how long it takes."""
    seconds = 1.0 if quick else 3.0
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="yingda-bench-") as folder, served(Path(folder) / "desk") as one:
        body = {**BODY, "requester": {"id": one.member}}
        load(f"{one.url}/api/v1/tickets", 1.0, {"method": "POST", "headers": one.headers, "body": body})
        fill(one, TICKETS)
        print(f"{TICKETS} tickets, one client, {seconds:.0f} s each")
        for name, path in LISTS:
            found = read(one, path, seconds)
            if found["failed"]:
                raise RuntimeError(f"not a figure: `{path}` was refused, by status {found['failed']}")
            figures[name] = {"p50_ms": found["p50_ms"], "p99_ms": found["p99_ms"]}
            print(f"{name:<12} p50 {found['p50_ms']:6.1f} ms, p99 {found['p99_ms']:6.1f} ms (goal 10)")
    return figures


_FILL = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :more)
INSERT INTO ticket ({columns}) SELECT {values} FROM n JOIN ticket ON ticket.id = 1 + n.i % :known
"""
_VARIED = {
    "number": ":last + n.i",
    "category": "CASE WHEN n.i % 5 = 0 THEN 'closed' ELSE category END",
    "assignee_id": "CASE WHEN n.i % 10 = 1 THEN 1 END",
    "due_at": "CASE WHEN n.i % 20 = 2 THEN created_at ELSE due_at END",
    "waiting_since": "CASE WHEN n.i % 3 = 0 THEN waiting_since END",
    "created_at": "created_at - n.i * 60000000",
    "updated_at": "updated_at - n.i * 30000000",
}


def fill(one: Served, upto: int) -> None:
    """Copies the tickets of a desk on SQLite until there are so many."""
    with closing(sqlite3.connect(one.folder / "data" / "desk.db", timeout=30)) as database, database:
        known, last = database.execute("SELECT COUNT(*), MAX(number) FROM ticket").fetchone()
        columns = [row[1] for row in database.execute("PRAGMA table_info(ticket)") if row[1] != "id"]
        values = ", ".join(_VARIED.get(name, name) for name in columns)
        sql = _FILL.format(columns=", ".join(columns), values=values)
        database.execute(sql, {"more": upto - known, "known": known, "last": last})
        database.execute("UPDATE counter SET value = ? WHERE name = 'ticket'", (last + upto,))

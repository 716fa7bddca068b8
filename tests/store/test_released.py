"""A store that an earlier version filled opens, upgrades, explains its old decisions, and is found whole."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playhouse.migrations import Runner

from engine.config import load
from engine.core.questions import Messages, TicketByNumber, Tickets
from engine.desk import SYSTEM, Desk, MemberLine, accounts
from engine.features.answers.commands import Answers
from engine.features.quick_replies.commands import QuickReplies, SaveQuickReply
from engine.store import migrate
from engine.store.search import Index

RELEASED = sorted(Path(__file__).with_name("released").glob("*.jsonl"))
"""What each released schema left behind: its key ring, then its tables with their rows; bytes in base64."""
RULES = Path(__file__).resolve().parents[2] / "rules"


def rows(file: Path) -> Iterator[tuple[str, list[str], list[Any]]]:
    """Table, columns and values of each row, in an order in which they can be written."""
    table, columns = "", []
    for line in file.read_text("utf-8").splitlines()[1:]:
        found = json.loads(line)
        if isinstance(found, dict):
            table, columns = found["table"], found["columns"]
            continue
        yield table, columns, [base64.b64decode(v["b"]) if isinstance(v, dict) else v for v in found]


def write(storage: Any, file: Path) -> None:
    """Makes the schema of that version and writes its rows."""
    database = storage.database
    runner = Runner(database, str(migrate.FOLDER))
    last = next(m.name for m in reversed(runner.status()) if m.name.startswith(file.stem))
    runner.up(last)
    serial = set()
    with database.atomic():
        database.execute_sql("DELETE FROM counter")
        for table, columns, values in rows(file):
            flags = {c.name for c in database.get_columns(table) if c.data_type == "boolean"}
            values = [bool(v) if name in flags else v for name, v in zip(columns, values, strict=True)]
            names = ", ".join(f'"{name}"' for name in columns)
            marks = ", ".join([database.param] * len(columns))
            database.execute_sql(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', tuple(values))
            if "id" in columns and table != "event":
                serial.add(table)
        if "postgres" in type(storage).__module__:
            for table in serial:
                database.execute_sql(
                    f"SELECT setval(pg_get_serial_sequence('\"{table}\"', 'id'), (SELECT MAX(id) FROM \"{table}\"))"
                )
        # The indexes are no tables of ours: what was written is made findable as that version did.
        for name, column in (("message", "text"), ("ticket", "subject"), ("member", "name")):
            raw = storage.index(name)
            raw.ensure()
            for row, text in database.execute_sql(f'SELECT id, {column} FROM "{name}"').fetchall():
                Index(raw).put(row, text or "")
    database.close()


@pytest.mark.parametrize("file", RELEASED, ids=lambda file: file.stem)
def test_it_opens_upgrades_explains_and_is_whole(file: Path, empty_url: str, plugins: Any, tmp_path: Path) -> None:
    storage = plugins.open("storage", empty_url, {})
    write(storage, file)
    storage.close()
    folder = tmp_path / "upgraded"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "keys").write_text(json.loads(file.read_text("utf-8").splitlines()[0])["keys"])
    shutil.copytree(RULES, folder / "rules", ignore=shutil.ignore_patterns("tests"))
    config = load(folder, overrides={"storage.url": empty_url})

    async def work() -> None:
        desk = await Desk.open(config)
        try:
            assert desk.rulebook is not None, "the rules of then still build"
            troubles = [line.text for line in await accounts.examine(desk.context) if not line.ok]
            assert not troubles
            listed = (await desk.query(SYSTEM, Tickets(limit=200)))["items"]
            assert len(listed) >= 3
            acted = 0
            for ticket in listed:
                trace = await desk.explain(ticket["number"])
                assert trace is not None and trace["items"]
                for item in trace["items"]:
                    for rule in item["rules"]:
                        assert rule["rule"] and isinstance(rule["why"], str)
                        assert all(isinstance(change, str) and change for change in rule["changes"])
                        acted += rule["outcome"] == "acted" and bool(rule["changes"])
                assert (await desk.query(SYSTEM, Messages(ticket["number"])))["items"]
            assert acted, "a rule did something, and says what"
            library = (await desk.query(SYSTEM, Answers()))["items"]
            assert len(library) == 10 and all(entry["type"] is None and entry["clicks"] == 0 for entry in library)
            # And it goes on: a ticket moves, the new tables are there.
            number = listed[0]["number"]
            before = (await desk.query(SYSTEM, TicketByNumber(number)))["version"]
            requester = listed[0]["requester"]["id"]
            line = MemberLine("demo", "升級之後再問一次", number=number)
            assert requester and (await desk.act(SYSTEM, line))["ticket"] == number
            assert (await desk.query(SYSTEM, TicketByNumber(number)))["version"] > before
            await desk.act(SYSTEM, SaveQuickReply({"title": "升級", "text": "好", "scope": "desk"}))
            (reply,) = (await desk.query(SYSTEM, QuickReplies()))["items"]
            assert reply["keys"][:2] == ("shengji", "sj")
            assert not [line.text for line in await accounts.examine(desk.context) if not line.ok]
        finally:
            await desk.close()

    asyncio.run(work())

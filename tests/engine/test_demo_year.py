"""A demo of a year: most of it told again in bulk, true to every table, index and chain; it outlives `kill -9`."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from engine import demo
from engine.core.commands import OpenTicket, SignIn
from engine.core.entities import DAY, SYSTEM, Actor
from engine.core.questions import Events, Messages, Search, TicketByNumber, Tickets, Views
from engine.demo import year
from engine.desk import Desk, accounts
from engine.store import Tx, packing, wall_clock
from engine.store import tables as t
from engine.store.doctor import check_chain, check_store
from tests.support.house import RULES, House

TICKETS = 1_000
SMALLER = {"SAMPLE": 150, "THROUGH": 250}
"""So many go through the engine, which is nearly all the time it takes; the rest are copies, as in any demo."""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A desk with a year of tickets."""
    folder = tmp_path_factory.mktemp("year") / "desk"
    folder.mkdir()
    house = House(folder)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SMALLER.items():
            patch.setattr(year, name, value)
        asyncio.run(demo.fill(house.config, tickets=TICKETS, password="a-password"))
    return house


def read(house: House, work: Any) -> Any:
    """Looks into the store."""
    return house.run(lambda desk: desk.context.read(work))


def test_doctor_finds_nothing_and_the_year_is_full(filled: House) -> None:
    async def look(desk: Desk) -> None:
        assert all(line.ok for line in await accounts.examine(desk.context))
        lin: Actor = (await desk.act(SYSTEM, SignIn("lin", "a-password")))["actor"]
        views = {view["name"]: view["count"] for view in (await desk.query(lin, Views()))["items"]}
        assert TICKETS * 0.97 < views["all"] < TICKETS * 1.03
        assert views["overdue"] + views["waiting"] < 60, "the past is settled; what is open is of the last days"

    filled.run(look)

    def months(tx: Tx) -> Counter[int]:
        return Counter((wall_clock() - at) // (28 * DAY) for at in tx.values(t.Ticket.select(t.Ticket.created_at)))

    assert min(read(filled, months)[month] for month in range(13)) > TICKETS / 13 / 3, "no month is empty"


def test_rows_of_a_copy_are_those_of_a_ticket(filled: House) -> None:
    def look(tx: Tx) -> None:
        assert check_store(tx) == []
        numbers = tx.values(t.Ticket.select(t.Ticket.number).order_by(t.Ticket.created_at))
        assert sorted(numbers) == list(range(1, len(numbers) + 1))
        assert numbers[len(numbers) // 2] == pytest.approx(len(numbers) / 2, rel=0.1), "numbers grow with time"
        counted = {row["name"]: row["value"] for row in tx.rows(t.Counter.select())}
        assert counted["ticket"] == len(numbers)
        for model in (t.Message, t.Chat, t.SlaClock, t.Rating, t.Notification, t.Event, t.Decision, t.Seen):
            at = {"SlaClock": "started_at", "Chat": "served_at"}.get(model.__name__, "at")
            column = getattr(model, at, None) or model.created_at
            early = (
                model.select(t.Ticket.number, column.alias("its"), t.Ticket.created_at)
                .join(t.Ticket, on=(t.Ticket.id == model.ticket_id))
                .where(column < t.Ticket.created_at)
            )
            assert tx.rows(early) == [], f"{model.__name__} before its ticket"
        for row in tx.rows(t.Event.select().where(t.Event.kind.in_(("message.sent", "message.received")))):
            assert json.loads(row["body"])["message"] == row["message_id"]
        owners = t.Message.select(t.Message.author_id, t.Ticket.member_id).join(
            t.Ticket, on=(t.Ticket.id == t.Message.ticket_id)
        )
        assert all(
            row["author_id"] == row["member_id"] for row in tx.rows(owners.where(t.Message.author_kind == "member"))
        )
        wrong = t.Event.select(t.Event.id).join(t.Message, on=(t.Message.id == t.Event.message_id))
        assert tx.values(wrong.where(t.Event.ticket_id != t.Message.ticket_id)) == []
        strangers = t.Decision.select(t.Decision.id).join(t.Event, on=(t.Event.id == t.Decision.event_id))
        assert tx.values(strangers.where(t.Event.ticket_id != t.Decision.ticket_id)) == []
        last = t.Message.select(t.Message.ticket_id, t.Ticket.last_message_id).join(
            t.Ticket, on=(t.Ticket.last_message_id == t.Message.id)
        )
        assert tx.values(last.where(t.Message.ticket_id != t.Ticket.id)) == []
        keep = wall_clock() - 92 * DAY
        old = t.Decision.select(t.Decision.id).where((t.Decision.at < keep) & (t.Decision.snapshot != b""))
        sampled = t.Decision.select(t.Decision.id).where(t.Decision.ticket_id > SMALLER["SAMPLE"] * 1.2)
        assert tx.values(old.where(t.Decision.id.in_(sampled))) == [], "as upkeep leaves them"

    read(filled, look)


def test_a_copy_explains_itself_is_found_and_speaks_of_itself_alone(filled: House) -> None:
    async def look(desk: Desk) -> None:
        lin: Actor = (await desk.act(SYSTEM, SignIn("lin", "a-password")))["actor"]
        recent = await desk.query(lin, Tickets(sort="-created_at", limit=200, filter="ticket.category = closed"))
        copies = [item for item in recent["items"] if item["number"] < TICKETS - 2 * year.LEAST]
        assert copies
        told = 0
        for item in copies[:40]:
            number = item["number"]
            trace = await desk.explain(number)
            assert trace is not None and any(one["rules"] for one in trace["items"])
            events = (await desk.query(lin, Events(number, limit=200)))["items"]
            assert events[0]["kind"] == "ticket.created" and events[0]["body"]["number"] == number
            assert [event["at"] for event in events] == sorted(event["at"] for event in events)
            lines = (await desk.query(lin, Messages(number, limit=200)))["items"]
            texts = [line["text"] for line in lines] + [json.dumps(event["body"]) for event in events]
            for text in texts:
                if "#0" in text:
                    assert f"#{number:05d}" in text, text
                    told += 1
            ticket = await desk.query(lin, TicketByNumber(number))
            assert ticket["requester"]["name"] in (*(line["author"]["name"] for line in lines), None)
            assert ticket["unread"] == 0 or ticket["assignee"] != "lin", "who has it has read it"
        assert told > 20
        found = await desk.query(lin, Search("退款"))
        assert any(item["ticket"] > SMALLER["SAMPLE"] * 1.2 for item in found["items"]), found["items"][:3]

        def snapshot(tx: Tx) -> Any:
            of = t.Decision.select(t.Decision.snapshot, t.Decision.at, t.Ticket.number).join(
                t.Ticket, on=(t.Ticket.id == t.Decision.ticket_id)
            )
            row = tx.row(of.where((t.Ticket.number == copies[0]["number"]) & (t.Decision.root == "ticket.created")))
            return row, packing.unpack_snapshot(tx, row["snapshot"])

        row, known = await desk.context.read(snapshot)
        assert abs(known["now"] - row["at"]) < 1_000_000
        values = known["waves"][0]["stages"][0]["values"]
        assert values["ticket.number"] == copies[0]["number"]
        rule = next(rule["rule"] for one in (await desk.explain(row["number"]))["items"] for rule in one["rules"])  # type: ignore[index]
        assert await desk.explain(row["number"], rule=rule) is not None
        assert (await desk.explain(row["number"], rule="forgotten"))["items"], "why another did not act: replayed"  # type: ignore[index]

    filled.run(look)


def test_who_has_a_demo_gets_the_password_only(filled: House) -> None:
    before = read(filled, lambda tx: len(tx.values(t.Ticket.select(t.Ticket.id))))
    assert "another-one" in asyncio.run(demo.fill(filled.config, tickets=50, password="another-one"))
    assert read(filled, lambda tx: len(tx.values(t.Ticket.select(t.Ticket.id)))) == before
    asyncio.run(demo.fill(filled.config, tickets=50, password="a-password"))


def test_it_is_the_same_on_a_database_server(
    house: House, postgres_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"SAMPLE": 40, "THROUGH": 50, "LEAST": 20, "STEP": 50}.items():
        monkeypatch.setattr(year, name, value)
    database = postgres_server.create()
    house.settings["storage.url"] = postgres_server.url(database)
    asyncio.run(demo.fill(house.config, tickets=400, password="a-password"))

    async def look(desk: Desk) -> None:
        assert all(line.ok for line in await accounts.examine(desk.context))
        lin: Actor = (await desk.act(SYSTEM, SignIn("lin", "a-password")))["actor"]
        trace = await desk.explain(200)
        assert trace is not None and trace["items"]
        opened = await desk.act(lin, OpenTicket("x", "hello", shop="demo", requester={"name": "z"}))
        assert 380 < opened["ticket"]["number"] < 430, "the server goes on counting where the copies ended"
        assert len((await desk.query(lin, Messages(opened["ticket"]["number"])))["items"]) >= 1

    house.run(look)
    postgres_server.drop(database)


COMMAND = """
import sys
from engine import cli, worker
from engine.demo import year
from engine.store import jobs
jobs.LEASE, worker.BEAT = 1_000_000, 0.2
year.SAMPLE, year.THROUGH, year.STEP = 60, 100, 20
sys.exit(cli.main(["demo", "--desk", sys.argv[1], "--tickets", "900"]))
"""


def test_killed_and_stopped_it_goes_on_where_it_stood(tmp_path: Path) -> None:
    shutil.copytree(RULES, tmp_path / "rules", ignore=shutil.ignore_patterns("tests"))
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", COMMAND, str(tmp_path)]
    parts: list[str] = []
    for how in (*[signal.SIGKILL] * 6, signal.SIGINT):
        child = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        before = _state(tmp_path)
        end = time.monotonic() + 60
        while _state(tmp_path) == before and child.poll() is None:
            assert time.monotonic() < end
            time.sleep(0.02)
        time.sleep(0.5)
        child.send_signal(how)
        said, _ = child.communicate(timeout=30)
        parts.append(_state(tmp_path))
        if how == signal.SIGINT and child.returncode:
            assert child.returncode == 2 and "goes on from there" in said, said
    assert len(set(parts)) > 3, f"it was killed in the middle: {parts}"
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    house = House.__new__(House)
    house.folder, house.settings = tmp_path, {}

    def look(tx: Tx) -> None:
        assert check_chain(tx).troubles == () and check_store(tx) == []
        (job,) = tx.rows(t.Job.select())
        assert (job["state"], job["done"]) == ("done", 900)
        orders = tx.values(t.Ticket.select(t.Ticket.order_no).where(t.Ticket.order_no.startswith("TW2027")))
        assert len(orders) == len(set(orders)), "no copy was made twice"
        guests = tx.values(t.Identity.select(t.Identity.value_key).where(t.Identity.kind == "visitor"))
        assert len(guests) == len(set(guests))
        assert 850 < len(tx.values(t.Ticket.select(t.Ticket.id))) < 960
        seen = t.Seen.select(t.Seen.ticket_id)
        unseen = t.Ticket.select(t.Ticket.id).where(t.Ticket.order_no.startswith("TW2027") & t.Ticket.id.not_in(seen))
        assert tx.values(unseen.where(t.Ticket.assignee_id.is_null(False))) == []

    house.run(lambda desk: desk.context.read(look))


def _state(folder: Path) -> str:
    try:
        with sqlite3.connect(f"file:{folder}/data/desk.db?mode=ro", uri=True) as connection:
            row = connection.execute("SELECT place, done, state FROM job WHERE kind = 'demo'").fetchone()
            return str(row)
    except sqlite3.OperationalError:
        return ""

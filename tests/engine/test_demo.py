"""The demo shop: all of it through the real engine, in all states, and signed in to with this start's password."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from engine import demo
from engine.cli import main
from engine.config import load
from engine.core.commands import SignIn
from engine.core.entities import SYSTEM
from engine.core.errors import Refused
from engine.core.questions import Tickets, Views
from engine.demo import people
from engine.desk import Desk, accounts
from engine.features.answers.commands import Answers
from engine.store import bulk
from tests.support.house import House


@pytest.mark.slow
def test_the_demo_has_every_state_and_a_password_for_each_start(house: House) -> None:
    told = asyncio.run(demo.fill(house.config, tickets=40, password="first-password"))
    for account in demo.ACCOUNTS:
        assert account.username in told

    async def look(desk: Desk) -> Any:
        lin = (await desk.act(SYSTEM, SignIn("lin", "first-password")))["actor"]
        ming = (await desk.act(SYSTEM, SignIn("ming", "first-password")))["actor"]
        assert (lin.kind, ming.kind) == ("agent", "member")
        page = await desk.query(lin, Tickets(limit=200))
        states = {(t["kind"], t["category"]) for t in page["items"]}
        assert len(page["items"]) >= 40
        assert {("chat", "closed"), ("inquiry", "closed"), ("inquiry", "open")} <= states
        counts = {v["name"]: v["count"] for v in (await desk.query(lin, Views()))["items"]}
        assert counts["all"] == len(page["items"])
        trace = await desk.explain(page["items"][0]["number"])
        assert trace is not None
        assert all(line.ok for line in await accounts.examine(desk.context))

    house.run(look)
    again = asyncio.run(demo.fill(house.config, tickets=40, password="second-password"))
    assert "second-password" in again

    async def anew(desk: Desk) -> int:
        with pytest.raises(Refused):
            await desk.act(SYSTEM, SignIn("lin", "first-password"))
        lin = (await desk.act(SYSTEM, SignIn("lin", "second-password")))["actor"]
        return len((await desk.query(lin, Tickets(limit=200)))["items"])

    assert 40 <= house.run(anew) < 60, "nothing is made twice"


def small(house: House, password: str = "demo-password") -> str:
    return asyncio.run(demo.fill(house.config, tickets=3, password=password))


def tickets(house: House) -> int:
    return int(house.run(lambda desk: desk.context.read(bulk.count_tickets)))


def test_a_desk_of_somebody_else_is_refused_and_keeps_its_password(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = tmp_path / "desk"
    assert main(["init", str(desk)]) == 0
    capsys.readouterr()
    data = load(desk).data

    def held() -> Any:
        with sqlite3.connect(next(data.glob("*.db"))) as store:
            logins = store.execute("SELECT username, password, changed_at FROM login").fetchall()
            return logins, store.execute("SELECT COUNT(*) FROM event").fetchall()

    before = held()
    assert main(["demo", "--tickets", "3", "--desk", str(desk)]) == 2
    said = capsys.readouterr()
    assert str(data) in said.err and "--data" in said.err
    assert "password" not in said.out
    assert held() == before


def test_a_demo_that_people_play_with_starts_again_and_keeps_what_they_have_set(house: House) -> None:
    small(house)

    async def play(desk: Desk) -> None:
        await accounts.save_agent(desk.context, "mine", "my-password", roles=["agent"])
        await accounts.set_password(desk.context, "amy", "amys-own-one")

    house.run(play)
    told = small(house, "second-password")
    assert [line.split()[0] for line in told.splitlines() if "keeps" in line] == ["amy"]
    assert small(house, "third-password").count("keeps") == 1

    async def look(desk: Desk) -> None:
        for name, password in (("mine", "my-password"), ("amy", "amys-own-one"), ("admin", "third-password")):
            await desk.act(SYSTEM, SignIn(name, password))

    house.run(look)


class Killed(BaseException):
    """Stands for the end of the process."""


def test_killed_around_its_accounts_the_demo_is_made_by_the_next_run(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(*_: Any) -> None:
        raise Killed

    async def library(desk: Desk) -> list[str]:
        return [row["titles"]["zh-TW"] for row in (await desk.query(SYSTEM, Answers()))["items"]]

    for name in ("add_accounts", "_run"):  # before the accounts, and right after them
        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(demo, name, killed)
            small(house)
    assert tickets(house) == 0
    small(house)
    assert tickets(house) >= 3
    titles = house.run(library)
    assert titles and len(titles) == len(set(titles)), "the library is there once"


def test_accounts_that_an_older_version_left_without_a_job_get_one(house: House) -> None:
    house.run(lambda desk: people.add_accounts(desk, "old-password"))
    small(house)
    assert tickets(house) >= 3


def test_a_failed_demo_is_told_by_its_exit_code_each_time(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def broken(*_: Any) -> None:
        raise ValueError("this demo is bad")

    monkeypatch.setattr(people, "add_members", broken)
    for _ in range(2):
        assert main(["demo", "--tickets", "3", "--desk", str(house.folder)]) == 2
        said = capsys.readouterr()
        assert "this demo is bad" in said.err and "Demo accounts" not in said.out

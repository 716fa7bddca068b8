"""The demo shop: all of it through the real engine, in all states, and signed in to with this start's password."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine import demo
from engine.core.commands import SignIn
from engine.core.entities import SYSTEM
from engine.core.errors import Refused
from engine.core.questions import Tickets, Views
from engine.desk import Desk, accounts
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

"""A plugin that hangs or blocks holds its own lane: the others' lines leave, the desk answers, operators are told."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from engine.core.commands import OpenTicket
from engine.core.entities import SYSTEM
from engine.core.questions import Messages
from engine.desk import Desk
from engine.lanes import AT_ONCE, Lane, Overdue
from engine.pump import Pump
from engine.store import outbox
from engine.store import tables as t
from tests.support.house import House, sign_in
from tests.support.waiting import stays_async, until_async

PLUGIN = """
import asyncio, time
from engine.api import Can, Delivery, hookimpl

class Slow:
    can = Can(refuses_twins={twins})
    calls = 0

    def __init__(self, name):
        self.name = name

    async def listen(self, receive):
        await asyncio.Event().wait()

    async def send(self, outbound):
        Slow.calls += 1
        {does}
        return Delivery("sent")

@hookimpl
def register_channels():
    return [Slow("slow")]
"""
HANGS = "await asyncio.sleep(3600)"
BLOCKS = "time.sleep(3)"
DEAF = "\n        ".join(
    [
        "while True:",
        "    try:",
        "        await asyncio.sleep(3600)",
        "    except asyncio.CancelledError:",
        "        pass",
    ]
)
REPLY = 'stage respond\nrule greet\n  on ticket.created\n  then reply "收到"\n'


def furnish(house: House, tmp_path: Path, does: str, *, twins: bool = False, within: int = 1) -> None:
    """A desk with a good channel and one that does not answer."""
    plugins = tmp_path / "own"
    plugins.mkdir()
    (plugins / "slow.py").write_text(PLUGIN.format(does=does, twins=twins), "utf-8")
    for path in house.folder.joinpath("rules").glob("[1-8]0-*.rules"):
        path.unlink()
    house.write("reply.rules", REPLY)
    house.settings["plugins.dir"] = str(plugins)
    house.settings["plugins.send_within"] = within
    house.settings["plugins.settings"] = {"channels.test": {"journal": str(tmp_path / "sent.jsonl")}}


async def ticket(desk: Desk, who: Any, channel: str) -> int:
    made = await desk.act(who, OpenTicket("試", "請問", requester={"name": "甲"}, channel=channel, author="member"))
    return int(made["ticket"]["number"])


async def handed_over(desk: Desk) -> bool:
    """Whether as many lines are in flight as one channel may have."""
    return (await desk.context.store.read(outbox.backlog)).get("sending") == AT_ONCE


async def tries(desk: Desk) -> int:
    """How often it was tried to send the one line there is."""
    return int(await desk.context.store.read(lambda tx: tx.value(t.Outbox.select(t.Outbox.tries))))


async def delivery(desk: Desk, number: int) -> str:
    lines = await desk.query(SYSTEM, Messages(number))
    return next(str(line["delivery"]) for line in lines["items"] if "delivery" in line)


@pytest.mark.parametrize("does", [HANGS, BLOCKS, DEAF], ids=["hangs", "blocks its thread", "will not be cancelled"])
def test_the_lines_of_others_leave_while_one_channel_does_not_answer(house: House, tmp_path: Path, does: str) -> None:
    furnish(house, tmp_path, does, within=2)

    async def work(desk: Desk) -> None:
        amy = await sign_in(desk, "amy", "frontline", ("admin",))
        slow = [await ticket(desk, amy, "slow") for _ in range(2 * AT_ONCE)]
        pump = Pump(desk)
        await pump.start()
        await until_async(lambda: handed_over(desk), "the slow channel was given all it takes")
        good = await ticket(desk, amy, "test")

        async def sent() -> bool:
            return await delivery(desk, good) == "sent"

        async def first_given_up() -> bool:
            return await delivery(desk, slow[0]) == "uncertain"

        await until_async(sent, "the good line leaves, waiting for no other channel", seconds=1.9)
        await until_async(first_given_up, "the first slow line is given up")
        if does == BLOCKS:
            assert any("slow" in (state.trouble or "") for state in desk.context.lanes.states())
        began = time.monotonic()
        await pump.stop()
        assert time.monotonic() - began < 15

    house.run(work)


def test_a_line_goes_again_where_the_channel_refuses_duplicates(house: House, tmp_path: Path) -> None:
    furnish(house, tmp_path, HANGS, twins=True)

    async def work(desk: Desk) -> None:
        amy = await sign_in(desk, "amy", "frontline", ("admin",))
        number = await ticket(desk, amy, "slow")
        pump = Pump(desk)
        await pump.start()

        async def tried() -> bool:
            return await delivery(desk, number) == "waiting" and await tries(desk) > 0

        await until_async(tried, "it was given up, and is tried again later under its key")
        await pump.stop()

    house.run(work)


def test_only_what_is_handed_over_is_in_flight(house: House, tmp_path: Path) -> None:
    furnish(house, tmp_path, HANGS, within=30)

    async def work(desk: Desk) -> None:
        amy = await sign_in(desk, "amy", "frontline", ("admin",))
        numbers = [await ticket(desk, amy, "slow") for _ in range(AT_ONCE + 3)]
        pump = Pump(desk)
        await pump.start()
        wanted = {"sending": AT_ONCE, "waiting": len(numbers) - AT_ONCE}

        async def in_flight() -> bool:
            return await desk.context.store.read(outbox.backlog) == wanted

        await until_async(in_flight, f"the backlog is {wanted}")
        await stays_async(in_flight, f"the backlog is {wanted}", seconds=0.5)
        for task in pump._sending:
            task.cancel()  # stopping would wait for them
        await pump.stop()

    house.run(work)


def lane(**settings: Any) -> Lane:
    return Lane("slow", **{"within": 0.2, "failures": 3, "rest": 60.0, **settings})


def test_a_lane_that_fails_again_and_again_rests() -> None:
    async def work() -> None:
        one = lane()

        async def fails() -> None:
            raise ValueError("no")

        for _ in range(2):
            with pytest.raises(ValueError, match="no"):
                await one.call(fails)
        assert one.taken == 0 and one.state().trouble is None
        with pytest.raises(ValueError, match="no"):
            await one.call(fails)
        assert one.taken == AT_ONCE
        assert one.state().failures == 3 and "left alone" in (one.state().trouble or "")
        assert one.close()

    asyncio.run(work())


def test_a_lane_answers_again_once_what_blocked_it_is_over() -> None:
    async def work() -> None:
        one, gate = lane(), threading.Event()

        async def blocks() -> None:
            gate.wait()

        async def answers() -> int:
            return 7

        with pytest.raises(Overdue):
            await one.call(blocks)
        assert one.state().hangs == 1 and "does not answer" in (one.state().trouble or "")
        with pytest.raises(Overdue):
            await one.call(answers)
        gate.set()
        assert await one.call(answers) == 7
        assert one.state().hangs == 0 and one.state().trouble is None and one.state().running == 0
        assert one.close()

    asyncio.run(work())

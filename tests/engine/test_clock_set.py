"""A whole desk whose machine's clock was forty days ahead for a moment."""

from __future__ import annotations

from typing import Any

from engine.core.commands import OpenTicket
from engine.core.entities import DAY, HOUR
from engine.desk import Desk, upkeep
from engine.desk.jobs import Claimed
from engine.store import Tx
from engine.store import tables as t
from tests.support.house import House, member, sign_in
from tests.support.machine import START, Machine


async def _ticket(desk: Desk) -> None:
    await desk.act(await member(desk), OpenTicket("退款", "請問什麼時候退款?"))


def test_a_ticket_of_the_wrong_time_is_served_in_the_right_one(house: House) -> None:
    machine = Machine()

    async def work(desk: Desk) -> None:
        await desk.tick()
        machine.ahead = 40 * DAY
        await desk.tick()  # what seems due runs, and plans when it comes again
        await _ticket(desk)
        machine.ahead = 0
        await desk.tick()
        await desk.tick()

        def look(tx: Tx) -> dict[str, list[Any]]:
            return {
                "timer": tx.values(t.Timer.select(t.Timer.due_at)),
                "clock": tx.values(t.SlaClock.select(t.SlaClock.due_at)),
                "ticket": tx.values(t.Ticket.select(t.Ticket.due_at).where(t.Ticket.due_at < t.NEVER)),
                "schedule": tx.values(t.Schedule.select(t.Schedule.due_at)),
            }

        found = await desk.context.store.read(look)
        assert found["timer"] and found["clock"]
        late = {what: [at for at in moments if at > START + 30 * DAY] for what, moments in found.items()}
        assert not any(late.values()), late
        waiting = await desk.context.store.read(lambda tx: tx.rows(t.Ticket.select()))
        assert all(row["created_at"] <= desk.context.store.now() for row in waiting)

    house.run(work, clock=machine.clock())


def test_what_a_leap_makes_due_is_done_once(house: House) -> None:
    machine = Machine()

    async def work(desk: Desk) -> None:
        await _ticket(desk)
        due = await desk.context.store.read(lambda tx: len(tx.rows(t.Timer.select())))
        assert due
        machine.ahead = 40 * DAY
        await desk.tick()
        await desk.tick()
        events = await desk.context.store.read(lambda tx: tx.rows(t.Event.select()))
        breached = [(e["ticket_id"], e["body"]) for e in events if e["kind"] == "sla.breached"]
        assert breached and len(breached) == len(set(breached))
        assert [e["kind"] for e in events].count("clock.stepped") == 1

    house.run(work, clock=machine.clock())


def test_upkeep_throws_nothing_away_right_after_a_leap(house: House) -> None:
    machine = Machine()
    job = Claimed(1, "upkeep", {}, {}, 0, None, "system", 0, cancelled=False, left=False, tries=0)

    async def work(desk: Desk) -> None:
        await sign_in(desk, "amy", "frontline")
        assert not (await upkeep.UPKEEP.step(desk.context, job)).finished
        machine.ahead = 400 * DAY
        desk.context.store.now()
        assert (await upkeep.UPKEEP.step(desk.context, job)).finished
        machine.run(2 * HOUR)
        assert not (await upkeep.UPKEEP.step(desk.context, job)).finished

    house.run(work, clock=machine.clock())

"""Scheduled rules at work: due from the store, run once whatever was missed, each ticket in its own decision, each once
though a process dies or two of them run."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from engine.core.commands import MemberLine, OpenTicket
from engine.core.entities import DAY, HOUR, SYSTEM
from engine.core.questions import Events, MemberById, Messages
from engine.desk import Desk, Work, time
from engine.reload import reload_now
from engine.store import Tx, schedules, wall_clock
from engine.store import tables as t
from tests.support.house import House, member, sign_in

HOURLY = """
stage housekeeping
rule hourly
  on every 1h for each ticket
  when ticket.kind = inquiry and ticket.order_no is set
  then note "looked at"
"""

CROSS = """
rule cross
  stage housekeeping
  on every 1h for each member
  when member.complaints_30d >= 1
  then add tag 曾客訴 to member
"""


class Clock:
    """The wall clock, moved to a Wednesday, 14:20 in Taipei: no hour begins while a test runs but by its own doing, and
    no schedule of the starter desk is near."""

    def __init__(self) -> None:
        week = 7 * DAY  # weeks of the epoch begin on Thursdays
        wednesday = (wall_clock() // week + 1) * week + 6 * DAY
        self.ahead = wednesday + 6 * HOUR + HOUR // 3 - wall_clock()

    def __call__(self) -> int:
        return wall_clock() + self.ahead


async def tickets(desk: Desk, count: int, matching: int) -> list[int]:
    """Numbers of so many tickets, the last `matching` of them with an order number."""
    amy = await sign_in(desk, "amy", "frontline", ("admin",))
    found = []
    for n in range(count):
        values = {"order_no": f"A{n}"} if n >= count - matching else {}
        made = await desk.act(amy, OpenTicket("試", "請問", values=values, requester={"name": f"客{n}"}))
        found.append(made["ticket"]["number"])
    return found


async def steps(desk: Desk) -> dict[int, int]:
    """How often the rule acted on each ticket, by number."""
    query = (
        t.Message.select(t.Ticket.number)
        .join(t.Ticket, on=(t.Ticket.id == t.Message.ticket_id))
        .where(t.Message.rule == "hourly")
    )
    return dict(Counter(await desk.context.store.read(lambda tx: tx.values(query))))


async def decisions(desk: Desk) -> int:
    """Decision records of scheduled rules."""
    query = t.Decision.select(t.Decision.id).where(t.Decision.root == "every 1h for each ticket")
    return len(await desk.context.store.read(lambda tx: tx.values(query)))


def test_what_is_due_is_done_where_it_matches_and_only_there(house: House) -> None:
    house.write("hourly.rules", HOURLY)
    clock = Clock()

    async def work(desk: Desk) -> None:
        numbers = await tickets(desk, 12, 3)
        due = await desk.tick()
        assert await steps(desk) == {}, "nothing before its time"
        assert due is not None and due <= desk.context.store.now() + HOUR
        clock.ahead += HOUR
        await desk.tick()
        assert await steps(desk) == dict.fromkeys(numbers[-3:], 1)
        assert await decisions(desk) == 3, "the others leave no trace"
        await desk.tick()
        assert await decisions(desk) == 3, "once an hour"
        trace = await desk.explain(numbers[-1])
        assert trace is not None
        acted = [rule["rule"] for item in trace["items"] for rule in item["rules"] if rule["outcome"] == "acted"]
        assert "hourly" in acted
        assert "every 1h for each ticket" in str(trace), "the trace names the schedule"

    house.run(work, clock)


def test_a_server_that_was_down_for_days_runs_once(house: House) -> None:
    house.write("hourly.rules", HOURLY)
    clock = Clock()

    async def before(desk: Desk) -> list[int]:
        numbers = await tickets(desk, 2, 2)
        await desk.tick()
        return numbers

    async def after(desk: Desk) -> dict[int, int]:
        await desk.tick()
        await desk.tick()
        return await steps(desk)

    numbers = house.run(before, clock)
    clock.ahead += 5 * DAY
    assert house.run(after, clock) == dict.fromkeys(numbers, 1)


def test_a_new_rule_waits_for_its_next_moment_and_one_that_is_gone_is_over(house: House) -> None:
    clock = Clock()

    async def work(desk: Desk) -> None:
        numbers = await tickets(desk, 1, 1)
        await desk.tick()
        clock.ahead += 10 * HOUR
        house.write("hourly.rules", HOURLY)
        await reload_now(desk, by="test", source="test")
        await desk.tick()
        assert await steps(desk) == {}, "nothing is made up for the time before it was in force"
        clock.ahead += HOUR
        await desk.tick()
        assert await steps(desk) == {numbers[0]: 1}
        (house.folder / "rules" / "hourly.rules").unlink()
        await reload_now(desk, by="test", source="test")
        clock.ahead += HOUR
        await desk.tick()
        assert await steps(desk) == {numbers[0]: 1}
        keys = await desk.context.store.read(lambda tx: tx.values(t.Schedule.select(t.Schedule.key)))
        assert "every 1h for each ticket" not in keys

    house.run(work, clock)


def test_a_run_that_a_crash_broke_off_goes_on_and_does_nothing_twice(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies after the third ticket: what it holds runs out, and the next one goes on behind it."""
    house.write("hourly.rules", HOURLY)
    monkeypatch.setattr(time, "PAGE", 2)
    monkeypatch.setattr(time, "TOGETHER", 1)
    clock = Clock()

    async def dies(desk: Desk) -> list[int]:
        numbers = await tickets(desk, 6, 6)
        await desk.tick()
        clock.ahead += HOUR
        act, seen = desk._clock._act, []

        async def third(run: Any, one: int) -> None:
            if len(seen) == 3:
                raise SystemError("gone")
            seen.append(one)
            await act(run, one)

        monkeypatch.setattr(desk._clock, "_act", third)
        with pytest.raises(SystemError):
            await desk.tick()
        assert sorted((await steps(desk)).values()) == [1, 1, 1]
        return numbers

    async def goes_on(desk: Desk) -> tuple[dict[int, int], dict[int, int]]:
        await desk.tick()
        held = await steps(desk)
        clock.ahead += schedules.LEASE
        await desk.tick()
        return held, await steps(desk)

    numbers = house.run(dies, clock)
    held, done = house.run(goes_on, clock)
    assert len(held) == 3, "the one who is gone has it a little longer"
    assert done == dict.fromkeys(numbers, 1)


def test_two_processes_on_one_store_do_each_ticket_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.write("hourly.rules", HOURLY)
    monkeypatch.setattr(time, "PAGE", 3)
    clock = Clock()

    async def work(desk: Desk) -> None:
        numbers = await tickets(desk, 10, 10)
        other = await Desk.open(house.config, clock=clock)
        try:
            await asyncio.gather(desk.tick(), other.tick())
            clock.ahead += HOUR
            await asyncio.gather(*(one.tick() for one in (desk, other, desk, other)))
            await asyncio.gather(desk.tick(), other.tick())
            assert await steps(desk) == dict.fromkeys(numbers, 1)
            assert await decisions(desk) == 10
        finally:
            await other.close()

    house.run(work, clock)


def test_one_ticket_that_fails_is_told_of_and_the_run_goes_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.write("hourly.rules", HOURLY)
    clock = Clock()

    async def work(desk: Desk) -> None:
        numbers = await tickets(desk, 5, 5)
        await desk.tick()
        clock.ahead += HOUR
        decide = Work.decide

        def second(work: Work, command: Any, case: Any, **how: Any) -> Any:
            if case.ticket.number == numbers[1]:
                raise ValueError("out of paper")
            return decide(work, command, case, **how)

        monkeypatch.setattr(Work, "decide", second)
        await desk.tick()
        monkeypatch.setattr(Work, "decide", decide)
        assert await steps(desk) == dict.fromkeys([numbers[0], *numbers[2:]], 1)
        events = await desk.query(SYSTEM, Events(numbers[1]))
        (failed,) = [event for event in events["items"] if event["kind"] == "schedule.failed"]
        assert "out of paper" in str(failed)
        await desk.tick()
        assert numbers[1] not in await steps(desk), "not again and again"

    house.run(work, clock)


def test_timers_fire_between_the_pages_of_a_long_run(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "PAGE", 2)
    rules = """
        stage housekeeping
        rule clock on every 1h for each ticket then start timer at_once for 1s
        rule ring on timer.fired when timer.name = at_once then add tag rung
    """
    house.write("clock.rules", rules)
    clock = Clock()

    async def work(desk: Desk) -> None:
        await tickets(desk, 6, 0)
        await desk.tick()
        clock.ahead += HOUR
        step, rung = desk._clock._step, []

        async def slowly(book: Any) -> bool:
            rung.append(len(await desk.context.store.read(lambda tx: tx.values(_rung()))))
            more = await step(book)
            clock.ahead += 2_000_000
            return more

        monkeypatch.setattr(desk._clock, "_step", slowly)
        await desk.tick()
        assert [count for count in rung if count][:3] == [2, 4, 6], "the rings of each page, before the next"

    house.run(work, clock)


def _rung() -> Any:
    return t.TagUse.select(t.TagUse.owner_id).where((t.TagUse.owner_kind == "ticket") & (t.TagUse.name == "rung"))


def test_members_are_greeted_where_they_last_wrote_and_the_shop_is_told(house: House) -> None:
    rules = """
        stage housekeeping
        rule greet
          limit once per member
          on every 1h for each member
          when member.tier >= gold and member.name matches /王/
          then
            reply "{member.name}，生日快樂" as desk
            add tag 壽星 to member
        rule report on every 1h then notify role admin "{shop.name}: an hour has passed"
    """
    house.write("greet.rules", rules)
    clock = Clock()

    async def work(desk: Desk) -> None:
        await sign_in(desk, "amy", "frontline", ("admin",))
        ming, hua = await member(desk, "王小明"), await member(desk, "林小華")
        for who in (ming, hua):
            await desk.act(who, MemberLine("demo", "你好", kind="inquiry", channel="form", subject="問"))
        await member(desk, "王二")  # never wrote
        await desk.tick()
        clock.ahead += HOUR
        await desk.tick()
        clock.ahead += HOUR
        await desk.tick()
        lines = {
            number: [line["text"] for line in (await desk.query(SYSTEM, Messages(number)))["items"]]
            for number in (1, 2)
        }
        said = [number for number, texts in lines.items() if "王小明，生日快樂" in texts]
        assert len(said) == 1 and lines[said[0]].count("王小明，生日快樂") == 1, "once, and only to whom it is for"
        tagged = t.TagUse.select(t.TagUse.owner_id).where(t.TagUse.name == "壽星")
        assert len(await desk.context.store.read(lambda tx: tx.values(tagged))) == 2, (
            "who never wrote is tagged all the same"
        )
        told = t.Notification.select(t.Notification.text).where(t.Notification.text.contains("an hour has passed"))
        assert len(await desk.context.store.read(lambda tx: tx.values(told))) == 2

    house.run(work, clock)


def test_of_many_tickets_only_those_that_may_match_are_loaded(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database narrows them down: cases are loaded for what is left."""
    house.write("hourly.rules", HOURLY)
    clock = Clock()

    async def work(desk: Desk) -> None:
        numbers = await tickets(desk, 40, 4)
        await desk.tick()
        clock.ahead += HOUR
        looked: list[int] = []
        acts = desk._clock._acts

        def counted(tx: Tx, book: Any, run: Any, one: int) -> bool:
            looked.append(one)
            return acts(tx, book, run, one)

        monkeypatch.setattr(desk._clock, "_acts", counted)
        await desk.tick()
        assert len(looked) == 4 and set(await steps(desk)) == set(numbers[-4:])

    house.run(work, clock)


def test_a_rule_over_members_sees_what_is_counted_of_them(house: House) -> None:
    house.write("cross.rules", CROSS)
    clock = Clock()

    async def work(desk: Desk) -> list[list[str]]:
        ming, hua = await member(desk), await member(desk, "小華")
        amy = await sign_in(desk, "amy", "frontline", ("admin",))
        await desk.act(amy, OpenTicket("抱怨", "太慢了", kind="feedback", requester={"id": ming.id}))
        await desk.tick()
        clock.ahead += HOUR
        await desk.tick()
        return [(await desk.query(amy, MemberById(one.id)))["tags"] for one in (ming, hua)]

    crossed, content = house.run(work, clock)
    assert "曾客訴" in crossed and "曾客訴" not in content

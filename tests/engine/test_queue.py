"""The place in the line, as rules tell it and as the window shows it."""

from __future__ import annotations

import asyncio

from engine.core.commands import ChangeTicket, EndChat, MemberLine, OpenTicket, SetStatus
from engine.core.entities import SYSTEM, Actor
from engine.core.questions import Messages, QueuePlace, TicketByNumber
from engine.desk import Desk
from engine.store import tables as t
from tests.support.house import House, member, sign_in
from tests.support.waiting import until_async

RULES = """
rule place
  stage notify
  on chat.waiting
  when chat.queue_position is set
  then reply "您排第 {chat.queue_position} 位"
"""


def test_higher_tiers_are_told_of_a_place_before_others(house: House) -> None:
    house.write("place.rules", RULES)

    async def work(desk: Desk) -> list[tuple[str, int]]:
        amy = await sign_in(desk, "amy", "frontline", ("admin",))  # there, and not on duty
        found = []
        for name, tier in (("一", "basic"), ("二", "basic"), ("三", "vip")):
            who = await member(desk, name, tier)
            number = (await desk.act(who, MemberLine("demo", "你好")))["ticket"]
            lines = (await desk.query(amy, Messages(number)))["items"]
            (told,) = [line["text"] for line in lines if line["text"].startswith("您排第")]
            found.append((told, (await desk.query(who, QueuePlace(number)))["position"]))
        return found

    assert house.run(work) == [("您排第 1 位", 1), ("您排第 2 位", 2), ("您排第 1 位", 1)]


def test_whoever_gives_a_ticket_to_an_agent_the_moment_is_kept_for_who_is_next(house: House) -> None:
    times = iter(range(1_790_000_000_000_000, 1 << 62, 1_000_000))

    async def work(desk: Desk) -> None:
        for name in ("amy", "ben"):
            await sign_in(desk, name, "frontline")

        async def last() -> dict[str, int]:
            columns = (t.Agent.username, t.Agent.last_assigned_at)
            rows = await desk.context.store.read(lambda tx: tx.rows(t.Agent.select(*columns)))
            return {row["username"]: row["last_assigned_at"] for row in rows}

        assert await last() == {"amy": 0, "ben": 0}
        who, given = {"name": "客"}, {"assignee": "amy"}
        opened = await desk.act(SYSTEM, OpenTicket("甲", "乙", shop="demo", requester=who, values=given))
        first = await last()
        assert first["amy"] == opened["ticket"]["created_at"] and first["ben"] == 0, "a new ticket"
        await desk.act(SYSTEM, ChangeTicket(opened["ticket"]["number"], {"assignee": "ben"}))
        second = await last()
        assert second["ben"] > first["amy"] == second["amy"], "one that another had"

    house.run(work, clock=lambda: next(times))


MANY = """
rule many
  stage route
  priority 500
  on ticket.created
  when ticket.product = "滿"
  then route to team senior_care by round_robin
rule few
  stage route
  priority 400
  on ticket.created
  when ticket.product = "空"
  then route to team frontline by longest_idle
"""


def test_who_is_free_is_found_however_many_wait_for_others(house: House) -> None:
    """Nobody of the one team is there, and more wait for it than are read at once."""
    house.write("many.rules", MANY)

    async def work(desk: Desk) -> None:
        wants = {"name": "客"}
        for n in range(205):
            await desk.act(SYSTEM, OpenTicket(f"{n}", "滿", shop="demo", requester=wants, values={"product": "滿"}))
        last = await desk.act(SYSTEM, OpenTicket("輪", "空", shop="demo", requester=wants, values={"product": "空"}))
        assert last["ticket"]["assignee"] is None
        amy = await sign_in(desk, "amy", "frontline")
        await desk.act(amy, SetStatus("online"))

        async def holder() -> str | None:
            held: str | None = (await desk.query(SYSTEM, TicketByNumber(last["ticket"]["number"])))["assignee"]
            return held

        assert await until_async(holder, "somebody has it") == "amy"

    house.run(work)


GONE = """
rule gone
  stage route
  priority 500
  on chat.agent_gone after 1s
  then route to team ticket.team by least_busy reassign
"""


def test_a_chat_whose_agent_went_offline_is_passed_on(house: House) -> None:
    house.write("gone.rules", GONE)

    async def work(desk: Desk) -> None:
        amy, ben = [await sign_in(desk, name, "frontline") for name in ("amy", "ben")]
        await desk.act(amy, SetStatus("online"))
        who = await member(desk, tier="basic")
        number = (await desk.act(who, MemberLine("demo", "你好")))["ticket"]

        async def holder() -> str | None:
            held: str | None = (await desk.query(amy, TicketByNumber(number)))["assignee"]
            return held

        async def held_by(wanted: str | None) -> None:
            async def is_so() -> bool:
                await desk.tick()
                return await holder() == wanted

            await until_async(is_so, f"the chat is held by {wanted}")

        await held_by("amy")
        await desk.act(amy, SetStatus("offline"))
        assert await holder() == "amy", "she may come back"
        await held_by(None)  # nobody is there: it waits for the team
        await desk.act(ben, SetStatus("online"))
        await held_by("ben")
        await desk.act(ben, SetStatus("offline"))
        await desk.act(ben, SetStatus("online"))
        await desk.act(amy, SetStatus("online"))
        await asyncio.sleep(1.2)
        await desk.tick()
        assert await holder() == "ben", "who was away for a moment keeps it"
        # And one that is given by hand to who is not there.
        await desk.act(amy, SetStatus("offline"))
        await desk.act(ben, ChangeTicket(number, {"assignee": "amy"}))
        await held_by("ben")

    house.run(work)


def test_a_wait_is_told_of_agents_who_are_there_and_of_the_shops_own_chats(house: House) -> None:
    """A10: with nobody there nothing is promised; with somebody, no more than the shop's own chats tell."""

    async def work(desk: Desk) -> list[object]:
        amy = await sign_in(desk, "amy", "frontline")
        told = []

        async def chat(name: str) -> tuple[Actor, int]:
            who = await member(desk, name, "basic")
            return who, (await desk.act(who, MemberLine("demo", "你好")))["ticket"]

        async def place(chat: tuple[Actor, int]) -> object:
            return await desk.query(chat[0], QueuePlace(chat[1]))

        await desk.act(amy, SetStatus("offline"))
        waiting = await chat("甲")
        told.append(await place(waiting))
        await desk.act(amy, SetStatus("busy"))
        told.append(await place(waiting))
        await desk.act(waiting[0], EndChat(waiting[1]))
        await desk.act(amy, SetStatus("online"))
        for n in range(5):
            who, number = await chat(f"乙{n}")
            await desk.act(who, EndChat(number))
        full = [await chat(f"丙{n}") for n in range(6)]
        told.append(await place(full[5]))
        return told

    nobody, busy, known = house.run(work)
    assert nobody == {"position": 1, "here": False, "wait": None}
    assert busy == {"position": 1, "here": True, "wait": None}
    assert known == {"position": 1, "here": True, "wait": [1, 1]}


WAYS = {"round_robin": "amy", "longest_idle": "ben"}
"""Each way, and whom it gives a ticket that waits when cat comes."""
BY = "".join(
    f'rule {way}\n  stage route\n  priority 500\n  on ticket.created\n  when ticket.product = "{way}"\n'
    f"  then route to team frontline by {way}\n"
    for way in WAYS
)


def test_who_waits_is_given_by_the_way_the_rule_said_when_somebody_comes(house: House) -> None:
    """Amy was given work longest ago but came just now, ben has been free longest, cat comes."""
    house.write("ways.rules", BY)

    async def work(desk: Desk) -> dict[str, str | None]:
        agents = {name: await sign_in(desk, name, "frontline") for name in ("amy", "ben", "cat")}

        async def say(name: str, status: str, given: int, since: int) -> None:
            """As if all were so for a while: nobody hears of it, so that nothing is given out before cat comes."""
            change = {"status": status, "last_assigned_at": given, "status_since": since}
            one = t.Agent.update(change).where(t.Agent.username == name)
            await desk.context.store.write(lambda tx: tx.run(one))

        found = {}
        for way in WAYS:
            values = {"product": way}
            made = await desk.act(SYSTEM, OpenTicket("等", "等", shop="demo", requester={"name": "客"}, values=values))
            number, now = made["ticket"]["number"], made["ticket"]["created_at"]
            assert made["ticket"]["assignee"] is None, way
            await say("amy", "online", now - 300, now - 10)
            await say("ben", "online", now - 200, now - 200)
            await say("cat", "offline", now - 100, now - 100)
            await desk.act(agents["cat"], SetStatus("online"))

            async def holder(number: int = number) -> str | None:
                held: str | None = (await desk.query(SYSTEM, TicketByNumber(number)))["assignee"]
                return held

            found[way] = await until_async(holder, f"somebody has the one given by {way}")
            for name, actor in agents.items():
                await say(name, "online", now, now)
                await desk.act(actor, SetStatus("offline"))
        return found

    assert house.run(work) == WAYS

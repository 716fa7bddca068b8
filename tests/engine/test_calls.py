"""Calls on a real store: an exchange speaks through a channel's `receive`; numbers are not stored in the open."""

from __future__ import annotations

from typing import Any

from engine.api import Inbound
from engine.core.entities import SYSTEM
from engine.core.questions import Events, TicketByNumber
from engine.desk import Desk
from engine.store import tables as t
from tests.support.house import House, sign_in


def said(what: str, call: str = "pbx-7", **values: Any) -> Inbound:
    sender = {"phone": "0912345678", "name": "王小明"}
    return Inbound("phone", call, sender, "", 0, event=f"call.{what}", values={"to": "0223456789", **values})


def test_a_call_through_a_channel(house: House) -> None:
    async def work(desk: Desk) -> Any:
        amy = await sign_in(desk, "amy", "frontline")
        opened = await desk.receive(said("ringing"))
        number = opened["ticket"]["number"]
        for inbound in (said("answered", agent="amy"), said("ended"), said("ended"), said("answered")):
            await desk.receive(inbound)
        again = await desk.receive(said("missed", "pbx-8"))
        events = [e["kind"] for e in (await desk.query(SYSTEM, Events(number)))["items"]]
        calls = await desk.context.store.read(lambda tx: tx.rows(t.Call.select().order_by(t.Call.id)))
        return number, again, await desk.query(amy, TicketByNumber(number)), events, calls

    number, again, ticket, events, calls = house.run(work)
    assert (ticket["kind"], ticket["channel"], ticket["assignee"]) == ("call", "phone", "amy")
    assert again["ticket"]["number"] == number, "an open telephone case takes the next call too"
    assert [e for e in events if e.startswith("call.")] == [
        "call.ringing",
        "call.answered",
        "call.ended",
        "call.missed",
    ]
    assert [(c["name"], c["result"]) for c in calls] == [("pbx-7", "answered"), ("pbx-8", "missed")]
    assert calls[0]["rang_at"] <= calls[0]["answered_at"] <= calls[0]["ended_at"]
    assert b"0912345678" not in bytes(calls[0]["caller"])


def test_what_the_desk_does_not_take_is_told_and_the_channel_goes_on(house: House) -> None:
    house.write(
        "no.rules", 'rule no stage guard on message.received when message.text contains "廣告" then reject "不收"\n'
    )

    async def work(desk: Desk) -> Any:
        line = Inbound("email", "m1", {"email": "spam@example.org"}, "廣告信", 0)
        return await desk.receive(line), await desk.receive(said("exploded"))

    rejected, unknown = house.run(work)
    assert (rejected["refused"], unknown["refused"]) == ("rejected", "unknown-call-event")

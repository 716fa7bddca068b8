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


def test_exchanges_have_their_own_channels_and_may_name_their_calls_alike(house: House) -> None:
    def from_(exchange: str, phone: str) -> Inbound:
        return Inbound(exchange, "1", {"phone": phone}, "", 0, event="call.ringing")

    async def work(desk: Desk) -> Any:
        first = await desk.receive(from_("pbx_north", "0911111111"))
        return first, await desk.receive(from_("pbx_south", "0922222222"))

    first, second = house.run(work)
    assert (first["ticket"]["channel"], second["ticket"]["channel"]) == ("pbx_north", "pbx_south")
    assert first["ticket"]["number"] != second["ticket"]["number"]


def test_a_line_opens_the_kind_that_names_its_channel(house: House) -> None:
    house.write(
        "lifecycles/wish.yaml",
        "kind: wish\nchannels: [wishes]\ninitial: new\nstates: {new: {category: open}, done: {category: closed}}\n"
        "transitions: [{trigger: close, from: new, to: done}]\n",
    )

    async def work(desk: Desk) -> Any:
        sender = {"email": "ming@example.org"}
        for channel in ("wishes", "email"):
            await desk.receive(Inbound(channel, channel, sender, "想要藍色的", 0))
        return await desk.context.store.read(lambda tx: tx.rows(t.Ticket.select(t.Ticket.kind, t.Ticket.channel)))

    assert [(one["kind"], one["channel"]) for one in house.run(work)] == [("wish", "wishes"), ("inquiry", "email")]

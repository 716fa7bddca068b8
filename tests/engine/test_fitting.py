"""What a channel brings may be of any length: it comes in once, on every database, no longer than what people send."""

from __future__ import annotations

import random
import string
from typing import Any

from engine.api import Inbound
from engine.core.commands import OpenTicket
from engine.core.entities import SYSTEM
from engine.core.questions import Messages, TicketByNumber
from engine.desk import Desk
from engine.desk.fitting import SHORT, named, outside_id
from engine.store import outbox
from engine.store import tables as t
from tests.support.house import House, sign_in

LONG = 100_000
MAIL = "ming@example.org"
BLIND = "".join(random.Random(7).choices(string.ascii_letters + string.digits, k=LONG))
"""Nothing that could be packed: an index takes 2,700 bytes of it."""
FIELD = "ticket.remark: {type: text, optional: true}\n"


def line(**more: Any) -> Inbound:
    plain = {
        "channel": "email",
        "external_id": "<1@x>",
        "sender": {"email": MAIL},
        "text": "我要退款",
        "at": 0,
    }
    return Inbound(**{**plain, **more})


EACH = {
    "external_id": line(external_id=BLIND),
    "account": line(account=BLIND),
    "subject": line(subject=BLIND),
    "name": line(sender={"email": MAIL, "name": BLIND}),
    "address": line(sender={"email": f"{BLIND}@example.org"}),
    "id": line(channel="line", sender={"line": BLIND}),
    "telephone": line(sender={"phone": "09" + "1234567890" * 10_000}),
    "text": line(text=BLIND),
    "an order's number": line(text="訂單 A1" + BLIND),
    "html": line(html=BLIND * 30),
    "reply_to": line(reply_to=BLIND),
    "references": line(references=(BLIND, BLIND[1:])),
    "reply_token": line(reply_token="1-" + BLIND),
    "a call": line(event="call.ringing", channel="phone", external_id=BLIND, sender={"phone": "0912345678"}, text="",
                   account=BLIND, values={"to": BLIND, "agent": BLIND}),
}  # fmt: skip


def stored(desk: Desk, what: Any) -> Any:
    return desk.context.store.read(lambda tx: tx.rows(what))


def test_each_text_of_any_length_comes_in_once(house: House, database: str) -> None:
    most = house.config["limits.line"]

    async def work(desk: Desk) -> None:
        for what, inbound in EACH.items():
            first, again = await desk.receive(inbound), await desk.receive(inbound)
            assert "refused" not in first, (what, first)
            if not inbound.event:
                assert again["repeat"] and again["message"]["id"] == first["message"]["id"], what
        for row in await stored(desk, t.Message.select()):
            assert len(row["text"]) <= 2 * most, "a note of what stood there, at most"
            assert len(row["html"] or "") <= 10 * most and len(row["external_id"] or "") <= 200
        for row in await stored(desk, t.Ticket.select()):
            assert len(row["subject"]) <= SHORT and len(row["order_no"] or "") <= SHORT
        assert all(len(row["name"] or "") <= SHORT for row in await stored(desk, t.Member.select()))
        assert len(await stored(desk, t.Call.select())) == 1

    house.run(work)


def test_a_line_that_is_too_long_stands_whole_in_a_file(house: House) -> None:
    text = "第一句。" + BLIND

    async def work(desk: Desk) -> None:
        receipt = await desk.receive(line(text=text))
        (shown,) = (
            one for one in (await desk.query(SYSTEM, Messages(receipt["ticket"])))["items"] if not one["automatic"]
        )
        assert len(shown["text"]) == house.config["limits.line"] and shown["text"].endswith("…")
        (file,) = shown["attachments"]
        (row,) = await stored(desk, t.File.select())
        assert file["media_type"] == "text/plain" and row["claimed_at"]
        with desk.context.blobs.open(row["digest"]) as data:
            assert data.read().decode() == text

    house.run(work)


def test_where_there_is_no_room_for_the_file_the_line_comes_in_cut(house: House) -> None:
    house.settings["limits.unused_uploads"] = 1_000

    async def work(desk: Desk) -> None:
        receipt = await desk.receive(line(text=BLIND))
        assert receipt["message"]["text"].endswith("…") and not receipt["message"]["attachments"]

    house.run(work)


def test_an_answer_is_found_by_a_long_id_of_a_line_that_left(house: House, database: str) -> None:
    async def work(desk: Desk) -> None:
        amy = await sign_in(desk, "amy", "frontline", ("admin",))
        made = await desk.act(amy, OpenTicket("試", "請問", requester={"email": MAIL}, channel="email"))

        def job(tx: Any) -> dict[str, Any]:
            row = {"key": "k", "channel": "email", "ticket_id": 1, "body": "{}", "due_at": 0, "created_at": 0}
            row_id = tx.insert(t.Outbox, {**row, "state": "sending"})
            outbox.sent(tx, row_id, outside_id(BLIND))
            return {}

        await desk.context.store.write(job)
        receipt = await desk.receive(line(reply_to=BLIND, verified=("email",)))
        assert receipt["ticket"] == made["ticket"]["number"]

    house.run(work)


def test_ids_that_are_long_and_differ_stay_apart() -> None:
    assert named(line(external_id=BLIND)).external_id != named(line(external_id=BLIND + "x")).external_id
    assert named(line(external_id="<1@x>")).external_id == "<1@x>"


def test_a_long_value_of_a_field_is_stored(house: House, database: str) -> None:
    desk_yaml = house.folder / "rules" / "desk.yaml"
    desk_yaml.write_text(desk_yaml.read_text("utf-8").replace("\nfields:\n", f"\nfields:\n  {FIELD}", 1), "utf-8")

    async def work(desk: Desk) -> None:
        amy = await sign_in(desk, "amy", "frontline", ("admin",))
        value = {"fields.remark": BLIND[:20_000]}
        made = await desk.act(amy, OpenTicket("試", "請問", requester={"name": "甲"}, values=value))
        found = await desk.query(amy, TicketByNumber(made["ticket"]["number"]))
        assert found["fields"]["remark"] == BLIND[:20_000]

    house.run(work)

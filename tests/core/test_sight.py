"""What one reader may know of a case, whatever rules make of it."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.entities import SYSTEM, Actor, Call, Case, Member
from engine.core.sight import Sight
from engine.core.trace import TEXT, TraceChange, TraceEntry
from engine.replay.replaying import Record
from tests.core.desk import Stage, book_of

HIDDEN = "•••"
PERSONAL = frozenset({"member.birthday", "call.from", "call.to"})
VIEWER = Actor(kind="agent", id=1, permissions=frozenset({"ticket.view"}), shops=("demo",))
COLLEAGUE = Actor(kind="agent", id=2, permissions=frozenset({"ticket.view", "member.view"}), shops=("demo",))
CHIEF = Actor(kind="agent", id=3, permissions=frozenset({"ticket.view", "member.view", "member.personal"}))


@pytest.mark.parametrize(
    ("actor", "unread"),
    [
        (VIEWER, {"member.birthday", "member.tags", "member.blocked", "call.from"}),
        (COLLEAGUE, {"member.birthday", "call.from"}),
        (CHIEF, set()),
        (SYSTEM, set()),
    ],
)
def test_it_goes_by_the_table_of_readers(actor: Actor, unread: set[str]) -> None:
    asked = ["member.birthday", "member.tags", "member.blocked", "call.from", "ticket.tags", "ticket.subject", "now"]
    assert set(Sight(actor, PERSONAL).unread(asked)) == unread


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (TraceChange("set", "member.birthday", "1981-03-01"), TraceChange("set", "member.birthday", HIDDEN)),
        (TraceChange("set", "member.birthday", None), TraceChange("set", "member.birthday", None)),
        (TraceChange("add_tag", "member.tags", ["vip"]), TraceChange("add_tag", "member.tags", [HIDDEN])),
        (
            TraceChange("raise", "member.birthday", 1, {"to": 2}),
            TraceChange("raise", "member.birthday", HIDDEN, {"to": HIDDEN}),
        ),
        (TraceChange(TEXT, value="member.tags + vip"), TraceChange(TEXT, value=f"member.tags = {HIDDEN}")),
        (TraceChange(TEXT, value="ticket.team = front"), TraceChange(TEXT, value="ticket.team = front")),
        (TraceChange("add_tag", "ticket.tags", ["vip"]), TraceChange("add_tag", "ticket.tags", ["vip"])),
        (TraceChange("reply", "welcome"), TraceChange("reply", "welcome")),
    ],
)  # fmt: skip
def test_what_an_action_did_is_told_as_its_target_may_be_read(change: TraceChange, told: TraceChange) -> None:
    entry = TraceEntry("r", values={"member.birthday": "1981-03-01", "ticket.tags": ("a",)}, changes=[change])
    seen = Sight(VIEWER, PERSONAL).entry(entry)
    assert seen.values == {"member.birthday": HIDDEN, "ticket.tags": ("a",)}
    assert seen.changes == [told]
    assert Sight(SYSTEM, PERSONAL).entry(entry) == entry


def test_a_case_is_without_what_may_not_be_read() -> None:
    member = Member(
        1, "demo", guest=False, tier="gold", blocked=True, blocked_until=9, tags=("vip",), open_tickets=3,
        complaints_30d=2, signed_up_at=5, fields={"birthday": "1981-03-01", "size": "M"},
    )  # fmt: skip
    case = Case("demo", member, Stage(book_of("")).world, call=Call(1, 1, "c", caller="0912", callee="0800"))
    seen = Sight(VIEWER, PERSONAL).case(case)
    assert seen.member is not None and seen.call is not None
    assert seen.member == Member(1, "demo", guest=False, tier="gold", fields={"size": "M"})
    assert (seen.call.caller, seen.call.callee) == ("", "")
    half = Sight(COLLEAGUE, PERSONAL).case(case).member
    assert half is not None and half.tags == ("vip",) and half.blocked and half.fields == {"size": "M"}
    assert Sight(SYSTEM, PERSONAL).case(case) == case == Sight(CHIEF, PERSONAL).case(case)


@pytest.mark.parametrize(("actor", "text"), [(CHIEF, None), (SYSTEM, "卡號4111")])
def test_words_that_are_masked_are_in_no_past_that_people_ask_for(actor: Actor, text: Any) -> None:
    wave = {
        "keys": ["message.received"],
        "before": {},
        "stages": [{"stage": "guard", "values": {"member.birthday": 1}}],
    }
    snapshot = {"now": 1, "message": 7, "text": "卡號4111", "waves": [wave]}
    record = Record(1, "message.received", 1, "demo", 1, b"[]", {})
    record.take(snapshot, {"message.text": "卡號4111", "message.length": 6, "ticket.number": 1}, Sight(actor, PERSONAL))
    assert record.facts.get("message.text") == text and record.facts["ticket.number"] == 1
    assert record.snapshot["waves"][0]["stages"][0]["values"] == {"member.birthday": 1}
    shown = Sight(VIEWER, PERSONAL).snapshot(snapshot)
    assert shown["waves"][0]["stages"][0]["values"] == {} and wave["stages"][0]["values"], "a copy"

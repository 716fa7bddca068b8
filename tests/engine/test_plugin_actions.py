"""A plugin of a desk's folder gives an action: rules name it, it is carried out after the commit, once, or told of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.api import Action
from engine.core.commands import OpenTicket
from engine.core.entities import SYSTEM
from engine.core.questions import Events, TicketByNumber
from engine.desk import Desk
from engine.extras import as_action
from engine.pump import Pump
from engine.store import outbox
from engine.store import tables as t
from tests.support.house import House, sign_in
from tests.support.waiting import stays_async, until_async

PLUGIN = '''
"""Coupons: gives them, and marks cases that deserve one."""
import json
from decimal import Decimal
from pathlib import Path
from engine.api import Action, Case, Delivery, Tag, hookimpl

BOX = Path(__file__).with_name("coupons.jsonl")

async def coupon(doing, amount: Decimal, note: str | None = None):
    """Gives a coupon."""
    if amount > 100:
        return Delivery("failed", error="too dear", permanent=True)
    with BOX.open("a") as out:
        out.write(json.dumps([doing.key != "", doing.ticket_number, str(amount), type(amount).__name__, note]) + "\\n")

def deserving(case: Case, tag: str):
    """Marks a case."""
    return [Tag("ticket", case.ticket.id, (tag,))]

@hookimpl
def register_actions(config):
    return [Action("shop.coupon", coupon), Action("shop.deserving", deserving)]
'''
RULES = """
rule give
  stage notify
  on ticket.created
  then
    do shop.coupon(amount: 4.5)
    do shop.coupon(amount: 500)
    do shop.deserving(tag: "coupon")
"""


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def test_an_action_of_a_plugin(house: House) -> None:
    folder = house.folder / "extensions"
    folder.mkdir()
    (folder / "coupons.py").write_text(PLUGIN, "utf-8")
    house.settings["plugins.dir"] = "extensions"
    house.write("give.rules", RULES)

    async def work(desk: Desk) -> Any:
        assert not desk.plugins.set_aside
        amy = await sign_in(desk, "amy", "frontline", ("admin",))
        made = await desk.act(amy, OpenTicket("x", "please help", requester={"name": "a"}))
        number = made["ticket"]["number"]
        assert lines(folder / "coupons.jsonl") == [], "nothing reaches outside within the decision"
        pump = Pump(desk)
        await pump.start()

        async def failures() -> list[Any]:
            events = (await desk.query(SYSTEM, Events(number)))["items"]
            failed = [e["body"] for e in events if e["kind"] == "action.failed"]
            return failed if lines(folder / "coupons.jsonl") else []

        failed = await until_async(failures, "one coupon is given and one failed")
        await pump.stop()
        trace = await desk.explain(number)
        did = [c for item in (trace or {})["items"] for r in item["rules"] if r["rule"] == "give" for c in r["changes"]]
        return number, failed, (await desk.query(amy, TicketByNumber(number)))["tags"], did

    number, failed, tags, did = house.run(work)
    assert lines(folder / "coupons.jsonl") == [[True, number, "4.5", "Decimal", None]]
    assert failed == [{"action": "shop.coupon", "error": "too dear"}]
    assert "coupon" in tags
    assert did == ["do shop.coupon(amount: 4.5)", "do shop.coupon(amount: 500)", "do shop.deserving(tag: …)"]


def test_one_left_half_done_by_a_crash_is_not_done_again_unless_twins_are_refused(house: House) -> None:
    folder = house.folder / "extensions"
    folder.mkdir()
    (folder / "coupons.py").write_text(PLUGIN, "utf-8")
    house.settings["plugins.dir"] = "extensions"
    house.write("give.rules", RULES)

    async def begin(desk: Desk) -> None:
        amy = await sign_in(desk, "amy", "frontline", ("admin",))
        await desk.act(amy, OpenTicket("x", "please help", requester={"name": "a"}))
        await desk.context.store.write(outbox.claim)  # claimed, and then the server died

    async def again(desk: Desk) -> None:
        coupons = t.Outbox.select(t.Outbox.state).where(t.Outbox.channel == "do:shop.coupon")

        async def uncertain() -> bool:
            return set(await desk.context.store.read(lambda tx: tx.values(coupons))) == {"uncertain"}

        pump = Pump(desk)
        await pump.start()
        await until_async(uncertain, "each is uncertain")
        await stays_async(uncertain, "each is uncertain", seconds=0.5)
        await pump.stop()

    house.run(begin)
    house.run(again)
    assert lines(folder / "coupons.jsonl") == []


def test_an_action_needs_a_name_with_a_dot_and_types_rules_know() -> None:
    async def bad(doing: Any, what: bytes) -> None: ...

    async def good(doing: Any, what: str) -> None: ...

    for action, why in ((Action("coupon", good), "with a dot"), (Action("shop.x", bad), "`what` needs an annotation")):
        with pytest.raises(TypeError, match=why):
            as_action(action)

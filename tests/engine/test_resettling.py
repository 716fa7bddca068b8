"""The law of service times on the real desk: cases of the table over SQLite, and publications carried by the worker."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from engine.core.commands import ChangeTicket, MemberLine, MoveTicket, PostMessage
from engine.core.entities import SYSTEM, Actor, Clock
from engine.core.questions import TicketByNumber, Tickets
from engine.desk import Desk, jobs
from engine.reload import reload_now
from engine.store import Tx, load
from engine.worker import Worker
from tests.core.sla_cases import cases, differs, steps, texts
from tests.support.house import House, member, sign_in

BOTH = [
    case
    for case in cases()
    if case["law"] in ("pause", "reopen", "publish", "dropped") and "expect" in case and "later" not in str(case)
]
"""Those in which most is kept between two decisions."""


class Clockwork:
    """Stands until it is moved."""

    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


def lay(house: House, name: str) -> None:
    """Puts one of the table's rulebooks into the folder."""
    rules = house.folder / "rules"
    shutil.rmtree(rules)
    for path, text in texts(name).items():
        (rules / path).parent.mkdir(parents=True, exist_ok=True)
        (rules / path).write_text(text, "utf-8")


async def carry(desk: Desk) -> dict[str, Any] | None:
    """Lets a worker carry the last publication; the job as it stands then, None where there is none."""
    found = [one for one in await jobs.newest(desk.context) if one["kind"] == "sla.resettle"]
    if not found:
        return None
    await Worker(desk.context).finish(found[0]["id"])
    return next(one for one in await jobs.newest(desk.context) if one["id"] == found[0]["id"])


def clocks(tx: Tx, desk: Desk, number: int) -> dict[str, Clock]:
    """The clocks of a ticket as they are stored."""
    case = load.peek_ticket_case(tx, desk.context.lexicon, number)
    assert case is not None
    return {clock.target: clock for clock in case.clocks}


@pytest.mark.parametrize("case", BOTH, ids=[case["case"] for case in BOTH])
def test_a_case_of_the_law_on_the_desk(house: House, case: dict[str, Any]) -> None:
    lay(house, case.get("book", "plain"))
    history = steps(case)
    clock = Clockwork(history[0][0])

    async def work(desk: Desk) -> None:
        amy, ming = await sign_in(desk, "amy", "care"), await member(desk)
        number = 0
        for when, what, which in history:
            clock.now = max(clock.now, when)
            await desk.tick()
            number = await _step(desk, house, amy, ming, number, what, which)
            await desk.tick()
        found = await desk.context.read(lambda tx: clocks(tx, desk, number))
        assert desk.rulebook is not None
        shown = await desk.query(SYSTEM, TicketByNumber(number))
        for target, wanted in case["expect"].items():
            one = found.get(target)
            assert differs(one, wanted, desk.rulebook, "demo", clock.now) == []
            status = {one["target"]: one["status"] for one in shown["sla"]}.get(target, "none")
            assert status == wanted.split(",")[0]
        live = [one.due_at for one in found.values() if one.met_at is None and one.due_at and one.due_at <= clock.now]
        late = await desk.query(amy, Tickets(view="overdue"))
        assert [one["number"] for one in late["items"]] == ([number] if live else [])

    house.run(work, clock=clock)


async def _step(desk: Desk, house: House, amy: Actor, ming: Actor, number: int, what: str, which: str) -> int:
    if what == "ask":
        said = await desk.act(ming, MemberLine("demo", "你好", kind="inquiry", channel="form", number=number or None))
        return int(said["ticket"])
    if what == "reply":
        await desk.act(amy, PostMessage(number, "您好"))
    elif what == "priority":
        await desk.act(amy, ChangeTicket(number, {"priority": which}))
    elif what == "publish":
        lay(house, which)
        assert (await reload_now(desk, by="test"))["findings"] is not None
        await carry(desk)
    elif what != "look":
        await desk.act(amy, MoveTicket(number, what))
    return number

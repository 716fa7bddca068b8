"""A plugin's pure function or action that hangs or burns is asked once and then left alone; decisions go on without it,
and it comes back by itself."""

from __future__ import annotations

import time
from typing import Any

import pytest

from engine.core.commands import OpenTicket
from engine.core.questions import TicketByNumber
from engine.desk import Desk
from engine.lanes import Lane, Overdue
from tests.support.house import House, sign_in
from tests.support.waiting import until, until_async

PLUGIN = '''
"""Weighs texts."""
import time
from engine.api import Action, Case, Function, Tag, hookimpl

LONG = 2.5
CALLS = []

def holds(text):
    CALLS.append(text)
    if "hangs" in text:
        time.sleep(LONG)
    end = time.monotonic() + LONG
    while "burns" in text and time.monotonic() < end:
        pass

def heavy(text: str) -> bool:
    """Whether a text is heavy."""
    holds(text)
    return "heavy" in text

def weigh(case: Case, text: str):
    """Marks what was weighed, slowly where it is told to."""
    holds(text)
    yield Tag("ticket", case.ticket.id, ("weighed",))

@hookimpl
def register_functions():
    return [Function("heavy", heavy)]

@hookimpl
def register_actions(config):
    return [Action("shop.weigh", weigh)]
'''
RULES = {
    "function": "stage classify\nrule w\n  on ticket.created\n  when heavy(message.text)\n  then add tag weighed\n",
    "action": "stage classify\nrule w\n  on ticket.created\n  then do shop.weigh(text: message.text)\n",
}
LANES = {"function": "rules:heavy", "action": "rules:shop.weigh"}


@pytest.mark.parametrize("kind", ["function", "action"])
@pytest.mark.parametrize("does", ["hangs", "burns"])
def test_a_decision_does_not_wait_for_a_plugin(house: House, kind: str, does: str) -> None:
    folder = house.folder / "extensions"
    folder.mkdir()
    (folder / "scale.py").write_text(PLUGIN, "utf-8")
    house.settings["plugins.dir"] = "extensions"
    house.settings["plugins.decide_within"] = 1000
    house.write("weigh.rules", RULES[kind])

    async def work(desk: Desk) -> None:
        amy = await sign_in(desk, "amy", "frontline", ("admin",))

        async def letter(text: str) -> tuple[list[str], float]:
            began = time.monotonic()
            made = await desk.act(amy, OpenTicket("x", text, requester={"name": "a"}))
            took = time.monotonic() - began
            return list((await desk.query(amy, TicketByNumber(made["ticket"]["number"])))["tags"]), took

        def state() -> Any:
            return next(one for one in desk.context.lanes.states() if one.name == LANES[kind])

        assert "weighed" in (await letter("heavy"))[0]
        tags, took = await letter(f"heavy, and it {does}")
        assert "weighed" not in tags and took < 2.4, "the letter is stored without it"
        assert state().overdue == 1 and "does not answer" in state().trouble
        for _ in range(3):
            assert (await letter("heavy"))[1] < 1.0, "not asked while it hangs"
        assert state().overdue == 1

        async def answers() -> bool:
            return not state().hangs

        await until_async(answers, "the plugin has come to its end")
        assert "weighed" in (await letter("heavy"))[0], "by itself"

    house.run(work)


def test_what_is_late_again_and_again_rests_and_what_raises_does_not() -> None:
    lane = Lane("rules:slow", within=0.02, failures=2, rest=60)

    def wrong() -> None:
        raise ValueError("no number")

    for _ in range(5):
        with pytest.raises(ValueError, match="no number"):
            lane.ask(wrong)
    assert lane.ask(lambda: 5) == 5 and not lane.state().rests
    for _ in range(2):
        with pytest.raises(Overdue, match="no answer within"):
            lane.ask(lambda: time.sleep(0.1))
        until(lambda: not lane.state().hangs, "what was late has come to its end")
    with pytest.raises(Overdue, match="left alone"):
        lane.ask(lambda: 5)
    assert lane.state().rests > 50 and lane.state().trouble
    assert lane.close()

"""How many agents are there for a case, and what becomes of a chat whose agent is not."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.commands import OpenTicket, SetStatus
from engine.core.questions import TicketByNumber
from engine.desk import Desk, accounts
from tests.core.desk import Stage, acted, book_of
from tests.support.house import House, member, sign_in

COUNTED = 'rule counted on message.received then reply "{ticket.agents_here} / {shop.agents_here}"'


@pytest.mark.parametrize(
    ("agents", "told"),
    [
        ({"ann": {}}, "1 / 1"),
        ({"ann": {"status": "busy"}, "bob": {"status": "away"}}, "1 / 1"),
        ({"ann": {"teams": ("senior",)}, "bob": {"teams": ("senior",)}}, "0 / 2"),
        ({"ann": {"roles": ()}, "bob": {"status": "offline"}}, "0 / 0"),
    ],
)
def test_of_a_case_with_a_team_those_of_the_team_count(agents: dict[str, Any], told: str) -> None:
    stage = Stage(book_of(COUNTED + "\nrule routed stage route on ticket.created then route to team care"))
    for name, values in agents.items():
        stage.agent(name, **values)
    stage.says()
    assert [say.text for say in stage.says("在嗎").replies] == [told]


def test_of_one_without_a_team_those_of_the_shop() -> None:
    stage = Stage(book_of(COUNTED))
    stage.agent("ann", teams=("senior",))
    assert [say.text for say in stage.says().replies] == ["1 / 1"]


def test_the_store_knows_the_same(house: House) -> None:
    """Of a case of a team only who is of it."""
    house.write(
        "new.rules",
        """
rule routed
  stage route
  priority 300
  on ticket.created
  then route to team frontline
rule here
  stage respond
  on ticket.created
  when ticket.agents_here = 1 and shop.agents_here = 2
  then add tag 一位
""",
    )

    async def work(desk: Desk) -> dict[str, Any]:
        amy, ben = [await sign_in(desk, name, "frontline") for name in ("amy", "ben")]
        for agent in (amy, ben):
            await desk.act(agent, SetStatus("online"))
        await accounts.save_agent(desk.context, "ben", None, teams=["aftersales"])
        done = await desk.act(await member(desk), OpenTicket("退貨", "我要退貨"))
        return dict(await desk.query(amy, TicketByNumber(done["ticket"]["number"])))

    assert "一位" in house.run(work)["tags"]


CHAT = """\
kind: chat
live: true
initial: open
states:
  open: {sla: running, category: open}
  closed: {sla: stopped, category: closed}
transitions:
  - {trigger: end, from: open, to: closed, roles: [agent, member]}
"""
GONE = """
rule hers stage route on ticket.created then assign to agent ann
rule gone stage route on chat.agent_gone after 3m when now > "2026-03-02 09:00" then assign to agent bob
"""


def test_what_was_let_pass_at_night_is_asked_again_when_the_member_writes() -> None:
    """The agent went offline before the shop opened; the rule that gives her chats away waits for the opening."""
    stage = Stage(book_of(GONE, lifecycles__chat=CHAT), now="2026-03-02 08:00")
    stage.agent("ann", status="offline")
    stage.agent("bob")
    stage.says(kind="chat", channel="chat")
    assert stage.ticket.assignee == "ann"
    assert not [rule for decision in stage.until("2026-03-02 09:30") for rule in acted(decision)]
    stage.says("在嗎")
    stage.says("還在嗎")
    later = [rule for decision in stage.until("2026-03-02 09:34") for rule in acted(decision)]
    assert later == ["gone"]
    assert stage.ticket.assignee == "bob"

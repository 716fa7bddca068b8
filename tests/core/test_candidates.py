"""Nobody is given a ticket that they would be refused: not by a route, a rule, a colleague, nor by coming online."""

from __future__ import annotations

import pytest

from engine.core.commands import ChangeTicket, ServeQueue
from engine.core.entities import SYSTEM
from engine.core.errors import Refused
from tests.core.desk import Stage, book_of

ROUTED = """stage route

rule care "Care"
  on ticket.created
  then route to team care by least_busy
"""


@pytest.fixture
def stage() -> Stage:
    """The team care: one who manages machines only, one who only looks."""
    stage = Stage(book_of(ROUTED))
    stage.agent("ada", roles=())
    stage.agent("bob", roles=("supervisor",))
    return stage


def test_a_route_passes_over_who_may_not_see_or_answer(stage: Stage) -> None:
    stage.says(kind="chat", channel="chat")
    assert stage.ticket.assignee is None and stage.ticket.team == "care"
    stage.agent("cat")
    stage.says(kind="chat", channel="chat", new=True)
    assert stage.ticket.assignee == "cat"


def test_the_queue_is_not_served_by_who_may_not_see_or_answer(stage: Stage) -> None:
    stage.says(kind="chat", channel="chat")
    ticket = stage.ticket
    for username in ("ada", "bob"):
        stage.world.run(ServeQueue(ticket.id, username), SYSTEM, ticket_id=ticket.id, shop="demo")
        assert stage.ticket.assignee is None, username
    assert stage.world.serve_queue(SYSTEM) == []
    stage.agent("cat")
    assert stage.world.serve_queue(SYSTEM) and stage.ticket.assignee == "cat"


def test_a_colleague_gives_no_ticket_to_who_may_not_see_it(stage: Stage) -> None:
    giver = stage.agent("gil", roles=("giver",), teams=("senior",))
    stage.says(kind="chat", channel="chat")
    number = stage.ticket.number
    with pytest.raises(Refused) as refused:
        stage.does(ChangeTicket(number, {"assignee": "ada"}), giver)
    assert (refused.value.code, refused.value.pointer) == ("unknown-agent", "/assignee")
    stage.does(ChangeTicket(number, {"assignee": "bob"}), giver)
    assert stage.ticket.assignee == "bob"

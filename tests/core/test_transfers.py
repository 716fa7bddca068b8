"""A case is handed on by a person, to a team or a colleague, in one act; or claimed by whoever is first."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.commands import ChangeTicket, ClaimTicket, MoveTicket, TransferTicket
from engine.core.entities import SYSTEM, Actor
from engine.core.errors import Refused
from engine.core.values import replace
from tests.core.desk import Stage, acted, book_of, did

RULES = """
rule told on ticket.transferred when transfer.tell_member then reply "to {ticket.team}, by {transfer.by}"
rule heard on ticket.transferred when transfer.from_agent = amy and transfer.from_team = care then add tag from_amy
rule given
  on ticket.assigned
  when transfer.by is set and ticket.assignee is set
  then notify agent ticket.assignee "{transfer.by}: {transfer.note}"
rule alone on ticket.assigned when transfer.by is empty then add tag by_itself
rule took on ticket.claimed then add tag claimed
"""


class Shift:
    """A case in the hands of amy of `care`; ben is of `senior`, cal of both."""

    def __init__(self, rules: str = RULES, **line: Any) -> None:
        self.stage = Stage(book_of(rules))
        self.amy = self.stage.agent("amy")
        self.ben = self.stage.agent("ben", teams=("senior",))
        self.cal = self.stage.agent("cal", teams=("senior", "care"))
        self.stage.says(**line)
        self.stage.does(ClaimTicket(1), self.amy)

    def hands(self, actor: Actor | None = None, **values: Any) -> Any:
        return self.stage.does(TransferTicket(1, **values), actor or self.amy)

    def refused(self, command: Any, actor: Actor | None = None) -> tuple[str, str | None]:
        before = self.stage.ticket
        with pytest.raises(Refused) as caught:
            self.stage.does(command, actor or self.amy)
        assert self.stage.ticket == before, "nothing is half done"
        return caught.value.code, caught.value.pointer

    @property
    def held(self) -> tuple[str | None, str | None]:
        return self.stage.ticket.team, self.stage.ticket.assignee


def test_one_act_is_team_holder_note_and_one_event() -> None:
    shift = Shift()
    decision = shift.hands(team="senior", note=" she wants a refund ")
    assert shift.held == ("senior", None)
    (event,) = shift.stage.records("ticket.transferred")
    (noted,) = shift.stage.records("message.noted")
    assert event.body == {
        "from": ["care", "amy"],
        "to": ["senior", None],
        "told": False,
        "message": noted.body["message"],
    }
    assert acted(decision) == ["heard"], "the member hears nothing, and nobody has it who could be told"


def test_the_colleague_is_told_by_whom_and_what() -> None:
    shift = Shift()
    decision = shift.hands(agent="ben", note="she wants a refund")
    assert shift.held == ("senior", "ben")
    assert "given" in acted(decision) and "alone" not in acted(decision)
    (notice,) = shift.stage.world.notifications
    assert (notice["agent"], notice["text"]) == ("ben", "Amy: she wants a refund")


@pytest.mark.parametrize(
    ("wanted", "held"),
    [
        ({"agent": "cal"}, ("care", "cal")),
        ({"agent": "cal", "team": "senior"}, ("senior", "cal")),
        ({"agent": "ben"}, ("senior", "ben")),
        ({"team": "care"}, ("care", None)),
    ],
    ids=["stays in its team", "as said", "a team of hers", "back into the own team"],
)
def test_team_and_agent_fit_each_other(wanted: dict[str, str], held: tuple[str, str | None]) -> None:
    shift = Shift()
    shift.hands(**wanted)
    assert shift.held == held


def test_the_member_hears_of_it_in_the_words_of_a_rule() -> None:
    shift = Shift()
    assert [say.text for say in shift.hands(team="senior", tell_member=True).replies] == ["to 資深組, by Amy"]


def test_a_later_change_of_holder_is_no_transfer() -> None:
    shift = Shift()
    shift.hands(team="senior")
    assert did(shift.stage.does(ClaimTicket(1), shift.ben), "alone") == ["add tag by_itself"]


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({}, ("nobody-named", "/team")),
        ({"team": "nowhere"}, ("unknown-team", "/team")),
        ({"agent": "nobody"}, ("unknown-agent", "/agent")),
        ({"agent": ""}, ("unknown-agent", "/agent")),
        ({"agent": "amy"}, ("already-there", None)),
        ({"agent": "ben", "team": "care"}, ("not-in-team", "/agent")),
        ({"team": "senior", "if_version": 99}, ("stale", None)),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else None,
)
def test_what_cannot_be_is_refused_whole(wanted: dict[str, Any], told: tuple[str, str | None]) -> None:
    shift = Shift()
    assert shift.refused(TransferTicket(1, **wanted)) == told


def test_a_closed_case_is_neither_handed_on_nor_claimed() -> None:
    shift = Shift()
    shift.stage.does(MoveTicket(1, "close", {"solution": "done"}), shift.amy)
    assert shift.refused(TransferTicket(1, team="senior")) == ("ticket-closed", None)
    assert shift.refused(ClaimTicket(1), shift.ben) == ("ticket-closed", None)


def test_a_chat_is_not_handed_to_who_is_away() -> None:
    shift = Shift(kind="chat", channel="widget")
    shift.stage.agent("ben", teams=("senior",), status="offline")
    assert shift.refused(TransferTicket(1, agent="ben")) == ("agent-offline", "/agent")
    shift.hands(team="senior")
    assert shift.held == ("senior", None)


def test_the_first_who_claims_has_it_and_the_second_is_told_who() -> None:
    shift = Shift()
    assert shift.held == ("care", "amy") and shift.stage.ticket.tags == ("by_itself", "claimed")
    assert shift.refused(ClaimTicket(1), shift.ben) == ("taken", None)
    before = len(shift.stage.world.events)
    shift.stage.does(ClaimTicket(1), shift.amy)
    assert len(shift.stage.world.events) == before, "who has it already has it: nothing happens"


def test_members_do_neither() -> None:
    shift = Shift()
    assert shift.refused(TransferTicket(1, team="senior"), shift.stage.customer)[0] == "agents-only"
    assert shift.refused(ClaimTicket(1), shift.stage.customer)[0] == "agents-only"


def test_who_hands_a_case_to_the_own_team_is_not_given_it_again_until_somebody_had_it() -> None:
    shift = Shift(RULES + "rule again on ticket.transferred then route to team care by least_busy\n")
    shift.hands(team="care")
    assert shift.held == ("care", "cal"), "the other of the team"
    shift.hands(shift.cal, team="care")
    assert shift.held == ("care", "amy"), "cal had it meanwhile"


def test_who_had_it_is_left_out_whoever_hands_it_on_and_only_by_the_team_it_was_handed_to() -> None:
    routed = "rule again on ticket.transferred then route to team {} by least_busy\n"
    shift = Shift(RULES + routed.format("care"))
    shift.hands(shift.cal, team="care")
    assert shift.held == ("care", "cal"), "amy had it, cal only handed it on"
    shift = Shift(RULES + routed.format("senior"))
    shift.hands(agent="cal", team="senior")
    shift.stage.world.agents["ben"] = replace(shift.stage.world.agents["ben"], status="offline")
    shift.hands(shift.cal, team="care")
    assert shift.held == ("senior", "cal"), "the rule's team has not been left by anybody"


def test_a_chat_that_no_rule_routed_is_served_by_the_team_it_is_handed_to() -> None:
    shift = Shift(kind="chat", channel="widget")
    decision = shift.hands(team="senior")
    assert shift.held == ("senior", None)
    shift.stage.world.serve_queue(SYSTEM, [decision])
    assert shift.held == ("senior", "ben")


def test_what_another_gives_the_team_anew_is_not_kept_from_who_had_it() -> None:
    shift = Shift(kind="chat", channel="widget")
    shift.hands(team="care")
    assert shift.stage.ticket.left_by == "amy"
    shift.stage.does(ChangeTicket(1, {"team": "senior"}), shift.cal)
    assert shift.stage.ticket.left_by is None

"""Who holds a case keeps it until words say otherwise; taking a chat is one act, and so is handing it over."""

from __future__ import annotations

import pytest

from engine.core import scenarios
from engine.core.commands import ChangeTicket, MoveTicket
from engine.core.entities import SYSTEM
from engine.lang import Source
from tests.core.desk import Stage, book_of, built, files

EACH_LINE = "rule each stage route on message.received then route to team care by least_busy"
GREET = """
rule greet stage respond on ticket.assigned when ticket.assignee changed and ticket.assignee is set
  then reply "接下來由 {ticket.assignee} 為您服務"
"""
SERVED = """\
kind: chat
live: true
initial: 待接入
states:
  待接入: {sla: running, category: open}
  服務中: {sla: running, category: open}
  已結束: {sla: stopped, category: closed}
transitions:
  - {trigger: serve, from: 待接入, to: 服務中, roles: [agent]}
  - {trigger: end, from: "*", to: 已結束, roles: [agent, member]}
"""


def of_two(rules: str = EACH_LINE, **more: str) -> Stage:
    """Two agents of care, `ann` and `bob`, and one of another team."""
    stage = Stage(book_of(rules, **more))
    for name in ("ann", "bob"):
        stage.agent(name)
    stage.agent("eve", teams=("senior",))
    return stage


def test_a_rule_that_hears_each_line_moves_no_case() -> None:
    stage = of_two()
    held = []
    for n in range(3):
        stage.says(f"第 {n} 句")
        held.append(stage.ticket.assignee)
    assert held == ["ann"] * 3


@pytest.mark.parametrize("who", ["bob", "eve"])
def test_nor_does_it_undo_a_claim_by_hand(who: str) -> None:
    """Also where somebody of another team claimed it: the case is this team's already."""
    stage = of_two()
    stage.says()
    stage.does(ChangeTicket(stage.ticket.number, {"assignee": who}), SYSTEM)
    stage.says("還在嗎")
    assert stage.ticket.assignee == who


def test_reassign_says_it_in_words() -> None:
    stage = of_two(EACH_LINE + " reassign")
    held = []
    for _ in range(3):
        stage.world.now += 1
        stage.says()
        held.append(stage.ticket.assignee)
    assert held == ["ann", "bob", "ann"]


@pytest.mark.parametrize("way", ["", " by least_busy"])
def test_another_team_does_not_keep_who_is_not_of_it(way: str) -> None:
    up = f"on ticket.changed when ticket.priority = urgent then route to team senior{way}"
    stage = of_two(f"{EACH_LINE}\nrule up stage notify {up}")
    stage.says()
    stage.does(ChangeTicket(stage.ticket.number, {"priority": "urgent"}), SYSTEM)
    assert (stage.ticket.team, stage.ticket.assignee) == ("senior", "eve" if way else None)


def test_a_new_team_by_hand_keeps_its_own_and_clears_others() -> None:
    stage = of_two(EACH_LINE + GREET)
    stage.agent("amy", teams=("care", "senior"))
    stage.says()
    assert stage.ticket.assignee == "amy"
    told = len(stage.world.messages[stage.ticket.id])
    stage.does(ChangeTicket(stage.ticket.number, {"team": "senior"}), SYSTEM)
    assert (stage.ticket.team, stage.ticket.assignee) == ("senior", "amy")
    assert len(stage.world.messages[stage.ticket.id]) == told, "nothing new for the member"
    stage.does(ChangeTicket(stage.ticket.number, {"assignee": "ann", "team": "care"}), SYSTEM)
    stage.does(ChangeTicket(stage.ticket.number, {"team": "senior"}), SYSTEM)
    assert (stage.ticket.team, stage.ticket.assignee) == ("senior", None)
    assert len(stage.world.messages[stage.ticket.id]) == told + 1
    last = stage.records("ticket.assigned")[-1].body
    assert last == {
        "team": "senior", "assignee": None, "changed": ["team", "assignee"], "old": {"team": "care", "assignee": "ann"},
    }  # fmt: skip


@pytest.mark.parametrize("by", ["serve", "claim"])
def test_taking_a_chat_is_one_act(by: str) -> None:
    stage = of_two("", lifecycles__chat_yaml=SERVED)
    amy = stage.agent()
    stage.says(kind="chat", channel="chat")
    command = MoveTicket(stage.ticket.number, "serve")
    if by == "claim":
        command = ChangeTicket(stage.ticket.number, {"assignee": "amy"})
    stage.does(command, amy)
    assert (stage.ticket.state, stage.ticket.assignee) == ("服務中", "amy")


def test_engine_test_gives_a_freed_place_as_the_desk_does() -> None:
    book = built(files("rule r stage route on message.received then route to team care by least_busy"))
    text = """
- name: freed
  agents: {amy: {team: care, status: online, capacity: 1}}
  members: {other: {tier: gold, name: 小華}}
  steps:
    - {message: 你好, kind: chat, expect: {ticket.assignee: amy}}
    - {as: other, message: 我也要, kind: chat, expect: {ticket.assignee: null}}
    - {as: member, end: true}
    - {as: other, message: 在嗎, expect: {ticket.assignee: amy}}
"""
    found, problems = scenarios.read(Source("tests/a.yaml", text))
    assert problems == [], [problem.message for problem in problems]
    result = scenarios.run(book, found[0])
    assert [str(failure) for failure in result.failures] == []


@pytest.mark.parametrize("kind", ["inquiry", "chat"])
def test_who_takes_what_is_hers_already_changes_nothing(kind: str) -> None:
    stage = Stage(book_of('rule told on ticket.assigned then notify agent amy "…"'))
    amy = stage.agent()
    stage.says(kind=kind, channel="web")
    take = ChangeTicket(stage.ticket.number, {"assignee": "amy"})
    first, again = stage.does(take, amy), stage.does(take, amy)
    assert first.events and not again.events and not again.changes
    assert len(stage.records("ticket.assigned")) == len(stage.world.notifications) == 1

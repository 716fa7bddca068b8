"""State machines: one machine for all tickets of a kind, guards, wildcards, what people and rules may do."""

from __future__ import annotations

import pytest

from engine.core import scenarios
from engine.core.commands import EndChat, MoveTicket
from engine.core.errors import Refused
from engine.core.lifecycle import Lifecycle, State, Transition
from engine.lang import Source
from tests.core.desk import FILES, Stage, acted, book_of, did

A, B, C = State("a", "open"), State("b", "pending", "paused"), State("c", "closed", "stopped")


def lifecycle(*transitions: Transition) -> Lifecycle:
    """A lifecycle of the states a, b, c."""
    return Lifecycle("x", "a", {s.name: s for s in (A, B, C)}, transitions)


GO = Transition("go", ("a",), "b")
ON = Transition("go", ("b",), "c")
END = Transition("end", ("a", "b"), "c")


@pytest.mark.parametrize(
    ("trigger", "state", "passed"),
    [
        ("go", "a", GO),
        ("go", "b", ON),
        ("go", "c", None),
        ("end", "a", END),
        ("end", "c", None),
        ("nothing", "a", None),
    ],
)
def test_a_trigger_takes_the_transition_of_its_state(trigger: str, state: str, passed: Transition | None) -> None:
    assert lifecycle(GO, ON, END).fire(trigger, state, lambda t: True) is passed


def test_the_first_transition_whose_guard_agrees_is_taken() -> None:
    first, second = Transition("go", ("a",), "b"), Transition("go", ("a",), "c")
    asked: list[Transition] = []

    def guard(transition: Transition) -> bool:
        asked.append(transition)
        return transition is second

    assert lifecycle(first, second).fire("go", "a", guard) is second
    assert asked == [first, second]
    assert lifecycle(first, second).fire("go", "a", lambda t: False) is None


def test_one_machine_serves_many_tickets_and_remembers_none() -> None:
    shared = lifecycle(GO, ON, END)
    machine = shared._get_machine()
    for state, passed in [("a", GO), ("b", ON), ("a", GO), ("c", None), ("a", GO)]:
        assert shared.fire("go", state, lambda t: True) is passed
    assert shared.fire("go", "a", lambda t: False) is None
    assert shared.fire("go", "a", lambda t: True) is GO, "a refusal leaves nothing behind"
    assert shared._get_machine() is machine
    assert machine.models == []


def test_ways_out_and_ways_to() -> None:
    shared = lifecycle(GO, ON, END)
    assert shared.moves("a") == [GO, END]
    assert shared.leading_to("b", "c") == [ON, END]
    assert shared.leading_to("c", "a") == []


def test_the_star_is_every_other_state() -> None:
    close = next(t for t in book_of().lifecycles["inquiry"].transitions if t.trigger == "close")
    assert close.sources == ("待回覆", "已回覆", "對話中")


# --- people ---------------------------------------------------------------------------------------------------------


def test_replies_move_the_ticket() -> None:
    stage = Stage(book_of())
    amy = stage.agent()
    stage.says()
    states = [stage.ticket.state]
    for _ in range(2):
        stage.answers(amy)
        states.append(stage.ticket.state)
        stage.says("還有")
        states.append(stage.ticket.state)
    assert states == ["待回覆", "已回覆", "對話中", "已回覆", "對話中"]
    assert [e.body["trigger"] for e in stage.records("ticket.state_changed")] == ["agent_replied", "member_replied"] * 2


def test_closing_needs_a_solution_and_reopening_is_counted() -> None:
    stage = Stage(book_of())
    amy = stage.agent()
    stage.says()
    stage.answers(amy)
    with pytest.raises(Refused) as refused:
        stage.does(MoveTicket(1, "close"), amy)
    assert (refused.value.code, refused.value.pointer) == ("field-required", "/fields/solution")
    stage.does(MoveTicket(1, "close", {"solution": "已退款"}), amy)
    assert (stage.ticket.state, stage.ticket.category, stage.ticket.closed_at) == ("已結案", "closed", stage.world.now)
    stage.until("2026-03-09 09:00")
    stage.does(MoveTicket(1, "reopen"), stage.customer)
    assert (stage.ticket.state, stage.ticket.closed_at, stage.ticket.reopened) == ("對話中", None, 1)


def test_a_guard_binds_everybody() -> None:
    stage = Stage(book_of())
    amy = stage.agent()
    stage.says()
    stage.does(MoveTicket(1, "close", {"solution": "x"}), amy)
    stage.until("2026-03-09 10:01")
    for actor in (amy, stage.customer):
        with pytest.raises(Refused) as refused:
            stage.does(MoveTicket(1, "reopen"), actor)
        assert refused.value.code == "move-not-now"
    with pytest.raises(Refused) as refused:
        stage.says("還在嗎")
    assert refused.value.code == "ticket-closed"


@pytest.mark.parametrize(
    ("trigger", "roles", "code"),
    [
        ("close", ("supervisor",), "permission-needed"),
        ("reopen", ("mover",), "role-needed"),
        ("agent_replied", ("agent",), "no-such-move"),
        ("member_replied", ("agent",), "no-such-move"),
        ("made_up", ("agent",), "no-such-move"),
    ],
)
def test_moves_that_are_refused(trigger: str, roles: tuple[str, ...], code: str) -> None:
    stage = Stage(book_of())
    amy = stage.agent()
    other = stage.agent("ben", roles=roles)
    stage.says()
    if trigger == "reopen":
        stage.does(MoveTicket(1, "close", {"solution": "x"}), amy)
    before = stage.ticket
    with pytest.raises(Refused) as refused:
        stage.does(MoveTicket(1, trigger, {}), other)
    assert refused.value.code == code
    assert stage.ticket == before


def test_a_stale_move_is_refused() -> None:
    stage = Stage(book_of())
    amy = stage.agent()
    stage.says()
    with pytest.raises(Refused) as refused:
        stage.does(MoveTicket(1, "close", {"solution": "x"}, if_version=stage.ticket.version - 1), amy)
    assert refused.value.kind == "stale"


def test_either_side_ends_a_chat_and_once() -> None:
    stage = Stage(book_of())
    amy = stage.agent()
    stage.says(kind="chat", channel="chat")
    stage.does(EndChat(), stage.customer)
    assert (stage.ticket.state, stage.world.chats[stage.ticket.id].ended_at) == ("已結束", stage.world.now)
    assert stage.does(EndChat(1), amy).changes == ()
    assert len(stage.records("chat.ended")) == 1
    stage.says(new=True)
    with pytest.raises(Refused) as refused:
        stage.does(EndChat(2), amy)
    assert refused.value.code == "not-a-chat"


# --- rules ----------------------------------------------------------------------------------------------------------


def test_move_to_takes_whichever_transition_leads_there() -> None:
    rules = "rule close_it on message.sent when ticket.kind = inquiry then move to 已結案"
    stage = Stage(book_of(rules))
    stage.says()
    decision = stage.answers(stage.agent())
    assert did(decision, "close_it") == ["ticket.state = 已結案"]
    assert stage.ticket.state == "已結案", "`requires` and `roles` bind people only"


def test_move_to_where_one_is_does_nothing() -> None:
    stage = Stage(book_of("rule stay on message.received when ticket.state = 待回覆 then move to 待回覆"))
    decision = stage.says()
    assert did(decision, "stay") == ["ticket.state = 待回覆"]
    assert stage.records("ticket.state_changed") == []


def test_a_guard_binds_rules_too() -> None:
    rules = """
    rule late on timer.fired when timer.name = wake and ticket.state = 已結案 then move to 對話中
    rule wait on ticket.state_changed when ticket.state = 已結案 then start timer wake for 8d
    """
    stage = Stage(book_of(rules))
    amy = stage.agent()
    stage.says()
    stage.does(MoveTicket(1, "close", {"solution": "x"}), amy)
    (decision,) = [d for d in stage.until("2026-03-20 10:00") if d.root == "timer.fired"]
    assert acted(decision) == ["late"]
    assert did(decision, "late") == ["not move to 對話中, ticket.state = 已結案"]
    assert stage.ticket.state == "已結案"


def test_a_lifecycle_says_what_opens_a_chat_again() -> None:
    reopen = "  - {trigger: reopen, from: 已結束, to: 待接入, when: ticket.closed_for <= 10m}\n"
    rule = 'rule again on message.received when ticket.state changed from 已結束 then note "又來了"'
    book = book_of(rule, lifecycles__chat_yaml=FILES["lifecycles/chat.yaml"] + reopen)
    text = """
- name: within ten minutes it goes on, later it is another chat
  kind: chat
  steps:
    - message: 在嗎
    - end: true
      expect: {ticket.state: 已結束, events: [chat.ended]}
    - wait: 9m
      message: 還有一件事
      expect: {ticket.number: 1, ticket.state: 待接入, ticket.reopened: 1, notes: [又來了], not_events: [chat.started]}
    - end: true
      expect: {events: [chat.ended]}
    - wait: 11m
      message: 又有事
      expect: {ticket.number: 2, events: [chat.started]}
"""
    (scenario,), problems = scenarios.read(Source("tests/x.yaml", text))
    assert problems == []
    assert scenarios.run(book, scenario).failures == []

"""Who gets it: modes, ties, capacity, skills, and the queue."""

from __future__ import annotations

import pytest

from engine.core.commands import ChangeTicket, SetStatus
from engine.core.entities import MINUTE, SYSTEM, Agent
from engine.core.routing import candidates, likely_wait, pick
from tests.core.desk import Stage, book_of


def agent(name: str, **values: object) -> Agent:
    """An agent of care on duty, with room."""
    return Agent(
        **{"id": ord(name[0]), "username": name, "name": name, "teams": ("care",), "status": "online", **values}
    )  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "able"),
    [
        ({}, True),
        ({"status": "busy"}, False),
        ({"status": "away"}, False),
        ({"status": "offline"}, False),
        ({"teams": ("senior",)}, False),
        ({"teams": ("senior", "care")}, True),
        ({"load": 4, "capacity": 5}, True),
        ({"load": 5, "capacity": 5}, False),
        ({"capacity": 0}, False),
    ],
)
def test_who_may_be_given_a_ticket(values: dict[str, object], able: bool) -> None:
    assert bool(candidates("care", (), [agent("amy", **values)], {})) is able


@pytest.mark.parametrize(
    ("has", "wanted", "able"),
    [
        ((), (), True),
        (("a",), ("a",), True),
        (("a",), ("a", "b"), False),
        (("a", "b"), ("b",), True),
        ((), ("a",), False),
    ],
)
def test_every_skill_is_needed(has: tuple[str, ...], wanted: tuple[str, ...], able: bool) -> None:
    assert bool(candidates("care", wanted, [agent("amy", skills=has)], {})) is able


def test_what_this_decision_gave_out_counts() -> None:
    amy = agent("amy", load=4, capacity=5)
    assert candidates("care", (), [amy], {"amy": 1}) == []
    assert candidates("care", (), [agent("amy", load=5, capacity=5)], {"amy": -1}) != []


A, B, C = agent("amy", load=2), agent("ben", load=1), agent("cat", load=1)


@pytest.mark.parametrize(
    ("mode", "roster", "chosen"),
    [
        ("least_busy", [A, B], "ben"),
        ("least_busy", [agent("amy", load=3, capacity=10), agent("ben", load=2, capacity=4)], "amy"),  # by share
        ("least_busy", [C, B], "ben"),  # the name settles it
        ("least_busy", [agent("ben", last_assigned_at=5), agent("cat", last_assigned_at=4)], "cat"),
        ("round_robin", [agent("amy", last_assigned_at=9), agent("ben", last_assigned_at=3, load=4)], "ben"),
        ("round_robin", [B, A], "amy"),
        ("longest_idle", [agent("amy", last_assigned_at=9, status_since=1), agent("ben", last_assigned_at=2)], "ben"),
        ("longest_idle", [agent("amy", last_assigned_at=3), agent("ben", last_assigned_at=2, status_since=8)], "amy"),
        ("last_agent", [A, B], "amy"),
        ("last_agent", [agent("amy", status="away"), B, C], "ben"),  # not there: as least_busy
        ("least_busy", [], None),
        ("round_robin", [agent("amy", status="busy")], None),
    ],
)
def test_the_choice(mode: str, roster: list[Agent], chosen: str | None) -> None:
    found = pick(mode, "care", (), roster, last_agent="amy")
    assert (found.username if found else None) == chosen


@pytest.mark.parametrize("mode", ["least_busy", "round_robin", "longest_idle", "last_agent"])
def test_the_order_of_rows_does_not_matter(mode: str) -> None:
    roster = [A, B, C, agent("dan", last_assigned_at=7), agent("eve", capacity=0)]
    choices = {getattr(pick(mode, "care", (), order, "zoe"), "username", None) for order in (roster, roster[::-1])}
    assert len(choices) == 1


def test_round_robin_goes_round() -> None:
    stage = Stage(book_of("rule give on ticket.created then route to team care by round_robin"))
    for name in ("amy", "ben", "cat"):
        stage.agent(name)
    given = []
    for minute in range(6):
        stage.until(f"2026-03-02 10:0{minute}")
        stage.says(new=True)
        given.append(stage.ticket.assignee)
    assert given == ["amy", "ben", "cat"] * 2


def test_a_chat_waits_for_room_and_higher_tiers_go_first() -> None:
    stage = Stage(book_of("rule give on ticket.created when ticket.kind = chat then route to team care by least_busy"))
    amy = stage.agent(capacity=1, status="offline")
    stage.says(kind="chat", channel="chat")
    stage.member = stage.world.add_member("demo", tier="gold")
    stage.says(kind="chat", channel="chat", new=True)
    assert [t.assignee for t in stage.world.tickets.values()] == [None, None]
    assert [e.body["team"] for e in stage.records("chat.waiting")] == ["care", "care"]
    stage.world.run(SetStatus("online"), amy, shop="demo", agent="amy")
    stage.world.serve_queue(SYSTEM)
    assert [t.assignee for t in stage.world.tickets.values()] == [None, "amy"], "gold first, and room for one"


def test_routing_again_takes_nobody_off_without_need() -> None:
    rules = "rule give on message.received then route to team care by least_busy"
    stage = Stage(book_of(rules))
    stage.agent(capacity=1)
    stage.says(kind="chat", channel="chat")
    assert stage.ticket.assignee == "amy"
    stage.says("還有")
    assert stage.ticket.assignee == "amy", "nobody else has room; who has it keeps it"


LINE = """
rule each stage route on chat.started then route to team care by least_busy
rule told on chat.waiting then reply "排第 {chat.queue_position}"
rule long on chat.waiting after 5m then reply "還是第 {chat.queue_position}"
"""


def test_who_waits_is_told_the_place_in_line() -> None:
    book = book_of(LINE)
    stage = Stage(book)
    one = {"kind": "chat", "channel": "chat", "new": True}
    assert [say.text for say in stage.says("一", **one).replies] == ["排第 1"]
    stage.member = stage.world.add_member("demo", name="小華")
    assert [say.text for say in stage.says("二", **one).replies] == ["排第 2"]
    stage.member = stage.world.add_member("demo", name="小金", tier="gold")
    assert [say.text for say in stage.says("三", **one).replies] == ["排第 1"]
    late = [say.text for decision in stage.until("2026-03-02 10:05") for say in decision.replies]
    assert late == ["還是第 2", "還是第 3", "還是第 1"]


def test_a_chat_taken_from_its_agent_waits_again() -> None:
    stage = Stage(book_of(LINE))
    amy = stage.agent("amy")
    stage.says("在嗎", kind="chat", channel="chat")
    assert stage.ticket.assignee == "amy"
    stage.answers(amy)
    stage.until("2026-03-02 10:10")
    decision = stage.does(ChangeTicket(stage.ticket.number, {"team": "senior", "assignee": None}), amy)
    assert [say.text for say in decision.replies] == ["排第 1"]
    again = [say.text for decision in stage.until("2026-03-02 10:15") for say in decision.replies]
    assert again == ["還是第 1"]
    ben = stage.agent("ben", teams=("senior",))
    stage.answers(ben)
    assert stage.ticket.assignee == "ben"
    assert stage.world.chats[stage.ticket.id].served_at == stage.world.now
    assert not [d for d in stage.until("2026-03-02 10:30") if d.replies]


@pytest.mark.parametrize(
    ("place", "agents", "minutes", "told"),
    [
        (1, {"amy": 1}, [4, 4, 4, 4, 4], (4, 4)),
        (3, {"amy": 1}, [4, 4, 4, 4, 4], (12, 12)),
        (3, {"amy": 2, "ben": 4}, [4, 4, 4, 4, 4], (2, 2)),
        (2, {"amy": 2}, [2, 4, 6, 8, 10, 30], (4, 15)),
        (1, {"amy": 5}, [1, 1, 1, 1, 1], (1, 1)),
        (1, {"amy": 1}, [4, 4, 4, 4], None),
        (1, {}, [4, 4, 4, 4, 4], None),
        (1, {"amy": 0}, [4, 4, 4, 4, 4], None),
        (30, {"amy": 1}, [4, 4, 4, 4, 4], None),
    ],
    ids=["next", "third", "many hands", "a range", "never none", "no history", "nobody", "no room", "too long"],
)
def test_a_wait_is_told_from_hands_and_history_or_not_at_all(
    place: int, agents: dict[str, int], minutes: list[int], told: tuple[int, int] | None
) -> None:
    there = [agent(name, capacity=capacity, load=capacity) for name, capacity in agents.items()]
    away = [agent("cat", status="busy"), agent("dan", status="offline")]
    assert likely_wait(place, [*there, *away], [one * MINUTE for one in minutes]) == told

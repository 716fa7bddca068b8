"""Sub-tasks: who may, in which order, what is heard of them, and what the rules read."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.commands import ChangeTicket, MoveTicket
from engine.core.entities import HOUR, Actor
from engine.core.errors import Refused
from engine.core.reviews import Reviews
from engine.core.task_commands import AddTask, ChangeTask
from tests.core.desk import Stage, acted, at, book_of

RULES = """
rule yours on task.assigned when task.assignee is set then notify agent task.assignee "{task.by}: {task.title}"
rule all_done on task.done, task.cancelled when ticket.open_tasks = 0 then add tag finished
rule late on task.due then add tag late
rule some on task.added when ticket.open_tasks > 1 then add tag some
"""


class Room:
    """A case in the hands of amy; ben and cal are colleagues, lead gives work to others."""

    def __init__(self) -> None:
        self.stage = Stage(book_of(RULES))
        self.amy, self.ben, self.cal = (self.stage.agent(name) for name in ("amy", "ben", "cal"))
        self.stage.says()
        self.stage.does(ChangeTicket(1, {"assignee": "amy"}))

    def add(self, title: str, by: Actor | None = None, **values: Any) -> list[str]:
        return acted(self.stage.does(AddTask(1, title, **values), by or self.amy))

    def change(self, task: int, by: Actor | None = None, **values: Any) -> list[str]:
        return acted(self.stage.does(ChangeTask(1, task, values), by or self.amy))

    def refused(self, command: Any, by: Actor) -> str:
        with pytest.raises(Refused) as caught:
            self.stage.does(command, by)
        return caught.value.code

    def tasks(self) -> list[tuple[int, str, str]]:
        return [(one.number, one.title, one.state) for one in self.stage.world.tasks(self.stage.ticket.id)]


def test_who_gets_one_is_told_and_the_last_one_done_is_heard() -> None:
    room = Room()
    assert room.add("  ask the\n warehouse ", assignee="ben") == ["yours"]
    assert [one["text"] for one in room.stage.world.notifications] == ["Amy: ask the warehouse"]
    assert room.add("call back") == ["some"], "nobody has it, so nobody is told"
    assert room.change(1, room.ben, state="done", result=" found ") == []
    assert room.change(2, state="cancelled") == ["all_done"]
    assert room.tasks() == [(1, "ask the warehouse", "done"), (2, "call back", "cancelled")]
    first = room.stage.world.tasks(room.stage.ticket.id)[0]
    assert (first.result, first.closed_by, first.closed_at) == ("found", "ben", room.stage.world.now)
    room.change(1, room.ben, state="open")
    first = room.stage.world.tasks(room.stage.ticket.id)[0]
    assert (first.closed_by, first.closed_at, first.result) == (None, None, "found"), "what came of it is not lost"


def test_it_is_late_once_and_not_when_it_was_closed_put_off_or_the_case_is_over() -> None:
    room, now = Room(), at("2026-03-02 10:00")
    room.add("soon", due_at=now + HOUR)
    assert [rule for one in room.stage.until("2026-03-02 12:00") for rule in acted(one)] == ["late"]
    assert not [one for one in room.stage.until("2026-03-03 12:00") if acted(one)]
    room.change(1, due_at=now + 30 * HOUR)
    room.change(1, due_at=now + 40 * HOUR)
    room.change(1, state="done")
    room.add("other", due_at=now + 40 * HOUR)
    room.stage.does(MoveTicket(1, "close", {"solution": "ok"}))
    assert not [one for one in room.stage.until("2026-03-05 12:00") if acted(one)]


def test_of_two_who_finish_it_the_first_does() -> None:
    room = Room()
    room.add("once", assignee="ben")
    room.change(1, room.ben, state="done")
    assert room.refused(ChangeTask(1, 1, {"state": "done", "result": "me too"}), room.amy) == "task-closed"
    assert room.change(1, result="more of it") == [], "who has the case may still say what came of it"
    kinds = [event.kind for event in room.stage.world.events if event.kind.startswith("task.")]
    assert kinds == ["task.added", "task.assigned", "task.done", "task.changed"]


def test_order_is_kept_whole() -> None:
    room = Room()
    for title in "abcd":
        room.add(title)
    for number, place, order in ((4, 1, "dabc"), (1, 99, "dbca"), (2, 2, "dbca"), (3, 1, "cdba")):
        room.change(number, position=place)
        assert "".join(title for _, title, _ in room.tasks()) == order
        positions = [one.position for one in room.stage.world.tasks(room.stage.ticket.id)]
        assert positions == [1, 2, 3, 4]


def test_who_may_not_and_what_is_no_task() -> None:
    room = Room()
    room.add("of nobody")
    no_note = room.stage.agent("dan", roles=("mover",))
    assert room.refused(AddTask(1, "x"), no_note) == "permission-needed"
    assert room.refused(AddTask(1, "x"), room.stage.customer) == "agents-only"
    assert room.refused(ChangeTask(1, 1, {"state": "done"}), room.stage.customer) == "agents-only"
    assert room.refused(ChangeTask(1, 1, {"state": "done"}), no_note) == "permission-needed"
    assert room.refused(AddTask(1, " \n "), room.amy) == "empty-title"
    assert room.refused(AddTask(1, "x", "nobody"), room.amy) == "unknown-agent"
    assert room.refused(AddTask(1, "x", None, "nowhere"), room.amy) == "unknown-team"
    assert room.refused(AddTask(1, "x", "ben", "care"), room.amy) == "agent-or-team"
    assert room.refused(ChangeTask(1, 7, {}), room.amy) == "not-found"
    room.change(1, team="care")
    room.change(1, room.ben, assignee="ben")
    task = room.stage.world.tasks(room.stage.ticket.id)[0]
    assert (task.assignee, task.team) == ("ben", None), "one of the team took it"
    for n in range(2, 101):
        room.add(f"task {n}")
    assert room.refused(AddTask(1, "one more"), room.amy) == "too-many-tasks"
    room.stage.does(MoveTicket(1, "close", {"solution": "ok"}))
    assert room.refused(AddTask(1, "late"), room.amy) == "ticket-closed"
    room.change(1, room.ben, state="done")


def test_a_lifecycle_may_demand_that_nothing_is_left_to_do() -> None:
    text = """
kind: inquiry
initial: new
states: {new: {sla: running, category: open}, over: {sla: stopped, category: closed}}
transitions: [{trigger: close, from: new, to: over, when: ticket.open_tasks = 0, roles: [agent]}]
"""
    stage = Stage(book_of(lifecycles__inquiry_yaml=text))
    amy = stage.agent()
    stage.says()
    stage.does(AddTask(1, "first"), amy)
    with pytest.raises(Refused) as caught:
        stage.does(MoveTicket(1, "close"), amy)
    assert caught.value.code == "move-not-now"
    stage.does(ChangeTask(1, 1, {"state": "done"}), amy)
    stage.does(MoveTicket(1, "close"), amy)
    assert stage.ticket.category == "closed"


@pytest.mark.parametrize("written", [None, 0, 1])
def test_a_shop_may_demand_a_review_of_each_closing_by_hand(written: int | None) -> None:
    stage = Stage(book_of(settings_yaml="review_to_close: {value: true}"))
    stage.world.kept[Reviews] = Reviews(lambda _: written)
    amy = stage.agent()
    stage.says()
    closing = MoveTicket(1, "close", {"solution": "ok"})
    for times in (0, 1):
        if written is None or written < times:
            with pytest.raises(Refused) as caught:
                stage.does(closing, amy)
            assert caught.value.code == "review-needed"
            stage.does(closing)
        else:
            stage.does(closing, amy)
        stage.does(MoveTicket(1, "reopen"), amy)

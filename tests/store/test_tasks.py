"""Sub-tasks on both storages: written as a decision says, read by ticket and by whose they are."""

from __future__ import annotations

import pytest

from engine.core.access import Scope
from engine.core.changes import Create, Set
from engine.core.entities import Task
from engine.core.values import asdict
from engine.store import Store, StoreError, task_lists, tasks
from tests.store.desk import agent, guest, line


def test_tasks_are_written_and_listed(store: Store) -> None:
    amy, member = agent(store, "amy"), guest(store)
    number = store.write_sync(lambda tx: line(tx, member, "hi")).result.number
    ticket = store.read_sync(lambda tx: task_lists.find_ticket(tx, Scope(), number or 0))
    assert ticket is not None
    id = ticket["id"]
    made = [
        Task(1, 1, "later", 5, "amy", "amy", due_at=90),
        Task(2, 2, "soon", 6, None, "amy", due_at=30),
        Task(3, 3, "whenever", 7, "amy", "amy"),
        Task(4, 4, "of a team", 8, "amy", team="front"),
    ]
    for task in made:
        store.write_sync(lambda tx, task=task: tasks.write(tx, id, Create("task", id, asdict(task))))
    done = {"state": "done", "result": "ok", "closed_by": "amy", "closed_at": 9, "position": 9}
    store.write_sync(lambda tx: tasks.write(tx, id, Set("task", id, done, key="4")))
    assert [one.title for one in store.read_sync(lambda tx: tasks.tasks(tx, id))] == [task.title for task in made]
    mine = store.read_sync(lambda tx: task_lists.of_agent(tx, Scope(), amy, 10))
    assert [(one["id"], one["ticket"]) for one in mine] == [(2, number), (1, number), (3, number)]
    assert store.read_sync(lambda tx: task_lists.of_agent(tx, Scope(shops=("other",)), amy, 10)) == []
    listed = store.read_sync(lambda tx: task_lists.of_number(tx, Scope(), number or 0)) or []
    assert listed[3]["closed_by"] == {"username": "amy", "name": listed[3]["closed_by"]["name"]}
    assert listed[1]["created_by"] is None and listed[3]["result"] == "ok"
    assert store.read_sync(lambda tx: task_lists.of_number(tx, Scope(member_id=member), number or 0)) is None
    for wrong in (Set("task", id, {"title": "x"}, key="7"), Set("task", id, {"assignee": "nobody"}, key="1")):
        with pytest.raises(StoreError):
            store.write_sync(lambda tx, wrong=wrong: tasks.write(tx, id, wrong))

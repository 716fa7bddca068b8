"""Sub-tasks by the API: what colleagues and members get, bad bodies, forty at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.web.support import Site


def opened(site: Site) -> int:
    with site.client("ming") as ming:
        return int(ming.post("/tickets", json={"subject": "杯子", "text": "請問杯子有裂痕怎麼辦"}).json()["number"])


def test_from_giving_to_doing_and_the_member_gets_none_of_it(site: Site) -> None:
    number = opened(site)
    soon = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    at = f"/tickets/{number}/tasks"
    with site.client("amy") as amy, site.client("ben") as ben, site.client("ming") as ming:
        amy.post(f"/tickets/{number}/claim")
        added = amy.post(at, json={"title": "請倉庫祕密查件", "assignee": "ben", "due_at": soon})
        assert added.status_code == 201
        task = added.json()["items"][0]
        assert (task["id"], task["position"], task["state"]) == (1, 1, "open")
        assert (task["assignee"], task["created_by"]["username"]) == ({"username": "ben", "name": "Ben"}, "amy")
        amy.post(at, json={"title": "回電"})
        mine = ben.get("/tasks").json()["items"]
        assert [(one["ticket"], one["title"], one["subject"]) for one in mine] == [(number, "請倉庫祕密查件", "杯子")]
        done = ben.patch(f"{at}/1", json={"state": "done", "result": "出貨時完好祕密"}).json()["items"][0]
        assert (done["state"], done["result"], done["closed_by"]["username"]) == ("done", "出貨時完好祕密", "ben")
        assert ben.get("/tasks").json()["items"] == []
        assert amy.get(f"/tickets/{number}").json()["tasks"] == {"open": 1, "all": 2}
        asked = {"filter": f"ticket.open_tasks = 1 and ticket.number = {number}"}
        assert [one["tasks"] for one in amy.get("/tickets", params=asked).json()["items"]] == [{"open": 1, "all": 2}]
        told = [one["kind"] for one in amy.get(f"/tickets/{number}/history").json()["items"]]
        assert [kind for kind in told if kind.startswith("task.")] == [
            "task.done", "task.added", "task.assigned", "task.added",
        ]  # fmt: skip
        for path in (f"/tickets/{number}", f"/tickets/{number}/messages", f"/tickets/{number}/events", "/tickets"):
            text = ming.get(path).text
            assert "祕密" not in text and "task" not in text, path
        assert ming.get("/tickets", params={"filter": "ticket.open_tasks > 0"}).status_code == 422
        for answer in (ming.get(at), ming.get("/tasks"), ming.post(at, json={"title": "x"})):
            assert answer.status_code in (403, 404)


@pytest.mark.parametrize(
    "body",
    [
        {}, {"title": 5}, {"title": " "}, {"title": "長" * 201}, {"title": "x", "due_at": "tomorrow"},
        {"title": "x", "due_at": "2026-01-01T00:00:00"}, {"title": "x", "assignee": "nobody"},
        {"title": "x", "team": "nowhere"}, {"title": "x", "state": "done"}, {"title": "x", "assignee": ""},
    ],
)  # fmt: skip
def test_what_is_no_task(site: Site, body: dict[str, Any]) -> None:
    with site.client("amy") as amy:
        assert amy.post(f"/tickets/{opened(site)}/tasks", json=body).status_code == 422


def test_who_may_change_it_and_that_of_another_ticket_is_not_found(site: Site) -> None:
    number, other = opened(site), opened(site)
    with site.client("amy") as amy, site.client("ben") as ben, site.client("hua") as hua:
        amy.post(f"/tickets/{number}/tasks", json={"title": "查件"})
        assert ben.patch(f"/tickets/{number}/tasks/1", json={"due_at": None}).status_code == 200
        assert amy.patch(f"/tickets/{other}/tasks/1", json={"state": "done"}).status_code == 404
        assert hua.get(f"/tickets/{number}/tasks").status_code == 403, "members ask for none"
        for bad in ({"position": 0}, {"state": "late"}, {"result": "長" * 2001}, {"title": None}, {"id": 3}):
            assert amy.patch(f"/tickets/{number}/tasks/1", json=bad).status_code == 422


def test_forty_at_once(site: Site) -> None:
    number = opened(site)
    at = f"/tickets/{number}/tasks"
    with site.client("amy") as amy, ThreadPoolExecutor(40) as pool:
        added = list(pool.map(lambda n: amy.post(at, json={"title": f"{n}"}).status_code, range(40)))
        assert added == [201] * 40
        items = amy.get(at).json()["items"]
        assert [one["position"] for one in items] == sorted(one["id"] for one in items) == list(range(1, 41))
        done = list(pool.map(lambda _: amy.patch(f"{at}/7", json={"state": "done"}).status_code, range(40)))
        assert sorted(done) == [200] + [409] * 39
        moved = list(pool.map(lambda n: amy.patch(f"{at}/{n}", json={"position": 1}).status_code, range(1, 41)))
        assert moved == [200] * 40
        items = amy.get(at).json()["items"]
        assert [one["position"] for one in items] == list(range(1, 41))
        key = {"Idempotency-Key": "task-once"}
        twice = [amy.post(at, json={"title": "once"}, headers=key).json() for _ in range(2)]
        assert twice[0] == twice[1] and len(amy.get(at).json()["items"]) == 41

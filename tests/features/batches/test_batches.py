"""Many tickets at once, by HTTP: what is done and told of each, who may, taking it back, and a worker that dies."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.features.batches import carrying, store
from engine.store import people, wall_clock
from engine.store.jobs import LEASE
from engine.worker import Worker
from tests.web.support import Site, running

STARTER = Path(__file__).parents[3] / "rules"
KINDS = {one.name: one for one in carrying.JOBS}


def opened(site: Site, count: int) -> list[int]:
    with site.client("lead") as lead:
        body = {"subject": "杯子", "text": "有裂痕", "shop": "demo", "requester": {"name": "王"}, "author": "member"}
        return [int(lead.post("/tickets", json=body).json()["number"]) for _ in range(count)]


def worked(site: Site) -> None:
    """A worker does what waits, and goes."""

    async def work() -> None:
        worker = Worker(site.desk.context, kinds=KINDS, schedules={}, pace=0.0)
        while await worker.turn():
            pass

    site.run(work)


def batch(client: httpx.Client, do: dict[str, Any], **scope: Any) -> dict[str, Any]:
    answer = client.post("/tickets/batch", json={"do": do, **scope})
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def state(client: httpx.Client, made: dict[str, Any]) -> dict[str, Any]:
    return dict(client.get(f"/batches/{made['id']}").json())


def test_each_ticket_is_done_or_tells_why_not_and_all_is_taken_back(site: Site, lead: httpx.Client) -> None:
    one, two, three = opened(site, 3)
    lead.patch(f"/tickets/{two}", json={"tags": ["vip"]})
    made = batch(lead, {"priority": "high", "add_tags": ["vip", "急件"]}, numbers=[one, two, three, 999_999])
    assert (made["state"], made["total"], made["done"]) == ("waiting", 4, 0)
    worked(site)
    told = state(lead, made)
    assert (told["state"], told["done"], told["failed_count"]) == ("done", 3, 1)
    assert told["failed"] == [{"number": 999_999, "code": "not-found", "message": "there is no such ticket"}]
    assert [lead.get(f"/tickets/{n}").json()["priority"] for n in (one, two, three)] == ["high"] * 3
    assert sorted(lead.get(f"/tickets/{two}").json()["tags"]) == ["vip", "急件"]

    lead.patch(f"/tickets/{three}", json={"priority": "low"})
    undone = lead.post(f"/batches/{made['id']}/undo")
    assert undone.status_code == 202 and undone.json()["undoes"] == made["id"]
    assert lead.post(f"/batches/{made['id']}/undo").json()["code"] == "undo-running"
    worked(site)
    back = state(lead, undone.json())
    assert (back["done"], [one["code"] for one in back["failed"]]) == (2, ["changed-since"])
    assert [lead.get(f"/tickets/{n}").json()["priority"] for n in (one, two, three)] == ["normal", "normal", "low"]
    assert lead.get(f"/tickets/{two}").json()["tags"] == ["vip"]
    assert state(lead, made)["undone_by"] == back["id"] and state(lead, made)["undoable"], "one is left"


def test_all_of_it_or_nothing_of_it_is_done_to_a_ticket(site: Site, lead: httpx.Client) -> None:
    (number,) = opened(site, 1)
    made = batch(lead, {"priority": "high", "reply": "馬上處理", "transition": "reopen"}, numbers=[number])
    worked(site)
    assert state(lead, made)["failed"][0]["code"] == "no-such-move"
    assert lead.get(f"/tickets/{number}").json()["priority"] == "normal"
    assert "馬上處理" not in lead.get(f"/tickets/{number}/messages").text
    made = batch(lead, {"reply": {"text": "馬上處理"}, "assignee": "ben"}, numbers=[number])
    worked(site)
    assert lead.get(f"/tickets/{number}").json()["assignee"] == "ben"
    line = lead.get(f"/tickets/{number}/messages").json()["items"][-1]
    assert (line["text"], line["author"]["name"]) == ("馬上處理", "Lead")


def test_cases_of_different_kinds_are_closed_each_by_its_own_move(site: Site) -> None:
    (inquiry,) = opened(site, 1)
    with site.chat() as chat:
        talk = chat.line("在嗎")["message"]["ticket"]
    wanted = {"transition": {"to": "closed", "fields": {"solution": "說明清楚"}}}
    site.add_agent("both", ["lead", "agent"], ["demo"])
    with site.client("both") as lead:
        made = batch(lead, wanted, numbers=[inquiry, talk])
        worked(site)
        assert state(lead, made)["done"] == 2, state(lead, made)["failed"]
        assert {lead.get(f"/tickets/{n}").json()["category"] for n in (inquiry, talk)} == {"closed"}
        again = batch(lead, wanted, numbers=[inquiry])
        worked(site)
        assert state(lead, again)["failed"][0]["code"] == "no-such-move"


def test_a_team_is_taken_back_with_who_had_the_case(tmp_path: Path) -> None:
    with running(tmp_path, rules=STARTER) as site:
        site.add_agent("boss", ["admin"], ["demo"])
        site.add_agent("sen", ["agent"], ["demo"])
        site.run(lambda: site.desk.context.store.write(lambda tx: people.save_agent(tx, "sen", teams=["aftersales"])))
        with site.client("boss") as boss:
            made = boss.post("/tickets", json={"subject": "a", "text": "b", "requester": {"name": "王"}}).json()
            number = made["number"]
            boss.patch(f"/tickets/{number}", json={"team": "aftersales", "assignee": "sen"})
            made = batch(boss, {"team": "senior_care"}, numbers=[number])
            worked(site)
            moved = boss.get(f"/tickets/{number}").json()
            assert (moved["team"], moved["assignee"], state(boss, made)["done"]) == ("senior_care", None, 1)
            boss.post(f"/batches/{made['id']}/undo")
            worked(site)
            back = boss.get(f"/tickets/{number}").json()
            assert (back["team"], back["assignee"]) == ("aftersales", "sen")


def test_cases_that_were_answered_are_opened_again_with_what_the_batch_filled_in(site: Site) -> None:
    one, two = opened(site, 2)
    site.add_agent("opener", ["lead", "agent"], ["demo"])
    with site.client("opener") as lead:
        lead.post(f"/tickets/{one}/messages", json={"text": "已寄出"})
        assert lead.get(f"/tickets/{one}").json()["category"] == "pending"
        made = batch(lead, {"transition": {"to": "closed", "fields": {"solution": "補寄"}}}, numbers=[one, two])
        worked(site)
        undone = lead.post(f"/batches/{made['id']}/undo").json()
        worked(site)
        assert state(lead, undone)["failed"] == []
        after = [lead.get(f"/tickets/{n}").json() for n in (one, two)]
        assert [(one["category"] != "closed", one["solution"]) for one in after] == [(True, None)] * 2


def test_what_an_undo_did_not_come_to_is_taken_back_by_another(site: Site, lead: httpx.Client) -> None:
    one, two = opened(site, 2)
    made = batch(lead, {"priority": "high", "add_tags": ["甲"]}, numbers=[one, two])
    worked(site)
    lead.patch(f"/tickets/{two}", json={"tags": ["甲", "乙"]})
    stopped = lead.post(f"/batches/{made['id']}/undo").json()
    assert lead.post(f"/batches/{made['id']}/undo").json()["code"] == "undo-running"
    assert lead.post(f"/jobs/{stopped['id']}/cancel").status_code == 200
    assert state(lead, made)["undoable"]
    lead.post(f"/batches/{made['id']}/undo")
    worked(site)
    assert [lead.get(f"/tickets/{n}").json()["tags"] for n in (one, two)] == [[], ["乙"]], (
        "a tag of somebody else stays"
    )
    assert lead.post(f"/batches/{made['id']}/undo").json()["code"] == "nothing-to-undo"


def test_a_few_batches_of_one_person_at_once(site: Site, lead: httpx.Client) -> None:
    (number,) = opened(site, 1)
    for n in range(3):
        batch(lead, {"add_tags": [f"多{n}"]}, numbers=[number])
    refused = lead.post("/tickets/batch", json={"numbers": [number], "do": {"add_tags": ["多"]}})
    assert (refused.status_code, refused.json()["code"]) == (409, "too-many-batches")
    worked(site)
    batch(lead, {"add_tags": ["多"]}, numbers=[number])
    worked(site)


def test_a_filter_is_asked_when_it_begins(site: Site, lead: httpx.Client) -> None:
    numbers = opened(site, 25)
    lead.patch(f"/tickets/{numbers[0]}", json={"order_no": "B1"})
    for number in numbers[1:]:
        lead.patch(f"/tickets/{number}", json={"order_no": "B2"})
    made = batch(lead, {"add_tags": ["B"]}, filter='ticket.order_no = "B2"')
    lead.patch(f"/tickets/{numbers[0]}", json={"order_no": "B2"})
    worked(site)
    assert (state(lead, made)["total"], state(lead, made)["done"]) == (24, 24)
    assert lead.get(f"/tickets/{numbers[0]}").json()["tags"] == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"numbers": [1], "do": {}}, "/do"),
        ({"do": {"add_tags": ["a"]}}, "/numbers"),
        ({"filter": " ", "do": {"add_tags": ["a"]}}, "/numbers"),
        ({"q": "", "do": {"add_tags": ["a"]}}, "/numbers"),
        ({"numbers": [1], "filter": "ticket.number = 1", "do": {"add_tags": ["a"]}}, "/numbers"),
        ({"filter": "ticket.nothing = 1", "do": {"add_tags": ["a"]}}, "/filter"),
        ({"numbers": [1], "do": {"priority": "soon"}}, "/do/priority"),
        ({"numbers": [1], "do": {"team": "nobody"}}, "/do/team"),
        ({"numbers": [1], "do": {"assignee": "nobody"}}, "/do/assignee"),
        ({"numbers": [1], "do": {"transition": "fly"}}, "/do/transition"),
        ({"numbers": [1], "do": {"transition": {"fields": {}}}}, "/do/transition"),
        ({"numbers": [1], "do": {"reply": " "}}, "/do/reply"),
        ({"numbers": [1], "do": {"reply": "a\u0000"}}, "/do/reply"),
        ({"numbers": [1], "do": {"colour": "red"}}, "/do/colour"),
        ({"numbers": [], "do": {"add_tags": ["a"]}}, "/numbers"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_done(
    site: Site, lead: httpx.Client, body: dict[str, Any], pointer: str
) -> None:
    answer = lead.post("/tickets/batch", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_it_is_done_with_the_rights_of_who_began_it(site: Site) -> None:
    numbers = opened(site, 2)
    site.add_agent("tea", ["lead"], ["demo"])
    with site.client("ming") as ming, site.client("tea") as tea, site.client("lead") as lead, site.client("amy") as amy:
        for other in (ming, amy):
            assert other.post("/tickets/batch", json={"numbers": numbers, "do": {"add_tags": ["a"]}}).status_code == 403
        made = batch(tea, {"add_tags": ["茶"]}, numbers=numbers)
        assert amy.get(f"/batches/{made['id']}").status_code == 403
    site.run(lambda: site.desk.context.store.write(lambda tx: people.save_agent(tx, "tea", enabled=False)))
    worked(site)
    with site.client("lead") as lead:
        assert lead.get(f"/tickets/{numbers[0]}").json()["tags"] == []
    told = site.run(lambda: site.desk.context.read(lambda tx: store.failures(tx, made["id"])))
    assert [row["code"] for row in told] == ["agent-gone"] * 2


def test_a_worker_that_dies_in_the_middle_leaves_none_half_done_and_the_next_goes_on(
    site: Site, lead: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = opened(site, 45)
    made = batch(lead, {"add_tags": ["一次"], "reply": "收到"}, numbers=numbers)

    async def dies() -> None:
        worker = Worker(site.desk.context, kinds=KINDS, schedules={}, pace=0.0)
        await worker.turn()  # twenty are done; the process is gone without a word

    site.run(dies)
    assert 0 < state(lead, made)["done"] < 45
    worked_later(site)
    assert (state(lead, made)["state"], state(lead, made)["done"]) == ("done", 45)
    for number in numbers:
        assert lead.get(f"/tickets/{number}/messages").text.count("收到") == 1


def worked_later(site: Site) -> None:
    """A worker after the lease of the one before is over."""

    async def work() -> None:
        worker = Worker(site.desk.context, kinds=KINDS, schedules={}, pace=0.0, clock=lambda: wall_clock() + 2 * LEASE)
        while await worker.turn():
            pass

    site.run(work)


def test_forty_at_once_are_each_done_once(site: Site) -> None:
    (number,) = opened(site, 1)
    people = [f"forty{n}" for n in range(10)]
    for name in people:
        site.add_agent(name, ["lead"], ["demo"])
    clients = [site.client(name) for name in people]

    def begin(n: int) -> httpx.Response:
        body = {"numbers": [number], "do": {"add_tags": [f"同時{n}"]}}
        return clients[n % 10].post("/tickets/batch", json=body)

    with ThreadPoolExecutor(40) as pool:
        made = list(pool.map(begin, range(40)))
    worked(site)
    begun = [n for n, answer in enumerate(made) if answer.status_code == 202]
    assert len(begun) == 30 and {answer.status_code for answer in made} == {202, 409}
    assert all(state(clients[n % 10], made[n].json())["done"] == 1 for n in begun)
    assert set(clients[0].get(f"/tickets/{number}").json()["tags"]) == {f"同時{n}" for n in begun}
    for client in clients:
        client.close()

"""How many chats an agent is given at once is set by who manages accounts, and holds from the next chat on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.store import tables as t
from tests.support.waiting import until
from tests.web.support import Site, running


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder: Path = tmp_path_factory.mktemp("capacity")
    with running(folder) as site:
        site.add_agent("boss", ["manager"], ["*"])
        site.add_agent("amy", ["agent"], ["*"])
        yield site


def test_who_manages_accounts_sets_it_and_it_is_in_the_log(site: Site) -> None:
    with site.client("boss") as boss, site.client("amy") as amy:
        changed = boss.patch("/agents/amy", json={"capacity": 1})
        assert (changed.status_code, changed.json()["capacity"]) == (200, 1)
        assert next(one for one in amy.get("/agents").json()["items"] if one["username"] == "amy")["capacity"] == 1
        assert boss.patch("/agents/amy", json={"capacity": 1}).status_code == 200, "the same again changes nothing"
    rows = site.run(
        lambda: site.desk.context.store.read(
            lambda tx: tx.rows(t.Event.select().where(t.Event.kind == "agent.changed"))
        )
    )
    assert len(rows) == 1 and rows[0]["actor_kind"] == "agent" and rows[0]["address"] == "127.0.0.1"
    assert rows[0]["body"] is not None and '"before":5' in rows[0]["body"].replace(" ", "")


@pytest.mark.parametrize("capacity", [-1, 201, 1.5, "3", None])
def test_a_wrong_number_is_refused_with_its_place(site: Site, capacity: object) -> None:
    with site.client("boss") as boss:
        answer = boss.patch("/agents/amy", json={"capacity": capacity})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/capacity"


def test_others_may_not_and_nobody_is_not_there(site: Site) -> None:
    with site.client("amy") as amy, site.client("boss") as boss:
        assert amy.patch("/agents/amy", json={"capacity": 99}).status_code == 403
        assert boss.patch("/agents/nobody", json={"capacity": 2}).status_code == 404


def test_who_waits_is_served_when_there_is_more_room(site: Site) -> None:
    with site.client("boss") as boss, site.agent("amy") as desk:
        boss.patch("/agents/amy", json={"capacity": 0})
        desk.send({"type": "status", "status": "online"})
        with site.chat() as chat:
            number = chat.line("在嗎")["message"]["ticket"]
            assert boss.get(f"/tickets/{number}").json()["assignee"] is None
            boss.patch("/agents/amy", json={"capacity": 1})
            assert until(lambda: boss.get(f"/tickets/{number}").json()["assignee"], "somebody has it") == "amy"

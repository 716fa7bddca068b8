"""收回 by the API and the sockets: the member reads that there was a line and by no door what it said."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from engine.core.entities import HOUR
from engine.store import tables as t
from tests.web.documented import conforms, refused
from tests.web.support import Site

WORDS = "您的帳號密碼是錯字"


def unsend(client: httpx.Client, number: int, message: int) -> httpx.Response:
    return client.post(f"/tickets/{number}/messages/{message}/unsend")


def say(client: httpx.Client, number: int, **body: Any) -> dict[str, Any]:
    return dict(client.post(f"/tickets/{number}/messages", json={"text": WORDS, **body}).json())


@pytest.fixture
def number(site: Site) -> int:
    with site.client("ming") as ming:
        return int(ming.post("/tickets", json={"subject": "杯子", "text": "請問杯子有裂痕"}).json()["number"])


def test_its_member_reads_it_nowhere_any_more_and_staff_sees_who_took_it_back(site: Site, number: int) -> None:
    with site.client("amy") as amy, site.client("ben") as ben, site.client("ming") as ming:
        upload = amy.post("/files", files={"file": ("p.txt", b"1234", "text/plain")}).json()["id"]
        line = say(amy, number, attachments=[upload])
        assert ming.get(f"/files/{upload}").status_code == 200
        before = ming.get(f"/tickets/{number}").json()
        back = conforms("unsend_message", unsend(amy, number, line["id"]))
        assert back["text"] == WORDS and back["unsent"]["by"] == "Amy"
        assert conforms("unsend_message", unsend(amy, number, line["id"])) == back, "twice is the same"
        for door in (f"/tickets/{number}/messages", f"/tickets/{number}/events", f"/search?q={WORDS}", "/tickets"):
            assert WORDS not in ming.get(door).text, door
        (shown,) = [m for m in ming.get(f"/tickets/{number}/messages").json()["items"] if m["id"] == line["id"]]
        assert (shown["text"], shown["attachments"], set(shown["unsent"])) == ("", [], {"at"})
        assert ming.get(f"/files/{upload}").status_code == 404
        (staff,) = [m for m in ben.get(f"/tickets/{number}/messages").json()["items"] if m["id"] == line["id"]]
        assert staff["text"] == WORDS and staff["unsent"] == back["unsent"]
        kinds = [e["kind"] for e in ben.get(f"/tickets/{number}/events", params={"limit": 200}).json()["items"]]
        assert kinds.count("message.unsent") == 1
        done = ben.get(f"/tickets/{number}/history").json()["items"]
        assert [(one["actor"]["name"], WORDS in str(one)) for one in done if one["kind"] == "message.unsent"] == [
            ("Amy", False)
        ]
        now = ming.get(f"/tickets/{number}").json()
        assert now["first_replied_at"] == before["first_replied_at"] is not None, "it was answered all the same"


def test_an_open_window_shows_it_at_once_and_one_that_comes_back_too(site: Site) -> None:
    with site.chat() as window, site.agent("ben") as ben, site.client("amy") as amy:
        number = window.line("在嗎")["message"]["ticket"]
        line = say(amy, number, visibility="anonymous")
        seen = window.get("message")
        while seen["message"]["id"] != line["id"]:
            seen = window.get("message")
        unsend(amy, number, line["id"])
        frame = window.get("unsent")
        back = frame["message"]
        assert (back["id"], back["text"], set(back["unsent"])) == (line["id"], "", {"at"})
        assert ben.get("unsent")["message"]["text"] == WORDS
        with site.chat(visitor=window.welcome["visitor"], since=seen["seq"] - 1) as again:
            frames = [*again.until_quiet()]
            assert [f["type"] for f in frames if f["type"] in ("message", "unsent")] == ["message", "unsent"]
        with site.chat(visitor=window.welcome["visitor"]) as fresh:
            text = str(fresh.welcome)
            assert WORDS not in text and WORDS not in str(frames) and "amy" not in text.lower()
            assert next(one for one in fresh.welcome["history"] if one["id"] == line["id"])["unsent"]


def test_not_by_others_without_the_right_nor_late_nor_a_note_nor_the_members_own(site: Site, number: int) -> None:
    with site.client("amy") as amy, site.client("ben") as ben, site.client("lead") as lead, site.client("ming") as ming:
        line = say(amy, number)
        refused("unsend_message", unsend(ben, number, line["id"]), 403)
        refused("unsend_message", unsend(ming, number, line["id"]), 403)
        conforms("unsend_message", unsend(lead, number, line["id"]))
        note = say(amy, number, visibility="internal")
        assert refused("unsend_message", unsend(amy, number, note["id"]), 409)["code"] == "not-sent"
        theirs = say(ming, number)
        assert refused("unsend_message", unsend(lead, number, theirs["id"]), 409)["code"] == "not-sent"
        other = site.open_ticket()["number"]
        refused("unsend_message", unsend(amy, other, line["id"]), 404)
        refused("unsend_message", unsend(amy, number, 987654), 404)
        old = say(amy, number)

        def age(tx: Any) -> None:
            tx.run(t.Message.update(created_at=tx.now - HOUR).where(t.Message.id == old["id"]))

        site.run(lambda: site.desk.context.store.write(age))
        assert refused("unsend_message", unsend(amy, number, old["id"]), 409)["code"] == "too-late"
        assert WORDS in ming.get(f"/tickets/{number}/messages").text


def test_what_has_left_by_a_channel_that_takes_nothing_back_stays(site: Site, number: int) -> None:
    with site.client("amy") as amy:
        for state, status in (("sent", 409), ("uncertain", 409), ("failed", 200)):
            line = say(amy, number)

            def left(tx: Any, line: Any = line, state: str = state) -> None:
                row = {"key": f"k{line['id']}", "channel": "test", "message_id": line["id"], "body": "{}"}
                tx.insert(t.Outbox, {**row, "state": state, "due_at": tx.now, "created_at": tx.now})

            site.run(lambda job=left: site.desk.context.store.write(job))  # type: ignore[misc]
            answer = unsend(amy, number, line["id"])
            assert answer.status_code == status, answer.text
            if status == 409:
                assert refused("unsend_message", answer, 409)["code"] == "cannot-take-back"


def test_forty_at_once_take_it_back_once(site: Site, number: int) -> None:
    with site.client("amy") as amy, ThreadPoolExecutor(40) as crowd:
        line = say(amy, number)
        assert {a.status_code for a in crowd.map(lambda _: unsend(amy, number, line["id"]), range(40))} == {200}
        kinds = [e["kind"] for e in amy.get(f"/tickets/{number}/events", params={"limit": 200}).json()["items"]]
        assert kinds.count("message.unsent") == 1

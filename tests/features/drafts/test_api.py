"""Drafts by HTTP: one for each visibility, nobody else's, no old tab over a new one, gone with the line they became."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from engine.core.entities import DAY
from engine.store import drafts, upkeep
from engine.store import tables as t
from tests.web.documented import conforms, refused
from tests.web.support import Site

SECRET = "這一句還沒想好"


@pytest.fixture
def number(site: Site) -> int:
    return int(site.open_ticket()["number"])


def keep(client: httpx.Client, number: int, text: str, base: int | None = None, **more: Any) -> httpx.Response:
    body = {"visibility": "public", "text": text, "base": base, **more}
    return client.put(f"/tickets/{number}/draft", json=body)


def kept(client: httpx.Client, number: int) -> dict[str, dict[str, Any]]:
    items = conforms("ticket_drafts", client.get(f"/tickets/{number}/draft"))["items"]
    return {item["visibility"]: item for item in items}


def places(client: httpx.Client, number: int) -> list[tuple[str, str]]:
    items = conforms("all_drafts", client.get("/drafts"))["items"]
    return [(item["visibility"], item["words"]) for item in items if item["ticket"] == number]


def test_each_visibility_has_its_own_and_nobody_else_finds_a_word_of_it(
    site: Site, amy: httpx.Client, number: int
) -> None:
    upload = amy.post("/files", files={"file": ("結帳.txt", b"x", "text/plain")}).json()
    conforms("keep_draft", keep(amy, number, f"{SECRET} 公開", attachments=[upload["id"]]))
    conforms("keep_draft", keep(amy, number, f"{SECRET}\n 備註", visibility="internal"))
    mine = kept(amy, number)
    assert mine["public"]["text"] == f"{SECRET} 公開" and mine["public"]["attachments"][0]["id"] == upload["id"]
    assert mine["internal"]["text"] == f"{SECRET}\n 備註" and "anonymous" not in mine
    assert sorted(places(amy, number)) == [("internal", f"{SECRET} 備註"), ("public", f"{SECRET} 公開")]
    for name in ("ben", "lead"):
        with site.client(name) as other:
            assert kept(other, number) == {} if other.get(f"/tickets/{number}").status_code == 200 else True
            doors = [
                f"/tickets/{number}", f"/tickets/{number}/messages", f"/tickets/{number}/events", "/drafts",
                f"/tickets/{number}/scheduled", "/audit", f"/search?q={SECRET}", "/tickets",
            ]  # fmt: skip
            for door in doors:
                assert SECRET not in other.get(door).text, (name, door)
            assert other.get(f"/files/{upload['id']}").status_code == 404
    with site.client("olga") as olga:
        refused("ticket_drafts", olga.get(f"/tickets/{number}/draft"), 404)
        refused("keep_draft", keep(olga, number, "x"), 404)
    conforms("drop_draft", amy.delete(f"/tickets/{number}/draft", params={"visibility": "public"}))
    assert list(kept(amy, number)) == ["internal"]
    conforms("drop_draft", amy.delete(f"/tickets/{number}/draft"))
    assert kept(amy, number) == {}


def test_an_old_tab_does_not_write_over_a_newer_one(amy: httpx.Client, number: int) -> None:
    first = keep(amy, number, "一").json()["draft"]["revision"]
    second = keep(amy, number, "一二", first).json()["draft"]["revision"]
    assert second > first
    assert refused("keep_draft", keep(amy, number, "舊的", first), 412)["code"] == "draft-newer"
    assert keep(amy, number, "一二", first).json()["draft"]["revision"] == second, "the same again is no quarrel"
    assert refused("keep_draft", keep(amy, number, "沒看過", None), 412)["code"] == "draft-newer"
    assert kept(amy, number)["public"]["text"] == "一二"
    assert keep(amy, number, "  ", second).json()["draft"] is None and kept(amy, number) == {}
    assert refused("keep_draft", keep(amy, number, "又來了", second), 412)["code"] == "draft-newer", (
        "discarded meanwhile"
    )
    with ThreadPoolExecutor(40) as crowd:
        codes = list(crowd.map(lambda n: keep(amy, number, f"第 {n} 個分頁").status_code, range(40)))
    assert sorted(set(codes)) == [200, 412] and codes.count(200) == 1


def test_the_line_it_became_takes_it_along_and_no_other_does(site: Site, amy: httpx.Client, number: int) -> None:
    revision = keep(amy, number, "您好，這").json()["draft"]["revision"]
    keep(amy, number, "內部的", visibility="internal")
    say = f"/tickets/{number}/messages"
    amy.post(say, json={"text": "別的一句"})
    assert set(kept(amy, number)) == {"public", "internal"}, "another line leaves it"
    amy.post(say, json={"text": "完整的一句", "draft": revision - 1})
    assert set(kept(amy, number)) == {"public", "internal"}, "another tab has written on"
    with site.agent("amy") as tab, site.agent("ben") as other:
        amy.post(say, json={"text": "您好，這邊幫您查", "draft": revision})
        assert tab.get("draft", ticket=number) == {
            "type": "draft", "ticket": number, "visibility": "public", "revision": None,
        }  # fmt: skip
        keep(amy, number, "再一句")
        assert tab.get("draft", ticket=number)["revision"] == kept(amy, number)["public"]["revision"]
        amy.post(say, json={"text": " 再一句 "})
        assert set(kept(amy, number)) == {"internal"}, "that says the same"
        assert not [frame for frame in other.until_quiet(0.2) if frame["type"] == "draft"]


def test_its_file_is_not_swept_and_becomes_the_lines(site: Site, amy: httpx.Client, number: int) -> None:
    upload = amy.post("/files", files={"file": ("a.txt", b"held", "text/plain")}).json()["id"]
    loose = amy.post("/files", files={"file": ("b.txt", b"loose", "text/plain")}).json()["id"]
    revision = keep(amy, number, "", attachments=[upload]).json()["draft"]["revision"]

    def later(tx: Any) -> None:
        tx.run(t.File.update(created_at=tx.now - 2 * DAY).where(t.File.name.in_([upload, loose])))
        upkeep.drop_uploads(tx)

    site.run(lambda: site.desk.context.store.write(later))
    assert amy.get(f"/files/{upload}").status_code == 200 and amy.get(f"/files/{loose}").status_code == 404
    done = amy.post(f"/tickets/{number}/messages", json={"text": "", "attachments": [upload], "draft": revision})
    assert done.json()["attachments"][0]["id"] == upload and kept(amy, number) == {}
    with site.client("ben") as ben:
        assert ben.get(f"/files/{upload}").status_code == 200
        assert refused("keep_draft", keep(ben, number, "我的", attachments=[upload]), 422)["code"] == "unknown-file"
        assert kept(ben, number) == {}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"text": "長" * 20_001}, 422),
        ({"text": 7}, 422),
        ({"visibility": "secret"}, 422),
        ({"attachments": ["no-such-file"]}, 422),
        ({"base": -1}, 422),
        ({"base": 12345}, 412),
    ],
    ids=["too long", "no text", "no visibility", "no file", "no revision", "never kept"],
)
def test_bad_ones_are_refused_and_nothing_is_kept(
    amy: httpx.Client, number: int, body: dict[str, Any], status: int
) -> None:
    answer = amy.put(f"/tickets/{number}/draft", json={"visibility": "public", "text": "x", **body})
    refused("keep_draft", answer, status)
    assert kept(amy, number) == {}


def test_they_go_a_while_after_the_ticket_ended(site: Site, amy: httpx.Client, number: int) -> None:
    keep(amy, number, "沒送出的")

    def ended(days: int) -> None:
        def job(tx: Any) -> None:
            at = tx.now - days * DAY
            tx.run(t.Ticket.update(closed_at=at).where(t.Ticket.number == number))
            tx.run(t.Draft.update(updated_at=at))
            drafts.sweep(tx)

        site.run(lambda: site.desk.context.store.write(job))

    ended(29)
    assert set(kept(amy, number)) == {"public"}
    ended(31)
    assert kept(amy, number) == {}


def test_a_file_named_twice_is_kept_once_and_the_same_again_is_no_conflict(
    site: Site, amy: httpx.Client, number: int
) -> None:
    upload = amy.post("/files", files={"file": ("p.txt", b"x", "text/plain")}).json()["id"]
    for _ in range(2):
        answer = conforms("keep_draft", keep(amy, number, "看附件", attachments=[upload, upload]))
        assert [file["id"] for file in answer["draft"]["attachments"]] == [upload]


def test_a_draft_sent_by_the_socket_is_ended_in_other_tabs_too(site: Site, amy: httpx.Client, number: int) -> None:
    keep(amy, number, "您好")
    with site.agent("amy") as tab, site.agent("amy") as other:
        tab.send({"type": "message", "id": "a1", "ticket": number, "text": "您好"})
        frame = other.get("draft")
        assert (frame["ticket"], frame["visibility"], frame["revision"]) == (number, "public", None)
    assert kept(amy, number) == {}

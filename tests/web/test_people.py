"""關注 and @提及 by the API: twice, by whom it is not for, forty at once, and what a member gets of it: nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.web.support import Site


@pytest.fixture
def number(site: Site) -> int:
    """A case of ming's."""
    with site.client("ming") as ming:
        return int(ming.post("/tickets", json={"subject": "杯子", "text": "請問杯子有裂痕怎麼辦"}).json()["number"])


def note(client: httpx.Client, number: int, text: str) -> dict[str, Any]:
    made = client.post(f"/tickets/{number}/messages", json={"text": text, "visibility": "internal"})
    assert made.status_code == 201, made.text
    return dict(made.json())


def kinds(client: httpx.Client, number: int) -> list[str]:
    return [event["kind"] for event in client.get(f"/tickets/{number}/events", params={"limit": 200}).json()["items"]]


def notices(client: httpx.Client, number: int, **query: str) -> list[dict[str, Any]]:
    items = client.get("/notices", params={"limit": 200, **query}).json()["items"]
    return [one for one in items if one["ticket"] == number]


def test_following_shows_in_the_case_the_view_and_the_filter_and_twice_is_once(site: Site, number: int) -> None:
    path = f"/tickets/{number}/followers"
    with site.client("amy") as amy, site.client("ben") as ben:
        assert amy.get(f"/tickets/{number}").json()["followers"] == []
        tag = amy.get(f"/tickets/{number}").headers["ETag"]
        for _ in range(2):
            assert amy.put(f"{path}/amy").json() == {"followers": ["amy"]}
        assert amy.put(f"{path}/ben").json() == {"followers": ["amy", "ben"]}
        shown = ben.get(f"/tickets/{number}")
        assert (shown.json()["followers"], shown.headers["ETag"]) == (["amy", "ben"], tag)
        for query in ({"view": "followed"}, {"filter": "ticket.followers has ben"}):
            (item,) = ben.get("/tickets", params=query).json()["items"]
            assert item["number"] == number and "followers" not in item, "a list does not ask who follows what"
        assert {v["name"]: v["count"] for v in ben.get("/views").json()["items"]}["followed"] == 1
        for _ in range(2):
            assert ben.delete(f"{path}/ben").json() == {"followers": ["amy"]}
        assert ben.get("/tickets", params={"view": "followed"}).json()["items"] == []
        assert amy.delete(f"{path}/nobody").json() == {"followers": ["amy"]}
        assert kinds(amy, number).count("ticket.followed") == 2 and kinds(amy, number).count("ticket.unfollowed") == 1


@pytest.mark.parametrize(
    ("who", "username", "status", "code"),
    [
        ("amy", "olga", 422, "unknown-agent"),
        ("amy", "nina", 422, "unknown-agent"),
        ("amy", "nobody", 422, "unknown-agent"),
        ("amy", "長" * 200, 404, "not-found"),
        ("olga", "olga", 404, "not-found"),
        ("nina", "nina", 403, "permission-needed"),
        ("ming", "amy", 403, "agents-only"),
        ("hua", "amy", 404, "not-found"),
    ],
)
def test_who_may_not(site: Site, number: int, who: str, username: str, status: int, code: str) -> None:
    with site.client(who) as client, site.client("amy") as amy:
        answer = client.put(f"/tickets/{number}/followers/{username}")
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        assert amy.get(f"/tickets/{number}").json()["followers"] == []


def test_a_mention_tells_the_colleague_and_its_writer_who_may_not_see_the_case(site: Site, number: int) -> None:
    with site.client("amy") as amy, site.client("ben") as ben, site.agent("ben") as socket:
        written = note(amy, number, "請@Ben 看一下，@nina 也是，@olga 不是，x@ben.example 不是")
        assert written["mentions"] == [{"username": "ben", "told": True}, {"username": "nina", "told": False}]
        frame = socket.get("notice")["notice"]
        assert (frame["kind"], frame["ticket"]) == ("mention", number) and frame["text"].startswith("Amy: 請@Ben")
        (notice,) = notices(ben, number, kind="mention")
        assert notice["id"] == frame["id"] and notice["rule"] == "mentioned"
        assert notices(ben, number, kind="late") == [] and notices(amy, number) == []
        assert ben.get("/notices", params={"kind": "nonsense"}).status_code == 422
        assert note(amy, number, "沒有人")["mentions"] == []
        assert kinds(amy, number).count("ticket.mentioned") == 1


def test_followers_hear_once_and_not_of_what_they_did(site: Site, number: int) -> None:
    with site.client("amy") as amy, site.client("ben") as ben:
        for name in ("amy", "ben"):
            amy.put(f"/tickets/{number}/followers/{name}")
        amy.patch(f"/tickets/{number}", json={"priority": "high"})
        assert [one["kind"] for one in notices(ben, number)] == ["followed"]
        assert notices(amy, number, kind="followed") == []


def test_forty_at_once_leave_one_row_and_one_notice_each(site: Site, number: int) -> None:
    with site.client("amy") as amy, site.client("ben") as ben, ThreadPoolExecutor(40) as crowd:
        asks: list[Callable[[int], httpx.Response]] = [
            lambda n: (amy, ben)[n // 4 % 2].put(f"/tickets/{number}/followers/ben"),
            lambda n: ben.put(f"/tickets/{number}/followers/ben", headers={"Idempotency-Key": f"f{number}"}),
            lambda n: amy.post(
                f"/tickets/{number}/messages",
                json={"text": "@ben @Ben 一次", "visibility": "internal"},
                headers={"Idempotency-Key": f"m{number}"},
            ),
            lambda n: ben.delete(f"/tickets/{number}/followers/amy"),
        ]
        answers = list(crowd.map(lambda n: asks[n % 4](n), range(40)))
        # A key whose request is still being answered says so (409), and is asked again by its sender.
        assert {answer.status_code for answer in answers} <= {200, 201, 409}, [a.text for a in answers]
        assert amy.get(f"/tickets/{number}").json()["followers"] == ["ben"]
        happened = kinds(amy, number)
        assert happened.count("ticket.followed") == 1 and happened.count("ticket.unfollowed") == 0
        assert happened.count("ticket.mentioned") == 1 and len(notices(ben, number, kind="mention")) == 1
        turns = list(
            crowd.map(
                lambda n: (amy.put, amy.delete)[n % 2](f"/tickets/{number}/followers/amy").json()["followers"],
                range(40),
            )
        )
        assert all(sorted(set(turn)) == sorted(turn) for turn in turns)
        happened = kinds(amy, number)
        assert happened.count("ticket.followed") - 1 - happened.count("ticket.unfollowed") in (0, 1), "in turn"


def test_a_member_gets_nothing_of_it(site: Site, number: int) -> None:
    with site.client("amy") as amy, site.client("ming") as ming, site.chat(token=site.token("ming")) as chat:
        amy.put(f"/tickets/{number}/followers/ben")
        note(amy, number, "@ben 內部的事")
        amy.delete(f"/tickets/{number}/followers/ben")
        amy.post(f"/tickets/{number}/messages", json={"text": "您好"})
        heard = [json.dumps(chat.get("message"), ensure_ascii=False)]
        pages = [
            ming.get(path).text
            for path in (
                f"/tickets/{number}",
                f"/tickets/{number}/messages",
                f"/tickets/{number}/events?limit=200",
                "/tickets",
                "/views",
                "/search?q=內部",
            )
        ]
        for text in (*heard, *pages, json.dumps(chat.welcome, ensure_ascii=False)):
            assert not any(word in text for word in ("follow", "mention", "內部的事", "notice")), text
        for query in ({"view": "followed"}, {"filter": "ticket.followers has ben"}):
            assert ming.get("/tickets", params=query).status_code == 422
        assert ming.get("/notices").status_code == 403

"""轉接 and 認領 by the API: rights, versions, keys, and forty who ask at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.web.support import Site


@pytest.fixture
def number(site: Site) -> int:
    """A case that nobody has."""
    with site.client("ming") as ming:
        made = ming.post("/tickets", json={"subject": "杯子", "text": "請問杯子有裂痕怎麼辦"}).json()
    return int(made["number"])


def transfer(client: httpx.Client, number: int, **body: Any) -> httpx.Response:
    return client.post(f"/tickets/{number}/transfer", json=body)


def test_a_transfer_is_one_act_in_the_case_and_its_history(site: Site, number: int) -> None:
    with site.client("amy") as amy, site.client("ben") as ben:
        amy.post(f"/tickets/{number}/claim")
        ticket = transfer(amy, number, agent="ben", note="顧客要換貨").json()
        assert ticket["assignee"] == "ben"
        kinds = [event["kind"] for event in amy.get(f"/tickets/{number}/events", params={"limit": 200}).json()["items"]]
        assert kinds.count("ticket.transferred") == 1 and kinds.count("ticket.claimed") == 1
        (event,) = amy.get(f"/tickets/{number}/events", params={"kind": "ticket.transferred"}).json()["items"]
        (note,) = [m for m in ben.get(f"/tickets/{number}/messages").json()["items"] if m["visibility"] == "internal"]
        assert (note["text"], note["author"]["name"]) == ("顧客要換貨", "Amy")
        assert event["body"] == {
            "from": event["body"]["from"],
            "to": [ticket["team"], "ben"],
            "told": False,
            "message": note["id"],
        }
    with site.client("ming") as ming:
        page = ming.get(f"/tickets/{number}/messages").text + ming.get(f"/tickets/{number}/events").text
        assert "換貨" not in page and "transferred" not in page, "members hear nothing of it but by a rule"


def test_who_saw_an_older_case_is_told(site: Site, number: int) -> None:
    with site.client("amy") as amy:
        tag = amy.get(f"/tickets/{number}").headers["ETag"]
        amy.patch(f"/tickets/{number}", json={"priority": "high"})
        for path, body in (("transfer", {"agent": "ben"}), ("claim", None)):
            late = amy.post(f"/tickets/{number}/{path}", json=body, headers={"If-Match": tag})
            assert (late.status_code, late.json()["code"]) == (412, "stale")


def test_the_same_key_hands_on_once(site: Site, number: int) -> None:
    with site.client("amy") as amy:
        answers = [
            amy.post(
                f"/tickets/{number}/transfer", json={"agent": "ben", "note": "一次"}, headers={"Idempotency-Key": "k1"}
            )
            for _ in range(2)
        ]
        assert [answer.status_code for answer in answers] == [200, 200]
        notes = [m for m in amy.get(f"/tickets/{number}/messages").json()["items"] if m["visibility"] == "internal"]
        assert len(notes) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "nobody-named"),
        ({"team": "no-such"}, "unknown-team"),
        ({"agent": "olga"}, "unknown-agent"),
        ({"agent": "nina"}, "unknown-agent"),
        ({"agent": 7}, "invalid"),
        ({"agent": "ben", "note": "長" * 200_000}, "invalid"),
        ({"agent": "ben", "colour": "red"}, "invalid"),
    ],
    ids=["nobody", "no such team", "serves another shop", "may not see tickets", "no text", "too long", "unknown"],
)
def test_bad_ones_are_refused_and_change_nothing(site: Site, number: int, body: dict[str, Any], code: str) -> None:
    with site.client("amy") as amy:
        before = amy.get(f"/tickets/{number}").json()
        answer = transfer(amy, number, **body)
        assert answer.status_code == 422 and answer.json()["code"] == code, answer.text
        assert amy.get(f"/tickets/{number}").json() == before


def test_of_forty_who_claim_at_once_one_has_it(site: Site, number: int) -> None:
    with site.client("amy") as amy, site.client("ben") as ben, ThreadPoolExecutor(40) as crowd:
        asked = list(crowd.map(lambda n: ((amy, ben)[n % 2]).post(f"/tickets/{number}/claim"), range(40)))
        holder = amy.get(f"/tickets/{number}").json()["assignee"]
        assert holder in ("amy", "ben")
        by = {
            name: {a.status_code for n, a in enumerate(asked) if n % 2 == at} for at, name in enumerate(("amy", "ben"))
        }
        assert by[holder] == {200} and by["ben" if holder == "amy" else "amy"] == {409}
        kinds = [event["kind"] for event in amy.get(f"/tickets/{number}/events", params={"limit": 200}).json()["items"]]
        assert kinds.count("ticket.claimed") == 1

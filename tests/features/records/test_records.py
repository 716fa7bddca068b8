"""The work log: written once, corrected by another entry, refused to be changed by the database, found when it was."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest

from engine.store import Tx, records
from engine.store import tables as t
from tests.web.support import Site

T = TypeVar("T")


def opened(site: Site) -> int:
    with site.client("ming") as ming:
        return int(ming.post("/tickets", json={"subject": "杯子", "text": "請問杯子有裂痕怎麼辦"}).json()["number"])


def read(site: Site, job: Callable[[Tx], T]) -> T:
    result: T = site.run(lambda: site.desk.context.read(job))
    return result


def test_a_correction_takes_the_place_and_the_earlier_text_stays(site: Site) -> None:
    number = opened(site)
    at = f"/tickets/{number}/records"
    with site.client("amy") as amy, site.client("ben") as ben, site.client("ming") as ming:
        file = amy.post("/files", files={"file": ("p.txt", b"photo", "text/plain")}).json()["id"]
        first = amy.post(at, json={"kind": "handling", "text": "祕密查件", "minutes": 10, "attachments": [file]})
        assert first.status_code == 201 and first.json()["id"] == 1
        wrong = {"kind": "handling", "text": "查件兩次", "minutes": 25, "corrects": 1}
        assert ben.post(at, json=wrong).json()["code"] == "reason-needed"
        second = ben.post(at, json={**wrong, "reason": "時間記錯"}).json()
        assert (second["id"], second["corrects"], second["at"]) == (2, 1, first.json()["at"])
        assert amy.post(at, json={**wrong, "reason": "再一次"}).json()["code"] == "record-corrected"
        review = {"problem": "運送破損", "handling": "換貨", "solution": "補寄", "communication": "先道歉"}
        amy.post(at, json={"kind": "closing", "review": review, "minutes": 5})
        page = ben.get(at).json()
        assert page["minutes"] == 30, "what was corrected does not count"
        shown = [(one["id"], one["text"], one["corrected_by"]) for one in page["items"]]
        assert shown == [(1, "祕密查件", 2), (2, "查件兩次", None), (3, "", None)]
        assert page["items"][2]["review"] == review and page["items"][0]["attachments"][0]["id"] == file
        assert ben.get(f"/files/{file}").content == b"photo", "who sees the ticket may read its files"
        assert ming.get(f"/files/{file}").status_code == 404
        history = amy.get(f"/tickets/{number}/history").json()["items"]
        told = [one["body"]["kind"] for one in history if one["kind"] == "record.added"]
        assert told == ["closing", "handling", "handling"]
        for path in (f"/tickets/{number}", f"/tickets/{number}/messages", f"/tickets/{number}/events"):
            text = ming.get(path).text
            assert "祕密" not in text and "record" not in text
        assert ming.get(at).status_code in (403, 404)
        assert ming.post(at, json={"kind": "handling", "text": "x"}).status_code in (403, 404)


@pytest.mark.parametrize(
    "body",
    [
        {}, {"kind": "handling"}, {"kind": "handling", "text": " "}, {"kind": "other", "text": "x"},
        {"kind": "handling", "text": "x", "minutes": -1}, {"kind": "handling", "text": "x", "reason": "y"},
        {"kind": "handling", "text": "x", "review": {"problem": "y"}}, {"kind": "handling", "text": "x", "corrects": 9,
         "reason": "y"}, {"kind": "handling", "text": "長" * 10_001}, {"kind": "handling", "text": "x",
         "at": "2099-01-01T00:00:00Z"}, {"kind": "handling", "text": "x", "attachments": ["nothing"]},
    ],
)  # fmt: skip
def test_what_is_no_record(site: Site, body: dict[str, Any]) -> None:
    with site.client("amy") as amy:
        assert amy.post(f"/tickets/{opened(site)}/records", json=body).status_code == 422


def test_forty_at_once_and_twice_under_one_key(site: Site) -> None:
    number = opened(site)
    at = f"/tickets/{number}/records"
    with site.client("amy") as amy, ThreadPoolExecutor(40) as pool:
        body = {"kind": "handling", "text": "打電話"}
        made = list(pool.map(lambda _: amy.post(at, json=body).json()["id"], range(40)))
        assert sorted(made) == list(range(1, 41))
        fixed = {**body, "corrects": 7, "reason": "錯字"}
        done = list(pool.map(lambda _: amy.post(at, json=fixed).status_code, range(40)))
        assert sorted(done) == [201] + [409] * 39
        key = {"Idempotency-Key": "record-once"}
        again = list(pool.map(lambda _: amy.post(at, json=body, headers=key).json(), range(10)))
        assert len({one["id"] for one in again}) == 1 and len(amy.get(at).json()["items"]) == 42


def test_a_review_is_offered_at_closing_and_known_by_its_round(site: Site) -> None:
    number = opened(site)
    with site.client("amy") as amy:
        moves = amy.get(f"/tickets/{number}/transitions").json()["items"]
        closing = next(one for one in moves if one["trigger"] == "close")
        assert closing["review"] == "offered", "this shop leaves it to the agent"
        ticket = read(site, lambda tx: tx.value(t.Ticket.select(t.Ticket.id).where(t.Ticket.number == number)))
        assert read(site, lambda tx: records.reviewed_in(tx, ticket)) is None
        amy.post(f"/tickets/{number}/records", json={"kind": "closing", "review": {"problem": "運送破損"}})
        assert read(site, lambda tx: records.reviewed_in(tx, ticket)) == 0

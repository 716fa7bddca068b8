"""What one person and one address may ask for in a time: counted before the work, told with when to come back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from engine.store import tables as t
from tests.web.raw import Sender
from tests.web.support import Site, running

TEXT = {"Content-Type": "text/plain"}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Site]:
    limits = {
        "limits__api_rate": 6,
        "limits__api_changes": 2,
        "limits__guest_rate": 1000,
        "limits__upload": 100_000,
        "limits__guest_uploads": 6,
        "limits__guest_upload_bytes": 300_000,
        "limits__address_uploads": 10,
        "limits__address_upload_bytes": 500_000,
        "limits__unused_uploads": 450_000,
    }
    with running(tmp_path, **limits) as site:
        site.add_agent("lead", ["lead"], [])
        site.add_agent("amy", ["agent"], ["demo"])
        site.add_member("ming", "demo")
        yield site


def visitor(site: Site) -> httpx.Client:
    with site.chat() as tab:
        return site.client(**{"X-Visitor": tab.welcome["visitor"], "X-Shop": "demo"})


def send(client: httpx.Client, size: int, *, chunked: bool = False) -> httpx.Response:
    data = b"x" * size
    return client.post("/files", content=iter([data]) if chunked else data, headers=TEXT)


def test_a_visitor_may_send_so_many_files_and_another_too(house: Site) -> None:
    with visitor(house) as guest, visitor(house) as other:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: send(guest, 10), range(12)))
        assert Counter(answer.status_code for answer in answers) == {201: 6, 429: 6}
        refusal = next(answer for answer in answers if answer.status_code == 429)
        assert refusal.json()["code"] == "too-many-uploads" and 1 < int(refusal.headers["Retry-After"]) <= 3600
        statuses = [send(other, 10).status_code for _ in range(6)]
        assert statuses == [201] * 4 + [429] * 2, "all of one address"
    with house.client("amy") as amy:
        assert [send(amy, 10).status_code for _ in range(8)] == [201] * 8, "who works here is not counted"


def test_bytes_count_too_also_of_a_length_that_was_not_told(house: Site) -> None:
    with visitor(house) as guest:
        assert [send(guest, 10, chunked=True).status_code for _ in range(2)] == [201] * 2, "given back: they were short"
        assert [send(guest, 99_000).status_code for _ in range(4)] == [201] * 3 + [429]
        assert send(guest, 2_000).status_code == 201


def test_a_file_is_refused_before_it_is_read(house: Site) -> None:
    with visitor(house) as guest:
        for _ in range(3):
            send(guest, 99_000)
        lines = [f"{name}: {guest.headers[name]}" for name in ("X-Visitor", "X-Shop")]
        head = ("Content-Type: text/plain", "Content-Length: 99000", "Expect: 100-continue")
        with Sender(house, "POST", "/api/v1/files", *lines, *head) as sender:
            status, _, problem = sender.answer()
        assert (status, problem["code"]) == (429, "too-many-uploads")


def test_files_that_hang_on_nothing_have_a_limit_together_and_room_comes_back(house: Site) -> None:
    with visitor(house) as guest, house.client("ming") as ming, house.client("amy") as amy:
        sent = [send(guest, 99_000) for _ in range(2)] + [send(ming, 99_000) for _ in range(2)]
        assert [answer.status_code for answer in sent] == [201] * 4
        full = send(ming, 60_000)
        assert (full.status_code, full.json()["code"]) == (429, "uploads-full") and int(full.headers["Retry-After"]) > 1
        assert send(amy, 90_000).status_code == 201
        with house.chat(token=house.token("ming")) as tab:
            tab.line("看照片", attachments=[sent[2].json()["id"]])
        assert send(ming, 30_000).status_code == 201


def test_what_all_unused_files_take_is_right_in_parallel_too(house: Site) -> None:
    with house.client("ming") as ming, visitor(house) as guest, ThreadPoolExecutor(10) as pool:
        coming = [pool.submit(send, client, 90_000) for _ in range(3) for client in (ming, guest)]
        assert {one.result().status_code for one in coming} == {201, 429}
    rows = house.run(lambda: house.desk.context.read(lambda tx: tx.rows(t.File.select(t.File.size))))
    assert sum(row["size"] for row in rows) <= 450_000


@pytest.mark.parametrize("who", ["amy", "ming"])
def test_a_signed_in_person_has_a_rate_before_the_body_is_read(house: Site, who: str) -> None:
    with house.client(who) as client, house.client("lead") as lead:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: client.get("/auth/me"), range(90)))
        assert Counter(answer.status_code for answer in answers)[200] < 75
        refusal = next(answer for answer in answers if answer.status_code == 429)
        assert refusal.json()["code"] == "too-fast" and int(refusal.headers["Retry-After"]) >= 1
        head = (f"Authorization: Bearer {house.token(who)}", "Content-Length: 90000", "Expect: 100-continue")
        told = []
        for _ in range(20):  # what comes back meanwhile is less
            with Sender(house, "POST", "/api/v1/tickets", *head) as sender:
                told.append(sender.status())
        assert set(told) <= {100, 429} and told.count(429) >= 5, told
        assert lead.get("/auth/me").status_code == 200, "others go on"


def test_changes_have_a_rate_of_their_own(house: Site) -> None:
    body = {"subject": "退貨", "text": "我要退貨", "shop": "demo", "requester": {"name": "小明"}}
    with house.client("amy") as amy:
        statuses = Counter(amy.post("/tickets", json=body).status_code for _ in range(40))
        assert statuses[201] < 30 and statuses[429] >= 10, statuses
        assert amy.get("/auth/me").status_code == 200


def test_a_guest_asks_at_the_rate_of_an_address(house: Site) -> None:
    with visitor(house) as guest, ThreadPoolExecutor(8) as pool:
        statuses = Counter(pool.map(lambda _: guest.get("/tickets").status_code, range(1_100)))
        assert statuses[429] and statuses[200] > 500

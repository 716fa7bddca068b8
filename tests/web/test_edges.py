"""What comes in from outside at its edges: texts no database holds, names as browsers write them, copies in flight."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from engine.api import Inbound
from engine.desk import Refused, texts
from engine.files import Limits, prepare
from engine.store import tables as t
from tests.web.support import Site, Socket

LIMITS = Limits(upload=1_000_000, pixels=1_000_000, picture_memory=400_000_000, picture_seconds=10)


# ---------------------------------------------------------------------------------------------------------- the letters


@pytest.mark.parametrize(
    ("frame", "pointer"),
    [
        ({"type": "message", "id": "n1", "text": "a\x00b"}, "/text"),
        ({"type": "message", "id": "n\x002", "text": "a"}, "/client_key"),
        ({"type": "rate", "score": 5, "comment": "\x00"}, "/comment"),
    ],
)
def test_a_line_with_a_nul_is_refused_and_the_connection_goes_on(site: Site, frame: Any, pointer: str) -> None:
    with site.chat(token=site.token("ming")) as tab:
        tab.send(frame)
        error = tab.get_error()
        assert (error["code"], error["pointer"]) == ("wrong-value", pointer)
        assert tab.line("好")["message"]["text"] == "好"


def test_a_page_that_says_a_nul_of_itself_is_refused(site: Site) -> None:
    with Socket(site.url, "/ws/chat") as tab:
        tab.send({"type": "hello", "shop": "demo", "page": {"url": "https://a/", "title": "a\x00"}})
        kinds = [tab.receive() for _ in range(2)]
        assert any(frame["type"] == "error" and frame["code"] == "wrong-value" for frame in kinds), kinds


def test_what_a_channel_brings_is_cleaned_since_nobody_can_write_it_again(site: Site) -> None:
    inbound = Inbound(
        channel="test",
        at=0,
        shop="demo",
        external_id="x-\x00-1",
        sender={"email": "nul@example.com", "name": "小\x00明"},
        subject="主\x00旨",
        text="a\x00b\ud800c",
    )
    done = site.run(lambda: site.desk.receive(inbound))
    assert "refused" not in done, done
    rows = site.run(lambda: site.desk.context.read(lambda tx: tx.rows(t.Message.select(t.Message.text))))
    assert any("a\ufffdb\ufffdc" in str(row["text"]) for row in rows)
    assert not any("\x00" in str(row["text"]) for row in rows)


def test_every_text_of_a_command_is_looked_at() -> None:
    texts.check({"a": ["b", ("c", {"d": 1})], "e": None})
    for value in ({"a": ["b", "c\x00"]}, ("\ud800",), {"k\x00": 1}):
        with pytest.raises(Refused):
            texts.check(value)
    assert texts.cleaned({"a\x00": ("b\x00", ["\udfff"])}) == {"a\ufffd": ("b\ufffd", ["\ufffd"])}


# ---------------------------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("a%22b.txt", 'a"b.txt'),
        ("%22%22.txt", '"".txt'),
        ("a%0D%0Ab.txt", "ab.txt"),
        ("100%25.txt", "100%25.txt"),
        ("a%20b.txt", "a%20b.txt"),
        ("a%2Fb.txt", "a%2Fb.txt"),
        ("發票%22.txt", '發票".txt'),
        (r"a\"b.txt", 'a"b.txt'),
    ],
)
def test_a_file_keeps_the_name_it_has(amy: httpx.Client, written: str, name: str) -> None:
    part = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{written}"\r\n\r\nhi\r\n--b--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    done = amy.post("/files", content=part.encode(), headers=headers)
    assert (done.status_code, done.json()["name"]) == (201, name)
    answer = amy.get(f"/files/{done.json()['id']}")
    assert "\n" not in answer.headers["Content-Disposition"] and answer.content == b"hi"


RUNS = (
    "a.lnk a.url a.website a.msix a.appinstaller a.settingcontent-ms a.library-ms a.search-ms a.diagcab "
    "a.themepack a.xll a.vhdx a.rdp a.accdb a.one a.iqy a.slk a.jnlp a.ws a.wsc a.sct a.ps1xml a.vb a.mjs a.msc "
    "a.command a.terminal a.webloc a.fileloc a.mobileconfig a.scpt a.workflow a.dylib a.appimage a.flatpakref "
    "a.run a.so a.fish a.pyw a.pyz a.php7 a.pht a.ashx a.jspx a.war a.apk a.crx a.dotm a.xltm a.xlam a.xlsb "
    "a.potm a.ppsm a.ppam a.EXE a.docM"
).split()


@pytest.mark.parametrize("name", RUNS)
def test_what_runs_is_refused_by_its_ending(name: str) -> None:
    with pytest.raises(Refused) as refused:
        prepare(name, "", b"hello", LIMITS)
    assert refused.value.code == "file-type-refused"


# --------------------------------------------------------------------------------------------------------------- copies


def test_copies_in_flight_under_one_key_are_one(site: Site, amy: httpx.Client) -> None:
    headers = {"Idempotency-Key": "copies-1", "Content-Type": "text/plain"}
    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(lambda _: amy.post("/files?name=a.txt", content=b"x" * 50_000, headers=headers), range(8)))
    assert {answer.status_code for answer in sent} == {201}
    assert len({answer.json()["id"] for answer in sent}) == 1
    with site.chat() as tab:
        visitor = {"X-Visitor": tab.welcome["visitor"], "X-Shop": "demo"}
    with site.client(**visitor) as guest, ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(lambda _: guest.post("/files?name=a.txt", content=b"y", headers=headers), range(8)))
    assert len({answer.json()["id"] for answer in sent}) == 1, "a visitor's too, and no colleague's"
    assert amy.post("/files?name=a.txt", content=b"other", headers=headers).status_code == 422


# -------------------------------------------------------------------------------------------------------------- sockets


def test_a_flood_of_messages_that_are_too_large_is_closed(site: Site) -> None:
    with site.chat() as tab:
        big = "x" * 150_000
        codes: Counter[str] = Counter()
        for _ in range(30):
            try:
                tab.send(big)
                codes[tab.get_error()["code"]] += 1
            except Exception:
                break
        assert 3 <= codes["too-large"] < 15, codes
        assert tab.closed() == 4429


def test_a_single_large_message_is_only_refused(site: Site) -> None:
    with site.chat() as tab:
        for n in range(20):
            tab.send("x" * 150_000) if n % 10 == 0 else tab.send({"type": "typing"})
        tab.until_quiet()
        assert tab.line("好")["message"]["text"] == "好"


# --------------------------------------------------------------------------------------------------------------- rights


def test_names_of_the_rulebook_are_for_who_works_here(site: Site) -> None:
    with site.client("amy") as amy, site.client("ming") as ming, site.chat() as tab:
        guest = {"X-Visitor": tab.welcome["visitor"], "X-Shop": "demo"}
        assert amy.get("/nouns").status_code == 200
        assert ming.get("/nouns").status_code == 403
        assert httpx.get(f"{site.url}/api/v1/nouns", headers=guest).status_code == 403


def test_who_may_see_no_tickets_is_told_so_alike_by_every_operation(site: Site) -> None:
    number = site.open_ticket()["number"]
    with site.client("nina") as nina:
        for one in (number, 999_999):
            asked: list[httpx.Response] = [
                nina.get(f"/tickets/{one}"),
                nina.get(f"/tickets/{one}/messages"),
                nina.get(f"/tickets/{one}/trace"),
                nina.patch(f"/tickets/{one}", json={"subject": "x"}),
                nina.post(f"/tickets/{one}/messages", json={"text": "x", "visibility": "public"}),
                nina.post(f"/tickets/{one}/transitions", json={"trigger": "end"}),
                nina.post(f"/tickets/{one}/read", json={"seq": 1}),
            ]
            assert {(a.status_code, a.json()["code"]) for a in asked} == {(403, "permission-needed")}, one


# -------------------------------------------------------------------------------------------------------------- filters


@pytest.mark.parametrize(
    "test",
    ["ticket.subject contains any", "ticket.subject contains all", "ticket.subject in", "ticket.tags has any"],
)
def test_a_filter_of_very_many_words_is_refused_with_its_place(amy: httpx.Client, test: str) -> None:
    quote = "" if "tags" in test else '"'
    many = ", ".join(f"{quote}w{n}{quote}" for n in range(500))
    answer = amy.get("/tickets", params={"filter": f"{test} [{many}]"})
    assert answer.status_code == 422 and answer.json()["errors"][0]["pointer"] == "/filter"
    few = ", ".join(f"{quote}w{n}{quote}" for n in range(300))
    assert amy.get("/tickets", params={"filter": f"{test} [{few}]"}).status_code == 200


def test_a_number_of_more_than_64_bits_is_refused_or_not_there(amy: httpx.Client) -> None:
    for number in (2**63, 2**64 + 1, 10**28):
        answer = amy.get("/tickets", params={"filter": f"ticket.number = {number}"})
        assert answer.status_code == 422 and answer.json()["code"] == "bad-filter"
        assert amy.get(f"/tickets/{number}").status_code == 404


def test_locks_of_copies_are_forgotten() -> None:
    from web.limits import Turns

    async def work() -> int:
        turns = Turns()
        order: list[int] = []

        async def one(n: int) -> None:
            async with turns.of("key"):
                order.append(n)
                await asyncio.sleep(0)
                order.append(n)

        await asyncio.gather(*(one(n) for n in range(5)))
        assert order == [n for n in range(5) for _ in range(2)]
        return len(turns._locks)

    began = time.monotonic()
    assert asyncio.run(work()) == 0 and time.monotonic() - began < 1

"""Channels that hang, rules without end, bodies of 300 MB, and guesses by the hundred, while others do their work."""

from __future__ import annotations

import resource
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from engine.lang import LIMITS
from plugins.channels.test import read
from tests.core.test_chains import ALONE, LATER, THROUGH_A_REPLY, TWO
from tests.engine.test_lanes import BLOCKS, DEAF, HANGS, PLUGIN
from tests.journeys.support import Served, make_desk, serving, until
from tests.web.raw import Sender
from tests.web.support import running
from tests.web.test_doors import LONG, METHODS, addresses
from tests.web.test_guesses import log_in
from web.app import application

pytestmark = pytest.mark.soak
Tell = Callable[[str, object], None]


@contextmanager
def watched(client: httpx.Client, tell: Tell, most: float) -> Iterator[None]:
    """Somebody looks at his cases all the while; no answer takes longer than `most` seconds."""
    over = threading.Event()
    took: list[float] = []

    def look() -> None:
        while not over.is_set():
            began = time.monotonic()
            client.get("/tickets", params={"limit": 5}).raise_for_status()
            took.append(time.monotonic() - began)
            over.wait(0.1)

    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(look)
        try:
            yield
        finally:
            over.set()
        looking.result()
    tell("others asked", len(took))
    tell("slowest answer to others, s", round(max(took), 2))
    assert max(took) < most


def _memory(served: Served) -> int:
    """kB the server holds."""
    status = Path(f"/proc/{served.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def _open(client: httpx.Client, text: str, **more: Any) -> int:
    body = {"subject": text, "text": text, "shop": "demo", "requester": {"name": "客", "email": "a@example.com"}}
    answer = client.post("/tickets", json={**body, **more})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["number"])


@pytest.mark.parametrize("does", [HANGS, BLOCKS, DEAF], ids=["hangs", "blocks its thread", "will not be cancelled"])
def test_a_channel_that_does_not_answer(tmp_path: Path, does: str, record_property: Tell) -> None:
    own, journal = tmp_path / "own", tmp_path / "sent.jsonl"
    own.mkdir()
    (own / "slow.py").write_text(PLUGIN.format(does=does, twins=False), "utf-8")
    desk = make_desk(tmp_path, tickets=0)
    (desk / "rules" / "05-reply.rules").write_text(
        'stage respond\nrule soak_says\n  on ticket.created\n  then reply "收到 {ticket.number}"\n', "utf-8"
    )
    config = tmp_path / "soak.yaml"
    settings = {"channels.test": {"journal": str(journal)}, "slow": {"within": 2}}
    config.write_text(yaml.safe_dump({"plugins": {"dir": str(own), "settings": settings}}), "utf-8")
    with serving(desk, config=config) as served, served.client("admin") as client:
        with watched(client, record_property, 3):
            slow, good = [], []
            for n in range(60):
                slow.append(_open(client, f"慢 {n}", channel="slow"))
                good.append(_open(client, f"快 {n}", channel="test"))

            def all_left() -> bool:
                return {line["ticket"] for line in read(journal)} >= set(good) if journal.exists() else False

            began = time.monotonic()
            until(all_left, "the others' lines have left", seconds=20)
        record_property("lines of others that left", len(good))
        record_property("seconds the last one waited", round(time.monotonic() - began, 2))
        metrics = httpx.get(f"{served.url}/metrics").text
        overdue = next(
            line for line in metrics.splitlines() if line.startswith("desk_lane_overdue_total") and "slow" in line
        )
        record_property("told", overdue)
        assert float(overdue.split()[-1]) >= 1
        served.kill()  # one that is deaf would be waited for
        served.start()


@pytest.mark.parametrize("rules", [ALONE, THROUGH_A_REPLY, TWO, LATER], ids=["alone", "reply", "ping pong", "delayed"])
def test_rules_without_end(tmp_path: Path, rules: str, record_property: Tell) -> None:
    desk = make_desk(tmp_path, tickets=0)
    loops = rules.replace(
        "rule first on ticket.created then",
        'rule first\n  on ticket.created\n  when ticket.subject contains "轉圈"\n  then',
    )
    (desk / "rules" / "90-loops.rules").write_text(f"stage housekeeping\n{loops}", "utf-8")
    with serving(desk) as served, served.client("admin") as client:
        state = client.get("/rules").json()
        found = [one["code"] for one in (state.get("failed") or state["active"])["findings"]]
        record_property("the validator says", sorted({code for code in found if "loop" in code or "storm" in code}))
        record_property("put in force", not state.get("failed"))
        if state.get("failed"):
            return
        before = _memory(served)
        with watched(client, record_property, 3):
            numbers = [_open(client, f"轉圈 {n}") for n in range(10)]

            def kinds(number: int) -> Counter[str]:
                found: list[str] = []
                cursor: dict[str, Any] = {}
                while True:
                    page = client.get(f"/tickets/{number}/events", params={"limit": 200, **cursor}).json()
                    found += [event["kind"] for event in page["items"]]
                    if not page.get("next"):
                        return Counter(found)
                    cursor = {"cursor": page["next"]}

            until(lambda: all(kinds(n)["timer.stopped"] for n in numbers), "each row is ended", seconds=400)
            fired = [kinds(n)["timer.fired"] for n in numbers]
        record_property("timers fired before each was ended", sorted(set(fired)))
        record_property("memory grown, kB", _memory(served) - before)
        assert max(fired) <= LIMITS.chain_timers + 1


def test_three_hundred_megabytes_at_every_door(tmp_path: Path, record_property: Tell) -> None:
    with running(tmp_path, demo=True) as site:
        site.add_agent("lead", ["lead"], [])
        doors = [(method, path) for path in addresses(application(site.server.web)) for method in METHODS]
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        most, statuses = 0, Counter[int]()
        with site.client("lead") as lead, watched(lead, record_property, 3):
            for method, path in doors:
                for header in (f"Content-Length: {LONG}", "Transfer-Encoding: chunked"):
                    with Sender(site, method, path, header) as sender:
                        most = max(most, sender.send(LONG, chunked="chunked" in header))
                        statuses[sender.answer()[0]] += 1
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    record_property("doors", len(doors))
    record_property("answers", dict(statuses))
    record_property("most bytes taken at one", most)
    record_property("memory grown, kB", grown)
    assert most < LONG and set(statuses) <= {413, 0} and grown < 60_000


@pytest.mark.parametrize("username", ["hua", "amy", "nobody-of-this-name"])
def test_guesses_at_once(tmp_path: Path, username: str, record_property: Tell) -> None:
    with running(tmp_path, limits__sign_in_failures=5) as site:
        site.add_agent("lead", ["lead"], [])
        site.add_agent("amy", ["agent"], ["demo"])
        site.add_member("hua", "demo")
        together = threading.Barrier(120)

        def guess(n: int) -> int:
            together.wait()
            return log_in(site, username, f"guess {n}").status_code

        began = time.monotonic()
        with site.client("lead") as lead, watched(lead, record_property, 5), ThreadPoolExecutor(120) as pool:
            statuses = Counter(pool.map(guess, range(120)))
        more = int(time.monotonic() - began) + 1
    record_property("answers", dict(statuses))
    assert set(statuses) == {401, 429} and 5 <= statuses[401] <= 5 + more

"""Channels that hang, rules without end, bodies of 300 MB, and guesses by the hundred, while others do their work."""

from __future__ import annotations

import asyncio
import re
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

from engine.bench.http import UNLIMITED
from engine.config import load
from engine.desk import Actor, Desk, OpenTicket, SignIn
from engine.lang import LIMITS
from engine.reload import reload_now
from plugins.channels.test import read
from tests.core.test_chains import ALONE, LATER, THROUGH_A_REPLY, TWO
from tests.engine.test_lanes import BLOCKS, DEAF, HANGS, PLUGIN
from tests.journeys.support import PASSWORD, Served, make_desk, serving
from tests.support.waiting import until
from tests.web.raw import Sender
from tests.web.support import running
from tests.web.test_doors import LONG, METHODS, addresses
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
    config = tmp_path / "soak.yaml"
    settings = {"channels.test": {"journal": str(journal)}, "slow": {"within": 2}}
    config.write_text(yaml.safe_dump({"plugins": {"dir": str(own), "send_within": 2, "settings": settings}}), "utf-8")
    slow, good = asyncio.run(_open_outside(desk, config, ("slow", "test")))
    with serving(desk, config=config, environment=UNLIMITED) as served, served.client("admin") as client:

        def say(number: int, text: str) -> None:
            client.post(f"/tickets/{number}/messages", json={"text": text}).raise_for_status()

        with watched(client, record_property, 3):
            for n in range(60):
                say(slow, f"慢 {n}")
                say(good, f"快 {n}")
            wanted = {f"快 {n}" for n in range(60)}

            def all_left() -> bool:
                return journal.exists() and {line["text"] for line in read(journal)} >= wanted

            began = time.monotonic()
            until(all_left, "the others' lines have left", seconds=20)
        record_property("lines of others that left", len(wanted))
        record_property("seconds the last one waited", round(time.monotonic() - began, 2))

        def told() -> list[str]:
            lines = httpx.get(f"{served.url}/metrics").text.splitlines()
            found = [line for line in lines if line.startswith("desk_lane_overdue_total") and "channel:slow" in line]
            return [line for line in found if float(line.split()[-1]) >= 1]

        record_property("told", until(told, "it is told", seconds=20)[0])
        served.kill()  # one that is deaf would be waited for
        served.start()


async def _open_outside(folder: Path, config: Path, channels: tuple[str, ...]) -> list[int]:
    """A ticket for each channel: nothing comes in by them, so they are opened by hand."""
    desk = await Desk.open(load(folder, extra=config))
    try:
        await reload_now(desk, by="soak", source="start")
        admin: Actor = (await desk.act(Actor(kind="guest"), SignIn("admin", PASSWORD)))["actor"]
        who = {"name": "外面的人", "email": "outside@example.com"}
        made = [
            await desk.act(admin, OpenTicket("外面", "請問", channel=one, shop="demo", requester=who, author="member"))
            for one in channels
        ]
        return [int(one["ticket"]["number"]) for one in made]
    finally:
        await desk.close()


@pytest.mark.parametrize("rules", [ALONE, THROUGH_A_REPLY, TWO, LATER], ids=["alone", "reply", "ping pong", "delayed"])
def test_rules_without_end(tmp_path: Path, rules: str, record_property: Tell) -> None:
    """What has no condition is refused; a text in the condition may be anything, so that one runs, and is ended."""
    desk = make_desk(tmp_path, tickets=0)
    target = desk / "rules" / "90-loops.rules"
    with serving(desk, environment=UNLIMITED) as served, served.client("admin") as client:
        target.write_text(f"stage housekeeping\n{rules}", "utf-8")
        refused = client.post("/rules/reload", timeout=120)
        assert refused.status_code == 200 and refused.json()["changed"] is False, refused.text
        found = {one["code"] for one in refused.json()["findings"] if one["severity"] == "error"}
        record_property("without a condition", sorted(found))
        assert found == {"timer-storm"}
        target.write_text(f"stage housekeeping\n{_behind_a_text(rules)}", "utf-8")
        taken = client.post("/rules/reload", timeout=120)
        assert taken.json()["changed"] is True, taken.text
        before = _memory(served)
        with watched(client, record_property, 3):
            numbers = [_open(client, f"轉圈 {n}") for n in range(10)]

            def kinds(number: int) -> Counter[str]:
                page: dict[str, Any] = {"items": [], "next": ""}
                found: list[str] = []
                while page["next"] is not None:
                    params = {"limit": 200, "since": page["next"] or 0}
                    page = client.get(f"/tickets/{number}/events", params=params).json()
                    found += [event["kind"] for event in page["items"]]
                return Counter(found)

            until(lambda: all(kinds(n)["timer.stopped"] for n in numbers), "each row is ended", seconds=400)
            fired = [kinds(n)["timer.fired"] for n in numbers]
        record_property("timers fired before each was ended", sorted(set(fired)))
        record_property("memory grown, kB", _memory(served) - before)
        assert max(fired) <= LIMITS.chain_timers + 1


def _behind_a_text(rules: str) -> str:
    """The same with a text in every condition, and the warning allowed."""
    circling = 'ticket.subject contains "轉圈"'
    rules = rules.replace("ticket.kind = inquiry", circling)
    for heard in ("message.author = bot", "message.automatic"):
        rules = rules.replace(f"when {heard}", f"when {heard} and {circling}")
    rules = rules.replace("on ticket.created then", f"on ticket.created when {circling} then")
    rules = re.sub(r'\n  allow timer-loop "for the test"', "", rules)
    return re.sub(r'rule (\w+)(?: "[^"]*")?\s+on', r'rule \1\n  allow timer-loop "for the soak"\n  on', rules)


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


def test_guesses_at_once(tmp_path: Path, record_property: Tell) -> None:
    """A hundred and twenty at the same moment, at names of every kind."""
    config = tmp_path / "soak.yaml"
    config.write_text("limits: {sign_in_failures: 5}\n", "utf-8")
    with serving(make_desk(tmp_path, tickets=0), config=config) as served, served.client("admin") as client:
        for username in ("ming", "amy", "nobody-of-this-name"):
            together = threading.Barrier(120)

            def guess(n: int, username: str = username, together: threading.Barrier = together) -> int:
                together.wait()
                body = {"username": username, "password": f"guess {n}"}
                return httpx.post(f"{served.url}/api/v1/auth/login", json=body, timeout=60).status_code

            def tell(what: str, value: object, username: str = username) -> None:
                record_property(f"{username}: {what}", value)

            began = time.monotonic()
            with watched(client, tell, 5), ThreadPoolExecutor(120) as pool:
                statuses = Counter(pool.map(guess, range(120)))
            more = int(time.monotonic() - began) + 1
            tell("answers", dict(statuses))
            assert set(statuses) <= {401, 429} and statuses[401] <= 5 + more

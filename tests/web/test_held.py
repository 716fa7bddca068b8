"""What is outside does not hold the desk: a plugin that hangs, a writer that stands still."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.support.waiting import until
from tests.web.documented import conforms
from tests.web.support import PASSWORD, Site, Socket, running

HANGING = """
import asyncio
from engine.api import hookimpl

class Hangs:
    name, audience = "a-hang", "agent"

    async def authenticate(self, credentials):
        await asyncio.sleep(3600)

@hookimpl
def register_authenticators():
    return [Hangs()]
"""


def ready(site: Site) -> httpx.Response:
    return httpx.get(f"{site.url}/readyz", timeout=30)


def test_who_signs_in_does_not_wait_for_a_way_that_hangs(tmp_path: Path) -> None:
    plugins = tmp_path / "own"
    plugins.mkdir()
    (plugins / "a_hang.py").write_text(HANGING, "utf-8")
    with running(tmp_path, **{"plugins.dir": str(plugins), "plugins.answer_within": 1}) as site:
        site.add_agent("lead", ["lead"], [])
        began = time.monotonic()
        assert site.sign_in("lead")["token"]
        assert time.monotonic() - began < 3
        wrong = {"username": "lead", "password": PASSWORD + "x"}
        refused = httpx.post(f"{site.url}/api/v1/auth/login", json=wrong, timeout=30)
        assert (refused.status_code, refused.json()["code"]) == (429, "sign-in-away"), "one that may know was silent"
        text = httpx.get(f"{site.url}/metrics").text
        assert 'desk_lane_overdue_total{lane="auth:a-hang"} 2' in text


def test_readyz_answers_while_the_writer_stands_still(tmp_path: Path) -> None:
    with running(tmp_path) as site:
        gate, inside = threading.Event(), threading.Event()

        def stands(tx: object) -> None:
            inside.set()
            gate.wait(30)

        site.loop.call_soon_threadsafe(lambda: site.loop.create_task(site.desk.context.store.write(stands)))
        inside.wait(5)
        began = time.monotonic()
        answer = ready(site)
        gate.set()
        assert answer.status_code == 503 and "not stored within" in answer.json()["reason"]
        assert time.monotonic() - began < 6
        assert ready(site).status_code == 200, "by itself"


def test_readyz_tells_of_a_lane_that_hangs(tmp_path: Path) -> None:
    with running(tmp_path) as site:
        assert conforms("readyz", ready(site))["notes"] == []
        lane = site.desk.context.lanes.of("channel:slow")
        lane._within = 0.1
        gate = threading.Event()

        async def blocks() -> None:
            gate.wait(20)

        with pytest.raises(Exception, match="no answer within"):
            site.run(lambda: lane.call(blocks))
        (note,) = conforms("readyz", ready(site))["notes"]
        assert "channel:slow" in note
        gate.set()
        until(lambda: ready(site).json()["notes"] == [], "it is well again")


def test_a_socket_is_told_that_nothing_can_be_stored(tmp_path: Path) -> None:
    with running(tmp_path) as site:
        chat: Socket = site.chat()
        site.run(
            lambda: site.desk.context.store.write(lambda tx: tx.database.pragma("max_page_count", 1, permanent=True))
        )
        chat.send({"type": "message", "id": "a", "text": "很長的一句話" * 2_000})
        while (frame := chat.receive())["type"] != "error":
            pass
        assert (frame["code"], frame["id"]) == ("store-away", "a")

"""The machine's clock is set while the desk serves: a real process, whose clock `faketime` moves."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.journeys.support import engine, make_desk, serving
from tests.journeys.test_kill import RULES
from tests.support.waiting import until

pytestmark = pytest.mark.soak
Tell = Callable[[str, object], None]
LIBRARIES = sorted(Path("/usr").glob("lib*/**/faketime/libfaketime.so.1"))
STEPS = ("+40d", "+0", "-3h", "+0", "+1d", "-5h", "+0", "+2", "-1", "+0", "+400d", "+0")
"""Each from the true time. Forward by more than half a day is to the desk as if nobody had been there."""
AGES = ("+40d", "+1d", "+400d")
"""Where a session is over by its own limits, as long as the clock says so."""


def test_steps_of_the_clock(tmp_path: Path, record_property: Tell) -> None:
    if not LIBRARIES:
        pytest.skip("`faketime` is not installed (Debian: apt-get install faketime)")
    moved = tmp_path / "clock"
    moved.write_text("+0\n")
    desk = make_desk(tmp_path, tickets=3)
    (desk / "rules" / "90-journey.rules").write_text(RULES, "utf-8")
    faked = {
        "LD_PRELOAD": str(LIBRARIES[0]),
        "FAKETIME_TIMESTAMP_FILE": str(moved),
        "FAKETIME_NO_CACHE": "1",
        "DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    with serving(desk, environment=faked) as served, served.client("admin") as client:
        rung: list[int] = []
        signed_out: set[str] = set()
        slowest = 0.0
        for n, step in enumerate(STEPS):
            moved.write_text(f"{step}\n")
            for k in range(4):
                began = time.monotonic()
                number = _alarm(client, f"{n}-{k}")
                if number is None:
                    assert step in AGES, f"{n}: {step}: only where the clock says that nobody was there for ages"
                    signed_out.add(step)
                    break
                rung.append(number)
                slowest = max(slowest, time.monotonic() - began)
                time.sleep(0.5)
            if step not in AGES:
                _known(served.url, client, step)
        moved.write_text("+0\n")

        def fired(number: int) -> int:
            items = client.get(f"/tickets/{number}/events", params={"limit": 200}).json()["items"]
            return [event["kind"] for event in items].count("timer.fired")

        until(lambda: all(fired(number) for number in rung), "every alarm rang", seconds=60)
        assert [fired(number) for number in rung] == [1] * len(rung), "once"
        assert abs(_alarm_at(client) - time.time()) < 5, "the desk's time is the machine's again"
        served.stop()
        served.start()
        assert abs(_alarm_at(client) - time.time()) < 5, "after a start too"
        _known(served.url, client, "a start")
        record_property("steps of the clock", len(STEPS))
        record_property("signed out meanwhile at", sorted(signed_out))
        record_property("alarms, each rung once", len(rung))
        record_property("slowest answer, s", round(slowest, 2))
    told = engine("doctor", "--desk", str(desk))
    assert "WRONG" not in told, told


def _alarm(client: httpx.Client, name: str) -> int | None:
    """The number of a case whose alarm rings in a second; None where the session is over."""
    body: dict[str, Any] = {"subject": f"鬧鐘 {name}", "text": "響", "shop": "demo", "requester": {"name": "早"}}
    body["author"] = "member"  # an agent's own words would be followed up by a timer of their own
    answer = client.post("/tickets", json=body)
    if answer.status_code == 401:
        return None
    assert answer.status_code == 201, answer.text
    return int(answer.json()["number"])


def _alarm_at(client: httpx.Client) -> float:
    from datetime import datetime

    number = _alarm(client, "when")
    return datetime.fromisoformat(client.get(f"/tickets/{number}").json()["created_at"]).timestamp()


def _known(url: str, client: httpx.Client, step: str) -> None:
    """Who is signed in stays so, and the desk says it is well."""
    assert client.get("/auth/me").status_code == 200, step
    ready = httpx.get(f"{url}/readyz", timeout=20)
    assert ready.status_code == 200, (step, ready.text)

"""Chats: what an idle widget costs in memory, and how a member's line comes to the agent's screen.

The server has one core, the clients the other. Members are guests; their lines are decided, stored and fed like any.
CPU is the server process's own. How much one guest and one address may write is raised to what is written here.
"""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.bench.http import Served, client_core, cpu_of, served

IDLE, CHATS, RATE = 10_000, 1_000, 200
PROCESSES = 4
SPARE = 500
"""Files a process needs beside its sockets."""
SETTINGS = {"ENGINE_LIMITS_GUEST_RATE": "1000"}
"""All guests live at one address."""


def measure(*, quick: bool = False) -> dict[str, Any]:
    """Opens idle widgets and live chats, lets members write, and prints memory, latency and CPU a line."""
    idle, chats, rate, runs, seconds = (500, 100, 50, 1, 3.0) if quick else (IDLE, CHATS, RATE, 5, 10.0)
    allowed = _raise_limit(max(idle, chats) + SPARE) - SPARE
    if allowed < max(idle, chats):
        print(f"fewer sockets than meant: a process here may open {allowed + SPARE} files")
        idle, chats = min(idle, allowed), min(chats, allowed)
    with tempfile.TemporaryDirectory(prefix="yingda-bench-") as folder:
        widgets = _idle(Path(folder) / "idle", idle)
        lines = _lines(Path(folder) / "chats", chats, rate, runs, seconds)
    print(f"idle widget: {widgets['kib']:.1f} KiB each, of {widgets['count']} (goal 20)")
    print(
        f"{lines['chats']} chats, {lines['rate']:.0f} lines/s: on the agent's screen p50 {lines['p50_ms']:.1f} ms, "
        f"p99 {lines['p99_ms']:.1f} ms (goal 100); CPU {lines['cpu_ms']:.2f} ms a line (goal 1.50)"
    )
    return {"idle": widgets, "lines": lines}


def _raise_limit(wanted: int) -> int:
    """As many open files as wanted, or as many as may be; children inherit it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        if hard != resource.RLIM_INFINITY and hard < wanted:
            try:
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
                return wanted
            except (ValueError, PermissionError):
                wanted = hard
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


class Client:
    """A process of many sockets; see `_chats`."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "engine.bench._chats"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, client_core()),
        )
        self.tell(spec)

    def tell(self, what: Mapping[str, Any]) -> None:
        """Says what to do next."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        """What it answers."""
        assert self._process.stdout is not None
        text = self._process.stdout.readline()
        if not text:
            raise RuntimeError("a client of the bench ended")
        found: dict[str, Any] = json.loads(text)
        return found

    def end(self) -> None:
        """Closes its sockets."""
        self._process.kill()
        self._process.wait()


def _patient(desk: Path) -> None:
    """Lets a guest write as many lines a minute as the bench has them write; the rule is asked all the same, its
    scenario is left out."""
    shutil.rmtree(desk / "rules" / "tests")
    file = desk / "rules" / "settings.yaml"
    text = file.read_text("utf-8")
    file.write_text(re.sub(r"(?m)^(guest_lines:\n  value:) \d+", r"\1 1000", text), "utf-8")


def _idle(folder: Path, count: int) -> dict[str, Any]:
    with served(folder, settings=SETTINGS, prepare=_patient) as one:
        first = _shared_out(one, "idle", 10, 1)  # what is made at first use belongs to no widget
        before = _resident(one)
        clients = _shared_out(one, "idle", count, PROCESSES)
        time.sleep(1.0)
        grown = _resident(one) - before
        for client in (*first, *clients):
            client.end()
    return {"count": count, "kib": grown / count}


def _lines(folder: Path, count: int, rate: float, runs: int, seconds: float) -> dict[str, Any]:
    with served(folder, settings=SETTINGS, prepare=_patient) as one:
        token = one.headers["Authorization"].removeprefix("Bearer ")
        agent = Client({"role": "agent", "url": one.url, "token": token, "count": 1})
        agent.hear()
        clients = _shared_out(one, "chats", count, min(PROCESSES, 2))
        time.sleep(1.0)
        results = [_run(one, agent, clients, rate, seconds) for _ in range(runs)]
        for client in (agent, *clients):
            client.end()
    middle = sorted(results, key=lambda one: one["cpu_ms"])[len(results) // 2]
    spread = [min(one["cpu_ms"] for one in results), max(one["cpu_ms"] for one in results)]
    return {"chats": count, "rate": rate, **middle, "cpu_spread": spread}


def _run(one: Served, agent: Client, clients: list[Client], rate: float, seconds: float) -> dict[str, Any]:
    agent.tell({"forget": True})
    agent.hear()
    before = cpu_of(one.process)
    for client in clients:
        client.tell({"rate": rate / len(clients), "seconds": seconds})
    done = [client.hear() for client in clients]
    cpu = cpu_of(one.process) - before
    time.sleep(0.5)
    agent.tell({"took": True})
    took = agent.hear()["took"]
    sent = sum(one["sent"] for one in done)
    lost, why = sum(one["failed"] for one in done), [text for one in done for text in one["why"]]
    if lost or len(took) != sent:
        raise RuntimeError(f"not a figure: of {sent} lines {lost} were refused {why}, {len(took)} came to the agent")
    p50, p99 = took[len(took) // 2], took[int(len(took) * 0.99)]
    return {"cpu_ms": 1000 * cpu / sent, "p50_ms": p50, "p99_ms": p99, "sent": sent}


def _shared_out(one: Served, role: str, count: int, processes: int) -> list[Client]:
    """So many sockets over some processes, all of them open."""
    parts = [count // processes + (place < count % processes) for place in range(processes)]
    clients = [Client({"role": role, "url": one.url, "count": part}) for part in parts if part]
    for client in clients:
        client.hear()
    return clients


def _resident(one: Served) -> int:
    """KiB of memory of the server."""
    text = Path(f"/proc/{one.process.pid}/status").read_text("ascii")
    return int(next(line for line in text.splitlines() if line.startswith("VmRSS")).split()[1])

"""`engine serve` as a process: it starts, reloads on SIGHUP, stops on SIGTERM, and says what is in the way."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from tests.support.waiting import stays, until
from tests.web.support import copy_rules
from tests.web.test_checks import HEAVY

pytestmark = pytest.mark.slow


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    copy_rules(tmp_path / "desk" / "rules")
    (tmp_path / "desk" / "config").mkdir()
    settings = "rules: {watch: false}\nstorage: {url: 'sqlite:desk.db'}\nfiles: {url: 'file:files'}\n"
    (tmp_path / "desk" / "config" / "engine.yaml").write_text(settings, "utf-8")
    return tmp_path / "desk"


def _command(desk: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "engine", "serve", "--desk", str(desk), *more]


@contextmanager
def serving(desk: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(_command(desk, "--port", "0"), stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.search(r"is up: (http://\S+)", line):
                yield process, found[1]
                return
        raise AssertionError("the server did not start")
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(10)


def test_serve_reloads_and_stops(desk: Path) -> None:
    with serving(desk) as (process, url):
        before = httpx.get(f"{url}/readyz").json()["rulebook"]
        control = desk / "data" / "control"
        assert control.stat().st_mode & 0o777 == 0o600
        known = json.loads(control.read_text("utf-8"))
        assert url.endswith(f":{known['port']}")

        rules = desk / "rules" / "desk.rules"
        rules.write_text(rules.read_text("utf-8").replace("退貨", "換貨"), "utf-8")
        process.send_signal(signal.SIGHUP)
        until(lambda: httpx.get(f"{url}/readyz").json()["rulebook"] != before, "SIGHUP reloads")

        rules.write_text("rule broken on nothing then", "utf-8")
        answer = httpx.post(
            f"{url}/api/v1/rules/reload", headers={"Authorization": f"Bearer {known['token']}"}, json={}
        )
        assert answer.status_code == 200
        assert answer.json()["changed"] is False
        assert [f for f in answer.json()["findings"] if f["severity"] == "error"]
        state = httpx.get(f"{url}/api/v1/rules", headers={"Authorization": f"Bearer {known['token']}"}).json()
        assert state["failed"]["findings"][0]["file"] == "desk.rules"

        busy = subprocess.run(_command(desk, "--port", str(known["port"])), capture_output=True, text=True, timeout=30)
        assert busy.returncode == 2
        assert f"in use by `engine serve`, process {process.pid}" in busy.stderr

        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert not control.exists()
    with serving(desk) as (process, url):
        assert httpx.get(f"{url}/readyz").json()["status"] == "ok", (
            "the last rulebook runs although the folder is broken"
        )
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def test_a_check_that_runs_does_not_keep_the_server_from_stopping(desk: Path) -> None:
    with serving(desk) as (process, url):
        known = json.loads((desk / "data" / "control").read_text("utf-8"))
        for path, text in HEAVY.items():
            (desk / "rules" / path).parent.mkdir(exist_ok=True)
            (desk / "rules" / path).write_text(text, "utf-8")

        def reload() -> None:
            headers = {"Authorization": f"Bearer {known['token']}"}
            with suppress(httpx.TransportError):
                httpx.post(f"{url}/api/v1/rules/reload", headers=headers, json={}, timeout=60)

        asked = threading.Thread(target=reload, daemon=True)
        asked.start()
        until(lambda: any(_worked(pid) > 3 for pid in _checkers(process.pid)), "the check is at it")
        assert asked.is_alive(), "the check has to last for this test to mean anything"
        children = _children(process.pid)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert time.monotonic() - began < 3
        until(lambda: not any(map(_alive, children)), "the processes beside it end")


def test_a_desk_that_never_had_rules_refuses_broken_ones(desk: Path) -> None:
    (desk / "rules" / "desk.rules").write_text("rule broken on nothing then", "utf-8")
    done = subprocess.run(_command(desk, "--port", "0"), capture_output=True, text=True, timeout=30)
    assert done.returncode == 2
    assert "desk.rules:1" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_desk_and_wrong_settings_are_told(tmp_path: Path, desk: Path) -> None:
    nothing = subprocess.run(_command(tmp_path / "nowhere"), capture_output=True, text=True, timeout=30)
    assert (nothing.returncode, "engine init" in nothing.stderr) == (2, True)
    extra = tmp_path / "extra.yaml"
    extra.write_text("server: {proxies: [nonsense]}", "utf-8")
    wrong = subprocess.run(
        _command(desk, "--port", "0", "--config", str(extra)), capture_output=True, text=True, timeout=30
    )
    assert (wrong.returncode, "server.proxies" in wrong.stderr) == (2, True)


def _children(server: int) -> list[int]:
    """The processes that a server has begun."""
    return [int(pid) for pid in Path(f"/proc/{server}/task/{server}/children").read_text().split()]


def _workers(server: int) -> list[int]:
    """Those of them that do long work."""
    return [pid for pid in _children(server) if b"\0worker\0" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def _checkers(server: int) -> list[int]:
    """Those of them that check rules."""
    return [pid for pid in _children(server) if b"engine.checker" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def _worked(pid: int) -> float:
    """The seconds of processor time that a process has had; to begin takes it less than three."""
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11]
    return int(ticks) / os.sysconf("SC_CLK_TCK")


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _upkeep(desk: Path) -> list[str]:
    try:
        with sqlite3.connect(f"file:{desk}/data/desk.db?mode=ro", uri=True) as connection:
            return [row[0] for row in connection.execute("SELECT state FROM job WHERE kind = 'upkeep'")]
    except sqlite3.OperationalError:
        return []


def test_a_worker_runs_beside_the_server_is_begun_again_and_ends_with_it(desk: Path) -> None:
    with serving(desk) as (process, _):
        until(lambda: _upkeep(desk) == ["done"], "the worker does the upkeep")
        (worker,) = _workers(process.pid)
        assert os.getpriority(os.PRIO_PROCESS, worker) > os.getpriority(os.PRIO_PROCESS, process.pid)
        os.kill(worker, signal.SIGKILL)
        until(lambda: _workers(process.pid) not in ([], [worker]), "the worker is begun again")
        (worker,) = _workers(process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert not _alive(worker)
    with serving(desk) as (process, _):
        until(lambda: _workers(process.pid), "a worker is begun")
        (worker,) = _workers(process.pid)
        process.kill()
        process.wait(10)
        until(lambda: not _alive(worker), "the worker notices that its server was killed")
    assert _upkeep(desk) == ["done"], "not again before an hour is over"


def test_a_desk_may_keep_its_worker_elsewhere(desk: Path) -> None:
    with (desk / "config" / "engine.yaml").open("a", encoding="utf-8") as settings:
        settings.write("jobs: {worker: false}\n")
    with serving(desk) as (process, _):
        stays(lambda: _workers(process.pid) == [], "there is no worker beside it", seconds=2)
        alone = subprocess.Popen([sys.executable, "-m", "engine", "worker", "--desk", str(desk)])
        try:
            until(lambda: _upkeep(desk) == ["done"], "a worker that runs alone does the upkeep")
            alone.send_signal(signal.SIGTERM)
            assert alone.wait(20) == 0
        finally:
            alone.kill()
            alone.wait()

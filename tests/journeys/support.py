"""A desk folder, the server that runs on it as a process of its own, and people who use it from outside."""

from __future__ import annotations

import atexit
import functools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route, WebSocket

from tests.support import processes

ROOT = Path(__file__).resolve().parents[2]
STARTER = ROOT / "rules"
PASSWORD = "demo-of-the-journeys"
LOCALES = ("zh-TW", "zh-CN", "en")
T = TypeVar("T")


def make_desk(folder: Path, *, rules: Path = STARTER, tickets: int | None = 12) -> Path:
    """A desk folder with the starter's settings and these rules; with `tickets`, filled with the demo's accounts. What
    has the starter's rules is filled once a process, and copied."""
    desk = folder / "desk"
    own_database = "ENGINE_STORAGE_URL" not in os.environ  # of another one nothing is in the folder
    if tickets is not None and rules == STARTER and own_database:
        shutil.copytree(_filled(tickets), desk, dirs_exist_ok=True)
    else:
        _fill(desk, rules, tickets)
    return desk


@functools.cache
def _filled(tickets: int) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="demo-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _fill(folder / "desk", STARTER, tickets)
    return folder / "desk"


def _fill(desk: Path, rules: Path, tickets: int | None) -> None:
    shutil.copytree(rules, desk / "rules")
    shutil.copytree(ROOT / "config", desk / "config")
    if tickets is not None:
        engine("demo", "--tickets", str(tickets), "--desk", str(desk))


def engine(*arguments: str, code: int = 0, timeout: float = 60) -> str:
    """What a command printed; both outputs."""
    done = subprocess.run(
        [sys.executable, "-m", "engine", *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        env=_environment(),
        cwd=ROOT,
    )
    assert done.returncode == code, f"engine {arguments[0]} gave {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def _environment() -> dict[str, str]:
    return {**os.environ, "ENGINE_DEMO_PASSWORD": PASSWORD, "PYTHONUNBUFFERED": "1"}


class Served:
    """`engine serve` on a desk folder: started, killed, started again on the same port."""

    def __init__(
        self,
        desk: Path,
        *,
        demo: bool = False,
        config: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.desk = desk
        self._environment = environment or {}
        self.port = 0
        self.starts = 0
        self._more = [*(["--demo"] if demo else []), *(["--config", str(config)] if config else [])]
        self._process: subprocess.Popen[bytes] | None = None
        self._tokens: dict[str, str] = {}
        self._clients: dict[str, httpx.Client] = {}

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What the newest start has printed."""
        return self.desk / f"serve-{self.starts}.log"

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def start(self, *, wait: bool = True) -> Served:
        """Starts it; the first time on a port that is free.

        Only from the thread that lives as long as the server shall: the kernel ends it with that thread.
        """
        self.starts += 1
        command = [sys.executable, "-m", "engine", "serve", "--desk", str(self.desk), "--port", str(self.port)]
        self._process = processes.spawn(
            [*command, *self._more],
            log=self.log,
            death=signal.SIGKILL,
            cwd=ROOT,
            environment={**_environment(), **self._environment},
        )
        if wait:
            self.wait()
        return self

    def wait(self) -> None:
        """Returns when it answers."""
        assert self._process is not None
        processes.wait_until(self._up, self._process, self.log)

    def _up(self) -> bool:
        found = re.search(r"is up: http://[^:\s]+:(\d+)", self.log.read_text("utf-8"))
        if found:
            self.port = int(found[1])
        return bool(found)

    def kill(self) -> None:
        """As by `kill -9`."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """As by an operator; a server that does not end properly fails the test."""
        if self._process is not None and self.alive:
            processes.stop(self._process, seconds=20)
            assert self._process.returncode == 0, self.log.read_text("utf-8")[-2000:]

    def sign_in(self, username: str) -> str:
        """A session's token, the same each time."""
        if username not in self._tokens:
            body = {"username": username, "password": PASSWORD}
            answer = httpx.post(f"{self.url}/api/v1/auth/login", json=body, timeout=20)
            assert answer.status_code == 200, answer.text
            self._tokens[username] = answer.json()["token"]
        return self._tokens[username]

    def client(self, username: str, **more: Any) -> httpx.Client:
        """A client of the API, signed in as somebody."""
        headers = {"Authorization": f"Bearer {self.sign_in(username)}"}
        return httpx.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=20, **more)

    def _kept(self, username: str) -> httpx.Client:
        """One for all that is asked: to make one is dearer than an answer. A connection of its own each time, as the
        server may have been killed in between."""
        if username not in self._clients:
            self._clients[username] = self.client(username, limits=httpx.Limits(max_keepalive_connections=0))
        return self._clients[username]

    def get(self, username: str, path: str, **query: Any) -> Any:
        """What somebody gets from the API."""
        while (answer := self._kept(username).get(path, params=query)).status_code == 429:
            time.sleep(float(answer.headers["Retry-After"]))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, username: str, path: str, body: Mapping[str, Any]) -> Any:
        """What the API answers to something somebody does."""
        answer = self._kept(username).post(path, json=body, timeout=120)
        assert answer.is_success, answer.text
        return answer.json()


@contextmanager
def serving(
    desk: Path, *, demo: bool = False, config: Path | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[Served]:
    """A server for the time of the `with` block. A test that failed is not covered up by how the server ended."""
    served = Served(desk, demo=demo, config=config, environment=environment).start()
    try:
        yield served
    except BaseException:
        if served.alive:
            served.kill()
        raise
    served.stop()


class Person:
    """Somebody in a browser profile of his own, and everything the desk told that browser."""

    def __init__(
        self, browser: Browser, url: str, *, locale: str = "zh-TW", width: int = 1280, height: int = 800
    ) -> None:
        self.url = url
        self.context: BrowserContext = browser.new_context(
            locale=locale, timezone_id="Asia/Taipei", viewport={"width": width, "height": height}
        )
        self.context.set_default_timeout(30_000)
        self.frames: list[str] = []
        """Every frame a socket received, as text."""
        self.sockets: list[WebSocket] = []
        self.troubles: list[str] = []
        """Errors and warnings of the console, uncaught errors, failed requests."""
        self.answers: list[Any] = []
        """Every JSON answer of the API, once `listen` was called."""
        self.page: Page = self.context.new_page()
        self.page.on("websocket", self._socket)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.troubles.append(f"uncaught: {error}"))

    def _socket(self, socket: WebSocket) -> None:
        self.sockets.append(socket)
        socket.on("framereceived", lambda payload: self.frames.append(str(payload)))

    def _heard(self, said: ConsoleMessage) -> None:
        if said.type in ("error", "warning"):
            self.troubles.append(f"{said.type}: {said.text} ({said.location['url']})")

    def listen(self) -> None:
        """From now on keeps the answers: read on their way, as a page that is left takes them along."""

        def pass_on(route: Route) -> None:
            answer = route.fetch()
            if "json" in answer.headers.get("content-type", ""):
                self.answers.append(answer.json())
            route.fulfill(response=answer)

        self.page.route("**/api/**", pass_on)

    def go(self, path: str) -> Page:
        """Opens a page of the desk."""
        self.page.goto(self.url + path)
        return self.page

    def sign_in(self, username: str, next_path: str | None = None) -> Page:
        """Signs in as people do, and waits to be somewhere else."""
        page = self.go("/login" + (f"?next={next_path}" if next_path else ""))
        page.locator("[data-test=login-username]").fill(username)
        page.locator("[data-test=login-password]").fill(PASSWORD)
        page.locator("[data-test=login-submit]").click()
        page.wait_for_url(lambda address: "/login" not in address)
        return page

    def __enter__(self) -> Person:
        return self

    def __exit__(self, *_: Any) -> None:
        self.context.close()


def strings(value: Any) -> Iterator[str]:
    """Every text inside a JSON value, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key)
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)

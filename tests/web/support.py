"""A real desk with its web side in a thread of its own, and clients that are not ours: httpx and websockets."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import json
import shutil
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from engine.config import load
from engine.core.building import digest_of
from engine.desk import Desk
from engine.features import FEATURES
from engine.folder import read_folder
from engine.reload import reload_now
from engine.store import people, sessions
from plugins.auth import password
from tests.support import stores
from web.server import Server

RULES = Path(__file__).with_name("rules")
PASSWORD = "correct horse battery"
HASH = password.hash(PASSWORD)
T = TypeVar("T")
WHERE: Final = {"storage.url": "sqlite:desk.db", "files.url": "file:files"}


class Site:
    """A server that runs, and people who use it."""

    def __init__(self, server: Server, loop: asyncio.AbstractEventLoop, folder: Path) -> None:
        self.server = server
        self.desk = server.desk
        self.folder = folder
        self.loop = loop
        self.url = f"http://127.0.0.1:{server.port}"
        self._tokens: dict[str, str] = {}

    def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Runs something in the server's loop."""

        async def inside() -> T:
            return await work()

        return asyncio.run_coroutine_threadsafe(inside(), self.loop).result(60)

    def add_agent(self, username: str, roles: list[str], shops: list[str]) -> None:
        """An agent with the one password."""

        def job(tx: Any) -> None:
            values = {"name": username.title(), "alias": f"alias-{username}", "teams": ["front"], "skills": []}
            agent = people.save_agent(tx, username, roles=roles, shops=shops, **values)
            sessions.save_login(tx, "agent", agent, username, HASH)

        self.run(lambda: self.desk.context.store.write(job))

    def add_member(self, username: str, shop: str, tier: str = "basic") -> int:
        """A member with the one password."""

        def job(tx: Any) -> int:
            words = self.desk.context.lexicon
            member = people.add_member(tx, words, shop, guest=False, tier=tier, name=username.title(), language="zh-TW")
            sessions.save_login(tx, "member", member, username, HASH)
            return int(member)

        return int(self.run(lambda: self.desk.context.store.write(job)).result)

    def token(self, username: str) -> str:
        """A session of this person, the same each time."""
        if username not in self._tokens:
            self._tokens[username] = self.sign_in(username)["token"]
        return self._tokens[username]

    def sign_in(self, username: str) -> dict[str, Any]:
        """A new session."""
        answer = httpx.post(
            f"{self.url}/api/v1/auth/login", json={"username": username, "password": PASSWORD}, verify=False
        )
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def client(self, username: str | None = None, **headers: str) -> httpx.Client:
        """A client of the API, signed in as somebody."""
        if username is not None:
            headers["Authorization"] = f"Bearer {self.token(username)}"
        # There is no TLS here; reading the certificates of the world takes 50 ms a client.
        return httpx.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=60, verify=False)

    def open_ticket(self, **body: Any) -> dict[str, Any]:
        """A ticket made by the lead, for a new guest of the demo shop unless told otherwise."""
        body = {"subject": "退貨", "text": "我要退貨", "shop": "demo", "requester": {"name": "小明"}, **body}
        with self.client("lead") as client:
            answer = client.post("/tickets", json=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def chat(self, shop: str = "demo", *, token: str | None = None, **hello: Any) -> Socket:
        """A chat socket that has said hello and got its welcome."""
        return Socket(self.url, "/ws/chat").hello(shop=shop, token=token, **hello)

    def agent(self, username: str, **hello: Any) -> Socket:
        """An agent's socket that has said hello and got its welcome."""
        return Socket(self.url, "/ws/agent").hello(token=self.token(username), **hello)


class Socket:
    """A WebSocket of the independent client, with what it has received."""

    def __init__(self, url: str, path: str, **headers: str) -> None:
        address = url.replace("http:", "ws:") + path
        self.connection: ClientConnection = connect(address, additional_headers=headers, compression=None, legacy=True)
        self.welcome: dict[str, Any] = {}

    def hello(self, **hello: Any) -> Socket:
        """Says hello and waits for the welcome."""
        self.send({"type": "hello", **hello})
        self.welcome = self.get("welcome")
        return self

    def send(self, frame: Any) -> None:
        """Sends a frame; text is sent as it is."""
        self.connection.send(frame if isinstance(frame, (str, bytes)) else json.dumps(frame))

    def receive(self, timeout: float = 20) -> dict[str, Any]:
        """The next frame."""
        return dict(json.loads(self.connection.recv(timeout=timeout)))

    def get(self, kind: str, timeout: float = 20, **values: Any) -> dict[str, Any]:
        """The next frame of this kind with these values; others are passed over. An error frame not asked for fails."""
        end = time.monotonic() + timeout
        while True:
            frame = self.receive(max(0.01, end - time.monotonic()))
            if frame["type"] == kind and all(frame.get(name) == value for name, value in values.items()):
                return frame
            assert frame["type"] != "error", frame

    def get_error(self) -> dict[str, Any]:
        """The next error."""
        while (frame := self.receive())["type"] != "error":
            pass
        return frame

    def line(self, text: str, id: str = "", **more: Any) -> dict[str, Any]:
        """Says something and waits for its ack."""
        client_id = id or f"c-{time.monotonic_ns()}"
        self.send({"type": "message", "id": client_id, "text": text, **more})
        return self.get("ack", id=client_id)

    def until_quiet(self, quiet: float = 0.4) -> list[dict[str, Any]]:
        """Everything that still comes."""
        frames = []
        with contextlib.suppress(TimeoutError, ConnectionClosed):
            while True:
                frames.append(self.receive(quiet))
        return frames

    def closed(self, timeout: float = 20) -> int:
        """Waits until the server closes; its code."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            try:
                self.connection.recv(timeout=0.2)
            except TimeoutError:
                continue
            except ConnectionClosed as closed:
                assert closed.rcvd is not None
                return int(closed.rcvd.code)
        raise AssertionError("the server did not close")

    def close(self) -> None:
        """Leaves."""
        self.connection.close()

    def __enter__(self) -> Socket:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


def copy_rules(to: Path, rules: Path = RULES) -> None:
    """The rules of the tests; who leads has every right that features bring."""
    shutil.copytree(rules, to)
    roles = to / "roles.yaml"
    rights = ", ".join(right for feature in FEATURES for right in feature.permissions)
    roles.write_text(roles.read_text("utf-8").replace("RIGHTS_OF_FEATURES", rights), "utf-8")


def begin(desk: Path) -> None:
    """Gives a folder with rules the data of a desk that has them in force, if they are sound: a server that starts
    there need not check them, which takes a process of its own."""
    shutil.copytree(_begun(digest_of(read_folder(desk / "rules")[0]), desk / "rules"), desk / "data")


_kept: dict[str, Path] = {}


def _begun(digest: str, rules: Path) -> Path:
    if digest not in _kept:
        folder = Path(tempfile.mkdtemp(prefix="begun-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        shutil.copytree(rules, folder / "rules")
        stores.sqlite(folder / "data" / "desk.db")
        # In a thread: the test's own may have a loop that runs.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, _put_in_force(folder)).result()
        _kept[digest] = folder / "data"
    return _kept[digest]


async def _put_in_force(folder: Path) -> None:
    desk = await Desk.open(load(folder, None, WHERE))
    await reload_now(desk, by="start", source="start", may_grant=True)
    await desk.close()


@contextlib.contextmanager
def running(folder: Path, *, rules: Path = RULES, demo: bool = False, **settings: Any) -> Iterator[Site]:
    """A server in a thread, on a desk in this folder."""
    desk = folder / "desk"
    if not desk.exists():
        copy_rules(desk / "rules", rules)
    if not (desk / "data").exists():
        begin(desk)
    values = {
        "server.port": 0,
        "rules.watch": False,
        **WHERE,
        "limits.guess_rate": 10_000,
        "limits.api_rate": 10_000,
        "limits.api_changes": 10_000,
        "limits.guest_uploads": 10_000,
        "limits.address_uploads": 10_000,
        **{name.replace("__", "."): value for name, value in settings.items()},
    }
    config = load(desk, None, values)
    loop = asyncio.new_event_loop()
    started: list[Any] = []
    ready = threading.Event()

    def work() -> None:
        asyncio.set_event_loop(loop)
        try:
            started.append(loop.run_until_complete(Server.start(config, demo=demo)))
        except BaseException as error:
            started.append(error)
            return
        finally:
            ready.set()
        loop.run_forever()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert ready.wait(120), "the server did not start"
    if isinstance(started[0], BaseException):
        raise started[0]
    try:
        yield Site(started[0], loop, desk)
    finally:
        asyncio.run_coroutine_threadsafe(started[0].stop(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()

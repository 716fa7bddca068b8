"""A disk that fills up while people write, a start on it, and room again: nothing acknowledged is lost."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest

from tests.journeys.support import ROOT, Served, engine, make_desk, serving
from tests.support.postgres import Postgres
from tests.support.waiting import until

pytestmark = pytest.mark.soak
Tell = Callable[[str, object], None]
SMALL = "64m"
LONG = "很長的一封信" * 2_000
PICTURE = os.urandom(300_000)


@contextmanager
def small_disk(place: Path) -> Iterator[Path]:
    """A disk of `SMALL` at a place; the test is skipped where none may be mounted."""
    place.mkdir(parents=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(place)], capture_output=True)
    if done.returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


class Filler:
    """Fills a disk to the last byte, and empties it again."""

    def __init__(self, disk: Path) -> None:
        self._path = disk / "somebody-elses"

    def fill(self) -> None:
        """Takes what is left."""
        with self._path.open("ab", buffering=0) as file:
            for size in (1 << 20, 4096, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    pass

    def empty(self) -> None:
        """Gives it back."""
        self._path.unlink()


class Limit:
    """Lets a process write no file beyond its present longest, as `ulimit -f` does, and takes that away."""

    def __init__(self, served: Served, data: Path) -> None:
        self._served, self._data = served, data

    def fill(self) -> None:
        """No file grows."""
        most = 4096  # the write-ahead log begins anew in place: only what is shorter than one page of it can be kept
        resource.prlimit(self._served.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))

    def empty(self) -> None:
        """They may."""
        forever = resource.RLIM_INFINITY
        resource.prlimit(self._served.pid, resource.RLIMIT_FSIZE, (forever, forever))


class Letters:
    """Somebody who writes letters and brings files, and what he was told."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._count = 0
        self.kept: dict[str, int] = {}
        self.files: dict[str, str] = {}
        self.refused = 0

    def write(self, client: httpx.Client) -> httpx.Response:
        """The next letter; one that is not acknowledged is remembered by nobody."""
        self._count += 1
        name = f"信 {self._count}"
        body = {"subject": name, "text": LONG, "shop": "demo", "requester": {"name": "客"}}
        answer = client.post("/tickets", json=body, headers={"Idempotency-Key": f"letter-{self._count}"})
        assert answer.status_code in (201, 503), answer.text
        if answer.status_code == 201:
            self.kept[name] = answer.json()["number"]
        else:
            _told(answer)
            self.refused += 1
        return answer

    def bring(self, client: httpx.Client) -> httpx.Response:
        """A file of a size that matters."""
        answer = client.post("/files", files={"file": (f"{self._count}.bin", PICTURE + os.urandom(16))})
        assert answer.status_code in (201, 503), answer.text
        if answer.status_code == 503:
            _told(answer)
        return answer

    def all_there(self, client: httpx.Client) -> None:
        """Each acknowledged letter stands once, whole."""
        for name, number in self.kept.items():
            items = client.get(f"/tickets/{number}/messages").raise_for_status().json()["items"]
            assert [line["text"] for line in items if line["author"]["kind"] == "agent" or line["text"] == LONG], name
        asked: dict[str, Any] = {"count": "true", "limit": 1}
        count = client.get("/tickets", params=asked).raise_for_status().json()["count"]
        assert count == len(self.kept), "what was refused was not done by halves"


def _told(answer: httpx.Response) -> None:
    problem = answer.json()
    assert (problem["code"], answer.headers["Retry-After"]) == ("store-away", "5"), problem
    assert "nothing was changed" in problem["detail"]


def _ready(served: Served) -> httpx.Response:
    return httpx.get(f"{served.url}/readyz", timeout=20)


def _story(desk: Path, served: Served, disk: Filler | Limit, tell: Tell) -> Letters:
    """Full, told, room, well again."""
    letters = Letters(served)
    with served.client("admin") as client:
        before = client.get("/tickets", params={"count": "true", "limit": 1}).json()["count"]
        assert before == 0
        for _ in range(20):
            assert letters.write(client).status_code == 201
        assert letters.bring(client).status_code == 201
        disk.fill()
        until(lambda: letters.write(client).status_code == 503, "the disk is full", seconds=60)
        for _ in range(10):
            letters.write(client)
        away = letters.bring(client)
        assert away.status_code == 503, "no room for files either"
        ready = _ready(served)
        assert ready.status_code == 503 and ready.json()["checks"]["store"] == "failing", ready.text
        tell("/readyz said", ready.json()["reason"])
        assert client.get("/tickets", params={"limit": 1}).status_code == 200, "what is there can be read"
        disk.empty()
        began = time.monotonic()
        until(lambda: _ready(served).status_code == 200, "well by itself", seconds=30)
        tell("seconds until ready again", round(time.monotonic() - began, 1))
        for _ in range(5):
            assert letters.write(client).status_code == 201
        assert letters.bring(client).status_code == 201
        letters.all_there(client)
    assert "Traceback" not in served.log.read_text("utf-8"), "told in a line"
    tell("letters acknowledged and kept", len(letters.kept))
    tell("letters refused", letters.refused)
    return letters


def _start(desk: Path) -> tuple[int, str]:
    """How a server that is begun now ends, and what it says."""
    command = [sys.executable, "-m", "engine", "serve", "--desk", str(desk), "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=ROOT)
    return done.returncode, done.stdout + done.stderr


def _doctor(desk: Path) -> None:
    told = engine("doctor", "--desk", str(desk))
    assert "WRONG" not in told, told


def test_a_full_disk(tmp_path: Path, record_property: Tell) -> None:
    """Database and files on one small disk."""
    with small_disk(tmp_path / "desk" / "data") as disk:
        desk = make_desk(tmp_path, tickets=0)
        filler = Filler(disk)
        with serving(desk) as served:
            letters = _story(desk, served, filler, record_property)
            filler.fill()
            with served.client("admin") as client:
                until(lambda: letters.write(client).status_code == 503, "the disk is full", seconds=60)
            served.kill()
            code, said = _start(desk)
            record_property("a start on it says", said.strip().splitlines()[-1])
            assert code == 2 and "Traceback" not in said and "see that the disk has room" in said, said
            filler.empty()
            served.start()
            with served.client("admin") as client:
                letters.all_there(client)
        _doctor(desk)


def test_files_that_may_not_grow(tmp_path: Path, record_property: Tell) -> None:
    """A limit on the length of files: the system says another error than that of a full disk."""
    desk = make_desk(tmp_path, tickets=0)
    with serving(desk) as served:
        _story(desk, served, Limit(served, desk / "data"), record_property)
    _doctor(desk)


def test_a_full_disk_below_postgres(
    tmp_path: Path, postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch, record_property: Tell
) -> None:
    """The database server's own disk, with uploads on it too."""
    # Not below pytest's folder: the database server is another user, and nobody else may look into that.
    with TemporaryDirectory(prefix="disk-") as place, small_disk(Path(place) / "disk") as disk:
        Path(place).chmod(0o755)
        (disk / "tables").mkdir()
        (disk / "files").mkdir()
        database = postgres_server.create(on=disk / "tables")
        try:
            monkeypatch.setenv("ENGINE_STORAGE_URL", postgres_server.url(database))
            monkeypatch.setenv("ENGINE_FILES_URL", f"file:///{disk / 'files'}".replace("////", "///"))
            desk = make_desk(tmp_path, tickets=0)
            filler = Filler(disk)
            with serving(desk) as served:
                _story(desk, served, filler, record_property)
            _doctor(desk)
        finally:
            postgres_server.drop(database)

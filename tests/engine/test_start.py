"""What is in the way of a start is told in a line that says what to do, with exit code 2 and nothing changed."""

from __future__ import annotations

import io
import os
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from engine.cli import main
from engine.desk import Desk
from tests.support.house import House


@pytest.fixture
def desk(house: House) -> Iterator[Path]:
    """The folder of a desk that has run once."""

    async def work(desk: Desk) -> None:
        return None

    house.run(work)
    (house.folder / "config").mkdir()
    yield house.folder


def noise(desk: Path) -> None:
    """Random bytes where the database was."""
    for path in (desk / "data").glob("desk.db*"):
        path.unlink()
    (desk / "data" / "desk.db").write_bytes(os.urandom(50_000))


def torn(desk: Path) -> None:
    """A database whose inside was written over."""
    path = desk / "data" / "desk.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(path.stat().st_size - 4096))


def gone(desk: Path) -> None:
    """Everything but the database is there."""
    for path in (desk / "data").glob("desk.db*"):
        path.unlink()


def keyless(desk: Path) -> None:
    """The keys were lost."""
    (desk / "data" / "keys").unlink()


def garbled(desk: Path) -> None:
    """Keys that are none."""
    (desk / "data" / "keys").write_text("{", "utf-8")


def unreadable(desk: Path) -> None:
    """Settings that are no text."""
    (desk / "config" / "engine.yaml").write_bytes(b"\xff\xfe\x00")


def newer(desk: Path) -> None:
    """A version to come has been here."""
    with closing(sqlite3.connect(desk / "data" / "desk.db")) as database, database:
        database.execute("INSERT INTO schema_migration (name, applied) VALUES ('9999_later', '2030-01-01')")


CASES: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "noise": (noise, ("damaged", "backup")),
    "torn": (torn, ("damaged", "backup")),
    "gone": (gone, ("the storage is empty", "put its storage back")),
    "keyless": (keyless, ("the keys", "missing", "put back the file")),
    "garbled": (garbled, ("cannot use the key ring",)),
    "unreadable": (unreadable, ("engine.yaml", "cannot be read")),
    "newer": (newer, ("newer version", "start that version")),
}


@pytest.mark.parametrize("command", ["serve", "doctor"])
@pytest.mark.parametrize("case", CASES)
def test_what_is_in_the_way_is_told(desk: Path, case: str, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    harm, words = CASES[case]
    harm(desk)
    before = {path.name: path.stat().st_size for path in (desk / "data").iterdir() if path.name in ("desk.db", "keys")}
    assert main([command, "--desk", str(desk), *(["--port", "0"] if command == "serve" else [])]) == 2
    told = capsys.readouterr().err
    assert "Traceback" not in told
    last = told.strip().splitlines()[-1]
    assert last.startswith(f"engine {command}: ")
    assert all(word in last for word in words), last
    after = {path.name: path.stat().st_size for path in (desk / "data").iterdir() if path.name in ("desk.db", "keys")}
    assert {name: size for name, size in after.items() if size} == before, "nothing is begun anew over what is left"


def test_a_gone_storage_stays_refused(
    desk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    gone(desk)
    for _ in range(3):
        assert main(["doctor", "--desk", str(desk)]) == 2
    capsys.readouterr()
    (desk / "data" / "keys").rename(desk / "data" / "keys.old")
    monkeypatch.setattr("sys.stdin", io.StringIO("password-1\n"))
    begin = ["user", "add", "boss", "--role", "admin", "--password-stdin", "--desk", str(desk)]
    assert main(begin) == 0, "whoever moves the keys away begins a new desk"


def test_a_port_that_is_taken_is_told(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert main(["serve", "--desk", str(desk), "--port", str(taken.getsockname()[1])]) == 2
    assert "is another server running there? `--port` names another" in capsys.readouterr().err


def test_a_locked_storage_is_told(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(sqlite3.connect(desk / "data" / "desk.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert main(["serve", "--desk", str(desk), "--port", "0"]) == 2
    told = capsys.readouterr().err
    assert "locked" in told and "another program holds it" in told and "Traceback" not in told

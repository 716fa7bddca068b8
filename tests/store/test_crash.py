"""kill -9 at any moment: whole jobs only, nothing acknowledged is lost, the log stays whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from engine.store import KeyRing, Store
from engine.store import tables as t
from engine.store.doctor import check_chain, check_store
from tests.store.desk import guest

WRITER = """
import asyncio, sys
from pathlib import Path
from engine.plugins import load
from engine.store import Store
from tests.store.desk import line

url, keys, journal = sys.argv[1:]
store = Store.open(load().open("storage", url, {}), keys=Path(keys))
out = open(journal, "a", buffering=1)

async def one(worker, start):
    n = start
    while True:
        key = f"{worker}:{n}"
        await store.write(lambda tx: line(tx, worker, "行 " + key, client_key=key))
        out.write(key + "\\n")  # acknowledged
        n += 1

async def main():
    start = int(sys.stdin.readline())
    print("ready", flush=True)
    await asyncio.gather(*[one(worker, start) for worker in (1, 2, 3, 4)])

asyncio.run(main())
"""


@pytest.mark.parametrize("rounds", [3, pytest.param(100, marks=pytest.mark.soak)])
def test_a_killed_writer_leaves_whole_jobs_and_loses_nothing_acknowledged(
    storage_url: str, plugins: Any, tmp_path: Path, rounds: int
) -> None:
    keys, journal = tmp_path / "ring.json", tmp_path / "journal"
    store = Store.open(plugins.open("storage", storage_url, {}), keys=keys)
    assert [guest(store, f"v{n}") for n in range(4)] == [1, 2, 3, 4]
    store.close()
    chance = random.Random(1)
    for number in range(rounds):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, storage_url, str(keys), str(journal)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert child.stdin is not None and child.stdout is not None
        child.stdin.write(f"{number * 1_000_000}\n".encode())
        child.stdin.flush()
        assert child.stdout.readline() == b"ready\n"
        if number % 2 == 0:
            wait_for_lines(journal, 5)  # killed in the middle of its work, however slow the machine is
        time.sleep(chance.uniform(0.02, 0.25))
        os.kill(child.pid, signal.SIGKILL)
        child.wait(10)
        child.stdin.close()
        child.stdout.close()
        check(storage_url, plugins, keys, journal)
    assert len(journal.read_text().split()) > rounds, "the writer did write before it was killed"


def wait_for_lines(journal: Path, more: int) -> None:
    """Until so many more lines are acknowledged. Raises AssertionError after a minute."""
    wanted = acknowledged(journal) + more
    deadline = time.monotonic() + 60
    while acknowledged(journal) < wanted:
        assert time.monotonic() < deadline, "the writer did not write"
        time.sleep(0.005)


def acknowledged(journal: Path) -> int:
    """How many whole lines the writer has told of."""
    return journal.read_text().count("\n") if journal.exists() else 0


def check(storage_url: str, plugins: Any, keys: Path, journal: Path) -> None:
    """Every acknowledged line is there, every line has its event and its place in a ticket, the chain is whole."""
    store = Store.open(plugins.open("storage", storage_url, {}), keys=KeyRing.load(keys))
    try:
        stored = store.read_sync(lambda tx: tx.rows(t.Message.select(t.Message.id, t.Message.client_key)))
        told = [line for line in journal.read_text().split("\n")[:-1] if line] if journal.exists() else []
        keys_stored = [row["client_key"] for row in stored]
        assert len(keys_stored) == len(set(keys_stored))
        assert set(told) <= set(keys_stored)
        events = t.Event.select(t.Event.message_id).where(t.Event.kind == "message.received")
        assert sorted(store.read_sync(lambda tx: tx.values(events))) == sorted(row["id"] for row in stored)
        assert store.read_sync(check_chain).troubles == ()
        assert store.read_sync(check_store) == []
    finally:
        store.close()

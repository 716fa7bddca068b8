"""One desk, one server: a second is refused with who holds it; a dead one holds nothing; what is in flight stays so."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.config import ConfigError
from engine.core.commands import OpenTicket
from engine.desk import Desk
from engine.hold import Hold, InUse
from engine.store import outbox
from tests.support.house import House, sign_in
from web.server import Server

HOLDER = """
import sys, time
from pathlib import Path
from engine.hold import Hold
Hold().take([Path(sys.argv[1])], "engine serve")
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that holds `in-use`."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "in-use")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(Path.cwd())})
    assert process.stdout is not None and process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.wait()


def test_who_comes_second_is_told_who_holds_it_and_what_to_do(tmp_path: Path, holder: subprocess.Popen[bytes]) -> None:
    with pytest.raises(InUse) as refused:
        Hold().take([tmp_path / "in-use"], "engine demo")
    told = str(refused.value)
    assert f"`engine serve`, process {holder.pid}, since 2" in told
    assert f"kill {holder.pid}" in told and "--data" in told


def test_a_process_that_was_killed_holds_nothing(tmp_path: Path, holder: subprocess.Popen[bytes]) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    hold = Hold()
    hold.take([tmp_path / "in-use"], "engine serve")
    hold.release()
    Hold().take([tmp_path / "in-use"], "engine serve")


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        Hold().take([tmp_path / "not there" / "in-use"], "engine serve")


def test_a_second_server_is_refused_and_leaves_the_firsts_lines_alone(house: House, tmp_path: Path) -> None:
    house.settings["plugins.settings"] = {"channels.test": {"journal": str(tmp_path / "sent"), "refuses_twins": False}}
    house.settings["server.port"] = 0
    for path in house.folder.joinpath("rules").glob("[1-8]0-*.rules"):
        path.unlink()
    house.write("reply.rules", 'stage respond\nrule greet\n  on ticket.created\n  then reply "收到"\n')

    async def work() -> None:
        first = await Server.start(house.config, pump=False)
        store = first.desk.context.store
        amy = await sign_in(first.desk, "amy", "frontline", ("admin",))
        await first.desk.act(amy, OpenTicket("試", "請問", requester={"name": "甲"}, channel="test", author="member"))
        assert len((await store.write(outbox.claim)).result) == 1
        with pytest.raises(InUse, match="`engine serve`"):
            await Server.start(house.config)
        moved = house.config
        moved.data = tmp_path / "elsewhere"
        moved.values["storage.url"] = f"sqlite:{(house.config.data / 'desk.db').resolve()}"
        with pytest.raises(InUse, match="in use by"):
            await Server.start(moved)
        assert await store.read(outbox.backlog) == {"sending": 1}
        reader = await Desk.open(house.config)
        await reader.close()  # commands that need not be alone go on
        await first.stop()
        after = await Server.start(house.config)
        await after.stop()

    asyncio.run(work())

"""Checks of rules, in a process of their own: bounded in number, time and memory, and ended when nobody waits for them.

Whatever stands in the rules, the server goes on answering: it only hands texts over and waits. What is asked while
somebody types has a process of its own, so that it waits for no check (`web.shared.Web.typing`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import pickle
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from engine.checker import ANSWER, PLACE, SIZE, Begin, encode
from engine.config import Config
from engine.core.building import digest_of
from engine.core.errors import Refused
from engine.lang import Finding, Source, Span
from engine.lang.said import from_json, say
from engine.reload import Verdict, told

log = logging.getLogger(__name__)

LOOK = 0.25
"""Seconds between looks whether anybody still waits."""
PATIENCE = 2.0
"""Seconds a check that nobody waits for may go on: shorter ones leave the process warm."""


class Checks:
    """One checking process, begun when it is needed and again when it ended. One check at a time, in order."""

    def __init__(self, config: Config, within: str = "checks.seconds") -> None:
        """`within`: the setting that says how many seconds one may take."""
        self._config = config
        self._within = within
        self._seconds = float(config[within])
        self._most = int(config["checks.queue"])
        self._process: asyncio.subprocess.Process | None = None
        self._lane = asyncio.Lock()
        self._waiting = 0
        self._took: float | None = None
        """Seconds of the last check."""
        self._stopped = False
        self._later: set[asyncio.Task[Any]] = set()

    # --- what is asked ------------------------------------------------------------------------------------------------

    async def folder(self) -> Verdict:
        """The desk's rules folder, with its scenarios. Raises Refused, FileNotFoundError."""
        return await self._verdict({}, "folder", self._config.rules)

    async def texts(
        self, files: Mapping[str, str], *, scenarios: bool = True, unwanted: Callable[[], bool] = lambda: False
    ) -> Verdict:
        """Texts. `unwanted`: whether nobody waits for the answer any more. Raises Refused."""
        return await self._verdict(files, "texts", dict(files), scenarios, unwanted=unwanted)

    async def ask(
        self,
        base: Mapping[str, str],
        digest: str,
        files: Any,
        question: str,
        *at: Any,
        unwanted: Callable[[], bool] = lambda: False,
    ) -> Any:
        """What the workspace of an edit answers, as plain data. `unwanted`: see `texts`. Raises Refused."""
        found = await self._run("ask", (dict(base), digest, dict(files), question, *at), unwanted)
        if isinstance(found, _Ended):
            raise Refused("invalid", "check-too-long", found.message)
        return from_json(found)

    def shelve(self, digest: str) -> None:
        """Has what was built of these texts kept for the next start; nobody waits for it."""

        async def work() -> None:
            with contextlib.suppress(Refused):
                await self._run("shelve", (digest,), lambda: False)

        task = asyncio.get_running_loop().create_task(work())
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    def state(self) -> dict[str, Any]:
        """How it is doing: whether the `process` is there and a check `running`, how many are `waiting` of at `most` so
        many, and the `seconds` of the last one, None before the first."""
        running = self._lane.locked()
        return {
            "process": self._process is not None and self._process.returncode is None,
            "running": running,
            "waiting": self._waiting - running,
            "most": self._most,
            "seconds": self._took,
        }

    async def stop(self) -> None:
        """Ends what is being checked; whoever waits is told."""
        self._stopped = True
        await self._end()
        await asyncio.gather(*self._later, return_exceptions=True)

    # --- how ----------------------------------------------------------------------------------------------------------

    async def _verdict(
        self, files: Mapping[str, str], name: str, *arguments: Any, unwanted: Callable[[], bool] = lambda: False
    ) -> Verdict:
        found = await self._run(name, arguments, unwanted)
        if isinstance(found, _Ended):
            path, line = found.place or ("desk.yaml", 1)
            source = Source(path, "\n" * (line - 1))
            place = Span(source, line - 1, line - 1)
            finding = Finding("check-too-long", found.message, place, say("make the rules or the scenario simpler"))
            return Verdict(files, digest_of(files), [told(finding)], 1, False)
        return Verdict(found.files, found.digest, from_json(found.findings), found.errors, found.sound)

    async def _run(self, name: str, arguments: tuple[Any, ...], unwanted: Callable[[], bool]) -> Any:
        """The answer of the process, or `_Ended` where a bound ended it. Raises Refused, FileNotFoundError."""
        if self._waiting >= self._most:
            message = f"{self._waiting} checks of rules are waiting already; try again in a moment"
            raise Refused("too-many", "checks-full", message, retry_after=5)
        self._waiting += 1
        try:
            async with self._lane:
                if self._stopped or unwanted():
                    raise _stopped()
                began = time.monotonic()
                try:
                    return await self._ask(name, arguments, unwanted)
                finally:
                    self._took = round(time.monotonic() - began, 3)
        finally:
            self._waiting -= 1

    async def _ask(self, name: str, arguments: tuple[Any, ...], unwanted: Callable[[], bool]) -> Any:
        writer, reader = await self._ready()
        began = time.monotonic()
        place: tuple[str, int] | None = None
        writer.write(encode((name, arguments)))
        reading: asyncio.Task[Any] | None = None
        try:
            while True:
                reading = reading or asyncio.ensure_future(_frame(reader))
                await asyncio.wait({reading}, timeout=LOOK)
                took = time.monotonic() - began
                if reading.done():
                    kind, what = reading.result()
                    reading = None
                    if kind == PLACE:
                        place = what
                        continue
                    if kind == ANSWER:
                        return what
                    return await self._broken(what, place)
                if took > self._seconds:
                    log.error("checking rules took longer than %g s and was ended, at %s", self._seconds, place)
                    await self._end()
                    message = say(
                        "checking these rules took longer than {most} seconds (`{setting}`) and was ended",
                        f"{self._seconds:g}",
                        self._within,
                    )
                    return _Ended(message, place)
                if self._stopped or (took > PATIENCE and unwanted()):
                    await self._end()
                    raise _stopped()
        except (asyncio.IncompleteReadError, ConnectionError, BrokenPipeError):
            await self._end()
            if self._stopped:
                raise _stopped() from None
            return await self._broken("died", place)
        except asyncio.CancelledError:
            await self._end()  # the answer of this one must not be taken for the next one's
            raise
        finally:
            if reading is not None:
                reading.cancel()

    async def _broken(self, why: Any, place: tuple[str, int] | None) -> Any:
        if isinstance(why, FileNotFoundError):
            raise why
        if why == "error":
            return _Ended(say("checking these rules failed; the server's log says why"), place)
        await self._end()
        most = f"{self._config['checks.memory'] // 1_000_000:,}"
        message = say("checking these rules took more than {most} MB of memory (`checks.memory`)", most)
        return _Ended(message, place)

    async def _ready(self) -> tuple[asyncio.StreamWriter, asyncio.StreamReader]:
        """Where to ask the process, which is begun where there is none."""
        process = self._process
        new = process is None or process.returncode is not None
        if process is None or new:
            # In a session of its own it does not hear the Ctrl-C of a terminal: its input ends with the server.
            process = self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "engine.checker",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        writer, reader = process.stdin, process.stdout
        if writer is None or reader is None:
            raise RuntimeError("the process that checks rules has no pipes")
        if new:
            writer.write(encode(_begin(self._config)))
        return writer, reader

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


class _Ended:
    """A check that a bound ended. `place`: file and line of what was being checked."""

    def __init__(self, message: str, place: tuple[str, int] | None) -> None:
        self.message = message
        self.place = place


def _begin(config: Config) -> Begin:
    folder: Path | None = config.desk / config["plugins.dir"] if config["plugins.dir"] else None
    cache = config.data / "cache"
    return Begin(config["plugins.settings"], tuple(config["plugins.block"]), folder, cache, config["checks.memory"])


def _stopped() -> Refused:
    message = "the check was ended: the server stops, or nobody waited for it"
    return Refused("too-many", "check-stopped", message, retry_after=5)


async def _frame(reader: asyncio.StreamReader) -> Any:
    """The next frame of the process. Raises IncompleteReadError where it ended."""
    (size,) = SIZE.unpack(await reader.readexactly(SIZE.size))
    return pickle.loads(await reader.readexactly(size))  # noqa: S301 - of a process of ours

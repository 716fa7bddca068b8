"""The worker beside the server: a process of its own, begun again when it dies, ended with the server."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import time
from collections.abc import Sequence

log = logging.getLogger("web")

FIRST = 1.0
"""Seconds until a worker is begun: who waits for the server's first page comes before it."""
SHORTEST, LONGEST = 1.0, 60.0
"""Seconds until a worker that died is begun again: twice as long each time it dies soon."""
WELL = 60.0
"""Seconds after which a worker is thought to be well."""
PATIENCE = 10.0
"""Seconds a worker has to finish its step when the server stops."""


class Beside:
    """One child process that runs as long as this one: it notices by its standard input when this one is gone."""

    def __init__(self, arguments: Sequence[str]) -> None:
        """`arguments`: those of `engine worker`."""
        self._command = [sys.executable, "-m", "engine", "worker", "--beside", *arguments]
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins it, in the running loop."""
        self._task = asyncio.get_running_loop().create_task(self._keep())

    async def stop(self) -> None:
        """Ends it after the step that is going on."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), PATIENCE)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _keep(self) -> None:
        pause = SHORTEST
        await asyncio.sleep(FIRST)
        while True:
            began = time.monotonic()
            try:
                # The pipe stays open as long as this process lives, however it ends. In a session of its own it does
                # not hear the Ctrl-C of a terminal: the server tells it.
                self._process = await asyncio.create_subprocess_exec(
                    *self._command, stdin=asyncio.subprocess.PIPE, start_new_session=True
                )
                code = await self._process.wait()
                log.error("the worker ended by itself (%s); it is begun again in %.0f s", code, pause)
            except OSError as error:
                log.error("the worker could not be begun: %s; again in %.0f s", error, pause)
            pause = SHORTEST if time.monotonic() - began > WELL else min(2 * pause, LONGEST)
            await asyncio.sleep(pause)

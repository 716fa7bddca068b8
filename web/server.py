"""One running desk with its web side: opened in order, closed in the opposite one."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import secrets
from pathlib import Path
from typing import Any, Final

from tornado.httpserver import HTTPServer

from engine import publishing
from engine.checks import Checks
from engine.config import Config, ConfigError
from engine.desk import CONTROL, Desk
from engine.pump import Pump
from engine.reload import Watcher
from web.app import listen
from web.shared import Web

log = logging.getLogger("web")

PATIENCE: Final = 10.0
"""Seconds that requests being answered have to finish when the server stops."""


class Server:
    """A desk that listens. Made by `start`."""

    def __init__(self, web: Web, http: HTTPServer, watcher: Watcher, pump: Pump, port: int) -> None:
        self.web = web
        self.desk = web.desk
        self.port = port
        self._http = http
        self._watcher = watcher
        self._pump = pump
        self._control: Path | None = None

    @classmethod
    async def start(cls, config: Config, *, demo: bool = False, pump: bool = True) -> Server:
        """Opens the desk, puts its rules in force, and listens.

        A broken rules folder leaves the last rulebook running. Raises ConfigError where there never was one, or where
        the settings cannot be used or the address is taken, StoreError where the storage cannot be used.
        """
        desk = await Desk.open(config, alone="engine serve")
        checks, typing = Checks(config), Checks(config, "checks.answer")
        try:
            watcher = Watcher(desk, checks)
            await _load_rules(desk, watcher, checks)
            web = Web(desk, watcher, checks, typing, demo=demo)
            http = _listen(web, config)
        except BaseException:
            await checks.stop()
            await desk.close()
            raise
        server = cls(web, http, watcher, Pump(desk), _port(http))
        if pump:
            await server._pump.start()
        if config["rules.hold"] and config["rules.watch"]:
            watcher.start()
        web.hub.start()
        server._open_control()
        desk.plugins.tell("desk_started", desk=desk)
        return server

    async def stop(self) -> None:
        """Takes no more work, finishes what is under way, and closes."""
        self.desk.plugins.tell("desk_stopping", desk=self.desk)
        self._http.stop()
        await self._watcher.stop()
        await self.web.checks.stop()  # whatever is being checked: nobody may wait for it now
        await self.web.typing.stop()
        await self.web.hub.stop()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.web.idle(), PATIENCE)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._http.close_all_connections(), PATIENCE)
        await self._pump.stop()
        if self._control is not None:
            self._control.unlink(missing_ok=True)
        await self.desk.close()

    async def reload(self, source: str) -> dict[str, Any]:
        """Reads the rules folder again, as `kill -HUP` asks."""
        return await self._watcher.reload(by=source, source=source, may_grant=True)

    def _open_control(self) -> None:
        """Lets commands of the same machine and user in: `engine reload` reads port and token here."""
        token = secrets.token_urlsafe(32)
        path = self.desk.config.data / CONTROL
        draft = path.with_name(f"{CONTROL}.{os.getpid()}.part")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"port": self.port, "token": token}, file)
        draft.replace(path)
        self.desk.context.control = token
        self._control = path


def _listen(web: Web, config: Config) -> HTTPServer:
    address, port = config["server.address"], config["server.port"]
    try:
        return listen(web, port, address)
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {address}:{port}: {error.strerror or error}; is another server running there? "
            "`--port` names another"
        ) from error


async def _load_rules(desk: Desk, watcher: Watcher, checks: Checks) -> None:
    try:
        await watcher.in_turn(lambda known: publishing.finish(desk, known, checks))
        result = await watcher.reload(by="start", source="start", may_grant=True)
    except FileNotFoundError as error:
        if desk.rulebook is None:
            raise ConfigError(str(error)) from None
        log.error("%s; the last rulebook goes on", error)
        return
    if desk.rulebook is None:
        first = next((finding for finding in result["findings"] if finding["severity"] == "error"), None)
        where = f": {first['file']}:{first['line']}: {first['message']}" if first is not None else ""
        raise ConfigError(f"the rules cannot be put in force{where}; see `engine validate {desk.config.rules}`")


def _port(http: HTTPServer) -> int:
    """The port that was asked for, or the one the system gave for 0."""
    return int(next(iter(http._sockets.values())).getsockname()[1])

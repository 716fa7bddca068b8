"""The web side of one desk: the application made of the table of routes, pages and sockets, and what they share."""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
from typing import Any, Final

import tornado.web
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerRequest

from engine.config import ConfigError
from engine.desk import Desk
from engine.editor import Workspace
from engine.reload import Watcher
from web import pages
from web.handler import OperationHandler, host_of, origin_of
from web.hub import Hub
from web.limits import Rates, SignInLimit
from web.live import AgentSocket, ChatSocket
from web.metrics import Metrics
from web.proxies import Proxies
from web.routes import Operation, table

log = logging.getLogger("web")
access_log = logging.getLogger("web.access")

LARGEST_BODY: Final = 1 << 40
"""Tornado's own limit, out of the way: ours answers with a problem document instead of a dropped connection."""

GUESTS_BEHIND_ONE: Final = 10
"""Guests who write at once from one address (an office, a phone company), each at the rate of one."""


class Web:
    """What handlers and sockets share: the desk, limits, counters, the hub."""

    def __init__(self, desk: Desk, watcher: Watcher, *, demo: bool = False) -> None:
        """`watcher` puts the rules folder in force, one change at a time. Raises ConfigError."""
        self.desk = desk
        self.config = desk.config
        self.reload = watcher.reload
        self.in_turn = watcher.in_turn
        self.workspaces: dict[str, Workspace] = {}
        """What editors ask, by the digest their edit began from."""
        self.simulating = False
        """Whether a simulation runs: one at a time."""
        self.demo = demo
        self.log = log
        self.metrics = Metrics()
        self.sign_ins = SignInLimit(self.config["limits.sign_in_failures"])
        self.guest_lines = Rates(GUESTS_BEHIND_ONE * self.config["limits.guest_rate"])
        self.folder = pages.Folder()
        try:
            self.proxies = Proxies(self.config["server.proxies"])
        except ValueError as error:
            raise ConfigError(f"`server.proxies`: {error}") from None
        self._public = origin_of(self.config["server.public_url"]) if self.config["server.public_url"] else None
        self.https = (self._public or "").startswith("https:")
        self.hub = Hub(self)
        self.under_way = 0
        """Requests being answered."""

    # --- origins ------------------------------------------------------------------------------------------------------

    def own_origin(self, origin: str, request: HTTPServerRequest) -> bool:
        """Whether an `Origin` is this desk's: its public address, or the very host that was asked."""
        given = origin_of(origin)
        if given is None:
            return False
        return given == self._public or given.partition("://")[2] == _bare(host_of(request), given)

    def sites(self, shop: str | None) -> list[str]:
        """The origins of a shop's own sites; of all shops for None."""
        book = self.desk.rulebook
        if book is None:
            return []
        shops = book.shops.values() if shop is None else [book.shops[shop]] if shop in book.shops else []
        found = (origin_of(site) for one in shops for site in one.sites)
        return sorted({site for site in found if site is not None})

    def site(self, origin: str, shop: str | None) -> bool:
        """Whether a page of this origin belongs to the shop (to any, for None)."""
        given = origin_of(origin)
        return given is not None and given in self.sites(shop)

    def may_measure(self, request: HTTPServerRequest) -> bool:
        """`/metrics` is for this machine, and for who has the key."""
        key = str(self.config.get("server.metrics_secret") or "")
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if key and hmac.compare_digest(given.encode(), key.encode()):
            return True
        return self.proxies.local(request)

    async def idle(self) -> None:
        """Returns when no request is being answered."""
        while self.under_way:
            await asyncio.sleep(0.02)

    # --- the application ----------------------------------------------------------------------------------------------

    def application(self) -> tornado.web.Application:
        """Tornado's application."""
        limit = self.config["limits.socket_frame"]
        features = self.desk.plugins.tables["features"].values()
        return tornado.web.Application(
            [
                *api_rows(),
                ("/ws/chat", ChatSocket, {"web": self}),
                ("/ws/agent", AgentSocket, {"web": self}),
                *pages.rows(self.demo, [page for feature in features for page in feature.pages]),
            ],
            web=self,
            compress_response=False,
            log_function=self._log,
            websocket_ping_interval=25,
            websocket_ping_timeout=20,
            websocket_max_message_size=max(4_000_000, 4 * limit),
        )

    def listen(self, port: int, address: str) -> HTTPServer:
        """Begins to serve. Raises OSError when the address is taken."""
        server = HTTPServer(
            self.application(),
            max_body_size=LARGEST_BODY,
            max_header_size=65_536,
            idle_connection_timeout=75,
            body_timeout=120,
        )
        server.listen(port, address)
        return server

    def _log(self, handler: tornado.web.RequestHandler) -> None:
        """One line a request, without query, body or token; and the counters."""
        request = handler.request
        seconds = request.request_time()
        operation: Operation | None = getattr(handler, "operation", None)
        route = operation.path if operation is not None else type(handler).__name__.removesuffix("Handler").lower()
        method = request.method if request.method in tornado.web.RequestHandler.SUPPORTED_METHODS else "other"
        self.metrics.answered(str(method), route, handler.get_status(), seconds)
        if access_log.isEnabledFor(logging.INFO):
            access_log.info(
                "%s %s %s %.1fms %s",
                handler.get_status(),
                request.method,
                request.path,
                1000 * seconds,
                getattr(handler, "request_id", "-"),
            )


def api_rows() -> list[Any]:
    """One row of Tornado's for each path of the table, the more exact before the less."""
    paths: dict[str, dict[str, Operation]] = {}
    for operation in table():
        paths.setdefault(operation.path, {})[operation.method] = operation
    return [(_pattern(path), OperationHandler, {"operations": operations}) for path, operations in paths.items()]


def _pattern(path: str) -> str:
    return re.sub(r"\\\{([a-z]+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))


def _bare(host: str, like: str) -> str:
    """A `Host` without the default port of the scheme it is compared with."""
    return host.removesuffix(":443" if like.startswith("https:") else ":80")

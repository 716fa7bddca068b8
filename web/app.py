"""Tornado's application of one desk, made of the table of routes, pages and sockets."""

from __future__ import annotations

import logging
import re
from collections import Counter
from typing import Any, Final

import tornado.web
from tornado.httpserver import HTTPServer
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPInputError,
    HTTPMessageDelegate,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.iostream import IOStream

from web import pages
from web.base import BODY_WITHIN, DRAIN, check_rows
from web.handler import OperationHandler
from web.limits import network
from web.live import AgentSocket, ChatSocket
from web.routes import Operation, table
from web.shared import Web

TOO_MANY: Final = (
    b"HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/problem+json\r\nRetry-After: 10\r\n"
    b"Connection: close\r\n\r\n"
    b'{"type":"about:blank","title":"Too Many Requests","status":429,"code":"too-many-connections",'
    b'"detail":"too many connections are open from here; close some"}'
)
"""What a connection too many is told, before it has said anything."""

UNREADABLE: Final = (
    b'{"type":"about:blank","title":"Bad Request","status":400,"code":"bad-request",'
    b'"detail":"the head of the request cannot be read; look at its Host"}'
)
"""What is told of a head that no request can be made of."""

access_log = logging.getLogger("web.access")

LARGEST_BODY: Final = 1 << 40
"""Tornado's own limit, out of the way: ours answers with a problem document instead of a dropped connection."""


def application(web: Web) -> tornado.web.Application:
    """Tornado's application."""
    limit = web.config["limits.socket_frame"]
    features = web.desk.plugins.tables["features"].values()

    def answered(handler: tornado.web.RequestHandler) -> None:
        _log(web, handler)

    rows = [
        *api_rows(),
        ("/ws/chat", ChatSocket),
        ("/ws/agent", AgentSocket),
        *pages.rows(web.demo, [page for feature in features for page in feature.pages]),
    ]
    return tornado.web.Application(
        check_rows(rows),
        default_handler_class=pages.NothingHandler,
        default_handler_args={"page": "console"},
        web=web,
        compress_response=False,
        log_function=answered,
        websocket_ping_interval=25,
        websocket_ping_timeout=20,
        websocket_max_message_size=max(4_000_000, 4 * limit),
    )


class Message(HTTPMessageDelegate):
    """A request as it comes. Tornado would hang up on a head it cannot use while the body still comes, and the sender
    would often read of a broken connection instead of the answer (RFC 9112, 9.6): the body is let come first."""

    __slots__ = ("_connection", "_inner", "_refused", "_size")

    def __init__(self, inner: HTTPMessageDelegate, connection: HTTPConnection) -> None:
        self._inner = inner
        self._connection = connection
        self._refused = False
        self._size = 0

    def headers_received(self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders) -> Any:
        try:
            return self._inner.headers_received(start_line, headers)
        except HTTPInputError:
            self._refused = True
            head = HTTPHeaders({"Content-Type": "application/problem+json"})
            head["Content-Length"] = str(len(UNREADABLE))
            self._connection.write_headers(ResponseStartLine("HTTP/1.1", 400, "Bad Request"), head, UNREADABLE)
            return None

    def data_received(self, chunk: bytes) -> Any:
        if not self._refused:
            return self._inner.data_received(chunk)
        self._size += len(chunk)
        if self._size > DRAIN:
            self._connection.stream.close()  # type: ignore[attr-defined]
        return None

    def finish(self) -> None:
        if self._refused:
            self._connection.finish()
        else:
            self._inner.finish()

    def on_connection_close(self) -> None:
        if not self._refused:
            self._inner.on_connection_close()


class Door(HTTPServer):
    """So many open connections of one address: who keeps many half open keeps out nobody else."""

    def initialize(self, web: Web, **options: Any) -> None:  # type: ignore[override]
        super().initialize(application(web), **options)
        self._web = web
        self._most = int(web.config["limits.connections"])
        self._places: Counter[str] = Counter()

    def handle_stream(self, stream: IOStream, address: Any) -> None:
        place = self._place(str(address[0]))
        if place is not None and self._places[place] >= self._most:
            self._web.metrics.count("desk_connections_refused_total")
            stream.write(TOO_MANY).add_done_callback(lambda _: stream.close())
            return
        super().handle_stream(stream, address)
        if place is not None:
            self._places[place] += 1

    def start_request(self, server_conn: object, request_conn: HTTPConnection) -> HTTPMessageDelegate:
        return Message(super().start_request(server_conn, request_conn), request_conn)

    def on_close(self, server_conn: Any) -> None:
        super().on_close(server_conn)
        place = self._place(server_conn.context.remote_ip)
        if place is not None:
            self._places[place] -= 1
            if self._places[place] <= 0:
                del self._places[place]

    def _place(self, address: str) -> str | None:
        return None if self._web.proxies.listed(address) else network(address)


def listen(web: Web, port: int, address: str) -> HTTPServer:
    """Begins to serve. Raises OSError when the address is taken."""
    server = Door(
        web,
        max_body_size=LARGEST_BODY,
        max_header_size=65_536,
        idle_connection_timeout=75,
        body_timeout=BODY_WITHIN,
    )
    server.listen(port, address)
    return server


def _log(web: Web, handler: tornado.web.RequestHandler) -> None:
    """One line a request, without query, body or token; and the counters."""
    request = handler.request
    seconds = request.request_time()
    operation: Operation | None = getattr(handler, "operation", None)
    route = operation.path if operation is not None else type(handler).__name__.removesuffix("Handler").lower()
    method = request.method if request.method in tornado.web.RequestHandler.SUPPORTED_METHODS else "other"
    web.metrics.answered(str(method), route, handler.get_status(), seconds)
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
    exact_first = sorted(paths.items(), key=lambda row: [part.startswith("{") for part in row[0].split("/")])
    return [(_pattern(path), OperationHandler, {"operations": operations}) for path, operations in exact_first]


def _pattern(path: str) -> str:
    return re.sub(r"\\\{([a-z]+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))

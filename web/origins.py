"""Origins and hosts, as browsers and proxies write them."""

from __future__ import annotations

from urllib.parse import urlsplit

from tornado.httputil import HTTPServerRequest


def host_of(request: HTTPServerRequest) -> str:
    """The `Host` of a request, lower case, without a default port."""
    return (request.headers.get("Host") or "").lower()


def origin_of(address: str) -> str | None:
    """`scheme://host[:port]` of an address, or None when it has none."""
    try:
        parts = urlsplit(address.strip())
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    default = {"http": 80, "https": 443}[parts.scheme]
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != default else "")


def bare(host: str, like: str) -> str:
    """A `Host` without the default port of the scheme it is compared with."""
    return host.removesuffix(":443" if like.startswith("https:") else ":80")

"""Where a request really comes from: what proxies say is believed only of those the configuration lists."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Final

from tornado.httputil import HTTPServerRequest

KEPT: Final = 10_000
"""Addresses of which it is remembered whether they are a listed proxy's."""
LONGEST: Final = 64
"""Characters of an address that is remembered; the zone of an IPv6 address may be as long as somebody likes."""
FORWARDED: Final = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-Ip", "Forwarded")


class Proxies:
    """The networks of `server.proxies`."""

    def __init__(self, networks: Iterable[str]) -> None:
        """Raises ValueError for what is no address or network."""
        self._networks = [ipaddress.ip_network(network, strict=False) for network in networks]
        self._known: dict[str, bool] = {}
        """Whether an address is listed, of those asked for: a request asks several times, and people ask again."""

    def address(self, request: HTTPServerRequest) -> str:
        """The client's address: the last one told that is not a listed proxy's."""
        address = request.remote_ip or ""
        if not self._listed(address):
            return address
        told = ",".join(request.headers.get_list("X-Forwarded-For"))
        for hop in reversed([hop.strip() for hop in told.split(",") if hop.strip()]):
            if _ip(hop) is None:
                return address
            address = hop
            if not self._listed(hop):
                break
        return address

    def listed(self, address: str) -> bool:
        """Whether it is one of the listed proxies, which stands for many."""
        return self._listed(address)

    def scheme(self, request: HTTPServerRequest) -> str:
        """`http` or `https`, as the client's browser has it."""
        if self._listed(request.remote_ip or ""):
            told = request.headers.get("X-Forwarded-Proto", "").rpartition(",")[2].strip().lower()
            if told in ("http", "https"):
                return told
        return request.protocol or "http"

    def local(self, request: HTTPServerRequest) -> bool:
        """Whether somebody on this machine asks, with nobody between."""
        ip = _ip(self.address(request))
        unlisted = not self._listed(request.remote_ip or "") and any(name in request.headers for name in FORWARDED)
        return ip is not None and ip.is_loopback and not unlisted

    def _listed(self, address: str) -> bool:
        known = self._known.get(address)
        if known is None:
            if len(self._known) > KEPT:
                self._known.clear()
            ip = _ip(address)
            known = ip is not None and any(ip.version == net.version and ip in net for net in self._networks)
            if len(address) <= LONGEST:
                self._known[address] = known
        return known


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    return ip

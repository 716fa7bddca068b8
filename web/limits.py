"""Limits kept in memory: failed sign-ins by address and by person at an address, and rates of lines."""

from __future__ import annotations

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

WINDOW: Final = 15 * 60
"""Seconds after which failures are forgotten, and the longest anybody waits."""
ADDRESS_FACTOR: Final = 5
"""An office behind one address fails together: it may fail so many times as often as one person."""
MOST_ROWS: Final = 50_000
"""Addresses and persons remembered; the oldest go first, so memory stays bounded under attack."""
BURST: Final = 10.0
"""Seconds' worth that may come at once."""

Clock = Callable[[], float]


@dataclass(slots=True)
class _Row:
    failures: int = 0
    last: float = 0.0
    until: float = 0.0


class SignInLimit:
    """Counts failures only. After `failures` of one person from one address each further try waits twice as long.

    A username alone is never locked: nobody can lock out another from elsewhere.
    """

    def __init__(self, failures: int, clock: Clock = time.monotonic) -> None:
        self._allowed = failures
        self._clock = clock
        self._rows: OrderedDict[tuple[str, str], _Row] = OrderedDict()

    def wait(self, address: str, username: str) -> int:
        """Whole seconds until the next try is heard; 0: now."""
        now = self._clock()
        keys = ((network(address), ""), (network(address), _folded(username)))
        until = max((row.until for key in keys if (row := self._rows.get(key)) is not None), default=0.0)
        return max(0, math.ceil(until - now))

    def failed(self, address: str, username: str) -> None:
        """A wrong password or an unknown name: the two count alike."""
        self._count((network(address), ""), self._allowed * ADDRESS_FACTOR)
        self._count((network(address), _folded(username)), self._allowed)

    def succeeded(self, address: str, username: str) -> None:
        """Forgets the person's failures at this address; those of the address stay."""
        self._rows.pop((network(address), _folded(username)), None)

    def _count(self, key: tuple[str, str], allowed: int) -> None:
        now = self._clock()
        row = self._rows.setdefault(key, _Row())
        if now - row.last > WINDOW:
            row.failures = 0
        row.failures += 1
        row.last = now
        if row.failures >= allowed:
            row.until = now + min(WINDOW, 2.0 ** min(row.failures - allowed, 20))
        self._rows.move_to_end(key)
        while len(self._rows) > MOST_ROWS:
            self._rows.popitem(last=False)


class Bucket:
    """So many a second, and those of ten seconds at once: a backlog after an outage passes, a flood does not."""

    __slots__ = ("_clock", "_last", "_rate", "_tokens")

    def __init__(self, rate: float, clock: Clock = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._tokens = BURST * rate
        self._last = clock()

    def take(self) -> float:
        """0 when it may pass, else the seconds until it may."""
        now = self._clock()
        self._tokens = min(BURST * self._rate, self._tokens + (now - self._last) * self._rate)
        self._last = now
        if self._tokens >= 1:
            self._tokens -= 1
            return 0.0
        return (1 - self._tokens) / self._rate


class Rates:
    """A bucket for each key (an address, a visitor), forgotten when long unused."""

    def __init__(self, rate: float, clock: Clock = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, key: str) -> float:
        """As `Bucket.take`, for this key."""
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(self._rate, self._clock)
        self._buckets.move_to_end(key)
        while len(self._buckets) > MOST_ROWS:
            self._buckets.popitem(last=False)
        return bucket.take()


def network(address: str) -> str:
    """What counts as one place: an IPv4 address, or the /64 that one IPv6 customer has."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((int(ip) >> 64 << 64, 64)))
    return str(ip)


def _folded(username: str) -> str:
    return username.strip().casefold()[:200]

"""Limits kept in memory, each counted before the work: sign-ins by address and by person at an address, rates, and the
bodies under way."""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import math
import time
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from engine.desk import Refused
from engine.desk.accounts import login_name

WINDOW: Final = 15 * 60
"""Seconds after which failures are forgotten, and the longest anybody waits."""
ADDRESS_FACTOR: Final = 5
"""An office behind one address fails together: it may fail so many times as often as one person."""
MOST_ROWS: Final = 50_000
"""Addresses and persons remembered; the oldest go first, so memory stays bounded under attack."""
BURST: Final = 10.0
"""Seconds' worth that may come at once."""

SMALL_BODY: Final = 16_384
"""Bytes of a body that always comes in: to sign in, to write a line."""
SLOWEST: Final = 1 / 86_400
"""A second, where a setting says none at all: one a day."""
ROUNDING: Final = 1e-6
"""What parts of a token may lack by counting in floats."""

Clock = Callable[[], float]


@dataclass(slots=True)
class _Row:
    failures: int = 0
    last: float = 0.0
    until: float = 0.0


class SignInLimit:
    """Each attempt counts as failed until it is known to be right, so that many at once are not more than one after the
    other. After `failures` of one person from one address each further try waits twice as long.

    A username alone is never locked: nobody can lock out another from elsewhere.
    """

    def __init__(self, failures: int, clock: Clock = time.monotonic) -> None:
        self._allowed = failures
        self._clock = clock
        self._rows: OrderedDict[tuple[str, str], _Row] = OrderedDict()

    def begin(self, address: str, username: str) -> int:
        """Counts an attempt, before anything is checked. Whole seconds until the next try is heard; 0: this one is."""
        now = self._clock()
        limits = self._limits(address, username)
        until = max((row.until for key in limits if (row := self._rows.get(key)) is not None), default=0.0)
        if until > now:
            return math.ceil(until - now)
        for key, allowed in limits.items():
            self._count(key, allowed, now)
        return 0

    def succeeded(self, address: str, username: str) -> None:
        """It was right: forgets the person's failures at this address; the others of the address stay."""
        self.give_back(address, username)
        self._rows.pop((network(address), login_name(username)), None)

    def give_back(self, address: str, username: str) -> None:
        """It was neither right nor wrong: nothing could be checked."""
        for key, allowed in self._limits(address, username).items():
            row = self._rows.get(key)
            if row is not None:
                row.failures = max(0, row.failures - 1)
                if row.failures < allowed:
                    row.until = 0.0

    def _limits(self, address: str, username: str) -> dict[tuple[str, str], int]:
        place = network(address)
        return {(place, ""): self._allowed * ADDRESS_FACTOR, (place, login_name(username)): self._allowed}

    def _count(self, key: tuple[str, str], allowed: int, now: float) -> None:
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

    __slots__ = ("_clock", "_last", "_most", "_rate", "_tokens")

    def __init__(self, rate: float, clock: Clock = time.monotonic, burst: float = BURST) -> None:
        """`burst`: seconds' worth that may come at once."""
        self._rate = max(rate, SLOWEST)
        self._clock = clock
        self._most = self._tokens = burst * rate
        self._last = clock()

    def take(self, amount: float = 1) -> float:
        """0 when it may pass, else the seconds until it may."""
        now = self._clock()
        self._tokens = min(self._most, self._tokens + (now - self._last) * self._rate)
        self._last = now
        if self._tokens >= amount - ROUNDING:
            self._tokens -= amount
            return 0.0
        return (amount - self._tokens) / self._rate

    def give_back(self, amount: float = 1) -> None:
        """What was taken is not counted."""
        self._tokens += amount


class Rates:
    """A bucket for each key (an address, a visitor), forgotten when long unused."""

    def __init__(self, rate: float, clock: Clock = time.monotonic, burst: float = BURST) -> None:
        self._rate = rate
        self._clock = clock
        self._burst = burst
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, key: str, amount: float = 1) -> float:
        """As `Bucket.take`, for this key."""
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(self._rate, self._clock, self._burst)
        self._buckets.move_to_end(key)
        while len(self._buckets) > MOST_ROWS:
            self._buckets.popitem(last=False)
        return bucket.take(amount)

    def give_back(self, key: str, amount: float = 1) -> None:
        """What was taken for this key is not counted."""
        if (bucket := self._buckets.get(key)) is not None:
            bucket.give_back(amount)

    def check(self, key: str, what: str) -> None:
        """Takes one. Raises Refused, which says when to come again."""
        if wait := self.take(key):
            raise Refused("too-many", "too-fast", f"{what}; slow down", retry_after=max(1, math.ceil(wait)))


class Bodies:
    """Bytes of bodies that have come and are not answered: one network may have half of all. Those of a body that is
    small are counted and never refused: the number of connections bounds them."""

    def __init__(self, most: int, largest: int) -> None:
        """`largest`: of one body, which has room where there is no other."""
        self._most = max(most, largest)
        self._of_one = max(most // 2, largest)
        self.held = 0
        self._places: Counter[str] = Counter()

    def full(self, place: str, coming: int) -> int:
        """0 where a body of so many bytes has room now, else the status that refuses it: 429 where this network has too
        much under way, 503 where all have."""
        if coming <= SMALL_BODY:
            return 0
        if self._places[place] + coming > self._of_one:
            return 429
        return 503 if self.held + coming > self._most else 0

    def take(self, place: str, more: int, size: int) -> bool:
        """`more` bytes came of a body that has `size` with them. False, and nothing is counted: there is no room."""
        if size > SMALL_BODY and (self._places[place] + more > self._of_one or self.held + more > self._most):
            return False
        self.held += more
        self._places[place] += more
        return True

    def give_back(self, place: str, size: int) -> None:
        """So many bytes are not held any more."""
        self.held -= size
        self._places[place] -= size
        if self._places[place] <= 0:
            del self._places[place]


class Turns:
    """Work under one key is done one after the other; other keys are not touched."""

    def __init__(self) -> None:
        self._locks: dict[Hashable, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def of(self, key: Hashable) -> AsyncIterator[None]:
        """Waits for who came before under the key."""
        lock, waiting = self._locks.get(key, (asyncio.Lock(), 0))
        self._locks[key] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._locks.pop(key)
            if waiting > 1:
                self._locks[key] = (lock, waiting - 1)


@functools.lru_cache(maxsize=4096)
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

"""What handlers and sockets of one desk share: the desk, limits, counters, origins, the hub."""

from __future__ import annotations

import asyncio
import hmac
import logging

from tornado.httputil import HTTPServerRequest

from engine.checks import Checks
from engine.config import ConfigError
from engine.desk import Desk
from engine.reload import Watcher
from web.allowances import BEHIND_ONE, Allowances
from web.folder import Folder
from web.hub import Hub
from web.limits import Bodies, Rates, SignInLimit, Turns, network
from web.metrics import Metrics
from web.origins import bare, host_of, origin_of
from web.proxies import Proxies
from web.schema import LONGEST_LINE

log = logging.getLogger("web")


class Web:
    """What handlers and sockets share: the desk, limits, counters, the hub."""

    def __init__(self, desk: Desk, watcher: Watcher, checks: Checks, typing: Checks, *, demo: bool = False) -> None:
        """`watcher` puts the rules folder in force, one change at a time; `checks` are of edits, `typing` answers
        editors. Raises ConfigError."""
        self.desk = desk
        self.config = desk.config
        self.checks = checks
        self.typing = typing
        """What editors ask while somebody types: it waits for no check."""
        self.reload = watcher.reload
        self.in_turn = watcher.in_turn
        self.simulating = False
        """Whether a simulation runs: one at a time."""
        self.demo = demo
        self.log = log
        self.metrics = Metrics()
        self.sign_ins = SignInLimit(self.config["limits.sign_in_failures"])
        self.guesses = Rates(self.config["limits.guess_rate"])
        """Tokens, visitors' proofs and keys that were not right."""
        self.turns = Turns()
        """Of requests under an Idempotency-Key."""
        self.allowances = Allowances(self.config)
        self.bodies = Bodies(
            self.config["limits.bodies"], max(self.config["limits.rules_body"], self.config["limits.upload"])
        )
        self.guest_lines = Rates(BEHIND_ONE * self.config["limits.guest_rate"])
        self.typed = Rates(BEHIND_ONE * self.config["limits.guest_rate"])
        """What is asked while people type: so that it never takes the place of their lines."""
        self.folder = Folder()
        try:
            self.proxies = Proxies(self.config["server.proxies"])
        except ValueError as error:
            raise ConfigError(f"`server.proxies`: {error}") from None
        self._public = origin_of(self.config["server.public_url"]) if self.config["server.public_url"] else None
        self.https = (self._public or "").startswith("https:")
        self.hub = Hub(desk)
        self.under_way = 0
        """Requests being answered."""

    @property
    def longest_line(self) -> int:
        """Characters of one line, as pages are told; what the API takes at all is the most."""
        return min(int(self.config["limits.line"]), LONGEST_LINE)

    # --- origins ------------------------------------------------------------------------------------------------------

    def own_origin(self, origin: str, request: HTTPServerRequest) -> bool:
        """Whether an `Origin` is this desk's: its public address, or the very host that was asked."""
        given = origin_of(origin)
        if given is None:
            return False
        return given == self._public or given.partition("://")[2] == bare(host_of(request), given)

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

    def only_shop(self) -> str | None:
        """The shop of a desk that has just one: who names none means it."""
        book = self.desk.rulebook
        return next(iter(book.shops)) if book is not None and len(book.shops) == 1 else None

    def may_measure(self, request: HTTPServerRequest) -> bool:
        """`/metrics` is for this machine, and for who has the key. Raises Refused where too many were tried."""
        key = str(self.config.get("server.metrics_secret") or "")
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if key and given:
            place = network(self.proxies.address(request))
            self.guesses.check(place, "too many keys from here are not valid")
            if hmac.compare_digest(given.encode(), key.encode()):
                self.guesses.give_back(place)
                return True
        return self.proxies.local(request)

    async def idle(self) -> None:
        """Returns when no request is being answered."""
        while self.under_way:
            await asyncio.sleep(0.02)

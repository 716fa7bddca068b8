"""What one person, and one address, may ask for in a time: requests, changes, uploads. Each is taken before the work,
by the head of a request alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from engine.config import Config
from engine.desk import Actor, Refused, principal
from web.limits import Rates

BEHIND_ONE: Final = 10
"""Guests of one address (an office, a phone company), each with the allowance of one person."""
HOUR: Final = 3600.0
"""Seconds in which an allowance of uploads is there again."""


class Allowances:
    """Kept in memory, by person (a guest has an address only, who may be anybody) and by address."""

    def __init__(self, config: Config) -> None:
        self._most = int(config["limits.upload"])
        self._requests = Rates(config["limits.api_rate"])
        self._changes = Rates(config["limits.api_changes"])
        self._of_guests = Rates(BEHIND_ONE * config["limits.api_rate"])
        self._uploads = {
            "guest": self._hourly(config["limits.guest_uploads"], config["limits.guest_upload_bytes"]),
            "address": self._hourly(config["limits.address_uploads"], config["limits.address_upload_bytes"]),
        }
        """Files and bytes, of one visitor and of one address."""

    def _hourly(self, files: int, size: int) -> tuple[Rates, Rates]:
        return Rates(files / HOUR, burst=HOUR), Rates(max(size, self._most) / HOUR, burst=HOUR)

    def request(self, actor: Actor, place: str, *, changes: bool) -> None:
        """One more request. Raises Refused."""
        if actor.kind == "system":
            return
        if actor.kind == "guest":
            self._of_guests.check(place, "too many requests from here")
            return
        self._requests.check(principal(actor), "too many requests")
        if changes:
            self._changes.check(principal(actor), "too many changes")

    def upload(self, actor: Actor, place: str, size: int | None) -> None:
        """One more file of so many bytes; None: not told, and counted as the largest. Raises Refused."""
        amount = self._most if size is None else min(size, self._most)
        taken: list[tuple[Rates, str, float]] = []
        for rates, key, most in self._counted(actor, place, amount):
            wait = rates.take(key, most)
            if wait:
                for earlier, whose, much in taken:
                    earlier.give_back(whose, much)
                text = "too many files, or too large ones, were sent from here in the last hour; send more later"
                raise Refused("too-many", "too-many-uploads", text, retry_after=int(wait) + 1)
            taken.append((rates, key, most))

    def shorter(self, actor: Actor, place: str, size: int) -> None:
        """A file whose length was not told had so many bytes."""
        for rates, key, most in self._counted(actor, place, self._most - size):
            if most != 1:
                rates.give_back(key, most)

    def _counted(self, actor: Actor, place: str, size: float) -> Iterable[tuple[Rates, str, float]]:
        """Where an upload counts, and how much; nowhere for who works here."""
        if actor.staff:
            return
        for (files, size_of), key in zip(self._uploads.values(), (principal(actor), place), strict=True):
            yield files, key, 1
            yield size_of, key, size

"""Passwords, by Argon2id (19 MiB, 2 rounds, 1 lane), for agents and for members without a shop of their own sign-on.

The desk looks up the account: `credentials` are `password` and `digest`, what the store keeps for the username, or None
where there is no such account. An unknown name costs as much as a wrong password.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from argon2.low_level import Type

from engine.api import Route, hookimpl

LONGEST: Final = 1000
"""Characters of a password that are looked at; a longer one is wrong, before it costs anything."""
AT_ONCE: Final = 2
"""Verifications that may run together: each takes 19 MiB and a core for a tenth of a second."""

_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID)


@functools.cache
def _nobody() -> str:
    """A hash of the same cost that no account has."""
    return _HASHER.hash("nobody has this password")


def hash(password: str) -> str:
    """The hash to store, with its own salt and parameters. Raises ValueError for an empty or overlong password."""
    if not password or len(password) > LONGEST:
        raise ValueError(f"a password has 1 to {LONGEST} characters")
    return _HASHER.hash(password)


def verify(stored: str | None, password: str) -> bool:
    """Whether this is the password; takes as long where there is none to compare with."""
    if len(password) > LONGEST:
        return False
    try:
        _HASHER.verify(stored or _nobody(), password)
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False
    return stored is not None


def stale(stored: str) -> bool:
    """Whether the hash was made with other parameters than today's, and should be made again at the next sign-in."""
    return _HASHER.check_needs_rehash(stored)


class Password:
    """Username and password."""

    name = "password"
    kind = "password"
    audience: Literal["agent", "member"] = "agent"

    def __init__(self) -> None:
        self._turns = threading.BoundedSemaphore(AT_ONCE)

    def authenticate(self, credentials: Mapping[str, Any]) -> bool | None:
        """True when `password` is the one `digest` was made of, else None. Takes a tenth of a second: on a thread."""
        password = credentials.get("password")
        if not isinstance(password, str):
            return None
        with self._turns:
            return True if verify(credentials.get("digest"), password) else None

    def hash(self, password: str) -> str:
        """What the store keeps. Raises ValueError for an empty or overlong password."""
        with self._turns:
            return hash(password)

    def routes(self) -> Sequence[Route]:
        """None: the desk's own sign-in page asks."""
        return ()


@hookimpl
def register_authenticators() -> list[Password]:
    """One, for agents and members alike: the account says which."""
    return [Password()]

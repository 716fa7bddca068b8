"""Passwords, by Argon2id (19 MiB, 2 rounds, 1 lane), for agents and for members without a shop of their own sign-on.

The desk looks up the account; its `credentials` are `username`, `password` and `account`: None, or a mapping with
`kind` (agent or member), `id` and `hash`. An unknown name costs as much as a wrong password.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Mapping
from typing import Any, Final, Literal

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from argon2.low_level import Type

from engine.api import Authenticator, Identity, hookimpl

LONGEST: Final = 1000
"""Characters of a password that are looked at; a longer one is wrong, before it costs anything."""

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


class Password(Authenticator):
    """Username and password."""

    name = "password"
    audience: Literal["agent", "member"] = "agent"

    async def authenticate(self, credentials: Mapping[str, Any]) -> Identity | None:
        """The account's owner if the password is right. Verifies on a thread; the desk asks for few at once."""
        password = credentials.get("password")
        if not isinstance(password, str):
            return None
        account: Mapping[str, Any] | None = credentials.get("account")
        stored = account["hash"] if account is not None else None
        right = await asyncio.to_thread(verify, stored, password)
        if not right or account is None:
            return None
        return Identity(kind=account["kind"], id=account["id"])

    def hash(self, password: str) -> str:
        """What the store keeps. Takes a tenth of a second. Raises ValueError for an empty or overlong password."""
        return hash(password)


@hookimpl
def register_authenticators() -> list[Authenticator]:
    """One, for agents and members alike: the account says which."""
    return [Password()]

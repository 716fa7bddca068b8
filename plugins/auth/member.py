"""Sign-on from the shop: a JWT the shop signed says who the member is. Unsigned names are never believed.

Settings (`plugins.settings`), a section for each shop::

    auth.member:
      demo: {algorithm: HS256, secret_env: DEMO_SIGN_ON_SECRET}
      other: {algorithm: RS256, public_key_file: /etc/yingda/other.pem}

The algorithm is fixed by the shop's setting, never by the token. `aud` is the shop's name, `sub` the shop's own id of
the member, `exp` at most an hour ahead (RFC 7519). `name`, `tier` and `locale` are taken over; only `sub` identifies.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import jwt

from engine.api import Identity, hookimpl

LONGEST = 3600
"""Seconds a token may still be good for: a stolen one is soon worthless."""
LEEWAY = 30
"""Seconds the shop's clock may differ from ours."""
BIGGEST = 8_000
"""Characters of a token that are looked at."""

SYMMETRIC = ("HS256", "HS384", "HS512")
ASYMMETRIC = ("RS256", "RS384", "RS512", "ES256", "ES384", "EdDSA")


class SignOn:
    """The shop's signed identity."""

    name = "member"
    audience: Literal["agent", "member"] = "member"

    def __init__(self, shops: Mapping[str, tuple[str, str]]) -> None:
        self._shops = shops
        """Shop → algorithm and key."""

    async def authenticate(self, credentials: Mapping[str, Any]) -> Identity | None:
        """The member the token names, or None when it is not this shop's, not signed right, or out of its time."""
        token, shop = credentials.get("token"), credentials.get("shop")
        if not isinstance(token, str) or not isinstance(shop, str) or len(token) > BIGGEST or shop not in self._shops:
            return None
        algorithm, key = self._shops[shop]
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=shop,
                leeway=LEEWAY,
                options={"require": ["exp", "aud", "sub"], "verify_iat": True},
            )
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
            return None  # signed or not: claims may be of any kind
        subject = claims["sub"]
        if not isinstance(subject, str) or not subject.strip() or len(subject) > 200:
            return None
        until = claims["exp"]
        # A number of seconds and nothing else: neither text nor true, and no NaN, which is never too late.
        if type(until) not in (int, float) or not until <= time.time() + LONGEST + LEEWAY:
            return None
        values = {
            name: claims[name][:200]
            for name in ("name", "tier", "locale")
            if isinstance(claims.get(name), str) and claims[name]
        }
        # What was signed, without the signature: that can be written in several ways.
        once = hashlib.sha256(token.rpartition(".")[0].encode()).hexdigest()
        until = int(claims["exp"] + LEEWAY) * 1_000_000
        return Identity(
            kind="member", id=0, verified={"account": subject}, values=values, once=f"{shop}:{once}", until=until
        )


def _key(shop: str, settings: Mapping[str, Any]) -> tuple[str, str]:
    algorithm = settings.get("algorithm", "HS256")
    if algorithm in SYMMETRIC:
        secret = os.environ.get(str(settings.get("secret_env", "")), "")
        if not secret and settings.get("secret_file"):
            secret = Path(str(settings["secret_file"])).read_text("utf-8").strip()
        if len(secret) < 32:
            raise ValueError(f"the sign-on secret of shop `{shop}` is missing or shorter than 32 characters")
        return str(algorithm), secret
    if algorithm in ASYMMETRIC:
        return str(algorithm), Path(str(settings.get("public_key_file", ""))).read_text("utf-8")
    raise ValueError(
        f"shop `{shop}`: `{algorithm}` is no algorithm for sign-on; use {', '.join(SYMMETRIC + ASYMMETRIC)}"
    )


@hookimpl
def register_authenticators(config: Mapping[str, Any]) -> list[SignOn]:
    """One for all shops that have a section; none where no shop signs."""
    shops = {str(shop): _key(str(shop), settings) for shop, settings in config.items() if isinstance(settings, Mapping)}
    return [SignOn(shops)] if shops else []

"""Sign-on from the shop (security W16): who is believed, and who is not."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from plugins.auth.member import SignOn, register_authenticators

SECRET = "a-secret-of-the-shop-that-is-long-enough"


def claims(**more: Any) -> dict[str, Any]:
    return {"aud": "demo", "sub": "m-1001", "exp": int(time.time()) + 600, "name": "王小明", "tier": "gold", **more}


def signed(body: dict[str, Any], key: str = SECRET, algorithm: str = "HS256") -> str:
    return jwt.encode({k: v for k, v in body.items() if v is not None}, key, algorithm=algorithm)


def ask(authenticator: SignOn, token: Any, shop: Any = "demo") -> Any:
    return asyncio.run(authenticator.authenticate({"token": token, "shop": shop}))


@pytest.fixture
def demo() -> SignOn:
    return SignOn({"demo": ("HS256", SECRET), "other": ("HS256", SECRET[::-1])})


def test_a_signed_member_is_known_by_sub_with_what_the_shop_tells(demo: SignOn) -> None:
    found = ask(demo, signed(claims(locale="zh-TW", admin=True)))
    assert found.verified == {"account": "m-1001"}
    assert found.values == {"name": "王小明", "tier": "gold", "locale": "zh-TW"}


def unsigned() -> str:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims())}."


@pytest.mark.parametrize(
    ("what", "token"),
    [
        ("algorithm none", unsigned()),
        ("another secret", signed(claims(), "another secret that is long enough as well")),
        ("another shop's audience", signed(claims(aud="other"))),
        ("no audience", signed(claims(aud=None))),
        ("expired", signed(claims(exp=int(time.time()) - 120))),
        ("no end", signed(claims(exp=None))),
        ("good for a day", signed(claims(exp=int(time.time()) + 86_400))),
        ("far future", signed(claims(exp=2**40))),
        ("no subject", signed(claims(sub=None))),
        ("empty subject", signed(claims(sub="  "))),
        ("endless subject", signed(claims(sub="x" * 5_000))),
        ("another algorithm of the family", signed(claims(), SECRET * 2, algorithm="HS512")),
        ("cut off", signed(claims())[:-4]),
        ("huge", "a" * 1_000_000),
        ("empty", ""),
        ("no text", 17),
        ("not a token", "m-1001"),
    ],
)
def test_nobody_else_is_believed(demo: SignOn, what: str, token: Any) -> None:
    assert ask(demo, token) is None, what


def test_a_token_of_one_shop_is_nothing_in_another(demo: SignOn) -> None:
    assert ask(demo, signed(claims()), "other") is None
    assert ask(demo, signed(claims()), "nowhere") is None
    assert ask(demo, signed(claims()), None) is None


def test_a_public_key_is_no_secret(tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "shop.pem").write_bytes(public)
    (found,) = register_authenticators({"demo": {"algorithm": "RS256", "public_key_file": str(tmp_path / "shop.pem")}})
    assert ask(found, signed(claims(), private, "RS256")).verified == {"account": "m-1001"}
    header = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=")
    body = base64.urlsafe_b64encode(json.dumps(claims()).encode()).rstrip(b"=")
    forged = hmac.new(public, header + b"." + body, hashlib.sha256).digest()
    token = b".".join((header, body, base64.urlsafe_b64encode(forged).rstrip(b"="))).decode()
    assert ask(found, token) is None


def test_settings_that_would_be_unsafe_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHORT", "too short")
    with pytest.raises(ValueError, match="shorter than 32"):
        register_authenticators({"demo": {"secret_env": "SHORT"}})
    with pytest.raises(ValueError, match="no algorithm"):
        register_authenticators({"demo": {"algorithm": "none"}})
    assert register_authenticators({}) == []


@pytest.mark.parametrize("name", ["exp", "iat", "nbf", "sub", "aud", "name", "tier", "locale", "jti", "iss"])
@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(f'"{int(time.time()) + 600}"', id="a moment to come, as text"),
        '"text"', "null", "true", "NaN", "Infinity", "-Infinity", "1e400", "9" * 5_000,
        str(2**64), "-1", "{}", "[]", '[{}]', "[" * 900 + "]" * 900, '"\\u0000"', '"\\ud800"', '""', '" "',
    ],
)  # fmt: skip
def test_claims_of_any_kind_are_believed_or_not_and_break_nothing(demo: SignOn, name: str, raw: str) -> None:
    def part(text: str) -> str:
        return base64.urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).decode().rstrip("=")

    body = ", ".join(
        f'"{key}": {value}' for key, value in {**{k: json.dumps(v) for k, v in claims().items()}, name: raw}.items()
    )
    head = f"{part(json.dumps({'alg': 'HS256', 'typ': 'JWT'}))}.{part('{' + body + '}')}"
    seal = base64.urlsafe_b64encode(hmac.new(SECRET.encode(), head.encode(), hashlib.sha256).digest()).decode()
    found = ask(demo, f"{head}.{seal.rstrip('=')}")
    if name == "exp":
        assert found is None, "only a number of seconds, at most an hour ahead"
    if found is not None:
        assert isinstance(found.verified["account"], str)


@pytest.mark.parametrize(
    "header", ["{}", "[]", "null", '"HS256"', '{"alg": 1}', '{"alg": ["HS256"]}', '{"alg": "HS256", "crit": 1}']
)
def test_heads_of_any_kind_break_nothing(demo: SignOn, header: str) -> None:
    def part(text: str) -> str:
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    head = f"{part(header)}.{part(json.dumps(claims()))}"
    seal = base64.urlsafe_b64encode(hmac.new(SECRET.encode(), head.encode(), hashlib.sha256).digest()).decode()
    ask(demo, f"{head}.{seal.rstrip('=')}")
    ask(demo, "\u00e9.\u00e9.\u00e9")


def test_a_token_is_known_by_what_was_signed() -> None:
    """A signature can be made anew, or spelled otherwise, and the token is the same: it is good once."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = {"encoding": serialization.Encoding.PEM}
    private = key.private_bytes(
        **pem, format=serialization.PrivateFormat.PKCS8, encryption_algorithm=serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(**pem, format=serialization.PublicFormat.SubjectPublicKeyInfo)
    shop = SignOn({"demo": ("ES256", public.decode())})
    body = claims(jti="1")
    first, second = (signed(body, private.decode(), "ES256") for _ in range(2))
    assert first != second
    third = signed({**body, "jti": "2"}, private.decode(), "ES256")
    one, two, other = (ask(shop, token) for token in (first, second, third))
    assert one.once == two.once != other.once
    assert one.until == (body["exp"] + 30) * 1_000_000

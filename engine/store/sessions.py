"""Signing in and live tokens.

A token is 256 random bits; the store holds only its digest. Looking one up is a single statement by unique index, so it
is asked for at every request and every socket message that matters.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Literal

from engine.core.entities import DAY, HOUR, SECOND
from engine.lang.text import fold
from engine.store import tables as t
from engine.store.sql import Prepared, Row, p
from engine.store.tx import Tx

OwnerKind = Literal["agent", "member"]

AGENT_IDLE, AGENT_LONGEST, MEMBER_LONGEST = 12 * HOUR, 7 * DAY, 30 * DAY
"""An agent's screen left alone over night is closed; a member's is on their own phone."""
KEY_LONGEST = 366 * DAY
"""API tokens and keys: a year, then a new one."""
LONGEST_NAME = 200
"""Characters of a username that are looked at."""
TOUCH = 60 * SECOND
"""`used_at` is written at most this often: reading must not become writing."""
KEEP_ENDED = 30 * DAY
"""How long the row of a session that has ended is kept, for whoever asks who was signed in."""

_LOGIN = Prepared(lambda: t.Login.select().where(t.Login.username == p("username")))
_SESSION = Prepared(lambda: t.Session.select().where(t.Session.digest == p("digest")))


# --------------------------------------------------------------------------------------------------------------- logins


def login_name(text: str) -> str:
    """The one spelling of what somebody signs in as: case, width, invisible characters and spaces around are no part of
    it. Limits count by it too."""
    return fold(text[:LONGEST_NAME]).strip()


def save_login(
    tx: Tx,
    owner_kind: OwnerKind,
    owner_id: int,
    username: str,
    password: str | None,
    *,
    otp_secret: str | None = None,
) -> None:
    """Sets the password digest (made by the authenticator) of a login.

    Raises peewee.IntegrityError when the name is another's.
    """
    row: Row = {
        "password": password,
        "otp_secret": tx.ring.encrypt_text(otp_secret, "login:otp") if otp_secret else None,
        "changed_at": tx.now,
        "username": login_name(username),
    }
    if not tx.update(t.Login, row, owner_kind=owner_kind, owner_id=owner_id):
        tx.insert(t.Login, {"owner_kind": owner_kind, "owner_id": owner_id, **row})


def find_login(tx: Tx, username: str) -> Row | None:
    """The login of a name, however it is spelled (`login_name`): owner_kind, owner_id, password, otp (decrypted),
    otp_used."""
    row = tx.row(_LOGIN, username=login_name(username))
    if row is None:
        return None
    sealed = row.pop("otp_secret")
    return {**row, "otp": tx.ring.decrypt_text(sealed, "login:otp") if sealed is not None else None}


def use_sign_on(tx: Tx, digest: str, until: int) -> bool:
    """Takes a shop's sign-on token, remembered until then; False: it was used before."""
    if tx.value(t.SignOn.select(t.SignOn.digest).where(t.SignOn.digest == digest)) is not None:
        return False
    tx.insert_many(t.SignOn, [{"digest": digest, "expires_at": until}])
    return True


def forget_sign_ons(tx: Tx, limit: int) -> int:
    """Forgets at most so many tokens that would be good no more; returns how many."""
    over = tx.values(t.SignOn.select(t.SignOn.digest).where(t.SignOn.expires_at < tx.now - HOUR).limit(limit))
    return tx.run(t.SignOn.delete().where(t.SignOn.digest.in_(over))) if over else 0


# ------------------------------------------------------------------------------------------------------------- sessions


@dataclass(frozen=True, slots=True)
class Live:
    """A session that holds now."""

    id: int
    owner_kind: OwnerKind
    owner_id: int
    kind: str
    expires_at: int
    stale: bool
    """Its `used_at` is old enough to be written again (`touch_session`)."""


def token_digest(token: str) -> str:
    """What the store keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def open_session(
    tx: Tx,
    owner_kind: OwnerKind,
    owner_id: int,
    kind: Literal["browser", "api", "key"],
    *,
    device: str = "",
    address: str = "",
    lasts: int | None = None,
) -> tuple[str, int]:
    """A new token (shown this once) and the session's id."""
    token = secrets.token_urlsafe(32)
    if lasts is None:
        lasts = KEY_LONGEST if kind == "key" else (AGENT_LONGEST if owner_kind == "agent" else MEMBER_LONGEST)
    session_id = tx.insert(
        t.Session,
        {
            "owner_kind": owner_kind,
            "owner_id": owner_id,
            "kind": kind,
            "digest": token_digest(token),
            "device": device[:200],
            "address": address[:100],
            "created_at": tx.now,
            "used_at": tx.now,
            "expires_at": tx.now + lasts,
        },
    )
    return token, session_id


def find_session(tx: Tx, token: str, *, idle: int = AGENT_IDLE) -> Live | None:
    """The live session of a token: not revoked, not expired, not idle too long."""
    if not token:
        return None
    row = tx.row(_SESSION, digest=token_digest(token))
    if row is None or row["revoked_at"] is not None or row["expires_at"] <= tx.now:
        return None
    if row["owner_kind"] == "agent" and row["kind"] != "key" and row["used_at"] + idle <= tx.now:
        return None
    stale = row["used_at"] + TOUCH <= tx.now
    return Live(row["id"], row["owner_kind"], row["owner_id"], row["kind"], row["expires_at"], stale)


def touch_session(tx: Tx, session_id: int) -> None:
    """The session was used now."""
    tx.update(t.Session, {"used_at": tx.now}, id=session_id)


def revoke_session(tx: Tx, session_id: int, owner_kind: OwnerKind, owner_id: int) -> bool:
    """Ends one session of its owner; False when it is not the owner's or has ended."""
    changed = tx.run(
        t.Session.update(revoked_at=tx.now).where(
            (t.Session.id == session_id)
            & (t.Session.owner_kind == owner_kind)
            & (t.Session.owner_id == owner_id)
            & t.Session.revoked_at.is_null()
        )
    )
    return changed == 1


def revoke_sessions(tx: Tx, owner_kind: OwnerKind, owner_id: int, *, but: int | None = None) -> list[int]:
    """Ends every session of an owner, `but` one; gives the ids ended, so that their sockets can be closed."""
    live = (
        (t.Session.owner_kind == owner_kind)
        & (t.Session.owner_id == owner_id)
        & t.Session.revoked_at.is_null()
        & (t.Session.expires_at > tx.now)
    )
    if but is not None:
        live &= t.Session.id != but
    ids = [int(id_) for id_ in tx.values(t.Session.select(t.Session.id).where(live))]
    if ids:
        tx.run(t.Session.update(revoked_at=tx.now).where(t.Session.id.in_(ids)))
    return ids


def forget_sessions(tx: Tx, limit: int) -> int:
    """Removes at most so many rows of sessions that ended long ago; returns how many."""
    ended = t.Session.select(t.Session.id).where(t.Session.expires_at < tx.now - KEEP_ENDED).limit(limit)
    ids = tx.values(ended)
    return tx.run(t.Session.delete().where(t.Session.id.in_(ids))) if ids else 0

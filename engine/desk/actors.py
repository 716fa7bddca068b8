"""Who is it: sessions, visitors' proofs, the shop's signed identities, signing in and out."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.core.access import EACH_SHOP, permissions_of
from engine.core.entities import SYSTEM, Actor, Agent, Member
from engine.core.rulebook import Rulebook
from engine.store import KeyRing, Tx, people, sessions
from engine.store.values import Lexicon

CACHE_SECONDS = 2
"""How long a session is believed without asking the store again; an ended one of this process is forgotten at once."""


@dataclass(frozen=True, slots=True)
class Known:
    """A session's actor and until when it holds."""

    actor: Actor
    expires_at: int
    stale: bool


def agent_actor(book: Rulebook, agent: Agent, session_id: int | None) -> Actor:
    """An agent with the rights of the roles under the rulebook in force."""
    every = EACH_SHOP in agent.shops
    return Actor(
        kind="agent",
        id=agent.id,
        name=agent.name,
        username=agent.username,
        roles=agent.roles,
        permissions=permissions_of(book.roles, agent.roles),
        shops=tuple(book.shops) if every else agent.shops,
        teams=agent.teams,
        session_id=session_id,
        locale=agent.locale,
        alias=agent.alias,
    )


def find(tx: Tx, words: Lexicon, book: Rulebook, token: str, idle: int) -> Known | None:
    """The actor of a live session, or None; an agent's that was not used for `idle` µs has ended."""
    live = sessions.find_session(tx, token, idle=idle)
    if live is None:
        return None
    if live.owner_kind == "agent":
        agent = people.get_agent(tx, words, live.owner_id)
        if agent is None:
            return None
        return Known(agent_actor(book, agent, live.id), live.expires_at, live.stale)
    actor = member_actor(tx, live.owner_id, live.id)
    return Known(actor, live.expires_at, live.stale) if actor else None


def member_actor(tx: Tx, member_id: int, session_id: int | None = None) -> Actor | None:
    """A member as an actor."""
    row = people.member_row(tx, member_id)
    if row is None:
        return None
    return Actor(
        kind="guest" if row["guest"] else "member",
        id=row["id"],
        name=row["name"] or "",
        shops=(row["shop"],),
        session_id=session_id,
        locale=row["language"],
    )


# --- guests ---------------------------------------------------------------------------------------------------------


def new_visitor() -> str:
    """A visitor's random id."""
    return secrets.token_urlsafe(18)


def proof(ring: KeyRing, shop: str, visitor: str) -> str:
    """What a browser keeps to be the same visitor again: signed, not stored, bound to its shop."""
    return f"{visitor}.{_signature(ring, shop, visitor)}"


def check_proof(ring: KeyRing, shop: str, text: str) -> str | None:
    """The visitor a proof stands for, or None when it was not made here for this shop."""
    visitor, dot, signature = text.rpartition(".")
    if not dot or not visitor or len(text) > 200:
        return None
    return visitor if same(_signature(ring, shop, visitor), signature) else None


def same(ours: str, given: str) -> bool:
    """Whether a secret that was given is ours, in a time that tells nothing; any text may be given."""
    return hmac.compare_digest(ours.encode(), given.encode("utf-8", "replace"))


def _signature(ring: KeyRing, shop: str, visitor: str) -> str:
    return ring.blind(f"visitor-proof:{shop}", visitor)


def guest_actor(tx: Tx, book: Rulebook, shop: str, visitor: str) -> Actor:
    """A guest; id 0 until the first line makes the row."""
    member_id = people.find_member(tx, shop, "visitor", visitor) or 0
    return Actor(kind="guest", id=member_id, shops=(shop,), visitor=visitor, locale=book.shops[shop].locales[0])


def unknown_guest(book: Rulebook, shop: str, language: str | None) -> Member:
    """Whoever opens a window and has written nothing yet: no row, for deciding `chat.opened`."""
    spoken, fields = book.language_for(shop, language), book.field_defaults("member")
    return Member(0, shop, guest=True, tier=book.guest_tier, language=spoken, fields=fields)


def uploaders_of(actor: Actor) -> tuple[str, ...]:
    """The names under which an actor may have uploaded."""
    if actor.kind == "agent":
        return (f"agent:{actor.id}",)
    found = [f"member:{actor.id}"] if actor.id else []
    if actor.visitor:
        found.append(f"visitor:{actor.visitor}")
    return tuple(found)


def principal(actor: Actor) -> str:
    """Who an `Idempotency-Key` belongs to."""
    return uploaders_of(actor)[0] if actor.kind != "system" else "system"


def user(book: Rulebook, actor: Actor, status: str | None, tier: str | None = None) -> Mapping[str, Any]:
    """The API's `user`."""
    return {
        "kind": "agent" if actor.kind == "agent" else "member",
        "id": actor.id,
        "username": actor.username,
        "name": actor.name,
        "alias": actor.alias,
        "locale": actor.locale,
        "roles": list(actor.roles),
        "shops": list(actor.shops),
        "teams": list(actor.teams),
        "status": status,
        "tier": tier,
    }


__all__ = [
    "SYSTEM",
    "Known",
    "agent_actor",
    "check_proof",
    "find",
    "guest_actor",
    "member_actor",
    "new_visitor",
    "proof",
]

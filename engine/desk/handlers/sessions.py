"""Sessions: signing in and out, and who a token or a visitor's proof stands for."""

from __future__ import annotations

import time
from functools import partial
from typing import Any, Literal

from engine.api import Identity
from engine.core.commands import MemberSignedIn, SignIn, SignOut
from engine.core.entities import SECOND, SYSTEM, Actor
from engine.core.errors import Refused, missing
from engine.core.questions import WhoIs
from engine.core.values import replace
from engine.desk import actors, locate, results, texts
from engine.desk.context import Context, Work
from engine.desk.handlers.members import sign_on
from engine.desk.rows import AsyncCommand, PlainCommand
from engine.store import Tx, people, sessions

MOST_KNOWN = 10_000
"""Sessions kept in memory; past this all are asked for anew."""


async def _sign_in(context: Context, actor: Actor, command: SignIn) -> dict[str, Any]:
    """A new session for username and password: `token`, `actor`, `user`, `expires_at`."""
    login = await context.read(lambda tx: sessions.find_login(tx, command.username))
    account = None
    if login is not None and login["password"]:
        account = {"kind": login["owner_kind"], "id": login["owner_id"], "hash": login["password"]}
    credentials = {
        "username": command.username,
        "password": command.password,
        "otp": command.otp,
        "account": account,
    }
    identity = None
    async with context.sign_ins:
        for authenticator in context.plugins.tables["authenticators"].values():
            identity = await authenticator.authenticate(credentials)
            if identity is not None:
                break
    refused = Refused("unknown-actor", "bad-credentials", "the username or the password is not right")
    if identity is None or login is None:
        raise refused
    if login["locked_until"] is not None and login["locked_until"] > context.store.now():
        raise refused
    found, book, words = login, context.book, context.lexicon

    def job(tx: Tx) -> dict[str, Any]:
        if found["owner_kind"] == "agent" and people.get_agent(tx, words, found["owner_id"]) is None:
            raise refused
        sessions.clear_failures(tx, command.username)
        kind: Literal["browser", "api"] = "browser" if command.kind == "browser" else "api"
        owner = "agent" if found["owner_kind"] == "agent" else "member"
        token, session_id = sessions.open_session(
            tx,
            found["owner_kind"],
            found["owner_id"],
            kind,
            device=command.device,
            address=command.address,
            lasts=context.config[f"sessions.{owner}_max"] * SECOND,
        )
        known = actors.find(tx, words, book, token, _idle(context))
        if known is None:
            raise refused
        actor = known.actor
        if actor.kind != "agent":
            actor = replace(actor, username=found["username"])
        tx.record("session.opened", {"session": session_id, "kind": kind}, actor=actor)
        work = Work(context, tx, book, words, actor)
        if actor.kind == "member":
            work.decide(MemberSignedIn(actor.shops[0]), locate.member(work, actor.id))
        return {"token": token, "actor": actor, "user": results.user(work, actor), "expires_at": known.expires_at}

    return await context.write(job)


def _sign_out(work: Work, command: SignOut) -> dict[str, Any]:
    actor = work.actor
    session_id = command.session_id if command.session_id is not None else actor.session_id
    kind: Literal["agent", "member"] = "agent" if actor.kind == "agent" else "member"
    if session_id is None or not sessions.revoke_session(work.tx, session_id, kind, actor.id):
        raise missing("session")
    work.tx.record("session.revoked", {"session": session_id}, actor=actor)
    work.context.known.clear()
    return {"session": session_id}


async def who_is(context: Context, actor: Actor, question: WhoIs) -> dict[str, Any] | None:
    """The `actor` behind a token or a visitor's proof, with `csrf_seed` and the proof to keep; None when nobody."""
    book, words = context.book, context.lexicon
    if question.token:
        if context.control is not None and actors.same(context.control, question.token):
            return {"actor": SYSTEM, "csrf_seed": None, "visitor": None}
        known = context.known.get(question.token)
        if known is None or known[0] < time.monotonic():
            token = question.token
            found = await context.read(lambda tx: actors.find(tx, words, book, token, _idle(context)))
            if found is None:
                context.known.pop(question.token, None)
                return await _signed_by_shop(context, question)
            if found.stale and found.actor.session_id is not None:
                session_id = found.actor.session_id
                await context.store.write(lambda tx: sessions.touch_session(tx, session_id))
            if len(context.known) > MOST_KNOWN:
                context.known.clear()
            known = (time.monotonic() + actors.CACHE_SECONDS, found)
            context.known[question.token] = known
        return {"actor": known[1].actor, "csrf_seed": question.token, "visitor": None}
    if question.shop is None or question.shop not in book.shops:
        return None
    ring, shop = context.store.ring, question.shop
    visitor = actors.check_proof(ring, shop, question.visitor) if question.visitor else None
    if question.visitor and visitor is None:
        return None
    visitor = visitor or actors.new_visitor()
    guest = await context.read(lambda tx: actors.guest_actor(tx, book, shop, visitor))
    return {"actor": guest, "csrf_seed": None, "visitor": actors.proof(ring, shop, visitor)}


async def _signed_by_shop(context: Context, question: WhoIs) -> dict[str, Any] | None:
    """The member of a shop's signed identity, if an authenticator for members knows the token."""
    shop = question.shop
    if shop is None or shop not in context.book.shops:
        return None
    for authenticator in context.plugins.tables["authenticators"].values():
        identity = await authenticator.authenticate({"token": question.token, "shop": shop})
        if identity is None or not texts.clean(identity.verified.get("account", "\0")):
            continue
        identity = texts.cleaned(identity)
        signed = await context.write(partial(_sign_on, context, shop, identity))
        return {"actor": signed["actor"], "csrf_seed": None, "visitor": None}
    return None


def _sign_on(context: Context, shop: str, identity: Identity, tx: Tx) -> dict[str, Any]:
    return sign_on(context.work(tx), shop, identity)


def _idle(context: Context) -> int:
    """After how many unused µs an agent's session has ended."""
    return int(context.config["sessions.agent_idle"]) * SECOND


COMMANDS = (
    AsyncCommand(SignIn, _sign_in),
    PlainCommand(SignOut, _sign_out, who="anybody"),
)

"""Sessions: signing in and out, and who a token or a visitor's proof stands for."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal

from engine.api import Identity
from engine.core.commands import MemberSignedIn, SignIn, SignOn, SignOut
from engine.core.entities import DAY, SECOND, SYSTEM, Actor
from engine.core.errors import Refused, missing
from engine.core.questions import WhoIs
from engine.core.values import replace
from engine.desk import actors, locate, results, texts
from engine.desk.context import Context, Work
from engine.desk.handlers.members import sign_on
from engine.desk.rows import AsyncCommand, PlainCommand
from engine.lanes import Overdue
from engine.store import Tx, people, sessions
from engine.store.log import agent_object

log = logging.getLogger(__name__)

MOST_KNOWN = 10_000
"""Sessions kept in memory; past this all are asked for anew."""


async def _sign_in(context: Context, actor: Actor, command: SignIn) -> dict[str, Any]:
    """A new session for username and password: `token`, `actor`, `user`, `expires_at`. What fails goes into the log."""
    try:
        return await _signed_in(context, command)
    except Refused as refusal:
        if refusal.kind == "unknown-actor":
            await context.write(partial(_failed, command))
        raise


def _failed(command: SignIn, tx: Tx) -> dict[str, Any]:
    """A try that failed: whose account, if there is one. Another name may be a password typed in the wrong place: of it
    only a mark is kept, by which tries with the same name are known."""
    login = sessions.find_login(tx, command.username)
    if login is None:
        mark = tx.ring.blind("login", sessions.login_name(command.username))
        tx.record("session.refused", {"mark": mark}, actor=_somebody(command))
        return {}
    body, owner = {"account": login["username"]}, login["owner_id"]
    member = people.member_row(tx, owner) if login["owner_kind"] == "member" else None
    if member is not None:  # of its shop, so that who serves others does not read of it
        tx.record("session.refused", body, actor=_somebody(command), shop=member["shop"], member_id=owner)
    else:
        tx.record("session.refused", body, actor=_somebody(command), object=agent_object(owner))
    return {}


def _own_shop(actor: Actor) -> str | None:
    """A member's shop; an agent may serve several."""
    return None if actor.staff or not actor.shops else actor.shops[0]


def _somebody(command: SignIn | SignOn) -> Actor:
    """Nobody yet, from somewhere."""
    return Actor(kind="guest", address=command.address[:100], device=command.device[:200])


async def _signed_in(context: Context, command: SignIn) -> dict[str, Any]:
    login = await context.read(lambda tx: sessions.find_login(tx, command.username))
    account = None
    if login is not None and login["password"]:
        account = {"kind": login["owner_kind"], "id": login["owner_id"], "hash": login["password"]}
    credentials = {"username": command.username, "password": command.password, "account": account}
    async with context.sign_ins:
        identity = await _recognised(context, credentials, lambda identity: True)
    refused = Refused("unknown-actor", "bad-credentials", "the username or the password is not right")
    if identity is None or login is None:
        raise refused
    found, book, words = login, context.book, context.lexicon

    def job(tx: Tx) -> dict[str, Any]:
        if found["owner_kind"] == "agent" and people.get_agent(tx, words, found["owner_id"]) is None:
            raise refused
        kind: Literal["browser", "api"] = "browser" if command.kind == "browser" else "api"
        longest = "sessions.agent_max" if found["owner_kind"] == "agent" else "sessions.member_max"
        token, session_id = sessions.open_session(
            tx,
            found["owner_kind"],
            found["owner_id"],
            kind,
            device=command.device,
            address=command.address,
            lasts=context.config[longest] * SECOND,
        )
        known = actors.find(tx, words, book, token, _idle(context))
        if known is None:
            raise refused
        actor = known.actor
        if actor.kind != "agent":
            actor = replace(actor, username=found["username"])
        here = replace(actor, address=command.address[:100], device=command.device[:200])
        tx.record("session.opened", {"session": session_id, "kind": kind}, actor=here, shop=_own_shop(actor))
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
    work.tx.record("session.revoked", {"session": session_id}, actor=actor, shop=_own_shop(actor))
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
                return None
            if len(context.known) > MOST_KNOWN:
                context.known.clear()
            known = (time.monotonic() + actors.CACHE_SECONDS, found)
            context.known[question.token] = known
        until, found = known
        if question.used and found.stale and found.actor.session_id is not None:
            session_id = found.actor.session_id
            await context.store.write(lambda tx: sessions.touch_session(tx, session_id))
            context.known[question.token] = (until, dataclasses.replace(found, stale=False))
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


async def _sign_on(context: Context, actor: Actor, command: SignOn) -> dict[str, Any]:
    """A member's session for a shop's signed identity, which is taken once: `token`, `actor`, `expires_at`."""
    credentials = {"token": command.token, "shop": command.shop}
    refused = Refused("unknown-actor", "session-ended", "this token is not valid, or not any more; sign in again")
    if command.shop not in context.book.shops:
        raise refused
    identity = await _recognised(
        context, credentials, lambda identity: texts.clean(identity.verified.get("account", "\0"))
    )
    if identity is None:
        raise refused
    identity = texts.cleaned(identity)
    once = identity.once or sessions.token_digest(command.token)

    def job(tx: Tx) -> dict[str, Any]:
        until = identity.until or tx.now + DAY
        if not sessions.use_sign_on(tx, once, until):
            tx.record("session.refused", {"token": "used"}, actor=_somebody(command), shop=command.shop)
            return {"actor": None}
        member = sign_on(context.work(tx), command.shop, identity)["actor"]
        lasts = context.config["sessions.sign_on_max"] * SECOND
        where = {"device": command.device, "address": command.address}
        token, session_id = sessions.open_session(tx, "member", member.id, "browser", lasts=lasts, **where)
        return {"actor": replace(member, session_id=session_id), "token": token, "expires_at": tx.now + lasts}

    done = await context.write(job)
    if done["actor"] is None:
        raise refused
    return done


async def _recognised(
    context: Context, credentials: Mapping[str, Any], fits: Callable[[Identity], bool]
) -> Identity | None:
    """Whom the first way to sign in recognises that fits; one that hangs or fails does not keep the next from it.

    Raises Refused where nobody is recognised and one gave no answer: it may be the one that knows.
    """
    silent = False
    for name, authenticator in context.plugins.tables["authenticators"].items():
        ask = partial(authenticator.authenticate, credentials)
        try:
            identity: Identity | None = await context.lanes.of(f"auth:{name}", rests=False).call(ask)
        except Exception as error:
            if not isinstance(error, Overdue):
                log.exception("the way to sign in `%s` failed", name)
            silent = True
            continue
        if identity is not None and fits(identity):
            return identity
    if silent:
        text = "a way to sign in does not answer at the moment; try again, and tell the administrator if it stays so"
        raise Refused("too-many", "sign-in-away", text, retry_after=10)
    return None


def _idle(context: Context) -> int:
    """After how many unused µs an agent's session has ended."""
    return int(context.config["sessions.agent_idle"]) * SECOND


COMMANDS = (
    AsyncCommand(SignIn, _sign_in),
    AsyncCommand(SignOn, _sign_on),
    PlainCommand(SignOut, _sign_out, who="anybody"),
)

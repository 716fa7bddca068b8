"""Signing in and out, who am I, my sessions."""

from __future__ import annotations

import math
import time
from typing import Literal

from engine.desk import NOBODY, Actor, Me, Refused, Sessions, SignIn, SignOut
from web import schema
from web.handler import csrf_of
from web.routes import API, Call, Reply, route


@route(
    "POST", f"{API}/auth/login", {200: schema.Login}, tag="auth", body=schema.LoginBody, who="anybody", errors=(429,)
)
async def login(call: Call) -> Reply:
    """Sign in, as an agent or a member: a token, or a cookie for the browser."""
    body: schema.LoginBody = call.body
    limit = call.web.sign_ins
    if wait := limit.begin(call.address, body.username):
        text = "too many failed attempts; try again later"
        raise Refused("too-many", "too-many-sign-ins", text, retry_after=wait)
    kind: Literal["browser", "api"] = "browser" if body.cookie else "api"
    command = SignIn(body.username, body.password, kind, call.address, call.device)
    try:
        done = await call.desk.act(NOBODY, command)
    except Refused as refusal:
        if refusal.kind == "unknown-actor":
            call.web.metrics.count("desk_sign_in_failures_total")
        else:
            limit.give_back(call.address, body.username)
        raise
    except BaseException:
        limit.give_back(call.address, body.username)
        raise
    limit.succeeded(call.address, body.username)
    actor: Actor = done["actor"]
    if body.cookie and call.actor.session_id is not None:
        # The session of before ends with the new one: a planted cookie leads nowhere.
        await call.desk.act(call.actor.at(call.address, call.device), SignOut())
        call.web.hub.end_session(call.actor.session_id)
    token = done["token"]
    answer = {
        "token": None if body.cookie else token,
        "user": done["user"],
        "permissions": sorted(actor.permissions),
        "csrf": csrf_of(token) if body.cookie else None,
        "longest_line": call.web.longest_line,
    }
    seconds = max(0, math.floor(done["expires_at"] / 1_000_000 - time.time()))
    return Reply(answer, cookie=(token, seconds) if body.cookie else None)


@route("POST", f"{API}/auth/logout", {204: None}, tag="auth", repeats=False)
async def logout(call: Call) -> Reply:
    """End this session; its sockets close."""
    await call.act(SignOut())
    if call.actor.session_id is not None:
        call.web.hub.end_session(call.actor.session_id)
    return Reply(status=204, cookie=("", 0))


@route("GET", f"{API}/auth/me", {200: schema.Me}, tag="auth")
async def me(call: Call) -> Reply:
    """Who I am, what I may, and the token for changes from a browser."""
    user = await call.need(Me(), "user")
    told = {"permissions": sorted(call.actor.permissions), "csrf": call.csrf or ""}
    return Reply({"user": user, **told, "longest_line": call.web.longest_line})


@route("GET", f"{API}/auth/sessions", {200: schema.SessionPage}, tag="auth")
async def list_sessions(call: Call) -> Reply:
    """My live sessions."""
    return Reply(await call.ask(Sessions()))


@route("DELETE", f"{API}/auth/sessions/{{session}}", {204: None}, tag="auth")
async def end_session(call: Call) -> Reply:
    """End one of my sessions; its sockets close."""
    await call.act(SignOut(call.path["session"]))
    call.web.hub.end_session(call.path["session"])
    own = call.path["session"] == call.actor.session_id
    return Reply(status=204, cookie=("", 0) if own else None)

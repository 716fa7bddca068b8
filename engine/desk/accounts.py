"""Agents' accounts, and what `engine doctor` looks at: for the commands, straight on an open desk's context."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from engine.core.entities import SYSTEM, Actor
from engine.core.errors import Refused
from engine.desk import actors
from engine.desk.context import Context
from engine.store import Tx, doctor, outbox, people, sessions
from engine.store.sessions import login_name

__all__ = [
    "MIN_PASSWORD",
    "Line",
    "disable",
    "examine",
    "hash_password",
    "list_agents",
    "login_name",
    "present",
    "save_agent",
    "set_password",
]

MIN_PASSWORD = 8


@dataclass(frozen=True, slots=True)
class Line:
    """One thing looked at."""

    ok: bool
    text: str


def hash_password(context: Context, password: str) -> str:
    """The digest the store keeps, by the first authenticator that makes passwords. Raises Refused for a weak one."""
    if len(password) < MIN_PASSWORD:
        raise Refused(
            "invalid", "weak-password", f"a password has at least {MIN_PASSWORD} characters", pointer="/password"
        )
    for authenticator in context.plugins.tables["authenticators"].values():
        make = getattr(authenticator, "hash", None)
        if make is not None:
            digest: str = make(password)
            return digest
    raise Refused("conflict", "no-passwords", "no plugin keeps passwords; unblock auth.password")


async def save_agent(context: Context, username: str, password: str | None, **values: Any) -> int:
    """Makes or changes an agent, and sets the password when given. Gives the id."""
    digest = None
    if password is not None:
        digest = await asyncio.get_running_loop().run_in_executor(None, hash_password, context, password)

    def job(tx: Tx) -> int:
        agent_id = people.save_agent(tx, username, **values)
        if digest is not None:
            sessions.save_login(tx, "agent", agent_id, username, digest)
        tx.record("agent.saved", {"agent": username, "changed": sorted(values)}, actor=SYSTEM)
        return agent_id

    return (await context.store.write(job)).result


async def set_password(context: Context, username: str, password: str) -> bool:
    """Sets a password and ends the open sessions; False when there is no such login."""
    digest = await asyncio.get_running_loop().run_in_executor(None, hash_password, context, password)

    def job(tx: Tx) -> bool:
        login = sessions.find_login(tx, username)
        if login is None:
            return False
        sessions.save_login(tx, login["owner_kind"], login["owner_id"], username, digest)
        sessions.revoke_sessions(tx, login["owner_kind"], login["owner_id"])
        tx.record("login.changed", {"username": username})
        return True

    return (await context.store.write(job)).result


async def disable(context: Context, username: str) -> bool:
    """Takes an agent's way in and ends the sessions; False when there is no such agent."""

    def job(tx: Tx) -> bool:
        agent_id = people.agent_id(tx, username)
        if agent_id is None:
            return False
        people.save_agent(tx, username, enabled=False)
        sessions.revoke_sessions(tx, "agent", agent_id)
        tx.record("agent.disabled", {"agent": username})
        return True

    return (await context.store.write(job)).result


async def list_agents(context: Context) -> list[dict[str, Any]]:
    """Every agent, the disabled too: username, name, enabled, roles, teams."""
    return await context.store.read(people.list_agents)


async def present(context: Context) -> list[Actor]:
    """Agents whose status is not offline, as actors."""
    book = context.rulebook
    if book is None:
        return []

    def work(tx: Tx) -> list[Actor]:
        found = [people.get_agent(tx, context.lexicon, agent_id) for agent_id in people.present_agents(tx)]
        return [actors.agent_actor(book, agent, None) for agent in found if agent is not None]

    return await context.store.read(work)


async def examine(context: Context) -> list[Line]:
    """The chain, the outbox, timers, plugins and the rules."""
    lines: list[Line] = []
    checked = await context.store.read(doctor.check_chain)
    if checked.troubles:
        lines.extend(Line(False, f"event log: {trouble.message}") for trouble in checked.troubles)
    else:
        lines.append(Line(True, f"event log: the chain of {checked.events} events is whole"))
    lines.extend(Line(False, trouble.message) for trouble in await context.store.read(doctor.check_store))
    stuck = await context.store.read(outbox.backlog)
    wrong = stuck.get("failed", 0) + stuck.get("uncertain", 0)
    lines.append(Line(not wrong, f"outbox: {wrong} lines failed or uncertain, {stuck.get('waiting', 0)} waiting"))
    for aside in context.plugins.set_aside:
        lines.append(Line(False, f"plugin {aside.name} is set aside: {aside.error}"))
    book = context.rulebook
    lines.append(
        Line(
            book is not None,
            f"rules: {book.digest[:12]} in force, {len(book.rules.rules)} rules" if book else "rules: none",
        )
    )
    return lines

"""Agents' accounts, and what `engine doctor` looks at: for the commands, straight on an open desk's context."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine.core.commands import SetCapacity
from engine.core.entities import SYSTEM, Actor
from engine.core.errors import Refused
from engine.desk import actors
from engine.desk.context import Context
from engine.store import Tx, doctor, outbox, people, records, sessions
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
    "set_capacity",
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


async def set_capacity(context: Context, username: str, capacity: int) -> bool:
    """Sets how many live chats an agent is given at once; False when there is no such agent. Raises Refused."""
    try:
        await context.act(SYSTEM, SetCapacity(username, capacity))
    except Refused as refused:
        if refused.code != "not-found":
            raise
        return False
    return True


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


def _whole_files(context: Context) -> set[str]:
    """Digests of the bytes that are there and are what they say."""
    known = set()
    for digest in context.blobs.digests():
        with context.blobs.open(digest) as file:
            read = hashlib.sha256()
            while piece := file.read(1 << 20):
                read.update(piece)
        if read.hexdigest() == digest:
            known.add(digest)
    return known


async def examine(context: Context) -> list[Line]:
    """Everything that can be proved or worked out again: the storage's own checks, the chain, lines, files, sums, the
    search indexes, outbox, plugins and the rules. What cannot be looked at is told like what is wrong."""
    lines: list[Line] = []

    async def look(what: str, check: Callable[[Tx], doctor.Checked | list[doctor.Trouble]], well: str) -> None:
        try:
            found = await context.store.read(check)
        except Exception as error:
            lines.append(Line(False, f"{what}: could not be looked at ({error}): {doctor.ADVICE['damaged']}"))
            return
        troubles = found.troubles if isinstance(found, doctor.Checked) else found
        lines.extend(Line(False, f"{what}: {one.message}: {doctor.ADVICE[one.code]}") for one in troubles)
        if not troubles:
            count = found.events if isinstance(found, doctor.Checked) else 0
            lines.append(Line(True, f"{what}: {well.format(count=count)}"))

    storage = context.store.storage
    await look(
        "storage",
        lambda tx: [doctor.Trouble("damaged", one) for one in storage.troubles()],
        await context.store.read(lambda tx: storage.looked_at),
    )
    await look("event log", doctor.check_chain, "the chain of {count} events is whole")
    await look("records", records.check_records, "{count} of the work log are what was written")
    await look("lines", doctor.check_lines, "{count} are what the log says")
    await look("store", doctor.check_store, "numbers, identities and messages hold together")
    await look("sums", doctor.check_sums, "due times, last lines, clocks, tags and fields are as worked out again")
    await look("search", doctor.check_search, "the indexes have what can be searched for")
    known = await asyncio.to_thread(_whole_files, context)
    await look("files", lambda tx: doctor.check_files(tx, known), "every upload has its bytes")
    extra = await context.store.read(lambda tx: doctor.strays(tx, known))
    if extra:
        lines.append(Line(True, f"files: {extra} are of no upload any more; they only take room"))
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

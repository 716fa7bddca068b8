"""A real desk on SQLite in a temporary folder, with the starter rules and whatever a test adds."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, ClassVar

from engine.config import Config, load
from engine.core.building import build
from engine.core.commands import CreateMember, SignIn
from engine.core.entities import SYSTEM, Actor
from engine.core.rulebook import Rulebook
from engine.desk import Desk, accounts, actors
from engine.folder import read_folder
from engine.reload import reload_now
from engine.store import Timekeeper, wall_clock
from tests.support import stores

RULES = Path(__file__).resolve().parents[2] / "rules"


class House:
    """A desk folder, and ways to open it again and again.

    A new desk takes over what the one before built of the same starter rules: it is what an edit does, and an edit
    gives what building everything anew gives (`tests/core/test_edits.py`).
    """

    last: ClassVar[Rulebook | None] = None

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings: dict[str, Any] = {}
        stores.sqlite(folder / "data" / "desk.db")
        shutil.copytree(RULES, folder / "rules", ignore=shutil.ignore_patterns("tests"))

    @property
    def config(self) -> Config:
        return load(self.folder, overrides=self.settings)

    def write(self, name: str, text: str) -> Path:
        """A rule file."""
        path = self.folder / "rules" / name
        path.write_text(text, "utf-8")
        return path

    def run(self, work: Callable[[Desk], Awaitable[Any]], clock: Callable[[], int] | Timekeeper = wall_clock) -> Any:
        """Opens the desk, puts its folder in force, does the work, closes."""

        async def inside() -> Any:
            desk = await Desk.open(self.config, clock=clock)
            try:
                await _put_in_force(desk)
                return await work(desk)
            finally:
                await desk.close()

        return asyncio.run(inside())


async def _put_in_force(desk: Desk) -> None:
    """What the folder holds, as it is put in force where it was found sound before: looking at all rules together takes
    ten times as long as building them, and is tried where it is meant (`tests/engine/test_reload.py`). What does not
    build goes the whole way."""
    files, unreadable = read_folder(desk.config.rules)
    book, _ = build(files, previous=House.last, extras=desk.extras, analyse=False)
    if book is None or unreadable:
        await reload_now(desk, by="test", source="start", known=House.last)
        return
    if book.workings.kept is not None:
        House.last = book
    await desk.activate(book, by="test", source="start")


async def sign_in(desk: Desk, username: str, team: str, roles: tuple[str, ...] = ("agent",)) -> Actor:
    """An agent of a team, made and signed in."""
    skills = ["orders", "refunds", "english"]
    await accounts.save_agent(
        desk.context,
        username,
        "password-1",
        alias=f"{username}*",
        teams=[team],
        skills=skills,
        shops=["*"],
        roles=roles,
    )
    signed = await desk.act(SYSTEM, SignIn(username, "password-1"))
    actor: Actor = signed["actor"]
    return actor


async def member(desk: Desk, name: str = "王小明", tier: str = "gold") -> Actor:
    """A member of the demo shop, as an actor."""
    made = await desk.act(SYSTEM, CreateMember("demo", name, tier=tier))
    found = await desk.context.store.read(lambda tx: actors.member_actor(tx, made["member"]["id"]))
    assert found is not None
    return found

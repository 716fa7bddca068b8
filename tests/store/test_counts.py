"""How many statements the desk needs for a screen and for a line: as many for thousands of rows as for a few.

Counted on the real desk, so that what stands around the queries counts too.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from engine.config import load
from engine.core.entities import Actor
from engine.desk import (
    Agents,
    Desk,
    Events,
    MemberById,
    MemberLine,
    Members,
    Messages,
    PostMessage,
    Search,
    Teams,
    TicketByNumber,
    Tickets,
    Trace,
    Transitions,
    Views,
)
from engine.features.notifications.commands import Notifications
from engine.reload import reload_now
from engine.store import Tx, people

ROOT = Path(__file__).resolve().parents[2]


class Counted:
    """A desk, its people, and how many statements something took."""

    def __init__(self, desk: Desk) -> None:
        self.statements = 0
        mine = asyncio.current_task()
        store = desk.context.store
        read, write = store.read, store.write

        def noting(fn: Callable[[Tx], Any]) -> Callable[[Tx], Any]:
            if asyncio.current_task() is not mine:
                return fn  # the feed and the queue read by themselves, at their own time

            def noted(tx: Tx) -> Any:
                before = tx.statements
                try:
                    return fn(tx)
                finally:
                    self.statements += tx.statements - before

            return noted

        store.read = lambda fn: read(noting(fn))  # type: ignore[method-assign,assignment]
        store.write = lambda job: write(noting(job))  # type: ignore[method-assign,assignment]

    async def of(self, work: Awaitable[Any]) -> int:
        """How many statements an awaitable takes."""
        before = self.statements
        await work
        return self.statements - before


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Desk]:
    """A desk with the starter rules."""
    shutil.copytree(ROOT / "rules", folder / "rules")
    desk = await Desk.open(load(folder, None, {"storage.url": "sqlite:desk.db", "files.url": "file:files"}))
    try:
        await reload_now(desk, by="test", note="", source="start")
        yield desk
    finally:
        await desk.close()


async def story(folder: Path) -> dict[str, tuple[int, int]]:
    """For each thing asked or done: the statements with few rows, and with many."""
    async with opened(folder) as desk:
        assert desk.rulebook is not None

        def staff(tx: Tx) -> int:
            values = {"name": "Amy", "roles": ["admin"], "teams": ["frontline"], "shops": ["demo"], "skills": []}
            return int(people.save_agent(tx, "amy", **values))

        def member(tx: Tx) -> int:
            words = desk.context.lexicon
            return int(people.add_member(tx, words, "demo", guest=False, tier="gold", name="明", language="zh-TW"))

        amy_id = (await desk.context.store.write(staff)).result
        amy = Actor(
            kind="agent",
            id=amy_id,
            username="amy",
            roles=("admin",),
            permissions=desk.rulebook.roles["admin"].permissions,
            shops=("demo",),
        )

        async def somebody() -> Actor:
            return Actor(kind="member", id=(await desk.context.store.write(member)).result, name="明", shops=("demo",))

        async def asks(who: Actor, n: int) -> int:
            line = MemberLine("demo", f"我要退款 第 {n} 件", kind="inquiry", channel="form")
            return int((await desk.act(who, line))["ticket"])

        ming = await somebody()
        number = await asks(ming, 0)
        await desk.act(amy, PostMessage(number, "您好"))
        await desk.act(ming, MemberLine("demo", "還沒收到", number=number))
        counted = Counted(desk)

        async def measure() -> dict[str, int]:
            inbox = (Tickets(count=True), Tickets(view="mine"), Tickets(filter="ticket.priority >= high"), Views())
            page = (TicketByNumber(number), Messages(number), Events(number), Trace(number), Transitions(number))
            others = (MemberById(ming.id), Members(), Agents(), Teams(), Notifications(), Search("退款"))
            found = {repr(q): await counted.of(desk.query(amy, q)) for q in (*inbox, *page, *others)}
            found["a line of the member"] = await counted.of(
                desk.act(ming, MemberLine("demo", "請問進度", number=number))
            )
            found["an answer"] = await counted.of(desk.act(amy, PostMessage(number, "處理中")))
            return found

        await measure()  # what is remembered once is remembered
        few = await measure()
        for n in range(25):
            other = await somebody()
            await asks(other, n)
            await desk.act(ming, MemberLine("demo", f"第 {n} 句", number=number))
            await desk.act(amy, PostMessage(number, f"答 {n}"))
        many = await measure()
        return {name: (few[name], many[name]) for name in few}


def test_statements_do_not_grow_with_the_rows(tmp_path: Path) -> None:
    counts = asyncio.run(story(tmp_path))
    assert {name: pair for name, pair in counts.items() if pair[0] != pair[1]} == {}
    assert max(many for _, many in counts.values()) <= 40
    assert all(many > 0 for _, many in counts.values()), "the counter counts"

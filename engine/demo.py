"""The demo shop: accounts, members and a month of tickets, made through the real engine on a turned-back clock.

Everything goes the way it always goes (rules decide, timers fire, agents answer), so no page is empty and every
ticket can be explained.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from engine.config import Config
from engine.core.commands import (
    ChangeTicket,
    EndChat,
    MemberLine,
    MoveTicket,
    Page,
    PostMessage,
    RateTicket,
    SetStatus,
)
from engine.core.entities import DAY, HOUR, MINUTE, Actor
from engine.core.errors import Refused
from engine.desk import Desk, accounts, actors
from engine.reload import reload_now
from engine.store import Tx, people, sessions, wall_clock

SEED = 20261122


@dataclass(frozen=True, slots=True)
class Account:
    """A demo account."""

    username: str
    name: str
    kind: str
    roles: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    alias: str = ""
    tier: str = ""


ACCOUNTS = (
    Account("admin", "陳雅婷", "agent", roles=("admin",), alias="管理員"),
    Account("sys", "張維安", "agent", roles=("sysadmin",), alias="系統管理員"),
    Account(
        "lin", "林佳蓉", "agent", ("supervisor",), ("senior_care",), ("orders", "refunds", "english"), "客服主管 Rita"
    ),
    Account("amy", "吳欣怡", "agent", ("agent",), ("frontline", "aftersales"), ("orders", "refunds"), "小怡"),
    Account(
        "ben", "黃柏翰", "agent", ("agent",), ("frontline", "senior_care"), ("orders", "refunds", "english"), "Ben"
    ),
    Account("ming", "王小明", "member", tier="gold"),
    Account("hua", "李小華", "member", tier="basic"),
)

NAMES = (
    "陳怡君", "林志明", "張雅雯", "李冠廷", "王淑芬", "吳俊傑", "劉家豪", "蔡佩珊", "楊宗翰", "許雅筑",
    "鄭文傑", "謝欣妤", "郭建宏", "洪詩涵", "曾國維", "邱美玲", "廖振宇", "賴怡萱", "徐偉倫", "周雅惠",
    "Emily Chen", "David Wu", "刘洋", "赵敏",
)  # fmt: skip

ASKED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("我要退款,收到的衣服尺寸跟頁面寫的不一樣", ("請問要穿過才能退嗎?", "好的,我下午寄回")),
    ("包裹顯示已送達但我沒有收到", ("管理室也說沒有", "請幫我跟物流確認,謝謝")),
    ("訂單可以改地址嗎?我寫成公司的了", ("訂單還沒出貨吧?", "太好了,謝謝")),
    ("這款耳機跟 iPhone 15 相容嗎", ("那降噪可以關掉嗎", "了解")),
    ("刷卡一直失敗,換了兩張卡都不行", ("顯示交易逾時", "可以了,謝謝你")),
    ("水果有一半壞掉了,很失望", ("照片我傳上來了", "那我要換新的")),
    ("請問發票可以改成公司統編嗎", ("統編 12345675", "感謝")),
    ("等了一個星期還沒出貨,到底什麼時候會寄", ("每次都說再等等", "算了我要取消")),
    ("想問一下會員等級怎麼升等", ("那生日禮金什麼時候會發", "謝謝")),
    ("App 一直閃退,更新後就打不開", ("Android 14", "重裝可以了")),
    ("買一送一的活動為什麼結帳沒有折扣", ("我放了兩件一樣的", "原來如此")),
    ("商品少寄了一件,訂單是三件只收到兩件", ("箱子裡沒有說明", "好,等你們補寄")),
    ("洗髮精的味道跟以前不一樣,是真的嗎", ("批號拍給你", "謝謝說明")),
    ("Can I change the delivery date to next Friday?", ("Yes, after 6 pm please", "Great, thanks")),
    ("请问可以寄到大陆吗,运费怎么算", ("寄到上海", "好的谢谢")),
)

ANSWERS = (
    "您好,已經收到您的問題,我馬上為您查詢。",
    "跟您確認一下,訂單編號是哪一筆呢?",
    "已經幫您登記,預計一到兩個工作天會有結果,我們會主動通知您。",
    "造成您的不便非常抱歉,這邊先為您安排。",
    "您好,這筆我已經請倉庫優先處理,今天會寄出。",
)

SOLUTIONS = ("已退款", "補寄商品", "說明後顧客了解", "修改訂單完成", "轉物流查件後尋獲", "折扣補發至錢包")


async def fill(config: Config, *, tickets: int = 200, password: str | None = None, progress: bool = False) -> str:
    """Fills an empty desk; one that has the demo already gets the password only. Gives what to tell the operator."""
    clock = _Clock(wall_clock() - 31 * DAY)
    desk = await Desk.open(config, clock=clock, listened=False)
    try:
        if desk.rulebook is None:
            await reload_now(desk, by="demo", note="starter rules", source="start")
        if desk.rulebook is None:
            raise Refused("conflict", "no-rules", f"the rules in {config.rules} have errors; see `engine validate`")
        password = password or os.environ.get("ENGINE_DEMO_PASSWORD") or secrets.token_urlsafe(9)
        if await desk.context.store.read(lambda tx: people.agent_id(tx, "lin")) is not None:
            await _passwords(desk, password)
            return told(password)
        await _accounts(desk, password)
        for feature in desk.plugins.tables["features"].values():
            for fill_in in (feature.starter, feature.demo):
                if fill_in is not None:
                    await fill_in(desk.context)
        await _Month(desk, clock, tickets, progress).run()
    finally:
        await desk.close()
    return told(password)


def told(password: str) -> str:
    """The accounts, for people."""
    lines = ["Demo accounts (password for all: " + password + ")"]
    what = {"admin": "administrator", "sysadmin": "system administrator", "supervisor": "supervisor", "agent": "agent"}
    for account in ACCOUNTS:
        role = what[account.roles[0]] if account.roles else f"{account.tier} member"
        lines.append(f"  {account.username:<8} {role}")
    return "\n".join(lines)


class _Clock:
    """A clock that is turned by hand; moments asked for in between differ by a millisecond."""

    def __init__(self, at: int) -> None:
        self.at = at

    def __call__(self) -> int:
        self.at += 1000
        return self.at


async def _passwords(desk: Desk, password: str) -> None:
    """The demo's password is the one told at this start; whoever is signed in stays so."""
    digest = await asyncio.get_running_loop().run_in_executor(None, accounts.hash_password, desk.context, password)

    def job(tx: Tx) -> None:
        for account in ACCOUNTS:
            login = sessions.find_login(tx, account.username)
            if login is not None:
                sessions.save_login(tx, login["owner_kind"], login["owner_id"], account.username, digest)

    await desk.context.store.write(job)


async def _accounts(desk: Desk, password: str) -> None:
    digest = await asyncio.get_running_loop().run_in_executor(None, accounts.hash_password, desk.context, password)
    words = desk.context.lexicon

    def job(tx: Tx) -> None:
        for account in ACCOUNTS:
            if account.kind == "agent":
                owner = people.save_agent(
                    tx,
                    account.username,
                    name=account.name,
                    alias=account.alias,
                    roles=account.roles,
                    teams=account.teams,
                    skills=account.skills,
                    shops=("*",),
                    capacity=6,
                )
                sessions.save_login(tx, "agent", owner, account.username, digest)
            else:
                owner = people.add_member(
                    tx,
                    words,
                    "demo",
                    guest=False,
                    tier=account.tier,
                    name=account.name,
                    identities={"account": account.username, "email": f"{account.username}@example.com"},
                    verified=("account",),
                    signed_up_at=tx.now,
                )
                sessions.save_login(tx, "member", owner, account.username, digest)
            tx.record(f"{account.kind}.created", {"username": account.username})

    await desk.context.store.write(job)


WINDOW = 3 * HOUR


def _together(plan: list[tuple[int, int, Callable[[], Any]]]) -> list[tuple[int, int, Callable[[], Any]]]:
    """The steps that may be done at once, to share a commit: close in time, and of different tickets."""
    batch: list[tuple[int, int, Callable[[], Any]]] = []
    seen: set[int] = set()
    for step in plan:
        if batch and (step[0] - batch[0][0] > WINDOW or step[1] in seen):
            break
        batch.append(step)
        seen.add(step[1])
    return batch


class _Month:
    def __init__(self, desk: Desk, clock: _Clock, count: int, progress: bool) -> None:
        self.desk = desk
        self.clock = clock
        self.count = count
        self.progress = progress
        self.dice = random.Random(SEED)  # noqa: S311 (a demo, not a secret)
        self.agents: dict[str, Actor] = {}
        self.members: list[Actor] = []

    async def run(self) -> None:
        """Members, then everything that happened, in the order of time."""
        await self._people()
        begin, end = self.clock.at + 2 * HOUR, wall_clock() - 5 * MINUTE
        plan: list[tuple[int, int, Callable[[], Any]]] = []
        for n in range(self.count + self.count // 8):  # some write into a case they have open: those make no new one
            start = self._moment(begin, end, n)
            self._story(plan, n, start, end)
        for username in ("lin", "amy", "ben"):
            plan.append((begin, -1, partial(self._act, self.agents[username], SetStatus("online"))))
        plan.sort(key=lambda item: (item[0], item[1]))
        done = 0
        while done < len(plan):
            batch = _together(plan[done : done + 60])
            self.clock.at = max(self.clock.at, batch[0][0])
            await self.desk.tick()
            await asyncio.gather(*(work() for _, _, work in batch))
            done += len(batch)
            if self.progress:
                print(f"\rdemo: {100 * done // len(plan)} %", end="", flush=True)
        self.clock.at = max(self.clock.at, end)
        await self.desk.tick()
        for username in ("lin", "amy", "ben"):
            await self._act(self.agents[username], SetStatus("offline"))
        if self.progress:
            print("\rdemo: done      ")

    async def _people(self) -> None:
        book = self.desk.rulebook
        assert book is not None  # noqa: S101 (fill has just put one in force)
        words = self.desk.context.lexicon
        tiers = [t for t in book.tiers if t != book.guest_tier]

        def job(tx: Tx) -> None:
            for n, name in enumerate(NAMES):
                language = "en" if name.isascii() else ("zh-CN" if name in ("刘洋", "赵敏") else "zh-TW")
                people.add_member(
                    tx,
                    words,
                    "demo",
                    guest=False,
                    tier=tiers[min(n * 7 % 10 // 3, len(tiers) - 1)],
                    name=name,
                    language=language if language in book.locales else book.locales[0],
                    identities={"email": f"member{n}@example.com", "phone": f"09{12345000 + n * 37:08d}"},
                    verified=("email",),
                    signed_up_at=tx.now,
                )

        await self.desk.context.store.write(job)

        def load(tx: Tx) -> Mapping[str, Any]:
            members = [actors.member_actor(tx, member_id) for member_id in people.account_ids(tx)]
            agents = {}
            for username in ("lin", "amy", "ben"):
                agent = people.get_agent(tx, words, people.agent_id(tx, username) or 0)
                if agent is not None:
                    agents[username] = actors.agent_actor(book, agent, None)
            return {"members": [m for m in members if m is not None], "agents": agents}

        found = await self.desk.context.store.read(load)
        self.members = list(found["members"])
        self.agents = dict(found["agents"])

    def _moment(self, begin: int, end: int, n: int) -> int:
        """Spread over the month, most of it by day; the last ones lie in the last hours, so that something is open."""
        if n >= self.count - max(self.count // 20, 3):
            return end - int(self.dice.random() * 20 * HOUR)
        day = begin + int(self.dice.random() * (end - begin - DAY) / DAY) * DAY
        midnight = day - day % DAY - 8 * HOUR
        return max(begin + HOUR, midnight + int((8.5 + self.dice.triangular(0, 14, 5)) * HOUR))

    def _story(self, plan: list[tuple[int, int, Callable[[], Any]]], n: int, start: int, end: int) -> None:
        text, follow_ups = self.dice.choice(ASKED)
        chat = self.dice.random() < 0.6
        guest = chat and self.dice.random() < 0.2
        who = self._guest(n) if guest else self.dice.choice(self.members)
        story: dict[str, Any] = {"number": None, "who": who}
        kind = "chat" if chat else "inquiry"

        async def ask() -> None:
            page = Page(
                url="https://shop.example/orders", referrer="https://www.google.com/", title="我的訂單", device="iPhone"
            )
            line = MemberLine(
                shop="demo",
                text=text,
                kind=kind,
                channel="chat" if chat else "form",
                subject="" if chat else text[:60],
                page=page,
                values={"order_no": f"TW{20261000 + n}"} if self.dice.random() < 0.5 and not chat else {},
            )
            story["number"] = (await self._act(who, line) or {}).get("ticket")

        async def answer(words: str, visibility: str = "public") -> None:
            if story["number"]:
                agent = await self._serving(story["number"])
                await self._act(agent, PostMessage(story["number"], words, visibility))  # type: ignore[arg-type]

        async def more(words: str) -> None:
            if story["number"] and not guest:
                await self._act(who, PostMessage(story["number"], words))

        async def close() -> None:
            if not story["number"]:
                return
            agent = await self._serving(story["number"])
            await self._act(agent, ChangeTicket(story["number"], {"solution": self.dice.choice(SOLUTIONS)}))
            if chat:
                await self._act(agent, EndChat(story["number"]))
            else:
                await self._act(agent, MoveTicket(story["number"], "close"))

        async def rate() -> None:
            if story["number"] and not guest:
                score = self.dice.choices((5, 4, 3, 2, 1), (50, 28, 12, 6, 4))[0]
                comment = {5: "回覆很快", 2: "等太久了", 1: "問題沒有解決"}.get(score)
                await self._act(who, RateTicket(score, comment, number=story["number"]))

        plan.append((start, n, ask))
        if guest:
            return
        pace = 3 * MINUTE if chat else int(self.dice.expovariate(1) * 2 * HOUR) + 10 * MINUTE
        if self.dice.random() < 0.12:
            return
        at = start + pace
        steps: list[Callable[[], Any]] = [
            lambda: answer(ANSWERS[0]),
            lambda: more(follow_ups[0]),
            lambda: answer(self.dice.choice(ANSWERS[1:])),
        ]
        if self.dice.random() < 0.25:
            steps.append(lambda: answer("顧客有點著急,請優先處理", "internal"))
        if self.dice.random() < 0.6:
            steps.append(lambda: more(follow_ups[1]))
        if self.dice.random() < 0.8:
            steps.append(close)
            if self.dice.random() < 0.7:
                steps.append(rate)
        for step in steps:
            if at > end:
                return
            plan.append((at, n, step))
            at += int(pace * self.dice.uniform(0.3, 1.2)) + MINUTE

    async def _serving(self, number: int) -> Actor:
        from engine.core.questions import TicketByNumber

        ticket = await self.desk.query(self.agents["lin"], TicketByNumber(number))
        name = ticket["assignee"] if ticket and ticket["assignee"] in self.agents else None
        return self.agents[name or self.dice.choice(("amy", "ben", "amy", "lin"))]

    def _guest(self, n: int) -> Actor:
        return Actor(kind="guest", shops=("demo",), visitor=f"demo-visitor-{n}-{SEED}")

    async def _act(self, actor: Actor, command: Any) -> dict[str, Any] | None:
        """A step the desk refuses (a chat that a rule has ended meanwhile) is simply not done, as in life."""
        try:
            return await self.desk.act(actor, command)
        except Refused:
            return None

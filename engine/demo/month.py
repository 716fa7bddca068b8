"""A stretch of the demo shop's life, made through the real engine on a turned-back clock.

Everything goes the way it always goes: rules decide, timers fire, agents answer, so every ticket can be explained.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from engine.core.access import Scope
from engine.core.commands import (
    ChangeTicket,
    EndChat,
    FollowTicket,
    MemberLine,
    MoveTicket,
    NudgeTicket,
    Page,
    PostMessage,
    RateTicket,
    SetStatus,
)
from engine.core.entities import DAY, HOUR, MINUTE, Actor
from engine.core.errors import Refused
from engine.core.questions import TicketByNumber
from engine.core.task_commands import AddTask, ChangeTask
from engine.desk import Desk, actors
from engine.store import Tx, bulk, people, records

SEED = 20261122
SERVING = ("lin", "amy", "ben")
"""The agents who answer."""
WRITERS = 300
"""Members who write in one stretch."""
EAST = 8 * HOUR
"""How far the clocks of the shop are ahead of UTC."""

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


SHARED = 4
LOGGING = 3
"""Of so many stories one has sub-tasks; in every other of those the first of them is done."""
TASKS = (
    ("請倉庫確認出貨紀錄", "回電給顧客說明結果"),
    ("向物流查件並索取簽收照片", "查到後回覆顧客"),
    ("請財務確認退款入帳日", "把入帳日告訴顧客"),
    ("請商品同仁確認這一批的品質", "安排換貨"),
)
FOUND = (
    "出貨紀錄正常，週三由黑貓收走",
    "司機說放在管理室，已請他補簽收照",
    "款項明天入帳",
    "同一批另有兩件反映，已下架檢查",
)
LOGGED = (
    ("inquiry", "顧客來電補充：希望這週內有結果", 5),
    ("handling", "打給物流查件，對方兩小時內回電", 15),
    ("handling", "與倉庫核對出貨照片，包裝完整", 10),
    ("solution", "主管同意補寄，並退回這次運費", 8),
)
REVIEWS = (
    {
        "problem": "運送途中外箱受壓",
        "handling": "補寄一件並登記物流異常",
        "solution": "易碎品改用氣泡箱",
        "communication": "先道歉再說做法，顧客接受",
    },
    {
        "problem": "頁面尺寸表與實物不符",
        "handling": "請商品同仁更正",
        "solution": "全額退款",
        "communication": "說明退款日期，顧客滿意",
    },
)
"""What is written into the work log, with minutes; and reviews of closed cases."""


class Clock:
    """A clock that is turned by hand; moments asked for in between differ by a millisecond."""

    def __init__(self, at: int) -> None:
        self.at = at

    def __call__(self) -> int:
        self.at += 1000
        return self.at

    def turn(self, at: int) -> None:
        """Sets it forward, never back."""
        self.at = max(self.at, at)


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


class Month:
    """Stories over a stretch of time, on a clock that is turned by hand: `batch` until it says that nothing is left.

    `first`: the number of the first story, so that another stretch tells others.
    """

    def __init__(self, desk: Desk, clock: Clock, *, count: int, begin: int, end: int, first: int = 0) -> None:
        self.desk = desk
        self.clock = clock
        self.count = count
        self.first = first
        self.begin = begin
        self.end = end
        self.done = 0
        self.total = 0
        """Things that happen in the stories."""
        self.dice = random.Random(SEED + first)  # noqa: S311 (a demo, not a secret)
        self.agents: dict[str, Actor] = {}
        self.members: list[Actor] = []
        self._plan: list[tuple[int, int, Callable[[], Any]]] = []

    async def prepare(self) -> None:
        """Works out who does what when."""
        await self._people()
        begin, end = self.begin + 2 * HOUR, self.end
        plan = self._plan
        for n in range(self.count + self.count // 8):  # some write into a case they have open: those make no new one
            self._story(plan, self.first + n, self._moment(begin, end, n), end)
        for username in SERVING:
            plan.append((begin, -1, partial(self._act, self.agents[username], SetStatus("online"))))
        plan.sort(key=lambda item: (item[0], item[1]))
        self.total = len(plan)

    async def batch(self) -> bool:
        """Does what comes next; False when there was nothing left."""
        batch = _together(self._plan[self.done : self.done + 60])
        if not batch:
            return False
        self.clock.turn(batch[0][0])
        await self.desk.tick()
        await asyncio.gather(*(work() for _, _, work in batch))
        self.done += len(batch)
        return True

    async def close(self) -> None:
        """The end of the stretch: what is due by then is done, and the agents go home."""
        self.clock.turn(self.end)
        await self.desk.tick()
        for username in SERVING:
            await self._act(self.agents[username], SetStatus("offline"))

    async def close_all(self) -> None:
        """The agents close what is still open."""
        for ticket in await self.desk.context.read(bulk.open_tickets):
            agent = self.agents[ticket["username"] if ticket["username"] in self.agents else self.dice.choice(SERVING)]
            await self._act(agent, ChangeTicket(ticket["number"], {"solution": self.dice.choice(SOLUTIONS)}))
            chat = ticket["kind"] == "chat"
            await self._act(agent, EndChat(ticket["number"]) if chat else MoveTicket(ticket["number"], "close"))

    async def _people(self) -> None:
        book, words = self.desk.context.book, self.desk.context.lexicon

        def load(tx: Tx) -> Mapping[str, Any]:
            ids = bulk.known_members(tx)
            writers = ids if len(ids) <= WRITERS else self.dice.sample(ids, WRITERS)
            members = [actors.member_actor(tx, member_id) for member_id in writers]
            agents = {}
            for username in SERVING:
                agent = people.get_agent(tx, words, people.agent_id(tx, username) or 0)
                if agent is not None:
                    agents[username] = actors.agent_actor(book, agent, None)
            return {"members": [m for m in members if m is not None], "agents": agents}

        found = await self.desk.context.store.read(load)
        self.members = list(found["members"])
        self.agents = dict(found["agents"])

    def _moment(self, begin: int, end: int, n: int) -> int:
        """Spread over the stretch, most of it by day; the last ones in the last hours, so that something is open."""
        if n >= self.count - max(self.count // 20, 3):
            return end - int(self.dice.random() * 20 * HOUR)
        if end - begin < 4 * DAY:
            at = begin + int(self.dice.random() * (end - begin))
            return at if 8 <= (at + EAST) % DAY / HOUR < 23 else self._moment(begin, end, n)
        day = begin + int(self.dice.random() * (end - begin - DAY) / DAY) * DAY
        midnight = day - day % DAY - EAST
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

        async def ask_colleague() -> None:
            """A note that names the supervisor, who follows every third such case; she herself asks a colleague."""
            if not story["number"]:
                return
            agent = await self._serving(story["number"])
            whom = "ben" if agent.username == "lin" else "lin"
            words = f"@{self.agents[whom].name} 顧客有點著急，請幫忙看一下"
            await self._act(agent, PostMessage(story["number"], words, "internal"))
            if n % 3 == 0:
                await self._act(self.agents[whom], FollowTicket(story["number"], whom))

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

        async def hurry() -> None:
            if story["number"]:
                await self._act(who, NudgeTicket(story["number"]))

        async def rate() -> None:
            if story["number"] and not guest:
                score = self.dice.choices((5, 4, 3, 2, 1), (50, 28, 12, 6, 4))[0]
                comment = {5: "回覆很快", 2: "等太久了", 1: "問題沒有解決"}.get(score)
                await self._act(who, RateTicket(score, comment, number=story["number"]))

        helper = self.agents.get(SERVING[n % len(SERVING)])
        other = SERVING[(n + 1) % len(SERVING)]

        async def share() -> None:
            """What colleagues are to do for the case."""
            if story["number"] and helper:
                for place, title in enumerate(TASKS[n // SHARED % len(TASKS)]):
                    due = self.clock.at + (6 + 18 * place) * HOUR
                    whom = helper.username if place else other
                    await self._act(helper, AddTask(story["number"], title, whom, None, due))

        async def finish() -> None:
            if story["number"] and other in self.agents:
                done = {"state": "done", "result": FOUND[n // SHARED % len(FOUND)]}
                await self._act(self.agents[other], ChangeTask(story["number"], 1, done))

        async def log(kind: str, text: str, minutes: int, review: Mapping[str, str] | None = None) -> None:
            if story["number"] and helper:
                body = {"text": text, **({"review": dict(review)} if review else {})}
                await self._log(helper, story["number"], kind, body, minutes)

        plan.append((start, n, ask))
        if guest:
            return
        pace = 3 * MINUTE if chat else int(self.dice.expovariate(1) * 2 * HOUR) + 10 * MINUTE
        if self.dice.random() < 0.12:
            if not chat and start + 4 * HOUR <= end:
                plan.append((start + 4 * HOUR, n, hurry))
            if start + HOUR <= end:
                plan.append((start + HOUR, n, share))
            return
        at = start + pace
        if n % SHARED == 0 and at + HOUR <= end:
            plan.append((at + MINUTE, n, share))
            if n % (2 * SHARED) == 0:
                plan.append((at + 40 * MINUTE, n, finish))
        if n % LOGGING == 0 and at + 3 * HOUR <= end:
            for place in range(2):
                entry = LOGGED[(n // LOGGING + place) % len(LOGGED)]
                plan.append((at + (5 + 50 * place) * MINUTE, n, partial(log, *entry)))
            if n % (2 * LOGGING) == 0:
                review = REVIEWS[n // LOGGING // 2 % len(REVIEWS)]
                plan.append((at + 3 * HOUR, n, partial(log, "closing", "", 3, review)))
        steps: list[Callable[[], Any]] = [
            lambda: answer(ANSWERS[0]),
            lambda: more(follow_ups[0]),
            lambda: answer(self.dice.choice(ANSWERS[1:])),
        ]
        if self.dice.random() < 0.25:
            steps.append(ask_colleague)
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
        ticket = await self.desk.query(self.agents["lin"], TicketByNumber(number))
        name = ticket["assignee"] if ticket and ticket["assignee"] in self.agents else None
        return self.agents[name or self.dice.choice(("amy", "ben", "amy", "lin"))]

    async def _log(self, agent: Actor, number: int, kind: str, body: Mapping[str, Any], minutes: int) -> None:
        """An entry of the work log, by the clock of the story."""

        def job(tx: Tx) -> None:
            ticket = records.locked_ticket(tx, Scope(), number)
            if ticket is None:
                return
            about = {"kind": kind, "agent_id": agent.id, "at": tx.now, "minutes": minutes, "corrects": None}
            values = {**about, "round": ticket["reopened"]}
            record = records.add(tx, ticket["id"], values, dict(body), (), f"agent:{agent.id}")
            told = {"record": record, "kind": kind, "minutes": minutes}
            tx.record("record.added", told, actor=agent, shop=ticket["shop"], ticket_id=ticket["id"])

        await self.desk.context.store.write(job)

    def _guest(self, n: int) -> Actor:
        return Actor(kind="guest", shops=("demo",), visitor=f"demo-visitor-{n}-{SEED}")

    async def _act(self, actor: Actor, command: Any) -> dict[str, Any] | None:
        """A step the desk refuses (a chat that a rule has ended meanwhile) is simply not done, as in life."""
        try:
            return await self.desk.act(actor, command)
        except Refused:
            return None

"""The demo as one job: a month through the real engine; or a year, of which most is told again from its beginning.

A desk of many tickets begins a year ago with some hundred that the engine decides. When all of them are settled, their
stories are told again, week after week, until the last days, which are the engine's again: so what is open, what
waits and who is there is as true as on a small desk.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.core.entities import DAY, HOUR
from engine.demo import copies, people
from engine.demo.copies import WEEK, Person, Story, Told
from engine.demo.month import SEED, Clock, Month
from engine.desk import Claimed, Context, Desk, JobKind, Step
from engine.store import Tx, bulk

MONTH = 31 * DAY
YEAR = 52 * WEEK
THROUGH = 500
"""Tickets up to which all go through the engine."""
SAMPLE, SAMPLED = 300, 2 * WEEK
"""Tickets of the first weeks, which are told again; and how long these are."""
SETTLE = 9 * DAY
"""Days until nothing of them waits any more: agents close what is left in the middle of it."""
LAST = 36 * HOUR
"""The last hours go through the engine."""
LEAST, MOST = 60, 300
"""Tickets of the last hours."""
STEP = 100
"""Tickets written in one step: a fraction of a second."""
TICKS = 3 * HOUR
"""From one look at what is due to the next, while the first weeks settle."""
CLONES = 1_000
"""Members written in one step."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A story told again: which, when it begins, and by how much it is moved."""

    at: int
    story: int
    shift: int


def plan(stories: list[Story], begin: int, end: int, count: int) -> list[Planned]:
    """So many copies between two moments, in the order in which they begin; the same for the same stories."""
    dice = random.Random(SEED)  # noqa: S311 (a demo, not a secret)
    weeks = [(-(-(begin - story.begin) // WEEK), (end - story.last) // WEEK) for story in stories]
    usable = [number for number, (first, last) in enumerate(weeks) if first <= last]
    if not usable:
        raise ValueError("the rules of this desk leave no ticket settled: there is nothing to tell again")
    found = []
    for _ in range(count):
        number = dice.choice(usable)
        shift = dice.randint(*weeks[number]) * WEEK - int(dice.random() * copies.JITTER)
        found.append(Planned(stories[number].begin + shift, number, shift))
    return sorted(found, key=lambda one: (one.at, one.story))


class Demo:
    """What the steps of a demo job work with. One process, one demo."""

    def __init__(self, desk: Desk, clock: Clock) -> None:
        self.desk = desk
        self.clock = clock
        self._month: Month | None = None
        self._stories: list[Story] = []
        self._plan: list[Planned] = []
        self._clones: list[Person] = []
        self._writers: dict[int, int] = {}
        self._parts: dict[str, Callable[[Claimed], Awaitable[Step]]] = {
            "people": self._people,
            "month": self._whole,
            "sample": self._sample,
            "settle": self._settle,
            "members": self._members,
            "copies": self._copies,
            "last": self._last,
        }

    @property
    def kind(self) -> JobKind:
        """The kind of job that runs it."""
        return JobKind("demo", self._step)

    async def _step(self, context: Context, job: Claimed) -> Step:
        self.clock.turn(context.store.now())
        return await self._parts[str(job.place.get("part", "people"))](job)

    # --- through the engine -----------------------------------------------------------------------------------------

    async def _people(self, job: Claimed) -> Step:
        """The members who write; the accounts are there."""
        if len(await self.desk.context.read(bulk.known_members)) < len(people.NAMES):
            await people.add_members(self.desk)
        small = job.arguments["tickets"] <= THROUGH
        return Step({"part": "month" if small else "sample"}, 0, job.arguments["tickets"])

    async def _stretch(self, job: Claimed, count: int, end: int) -> Month | None:
        """The next things of a stretch that ends then and has so many tickets; None when it is over.

        What a process that died had begun stays as it is: the stretch goes on with the tickets that are left.
        """
        if self._month is None:
            made = await self.desk.context.read(bulk.count_tickets)
            left = max(0, count - (made - int(job.place.get("before", 0))))
            month = Month(self.desk, self.clock, count=left, begin=self.clock.at, end=end, first=made)
            await month.prepare()
            self._month = month
        if await self._month.batch():
            return self._month
        await self._month.close()
        self._month = None
        return None

    async def _whole(self, job: Claimed) -> Step:
        tickets = job.arguments["tickets"]
        month = await self._stretch(job, tickets, job.arguments["until"])
        if month is None:
            return Step({}, tickets, tickets, finished=True)
        return Step(job.place, tickets * month.done // month.total, tickets)

    async def _sample(self, job: Claimed) -> Step:
        tickets = job.arguments["tickets"]
        month = await self._stretch(job, SAMPLE, job.arguments["from"] + SAMPLED)
        if month is None:
            return Step({"part": "settle"}, SAMPLE, tickets)
        return Step(job.place, SAMPLE * month.done // month.total, tickets)

    async def _settle(self, job: Claimed) -> Step:
        """Time goes on: timers run out, agents close what is left."""
        begin = job.arguments["from"] + SAMPLED
        end, half = begin + SETTLE, begin + SETTLE // 2
        at = int(job.place.get("at", begin))
        if at >= end:
            upto = await self.desk.context.read(bulk.newest_ticket)
            return Step({"part": "members", "upto": upto, "clones": []}, SAMPLE, job.arguments["tickets"])
        self.clock.turn(at)
        await self.desk.tick()
        if at < half <= at + TICKS:
            month = Month(self.desk, self.clock, count=0, begin=at, end=at)
            await month.prepare()
            await month.close_all()
        return Step({**job.place, "at": at + TICKS}, SAMPLE, job.arguments["tickets"])

    async def _last(self, job: Claimed) -> Step:
        tickets, until = job.arguments["tickets"], job.arguments["until"]
        self.clock.turn(until - LAST)
        month = await self._stretch(job, _of_last(tickets), until)
        if month is None:
            return Step({}, tickets, tickets, finished=True)
        last = _of_last(tickets)
        return Step(job.place, tickets - last + last * month.done // month.total, tickets)

    # --- told again -------------------------------------------------------------------------------------------------

    async def _members(self, job: Claimed) -> Step:
        """Members for the copies: of each who wrote, as many as it takes for some six tickets each."""
        wanted = _of_copies(job) // 6 + len(people.NAMES)
        done = sum(count for _, count in job.place["clones"])
        if done >= wanted:
            return Step({**job.place, "part": "copies", "next": 0, "unseen": []}, SAMPLE, job.arguments["tickets"])
        first = (await self.desk.context.read(bulk.known_members))[: _bases()]
        count = min(CLONES, wanted - done)
        born = self.clock.at

        def write(tx: Tx) -> Step:
            ids = people.add_clones(tx, first, done, count, born)
            ranges = [list(one) for one in job.place["clones"]]
            for member in ids:
                if ranges and ranges[-1][0] + ranges[-1][1] == member:
                    ranges[-1][1] += 1
                else:
                    ranges.append([member, 1])
            return Step({**job.place, "clones": ranges}, SAMPLE, job.arguments["tickets"])

        return Step(write=write)

    async def _copies(self, job: Claimed) -> Step:
        context, tickets = self.desk.context, job.arguments["tickets"]
        if not self._plan:
            await self._prepare(job)
        here = int(job.place["next"])
        chunk = self._plan[here : here + STEP]
        unseen = job.place["unseen"]
        if not chunk:
            before = await context.read(bulk.count_tickets)
            last = {"part": "last", "before": before}
            return Step(last, here + SAMPLE, tickets, write=lambda tx: bulk.seen_by_assignees(tx, unseen))
        told = [self._told(here + n, one) for n, one in enumerate(chunk)]
        self.clock.turn(chunk[0].at)
        since = job.arguments["until"] - context.config["snapshots.keep_days"] * DAY
        guest = _guest_of(context)

        def write(tx: Tx) -> Step:
            bulk.seen_by_assignees(tx, unseen)
            ids = copies.write(tx, told, guest, since)
            place = {**job.place, "next": here + len(told), "unseen": [ids[0], ids[-1]]}
            return Step(place, SAMPLE + here + len(told), tickets)

        return Step(write=write)

    async def _prepare(self, job: Claimed) -> None:
        """What the copies are drawn from: the same after each start."""
        context, arguments = self.desk.context, job.arguments
        self._stories = await context.read(lambda tx: copies.read_stories(tx, int(job.place["upto"])))
        begin = arguments["from"] + SAMPLED + SETTLE
        self._plan = plan(self._stories, begin, arguments["until"] - LAST, _of_copies(job))
        self._clones = await context.read(lambda tx: people.clones(tx, job.place["clones"]))
        self._writers = {
            member: place for place, member in enumerate((await context.read(bulk.known_members))[: _bases()])
        }

    def _told(self, number: int, planned: Planned) -> Told:
        story = self._stories[planned.story]
        order = f"TW{20270000 + number}"
        if story.guest:
            return Told(story, planned.shift, order, None, f"demo-guest-{number}-{SEED}")
        # A clone of the one who wrote it: rules asked for tier and language.
        base, bases = self._writers[story.member], _bases()
        alike = (len(self._clones) - base + bases - 1) // bases
        return Told(story, planned.shift, order, self._clones[base + bases * (number * 2654435761 % alike)])


def _bases() -> int:
    """How many members are cloned: all who may write."""
    return len(people.NAMES) + sum(account.kind == "member" for account in people.ACCOUNTS)


def _of_last(tickets: int) -> int:
    """How many tickets the last hours have: as many as the days before, as far as the engine makes them soon."""
    return max(LEAST, min(MOST, tickets * LAST // YEAR))


def _of_copies(job: Claimed) -> int:
    return int(job.arguments["tickets"]) - SAMPLE - _of_last(job.arguments["tickets"])


def _guest_of(context: Context) -> Mapping[str, Any]:
    """The columns of a guest's row."""
    book = context.book
    return {
        "shop": "demo",
        "guest": True,
        "tier": book.guest_tier,
        "tier_rank": context.lexicon.tiers.get(book.guest_tier, 0),
        "language": book.shops["demo"].locales[0],
        "fields": "{}",
    }

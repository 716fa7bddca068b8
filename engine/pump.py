"""The pump: timers and the outbox, straight from the tables, in the server's own process.

It knows the next due time, sleeps to the millisecond, wakes when a commit brings something earlier, and sweeps each
second. What was due while the server was down is done at its start, once. A line is marked `sending` and committed
before the channel is called: found so after a crash, it goes again only where the channel refuses duplicates, else it
is `uncertain`. So it is with a channel that does not answer in time. Each channel has a lane: who hangs holds nobody
else's lines.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from engine.api import Channel, Delivery, Doing, Inbound, Notice, Outbound, Recipient
from engine.core.commands import DeliveryFailed
from engine.core.entities import NEVER
from engine.desk.feed import rest
from engine.desk.fitting import outside_id
from engine.extras import as_action
from engine.lanes import AT_ONCE, Lane, Overdue
from engine.lang import NUMBER
from engine.store import KeyRing, StoreClosed, Tx, is_away, load, outbox, people
from engine.store.outbox import Claimed

if TYPE_CHECKING:
    from engine.desk import Desk

log = logging.getLogger(__name__)

SWEEP = 1.0
"""Seconds between looks at the tables when nothing wakes the pump."""
POLL = 0.25
"""Seconds between looks at the outbox when nothing wakes it."""
RELISTEN = 5.0
"""Seconds before a channel that failed listens again."""
BEAT = 15.0
"""Seconds between signs of life for what is being sent, and looks for what a process that is gone left."""
RESETTLE = 1.0
"""Seconds until the end of a send is stored again that the store did not take."""
PATIENCE = 10.0
"""Seconds that lines being sent have to end when the desk stops."""


class Pump:
    """Drives one desk's time and outbox. `start` after the rulebook is in force."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._context = desk.context
        self._due = asyncio.Event()
        self._out = asyncio.Event()
        self._looks = 0
        """When timers are looked at next, µs UTC."""
        self._lanes = desk.context.lanes
        self._tasks: list[asyncio.Task[None]] = []
        self._sending: set[asyncio.Task[None]] = set()
        self._in_hand: Counter[str] = Counter()
        """Lines of each channel that are claimed and not settled."""
        self._loop: asyncio.AbstractEventLoop | None = None

    async def start(self) -> None:
        """Settles what a crash left half sent, then begins."""
        loop = self._loop = asyncio.get_running_loop()
        await self._settle_the_left()
        self._context.kick = self.kick
        self._lanes.freed = partial(loop.call_soon_threadsafe, self._out.set)
        listening = [self._listen(channel) for channel in self._context.plugins.tables["channels"].values()]
        works = (self._timers(), self._outbox(), self._beat(), *listening)
        self._tasks = [self._loop.create_task(work) for work in works]

    async def stop(self) -> None:
        """Ends; lines being sent are waited for, but not for ever."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._lanes.freed = lambda: None
        if self._sending:
            await asyncio.wait(self._sending, timeout=PATIENCE)
        for task in list(self._sending):
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)

    async def _settle_the_left(self) -> None:
        tables = self._context.plugins.tables
        older_than = 0 if self._context.alone else outbox.LEASE
        again = partial(_refuses_duplicates, tables)
        await self._context.write(lambda tx: _recover(tx, again, older_than))

    async def _beat(self) -> None:
        """Says that what is being sent here is; where other processes send too, sees to what one of them left."""
        while True:
            await asyncio.sleep(BEAT)
            try:
                if self._sending:
                    await self._context.store.write(outbox.renew)
                if not self._context.alone:
                    await self._settle_the_left()
            except asyncio.CancelledError:
                raise
            except Exception:
                log.warning("no sign of life could be given for what is being sent; trying again", exc_info=True)

    def kick(self, due: tuple[int, ...] = ()) -> None:
        """Something was written that falls due then; without a time, maybe now. What is due after the next look at
        the tables waits for that look: most of what a ticket brings is due in hours."""
        first, now = min(due, default=0), self._context.store.now()
        if first <= now or first < self._looks:
            self._due.set()
        if first < now + POLL * 1_000_000:
            self._out.set()

    async def _listen(self, channel: Channel) -> None:
        """Runs a channel's way in, in its lane; one that fails is told of and begun again, the others go on."""
        loop = asyncio.get_running_loop()

        async def receive(inbound: Inbound) -> Any:
            coming = asyncio.run_coroutine_threadsafe(self._desk.receive(inbound), loop)
            return await asyncio.wrap_future(coming)

        while True:
            try:
                await self._lanes.of(f"channel:{channel.name}").run(lambda: channel.listen(receive))
                return
            except asyncio.CancelledError:
                raise
            except Exception:
                log.exception("the channel %s stopped listening; it begins again in %.0f s", channel.name, RELISTEN)
                await asyncio.sleep(RELISTEN)

    async def _timers(self) -> None:
        while True:
            pause = SWEEP
            self._looks = NEVER  # what is written during the look may have escaped it
            try:
                due = await self._desk.tick()
                if due is not None:
                    pause = min(SWEEP, max((due - self._context.store.now()) / 1_000_000, 0.001))
            except asyncio.CancelledError:
                raise
            except Exception:
                log.exception("firing timers failed; trying again")
            self._looks = self._context.store.now() + int(pause * 1_000_000)
            await rest(self._due, pause)

    async def _outbox(self) -> None:
        while True:
            try:
                self._out.clear()  # a lane that is free from now on is looked at again
                claimed = await self._claim()
                for row in claimed:
                    self._in_hand[row.channel] += 1
                    task = asyncio.create_task(self._send(row))
                    self._sending.add(task)
                    task.add_done_callback(partial(self._sent, row.channel))
                if claimed:
                    continue
            except asyncio.CancelledError:
                raise
            except Exception:
                log.exception("emptying the outbox failed; trying again")
            await rest(self._out, POLL)

    async def _claim(self) -> list[Claimed]:
        """What is to leave now by channels that take more: each has places for lines in hand and calls that hang."""
        busy = self._in_hand + Counter({_channel(lane): count for lane, count in self._lanes.taken().items()})
        full = [channel for channel, count in busy.items() if count >= AT_ONCE]
        if not await self._context.store.read(lambda tx: outbox.is_out(tx, full)):
            return []
        return (await self._context.store.write(partial(outbox.claim, limit=AT_ONCE, busy=busy))).result

    def _sent(self, channel: str, task: asyncio.Task[None]) -> None:
        """A line is no longer in hand."""
        self._sending.discard(task)
        self._in_hand[channel] -= 1
        self._out.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a line was left half sent", exc_info=error)

    async def _send(self, row: Claimed) -> None:
        tables = self._context.plugins.tables
        try:
            delivery = await self._leave(row)
        except Overdue as overdue:
            again = _refuses_duplicates(tables, row.channel)
            delivery = Delivery("failed" if again else "uncertain", error=f"the channel gave {overdue}")
        except asyncio.CancelledError:
            raise
        except Exception as failure:
            log.exception("the channel %s failed while sending", row.channel)
            delivery = Delivery("uncertain", error=f"{type(failure).__name__}: {failure}")
        while True:
            try:
                await self._context.write(lambda tx: self._settle(tx, row, delivery))
                return
            except Exception as error:
                if isinstance(error, StoreClosed) or not is_away(error):
                    raise
                # What has left must not be taken for what may have.
                log.warning("how line %d ended could not be stored, trying again: %s", row.id, error)
                await asyncio.sleep(RESETTLE)

    async def _leave(self, row: Claimed) -> Delivery:
        """Hands a row to its channel, or a notice to its notifier."""
        kind, _, way = row.channel.partition(":")
        if kind == "notify" and way:
            notifier = self._context.plugins.tables["notifiers"].get(way)
            if notifier is None:
                return Delivery("failed", error=f"no plugin gives `{way}`", permanent=True)
            recipient = await self._context.store.read(lambda tx: _recipient(tx, row))
            notice = Notice(key=row.key, text=str(row.body.get("text", "")), ticket_number=row.number)
            told: Delivery = await self._lane(row).call(lambda: notifier.notify(recipient, notice))
            return told
        if kind == "do":
            return await self._do(row, way)
        channel = self._context.plugins.tables["channels"].get(row.channel)
        if channel is None:
            return Delivery("failed", error=f"there is no channel `{row.channel}`", permanent=True)
        sent: Delivery = await self._lane(row).call(lambda: channel.send(outbound(row, self._context.store.ring)))
        return sent

    def _lane(self, row: Claimed) -> Lane:
        return self._lanes.of(_lane_name(row.channel))

    async def _do(self, row: Claimed, name: str) -> Delivery:
        """Carries out a plugin's action; numbers come back from the row as they were."""
        action = self._context.plugins.tables["actions"].get(name)
        if action is None:
            return Delivery("failed", error=f"no plugin gives `{name}`", permanent=True)
        numbers = {key for key, type_ in as_action(action).kind.parameters.items() if type_ == NUMBER}
        arguments = {
            key: Decimal(value) if key in numbers and isinstance(value, str) else value
            for key, value in row.body["arguments"].items()
        }
        doing = Doing(row.key, row.number, row.tries)
        done = await self._lane(row).call(lambda: action.call(doing, **arguments))
        return done if isinstance(done, Delivery) else Delivery("sent")

    def _settle(self, tx: Tx, row: Claimed, delivery: Delivery) -> dict[str, Any]:
        error = delivery.error or "the channel did not say why"
        if delivery.state == "sent":
            outbox.sent(tx, row.id, outside_id(delivery.external_id) if delivery.external_id else None)
        elif delivery.state == "uncertain":
            outbox.uncertain(tx, row.id, error)
        else:
            again = outbox.failed(tx, row.id, error, permanent=delivery.permanent, retry_after=delivery.retry_after)
            if again is None and row.channel.startswith("do:"):
                tx.record("action.failed", {"action": row.channel[3:], "error": error[:500]}, ticket_id=row.ticket_id)
            if again is None and self._context.rulebook is not None and row.ticket_id and row.message_id:
                work = self._context.work(tx)
                case = load.ticket_case(tx, work.words, ticket_id=row.ticket_id)
                if case is not None:
                    line = load.line(tx, row.message_id)
                    work.decide(DeliveryFailed(row.ticket_id, row.message_id, error, row.body, line), case)
        return {}


def _refuses_duplicates(tables: Mapping[str, Mapping[str, Any]], name: str) -> bool:
    """Whether what lay half sent for a way out may go again."""
    if name.startswith("do:"):
        action = tables["actions"].get(name.removeprefix("do:"))
        return action is not None and bool(action.refuses_twins)
    return name in tables["channels"] and bool(tables["channels"][name].can.refuses_twins)


def outbound(row: Claimed, ring: KeyRing) -> Outbound:
    """A claimed row as its channel gets it."""
    return Outbound(
        key=row.key,
        channel=row.channel,
        ticket_number=row.number,
        recipient=row.recipient,
        text=row.text,
        body={name: value for name, value in row.body.items() if name != "chain"},  # the desk's own: see `Chain`
        subject=row.subject,
        html=row.html,
        files=row.files,
        tries=row.tries,
        account=row.account,
        reply_token=ring.reply_token(row.number) if row.number is not None else None,
    )


def _recipient(tx: Tx, row: Claimed) -> Recipient:
    """Whom a notice is for, with what is known to reach them."""
    if "address" in row.body:
        address = str(row.body["address"])
        return Recipient(kind="address", name=address, addresses={row.channel.partition(":")[2]: address})
    found = people.agent_row(tx, str(row.body.get("agent")))
    if found is None:
        return Recipient(kind="agent", name=str(row.body.get("agent")))
    addresses = {"email": found["email"]} if found["email"] else {}
    return Recipient("agent", found["id"], found["username"], found["locale"], addresses)


def _lane_name(channel: str) -> str:
    """The lane of a way out, as the outbox calls it: `test`, `notify:bell`, `do:shop.coupon`."""
    return channel if channel.startswith(("notify:", "do:")) else f"channel:{channel}"


def _channel(lane: str) -> str:
    return lane.removeprefix("channel:")


def _recover(tx: Tx, refuses_twins: Callable[[str], bool], older_than: int) -> dict[str, Any]:
    found = outbox.recover(tx, refuses_twins, older_than=older_than)
    for row in found.uncertain:
        tx.record("delivery.uncertain", {"message": row["message_id"]}, ticket_id=row["ticket_id"])
    return {}

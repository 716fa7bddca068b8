"""The desk: what comes in, what people do and what time brings walk one corridor here.

An event comes in, the rulebook decides, one transaction commits the decision, and only then does anything leave.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from engine.api import Inbound
from engine.config import Config, ConfigError
from engine.core.building import build
from engine.core.entities import SECOND, SYSTEM, Actor
from engine.core.questions import Trace
from engine.core.rights import Need
from engine.core.rulebook import Rulebook
from engine.desk import activation, inbound
from engine.desk.context import Context
from engine.desk.feature import tables
from engine.desk.feed import Deliver, Feed, Subscription
from engine.desk.queue import Queue
from engine.desk.time import Clock
from engine.hold import NAME as IN_USE
from engine.hold import Hold
from engine.plugins import Plugins
from engine.plugins import load as load_plugins
from engine.replay.simulate import Against, Simulation
from engine.store import Store, Timekeeper, wall_clock

log = logging.getLogger(__name__)

KEYS = "keys"
"""The file in the data folder that holds the keys of personal values."""

CONTROL = "control"
"""A file in the data folder with a token for the commands of the same machine: `engine reload` knocks with it."""


class Desk:
    """One desk. Ten public names: open, close, receive, act, tick, activate, simulate, explain, subscribe, query.

    `context` is what the rooms of the house work with; `config`, `rulebook`, `plugins`, `extras` and `shelf` are its.
    """

    def __init__(self, context: Context, hold: Hold | None = None) -> None:
        self.context = context
        self.config = context.config
        self.plugins = context.plugins
        self.extras = context.extras
        self.shelf = context.shelf
        self._feed = Feed(context)
        self._clock = Clock(context)
        self._queue = Queue(context)
        self._hold = hold or Hold()
        self._unhear: Callable[[], None] = lambda: None

    # --- life -------------------------------------------------------------------------------------------------------

    @classmethod
    async def open(
        cls,
        config: Config,
        *,
        clock: Callable[[], int] | Timekeeper = wall_clock,
        plugins: Plugins | None = None,
        listened: bool = True,
        upgrade: bool = True,
        alone: str | None = None,
        begin: bool = True,
    ) -> Desk:
        """Opens storage, plugins and the last rulebook in force. Raises ConfigError with what is in the way.

        `listened`: whether anybody may subscribe; False where the past is written. `upgrade`: whether a store of an
        older version is brought to this one, which is for the server and `engine migrate`; else it is refused.
        `alone`: the command that must be the only one of its kind here; see `engine.hold`. `begin`: whether a desk may
        be begun where there is none; else nothing is made there.
        """
        if not begin and not _is_begun(config):
            raise ConfigError(
                f"there is no desk in {config.data}: neither its keys nor its storage; is that the folder?"
            )
        hold = Hold()
        try:
            desk = await _open(config, hold, clock, plugins, upgrade, alone)
        except BaseException:
            hold.release()
            raise
        if listened:
            desk._listen()
        return desk

    def _listen(self) -> None:
        self._feed.start(self.context.store.last_event_id)
        self._unhear = self.context.bus.subscribe(["events"], self._feed.hear)

    async def close(self) -> None:
        """Finishes what is queued and lets go of everything."""
        self._unhear()
        self.context.bus.close()
        await self._feed.stop()
        await self.context.close()
        self._hold.release()

    @property
    def rulebook(self) -> Rulebook | None:
        """The rulebook in force; None only on a desk that never had one."""
        return self.context.rulebook

    # --- the corridor -----------------------------------------------------------------------------------------------

    async def receive(self, inbound_: Inbound) -> dict[str, Any]:
        """Takes in what came by a channel: a line, or with `event` what an exchange says of a call.

        The same (channel, external id) again returns the first one's receipt; what is not taken returns `refused`.
        """
        return await inbound.receive(self.context, inbound_)

    async def act(self, actor: Actor, command: Any, *, key: str | None = None) -> dict[str, Any]:
        """Does what an actor wants, in one transaction, and answers in the API's shape once it is stored.

        `key` is the request's idempotency key: a repeat gets the same answer. Raises Refused.
        """
        return await self.context.act(actor, command, key=key)

    async def tick(self) -> int | None:
        """Fires the timers due now, each in the transaction that removes it, and runs what is scheduled, a page at a
        time so that timers need not wait. Returns when the next is due, or None."""
        return None if self.rulebook is None else await self._clock.tick(self.rulebook)

    # --- rules ------------------------------------------------------------------------------------------------------

    async def activate(
        self,
        book: Rulebook | None,
        *,
        by: str = "",
        note: str = "",
        source: str = "api",
        findings: list[dict[str, Any]] | None = None,
        may_grant: bool = False,
    ) -> list[dict[str, Any]]:
        """Puts a rulebook in force, stored by its digest: one assignment, running decisions keep the book they have.

        Without a book it notes a load that failed. A book that lacks a state, kind, team or shop of an open ticket is
        refused. Returns the findings that say so; none when it is in force. Raises Refused where it changes the rights
        of roles and `may_grant` is not set: whoever opens a door to here says whether its user may.
        """
        if book is None:
            await activation.note_failed(self.context, by=by, source=source, findings=findings or [])
            return []
        return await activation.activate(
            self.context, book, by=by, note=note, source=source, findings=findings or [], may_grant=may_grant
        )

    async def simulate(
        self,
        book: Rulebook,
        since: int,
        until: int,
        *,
        actor: Actor = SYSTEM,
        against: Against = "in-force",
        most: int | None = None,
        seconds: float | None = None,
        unwanted: Callable[[], bool] = lambda: False,
    ) -> dict[str, Any]:
        """What a changed rulebook would have decided otherwise between two moments (µs UTC), from the snapshots:
        otherwise than the rules in force would have, or than was recorded. Of the past an actor hears only as far as
        the tickets and fields go that the actor may see. Raises Refused.

        Reads page by page on the reader threads; writes and sends nothing. It ends before its time after `most`
        decisions or `seconds`, or once `unwanted` says that nobody waits any more. See `engine.replay.simulate`.
        """
        for right in ("rules.edit", "ticket.view"):
            Need(rights=(right,)).check(actor)
        simulation = Simulation(
            book, self.extras, since, until, self.rulebook, actor=actor, against=against, most=most, seconds=seconds
        )
        while await self.context.read(simulation.page):
            if unwanted():
                break
        return simulation.report()

    async def explain(
        self, number: int, event: int | None = None, actor: Actor = SYSTEM, *, rule: str | None = None
    ) -> Mapping[str, Any] | None:
        """Why a ticket is as it is: every decision about it, with rules that acted, lost and nearly acted; with `rule`
        that one alone, also why it did not act. Raises Refused where there is no such rule."""
        found: Mapping[str, Any] | None = await self.query(actor, Trace(number, event, rule=rule))
        return found

    # --- listening and asking -----------------------------------------------------------------------------------------

    def subscribe(self, actor: Actor, deliver: Deliver, since: int | None = None) -> Subscription:
        """Frames of what the actor may see, from now on or since an event id; `start()` begins. Called in the loop."""
        return Subscription(self._feed, actor, deliver, self.context.store.last_event_id if since is None else since)

    async def query(self, actor: Actor, question: Any) -> Any:
        """Answers in the API's shapes, times in µs. None: not there, or not for the actor. Raises Refused."""
        return await self.context.query(actor, question)


async def _open(
    config: Config,
    hold: Hold,
    clock: Callable[[], int] | Timekeeper,
    plugins: Plugins | None,
    upgrade: bool,
    alone: str | None,
) -> Desk:
    """A desk that nobody listens to yet."""
    try:
        config.data.mkdir(mode=0o700, parents=True, exist_ok=True)  # what people wrote is in there
    except OSError as error:
        raise ConfigError(f"the data folder {config.data} cannot be made: {error.strerror}") from error
    if alone is not None:
        hold.take([config.data / IN_USE], alone)
    found = plugins or load_plugins(
        config.values["plugins.settings"], block=config["plugins.block"], folder=_folder(config)
    )
    found.register()
    storage = found.open("storage", _from_data(config, "storage.url", "sqlite:"), config.plugin("storage"))
    if alone is not None and (beside := getattr(storage, "beside", None)) is not None:
        hold.take([beside(IN_USE)], alone)
    blobs = found.open("blobs", _from_data(config, "files.url", "file:"), config.plugin("files"))
    loop = asyncio.get_running_loop()
    time = Timekeeper(step=config["clock.step"] * SECOND) if clock is wall_clock else clock
    opened = partial(Store.open, storage, keys=config.data / KEYS, clock=time, upgrade=upgrade)
    store = await loop.run_in_executor(None, opened)
    bus = found.open("bus", str(config["bus.url"]), config.plugin("bus"))
    desk = Desk(Context(config, found, store, blobs, bus, tables(found)), hold)
    context = desk.context
    texts = await store.read(activation.texts_in_force)
    if texts is not None:
        book, findings = build(texts, extras=context.extras, analyse=False, shelf=context.shelf)
        if book is not None:
            context.take(book)
        else:
            log.error("the last rulebook in force no longer builds: %d findings", len(findings))
    return desk


def _is_begun(config: Config) -> bool:
    """Whether a desk was ever opened with this data folder: its keys lie there, whatever database it has, or a copy of
    its storage without them."""
    url = _from_data(config, "storage.url", "sqlite:")
    stored = url.startswith("sqlite:") and Path(url.removeprefix("sqlite:").partition("?")[0]).is_file()
    return stored or (config.data / KEYS).is_file()


def _folder(config: Config) -> Path | None:
    """The desk's own plugins; the setting counts from the desk's folder."""
    return config.desk / config["plugins.dir"] if config["plugins.dir"] else None


def _from_data(config: Config, setting: str, scheme: str) -> str:
    """An address; a file's path counts from the data folder."""
    url = str(config[setting])
    if not url.startswith(scheme):
        return url
    return scheme + str((config.data / url.removeprefix(scheme)).resolve())

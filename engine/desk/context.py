"""What the desk's rooms work with: the context of one open desk, and the work of one transaction in it.

Handlers, questions, time, the feed, jobs, accounts and features get a `Context`; nothing private of `Desk` is used
outside it. What happens inside a transaction gets a `Work`, which knows for whom it is done.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, Protocol, TypeVar

from engine.api import Blobs, Bus
from engine.config import Config
from engine.core import access
from engine.core.access import Scope
from engine.core.building import shelf_in
from engine.core.commands import OpenLinked
from engine.core.decide import Decision, decide
from engine.core.entities import SYSTEM, Actor, Case, Ticket
from engine.core.errors import Refused, missing
from engine.core.rulebook import Rulebook
from engine.core.values import replace
from engine.desk import texts
from engine.desk.actors import Known, agent_actor, uploaders_of
from engine.desk.gate import Gate
from engine.extras import extras
from engine.lanes import Lanes
from engine.plugins import Plugins
from engine.store import BadCursor, EventRow, Health, Store, Tx, Written, commit, load, people
from engine.store.fresh import NewTicket
from engine.store.values import Lexicon

log = logging.getLogger(__name__)

T = TypeVar("T")
TRANSCRIPT = 100
"""Lines of a conversation that go along into a case opened beside it."""


@dataclass(frozen=True, slots=True)
class Decided:
    """One command decided and stored."""

    decision: Decision
    number: int | None = None
    """The ticket's, if there is one."""
    refs: Mapping[int, int] = field(default_factory=dict)
    """The ids that took the place of the decision's own references."""
    new: NewTicket | None = None
    """The ticket it made, where it need not be read back to be shown."""


@dataclass(frozen=True)
class Work:
    """One transaction of a desk, for one actor. The rulebook and its words are those it began with."""

    context: Context
    tx: Tx
    book: Rulebook
    words: Lexicon
    actor: Actor

    @cached_property
    def scope(self) -> Scope:
        """What the actor may see at all."""
        return access.scope(self.actor, self.words.personal)

    @property
    def agent_id(self) -> int | None:
        """The actor's id, for an agent."""
        return self.actor.id if self.actor.kind == "agent" else None

    def by(self, actor: Actor) -> Work:
        """The same transaction, for another actor."""
        return Work(self.context, self.tx, self.book, self.words, actor)

    def act(self, command: Any) -> dict[str, Any]:
        """Carries out another command, in the same transaction. Raises Refused, also for what rules did not take."""
        answer = self.context.tables.commands[type(command)].within(self, command)
        if answer.get("rejected") is not None:
            raise Refused("invalid", "rejected", answer["rejected"])
        return answer

    def ticket(self, number: int) -> Ticket:
        """A ticket that the actor may see, as it is now. Raises Refused."""
        case = load.ticket_case(self.tx, self.words, number=number, lines=0)
        access.check_ticket(self.actor, case.ticket if case else None)
        if case is None or case.ticket is None:
            raise missing("ticket")
        return case.ticket

    def agent(self, agent_id: int) -> Actor | None:
        """An agent as an actor, with today's rights; None where the account is gone or shut."""
        agent = people.get_agent(self.tx, self.words, agent_id)
        return None if agent is None else agent_actor(self.book, agent, None)

    def ask(self, question: Any) -> Any:
        """The answer to another question, in the same transaction."""
        return self.context.tables.questions[type(question)](self, question)

    def decide(self, command: Any, case: Case, *, only_acting: bool = False) -> Decided:
        """Lets the rules decide a command about a case, and stores what comes of it.

        `only_acting` stores nothing where no rule acted. Raises Refused where the command cannot be carried out.
        """
        started = time.perf_counter_ns()
        decision = decide(self.book, command, case, self.actor, self.tx.now)
        decision = replace(decision, micros=(time.perf_counter_ns() - started) // 1000)
        if only_acting and not decision.trace:
            return Decided(decision)
        applied = commit.apply(
            self.tx, case, decision, self.words, actor=self.actor, uploaders=uploaders_of(self.actor)
        )
        if decision.rejected is None:
            system = self.by(SYSTEM)
            for wanted in decision.opens:
                wanted = replace(wanted, origin=applied.refs.get(wanted.origin, wanted.origin))
                system.decide(wanted, system.beside(wanted))
        # What was opened beside may have written into the ticket.
        return Decided(decision, applied.number, applied.refs, None if decision.opens else applied.new)

    def beside(self, wanted: OpenLinked) -> Case:
        """The case of a ticket to be opened beside another: its member, and the conversation so far."""
        origin = load.ticket_case(self.tx, self.words, ticket_id=wanted.origin, lines=TRANSCRIPT)
        member_id = origin.member.id if origin is not None and origin.member else 0
        made = load.member_case(self.tx, self.words, member_id, new_ticket=True)
        if origin is None or made is None:
            raise missing("ticket")
        return replace(made, origin=origin.ticket, messages=origin.messages)


class CommandRow(Protocol):
    """What carries a command out; see `engine.desk.rows`."""

    def act(self, context: Context, actor: Actor, command: Any, key: str | None) -> Awaitable[dict[str, Any]]:
        """Carries the command out for the actor; `key` is the request's idempotency key."""

    def within(self, work: Work, command: Any) -> dict[str, Any]:
        """Carries it out inside a transaction that is under way. Raises Refused."""


Ask = Callable[[Work, Any], Any]
"""What answers a question, inside a reading transaction."""
Questions = Mapping[type, Ask]
AskAhead = Callable[["Context", Actor, Any], Awaitable[Any]]
"""What answers a question that is more than one reading."""


@dataclass(frozen=True, slots=True)
class Tables:
    """What a desk can do: commands and questions by their types, of the machine and of every feature."""

    commands: Mapping[type, CommandRow]
    questions: Questions
    questions_ahead: Mapping[type, AskAhead]
    live_events: Mapping[str, Any]
    """Kinds of events of features that agents' screens are told of, each with its shape."""
    lookups: Mapping[type, Callable[[Tx], Any]]
    """What rules ask of features, by the type of the value, each with what loads it."""
    jobs: Mapping[str, Any] = field(default_factory=dict)
    """Kinds of long work (`JobKind`), by name."""
    schedules: Mapping[str, Any] = field(default_factory=dict)
    """Jobs that are begun again and again (`JobSchedule`), by name."""


class Context:
    """One open desk, as its rooms know it. `rulebook` is None only on a desk that never had one."""

    def __init__(self, config: Config, plugins: Plugins, store: Store, blobs: Blobs, bus: Bus, tables: Tables) -> None:
        self.config = config
        self.plugins = plugins
        self.store = store
        self.health = Health(store)
        self.blobs = blobs
        self.bus = bus
        self.tables = tables
        self.lanes = Lanes(
            failures=config["plugins.failures"],
            rest=float(config["plugins.rest"]),
            within=partial(_within, config, plugins),
        )
        """Where plugins are called that the desk waits for, each on a thread of its own."""
        self.alone = bool(getattr(store.storage, "alone", False))
        """Whether no other process sends what this one's store holds."""
        self.extras = extras(plugins, self.lanes)
        """What plugins add to the words of rules."""
        self.shelf = shelf_in(config.data / "cache")
        """Where compiled rules are kept, for a quick start."""
        self.rulebook: Rulebook | None = None
        self.lexicon = Lexicon()
        self.sign_ins = Gate("sign-ins", config["limits.sign_ins_at_once"], config["limits.sign_ins_waiting"])
        """Where passwords are checked: dear work that anybody may ask for."""
        self.pictures = Gate("pictures", config["limits.pictures_at_once"], config["limits.pictures_waiting"])
        """Where pictures are drawn anew."""
        self.known: dict[str, tuple[float, Known]] = {}
        """Live sessions by token, each believed until a moment of the monotonic clock."""
        self.control: str | None = None
        """The token of the commands of this machine."""
        self.kick: Callable[[tuple[int, ...]], None] = lambda due: None
        """Told of due times that a commit brought."""
        self.after_commit: list[Callable[[Sequence[EventRow]], None]] = []
        """Told of the events of each commit of this process, in the loop's thread."""
        self._notifiers = frozenset(plugins.tables["notifiers"])
        self._outbound = frozenset(n for n, channel in plugins.tables["channels"].items() if not channel.can.live)
        self._background: set[asyncio.Task[Any]] = set()

    # --- the rulebook -----------------------------------------------------------------------------------------------

    @property
    def book(self) -> Rulebook:
        """The rulebook in force. Raises Refused on a desk that has none yet."""
        if self.rulebook is None:
            raise Refused("conflict", "no-rules", "this desk has no rules in force yet")
        return self.rulebook

    def words_of(self, book: Rulebook) -> Lexicon:
        """What rows need of a rulebook and of this desk's plugins."""
        return Lexicon.of(book, self._outbound, self._notifiers, self.tables.lookups)

    def take(self, book: Rulebook) -> None:
        """Works with a rulebook from now on; work that has begun keeps the one it has."""
        self.lexicon = self.words_of(book)
        self.rulebook = book
        self.known.clear()

    # --- transactions -----------------------------------------------------------------------------------------------

    def work(self, tx: Tx, actor: Actor = SYSTEM) -> Work:
        """The work of a transaction for an actor, under the rulebook in force."""
        return Work(self, tx, self.book, self.lexicon, actor)

    async def read(self, job: Callable[[Tx], T]) -> T:
        """Runs a reading job on a reader's thread."""
        return await self.store.read(job)

    async def write(self, job: Callable[[Tx], dict[str, Any]]) -> dict[str, Any]:
        """Runs a writing job and tells the house of its events once it is committed.

        `seq` None in the job's answer becomes the id of the event that brought it (the line's own, else the last).
        Raises Refused for an answer with `rejected`: the rules did not take what came, and that is stored.
        """
        written = await self.store.write(job)
        self._told(written)
        answer: dict[str, Any] = written.result
        if answer.get("rejected") is not None:
            raise Refused("invalid", "rejected", answer["rejected"])
        if "seq" in answer and answer["seq"] is None:
            line = answer.get("message")
            own = [e.id for e in written.events if line is not None and e.message_id == line["id"]]
            answer["seq"] = own[0] if own else (written.events[-1].id if written.events else self.store.last_event_id)
        return answer

    def _told(self, written: Written[Any]) -> None:
        if written.events:
            self.bus.publish("events", [event.id for event in written.events])
            if self.plugins.listens("event_committed"):
                for event in written.events:
                    self.lanes.of("events").post(partial(self.plugins.tell, "event_committed", event=event))
            for told in self.after_commit:
                told(written.events)
        if written.kicks:
            self.kick(written.kicks)

    # --- commands and questions -------------------------------------------------------------------------------------

    async def act(self, actor: Actor, command: Any, *, key: str | None = None) -> dict[str, Any]:
        """Carries a command out, in the API's shape; see `Desk.act`."""
        texts.check(command)
        return await self.tables.commands[type(command)].act(self, actor, command, key)

    async def query(self, actor: Actor, question: Any) -> Any:
        """Answers a question; see `Desk.query`."""
        texts.check(question)
        ahead = self.tables.questions_ahead.get(type(question))
        if ahead is not None:
            return await ahead(self, actor, question)
        answer, book, words = self.tables.questions[type(question)], self.book, self.lexicon
        try:
            return await self.store.read(lambda tx: answer(Work(self, tx, book, words, actor), question))
        except BadCursor as error:
            raise Refused("invalid", "bad-cursor", str(error), pointer="/cursor") from error

    # --- work beside ------------------------------------------------------------------------------------------------

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Runs something beside what is asked; it ends with the desk."""
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def close(self) -> None:
        """Ends what runs beside, and the store."""
        for task in list(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await asyncio.get_running_loop().run_in_executor(None, self.store.close)
        for name in self.lanes.close():
            log.warning("`%s` does not end; the desk goes without it", name)


def _within(config: Config, plugins: Plugins, lane: str) -> float:
    """The seconds a plugin has for one call: its own setting `within`, else the desk's for its kind."""
    kind, _, name = lane.partition(":")
    if kind == "rules":
        return float(config["plugins.decide_within"]) / 1000
    setting = "plugins.answer_within" if kind == "auth" else "plugins.send_within"
    shelf = {"channel": "channels", "auth": "auth", "notify": "notifiers", "do": "actions"}.get(kind, kind)
    return float(plugins.settings(f"{shelf}.{name}").get("within", config[setting]))

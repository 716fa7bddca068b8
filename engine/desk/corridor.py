"""The desk: what comes in, what people do and what time brings walk one corridor here.

An event comes in, the rulebook decides, one transaction commits the decision, and only then does anything leave.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from engine.api import Bus, Inbound
from engine.config import Config
from engine.core import access
from engine.core.building import build, shelf_in
from engine.core.changes import Say
from engine.core.commands import (
    BlockMember,
    ChangeMember,
    Command,
    CreateMember,
    DeleteAnswer,
    MarkRead,
    MemberLine,
    PostMessage,
    Retry,
    SaveAnswer,
    SetStatus,
    SignIn,
    SignOut,
    UnblockMember,
    Upload,
)
from engine.core.decide import Decision, decide
from engine.core.entities import SECOND, SYSTEM, Actor
from engine.core.errors import Refused, missing
from engine.core.intake import DeliveryFailed, MemberSignedIn, OpenChat, ScheduleDue, ServeQueue, TimerDue
from engine.core.questions import Question, Trace, WhoIs
from engine.core.rulebook import Rulebook
from engine.desk import actors, answers, cases, library, rule_answers
from engine.desk.feed import Deliver, Feed, Subscription
from engine.desk.moments import Moments
from engine.desk.newcomers import create_member, sign_on
from engine.desk.simulate import Simulation
from engine.extras import extras
from engine.files import prepare
from engine.lang import may_be_masked
from engine.lang.said import to_json
from engine.plugins import Plugins
from engine.plugins import load as load_plugins
from engine.store import (
    FileRefused,
    KeyReused,
    Store,
    Tx,
    Written,
    commit,
    load,
    outbox,
    people,
    rulebooks,
    sessions,
    stream,
    uploads,
    waiting,
    wall_clock,
)
from engine.store.values import Lexicon

log = logging.getLogger(__name__)

SERVED = 0.05
"""Seconds from one look at the lines to the next: the first is at once, what a burst brings shares the second."""

CONTROL = "control"
"""A file in the data folder with a token for the commands of the same machine: `engine reload` knocks with it."""


class Desk:
    """One desk. Ten public names: open, close, receive, act, tick, activate, simulate, explain, subscribe, query.

    `config`, `rulebook`, `plugins`, `extras` and `shelf` may be read.
    """

    def __init__(self, config: Config, plugins: Plugins, store: Store, blobs: Any, bus: Bus) -> None:
        self.config = config
        self.plugins = plugins
        self._store = store
        self._blobs = blobs
        self._bus = bus
        self._unhear: Callable[[], None] = lambda: None
        self.extras = extras(plugins)
        """What plugins add to the words of rules."""
        self.shelf = shelf_in(config.data / "cache")
        """Where compiled rules are kept, for a quick start."""
        self._book: Rulebook | None = None
        self._lexicon = Lexicon()
        self._feed = Feed(self)
        self._moments = Moments(self)
        self._sessions: dict[str, tuple[float, actors.Known]] = {}
        self._kick: Callable[[tuple[int, ...]], None] = lambda due: None
        self._control: str | None = None
        self._background: set[asyncio.Task[Any]] = set()
        self._room = self._serving = False
        self._idle: int = config["sessions.agent_idle"] * SECOND
        self._notifiers = frozenset(plugins.tables["notifiers"])
        self._leaving = frozenset(name for name, channel in plugins.tables["channels"].items() if not channel.can.live)

    # --- life -------------------------------------------------------------------------------------------------------

    @classmethod
    async def open(
        cls,
        config: Config,
        *,
        clock: Callable[[], int] = wall_clock,
        plugins: Plugins | None = None,
    ) -> Desk:
        """Opens storage, plugins and the last rulebook in force. Raises ConfigError with what is in the way."""
        config.data.mkdir(mode=0o700, parents=True, exist_ok=True)  # what people wrote is in there
        found = plugins or load_plugins(
            config.values["plugins.settings"], block=config["plugins.block"], folder=_folder(config)
        )
        found.register()
        storage = found.open("storage", _storage_url(config), config.plugin("storage"))
        blobs = found.open("blobs", _files_url(config), config.plugin("files"))
        store = await asyncio.get_running_loop().run_in_executor(
            None, partial(Store.open, storage, keys=config.data / "keys", clock=clock)
        )
        bus = found.open("bus", str(config["bus.url"]), config.plugin("bus"))
        desk = cls(config, found, store, blobs, bus)
        texts = await store.read(lambda tx: _last_texts(tx))
        if texts is not None:
            book, findings = build(texts, extras=desk.extras, analyse=False, shelf=desk.shelf)
            if book is not None:
                desk._take(book)
            else:
                log.error("the last rulebook in force no longer builds: %d findings", len(findings))
        desk._feed.start(store.last_event_id)
        desk._unhear = bus.subscribe(["events"], desk._feed.hear)
        return desk

    async def close(self) -> None:
        """Finishes what is queued and lets go of everything."""
        self._unhear()
        self._bus.close()
        await self._feed.stop()
        for task in list(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await asyncio.get_running_loop().run_in_executor(None, self._store.close)

    @property
    def rulebook(self) -> Rulebook | None:
        """The rulebook in force; None only on a desk that never had one."""
        return self._book

    # --- the corridor -----------------------------------------------------------------------------------------------

    async def receive(self, inbound: Inbound) -> dict[str, Any]:
        """Something came in by a channel: a line, or with `event` what an exchange says of a call.

        The same (channel, external id) again gives the first one's receipt; what is not taken gives `refused`.
        """
        book = self._need_book()
        shop = inbound.shop or next(iter(book.shops))
        kind, value = next(iter(inbound.sender.items()))

        def job(tx: Tx) -> dict[str, Any]:
            if (inbound.event or "").startswith("call."):
                event, case = cases.of_call(tx, self._lexicon, book, shop, inbound)
                return self._decide(tx, book, event, case, SYSTEM)
            twin = stream.twin_by_outside(tx, inbound.account or inbound.channel, inbound.external_id)
            if twin is not None:
                actor = Actor(kind="system")
                return {"answer": self._line_answer(tx, actor, twin.message_id, twin.number, shop, seq=twin.seq)}
            member_id, new = cases.find_requester(
                tx, self._lexicon, book, shop, {kind: value, "name": inbound.sender.get("name")}
            )
            number = waiting.open_number(tx, member_id, inbound.channel)
            if number is not None:
                case = load.ticket_case(tx, self._lexicon, number=number)
            else:
                case = load.member_case(tx, self._lexicon, member_id, new_ticket=True, member_new=new)
            if case is None:
                raise missing("member")
            command = MemberLine(
                shop=shop,
                text=inbound.text,
                attachments=inbound.files,
                external_id=inbound.external_id,
                kind="inquiry",
                channel=inbound.channel,
                subject=inbound.subject or inbound.text[:60],
                automatic=inbound.automatic,
            )
            actor = Actor(kind="guest", id=member_id, shops=(shop,))
            return self._decide(tx, book, command, case, actor)

        try:
            return await self._write(job)
        except Refused as refused:  # a blocked sender, a rejected line: to send it again would change nothing
            return {"refused": refused.code, "why": refused.message}

    async def act(self, actor: Actor, command: Command | OpenChat, *, key: str | None = None) -> dict[str, Any]:
        """Does what an actor wants, in one transaction, and answers in the API's shape once it is stored.

        `key` is the request's idempotency key: a repeat gives the same answer with `replayed`. Raises Refused.
        """
        if isinstance(command, OpenChat):
            return await self._open_chat(actor, command)
        if isinstance(command, SignIn):
            return await self._sign_in(command)
        if isinstance(command, Upload):
            return await self._upload(actor, command)
        book = self._need_book()
        if len(getattr(command, "text", "")) > self.config["limits.line"]:
            raise Refused(
                "invalid", "too-long", f"a line has at most {self.config['limits.line']} characters", pointer="/text"
            )

        def job(tx: Tx) -> dict[str, Any]:
            principal = actors.principal(actor)
            digest = ""
            if key is not None:
                digest = hashlib.sha256(repr(command).encode()).hexdigest()
                try:
                    known = sessions.recall_request(tx, principal, key, digest)
                except KeyReused:
                    raise Refused(
                        "invalid", "idempotency-mismatch", "this Idempotency-Key was used for another request"
                    ) from None
                if known is not None:
                    return {**json.loads(known.answer), "replayed": True}
            try:
                answer = self._carry_out(tx, book, actor, command)
            except FileRefused as error:
                raise Refused("invalid", "unknown-file", str(error), pointer="/attachments") from None
            if key is not None:
                sessions.remember_request(tx, principal, key, digest, 200, json.dumps(answer, default=str).encode())
            return answer

        return await self._write(job)

    def _carry_out(self, tx: Tx, book: Rulebook, actor: Actor, command: Any) -> dict[str, Any]:
        if isinstance(command, SignOut):
            return self._sign_out(tx, actor, command)
        if isinstance(command, (SaveAnswer, DeleteAnswer)):
            return library.carry_out(tx, book, actor, command)
        if isinstance(command, CreateMember):
            return create_member(tx, self._lexicon, book, actor, command, self._decide)
        if isinstance(command, Retry):
            if not actor.staff:
                raise Refused("forbidden", "agents-only", "only agents send a line again")
            number = waiting.number_of_message(tx, command.message_id)
            case = load.ticket_case(tx, self._lexicon, number=number, lines=0) if number else None
            access.check_ticket(actor, case.ticket if case else None, "ticket.reply")
            if not outbox.send_again(tx, command.message_id):
                raise Refused("conflict", "nothing-to-retry", "this line is not failed or uncertain")
            return {}
        if isinstance(command, (MemberLine, PostMessage)) and command.client_key is not None:
            twin = self._twin(tx, actor, command)
            if twin is not None:
                if not may_be_masked(twin.text, command.text):
                    raise Refused("invalid", "id-used", "this client id was used for another line", pointer="/id")
                shop = actor.shops[0] if actor.shops else None
                return self._line_answer(tx, actor, twin.message_id, twin.number, shop, seq=twin.seq)
        case = cases.locate(tx, self._lexicon, book, actor, command)
        answer: dict[str, Any] = self._decide(tx, book, command, case, actor)["answer"]
        return answer

    def _twin(self, tx: Tx, actor: Actor, command: MemberLine | PostMessage) -> stream.Twin | None:
        """The line the same author stored under the same client id."""
        author_id = actor.id
        if actor.kind == "guest" and actor.visitor and isinstance(command, MemberLine):
            author_id = people.find_member(tx, command.shop, "visitor", actor.visitor) or 0
        kind = "agent" if actor.kind == "agent" else "member"
        return stream.twin_by_client(tx, kind, author_id, command.client_key or "") if author_id else None

    def _decide(self, tx: Tx, book: Rulebook, command: Any, case: Any, actor: Actor) -> dict[str, Any]:
        """Steps three of the corridor: decide and store, inside the write job."""
        started = time.perf_counter_ns()
        decision = decide(book, command, case, actor, tx.now)
        decision = replace(decision, micros=(time.perf_counter_ns() - started) // 1000)
        if isinstance(command, ScheduleDue) and not decision.trace:
            return {}  # a time has come that no rule takes for its own: nothing to keep
        applied = commit.apply(tx, case, decision, self._lexicon, actor=actor, uploaders=actors.uploaders_of(actor))
        if decision.rejected is not None:
            why = decision.rejected or "this desk does not take this message"
            return {"answer": {"rejected": why}, "decision": decision}
        for wanted in decision.opens:
            wanted = replace(wanted, origin=applied.refs.get(wanted.origin, wanted.origin))
            self._decide(tx, book, wanted, cases.locate(tx, self._lexicon, book, SYSTEM, wanted), SYSTEM)
        answer: dict[str, Any] = {}
        if isinstance(command, (MemberLine, PostMessage)):
            message_id = applied.refs[_own_line(decision)]
            answer = self._line_answer(tx, actor, message_id, applied.number, case.shop, seq=None)
        elif isinstance(command, SetStatus):
            answer = {"status": command.status}
        elif isinstance(command, (ChangeMember, BlockMember, UnblockMember)):
            answer = {"member": answers.member(tx, self._lexicon, access.scope(actor), command.member_id)}
        elif isinstance(command, (MarkRead, MemberSignedIn)):
            if isinstance(command, MarkRead):
                stream.mark_read(
                    tx, "agent" if actor.kind == "agent" else "member", actor.id, case.ticket.id, command.seq
                )
        elif applied.number is not None and not isinstance(
            command, (TimerDue, ScheduleDue, ServeQueue, DeliveryFailed)
        ):
            answer = {"ticket": answers.ticket(tx, book, actor, applied.number), "seq": None}
        return {"answer": answer, "decision": decision, "applied": applied}

    def _line_answer(
        self, tx: Tx, actor: Actor, message_id: int, number: int | None, shop: str | None, *, seq: int | None
    ) -> dict[str, Any]:
        """A stored line as its author sees it; `seq` None: its event gets its id at the end of the batch."""
        shown = answers.line(tx, self._need_book(), actor, message_id, shop)
        return {"message": shown, "ticket": number, "seq": seq, "repeat": seq is not None}

    async def _write(self, job: Callable[[Tx], dict[str, Any]]) -> dict[str, Any]:
        """Runs a job of the corridor; gives its answer, with the ids its events were given."""
        written = await self._store.write(job)
        self._after(written)
        answer: dict[str, Any] = written.result.get("answer", written.result)
        if answer.get("rejected") is not None:
            raise Refused("invalid", "rejected", answer["rejected"])
        if "seq" in answer and answer["seq"] is None:
            line = answer.get("message")
            own = [e.id for e in written.events if line is not None and e.message_id == line["id"]]
            answer["seq"] = own[0] if own else (written.events[-1].id if written.events else self._store.last_event_id)
        return answer

    def _after(self, written: Written[Any]) -> None:
        if written.events:
            self._bus.publish("events", [event.id for event in written.events])
            if self.plugins.listens("event_committed"):
                for event in written.events:
                    self.plugins.tell("event_committed", event=event)
            for event in written.events:
                if event.kind in ("agent.status_changed", "chat.ended", "ticket.state_changed", "ticket.assigned"):
                    self._serve_queues()
                    break
        if written.kicks:
            self._kick(written.kicks)

    # --- time -------------------------------------------------------------------------------------------------------

    async def tick(self) -> int | None:
        """Fires the timers due now, each in the transaction that removes it, and runs what is scheduled, a page at a
        time so that timers need not wait; gives when the next is due, or None."""
        return None if self._book is None else await self._moments.tick(self._book)

    def _serve_queues(self) -> None:
        """Somebody may have room now: looks at the lines once, and once more for what changes meanwhile."""
        self._room = True
        if not self._serving:
            self._serving = True
            self._spawn(self._serve_lines())

    async def _serve_lines(self) -> None:
        try:
            while self._room:
                self._room = False
                await self._serve_all()
                await asyncio.sleep(SERVED)
        finally:
            self._serving = False

    async def _serve_all(self) -> None:
        """Gives waiting tickets to agents who have room: higher tiers first, then urgency, then age."""
        book = self._need_book()
        for _ in range(100):
            pair = await self._store.read(lambda tx: waiting.next_waiting(tx, self._lexicon))
            if pair is None:
                return
            ticket_id, username = pair

            def job(tx: Tx, ticket_id: int = ticket_id, username: str = username) -> dict[str, Any]:
                case = load.ticket_case(tx, self._lexicon, ticket_id=ticket_id, lines=0)
                if case is None or case.ticket is None or case.ticket.assignee is not None:
                    return {}
                decided = self._decide(tx, book, ServeQueue(ticket_id, username), case, SYSTEM)
                return {"served": bool(decided["decision"].events)}

            result = await self._write(job)
            if not result.get("served"):
                return

    # --- rules ------------------------------------------------------------------------------------------------------

    async def activate(
        self,
        book: Rulebook | None,
        *,
        by: str = "",
        note: str = "",
        source: str = "api",
        findings: list[dict[str, Any]] | None = None,
        files: Mapping[str, str] | None = None,
    ) -> list[dict[str, Any]]:
        """Puts a rulebook in force, stored by its digest: one assignment, running decisions keep the book they have.

        Without a book it notes a load that failed. A book that lacks a state, kind, team or shop of an open ticket is
        refused. Gives the findings that say so; none when it is in force.
        """
        if book is None:
            await self._write(lambda tx: _note_failed(tx, by, source, findings or []))
            return []
        if self._book is not None and self._book.digest == book.digest:
            await self._write(lambda tx: _clear_failed(tx))
            self._take(book)
            return []
        words = cases.lexicon(book, self._leaving, self._notifiers)

        def job(tx: Tx) -> dict[str, Any]:
            refused = rule_answers.lacking(tx, book)
            if refused:
                _note_failed(tx, by, source, [*(findings or []), *refused])
                return {"refused": refused}
            rulebooks.keep_rulebook(tx, book.digest, book.files)
            rulebooks.put_in_force(tx, book.digest, note=_activation_note(by, source, note))
            rulebooks.rewrite_ranks(tx, words.priorities, words.tiers)
            _clear_failed(tx)
            tx.record("rulebook.activated", {"digest": book.digest, "by": by, "note": note, "source": source})
            return {}

        result = await self._write(job)
        if not result.get("refused"):
            self._take(book)
        return list(result.get("refused", ()))

    def _take(self, book: Rulebook) -> None:
        self._lexicon = cases.lexicon(book, self._leaving, self._notifiers)
        self._book = book
        self._sessions.clear()

    async def simulate(
        self,
        book: Rulebook,
        since: int,
        until: int,
        *,
        most: int | None = None,
        seconds: float | None = None,
        unwanted: Callable[[], bool] = lambda: False,
    ) -> dict[str, Any]:
        """What a changed rulebook would have decided otherwise between two moments (µs UTC), from the snapshots.

        Reads page by page on the reader threads; writes and sends nothing. It ends before its time after `most`
        decisions or `seconds`, or once `unwanted` says that nobody waits any more. See `engine.desk.simulate`.
        """
        simulation = Simulation(book, self.extras, since, until, self._book, most=most, seconds=seconds)
        while await self._store.read(simulation.page):
            if unwanted():
                break
        return simulation.report()

    async def explain(
        self, number: int, event: int | None = None, actor: Actor = SYSTEM, *, rule: str | None = None
    ) -> dict[str, Any] | None:
        """Why a ticket is as it is: every decision about it, with rules that acted, lost and nearly acted; with `rule`
        that one alone, also why it did not act. Raises Refused where there is no such rule."""
        found: dict[str, Any] | None = await self.query(actor, Trace(number, event, rule=rule))
        return found

    # --- listening and asking -----------------------------------------------------------------------------------------

    def subscribe(self, actor: Actor, deliver: Deliver, since: int | None = None) -> Subscription:
        """Frames of what the actor may see, from now on or since an event id; `start()` begins. Called in the loop."""
        return Subscription(self._feed, actor, deliver, self._store.last_event_id if since is None else since)

    async def query(self, actor: Actor, question: Question) -> Any:
        """Answers in the API's shapes, times in µs. None: not there, or not for the actor. Raises Refused."""
        if isinstance(question, WhoIs):
            return await self._who(question)
        book = self._need_book()
        return await self._store.read(lambda tx: answers.answer(tx, book, self._lexicon, actor, question, self._blobs))

    async def _read_stream(self, since: int, limit: int, member_id: int | None) -> list[stream.Committed]:
        """For the feed: the log after an id, with lines in both shapes."""
        return await self._store.read(lambda tx: stream.since(tx, since, member_id=member_id, limit=limit))

    # --- who --------------------------------------------------------------------------------------------------------

    async def _who(self, question: WhoIs) -> dict[str, Any] | None:
        book = self._need_book()
        if question.token:
            if self._control is not None and question.token == self._control:
                return {"actor": SYSTEM, "csrf_seed": None, "visitor": None}
            known = self._sessions.get(question.token)
            if known is None or known[0] < time.monotonic():
                token = question.token
                found = await self._store.read(lambda tx: actors.find(tx, self._lexicon, book, token, self._idle))
                if found is None:
                    self._sessions.pop(question.token, None)
                    return await self._signed(question)
                if found.stale and found.actor.session_id is not None:
                    session_id = found.actor.session_id
                    await self._store.write(lambda tx: sessions.touch_session(tx, session_id))
                if len(self._sessions) > 10_000:
                    self._sessions.clear()
                known = (time.monotonic() + actors.CACHE_SECONDS, found)
                self._sessions[question.token] = known
            return {"actor": known[1].actor, "csrf_seed": question.token, "visitor": None}
        if question.shop is None or question.shop not in book.shops:
            return None
        visitor = actors.check_proof(self._store.ring, question.shop, question.visitor) if question.visitor else None
        if question.visitor and visitor is None:
            return None
        shop = question.shop
        visitor = visitor or actors.new_visitor()
        actor = await self._store.read(lambda tx: actors.guest_actor(tx, book, shop, visitor or ""))
        return {"actor": actor, "csrf_seed": None, "visitor": actors.proof(self._store.ring, shop, visitor)}

    async def _signed(self, question: WhoIs) -> dict[str, Any] | None:
        """A shop's signed identity, if an authenticator for members knows the token."""
        book = self._need_book()
        shop = question.shop
        if shop is None or shop not in book.shops:
            return None
        for authenticator in self.plugins.tables["authenticators"].values():
            identity = await authenticator.authenticate({"token": question.token, "shop": shop})
            if identity is None or "account" not in identity.verified:
                continue
            job = partial(sign_on, words=self._lexicon, book=book, shop=shop, identity=identity, decide=self._decide)
            return {"actor": (await self._write(job))["actor"], "csrf_seed": None, "visitor": None}
        return None

    async def _sign_in(self, command: SignIn) -> dict[str, Any]:
        login = await self._store.read(lambda tx: sessions.find_login(tx, command.username))
        account = None
        if login is not None and login["password"]:
            account = {"kind": login["owner_kind"], "id": login["owner_id"], "hash": login["password"]}
        credentials = {
            "username": command.username,
            "password": command.password,
            "otp": command.otp,
            "account": account,
        }
        identity = None
        for authenticator in self.plugins.tables["authenticators"].values():
            identity = await authenticator.authenticate(credentials)
            if identity is not None:
                break
        book = self._need_book()
        refused = Refused("unknown-actor", "bad-credentials", "the username or the password is not right")
        if identity is None or login is None:
            raise refused
        if login["locked_until"] is not None and login["locked_until"] > self._store.now():
            raise refused
        found = login

        def job(tx: Tx) -> dict[str, Any]:
            if found["owner_kind"] == "agent" and people.get_agent(tx, self._lexicon, found["owner_id"]) is None:
                raise refused
            sessions.clear_failures(tx, command.username)
            kind = "browser" if command.kind == "browser" else "api"
            owner = "agent" if found["owner_kind"] == "agent" else "member"
            token, session_id = sessions.open_session(
                tx,
                found["owner_kind"],
                found["owner_id"],
                kind,
                device=command.device,
                address=command.address,
                lasts=self.config[f"sessions.{owner}_max"] * SECOND,
            )
            known = actors.find(tx, self._lexicon, book, token, self._idle)
            if known is None:
                raise refused
            actor = known.actor
            if actor.kind != "agent":
                actor = replace(actor, username=found["username"])
            tx.record("session.opened", {"session": session_id, "kind": kind}, actor=actor)
            if actor.kind == "member":
                case = cases.locate(tx, self._lexicon, book, actor, MemberSignedIn(actor.shops[0]))
                self._decide(tx, book, MemberSignedIn(actor.shops[0]), case, actor)
            user = answers.user(tx, book, self._lexicon, actor)
            return {"token": token, "actor": actor, "user": user, "expires_at": known.expires_at}

        return await self._write(job)

    def _sign_out(self, tx: Tx, actor: Actor, command: SignOut) -> dict[str, Any]:
        session_id = command.session_id if command.session_id is not None else actor.session_id
        kind = "agent" if actor.kind == "agent" else "member"
        if session_id is None or not sessions.revoke_session(tx, session_id, kind, actor.id):
            raise missing("session")
        tx.record("session.revoked", {"session": session_id}, actor=actor)
        self._sessions.clear()
        return {"session": session_id}

    # --- smaller things -----------------------------------------------------------------------------------------------

    async def _open_chat(self, actor: Actor, command: OpenChat) -> dict[str, Any]:
        """The welcome lines of a window that has no chat yet; nothing is stored."""
        book = self._need_book()

        def job(tx: Tx) -> Decision:
            case = None
            if actor.id > 0:
                case = waiting.member_for_window(tx, self._lexicon, actor.id)
            if case is None:
                guest = actors.unknown_guest(book, command.shop, command.page.language)
                case = replace(load.empty_case(tx, self._lexicon, command.shop), member=guest)
            return decide(book, command, case, actor, tx.now)

        decision = await self._store.read(job)
        now = self._store.now()
        opening = tuple({**line, "at": now + line["after"]} for line in decision.opening)
        label = answers.shop_label(book, command.shop, actor.locale)
        lines = [
            {
                "id": 0,
                "ticket": None,
                "author": {"kind": "desk" if line["as"] == "desk" else "bot", "name": label},
                "text": line["text"],
                "visibility": "public",
                "attachments": [],
                "created_at": line["at"],
                "automatic": True,
            }
            for line in opening
        ]
        return {"lines": lines, "opening": opening}

    async def _upload(self, actor: Actor, command: Upload) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        uploader = actors.uploaders_of(actor)
        if not uploader:
            raise Refused("unknown-actor", "sign-in-needed", "sign in, or say hello, before uploading")
        prepared = await loop.run_in_executor(
            None, lambda: prepare(command.name, command.media_type, command.data, self.config)
        )
        digest, size = await loop.run_in_executor(
            None, lambda: _put(self._blobs, prepared.data, self.config["limits.upload"])
        )

        def job(tx: Tx) -> dict[str, Any]:
            return dict(
                uploads.add_file(
                    tx,
                    digest=digest,
                    shown=prepared.name,
                    media_type=prepared.media_type,
                    size=size,
                    uploader=uploader[-1],
                )
            )

        return await self._write(job)

    def _need_book(self) -> Rulebook:
        if self._book is None:
            raise Refused("conflict", "no-rules", "this desk has no rules in force yet")
        return self._book

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)


def _own_line(decision: Decision) -> int:
    """The reference of the line the command itself wrote, among those the rules added."""
    return next(c.ref for c in decision.changes if isinstance(c, Say) and c.author_kind in ("member", "agent"))


def _put(blobs: Any, data: bytes, limit: int) -> tuple[str, int]:
    import io

    digest, size = blobs.put(io.BytesIO(data), limit)
    return digest, size


def _last_texts(tx: Tx) -> dict[str, str] | None:
    digest = rulebooks.in_force(tx)
    return rulebooks.rulebook_texts(tx, digest) if digest else None


def _note_failed(tx: Tx, by: str, source: str, findings: list[dict[str, Any]]) -> dict[str, Any]:
    failed = {"at": tx.now, "by": by, "source": source, "findings": to_json(findings[:200])}
    rulebooks.set_parameter(tx, "rules.failed", failed)
    tx.record("rulebook.refused", {"by": by, "source": source, "findings": len(findings)})
    return {}


def _clear_failed(tx: Tx) -> dict[str, Any]:
    if "rules.failed" in rulebooks.parameters(tx):
        rulebooks.set_parameter(tx, "rules.failed", None)
        tx.record("rulebook.mended", {})
    return {}


def _activation_note(by: str, source: str, note: str) -> str:
    return json.dumps({"by": by, "source": source, "note": note}, ensure_ascii=False)


def _folder(config: Config) -> Path | None:
    """The desk's own plugins; the setting counts from the desk's folder."""
    return config.desk / config["plugins.dir"] if config["plugins.dir"] else None


def _storage_url(config: Config) -> str:
    """The storage's address; a file's path counts from the data folder."""
    return _from_data(config, "storage.url", "sqlite:")


def _files_url(config: Config) -> str:
    return _from_data(config, "files.url", "file:")


def _from_data(config: Config, setting: str, scheme: str) -> str:
    url = str(config[setting])
    if not url.startswith(scheme):
        return url
    return scheme + str((config.data / url.removeprefix(scheme)).resolve())


# What the floor above needs of the floors below, it takes from here.

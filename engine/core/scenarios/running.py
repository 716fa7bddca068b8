"""Running a scenario: its steps on the real decisions, with a virtual clock over a desk in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast
from zoneinfo import ZoneInfo

from engine.core.access import permissions_of
from engine.core.changes import Record
from engine.core.commands import (
    AskRating,
    CallEvent,
    ChangeMember,
    ChangeTicket,
    DeliveryFailed,
    EndChat,
    MemberLine,
    MemberSignedIn,
    MoveTicket,
    OpenChat,
    OpenTicket,
    Page,
    PostMessage,
    RateTicket,
    SetStatus,
)
from engine.core.decide import Decision
from engine.core.draft import Draft
from engine.core.entities import NEVER, SYSTEM, Actor, AgentStatus, Member
from engine.core.errors import Refused
from engine.core.library import Library
from engine.core.memory import World
from engine.core.opening import reopens
from engine.core.rulebook import Rulebook
from engine.core.scenarios.coverage import Coverage
from engine.core.scenarios.given import given
from engine.core.scenarios.made import agent_of, answer_of, moment, page_of, with_settings
from engine.core.scenarios.reading import FIRST
from engine.core.scenarios.result import Failure, Result
from engine.core.scenarios.why import why
from engine.core.schema.scenarios import CallEntry, Expect, MemberEntry, Scenario, Step
from engine.core.sla import TARGETS
from engine.core.spent import TooMuch
from engine.core.typed import typed
from engine.core.values import replace
from engine.lang import Duration
from engine.lang.said import quoted, say
from engine.lang.types import noun


def run(
    book: Rulebook, scenario: Scenario, coverage: Coverage | None = None, *, clock: Callable[[], float] | None = None
) -> Result:
    """Runs one scenario. A step that the desk refuses fails unless `expect: {error: CODE}` wants it.

    `coverage` learns of everything that was tried. `clock`: real seconds, so that it ends after some.
    """
    runner = _Runner(book, scenario, coverage)
    runner.world.spent.clock = clock
    return runner.run()


class _Runner:
    def __init__(self, book: Rulebook, scenario: Scenario, coverage: Coverage | None) -> None:
        self.coverage = coverage
        self.shop = scenario.shop or next(iter(book.shops))
        book, self.unset = given(book)
        if self.unset is None and scenario.settings and self.shop in book.shops:
            book, self.unset = with_settings(book, self.shop, scenario.settings)
        self.book = book
        self.scenario = scenario
        self.result = Result(scenario.name, scenario.at.span())
        zone = book.shops[self.shop].zone if self.shop in book.shops else ZoneInfo("UTC")
        now = moment(scenario.now or "2026-03-02 10:00", zone)
        self.world = World(book=book, now=now, outbound=frozenset({"email", "test"}))
        for n, (username, agent) in enumerate(scenario.agents.items()):
            self.world.agents[username] = agent_of(1000 + n, username, agent, self.book.roles)
        self.world.kept[Library] = Library(1, tuple(answer_of(n, answer) for n, answer in enumerate(scenario.answers)))
        self.zone = zone
        self.who = FIRST
        self.member = self.world.add_member(self.shop, **self._values(scenario.member))
        self.ticket: int | None = None
        self.opening: list[dict[str, Any]] = []
        """The lines of a window without a chat; `due` while one is still to be shown."""
        self.elsewhere: dict[tuple[str, str], tuple[Member, int | None, list[dict[str, Any]]]] = {}
        """Member, case and window of each person in each shop so far, as they were left."""
        self.shown: list[Mapping[str, Any]] = []
        """Those that the step has shown."""

    def run(self) -> Result:
        if self.shop not in self.book.shops:
            there_is_none = say("there is no shop `{shop}`", self.shop)
            self.result.failures.append(Failure(1, self.scenario.at.span("shop"), there_is_none))
            return self.result
        if self.unset is not None:
            self.result.failures.append(Failure(1, self.scenario.at.span(), self.unset))
            return self.result
        if self.member.tier not in self.book.tiers:
            there_is_none = say("there is no tier `{name}`", self.member.tier)
            self.result.failures.append(Failure(1, self.scenario.at.span("member", "tier"), there_is_none))
            return self.result
        for number, step in enumerate(self.scenario.steps):
            notifications, messages = len(self.world.notifications), self._message_count()
            events = len(self.world.events)
            error: Refused | None = None
            decisions: list[Decision] = []
            try:
                decisions = self._do(step)
                decisions += self.world.opened
                self.world.opened = []
            except TooMuch as much:
                self.result.failures.append(Failure(number + 1, step.at.span(), much.args[0]))
                break
            except Refused as refused:
                error = refused
            except Exception as broken:  # a step may ask for what there is not: a word the desk lacks, a line to fail
                error = Refused("invalid", "cannot-run", say("it cannot be done here ({why})", broken))
            self.result.steps += 1
            self._learn(decisions, _said(step))
            self._check(number, step, decisions, error, notifications, messages, events)
            if self.result.failures:
                break
        if self.coverage is not None:
            self.coverage.finish(self.result)
        return self.result

    # --- doing a step -----------------------------------------------------------------------------------------------

    def _do(self, step: Step) -> list[Decision]:
        world = self.world
        done: list[Decision] = []
        world.forget_unmoved()
        self.shown = []
        if step.wait is not None:
            done.extend(world.advance(world.now + Duration.parse(step.wait).micros, SYSTEM))
            self._show_opening()
        if step.new:
            self.ticket = None
        if step.as_ is not None:
            self._be(step.as_)
        if step.shop is not None:
            self._visit(step.shop)
        if step.member is not None:
            done.append(self._become(step.member))
        if step.open_chat:
            done.append(self._open_chat(page_of(None if step.open_chat is True else step.open_chat)))
        if step.sign_in_as is not None:
            done.extend(self._sign_in_as(step.sign_in_as))
        if step.sign_in:
            if step.sign_in != "new":
                world.seen.add(self.member.id)
            done.append(
                world.run(MemberSignedIn(self.shop), self._member_actor(), member_id=self.member.id, shop=self.shop)
            )
        if step.call is not None:
            done.append(self._call(step.call))
        if step.message is not None and step.open is None:
            done.append(self._message(step, step.message))
        if step.agent is not None:
            done.extend(self._agent(step, step.agent))
        if step.rate is not None:
            done.append(self._member_does(RateTicket(step.rate, step.comment)))
        if step.end and step.agent is None:
            done.append(self._member_does(EndChat()))
        if step.move is not None and step.agent is None:
            done.append(self._member_does(MoveTicket(self._number(), step.move)))
        if step.fail_delivery:
            last = [m for m in world.messages.get(self.ticket or 0, []) if m.direction == "outbound"][-1]
            command = DeliveryFailed(self.ticket or 0, last.id, step.fail_delivery)
            done.append(world.run(command, SYSTEM, ticket_id=self.ticket, shop=self.shop))
        return done + world.serve_queue(SYSTEM, done)

    def _open_chat(self, page: Page) -> Decision:
        decision = self.world.run(
            OpenChat(self.shop, page), self._member_actor(), member_id=self.member.id, shop=self.shop
        )
        now = self.world.now
        self.opening = [{**line, "at": now + line["after"], "due": now + line["after"]} for line in decision.opening]
        self._show_opening()
        return decision

    def _show_opening(self) -> None:
        """Shows the lines of the open window whose time has come."""
        for line in self.opening:
            if line["due"] is not None and line["due"] <= self.world.now:
                line["due"] = None
                self.shown.append(line)

    def _visit(self, shop: str) -> None:
        """The member goes to another shop, where the same person is another member with a case of his own."""
        if shop not in self.book.shops:
            raise Refused("invalid", "unknown-shop", say("there is no shop `{shop}`", shop))
        known = ("guest", "tier", "name", "language", "tags", "fields", "signed_up_at")
        self._turn(self.who, shop, {name: getattr(self.world.members[self.member.id], name) for name in known})

    def _be(self, who: str) -> None:
        """Another person of the scenario from here on, with a case of his own; or the first one again."""
        self._turn(who, self.shop, self._values(self.scenario.members.get(who)))

    def _turn(self, who: str, shop: str, values: Mapping[str, Any]) -> None:
        """To a person in a shop, made of the values the first time."""
        self.elsewhere[self.who, self.shop] = (self.member, self.ticket, self.opening)
        if (who, shop) not in self.elsewhere:
            self.elsewhere[who, shop] = (self.world.add_member(shop, **values), None, [])
        self.who, self.shop = who, shop
        self.member, self.ticket, self.opening = self.elsewhere[who, shop]

    def _values(self, member: MemberEntry | None) -> dict[str, Any]:
        """A member's values as the desk holds them: those that are written."""
        made = {} if member is None else member.written()
        if made.get("signed_up_at") is not None:
            made["signed_up_at"] = moment(made["signed_up_at"], self.zone)
        made["fields"] = {name: self._typed(name, value) for name, value in made.get("fields", {}).items()}
        return made

    def _typed(self, name: str, value: Any) -> Any:
        """A member's own field; what is of another type was told of when the scenario was read."""
        spec = self.book.custom_fields.get(f"member.{name}")
        if spec is None or value is None:
            return value
        try:
            return typed(spec.field, value)
        except (ValueError, ArithmeticError):
            return value

    def _sign_in_as(self, entry: MemberEntry) -> list[Decision]:
        """The guest signs in: another member, to whom the open chat comes along as it does on the desk."""
        if not self.member.guest:
            raise Refused("invalid", "cannot-run", say("only a guest signs in as somebody; use `sign_in: true`"))
        world = self.world
        self.member = world.add_member(self.shop, **self._values(entry))
        done = [world.run(MemberSignedIn(self.shop), self._member_actor(), member_id=self.member.id, shop=self.shop)]
        ticket = world.tickets.get(self.ticket or 0)
        if ticket is not None and ticket.category != "closed" and ticket.kind in self.book.live_kinds:
            done.append(world.bring(ticket.id, self.member.id))
        return done

    def _become(self, member: MemberEntry) -> Decision:
        """The member is somebody else from here on: a guest who has signed on, a tier the shop has changed. Rules hear
        of what the shop says of members; of the rest nobody tells them."""
        wanted = self._values(member)
        if member.at.has("guest") and member.guest is not self.member.guest:
            reason = say("nobody becomes a member or a guest like this; let the guest sign in: `sign_in_as: {name: …}`")
            raise Refused("invalid", "cannot-run", reason)
        held = self.world.members[self.member.id]
        told: dict[str, Any] = {n: wanted.pop(n) for n in ("name", "tier", "language", "tags") if n in wanted}
        told |= {f"fields.{name}": value for name, value in member.fields.items()}
        del wanted["fields"]
        if "blocked" in wanted:
            wanted["blocked_until"] = NEVER if wanted["blocked"] else None
        self.world.members[held.id] = replace(held, **wanted)
        command = ChangeMember(held.id, {name: list(v) if isinstance(v, tuple) else v for name, v in told.items()})
        new = held.id not in self.world.seen
        decision = self.world.run(command, SYSTEM, member_id=held.id, shop=self.shop)
        if new:
            self.world.seen.discard(held.id)  # what is told of somebody is no visit
        self.member = self.world.members[held.id]
        return decision

    def _call(self, call: CallEntry) -> Decision:
        """What an exchange says of a call; without an `id` it is the scenario's one call."""
        command = CallEvent(
            self.shop, call.event, call.id, call.direction, call.from_, call.to, call.agent, call.result
        )
        before = set(self.world.tickets)
        decision = self.world.run(command, SYSTEM, member_id=self.member.id, ticket_id=self.ticket, shop=self.shop)
        if self.ticket is None:
            self.ticket = min(self.world.tickets.keys() - before)
        return decision

    def _message(self, step: Step, text: str) -> Decision:
        world, scenario = self.world, self.scenario
        ticket = world.tickets.get(self.ticket or 0)
        if ticket is not None and ticket.category == "closed" and ticket.kind in self.book.live_kinds:
            case = world.case(self.member.id, ticket.id, self.shop)
            if not reopens(self.book, case, self._member_actor(), world.now):
                self.ticket, ticket = None, None
        values: dict[str, Any] = {}
        wanted = step.kind or scenario.kind, step.channel or scenario.channel
        kind, channel = self.book.opens.line(*wanted, self.book.live_kinds)
        if ticket is None:
            values = self._named({**scenario.ticket, **step.ticket})
        command = MemberLine(
            shop=self.shop,
            text=text,
            attachments=tuple(str(n) for n in range(step.attachments)),
            kind=kind,
            channel=channel,
            automatic=step.automatic,
            page=page_of(step.page),
            values=values,
            opening=tuple(self.opening),
        )
        self.opening = []
        before = set(world.tickets)
        decision = world.run(
            command, self._member_actor(), member_id=self.member.id, ticket_id=self.ticket, shop=self.shop
        )
        if ticket is None and decision.rejected is None:
            self.ticket = min(world.tickets.keys() - before)  # the first: others may have been opened beside it
        return decision

    def _named(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values of a case as commands name them: declared fields by `fields.NAME`."""
        custom = self.book.custom_fields
        return {(f"fields.{name}" if f"ticket.{name}" in custom else name): value for name, value in values.items()}

    def _agent(self, step: Step, username: str) -> list[Decision]:
        world = self.world
        agent = world.agents.get(username)
        if agent is None:
            raise Refused("invalid", "unknown-agent", say("the scenario has no agent `{name}`", username))
        actor = Actor(
            kind="agent",
            id=agent.id,
            name=agent.name,
            username=username,
            roles=agent.roles,
            permissions=permissions_of(self.book.roles, agent.roles),
            shops=tuple(self.book.shops),
            teams=agent.teams,
            alias=agent.alias,
        )
        done: list[Decision] = []
        if step.open is not None:
            kind = step.open
            opening = OpenTicket(kind, step.message or kind, kind, self.shop, self._named(step.ticket))
            done.append(world.run(opening, actor, member_id=self.member.id, shop=self.shop))
            self.ticket = max(t.id for t in world.tickets.values() if t.kind == kind)
        number = self._number()
        commands: list[Any] = []
        if step.reply is not None:
            commands.append(PostMessage(number, step.reply, "public"))
        if step.anonymous is not None:
            commands.append(PostMessage(number, step.anonymous, "anonymous"))
        if step.note is not None:
            commands.append(PostMessage(number, step.note, "internal"))
        if step.at.has("set"):
            commands.append(ChangeTicket(number, self._named(step.set)))
        if step.move is not None:
            commands.append(MoveTicket(number, step.move))
        if step.ask_rating:
            commands.append(AskRating(number))
        if step.end:
            commands.append(EndChat(number))
        done += [world.run(c, actor, ticket_id=self.ticket, shop=self.shop) for c in commands]
        if step.status is not None:
            status = cast(AgentStatus, step.status)  # another was told of before
            done.append(world.run(SetStatus(status), actor, shop=self.shop, agent=username))
            if status == "offline":
                done += world.serving_gone(username)
        return done

    def _number(self) -> int:
        return self.world.tickets[self.ticket].number if self.ticket is not None else 0

    def _member_does(self, command: Any) -> Decision:
        return self.world.run(command, self._member_actor(), ticket_id=self.ticket, shop=self.shop)

    def _member_actor(self) -> Actor:
        kind = "guest" if self.member.guest else "member"
        return Actor(kind=kind, id=self.member.id, name=self.member.name or "", shops=(self.shop,))  # type: ignore[arg-type]

    # --- looking at what came of it -----------------------------------------------------------------------------------

    def _learn(self, decisions: list[Decision], said: str | None) -> None:
        for decision in decisions:
            self.result.acted.update(t.rule for t in decision.trace if t.outcome == "acted")
            for change in decision.changes:
                if isinstance(change, Record) and change.kind == "ticket.state_changed":
                    ticket = self.world.tickets.get(change.ticket or 0) or self.world.tickets.get(self.ticket or 0)
                    if ticket is not None:
                        body = change.body
                        self.result.moves.add((ticket.kind, body["from"], body["to"], body["trigger"]))
        if self.coverage is not None:
            self.coverage.take(self.book, [*decisions, *self.world.unmoved()], said)
            for clocks in self.world.clocks.values():
                self.coverage.see(clocks.values())

    def _message_count(self) -> int:
        return sum(len(m) for m in self.world.messages.values())

    def _check(
        self,
        number: int,
        step: Step,
        decisions: list[Decision],
        error: Refused | None,
        notifications: int,
        messages: int,
        events: int,
    ) -> None:
        expect = step.expect or Expect(at=step.at)

        def fail(message: str, *path: str | int, help: str | None = None) -> None:
            span = expect.at.span(*path) if path else step.at.span()
            self.result.failures.append(Failure(number + 1, span, message, help))

        if error is not None and expect.error != error.code:
            fail(say("the desk refused this step: {why} [{code}]", error.message, error.code))
            return
        if error is None and expect.error is not None:
            message = say("the desk should have refused this step with `{code}`", expect.error)
            fail(message, "error")
            return
        trace = [t for d in decisions for t in d.trace]
        acted = [t.rule for t in trace if t.outcome == "acted"]
        said = [s for d in decisions for s in d.changes if type(s).__name__ == "Say"]
        facts: dict[str, list[str]] = {
            "opened": [wanted.kind for d in decisions for wanted in d.opens],
            "fired": acted,
            "lost": [t.rule for t in trace if t.outcome == "lost"],
            "replies": [r.template or r.text for d in decisions for r in d.replies]
            + [str(line.get("template") or line["text"]) for line in self.shown],
            "notified": [n for d in decisions for n in d.notified],
            "events": [e.split(" ")[0] for d in decisions for e in d.events] + [e for d in decisions for e in d.events],
            "notes": [s.template or s.text for s in said if s.visibility == "internal" and s.rule],  # type: ignore[union-attr]
            "timers": [
                name.removeprefix("rule:")
                for (tid, name) in self.world.timers
                if tid == self.ticket and name.startswith("rule:")
            ],
        }
        for key in ("opened", "fired", "lost", "replies", "notified", "events", "notes", "timers"):
            wanted: tuple[str, ...] | None = getattr(expect, key)
            if wanted is None:
                continue
            if not wanted and facts[key]:
                fail(say("{key}: nothing was expected, got {names}", key, _names(facts[key])), key)
            for n, name in enumerate(wanted):
                own = f"{self.shop}/{name}" if key in ("fired", "lost") else name  # a shop's own goes by either name
                if name not in facts[key] and own not in facts[key]:
                    tried = [*decisions, *self.world.unmoved()]
                    told = why(self.book, name, tried, _said(step)) if key == "fired" else None
                    message = say("{key}: `{name}` is missing, got {names}", key, name, _names(facts[key]))
                    fail(message, key, n, help=told)
        for n, name in enumerate(expect.not_fired or ()):
            if name in acted or f"{self.shop}/{name}" in acted:
                fail(say("`{name}` acted and should not have", name), "not_fired", n)
        for n, name in enumerate(expect.not_events or ()):
            if name in facts["events"]:
                fail(say("the event `{name}` came about and should not have", name), "not_events", n)
        ticket = self.world.tickets.get(self.ticket or 0)
        for n, name in enumerate(expect.not_tags or ()):
            if ticket is not None and name in ticket.tags:
                fail(say("the ticket has the tag `{name}` and should not have it", name), "not_tags", n)
        if expect.rejected is not None:
            was = any(d.rejected is not None for d in decisions)
            if was != expect.rejected:
                fail(say("the message was rejected") if was else say("the message was not rejected"), "rejected")
        if expect.reply is not None:
            texts = [r.text for d in decisions for r in d.replies] + [line["text"] for line in self.shown]
            if not any(expect.reply in text for text in texts):
                message = say("no reply contains `{text}`, got {names}", expect.reply, _names(texts))
                fail(message, "reply")
        for name, value in expect.fields.items():
            self._check_field(name, value, fail)

    def _check_field(self, name: str, wanted: Any, fail: Any) -> None:
        owner, _, short = name.partition(".")
        ticket = self.world.tickets.get(self.ticket or 0)
        if owner == "sla" and short in TARGETS:
            clock = self.world.clocks.get(ticket.id, {}).get(short) if ticket is not None else None
            state = clock.state if clock else None
            if state != wanted:
                fail(say("the clock {name} is {found}, expected {wanted}", short, state, wanted), name)
            return
        if owner != "member" and ticket is None:
            fail(say("there is no {noun} to look at", noun(owner)), name)
            return
        spec = self.book.fields.get(name)
        holder: Any = ticket
        if owner == "member":
            holder = self.world.case(self.member.id, None, self.shop).member  # with what is counted of its cases
        if name in self.book.custom_fields:
            got = holder.fields.get(short)
        elif owner in ("ticket", "member") and hasattr(holder, short):
            got = getattr(holder, short)
        elif spec is not None:
            case = self.world.case(self.member.id, self.ticket, self.shop)
            got = self.book.getter(name)(Draft(self.book, case, SYSTEM, self.world.now))
        else:
            fail(say("there is no field `{name}`", name), name)
            return
        if isinstance(got, tuple):
            missing = [w for w in (wanted or []) if w not in got]
            if (not wanted and got) or missing:
                fail(say("{name} is {found}, expected {wanted}", name, _names(got), _names(wanted or ())), name)
        elif spec is not None and spec[0].type.kind == "duration" and got is not None:
            if wanted is None or got != Duration.parse(str(wanted)).micros:
                fail(say("{name} is `{found}`, expected `{wanted}`", name, Duration(got), wanted), name)
        elif (got if got is None else str(got)) != (wanted if wanted is None else str(wanted)):
            fail(say("{name} is `{found}`, expected `{wanted}`", name, got, wanted), name)


def _said(step: Step) -> str | None:
    """What the step tries to say."""
    return next((text for text in (step.message, step.reply, step.anonymous, step.note) if text is not None), None)


def _names(names: Iterable[Any]) -> str | tuple[str, ...]:
    return quoted(names) or say("nothing")

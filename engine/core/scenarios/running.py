"""Running a scenario: its steps on the real decisions, with a virtual clock over a desk in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast
from zoneinfo import ZoneInfo

from engine.core.access import permissions_of
from engine.core.changes import Record
from engine.core.commands import (
    AskRating,
    CallEvent,
    ChangeMember,
    ChangeTicket,
    ClaimTicket,
    DeliveryFailed,
    EndChat,
    FollowTicket,
    MemberLine,
    MemberSignedIn,
    MoveTicket,
    NudgeTicket,
    OpenChat,
    OpenTicket,
    Page,
    PostMessage,
    RateTicket,
    SetStatus,
    TransferTicket,
    UnfollowTicket,
    UnsendMessage,
)
from engine.core.decide import Decision
from engine.core.entities import NEVER, SYSTEM, Actor, AgentStatus, Member
from engine.core.errors import Refused
from engine.core.library import Library
from engine.core.memory import World
from engine.core.opening import reopens
from engine.core.rulebook import Rulebook
from engine.core.scenarios.checking import Came, Situation, check, said_in
from engine.core.scenarios.coverage import Coverage
from engine.core.scenarios.given import given
from engine.core.scenarios.made import (
    agent_of,
    answer_of,
    as_sent,
    length_of,
    moment,
    page_of,
    task_command,
    with_settings,
)
from engine.core.scenarios.reading import FIRST
from engine.core.scenarios.result import Failure, Result
from engine.core.scenarios.why import Written
from engine.core.schema.scenarios import CallEntry, MemberEntry, NudgeEntry, Scenario, Step
from engine.core.spent import TooMuch
from engine.core.typed import typed
from engine.core.values import replace
from engine.lang.said import quoted, say


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
        self.written: list[Written] = []
        """What rules did so far, the last last."""

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
            self._learn(number + 1, decisions, said_in(step))
            self.result.failures += check(self._there(), Came(number + 1, step, tuple(decisions), error))
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
            done.extend(world.advance(world.now + length_of(step.wait).micros, SYSTEM))
            self._show_opening()
        if step.new:
            self.ticket = None
        if step.as_ is not None:
            self._be(step.as_)
        if step.shop is not None:
            self._visit(step.shop)
        if step.case is not None:
            self._turn_to(step.case)
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
        if step.nudge and step.agent is None:
            done.append(self._member_does(NudgeTicket(self._number())))
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

    def _turn_to(self, kind: str) -> None:
        """From here on the member's last case of a kind, such as one that a rule opened beside the first."""
        mine = (t for t in self.world.tickets.values() if t.kind == kind and t.member_id == self.member.id)
        last = max((ticket.id for ticket in mine), default=None)
        if last is None:
            raise Refused("missing", "not-found", say("there is no case of kind `{kind}` yet", kind))
        self.ticket = last

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

    def _sent(self, name: str, value: Any) -> Any:
        """The value of a field as people send it; what is of another type was told of when the scenario was read."""
        spec = self.book.custom_fields.get(name)
        if spec is None:
            return value
        try:
            return as_sent(spec.field, value, self.zone)
        except ValueError:
            return value

    def _typed(self, name: str, value: Any) -> Any:
        """A member's own field."""
        spec = self.book.custom_fields.get(f"member.{name}")
        if spec is None or value is None:
            return value
        try:
            return typed(spec.field, self._sent(f"member.{name}", value))
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
        told |= {f"fields.{name}": self._sent(f"member.{name}", value) for name, value in member.fields.items()}
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
        return {
            (f"fields.{name}" if f"ticket.{name}" in custom else name): self._sent(f"ticket.{name}", value)
            for name, value in values.items()
        }

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
        if step.transfer is not None:
            to = step.transfer
            commands.append(TransferTicket(number, to.team, to.agent, to.note or "", to.tell_member))
        if step.claim:
            commands.append(ClaimTicket(number))
        if step.follow is not None:
            commands.append(FollowTicket(number, step.follow))
        if step.unfollow is not None:
            commands.append(UnfollowTicket(number, step.unfollow))
        if step.task is not None:
            commands.append(task_command(step.task, number, world.now))
        if step.unsend:
            lines = world.messages.get(self.ticket or 0, ())
            sent = (line.id for line in reversed(lines) if line.direction == "outbound" and not line.unsent)
            commands.append(UnsendMessage(number, next(sent, 0)))
        if step.nudge:
            said = step.nudge.note if isinstance(step.nudge, NudgeEntry) else None
            commands.append(NudgeTicket(number, said or ""))
        if step.ask_rating:
            commands.append(AskRating(number))
        if step.end:
            commands.append(EndChat(number))
        if commands and (step.expect is None or step.expect.error is None):
            self._may_look(username, actor)
        done += [world.run(c, actor, ticket_id=self.ticket, shop=self.shop) for c in commands]
        if step.status is not None:
            status = cast(AgentStatus, step.status)  # another was told of before
            done.append(world.run(SetStatus(status), actor, shop=self.shop, agent=username))
            if status == "offline":
                done += world.serving_gone(username)
        return done

    def _number(self) -> int:
        return self.world.tickets[self.ticket].number if self.ticket is not None else 0

    def _may_look(self, username: str, actor: Actor) -> None:
        """Says plainly what an agent lacks to see a case at all; the desk would say that there is none."""
        if not self.book.roles:
            reason = say("the agent `{name}` has no rights: there are no roles; declare some in `roles.yaml`", username)
            raise Refused("forbidden", "no-roles", reason)
        if "ticket.view" not in actor.permissions:
            roles = quoted(actor.roles) or say("nothing")
            reason = say("the agent `{name}` may see no case: {roles} lack the right `ticket.view`", username, roles)
            raise Refused("forbidden", "no-view", reason)

    def _member_does(self, command: Any) -> Decision:
        return self.world.run(command, self._member_actor(), ticket_id=self.ticket, shop=self.shop)

    def _member_actor(self) -> Actor:
        kind = "guest" if self.member.guest else "member"
        return Actor(kind=kind, id=self.member.id, name=self.member.name or "", shops=(self.shop,))  # type: ignore[arg-type]

    # --- looking at what came of it -----------------------------------------------------------------------------------

    def _there(self) -> Situation:
        return Situation(
            self.book, self.world, self.shop, self.member.id, self.ticket, self.zone, tuple(self.shown), self.written
        )

    def _ticket_of(self, decision: Decision) -> int | None:
        """The case a decision was about, or which it opened."""
        if decision.ticket_ref is None or decision.ticket_ref > 0:
            return decision.ticket_ref
        opened = (
            one.body["number"] for one in decision.changes if isinstance(one, Record) and one.kind == "ticket.created"
        )
        number = next(opened, None)
        return next((ticket.id for ticket in self.world.tickets.values() if ticket.number == number), None)

    def _learn(self, number: int, decisions: list[Decision], said: str | None) -> None:
        for decision in decisions:
            acted = (entry for entry in decision.trace if entry.outcome == "acted" and entry.changes)
            case = self._ticket_of(decision)
            self.written.extend(Written(number, case, entry) for entry in acted)
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

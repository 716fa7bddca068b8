"""A small desk in memory for scenarios and tests: the nine changes applied to entities, and a clock turned by hand.

It stands for storage only; the decisions are the real ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import Any, TypeVar

from engine.core import rights, routing
from engine.core.access import EACH_SHOP
from engine.core.changes import Change, ClearTimer, Create, Enqueue, Record, Say, Set, Tag, Timer, Untag, tags_after
from engine.core.commands import CallEvent, GuestSignedIn, OpenLinked, ScheduleDue, ServeQueue, ServingGone, TimerDue
from engine.core.decide import Decision, Recurring, decide
from engine.core.entities import (
    NEVER,
    PRESENT,
    SYSTEM,
    Actor,
    Agent,
    Call,
    Case,
    Chat,
    Clock,
    Member,
    Message,
    Place,
    Task,
    Ticket,
)
from engine.core.library import Library
from engine.core.lines import line_of
from engine.core.reviews import Reviews
from engine.core.rulebook import Rulebook
from engine.core.schedule import next_moment
from engine.core.spent import Spent
from engine.core.tasks import written
from engine.core.values import replace
from engine.lang.checked import Schedule

T = TypeVar("T")

RECENT = 20
"""How much of a conversation a case holds."""

_Moment = tuple[str, int | None, int | None]
"""An event, and the member or ticket it is about."""
_Planned = tuple[int, str, str, Schedule]
"""A moment to come (µs UTC), its shop, the event and its schedule; no two are alike in the first three."""


@dataclass(slots=True)
class World:
    """The rows of a desk. `run` decides and applies; `advance` lets time pass."""

    book: Rulebook
    now: int
    members: dict[int, Member] = field(default_factory=dict)
    agents: dict[str, Agent] = field(default_factory=dict)
    tickets: dict[int, Ticket] = field(default_factory=dict)
    chats: dict[int, Chat] = field(default_factory=dict)
    clocks: dict[int, dict[str, Clock]] = field(default_factory=dict)
    timers: dict[tuple[int, str], Timer] = field(default_factory=dict)
    messages: dict[int, list[Message]] = field(default_factory=dict)
    uses: list[tuple[str, str, str, int]] = field(default_factory=list)
    ratings: dict[int, int] = field(default_factory=dict)
    notifications: list[Mapping[str, Any]] = field(default_factory=list)
    outbox: list[Enqueue] = field(default_factory=list)
    events: list[Record] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)
    calls: dict[int, Call] = field(default_factory=dict)
    following: dict[int, tuple[str, ...]] = field(default_factory=dict)
    to_do: dict[int, tuple[Task, ...]] = field(default_factory=dict)
    links: list[tuple[int, int, str]] = field(default_factory=list)
    """From, to, kind: cases opened beside others."""
    opened: list[Decision] = field(default_factory=list)
    """The decisions about such cases, until somebody takes them."""
    kept: dict[type, Any] = field(default_factory=lambda: {Library: Library(), Reviews: Reviews(lambda _: NEVER)})
    """What features keep for rules to ask, by the type of the value."""
    outbound: frozenset[str] = frozenset()
    _due: dict[tuple[str, str], _Planned] = field(default_factory=dict)
    _recurring: dict[tuple[str, str, int | None, int | None], tuple[Recurring, Case]] = field(default_factory=dict)
    _unmoved: dict[_Moment, tuple[ScheduleDue, Case, Actor, int]] = field(default_factory=dict)
    _next: int = 0
    spent: Spent = field(default_factory=Spent)
    """What time has brought so far, within its bounds."""

    # --- the lookups of a decision ----------------------------------------------------------------------------------

    def roster(self, shop: str) -> tuple[Agent, ...]:
        """Agents who serve the shop, with what they have in hand."""
        return tuple(
            replace(agent, load=self._load(agent.username))
            for agent in sorted(self.agents.values(), key=lambda a: a.username)
            if not agent.shops or shop in agent.shops
        )

    def at_the_desk(self, shop: str, team: str | None = None) -> Sequence[tuple[str, ...]]:
        """The roles of each agent who serves the shop and is there."""
        here = [agent for agent in self.roster(shop) if agent.status in PRESENT]
        return tuple(agent.roles for agent in here if team is None or team in agent.teams)

    def colleagues(self) -> tuple[Agent, ...]:
        """Every agent."""
        return tuple(replace(agent, shops=agent.shops or (EACH_SHOP,)) for agent in self.agents.values())

    def followers(self, ticket_id: int) -> tuple[str, ...]:
        """Who follows the ticket."""
        return self.following.get(ticket_id, ())

    def tasks(self, ticket_id: int) -> tuple[Task, ...]:
        """The ticket's sub-tasks."""
        return self.to_do.get(ticket_id, ())

    def last_agent(self, member_id: int) -> str | None:
        """Who last answered the member."""
        found: tuple[int, str] | None = None
        for ticket in self.tickets.values():
            if ticket.member_id != member_id:
                continue
            for message in self.messages.get(ticket.id, ()):
                if message.author and (found is None or message.created_at >= found[0]):
                    found = (message.created_at, message.author)
        return found[1] if found else None

    def last_line(self, member_id: int) -> Place | None:
        """Where the member last wrote."""
        found = [
            (message.created_at, ticket.id, ticket.channel, ticket.account)
            for ticket in self.tickets.values()
            if ticket.member_id == member_id
            for message in self.messages.get(ticket.id, ())
            if message.author_kind == "member"
        ]
        return Place(*max(found)[1:]) if found else None

    def open_chat(self, member_id: int, kind: str) -> int | None:
        """The number of the member's open case of a live kind, if there is one."""
        mine = (t for t in self.tickets.values() if (t.member_id, t.kind) == (member_id, kind))
        return next((t.number for t in mine if t.category != "closed"), None)

    def member_lines(self, ticket_id: int, since: int) -> int:
        """How many of the ticket's last hundred lines its member wrote since a moment, µs UTC."""
        last = self.messages.get(ticket_id, [])[-100:]
        return sum(line.author_kind == "member" and line.created_at > since for line in last)

    def rule_lines(self, ticket_id: int, since: int) -> int:
        """How many of the ticket's last hundred lines rules said to its member since a moment, µs UTC."""
        last = self.messages.get(ticket_id, [])[-100:]
        return sum(line.rule is not None and line.visibility == "public" and line.created_at > since for line in last)

    def before_in_line(self, ticket: Ticket, tier: str) -> int:
        """How many chats that wait for the ticket's team are served before it; `tier` is its member's."""
        book = self.book

        def place(one: Ticket, of: str) -> tuple[int, int, int]:
            newest = one.id if one.id > 0 else self._next + 1
            return (-book.tier_rank(of), -book.priority_rank(one.priority), newest)

        mine = place(ticket, tier)
        return sum(
            (one.team, one.shop, one.assignee) == (ticket.team, ticket.shop, None)
            and one.id != ticket.id
            and one.category != "closed"
            and one.id in self.chats
            and self.chats[one.id].served_at is None
            and place(one, self.members[one.member_id].tier) < mine
            for one in self.tickets.values()
        )

    def rule_uses(self, rule: str, scope: str, key: str, since: int | None) -> int:
        """How often the rule acted for this scope."""
        return sum(1 for r, s, k, at in self.uses if (r, s, k) == (rule, scope, key) and (since is None or at > since))

    def __getitem__(self, kind: type[T]) -> T:
        """What a feature keeps for rules, by its type."""
        found: T = self.kept[kind]
        return found

    # --- doing ------------------------------------------------------------------------------------------------------

    def add_member(self, shop: str, **values: Any) -> Member:
        """A member, by default one of the lowest real tier."""
        self._next += 1
        guest = bool(values.pop("guest", False))
        tier = values.pop("tier", self.book.guest_tier if guest else self.book.member_tier)
        values["fields"] = {**self.book.field_defaults("member"), **values.get("fields", {})}
        values["blocked_until"] = NEVER if values.get("blocked") else None
        member = Member(id=self._next, shop=shop, guest=guest, tier=tier, created_at=self.now, **values)
        self.members[member.id] = member
        return member

    def case(self, member_id: int | None, ticket_id: int | None, shop: str, agent: str | None = None) -> Case:
        """What a decision about this member and ticket starts from."""
        ticket = self.tickets.get(ticket_id) if ticket_id is not None else None
        assigned = agent or (ticket.assignee if ticket else None)
        found = None if assigned is None else next((a for a in self.roster(shop) if a.username == assigned), None)
        member = self.members.get(ticket.member_id if ticket else member_id or 0)
        if member is not None:
            opened = sum(1 for t in self.tickets.values() if t.member_id == member.id and t.category != "closed")
            blocked = member.blocked_until is not None and member.blocked_until > self.now
            member = replace(member, open_tickets=opened, blocked=blocked)
        return Case(
            shop=shop,
            member=member,
            lookups=self,
            ticket=ticket,
            chat=self.chats.get(ticket.id) if ticket else None,
            messages=tuple(self.messages.get(ticket.id, ())[-RECENT:]) if ticket else (),
            clocks=tuple(self.clocks.get(ticket.id, {}).values()) if ticket else (),
            timers={name: t.due_at for (tid, name), t in self.timers.items() if ticket and tid == ticket.id},
            next_number=len(self.tickets) + 1,
            agent=found,
            member_new=member is not None and member.id not in self.seen,
            outbound=self.outbound,
            rating_at=self.ratings.get(ticket.id) if ticket else None,
        )

    def run(
        self,
        command: Any,
        actor: Actor,
        *,
        member_id: int | None = None,
        ticket_id: int | None = None,
        shop: str = "",
        agent: str | None = None,
    ) -> Decision:
        """Decides and applies. Raises Refused like the desk."""
        case = self.case(member_id, ticket_id, shop, agent)
        if isinstance(command, CallEvent):
            named = (command.account, command.call)
            case = replace(case, call=next((c for c in self.calls.values() if (c.account, c.name) == named), None))
        decision = decide(self.book, command, case, actor, self.now)
        refs = self._apply(decision, actor)
        if case.member is not None:
            self.seen.add(case.member.id)
        self._open_all(decision, refs)
        return decision

    def bring(self, ticket_id: int, member_id: int) -> Decision:
        """A guest's chat comes along to the member as whom the guest has signed in."""
        shop = self.tickets[ticket_id].shop
        member = self.case(member_id, None, shop).member
        case = replace(self.case(None, ticket_id, shop), member=member, member_new=False)
        decision = decide(self.book, GuestSignedIn(member_id), case, SYSTEM, self.now)
        self._open_all(decision, self._apply(decision, SYSTEM))
        return decision

    def _open_all(self, decision: Decision, refs: Mapping[int, int]) -> None:
        for wanted in decision.opens:
            self._open(replace(wanted, origin=refs.get(wanted.origin, wanted.origin)))

    def _open(self, wanted: OpenLinked) -> None:
        """Opens a case beside another, by a decision of its own."""
        origin = self.tickets[wanted.origin]
        plain = self.case(origin.member_id, None, origin.shop)
        case = replace(plain, origin=origin, messages=tuple(self.messages.get(origin.id, ())))
        decision = decide(self.book, wanted, case, SYSTEM, self.now)
        self.opened.append(decision)
        self._open_all(decision, self._apply(decision, SYSTEM))

    def advance(self, until: int, actor: Actor) -> list[Decision]:
        """Lets time pass: every timer and every scheduled moment due by then comes at its time, in order.

        Raises TooMuch where that goes past what one scenario may take.
        """
        self.spent.wait(until - self.now)
        decisions: list[Decision] = []
        self._unmoved, self._recurring = {}, {}
        planned = self._planned()
        while True:
            due = [t for t in self.timers.values() if t.due_at <= until]
            timer = min(due, key=lambda t: (t.due_at, t.ticket, t.name), default=None)
            last = until if timer is None else timer.due_at - 1
            found: list[Decision] = []
            while not found and planned and planned[0][0] <= last:
                found = self._run_scheduled(heappop(planned), actor, planned)
            decisions.extend(found)
            if found:
                continue
            if timer is None:
                break
            del self.timers[(timer.ticket, timer.name)]
            self.now = max(self.now, timer.due_at)
            ticket = self.tickets[timer.ticket]
            command = TimerDue(timer.ticket, timer.name, timer.kind, timer.due_at, timer.body)
            self.spent.decided(timer.body.get("rule"))
            fired = self.run(command, actor, ticket_id=ticket.id, shop=ticket.shop)
            decisions += [fired, *self.serve_queue(actor, [fired])]
            self._recurring = {}
            planned = self._planned()  # a first member may have come to a shop
        self.now = max(self.now, until)
        return decisions

    def unmoved(self) -> list[Decision]:
        """The last scheduled moments of this step at which no rule acted, for each member and ticket: to tell why."""
        return [decide(self.book, *moment) for moment in self._unmoved.values()]

    def forget_unmoved(self) -> None:
        """Another step begins."""
        self._unmoved = {}

    def _planned(self) -> list[_Planned]:
        """The next moment of each schedule in each shop that has members: a heap, the first to come at its top."""
        for shop in {member.shop for member in self.members.values()} & set(self.book.shops):
            for event in self.book.schedules(shop):
                if event.every is not None and (shop, event.key) not in self._due:
                    moment = next_moment(event.every, self.now, self.book.zone(shop))
                    self._due[shop, event.key] = (moment, shop, event.key, event.every)
        planned = list(self._due.values())
        heapify(planned)
        return planned

    def _run_scheduled(self, due: _Planned, actor: Actor, planned: list[_Planned]) -> list[Decision]:
        """One run: a decision for each ticket or member there is now, or one; what no rule took leaves nothing."""
        moment, shop, key, every = due
        self.now = max(self.now, moment)
        again = (next_moment(every, moment, self.book.zone(shop)), shop, key, every)
        self._due[shop, key] = again
        heappush(planned, again)
        targets: list[tuple[int | None, int | None]] = [(None, None)]
        if every.each == "ticket":
            targets = [(None, t.id) for t in self.tickets.values() if t.shop == shop and t.merged_into is None]
        elif every.each == "member":
            targets = [(m.id, None) for m in self.members.values() if m.shop == shop]
        done: list[Decision] = []
        for member_id, ticket_id in sorted(targets, key=lambda target: (target[0] or 0, target[1] or 0)):
            self.spent.looked(key)
            command, about = ScheduleDue(key, moment), (key, member_id, ticket_id)
            recurring, case = self._recurring.get((shop, *about)) or self._recur(command, member_id, ticket_id, shop)
            self._unmoved[about] = (command, case, actor, self.now)
            if recurring.unheard(self.now):
                continue
            self.spent.decided(key)
            decision = decide(self.book, command, case, actor, self.now)
            if decision.trace:
                del self._unmoved[about]
                self._open_all(decision, self._apply(decision, actor))
                if decision.opens or not all(map(_is_aside, decision.changes)):
                    self._recurring = {}
                done.append(decision)
        return done

    def _recur(
        self, command: ScheduleDue, member_id: int | None, ticket_id: int | None, shop: str
    ) -> tuple[Recurring, Case]:
        """A schedule's moments about one member or ticket; kept until something is decided."""
        case = self.case(member_id, ticket_id, shop)
        found = Recurring(self.book, command, case, SYSTEM, self.now), case
        if case.member is None or case.member.blocked_until is None:  # a block ends by itself
            self._recurring[shop, command.key, member_id, ticket_id] = found
        return found

    def _able(self, shop: str) -> list[Agent]:
        return rights.able(self.book.roles, self.roster(shop))

    def serve_queue(self, actor: Actor, after: Iterable[Decision] | None = None) -> list[Decision]:
        """Gives waiting tickets to agents while somebody has room: higher tiers first, then urgency, then age. `after`:
        only where one of these decisions may have made room, as the desk does it."""
        decisions: list[Decision] = []
        if after is not None and all(routing.MAKES_ROOM.isdisjoint(one.events) for one in after):
            return decisions
        while (found := routing.next_served(self._queue(), self._able, self.last_agent)) is not None:
            ticket = self.tickets[found[0]]
            decision = self.run(ServeQueue(*found), actor, ticket_id=ticket.id, shop=ticket.shop)
            decisions.append(decision)
            if not decision.events:
                break
        return decisions

    def serving_gone(self, username: str) -> list[Decision]:
        """Tells the chats that an agent serves that she is offline, as the desk does when she goes."""
        served = [t for t in self.tickets.values() if t.assignee == username and t.kind in self.book.live_kinds]
        return [
            self.run(ServingGone(t.id), SYSTEM, ticket_id=t.id, shop=t.shop) for t in served if t.category != "closed"
        ]

    def _queue(self) -> list[routing.Waiting]:
        waiting = [
            t
            for t in self.tickets.values()
            if t.team is not None and t.assignee is None and t.category != "closed" and t.route_by is not None
        ]
        rank, tier = self.book.priority_rank, self.book.tier_rank
        waiting.sort(key=lambda t: (-tier(self.members[t.member_id].tier), -rank(t.priority), t.created_at))
        return [
            routing.Waiting(t.id, t.shop, t.team or "", t.route_by or "", t.route_skills, t.member_id, t.left_by)
            for t in waiting
        ]

    def _load(self, username: str) -> int:
        live = self.book.live_kinds
        return sum(
            1 for t in self.tickets.values() if t.assignee == username and t.category != "closed" and t.kind in live
        )

    # --- the nine changes -------------------------------------------------------------------------------------------

    def _apply(self, decision: Decision, actor: Actor) -> dict[int, int]:
        """Applies the changes; gives the ids that references became."""
        refs: dict[int, int] = {}

        def real(ref: int) -> int:
            if ref >= 0:
                return ref
            if ref not in refs:
                self._next += 1
                refs[ref] = self._next
            return refs[ref]

        for change in decision.changes:
            if isinstance(change, (Create, Set)) and change.thing == "task":
                self.to_do[real(change.ref)] = written(self.tasks(real(change.ref)), change)
            elif isinstance(change, Create):
                self._create(change, real)
            elif isinstance(change, Set):
                self._set(change, real)
            elif isinstance(change, Say):
                ticket_id = real(change.ticket)
                author = actor.username if change.author_kind == "agent" else None
                line = replace(line_of(change, author), id=real(change.ref), ticket_id=ticket_id)
                self.messages.setdefault(ticket_id, []).append(line)
            elif isinstance(change, (Tag, Untag)):
                self._tag(change, real)
            elif isinstance(change, Timer):
                ticket_id = real(change.ticket)
                self.timers[(ticket_id, change.name)] = replace(change, ticket=ticket_id)
            elif isinstance(change, ClearTimer):
                self.timers.pop((real(change.ticket), change.name), None)
            elif isinstance(change, Enqueue):
                self.outbox.append(change)
            else:
                self.events.append(change)
        return refs

    def _create(self, change: Create, real: Any) -> None:
        values = dict(change.values)
        ref = real(change.ref)
        if change.thing == "ticket":
            self.tickets[ref] = Ticket(id=ref, **values)
        elif change.thing == "chat":
            self.chats[ref] = Chat(ticket_id=ref, **values)
        elif change.thing == "clock":
            self.clocks.setdefault(ref, {})[values["target"]] = Clock(**values)
        elif change.thing == "notification":
            self.notifications.append(values)
        elif change.thing == "rule_use":
            self.uses.append((values["rule"], values["scope"], values["key"], values["at"]))
        elif change.thing == "link":
            self.links.append((real(values["from"]), real(values["to"]), values["kind"]))
        elif change.thing == "call":
            self.calls[ref] = Call(id=ref, **{**values, "ticket_id": real(values["ticket_id"])})
        elif change.thing == "rating":
            self.ratings.setdefault(real(values["ticket"]), values["at"])

    def _set(self, change: Set, real: Any) -> None:
        ref = real(change.ref)
        values = {k: v for k, v in change.values.items() if not k.startswith("fields.")}
        fields = {k.removeprefix("fields."): v for k, v in change.values.items() if k.startswith("fields.")}
        if change.thing == "ticket":
            before = self.tickets[ref]
            self.tickets[ref] = replace(
                before, **values, fields={**before.fields, **fields}, version=before.version + 1, updated_at=self.now
            )
        elif change.thing == "member":
            held = self.members[ref]
            self.members[ref] = replace(held, **values, fields={**held.fields, **fields})
        elif change.thing == "chat":
            self.chats[ref] = replace(self.chats[ref], **values)
        elif change.thing == "clock":
            self.clocks[ref][change.key] = replace(self.clocks[ref][change.key], **values)
        elif change.thing == "call":
            self.calls[ref] = replace(self.calls[ref], **values)
        elif change.thing == "follower":
            others = tuple(name for name in self.followers(ref) if name != change.key)
            self.following[ref] = (*others, change.key) if values["follows"] else others
        elif change.thing == "message":
            for ticket_id, lines in self.messages.items():
                self.messages[ticket_id] = [replace(m, unsent=True) if m.id == ref else m for m in lines]
        elif change.thing == "agent":
            agent = next(a for a in self.agents.values() if a.id == change.ref)
            self.agents[agent.username] = replace(agent, **values)

    def _tag(self, change: Tag | Untag, real: Any) -> None:
        ref = real(change.ref)
        if change.thing == "ticket":
            ticket = self.tickets[ref]
            self.tickets[ref] = replace(ticket, tags=tags_after(ticket.tags, change))
        else:
            member = self.members[ref]
            self.members[ref] = replace(member, tags=tags_after(member.tags, change))


def _is_aside(change: Change) -> bool:
    """Whether a change leaves every case as it was."""
    return isinstance(change, Record) or (isinstance(change, Create) and change.thing in ("notification", "rule_use"))

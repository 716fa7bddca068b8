"""The case as a decision has left it so far; from it the changes: the net difference, and what happened, in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

from engine.core.calendar import Calendar
from engine.core.chains import Chain
from engine.core.changes import Change, ClearTimer, Create, Enqueue, Record, Say, Set, Tag, Timer, TimerKind, Untag
from engine.core.commands import OpenLinked
from engine.core.entities import (
    NEVER,
    Actor,
    Agent,
    Arrival,
    AuthorKind,
    Call,
    Case,
    Chat,
    Clock,
    Member,
    Message,
    Place,
    Ticket,
    Visibility,
)
from engine.core.library import Answer, Library
from engine.core.lifecycle import Transition
from engine.core.masking import Mask
from engine.core.own_settings import answers_for
from engine.core.rulebook import Rulebook
from engine.core.trace import Reason
from engine.core.values import replace

SILENCE = "silence"
WAITING = "waiting"
GONE = "gone"
AGENT_GONE = "chat.agent_gone"


class Draft:
    """One decision in the making. Entities are replaced, never changed; `finish()` tells the difference as changes."""

    def __init__(self, book: Rulebook, case: Case, actor: Actor, now: int) -> None:
        self.book = book
        self.case = case
        self.shop = case.shop
        """The shop this happens in."""
        self.actor = actor
        self.now = now
        self.ticket: Ticket | None = case.ticket
        self.member: Member | None = case.member
        self.chat: Chat | None = case.chat
        self.agent: Agent | None = case.agent
        self.message: Message | None = None
        self.call: Call | None = case.call
        self.clocks: dict[str, Clock] = {clock.target: clock for clock in case.clocks}
        self.timers: dict[str, Timer | None] = {}
        self.log: list[Change] = []
        self.extra: dict[str, Any] = {}
        """Fields of the event itself: `timer.name`, `sla.percent`, `rating.score` …"""
        self.keys: set[str] = set()
        """Event keys of the next wave."""
        self.unheard: frozenset[str] = frozenset()
        """Event keys of the first wave that no rule is to hear."""
        self.replies: list[Say] = []
        self.opening: list[dict[str, Any]] = []
        """Lines of `chat.opened`: shown at once, stored before the first line."""
        self.aside: list[Say] = []
        """Lines to a member where there is no ticket: they stand in the conversation of the member's last line."""
        self.notified: list[str] = []
        self.replied = False
        self.follows: dict[str, Any] | None = None
        """The policy that clocks of this decision begin to follow, and why."""
        self.given: dict[str, int] = {}
        """Tickets this decision has given to agents: corrects their stored load."""
        self.dropped: list[tuple[str, Reason]] = []
        """Rules whose delayed reply nobody wants any more, and why."""
        self.rejected: str | None = None
        self.opens: list[OpenLinked] = []
        """Cases to be opened beside this one, each decided in its own right afterwards."""
        self.chain = Chain()
        """How far this decision stands from what came from outside."""
        self.masks: dict[int, Mask] = {}
        """Lines of this decision in which words are masked."""
        self._ref = 0
        self._roster: tuple[Agent, ...] | None = None
        self.notices: list[Create] = []
        self.uses: list[Create] = []
        self._block: Create | None = None
        self._fits: tuple[int, tuple[Answer, ...]] | None = None
        self.library: int | None = None
        """The version of the auto-reply library that was asked."""

    # --- reading ----------------------------------------------------------------------------------------------------

    @property
    def ticket_ref(self) -> int | None:
        """The ticket's id (negative while it is not stored), or None."""
        return self.ticket.id if self.ticket else None

    def ref(self) -> int:
        """The next reference for something not stored yet."""
        self._ref -= 1
        return self._ref

    def roster(self) -> tuple[Agent, ...]:
        """Agents who serve the shop; asked of the store once."""
        if self._roster is None:
            self._roster = self.case.lookups.roster(self.shop)
        return self._roster

    def find_agent(self, username: str) -> Agent | None:
        """An agent who serves the shop, by username."""
        return next((a for a in self.roster() if a.username == username), None)

    def calendar(self) -> Calendar:
        """The calendar of the ticket's team, else the shop's."""
        team = self.ticket.team if self.ticket else None
        return self.book.calendar_of(self.shop, team)

    def fits(self) -> tuple[Answer, ...]:
        """The library's answers that fit the line at hand, best first; the one alone that it picks from a menu."""
        line = self.message
        if line is None:
            return ()
        if self._fits is None or self._fits[0] != line.id:
            library = self.case.lookups[Library]
            self.library = library.version
            picked = library.chosen(line.text, self.case.messages, self.shop)
            self._fits = (line.id, (picked,) if picked else answers_for(self.book, library, line.text, self.shop))
        return self._fits[1]

    # --- tickets ----------------------------------------------------------------------------------------------------

    def need_ticket(self) -> Ticket:
        """The ticket; an action that needs one is refused by the checker where there may be none."""
        if self.ticket is None:
            raise LookupError("there is no ticket in this event")
        return self.ticket

    def need_member(self) -> Member:
        """The member; refused where there may be none."""
        if self.member is None:
            raise LookupError("there is no member in this event")
        return self.member

    def change_ticket(self, **values: Any) -> None:
        """Sets attributes of the ticket."""
        self.ticket = replace(self.need_ticket(), **values)

    def change_field(self, owner: str, name: str, value: Any) -> None:
        """Sets a custom field of the ticket or the member."""
        if owner == "member":
            if self.member is not None:
                self.member = replace(self.member, fields={**self.member.fields, name: value})
            return
        self.change_ticket(fields={**self.need_ticket().fields, name: value})

    def hand_over(self, team: str | None) -> bool:
        """Gives the ticket to a team. Who holds it keeps it where the team has it already, or has them; else nobody
        holds it any more, in the same act. Returns whether somebody does."""
        ticket = self.need_ticket()
        if ticket.team != team:
            self.change_ticket(team=team, left_by=None)
            holder = self.find_agent(ticket.assignee) if ticket.assignee else None
            if ticket.assignee is not None and team is not None and (holder is None or team not in holder.teams):
                self.assign(None)
        return self.need_ticket().assignee is not None

    def assign(self, agent: Agent | None, by: str | None = None) -> None:
        """Gives the ticket to an agent or to nobody."""
        ticket = self.need_ticket()
        username = agent.username if agent else None
        if ticket.assignee == username:
            return
        if ticket.assignee:
            self.given[ticket.assignee] = self.given.get(ticket.assignee, 0) - 1
        if username:
            self.given[username] = self.given.get(username, 0) + 1
        self.agent = agent
        self.change_ticket(assignee=username, **({"left_by": None} if username else {}))
        if agent is not None:
            self.log.append(Set("agent", agent.id, {"last_assigned_at": self.now}))
            self.agent_gone()
        if self.chat is not None and username:
            self.timers[WAITING] = None
            served = self.chat.served_at if self.chat.served_at is not None else self.now
            self.chat = replace(self.chat, served_at=served, queued_at=self.chat.queued_at)

    def move(self, transition: Transition, *, rule: str | None = None) -> None:
        """Carries out a transition: state, category, closing and reopening times. A line that at once makes it the
        member's turn, such as thanks, awaits nothing; what a closed case awaited, whoever reopens it takes up."""
        ticket = self.need_ticket()
        lifecycle = self.book.lifecycles[ticket.kind]
        state = lifecycle.states[transition.target]
        was_closed = ticket.category == "closed"
        closed = state.category == "closed"
        first = self.case.ticket
        if closed and first is not None and first.category == "closed":
            # Opened and closed again in one decision, such as by a line of thanks: it has stayed closed.
            closed_at, reopened = first.closed_at, first.reopened
        else:
            closed_at = self.now if closed and not was_closed else (ticket.closed_at if closed else None)
            reopened = ticket.reopened + (1 if was_closed and not closed else 0)
        self.change_ticket(
            state=state.name,
            category=state.category,
            closed_at=closed_at,
            reopened=reopened,
            waiting_since=None
            if state.category != "open" and ticket.waiting_since == self.now
            else ticket.waiting_since,
        )
        body: dict[str, Any] = {"from": ticket.state, "to": state.name, "trigger": transition.trigger}
        if rule:
            body["rule"] = rule
        self.record("ticket.state_changed", body)
        if closed and not was_closed and self.chat is not None and self.chat.ended_at is None:
            self.chat = replace(self.chat, ended_at=self.now, silent_since=None, silent_side=None)
            self.record("chat.ended", {"trigger": transition.trigger})
            self.keys.add("chat.ended")
        if closed:
            self.timers[SILENCE] = None
            self.timers[WAITING] = None
        elif was_closed and self.chat is not None and self.chat.ended_at is not None:
            self.chat = replace(self.chat, ended_at=None)
            self.record("chat.resumed", {"trigger": transition.trigger})

    # --- lines ------------------------------------------------------------------------------------------------------

    def say(
        self,
        *,
        author_kind: AuthorKind,
        text: str,
        visibility: Visibility = "public",
        direction: str = "outbound",
        author_id: int | None = None,
        shown_as: str = "",
        automatic: bool = False,
        attachments: tuple[str, ...] = (),
        rule: str | None = None,
        template: str | None = None,
        client_key: str | None = None,
        arrival: Arrival | None = None,
        language: str | None = None,
        at: int | None = None,
        into: Place | None = None,
    ) -> Say:
        """Adds a line; one that members get by a channel with an outbox is put there too. Records it.

        `into`: another conversation than the ticket's.
        """
        if into is None:
            ticket = self.need_ticket()
            into = Place(ticket.id, ticket.channel, ticket.account)
        ticket_id, channel = into.ticket_id, arrival.channel if arrival else into.channel
        say = Say(
            ref=self.ref(),
            ticket=ticket_id,
            author_kind=author_kind,
            text=text,
            at=self.now if at is None else at,
            author_id=author_id,
            shown_as=shown_as,
            visibility=visibility,
            direction="inbound" if direction == "inbound" else "outbound",
            automatic=automatic,
            channel=channel,
            language=language,
            attachments=attachments,
            rule=rule,
            template=template,
            client_key=client_key,
            external_id=arrival.external_id if arrival else None,
            account=arrival.account if arrival else into.account,
            html=arrival.html if arrival else None,
            reply_to=arrival.reply_to if arrival else None,
            sender=arrival.sender if arrival else {},
        )
        self.log.append(say)
        if visibility == "internal":
            kind = "message.noted"
        elif direction == "inbound":
            kind = "message.received"
        else:
            kind = "message.sent"
        self.record(kind, {"message": say.ref, **({"rule": rule} if rule else {})}, ticket=ticket_id)
        if kind == "message.sent" and channel in self.case.outbound:
            self.log.append(Enqueue(channel, ticket_id, say.ref, self.now, self.chain.carried()))
        return say

    def mask(self, words: tuple[str, ...]) -> bool:
        """Hides words in the line at hand wherever it is stored or shown; False for a line stored before."""
        line = self.message
        if line is None or line.id >= 0:
            return False
        self.masks[line.id] = self.masks.get(line.id, Mask(line.id, line.text)).over(words)
        return True

    def shown_text(self) -> str | None:
        """The line at hand as people see it."""
        if self.message is None:
            return None
        mask = self.masks.get(self.message.id)
        return self.message.text if mask is None else mask.shown

    def record(self, kind: str, body: Mapping[str, Any] | None = None, *, ticket: int | None = None) -> None:
        """Puts something that happened into the one log; `ticket` where it is not the decision's own."""
        about = self.ticket_ref if ticket is None else ticket
        member = self.member.id if self.member else None
        self.log.append(Record(kind=kind, body=dict(body or {}), ticket=about, member=member))

    def block(self, until: int, why: str, rule: str | None = None) -> bool:
        """Puts the member on the blacklist until a moment (NEVER: for good); a block that lasts longer stays.

        The longest of a decision is the one that is kept: the others leave nothing.
        """
        member = self.member
        if member is None or (member.blocked and (member.blocked_until or 0) >= until):
            return False
        self.member = replace(member, blocked=True, blocked_until=until)
        if self._block is not None:
            shorter = self._block.ref
            self.log = [c for c in self.log if not _tells_of(c, shorter)]
        self._block = Create("block", self.ref(), {"member": member.id, "until": until, "why": why, "rule": rule})
        self.log.append(self._block)
        body = {"block": self._block.ref, "blocked_until": None if until == NEVER else until, "why": why}
        self.record("member.blocked", {**body, **({"rule": rule} if rule else {})})
        return True

    def unblock(self) -> None:
        """Takes the member off the blacklist."""
        if self.member is not None:
            self.member = replace(self.member, blocked=False, blocked_until=None)
            self.log.append(Set("block", self.member.id, {"until": self.now}))
            self.record("member.unblocked", {})

    def enqueue(self, channel: str, body: Mapping[str, Any]) -> None:
        """Something that leaves the desk after commit and is no line of the conversation."""
        self.log.append(Enqueue(channel=channel, ticket=self.ticket_ref, message=None, due_at=self.now, body=body))

    def use(self, rule: str, scope: str, key: str) -> None:
        """Counts an acting of a rule that has a `limit`."""
        self.uses.append(Create("rule_use", self.ref(), {"rule": rule, "scope": scope, "key": key, "at": self.now}))

    # --- time -------------------------------------------------------------------------------------------------------

    def set_timer(self, name: str, due_at: int, kind: TimerKind, body: Mapping[str, Any] | None = None) -> None:
        """A moment to come for this ticket; of one name there is one."""
        ticket = self.need_ticket()
        self.timers[name] = Timer(ticket=ticket.id, name=name, due_at=due_at, kind=kind, body=dict(body or {}))

    def say_later(self, name: str, due_at: int, line: Mapping[str, Any], *, ticket: int | None = None) -> None:
        """A line to be said later, into the ticket of the decision or another. `name` tells those of one decision
        apart; `line`: text, `as`, rule and template."""
        known = f"say:{name}:{self.now}"
        while known in self.case.timers:  # of an earlier decision in the same moment
            known += "+"
        body = {**line, **self.chain.carried()}
        self.log.append(Timer(ticket or self.need_ticket().id, known, due_at, "say", body))

    def last_reply(self) -> Message:
        """The last automatic reply, as the message of `message.sent`."""
        say = self.replies[-1]
        return Message(
            id=say.ref,
            ticket_id=say.ticket,
            author_kind=say.author_kind,
            text=say.text,
            created_at=say.at,
            direction="outbound",
            automatic=True,
            channel=say.channel,
            language=say.language,
            rule=say.rule,
        )

    def drop(self, rule: str, reason: Reason) -> None:
        """What a rule wanted is not done after all: the ticket's log and trace say why."""
        self.dropped.append((rule, reason))
        self.record("reply.dropped", {"rule": rule, "why": str.__str__(reason.words)})

    def clear_timer(self, name: str) -> None:
        """The timer is no longer wanted."""
        self.timers[name] = None

    def turn(self, side: str | None) -> None:
        """Whose turn it is in a chat; the silence events count from here. The same side's clock goes on running."""
        if self.chat is None:
            return
        if side is None:
            self.chat = replace(self.chat, silent_side=None, silent_since=None)
            self.timers[SILENCE] = None
            return
        if self.chat.silent_side == side and side == "agent":
            return
        self.chat = replace(self.chat, silent_side=side, silent_since=self.now)
        self.arm_silence(f"chat.{side}_silent", self.now, 0)

    def arm_silence(self, kind: str, since: int, passed: int) -> None:
        """Sets the timer of the next `after` longer than `passed` that a rule names for a silence or for waiting."""
        name = {"chat.waiting": WAITING, AGENT_GONE: GONE}.get(kind, SILENCE)
        for after in self.book.rules.after(kind, self.shop):
            if after > passed:
                self.set_timer(name, since + after, "silence", {"kind": kind, "since": since, "after": after})
                return
        self.timers[name] = None

    def agent_gone(self) -> None:
        """Where an agent who is offline serves a chat that goes on: from now on counts for `chat.agent_gone`."""
        if self.chat is not None and self.chat.ended_at is None and self.agent and self.agent.status == "offline":
            self.arm_silence(AGENT_GONE, self.now, 0)

    # --- the difference ---------------------------------------------------------------------------------------------

    def finish(self) -> list[Change]:
        """All changes of this decision: rows first, then lines and events in the order they came about."""
        changes: list[Change] = []
        ticket, before = self.ticket, self.case.ticket
        if ticket is not None:
            if ticket.id < 0:
                changes.append(Create("ticket", ticket.id, _values(ticket, skip=("id", "version", "tags"))))
                if ticket.tags:
                    changes.append(Tag("ticket", ticket.id, ticket.tags))
            elif before is not None and before is not ticket:
                changes.extend(_difference("ticket", ticket.id, before, ticket))
            if self.chat is not None:
                if self.case.chat is None:
                    changes.append(Create("chat", ticket.id, _values(self.chat, skip=("ticket_id",))))
                elif self.chat != self.case.chat:
                    changes.extend(_difference("chat", ticket.id, self.case.chat, self.chat))
            known = {clock.target: clock for clock in self.case.clocks}
            for target, clock in self.clocks.items():
                if target not in known:
                    changes.append(Create("clock", ticket.id, _values(clock, skip=("id",))))
                elif clock != known[target]:
                    changes.append(
                        Set("clock", ticket.id, _changed(known[target], clock, skip=("id", "target")), key=target)
                    )
        if self.member is not None and self.case.member is not None and self.member is not self.case.member:
            changes.extend(_difference("member", self.member.id, self.case.member, self.member))
        changes.extend(self.log)
        changes.extend(self.uses)
        if ticket is not None:
            for name, timer in self.timers.items():
                if timer is not None:
                    changes.append(timer)
                elif name in self.case.timers:
                    changes.append(ClearTimer(ticket.id, name))
        return self.masked(changes)

    def masked(self, changes: list[Change]) -> list[Change]:
        """Changes as they may be stored."""
        for mask in self.masks.values():
            changes = [mask.change(change) for change in changes]
        return changes


def _tells_of(change: Change, block: int) -> bool:
    if isinstance(change, Create):
        return change.ref == block
    return isinstance(change, Record) and change.body.get("block") == block


_Attributes = tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]
_known: dict[tuple[str, tuple[str, ...]], _Attributes] = {}


def _attributes(entity: Any, skip: tuple[str, ...]) -> _Attributes:
    """The names of an entity's attributes but for some, and what gives them all."""
    key = (type(entity).__name__, skip)
    found = _known.get(key)
    if found is None:
        names = tuple(name for name in entity.__struct_fields__ if name not in skip)
        found = _known[key] = (names, attrgetter(*names))
    return found


def _values(entity: Any, skip: tuple[str, ...]) -> dict[str, Any]:
    names, get = _attributes(entity, skip)
    return dict(zip(names, get(entity), strict=True))


def _changed(before: Any, after: Any, skip: tuple[str, ...] = ()) -> dict[str, Any]:
    names, get = _attributes(after, skip)
    return {name: now for name, now, then in zip(names, get(after), get(before), strict=True) if now != then}


def _difference(thing: Any, ref: int, before: Any, after: Any) -> list[Change]:
    values = _changed(before, after, skip=("id", "version", "updated_at", "open_tickets", "complaints_30d", "blocked"))
    changes: list[Change] = []
    if "tags" in values:
        had, has = before.tags, after.tags
        added = tuple(t for t in has if t not in had)
        gone = tuple(t for t in had if t not in has)
        if added:
            changes.append(Tag(thing, ref, added))
        if gone:
            changes.append(Untag(thing, ref, gone))
        del values["tags"]
    if "fields" in values:
        for name, value in after.fields.items():
            if before.fields.get(name) != value:
                values[f"fields.{name}"] = value
        del values["fields"]
    if values:
        changes.insert(0, Set(thing, ref, values))
    elif changes and thing == "ticket":
        changes.insert(0, Set(thing, ref, {}))
    return changes

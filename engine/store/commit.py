"""Applying a decision: the nine changes become rows, events, timers, outbox and the decision record, in one
transaction.

One inbound line is a fixed handful of statements: changes to one row are gathered into one UPDATE, rows of one kind
into one INSERT. References to rows that are not stored yet are negative and replaced as the rows get their ids;
events and decisions are only put in line here, and stored at the end of the batch (`log.number_events`).
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.core.changes import ClearTimer, Create, Enqueue, Record, Say, Set, Tag, Timer, Untag
from engine.core.entities import SYSTEM, Actor, Case, Clock
from engine.core.values import replace
from engine.store import tables as t
from engine.store import tasks
from engine.store.errors import FileRefused, StoreError
from engine.store.followers import turn
from engine.store.fresh import NewTicket, made
from engine.store.kinds import Decided, Kinds, by_kind
from engine.store.lines import line_row
from engine.store.log import EventRow, plain_json, to_json
from engine.store.packing import pack, pack_snapshot
from engine.store.people import agent_id, agent_ids
from engine.store.search import marked
from engine.store.sql import Plus
from engine.store.tx import Tx
from engine.store.values import Lexicon, Owner, decode_fields, encode_fields, field_rows, fields_of, refs_in, seal_body


@dataclass(frozen=True, slots=True)
class Applied:
    """What applying gave. Events have their ids once the write is answered."""

    refs: Mapping[int, int]
    """The decision's negative references and the ids they became."""
    ticket_id: int | None
    number: int | None
    events: tuple[EventRow, ...]
    messages: tuple[int, ...]
    """Ids of the lines it stored, in order."""
    new: NewTicket | None = None
    """The ticket it made; None also where more than making it happened to its rows."""


def apply(
    tx: Tx,
    case: Case,
    decision: Decided,
    lexicon: Lexicon,
    *,
    actor: Actor = SYSTEM,
    uploaders: Collection[str] = (),
) -> Applied:
    """Stores a decision about a case.

    `uploaders` are the owners whose uploads its lines may name (`agent:3`, `visitor:KEY`), beside each line's author.
    Raises FileRefused when a line names another's upload, StoreError when a change names a row that is not there.
    """
    return _Applying(tx, case, lexicon, actor, frozenset(uploaders), decision.shop).run(decision)


FOLDED = frozenset({"subject", "order_no", "product", "solution"})
"""Texts of a ticket that are kept a second time as filters compare them."""
_COMPUTED = frozenset({"open_tickets", "complaints_30d", "id", "load"})
"""Attributes of entities that are counted, not stored."""


_AS_THEY_ARE = (
    frozenset(t.Ticket._meta.columns) - FOLDED - _COMPUTED - {"priority", "route_skills", "member_id", "fields"}
)
"""Columns of a ticket that hold what its attribute of the same name is: most of them."""


def _but_id(values: Mapping[str, Any]) -> dict[str, Any]:
    kept = dict(values)
    kept.pop("id", None)
    return kept


class _Applying:
    def __init__(
        self, tx: Tx, case: Case, lexicon: Lexicon, actor: Actor, uploaders: frozenset[str], shop: str
    ) -> None:
        self.tx = tx
        self.case = case
        self.lexicon = lexicon
        self.actor = actor
        self.uploaders = uploaders
        self.shop = shop
        self.refs: dict[int, int] = {}
        self.agents: dict[str, int] = {}
        self.updates: dict[int, dict[str, Any]] = {}
        self.messages: list[int] = []
        self.number = case.ticket.number if case.ticket else None
        self.ticket_id = case.ticket.id if case.ticket else None
        self.files: list[tuple[int, Say]] = []
        self.columns: dict[str, Any] = {}  # of the ticket this decision made first
        self.clocks: tuple[Clock, ...] = case.clocks

    def real(self, ref: int) -> int:
        """The id behind a reference. Raises StoreError for one that nothing was created for."""
        if ref >= 0:
            return ref
        try:
            return self.refs[ref]
        except KeyError:
            raise StoreError(f"a change refers to {ref}, which the decision has not created") from None

    def run(self, decision: Decided) -> Applied:
        kinds = by_kind(decision.changes)
        self._find_agents(kinds)
        clocks = kinds["clock"]
        due_at = self._due_at(clocks)
        for change in kinds["ticket"]:
            self._create_ticket(change, due_at)
        if due_at is not None and self.case.ticket is not None:
            self.updates.setdefault(self.case.ticket.id, {})["due_at"] = due_at
        self._clocks(clocks)
        self._say(kinds[Say])
        for change in kinds["other"]:
            if change.thing == "task":
                tasks.write(self.tx, self.real(change.ref), change)
            elif type(change) is Set:
                self._set(change)
            else:
                self._create(change)
        self._notifications(kinds["notification"])
        uses = [{k: use.values[k] for k in ("rule", "scope", "key", "at")} for use in kinds["rule_use"]]
        self.tx.insert_many(t.RuleUse, uses)
        self._tags(kinds[Tag], kinds[Untag])
        self._timers(kinds[Timer], kinds[ClearTimer])
        self._outbox(kinds[Enqueue])
        self._attach()
        for ticket_id, values in self.updates.items():
            if self.tx.update(t.Ticket, values, id=ticket_id) != 1:
                raise StoreError(f"there is no ticket with the id {ticket_id}")
        events = [self._record(record) for record in kinds[Record]]
        self._remember(decision, events)
        row = {**self.columns, **self.updates.get(self.ticket_id or 0, {})}
        new = made(self.case, kinds, row, self.clocks) if self.columns else None
        return Applied(self.refs, self.ticket_id, self.number, tuple(events), tuple(self.messages), new)

    # ---------------------------------------------------------------------------------------------------------- people

    def _find_agents(self, kinds: Kinds) -> None:
        """Ids of the agents that values name by username, in one statement."""
        names = {change.values["agent"] for change in kinds["notification"]}
        names.update(c.values.get("assignee") for c in (*kinds["ticket"], *kinds["other"]) if c.thing == "ticket")
        names -= {None, ""}
        self.agents = agent_ids(self.tx, names)

    def _agent(self, username: str) -> int:
        try:
            return self.agents[username]
        except KeyError:
            raise StoreError(f"there is no agent `{username}`") from None

    # --------------------------------------------------------------------------------------------------------- tickets

    def _ticket_columns(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Attributes of a ticket as columns; custom fields are left to the caller."""
        columns: dict[str, Any] = {}
        for name, value in values.items():
            if name in _AS_THEY_ARE:
                columns[name] = value
            elif name == "assignee":
                columns["assignee_id"] = self._agent(value) if value else None
            elif name == "priority":
                columns["priority"] = value
                columns["priority_rank"] = self.lexicon.priorities.get(value, 0)
            elif name == "route_skills":
                columns["route_skills"] = to_json(list(value or ()))
            elif name == "member_id":
                columns["member_id"] = self.real(value)
            elif name in FOLDED:
                columns[name] = value
                columns[f"{name}_folded"] = marked(value) if value is not None else None
            elif name != "fields" and not name.startswith("fields.") and name not in _COMPUTED:
                columns[name] = value
        return columns

    def _create_ticket(self, change: Create, due_at: int | None) -> None:
        columns = self._ticket_columns(change.values)
        fields = dict(change.values.get("fields") or {})
        columns["fields"] = encode_fields("ticket", fields, self.lexicon, self.tx.ring)
        columns["number"] = columns.get("number") or self.tx.next_number()
        if due_at is not None and self.case.ticket is None and self.ticket_id is None:
            columns["due_at"] = due_at  # the clocks of a decision without a ticket are those of the first it makes
        ticket_id = self.tx.insert(t.Ticket, columns)
        self.refs[change.ref] = ticket_id
        if self.ticket_id is None:
            self.ticket_id, self.number, self.columns = ticket_id, columns["number"], columns
        self.tx.insert_many(t.FieldValue, field_rows("ticket", ticket_id, fields, self.lexicon, self.tx.ring))
        self.tx.find_by("ticket", ticket_id, columns.get("subject") or "")

    def _set(self, change: Set) -> None:
        ref = self.real(change.ref)
        if change.thing == "ticket":
            values = self.updates.setdefault(ref, {})
            values.update(self._ticket_columns(change.values))
            fields = fields_of(change.values)
            known = self.case.ticket
            if fields:
                before = known.fields if known is not None and known.id == ref else self._fields("ticket", ref)
                values["fields"] = self._change_fields("ticket", ref, before, fields)
            if "subject" in change.values:
                old = known.subject if known is not None and known.id == ref else ""
                self.tx.find_by("ticket", ref, change.values["subject"] or "", old=old)
            values.update(version=Plus(1), updated_at=self.tx.now)
        elif change.thing == "member":
            self._set_member(ref, change.values)
        elif change.thing == "chat":
            self.tx.update(t.Chat, {k: v for k, v in change.values.items() if k != "ticket_id"}, ticket_id=ref)
        elif change.thing == "call":
            self.tx.update(t.Call, self._call_columns(change.values), id=ref)
        elif change.thing == "block":
            self.tx.run(
                t.Block.update(until=change.values["until"]).where(
                    (t.Block.member_id == ref) & (t.Block.until.is_null() | (t.Block.until > change.values["until"]))
                )
            )
        elif change.thing == "message":
            self.tx.update(t.Message, change.values, id=ref)
        elif change.thing == "agent":
            self.tx.update(t.Agent, {k: v for k, v in change.values.items() if k in _AGENT}, id=ref)
        elif change.thing == "follower":
            turn(self.tx, ref, change.key, follows=change.values["follows"])
        else:
            raise StoreError(f"a {change.thing} is never changed")

    def _set_member(self, member_id: int, values: Mapping[str, Any]) -> None:
        columns = {k: v for k, v in values.items() if k in _MEMBER}
        if "tier" in columns:
            columns["tier_rank"] = self.lexicon.tiers.get(columns["tier"], 0)
        known = self.case.member
        mine = known is not None and known.id == member_id
        fields = fields_of(values)
        if fields:
            before = known.fields if known is not None and mine else self._fields("member", member_id)
            columns["fields"] = self._change_fields("member", member_id, before, fields)
        if "name" in columns:
            columns["name_folded"] = marked(columns["name"]) if columns["name"] is not None else None
            old = (known.name or "") if known is not None and mine else ""
            self.tx.find_by("member", member_id, columns["name"] or "", old=old)
        if columns:
            columns["updated_at"] = self.tx.now
            self.tx.update(t.Member, columns, id=member_id)

    def _fields(self, owner: Owner, owner_id: int) -> dict[str, Any]:
        model = t.Ticket if owner == "ticket" else t.Member
        text = self.tx.value(model.select(model.fields).where(model.id == owner_id))
        return decode_fields(owner, text or "{}", self.tx.ring)

    def _change_fields(self, owner: Owner, owner_id: int, before: Mapping[str, Any], new: Mapping[str, Any]) -> str:
        self.tx.run(
            t.FieldValue.delete().where(
                (t.FieldValue.owner_kind == owner)
                & (t.FieldValue.owner_id == owner_id)
                & t.FieldValue.name.in_(list(new))
            )
        )
        self.tx.insert_many(t.FieldValue, field_rows(owner, owner_id, new, self.lexicon, self.tx.ring))
        return encode_fields(owner, {**before, **new}, self.lexicon, self.tx.ring)

    def _create(self, change: Create) -> None:
        values = change.values
        if change.thing == "chat":
            row = {k: v for k, v in values.items() if k != "ticket_id"}
            self.tx.insert(t.Chat, {"ticket_id": self.real(change.ref), **row})
        elif change.thing == "rating":
            self._rate(change)
        elif change.thing == "block":
            self._block(change)
        elif change.thing == "call":
            row = self._call_columns(change.values)
            self.refs[change.ref] = self.tx.insert(t.Call, {**row, "ticket_id": self.real(change.values["ticket_id"])})
        elif change.thing == "link":
            ends = {"from_id": self.real(values["from"]), "to_id": self.real(values["to"])}
            self.tx.insert(t.TicketLink, {**ends, "kind": values["kind"], "created_at": self.tx.now})
        else:
            raise StoreError(f"a decision does not create a {change.thing}")

    def _call_columns(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """A call's attributes as columns; of its ticket it stays."""
        columns = {name: values[name] for name in _CALL if name in values}
        for name in ("caller", "callee"):
            columns[name] = self.tx.ring.encrypt_text(values[name], "call") if values.get(name) else None
        columns["agent_id"] = agent_id(self.tx, values["agent"]) if values.get("agent") else None
        return columns

    def _block(self, change: Create) -> None:
        values = change.values
        by = SYSTEM if values.get("rule") else self.actor
        until = values["until"]
        self.refs[change.ref] = self.tx.insert(
            t.Block,
            {
                "shop": self.shop,
                "kind": "member",
                "member_id": self.real(values["member"]),
                "reason": values.get("why") or "",
                "until": None if until == t.NEVER else until,
                "actor_kind": by.kind,
                "actor_id": by.id,
                "created_at": self.tx.now,
            },
        )

    def _rate(self, change: Create) -> None:
        values = change.values
        ticket_id = self.real(values["ticket"])
        verdict = {"score": values["score"], "comment": values.get("comment")}
        if self.tx.update(t.Rating, {**verdict, "revised_at": values["at"]}, ticket_id=ticket_id):
            return
        agent = self.case.agent.id if self.case.agent is not None else None
        row = {"shop": self.shop, "ticket_id": ticket_id, "member_id": self.real(values["member"]), "agent_id": agent}
        self.refs[change.ref] = self.tx.insert(t.Rating, {**row, **verdict, "created_at": values["at"]})

    # ---------------------------------------------------------------------------------------------------------- clocks

    def _due_at(self, changes: Iterable[Create | Set]) -> int | None:
        """The earliest unmet due time of the case's ticket after these changes; None when they leave its clocks
        alone."""
        clocks: dict[str, Clock] = {clock.target: clock for clock in self.case.clocks}
        touched = False
        for change in changes:
            touched = True
            if isinstance(change, Create):
                clocks[change.values["target"]] = Clock(**_but_id(change.values))
            elif change.key in clocks:
                clocks[change.key] = replace(clocks[change.key], **change.values)
        if not touched:
            return None
        self.clocks = tuple(clocks.values())
        due = [c.due_at for c in self.clocks if c.due_at and c.met_at is None and c.state in ("running", "breached")]
        return min(due, default=t.NEVER)

    def _clocks(self, changes: Iterable[Create | Set]) -> None:
        rows = []
        for change in changes:
            ticket_id = self.real(change.ref)
            values = _but_id(change.values)
            if "warned" in values:
                values["warned"] = to_json(list(values["warned"]))
            if isinstance(change, Create):
                rows.append({"ticket_id": ticket_id, **values})
            else:
                self.tx.update(t.SlaClock, values, ticket_id=ticket_id, target=change.key)
        self.tx.insert_many(t.SlaClock, rows, key=("ticket_id", "target"))

    # ----------------------------------------------------------------------------------------------------------- lines

    def _say(self, lines: Sequence[Say]) -> None:
        """Stores the lines in the order in which they were said."""
        rows = [line_row(say, self.real(say.ticket)) for say in lines]
        for say, message_id in zip(lines, self.tx.insert_in_order(t.Message, rows), strict=True):
            self.refs[say.ref] = message_id
            self.messages.append(message_id)
            self.tx.find_by("message", message_id, say.text)
            if say.visibility != "internal":
                self.updates.setdefault(self.real(say.ticket), {})["last_message_id"] = message_id
            if say.attachments:
                self.files.append((message_id, say))

    def _attach(self) -> None:
        """Hangs uploads on their lines; only their uploader may."""
        if not self.files:
            return
        names = sorted({name for _, say in self.files for name in say.attachments})
        rows = {row["name"]: row for row in self.tx.rows(t.File.select().where(t.File.name.in_(names)))}
        links = []
        for message_id, say in self.files:
            allowed = {f"{say.author_kind}:{say.author_id}", f"{self.actor.kind}:{self.actor.id}", *self.uploaders}
            for position, name in enumerate(dict.fromkeys(say.attachments)):
                row = rows.get(name)
                if row is None or row["uploader"] not in allowed:
                    raise FileRefused(f"there is no upload `{name}`")
                links.append({"message_id": message_id, "file_id": row["id"], "position": position})
        self.tx.insert_many(t.MessageFile, links)
        self.tx.run(t.File.update(claimed_at=self.tx.now).where(t.File.id.in_([row["id"] for row in rows.values()])))

    def _notifications(self, changes: Iterable[Create | Set]) -> None:
        for change in changes:
            values = change.values
            ticket = values.get("ticket")
            self.refs[change.ref] = self.tx.insert(
                t.Notification,
                {
                    "agent_id": self._agent(values["agent"]),
                    "ticket_id": self.real(ticket) if ticket is not None else None,
                    "texts": to_json(values["texts"]) if values.get("texts") else None,
                    "created_at": self.tx.now,
                    **{name: values[name] for name in ("text", "rule", "kind") if name in values},
                },
            )

    # ------------------------------------------------------------------------------------------------- tags, time, out

    def _tags(self, added: Iterable[Tag], removed: Iterable[Untag]) -> None:
        # Tags keep the order in which they came: microseconds apart, since one decision may add several.
        rows = [
            {"owner_kind": tag.thing, "owner_id": self.real(tag.ref), "name": name, "at": self.tx.now + i}
            for tag in added
            for i, name in enumerate(tag.names)
        ]
        self.tx.insert_many(t.TagUse, rows, ignore=True)
        for tag in removed:
            self.tx.run(
                t.TagUse.delete().where(
                    (t.TagUse.owner_kind == tag.thing)
                    & (t.TagUse.owner_id == self.real(tag.ref))
                    & t.TagUse.name.in_(list(tag.names))
                )
            )

    def _timers(self, timers: Iterable[Timer], cleared: Iterable[ClearTimer]) -> None:
        gone: dict[int, list[str]] = {}
        for clear in cleared:
            gone.setdefault(self.real(clear.ticket), []).append(clear.name)
        for ticket_id, names in gone.items():
            self.tx.run(t.Timer.delete().where((t.Timer.ticket_id == ticket_id) & t.Timer.name.in_(names)))
        rows = []
        for timer in timers:
            self.tx.kick(timer.due_at)
            rows.append(
                {
                    "ticket_id": self.real(timer.ticket),
                    "name": timer.name,
                    "kind": timer.kind,
                    "due_at": timer.due_at,
                    "body": to_json(timer.body),
                }
            )
        self.tx.insert_many(t.Timer, rows, key=("ticket_id", "name"))

    def _outbox(self, changes: Iterable[Enqueue]) -> None:
        rows = []
        for out in changes:
            self.tx.kick(out.due_at)
            rows.append(
                {
                    "key": secrets.token_hex(16),
                    "channel": out.channel,
                    "ticket_id": self.real(out.ticket) if out.ticket is not None else None,
                    "message_id": self.real(out.message) if out.message is not None else None,
                    "body": seal_body(self.tx.ring, out.body),
                    "due_at": out.due_at,
                    "created_at": self.tx.now,
                }
            )
        self.tx.insert_many(t.Outbox, rows)

    # -------------------------------------------------------------------------------------------------------------- log

    def _record(self, record: Record) -> EventRow:
        body = refs_in(record.body, self.real)
        message = body.get("message")
        if record.kind == "ticket.created" and not body.get("number") and self.number:
            body["number"] = self.number
        return self.tx.record(
            record.kind,
            body,
            actor=self.actor,
            shop=self.shop,
            ticket_id=self.real(record.ticket) if record.ticket is not None else None,
            member_id=self.real(record.member) if record.member is not None else None,
            message_id=message if type(message) is int else None,
        )

    def _remember(self, decision: Decided, events: Sequence[EventRow]) -> None:
        """The decision record; one that asked no rule leaves none."""
        if not decision.snapshot.get("waves") and not decision.trace:
            return
        row = {
            "ticket_id": self.ticket_id,
            "at": self.tx.now,
            "root": decision.root,
            "rulebook": decision.rulebook,
            "snapshot": pack_snapshot(self.tx, refs_in(decision.snapshot, self.real)),
            "trace": pack(plain_json([entry.stored() for entry in decision.trace])),
            "micros": decision.micros,
        }
        self.tx.decisions.append((row, events[0] if events else None))


_AGENT = frozenset({"status", "status_since", "last_assigned_at", "capacity"})
_CALL = frozenset({"account", "name", "direction", "rang_at", "answered_at", "ended_at", "result"})
_MEMBER = frozenset({"name", "tier", "language", "blocked_until", "note"})

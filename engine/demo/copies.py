"""Copies of stories: tickets that the engine decided, told again at other times, with other people and numbers.

A copy is true to every table: what was stored of the ticket is stored again, with its own ids, numbers, names and
times in rows, texts, events, snapshots and traces. It is moved by whole weeks, give or take some minutes, so that days
of the week and hours of the day stay as they were.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from peewee import Model

from engine.core.entities import DAY, MINUTE
from engine.store import EventRow, Tx, bulk, packing
from engine.store import tables as t
from engine.store.search import marked
from engine.store.sql import Row

WEEK = 7 * DAY
JITTER = 50 * MINUTE
READ_AFTER = 10 * MINUTE
"""When agents read what they are told."""
_TIME = r"(?<![\d.])1[6-9]\d{14}(?!\d)"
_FIRST, _LAST = 1_600_000_000_000_000, 2_000_000_000_000_000
"""Whole numbers between these are times."""


@dataclass(frozen=True, slots=True)
class Person:
    """A member as a copy needs it."""

    id: int
    name: str


@dataclass(slots=True)
class Copy:
    """One telling of a story: what takes the place of what."""

    story: Story
    shift: int
    number: int
    ticket: int
    member: Person
    messages: Sequence[int]
    notifications: Sequence[int]
    order: str

    @property
    def hashed(self) -> str:
        """The number as people read it."""
        return f"#{self.number:05d}"


Fill = Callable[[Copy], Any]
"""One value of a copy."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text with gaps, or a whole one (`gaps` empty)."""

    pattern: str
    gaps: tuple[Fill, ...] = ()

    def of(self, copy: Copy) -> str:
        """The text of a copy."""
        return self.pattern % tuple([fill(copy) for fill in self.gaps]) if self.gaps else self.pattern


@dataclass(frozen=True, slots=True)
class Form:
    """A row with gaps: values in the order of its model's columns."""

    values: tuple[Any, ...]
    gaps: tuple[tuple[int, Fill], ...]

    def of(self, copy: Copy) -> list[Any]:
        """The row of a copy."""
        row = list(self.values)
        for place, fill in self.gaps:
            row[place] = fill(copy)
        return row


@dataclass(frozen=True, slots=True)
class Happened:
    """An event of a story. `message`: the place among the story's messages."""

    at: int
    kind: str
    actor_kind: str
    actor_id: int | None
    """None: the member."""
    shop: str | None
    object: str | None
    of_member: bool
    message: int | None
    body: Text


@dataclass(frozen=True, slots=True)
class Judged:
    """A decision of a story. `event`: the place of its first event; `trace` packed where every copy has the same."""

    at: int
    event: int | None
    root: str
    rulebook: str
    micros: int
    trace: bytes | Text
    snapshot: Text | None
    """None: upkeep has cleared it, while the demo was stopped."""


@dataclass(slots=True)
class Story:
    """A ticket and all that is stored of it, ready to be told again."""

    member: int
    guest: bool
    begin: int
    last: int
    """The time of the last thing that happened."""
    subject: Text
    lines: tuple[Text, ...]
    notifications: int
    forms: Mapping[type[Model], tuple[Form, ...]]
    events: tuple[Happened, ...]
    decisions: tuple[Judged, ...]


_COUNTED: tuple[type[Model], ...] = (t.Chat, t.SlaClock, t.Rating, t.RuleUse, t.TagUse, t.FieldValue)
"""These count their ids themselves: nothing refers to them."""
_NAMED: tuple[type[Model], ...] = (t.Ticket, t.Message, t.Notification)
COLUMNS: Mapping[type[Model], tuple[str, ...]] = {
    **{model: bulk.columns_of(model) for model in _NAMED},
    **{model: tuple(name for name in bulk.columns_of(model) if name != "id") for model in _COUNTED},
}
"""What is written of each model, in the order in which rows of one may refer to rows of another."""


class _Reader:
    """Makes a story of one ticket's rows."""

    def __init__(self, tx: Tx, ticket: Row, name: str | None) -> None:
        self.tx = tx
        self.ticket = ticket
        self.name = name
        self.rows = _without_work(bulk.of_ticket(tx, ticket["id"]))
        self.messages = {row["id"]: place for place, row in enumerate(self.rows[t.Message])}
        self.notifications = {row["id"]: place for place, row in enumerate(self.rows[t.Notification])}
        self.events = {row["id"]: place for place, row in enumerate(self.rows[t.Event])}
        number = ticket["number"]
        parts = {
            "time": _TIME,
            "hash": rf"#{number:05d}(?!\d)",
            "number": rf'(?<="number":){number}(?=[,}}])|(?<="ticket\.number":){number}(?=[,}}])',
            "message": r'(?<="message":)\d+(?=[,}])',
            "notice": r'(?<="notice":)\d+(?=[,}])',
            "name": re.escape(name) if name else None,
            "order": re.escape(ticket["order_no"]) if ticket["order_no"] else None,
        }
        self.gap = re.compile("|".join(f"(?P<{key}>{part})" for key, part in parts.items() if part))

    def story(self, guest: bool) -> Story:
        """The story."""
        models: dict[type[Model], list[Row]] = {t.Ticket: [self.ticket]}
        models |= {model: self.rows[model] for model in COLUMNS if model is not t.Ticket}
        events = tuple(self._event(row) for row in self.rows[t.Event])
        return Story(
            member=self.ticket["member_id"],
            guest=guest,
            begin=self.ticket["created_at"],
            last=max([self.ticket["updated_at"], *(event.at for event in events)]),
            subject=self.text(self.ticket["subject"]),
            lines=tuple(self.text(row["text"]) for row in self.rows[t.Message]),
            notifications=len(self.notifications),
            forms={model: tuple(self._form(model, row) for row in rows) for model, rows in models.items()},
            events=events,
            decisions=tuple(self._decision(row) for row in self.rows[t.Decision]),
        )

    def text(self, text: str) -> Text:
        """A text, with gaps where it speaks of this ticket, its people or times."""
        pattern, gaps, end = [], [], 0
        for found in self.gap.finditer(text):
            fill = self._fill(str(found.lastgroup), found[0])
            if fill is not None:
                pattern += [text[end : found.start()].replace("%", "%%"), "%s"]
                gaps.append(fill)
                end = found.end()
        if not gaps:
            return Text(text)
        return Text("".join([*pattern, text[end:].replace("%", "%%")]), tuple(gaps))

    def _fill(self, what: str, found: str) -> Fill | None:
        if what == "time":
            return _later(int(found))
        if what in ("message", "notice"):
            places = self.messages if what == "message" else self.notifications
            place = places.get(int(found))
            return None if place is None else _at(f"{what}s", place)
        return {
            "hash": lambda copy: copy.hashed,
            "number": lambda copy: copy.number,
            "name": lambda copy: copy.member.name,
            "order": lambda copy: copy.order,
        }[what]

    def _form(self, model: type[Model], row: Row) -> Form:
        values, gaps = [], []
        for place, name in enumerate(COLUMNS[model]):
            fill = self._column(model, name, row)
            values.append(row[name])
            if fill is not None:
                gaps.append((place, fill))
        return Form(tuple(values), tuple(gaps))

    def _column(self, model: type[Model], name: str, row: Row) -> Fill | None:
        """What fills a column of a copy; None: the same as in the story."""
        value = row[name]
        if name == "id":
            if model is t.Message:
                return _at("messages", self.messages[value])
            return (
                _at("notifications", self.notifications[value])
                if model is t.Notification
                else (lambda copy: copy.ticket)
            )
        if name == "ticket_id" or name == "owner_id":
            return lambda copy: copy.ticket
        if name == "key" and model is t.RuleUse:
            return lambda copy: str(copy.ticket)
        if name == "member_id" or (name == "author_id" and row["author_kind"] in ("member", "guest")):
            return lambda copy: copy.member.id
        if name == "read_at" and model is t.Notification:
            return _later(row["created_at"] + READ_AFTER)
        if name in ("identity_id", "client_key", "external_id"):  # of the one ticket alone
            return lambda copy: None
        if value is None:
            return None
        if name == "number" and model is t.Ticket:
            return lambda copy: copy.number
        if name == "last_message_id":
            return _at("messages", self.messages[value])
        if name == "order_no_folded":
            return lambda copy: marked(copy.order)
        if type(value) is int and _FIRST < value < _LAST:
            return _later(value)
        if isinstance(value, str) and name not in ("fields", "route_skills", "warned"):
            text = self.text(value)
            return text.of if text.gaps else None
        return None

    def _event(self, row: Row) -> Happened:
        mine = row["actor_kind"] in ("member", "guest")
        return Happened(
            at=row["at"],
            kind=row["kind"],
            actor_kind=row["actor_kind"],
            actor_id=None if mine and row["actor_id"] == self.ticket["member_id"] else row["actor_id"],
            shop=row["shop"],
            object=row["object"],
            of_member=row["member_id"] is not None,
            message=self.messages.get(row["message_id"]),
            body=self.text(row["body"]),
        )

    def _decision(self, row: Row) -> Judged:
        trace = self.text(packing.trace_json(row["trace"]).decode())
        return Judged(
            at=row["at"],
            event=self.events.get(row["event_id"]),
            root=row["root"],
            rulebook=row["rulebook"],
            micros=row["micros"],
            trace=trace if trace.gaps else bytes(row["trace"]),
            snapshot=self.text(packing.snapshot_json(self.tx, row["snapshot"]).decode()) if row["snapshot"] else None,
        )


def _later(time: int) -> Fill:
    return lambda copy: time + copy.shift


def _at(what: str, place: int) -> Fill:
    if what == "messages":
        return lambda copy: copy.messages[place]
    return lambda copy: copy.notifications[place]


# --- telling ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Told:
    """A story to be told again. `member` None: by a guest of its own."""

    story: Story
    shift: int
    order: str
    member: Person | None
    visitor: str = ""


def _without_work(rows: dict[type[Model], list[Row]]) -> dict[type[Model], list[Row]]:
    """The rows of a story without what tells of its sub-tasks and its work log: copies have neither."""
    for model, column in ((t.Event, "kind"), (t.Decision, "root")):
        rows[model] = [row for row in rows[model] if not row[column].startswith(("task.", "record."))]
    return rows


def read_stories(tx: Tx, upto: int) -> list[Story]:
    """The stories of the settled tickets up to an id."""
    tickets = bulk.settled_tickets(tx, upto)
    known = {row["id"]: row for row in bulk.members(tx, {row["member_id"] for row in tickets})}
    stories = []
    for ticket in tickets:
        member = known[ticket["member_id"]]
        stories.append(_Reader(tx, ticket, member["name"]).story(bool(member["guest"])))
    return stories


def write(tx: Tx, told: Sequence[Told], guest: Mapping[str, Any], snapshots_since: int) -> list[int]:
    """Stores copies; returns their tickets' ids. `guest`: the columns of a guest's row.

    Snapshots of decisions before `snapshots_since` are empty, as upkeep leaves them.
    """
    tickets = bulk.reserve(tx, t.Ticket, len(told))
    numbers = bulk.numbers(tx, len(told))
    messages = iter(bulk.reserve(tx, t.Message, sum(len(one.story.lines) for one in told)))
    notifications = iter(bulk.reserve(tx, t.Notification, sum(one.story.notifications for one in told)))
    guests = iter(_guests(tx, [one for one in told if one.member is None], guest))
    copies = [
        Copy(
            one.story,
            one.shift,
            number,
            ticket,
            one.member or next(guests),
            [next(messages) for _ in one.story.lines],
            [next(notifications) for _ in range(one.story.notifications)],
            one.order,
        )
        for one, ticket, number in zip(told, tickets, numbers, strict=True)
    ]
    for model, columns in COLUMNS.items():
        bulk.insert(tx, model, columns, [form.of(copy) for copy in copies for form in copy.story.forms[model]])
    for copy in copies:
        tx.find_by("ticket", copy.ticket, copy.story.subject.of(copy))
        for message, line in zip(copy.messages, copy.story.lines, strict=True):
            tx.find_by("message", message, line.of(copy))
        _happen(tx, copy, snapshots_since)
    # The log is in the order of time, as far as it is written at once; what happens to one ticket keeps its order.
    tx.events.sort(key=lambda event: event.at)
    return tickets


def _guests(tx: Tx, told: Sequence[Told], guest: Mapping[str, Any]) -> list[Person]:
    """A guest for each, known by a browser of its own."""
    ids = bulk.reserve(tx, t.Member, len(told))
    rows, known = [], []
    for one, member in zip(told, ids, strict=True):
        at = one.story.begin + one.shift
        rows.append({**guest, "id": member, "created_at": at, "updated_at": at})
        known.append(bulk.identity(tx, member, guest["shop"], "visitor", one.visitor, at))
    bulk.add_members(tx, rows, known)
    return [Person(member, "") for member in ids]


def _happen(tx: Tx, copy: Copy, snapshots_since: int) -> None:
    """What happened, and what was decided."""
    shift, ticket, member, messages = copy.shift, copy.ticket, copy.member.id, copy.messages
    events = [
        EventRow(
            at=one.at + shift,
            kind=one.kind,
            actor_kind=one.actor_kind,
            actor_id=member if one.actor_id is None else one.actor_id,
            shop=one.shop,
            object=one.object,
            ticket_id=ticket,
            member_id=member if one.of_member else None,
            message_id=None if one.message is None else messages[one.message],
            text=one.body.of(copy),
        )
        for one in copy.story.events
    ]
    tx.events.extend(events)
    for judged in copy.story.decisions:
        at = judged.at + shift
        trace, snapshot = judged.trace, judged.snapshot if at >= snapshots_since else None
        row = {
            "ticket_id": ticket,
            "at": at,
            "root": judged.root,
            "rulebook": judged.rulebook,
            "snapshot": b"" if snapshot is None else packing.seal_snapshot(tx, snapshot.of(copy).encode()),
            "trace": trace if isinstance(trace, bytes) else packing.pack(trace.of(copy).encode()),
            "micros": judged.micros,
        }
        tx.decisions.append((row, None if judged.event is None else events[judged.event]))

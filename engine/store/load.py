"""Loading a `Case`: all that one decision may see, in a fixed handful of statements, inside the write transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from peewee import JOIN, SQL, Select, Value, fn

from engine.core.entities import DAY, Agent, Case, Chat, Clock, Member, Message, Ticket
from engine.core.values import replace
from engine.store import merges
from engine.store import tables as t
from engine.store.errors import KeyRingError
from engine.store.lookups import StoreLookups
from engine.store.roster import agents_of
from engine.store.sql import Prepared, p
from engine.store.tx import Tx
from engine.store.values import Lexicon, decode_fields, with_defaults, words

LINES = 20
"""Of a conversation that a case holds at most."""
COUNTED = 1_000
"""Cases of a member are counted so far and no further: a decision takes as long for whoever has a hundred thousand."""


# ---------------------------------------------------------------------------------------------------- fixed statements


def _all_of(model: Any, prefix: str) -> list[Any]:
    return [field.alias(prefix + field.column_name) for field in model._meta.sorted_fields]


def _people() -> list[Any]:
    """Columns that every case needs of its member."""
    return [*_all_of(t.Member, "m_"), *_counts(p("complaint_kind"), p("month_ago"))]


def _counts(complaint_kind: Any, month_ago: Any) -> list[Any]:
    """What is counted of a member's cases."""
    other, complaint = t.Ticket.alias("o"), t.Ticket.alias("k")
    # Every category by name: so the index on member, category and kind leads straight to the few that count.
    opened = (other.member_id == t.Member.id) & other.category.in_(("open", "pending"))
    complaints = (
        (complaint.member_id == t.Member.id)
        & complaint.category.in_(("open", "pending", "closed"))
        & (complaint.kind == complaint_kind)
        & (complaint.created_at > month_ago)
    )
    return [_count(other, opened).alias("m_open_tickets"), _count(complaint, complaints).alias("m_complaints_30d")]


def _count(model: Any, where: Any) -> Any:
    few = Select([model], [SQL("1")]).where(where).limit(COUNTED)
    return Select([few], [fn.COUNT(SQL("1"))])


def _ticket_case(where: Any, people: list[Any] | None = None) -> Any:
    rated = t.Rating.select(t.Rating.created_at).where(t.Rating.ticket_id == t.Ticket.id)
    return (
        t.Ticket.select(
            *_all_of(t.Ticket, "t_"),
            *(_people() if people is None else people),
            *_all_of(t.Chat, "c_"),
            t.Agent.username.alias("assignee"),
            rated.alias("rating_at"),
        )
        .join(t.Member, on=(t.Member.id == t.Ticket.member_id))
        .switch(t.Ticket)
        .join(t.Chat, JOIN.LEFT_OUTER, on=(t.Chat.ticket_id == t.Ticket.id))
        .switch(t.Ticket)
        .join(t.Agent, JOIN.LEFT_OUTER, on=(t.Agent.id == t.Ticket.assignee_id))
        .where(where)
    )


_BY_ID = Prepared(lambda: _ticket_case(t.Ticket.id == p("id")), lock_rows=t.Ticket)
_BY_NUMBER = Prepared(lambda: _ticket_case(t.Ticket.number == p("number")), lock_rows=t.Ticket)
_MEMBER = Prepared(lambda: t.Member.select(*_people()).where(t.Member.id == p("id")), lock_rows=t.Member)
_MEMBER_LOCK = Prepared(lambda: t.Member.select(t.Member.id).where(t.Member.id == p("id")), lock_rows=t.Member)


def _line_rows() -> Any:
    files = t.MessageFile.select(fn.COUNT(t.MessageFile.file_id)).where(t.MessageFile.message_id == t.Message.id)
    writer = (t.Message.author_kind == "agent") & (t.Agent.id == t.Message.author_id)
    query = t.Message.select(t.Message, t.Agent.username, files.alias("files"))
    return query.join(t.Agent, JOIN.LEFT_OUTER, on=writer)


_LINES = Prepared(
    lambda: (
        _line_rows()
        .where((t.Message.ticket_id == p("id")) & t.Message.unsent_at.is_null())  # what was taken back nothing quotes
        .order_by(t.Message.id.desc())
        .limit(p("lines"))
    )
)
_LINE = Prepared(lambda: _line_rows().where(t.Message.id == p("id")))
_CLOCKS = Prepared(lambda: t.SlaClock.select().where(t.SlaClock.ticket_id == p("id")))
_TIMERS = Prepared(lambda: t.Timer.select(t.Timer.name, t.Timer.due_at).where(t.Timer.ticket_id == p("id")))
_TAGS = Prepared(
    lambda: (
        t.TagUse.select(t.TagUse.owner_kind, t.TagUse.name)
        .where(
            ((t.TagUse.owner_kind == "ticket") & (t.TagUse.owner_id == p("ticket_id")))
            | ((t.TagUse.owner_kind == "member") & (t.TagUse.owner_id == p("member_id")))
        )
        .order_by(t.TagUse.owner_kind, t.TagUse.at, t.TagUse.name)
    )
)
_MEMBER_TAGS = Prepared(
    lambda: (
        t.TagUse.select(t.TagUse.name)
        .where((t.TagUse.owner_kind == "member") & (t.TagUse.owner_id == p("member_id")))
        .order_by(t.TagUse.at, t.TagUse.name)
    )
)
_TIMER = Prepared(lambda: t.Timer.select().where(t.Timer.id == p("id")), lock_rows=t.Timer)


# ------------------------------------------------------------------------------------------------------------- the case


def ticket_case(
    tx: Tx,
    lexicon: Lexicon,
    *,
    number: int | None = None,
    ticket_id: int | None = None,
    lines: int = LINES,
    external: Mapping[str, Any] | None = None,
) -> Case | None:
    """The case of a ticket by its number or its id; the row is locked to the COMMIT. None where there is none."""
    fixed = {"complaint_kind": _complaint(lexicon), "month_ago": tx.now - 30 * DAY}
    query = _BY_NUMBER if ticket_id is None else _BY_ID
    row = tx.row(query, id=ticket_id, number=number, **fixed)
    return _case(tx, lexicon, row, lines, external or {}) if row is not None else None


_PEEK = Prepared(lambda: _ticket_case(t.Ticket.number == p("number")))
_PEEK_BY_ID = Prepared(lambda: _ticket_case(t.Ticket.id == p("id")))


def peek_ticket_case(
    tx: Tx, lexicon: Lexicon, number: int | None = None, *, ticket_id: int | None = None, lines: int = 0
) -> Case | None:
    """The case of a ticket by number or id for reading only: nothing is locked, what is looked up later neither."""
    query = _PEEK if ticket_id is None else _PEEK_BY_ID
    fixed = {"complaint_kind": _complaint(lexicon), "month_ago": tx.now - 30 * DAY}
    row = tx.row(query, number=number, id=ticket_id, **fixed)
    return _case(tx, lexicon, row, lines, {}, lock=False) if row is not None else None


def peek_ticket_cases(tx: Tx, lexicon: Lexicon, ids: Collection[int]) -> Iterator[tuple[int, Case | None]]:
    """The cases of tickets for reading only, in a handful of statements however many there are; without their lines.

    A ticket that is gone is left out; None for one that cannot be read.
    """
    columns = _all_of(t.Member, "m_")
    rows = tx.rows(_ticket_case(t.Ticket.id.in_(list(ids)), columns).order_by(t.Ticket.id))
    counted = _counted(tx, lexicon, {row["m_id"] for row in rows})
    tags = _tags_of(tx, ids, counted)
    clocks, timers = _by_ticket(tx, t.SlaClock, ids), _by_ticket(tx, t.Timer, ids)
    assigned = {row["t_assignee_id"] for row in rows if row["t_assignee_id"] is not None}
    agents = {agent.id: agent for agent in agents_of(tx, lexicon, assigned)} if assigned else {}
    lookups = StoreLookups(tx, lexicon)
    for row in rows:
        ticket_id, member_id = row["t_id"], row["m_id"]
        try:
            yield (
                ticket_id,
                Case(
                    shop=row["t_shop"],
                    member=_member({**row, **counted[member_id]}, tags["member", member_id], tx, lexicon),
                    lookups=lookups,
                    ticket=_ticket(row, tags["ticket", ticket_id], tx, lexicon),
                    chat=_chat(row) if row["c_id"] is not None else None,
                    clocks=tuple(clock_of(clock) for clock in clocks[ticket_id]),
                    timers={timer["name"]: timer["due_at"] for timer in timers[ticket_id]},
                    agent=agents.get(row["t_assignee_id"]),
                    outbound=lexicon.outbound,
                    notifiers=lexicon.notifiers,
                    rating_at=row["rating_at"],
                ),
            )
        except KeyRingError:
            yield ticket_id, None


def peek_member_cases(tx: Tx, lexicon: Lexicon, ids: Collection[int]) -> Iterator[tuple[int, Case | None]]:
    """The cases of members without a ticket, for reading only: no lock, no number taken. See `peek_ticket_cases`."""
    rows = tx.rows(t.Member.select(*_all_of(t.Member, "m_")).where(t.Member.id.in_(list(ids))).order_by(t.Member.id))
    counted = _counted(tx, lexicon, {row["m_id"] for row in rows})
    tags = _tags_of(tx, (), counted)
    lookups = StoreLookups(tx, lexicon)
    for row in rows:
        member_id = row["m_id"]
        try:
            found = _member({**row, **counted[member_id]}, tags["member", member_id], tx, lexicon)
        except KeyRingError:
            yield member_id, None
            continue
        plain = Case(shop=row["m_shop"], member=found, lookups=lookups)
        yield member_id, replace(plain, outbound=lexicon.outbound, notifiers=lexicon.notifiers)


def _counted(tx: Tx, lexicon: Lexicon, members: Collection[int]) -> dict[int, Mapping[str, Any]]:
    """What is counted of members' cases, by the member's id."""
    counts = _counts(Value(_complaint(lexicon), converter=False), Value(tx.now - 30 * DAY, converter=False))
    query = t.Member.select(t.Member.id.alias("m_id"), *counts).where(t.Member.id.in_(list(members)))
    return {row["m_id"]: row for row in tx.rows(query)} if members else {}


def _by_ticket(tx: Tx, model: Any, ids: Collection[int]) -> defaultdict[int, list[Mapping[str, Any]]]:
    found: defaultdict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for row in tx.rows(model.select().where(model.ticket_id.in_(list(ids)))):
        found[row["ticket_id"]].append(row)
    return found


def _tags_of(
    tx: Tx, tickets: Collection[int], members: Collection[int]
) -> defaultdict[tuple[str, int], tuple[str, ...]]:
    """Tags by kind and id of what they hang on."""
    use = t.TagUse
    mine = ((use.owner_kind == "ticket") & use.owner_id.in_(list(tickets))) | (
        (use.owner_kind == "member") & use.owner_id.in_(list(members))
    )
    found: defaultdict[tuple[str, int], tuple[str, ...]] = defaultdict(tuple)
    query = use.select(use.owner_kind, use.owner_id, use.name).where(mine).order_by(use.at, use.name)
    for row in tx.rows(query):
        found[row["owner_kind"], row["owner_id"]] += (row["name"],)
    return found


def member_case(
    tx: Tx,
    lexicon: Lexicon,
    member_id: int,
    *,
    kind: str = "",
    new_ticket: bool = False,
    opens: bool = True,
    member_new: bool = False,
    identity_id: int | None = None,
    lines: int = LINES,
    external: Mapping[str, Any] | None = None,
) -> Case | None:
    """The case of a member's line: with the open ticket of this live kind, or with none and the next number.

    `new_ticket` leaves open ones alone. `identity_id`: by which of the member's identities the new one comes. `opens`:
    a ticket may come of it, so the next number is taken. The member is locked to the COMMIT, so two lines that come
    at once open one chat. None where there is no such member.
    """
    fixed = {"complaint_kind": _complaint(lexicon), "month_ago": tx.now - 30 * DAY}
    if kind in lexicon.live_kinds and not new_ticket:
        if tx.value(_MEMBER_LOCK, id=member_id) is None:
            return None
        row = tx.row(_OPEN_CHAT, member_id=member_id, kind=kind, **fixed)
        if row is not None:
            return _case(tx, lexicon, row, lines, external or {}, member_new=member_new)
    row = tx.row(_MEMBER, id=member_id, **fixed)
    if row is None:
        return None
    tags = tuple(tx.values(_MEMBER_TAGS, member_id=member_id))
    return Case(
        shop=row["m_shop"],
        member=_member(row, tags, tx, lexicon),
        lookups=StoreLookups(tx, lexicon),
        next_number=tx.next_number() if opens else 0,
        external=external or {},
        member_new=member_new,
        identity_id=identity_id,
        outbound=lexicon.outbound,
        notifiers=lexicon.notifiers,
    )


_OPEN_CHAT = Prepared(
    lambda: (
        _ticket_case(
            (t.Ticket.member_id == p("member_id")) & (t.Ticket.kind == p("kind")) & (t.Ticket.category != "closed")
        )
        .order_by(t.Ticket.id.desc())
        .limit(1)
    ),
    lock_rows=t.Ticket,
)


def empty_case(tx: Tx, lexicon: Lexicon, shop: str, *, agent: Agent | None = None) -> Case:
    """A case without ticket and member: a window that opens, an agent's own status."""
    return Case(shop=shop, member=None, lookups=StoreLookups(tx, lexicon), agent=agent, outbound=lexicon.outbound)


def take_timer(tx: Tx, timer_id: int) -> dict[str, Any] | None:
    """Takes a timer out of the table, in the transaction in which it fires; None when it is gone or was moved on."""
    row = tx.row(_TIMER, id=timer_id)
    if row is None or row["due_at"] > tx.now:
        return None
    if not tx.run(t.Timer.delete().where(t.Timer.id == timer_id)):
        return None
    return row


def _complaint(lexicon: Lexicon) -> str:
    return min(lexicon.complaint_kinds, default="")


def _case(
    tx: Tx,
    lexicon: Lexicon,
    row: Mapping[str, Any],
    lines: int,
    external: Mapping[str, Any],
    *,
    member_new: bool = False,
    lock: bool = True,
) -> Case:
    ticket_id, member_id = row["t_id"], row["m_id"]
    tags = _tags(tx, ticket_id, member_id)
    lookups = StoreLookups(tx, lexicon, lock=lock)
    assignee = row["assignee"]
    return Case(
        shop=row["t_shop"],
        member=_member(row, tags["member"], tx, lexicon),
        lookups=lookups,
        ticket=_ticket(row, tags["ticket"], tx, lexicon),
        chat=_chat(row) if row["c_id"] is not None else None,
        messages=_Lines(tx, ticket_id, lines) if lines else (),
        clocks=tuple(clock_of(clock) for clock in tx.rows(_CLOCKS, id=ticket_id)),
        timers={timer["name"]: timer["due_at"] for timer in tx.rows(_TIMERS, id=ticket_id)},
        agent=agents_of(tx, lexicon, [row["t_assignee_id"]])[0] if assignee is not None else None,
        external=external,
        member_new=member_new,
        outbound=lexicon.outbound,
        notifiers=lexicon.notifiers,
        rating_at=row["rating_at"],
        went_to=merges.end_of(tx, row["t_merged_into"])["number"] if row["t_merged_into"] is not None else None,
    )


class _Lines(Sequence[Message]):
    """The last lines of a conversation, oldest first; read when they are first looked at: few decisions do."""

    def __init__(self, tx: Tx, ticket_id: int, most: int) -> None:
        self._tx = tx
        self._ticket_id = ticket_id
        self._most = most

    @cached_property
    def _lines(self) -> tuple[Message, ...]:
        rows = self._tx.rows(_LINES, id=self._ticket_id, lines=self._most)
        return tuple(_message(line) for line in reversed(rows))

    def __len__(self) -> int:
        return len(self._lines)

    def __getitem__(self, place: Any) -> Any:
        return self._lines[place]


def _tags(tx: Tx, ticket_id: int, member_id: int) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {"ticket": [], "member": []}
    for tag in tx.rows(_TAGS, ticket_id=ticket_id, member_id=member_id):
        found[tag["owner_kind"]].append(tag["name"])
    return {kind: tuple(names) for kind, names in found.items()}


_TICKET_PLAIN = (
    "id", "number", "kind", "shop", "type", "state", "category", "priority", "member_id", "channel", "created_at",
    "updated_at", "account", "subject", "team", "identity_id", "order_no", "product", "solution", "language",
    "escalation", "rating", "reopened", "reply_count", "merged_into", "version", "first_replied_at", "closed_at",
    "last_line_at", "waiting_since", "route_by", "left_by", "rating_asked_at", "opened_by",
    "nudges", "nudged_at",
)  # fmt: skip


def _ticket(row: Mapping[str, Any], tags: tuple[str, ...], tx: Tx, lexicon: Lexicon) -> Ticket:
    return Ticket(
        **{name: row["t_" + name] for name in _TICKET_PLAIN},
        assignee=row["assignee"],
        tags=tags,
        fields=with_defaults("ticket", decode_fields("ticket", row["t_fields"], tx.ring), lexicon),
        route_skills=words(row["t_route_skills"]),
    )


def _member(row: Mapping[str, Any], tags: tuple[str, ...], tx: Tx, lexicon: Lexicon) -> Member:
    return Member(
        id=row["m_id"],
        shop=row["m_shop"],
        guest=bool(row["m_guest"]),
        tier=row["m_tier"],
        name=row["m_name"],
        language=row["m_language"],
        blocked=row["m_blocked_until"] is not None and row["m_blocked_until"] > tx.now,
        blocked_until=row["m_blocked_until"],
        tags=tags,
        fields=with_defaults("member", decode_fields("member", row["m_fields"], tx.ring), lexicon),
        open_tickets=row["m_open_tickets"],
        complaints_30d=row["m_complaints_30d"],
        signed_up_at=row["m_signed_up_at"],
        created_at=row["m_created_at"],
    )


_CHAT = tuple(f.column_name for f in t.Chat._meta.sorted_fields if f.column_name != "id")


def _chat(row: Mapping[str, Any]) -> Chat:
    return Chat(**{name: row["c_" + name] for name in _CHAT})


def line(tx: Tx, message_id: int) -> Message | None:
    """A line as decisions see it, however many came after it in its case."""
    row = tx.row(_LINE, id=message_id)
    return None if row is None else _message(row)


def lines_of(tx: Tx, ticket_id: int) -> list[Message]:
    """Every line of a ticket as decisions see it, oldest first."""
    return [
        _message(row) for row in tx.rows(_line_rows().where(t.Message.ticket_id == ticket_id).order_by(t.Message.id))
    ]


def _message(row: Mapping[str, Any]) -> Message:
    return Message(
        id=row["id"],
        ticket_id=row["ticket_id"],
        author_kind=row["author_kind"],
        text=row["text"],
        created_at=row["created_at"],
        author_id=row["author_id"],
        author=row["username"],
        shown_as=row["shown_as"],
        visibility=row["visibility"],
        direction=row["direction"],
        automatic=bool(row["automatic"]),
        channel=row["channel"],
        language=row["language"],
        attachments=tuple(range(row["files"])),
        rule=row["rule"],
        unsent=row["unsent_at"] is not None,
    )


_CLOCK = tuple(f.column_name for f in t.SlaClock._meta.sorted_fields if f.column_name not in ("ticket_id", "warned"))


def clock_of(row: Mapping[str, Any]) -> Clock:
    """A clock's row as the core holds it."""
    return Clock(**{name: row[name] for name in _CLOCK}, warned=tuple(int(w) for w in words(row["warned"])))

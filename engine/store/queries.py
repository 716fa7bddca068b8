"""Reads: tickets and their history. Keyset pages, scoped by what the actor may see.

Every question takes a fixed number of statements, whatever the rows. The scope is laid under each of them here, so a
caller cannot forget it: what a person may not see is in no list, count, search or history.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from operator import or_
from typing import Any

from peewee import JOIN, SQL, Expression, Tuple, Value, fn

from engine.core import questions as ask
from engine.core.access import Scope, shown_to_members
from engine.core.entities import INTERNAL, Clock
from engine.core.rights import VIEWS
from engine.core.trace import covered
from engine.lang.text import fold
from engine.store import tables as t
from engine.store.errors import BadCursor
from engine.store.followers import followed_by
from engine.store.load import clock_of
from engine.store.paging import cursor, limited, read_cursor
from engine.store.search import marked
from engine.store.show import (
    MEMBER_EVENTS,
    MEMBER_FILE,
    Percent,
    show_event,
    show_place,
    show_sla,
    show_ticket,
    straight_percent,
)
from engine.store.sql import Prepared, PreparedOfIds, Row, joined, p
from engine.store.tasks import open_tasks, records_of, wanted_tasks
from engine.store.tx import Tx

COUNTED = 10_000
"""Counts are exact to here; beyond, only that there are at least as many."""
OPEN = ("open", "pending")


def of_member(member_id: Any) -> Any:
    """What of the ticket table a member is shown (`access.shown_to_members`), as a condition."""
    return (t.Ticket.member_id == member_id) & (t.Ticket.channel != INTERNAL)


def of_ticket(scope: Scope) -> Any:
    """What of the ticket table the scope lets be seen, as a condition."""
    seen: Any = SQL("1 = 1" if scope.tickets else "1 = 0")
    if scope.shops is not None:
        seen = seen & t.Ticket.shop.in_(list(scope.shops))
    if scope.member_id is not None:
        seen = seen & of_member(scope.member_id)
    return seen


# -------------------------------------------------------------------------------------------------------------- tickets

_SORTS: Mapping[str, Any] = {
    "updated_at": t.Ticket.updated_at,
    "created_at": t.Ticket.created_at,
    "number": t.Ticket.number,
    "priority": t.Ticket.priority_rank,
    "due_at": t.Ticket.due_at,
}
_ORDERS = tuple(f"{way}{name}" for name in _SORTS for way in ("", "-"))
"""Every order of the list; its place here stands in the cursor, which means nothing in another order."""


def _condition(
    tx: Tx, scope: Scope, view: str | None, q: str | None, where: Any, actor_id: int | None, now: int
) -> Any:
    """What a list is about."""
    condition = of_ticket(scope)
    if view is not None:
        condition &= of_view(view, actor_id, now)
    if where is not None:
        condition &= where
    if q is not None and q.strip():
        condition &= _of_q(tx, q.strip())
    return condition


def by_zone(zones: Mapping[str, str], where: Callable[[str], Any]) -> Any:
    """One filter over the tickets of all shops, each by the day of its own shop, as rules have it. `zones`: of each
    shop, one at least; a ticket of a shop that is no longer declared goes by the first."""
    first = next(iter(zones.values()))
    others = {zone: [shop for shop, its in zones.items() if its == zone] for zone in zones.values() if zone != first}
    if not others:
        return where(first)
    elsewhere = [shop for shops in others.values() for shop in shops]
    parts = [t.Ticket.shop.in_(shops) & where(zone) for zone, shops in others.items()]
    return joined(or_, [t.Ticket.shop.not_in(elsewhere) & where(first), *parts])


def of_view(view: str, actor_id: int | None, now: int) -> Any:
    """A view as a condition. Raises ValueError for an unknown one."""
    opened = t.Ticket.category.in_(OPEN)
    if view == "mine":
        return opened & (t.Ticket.assignee_id == (actor_id or 0))
    if view == "unassigned":
        return opened & t.Ticket.assignee_id.is_null()
    if view == "waiting":
        return opened & t.Ticket.waiting_since.is_null(False)
    if view == "overdue":
        return opened & (t.Ticket.due_at <= now)
    if view == "followed":
        return opened & t.Ticket.id.in_(followed_by(actor_id or 0))
    if view == "all":
        return SQL("1 = 1")
    raise ValueError(f"there is no view `{view}`")


def tickets(
    tx: Tx,
    scope: Scope,
    question: ask.Tickets,
    *,
    actor_id: int | None = None,
    now: int | None = None,
    where: Any = None,
    percent: Percent = straight_percent,
) -> dict[str, Any]:
    """A page of tickets: `items`, `next`, and with `count` also `count` or `count_at_least`.

    `where` is the translated filter (`filters.where`). Raises ValueError for an unknown sort or view, BadCursor.
    """
    now = tx.now if now is None else now
    condition = _condition(tx, scope, question.view, question.q, where, actor_id, now)
    name = question.sort.removeprefix("-")
    if name not in _SORTS:
        raise ValueError(f"tickets cannot be sorted by `{name}`")
    column, down = _SORTS[name], question.sort.startswith("-")
    page = condition
    if question.cursor is not None:
        value, last_id, order_of_cursor = read_cursor(question.cursor, 3)
        if order_of_cursor != _ORDERS.index(question.sort):
            raise BadCursor("this cursor is of a list in another order; ask for its first page")
        place = Tuple(Value(value), Value(last_id))
        here = Tuple(column, t.Ticket.id)
        page &= Expression(here, "<" if down else ">", place)
    order = (column.desc(), t.Ticket.id.desc()) if down else (column, t.Ticket.id)
    limit = limited(question.limit)
    if question.view in _OF_OPEN:
        page = t.Ticket.id.in_(_first_of_open(page, name, down, limit + 1))
    ids = tx.values(t.Ticket.select(t.Ticket.id).where(page).order_by(*order).limit(limit + 1))
    more, rows = len(ids) > limit, _rows_of(tx, scope, actor_id, ids[:limit])
    answer: dict[str, Any] = {
        "items": _shown(tx, scope, rows, now, percent),
        "next": cursor(rows[-1][column.column_name], rows[-1]["id"], _ORDERS.index(question.sort)) if more else None,
    }
    if question.count:
        answer.update(_count(tx, condition))
    return answer


def numbers(
    tx: Tx, scope: Scope, question: ask.TicketNumbers, *, actor_id: int | None = None, where: Any = None
) -> list[int]:
    """The numbers of all tickets of a list, at most `question.most`. Raises ValueError for an unknown view."""
    condition = _condition(tx, scope, question.view, question.q, where, actor_id, tx.now)
    return tx.values(t.Ticket.select(t.Ticket.number).where(condition).order_by(t.Ticket.number).limit(question.most))


def ticket(
    tx: Tx,
    scope: Scope,
    question: ask.TicketByNumber,
    *,
    actor_id: int | None = None,
    now: int | None = None,
    percent: Percent = straight_percent,
) -> dict[str, Any] | None:
    """One ticket, or None where it is not there or not for the actor.

    Asked after every command, so its statements are made once; the scope is held against the one row.
    """
    if scope.staff:
        rows = tx.rows(_STAFF_TICKET, number=question.number, actor_id=actor_id or 0)
    else:
        rows = tx.rows(_MEMBER_TICKET, number=question.number)
    row = next((row for row in rows if may_see(scope, row)), None)
    if row is None:
        return None
    tags = tx.values(_TICKET_TAGS, id=row["id"]) if scope.staff else []
    clocks = [clock_of(clock) for clock in tx.rows(_TICKET_CLOCKS, id=row["id"])] if scope.staff else []
    return shown_one(tx, scope, row, tags, clocks, tx.now if now is None else now, percent)


def may_see(scope: Scope, row: Mapping[str, Any]) -> bool:
    """`of_ticket`, asked of one row."""
    if not scope.tickets or (scope.shops is not None and row["shop"] not in scope.shops):
        return False
    return scope.member_id is None or (row["member_id"] == scope.member_id and shown_to_members(row["channel"]))


def shown_one(
    tx: Tx, scope: Scope, row: Mapping[str, Any], tags: list[str], clocks: Iterable[Clock], now: int, percent: Percent
) -> dict[str, Any]:
    """A ticket's row, with what hangs on it, as the API shows it."""
    sla = show_sla(row["shop"], clocks, now, percent)
    return show_ticket(row, tags, sla, tx.ring, scope)


_SEEN_BY = (t.Ticket.shop, t.Ticket.member_id, t.Ticket.channel)
"""What `may_see` asks of a row."""
_LINKED = ("number", "kind", "subject", "state", "category", "link", "created_at")


def _links() -> Any:
    this = t.Ticket.alias("this")
    linked = t.TicketLink.kind.alias("link"), (t.TicketLink.to_id == this.id).alias("origin"), t.TicketLink.created_at
    other = ((t.TicketLink.from_id == this.id) & (t.TicketLink.to_id == t.Ticket.id)) | (
        (t.TicketLink.to_id == this.id) & (t.TicketLink.from_id == t.Ticket.id)
    )
    shown = (t.Ticket.number, t.Ticket.kind, t.Ticket.subject, t.Ticket.state, t.Ticket.category)
    query = t.TicketLink.select(*shown, *linked, *_SEEN_BY).join(this, on=(this.number == p("number")))
    return query.switch(t.TicketLink).join(t.Ticket, on=other).order_by(t.TicketLink.id)


_TICKET_LINKS = Prepared(_links)


def links(tx: Tx, scope: Scope, number: int) -> list[dict[str, Any]]:
    """Cases opened beside a ticket, and the one it was opened beside, oldest first, as far as the scope sees them."""
    rows = [row for row in tx.rows(_TICKET_LINKS, number=number) if may_see(scope, row)]
    return [{**{name: row[name] for name in _LINKED}, "origin": bool(row["origin"])} for row in rows]


_VISIT = ("page", "title", "referrer", "device", "language", "browser", "address", "visits")
_TICKET_VISIT = Prepared(
    lambda: (
        t.Chat.select(*(getattr(t.Chat, name) for name in _VISIT), *_SEEN_BY)
        .join(t.Ticket, on=(t.Ticket.id == t.Chat.ticket_id))
        .where(t.Ticket.number == p("number"))
    )
)


def visit(tx: Tx, scope: Scope, number: int) -> dict[str, Any] | None:
    """From where a chat was begun, for staff who see its ticket; None for what is no chat."""
    row = tx.row(_TICKET_VISIT, number=number)
    if row is None or not may_see(scope, row):
        return None
    return show_place({name: row[name] for name in _VISIT}, ("address", "browser"), personal=scope.personal)


def tickets_of_member(
    tx: Tx, scope: Scope, member_id: int, *, actor_id: int | None, now: int, percent: Percent, limit: int = 20
) -> list[dict[str, Any]]:
    """A member's latest tickets."""
    mine = of_ticket(scope) & (t.Ticket.member_id == member_id)
    ids = tx.values(t.Ticket.select(t.Ticket.id).where(mine).order_by(t.Ticket.id.desc()).limit(limit))
    return _shown(tx, scope, _rows_of(tx, scope, actor_id, ids), now, percent)


def _rows_of(tx: Tx, scope: Scope, actor_id: int | None, ids: list[int]) -> list[Row]:
    """The rows of tickets that the scope sees, in the order of their ids as given."""
    query, more = (_STAFF_TICKETS, {"actor_id": actor_id or 0}) if scope.staff else (_MEMBER_TICKETS, {})
    found = {row["id"]: row for known, values in query.asked(ids) for row in tx.rows(known, **values, **more)}
    return [found[one] for one in ids if one in found]


def _ticket_rows(*, staff: bool) -> Any:
    """Tickets with requester, assignee and the case they went on in; for staff the last line, how many of the member's
    lines `p("actor_id")` has not read, and what he wrote with his rating."""
    onward = t.Ticket.alias("onward")
    columns: list[Any] = [
        t.Ticket,
        t.Member.name.alias("m_name"),
        t.Member.tier.alias("m_tier"),
        t.Member.guest.alias("m_guest"),
        t.Agent.username.alias("assignee"),
        onward.number.alias("merged_number"),
    ]
    query = t.Ticket.select().join(t.Member, on=(t.Member.id == t.Ticket.member_id)).switch(t.Ticket)
    query = query.join(t.Agent, JOIN.LEFT_OUTER, on=(t.Agent.id == t.Ticket.assignee_id)).switch(t.Ticket)
    query = query.join(onward, JOIN.LEFT_OUTER, on=(onward.id == t.Ticket.merged_into)).switch(t.Ticket)
    if staff:
        query = query.join(t.Rating, JOIN.LEFT_OUTER, on=(t.Rating.ticket_id == t.Ticket.id)).switch(t.Ticket)
        writer = t.Agent.alias("writer")
        query = query.join(t.Message, JOIN.LEFT_OUTER, on=(t.Message.id == t.Ticket.last_message_id)).join(
            writer, JOIN.LEFT_OUTER, on=((t.Message.author_kind == "agent") & (writer.id == t.Message.author_id))
        )
        line = t.Message.alias("line")
        read = (
            t.Seen.select(t.Seen.message_id)
            .where(
                (t.Seen.owner_kind == "agent") & (t.Seen.owner_id == p("actor_id")) & (t.Seen.ticket_id == t.Ticket.id)
            )
            .limit(1)
        )
        unread = line.select(fn.COUNT(line.id)).where(
            (line.ticket_id == t.Ticket.id) & (line.author_kind == "member") & (line.id > fn.COALESCE(read, 0))
        )
        columns += [
            t.Message.author_kind.alias("l_author_kind"),
            t.Message.shown_as.alias("l_shown_as"),
            t.Message.text.alias("l_text"),
            t.Message.created_at.alias("l_created_at"),
            t.Message.unsent_at.alias("l_unsent_at"),
            writer.name.alias("l_agent"),
            unread.alias("unread"),
            open_tasks(t.Ticket.id).alias("open_tasks"),
            wanted_tasks(t.Ticket.id).alias("tasks"),
            records_of(t.Ticket.id).alias("records"),
            t.Rating.comment.alias("r_comment"),
            fn.COALESCE(t.Rating.revised_at, t.Rating.created_at).alias("r_at"),
        ]
    return query.select(*columns)


_STAFF_TICKET = Prepared(lambda: _ticket_rows(staff=True).where(t.Ticket.number == p("number")))
_MEMBER_TICKET = Prepared(lambda: _ticket_rows(staff=False).where(t.Ticket.number == p("number")))
_STAFF_TICKETS = PreparedOfIds(lambda ids: _ticket_rows(staff=True).where(t.Ticket.id.in_(ids)))
_MEMBER_TICKETS = PreparedOfIds(lambda ids: _ticket_rows(staff=False).where(t.Ticket.id.in_(ids)))
_TICKET_TAGS = Prepared(
    lambda: (
        t.TagUse.select(t.TagUse.name)
        .where((t.TagUse.owner_kind == "ticket") & (t.TagUse.owner_id == p("id")))
        .order_by(t.TagUse.at, t.TagUse.name)
    )
)
_TICKET_CLOCKS = Prepared(lambda: t.SlaClock.select().where(t.SlaClock.ticket_id == p("id")))
_CLOCKS_OF = PreparedOfIds(lambda ids: t.SlaClock.select().where(t.SlaClock.ticket_id.in_(ids)))
_TAGS_OF = PreparedOfIds(
    lambda ids: (
        t.TagUse.select(t.TagUse.owner_id, t.TagUse.name)
        .where((t.TagUse.owner_kind == p("owner")) & t.TagUse.owner_id.in_(ids))
        .order_by(t.TagUse.at, t.TagUse.name)
    )
)


def _shown(tx: Tx, scope: Scope, rows: list[Row], now: int, percent: Percent) -> list[dict[str, Any]]:
    ids = [row["id"] for row in rows]
    tags = tags_of(tx, "ticket", ids) if scope.staff else {}
    clocks: dict[int, list[Clock]] = {}
    for known, values in _CLOCKS_OF.asked(ids) if scope.staff else ():
        for row in tx.rows(known, **values):
            clocks.setdefault(row["ticket_id"], []).append(clock_of(row))
    return [shown_one(tx, scope, row, tags.get(row["id"], []), clocks.get(row["id"], ()), now, percent) for row in rows]


def tags_of(tx: Tx, owner: str, ids: Collection[int]) -> dict[int, list[str]]:
    """Tags by owner, in the order in which they came."""
    found: dict[int, list[str]] = {}
    for known, values in _TAGS_OF.asked(list(ids)):
        for row in tx.rows(known, owner=owner, **values):
            found.setdefault(row["owner_id"], []).append(row["name"])
    return found


def _of_q(tx: Tx, q: str) -> Any:
    """A number, an order number, or words of the member's name."""
    condition: Any = t.Ticket.order_no_folded == marked(q)
    if re.fullmatch(r"#?[0-9]{1,15}", plain := fold(q)):
        condition |= t.Ticket.number == int(plain.lstrip("#"))
    named = tx.indexes["member"].matching(q)
    return condition | t.Ticket.member_id.in_(named) if named is not None else condition


_OF_OPEN = frozenset(VIEWS) - {"all"}
"""Views of what is open or pending."""


def _first_of_open(page: Any, sort: str, down: bool, most: int) -> Any:
    """The first of each category, as ids: an index gives either in order, but not both together."""
    firsts = []
    for category in OPEN:
        ticket = t.Ticket.select(t.Ticket.id).where(page & (t.Ticket.category == category))
        column = _SORTS[sort]
        order = (column.desc(), t.Ticket.id.desc()) if down else (column, t.Ticket.id)
        some = ticket.order_by(*order).limit(most).alias(f"some_{category}")
        firsts.append(some.select_from(some.c.id))
    return firsts[0].union_all(firsts[1])


def _count(tx: Tx, condition: Any) -> dict[str, int]:
    found = count_tickets(tx, condition)
    return {"count_at_least": COUNTED} if found > COUNTED else {"count": found}


def count_tickets(tx: Tx, condition: Any) -> int:
    """How many there are, looking no further than one past `COUNTED`."""
    some = t.Ticket.select(SQL("1").alias("one")).where(condition).limit(COUNTED + 1).alias("some")
    return int(tx.value(some.select_from(fn.COUNT(SQL("*")))))


def views(
    tx: Tx, scope: Scope, question: ask.Views, *, actor_id: int | None = None, now: int | None = None
) -> dict[str, Any]:
    """The views with their counts, at most 10,000 each; one statement a view."""
    now = tx.now if now is None else now
    counted = []
    for name in VIEWS if scope.staff else ("all",):
        found = count_tickets(tx, of_ticket(scope) & of_view(name, actor_id, now))
        counted.append({"name": name, "count": min(found, COUNTED)})
    return {"items": counted}


# -------------------------------------------------------------------------------------------------------- conversations


def find_ticket(tx: Tx, scope: Scope, number: int) -> Row | None:
    """Id, number, shop and member of a ticket the scope lets be seen."""
    return tx.row(
        t.Ticket.select(t.Ticket.id, t.Ticket.number, t.Ticket.shop, t.Ticket.member_id, t.Member.name.alias("m_name"))
        .join(t.Member, on=(t.Member.id == t.Ticket.member_id))
        .where(of_ticket(scope) & (t.Ticket.number == number))
    )


def shop_of(tx: Tx, number: int) -> str | None:
    """The shop of a ticket."""
    shop: str | None = tx.value(t.Ticket.select(t.Ticket.shop).where(t.Ticket.number == number))
    return shop


def event_rows() -> Any:
    """Events with the agent who acted and the name on their line."""
    return (
        t.Event.select(
            t.Event,
            t.Agent.name.alias("agent_name"),
            t.Agent.username.alias("agent_username"),
            t.Message.shown_as,
            t.Message.visibility,
            t.Message.unsent_at,
        )
        .join(t.Agent, JOIN.LEFT_OUTER, on=((t.Event.actor_kind == "agent") & (t.Agent.id == t.Event.actor_id)))
        .switch(t.Event)
        .join(t.Message, JOIN.LEFT_OUTER, on=(t.Message.id == t.Event.message_id))
    )


def for_members() -> Any:
    """Which lines a member may see at all, as a condition; of those taken back only that there was one."""
    return t.Message.visibility != "internal"


def words_for_members() -> Any:
    """Which lines a member may read the words of, as a condition."""
    return for_members() & t.Message.unsent_at.is_null()


def event_for_members() -> Any:
    """Which events of their own tickets members may see, as a condition."""
    visible = t.Message.id.is_null() | for_members()
    return t.Event.kind.in_(sorted(MEMBER_EVENTS)) & visible


def body_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """An event's body; empty where it was erased."""
    body: dict[str, Any] = json.loads(row["body"]) if row["body"] else {}
    return body


def events(tx: Tx, scope: Scope, question: ask.Events) -> dict[str, Any] | None:
    """A ticket's history, oldest first, from after an event id. None: not for the actor."""
    found = find_ticket(tx, scope, question.number)
    if found is None:
        return None
    condition = (t.Event.ticket_id == found["id"]) & (t.Event.id > question.since)
    if not scope.staff:
        condition &= event_for_members()
    elif not scope.members:
        condition &= t.Event.kind.not_in(sorted(MEMBER_FILE))
    if question.kinds:
        condition &= t.Event.kind.in_(question.kinds)
    limit = limited(question.limit)
    rows = tx.rows(event_rows().where(condition).order_by(t.Event.id).limit(limit + 1))
    more, rows = len(rows) > limit, rows[:limit]
    return {
        "items": [shown_event(row, scope) for row in rows],
        "next": str(rows[-1]["id"]) if more else None,
    }


def shown_event(row: Row, scope: Scope) -> dict[str, Any]:
    """An event of `event_rows` as the scope shows it."""
    shown = show_event(row, covered(body_of(row), scope.masked), staff=scope.staff)
    if scope.staff:
        place = {name: row[name] for name in ("address", "device")}
        shown.update(show_place(place, ("address", "device"), personal=scope.personal))
    return shown


# --------------------------------------------------------------------------------------------------------------- search

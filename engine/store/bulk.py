"""Many rows at once: ids in advance, rows as plain tuples, one statement for each kind of row.

For who makes whole histories (the demo): the rows are those that `commit.apply` leaves, numbered and chained at the end
of the transaction like any others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from peewee import SQL, Model, Select, Value, fn

from engine.store import tables as t
from engine.store.sql import Row, insert_sql
from engine.store.tx import Tx


def reserve(tx: Tx, model: type[t.Row], count: int) -> list[int]:
    """Ids that the rows of a model will have, ascending; nobody else gets them."""
    if count == 0:
        return []
    if tx.database.returning_clause:  # a server counts by itself: ask it for numbers
        sequence = fn.pg_get_serial_sequence(model._meta.table_name, "id")
        rows = fn.generate_series(Value(1).cast("bigint"), Value(count).cast("bigint"))
        return sorted(int(number) for number in tx.values(Select([rows], [fn.nextval(sequence)])))
    highest = int(tx.value(model.select(fn.COALESCE(fn.MAX(model.id), 0))))
    return list(range(highest + 1, highest + 1 + count))


def numbers(tx: Tx, count: int) -> range:
    """The next ticket numbers. Their counter stays locked to the COMMIT."""
    last = tx.next_number(count=count)
    return range(last - count + 1, last + 1)


def columns_of(model: type[Model]) -> tuple[str, ...]:
    """The columns of a model, in the order in which `insert` wants them."""
    return tuple(field.column_name for field in model._meta.sorted_fields)


def insert(tx: Tx, model: type[Model], columns: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
    """Rows of these columns, all with values."""
    if rows:
        tx.execute_many(insert_sql(tx.database, model, columns), rows)  # type: ignore[arg-type]


def identity(tx: Tx, member_id: int, shop: str, kind: str, value: str, at: int) -> Row:
    """The row of one way to recognise a member, unproved."""
    return {
        "member_id": member_id,
        "shop": shop,
        "kind": kind,
        "value": tx.ring.encrypt_text(value, f"identity:{kind}"),
        "value_key": tx.ring.blind(kind, value),
        "tail_key": tx.ring.blind_tail(value) if kind == "phone" else None,
        "verified_at": None,
        "created_at": at,
    }


def settled_tickets(tx: Tx, upto: int) -> list[Row]:
    """Closed tickets up to an id that nothing waits for and nothing hangs on, in the order they came."""
    waits = t.Timer.select(t.Timer.ticket_id)
    leaves = t.Outbox.select(t.Outbox.ticket_id).where(t.Outbox.ticket_id.is_null(False))
    calls = t.Call.select(t.Call.ticket_id)
    linked = t.TicketLink.select(t.TicketLink.from_id).union(t.TicketLink.select(t.TicketLink.to_id))
    files = t.MessageFile.select(t.Message.ticket_id).join(t.Message, on=(t.Message.id == t.MessageFile.message_id))
    plain = (t.Ticket.category == "closed") & t.Ticket.merged_into.is_null() & (t.Ticket.id <= upto)
    followed = t.TicketAgent.select(t.TicketAgent.ticket_id)
    for other in (waits, leaves, calls, linked, files, followed):
        plain &= t.Ticket.id.not_in(other)
    return tx.rows(t.Ticket.select().where(plain).order_by(t.Ticket.id))


def of_ticket(tx: Tx, ticket_id: int) -> dict[type[Model], list[Row]]:
    """Everything else that is stored of a ticket, by its model, in the order it came."""
    found: dict[type[Model], list[Row]] = {}
    for model in (t.Message, t.Chat, t.SlaClock, t.Rating, t.Notification, t.Event, t.Decision):
        found[model] = tx.rows(model.select().where(model.ticket_id == ticket_id).order_by(model.id))
    found[t.RuleUse] = tx.rows(
        t.RuleUse.select()
        .where((t.RuleUse.scope == "ticket") & (t.RuleUse.key == str(ticket_id)))
        .order_by(t.RuleUse.id)
    )
    for owned in (t.TagUse, t.FieldValue):
        found[owned] = tx.rows(owned.select().where((owned.owner_kind == "ticket") & (owned.owner_id == ticket_id)))
    return found


def add_members(tx: Tx, members: Sequence[Row], identities: Sequence[Row], tags: Sequence[Row] = ()) -> None:
    """Writes members with what they are known by and what hangs on them."""
    tx.insert_many(t.Member, members)
    tx.insert_many(t.Identity, identities)
    tx.insert_many(t.TagUse, tags)


def members(tx: Tx, ids: Iterable[int]) -> list[Row]:
    """Members by id."""
    wanted = sorted(ids)
    found: list[Row] = []
    for start in range(0, len(wanted), 500):
        page = t.Member.id.in_(wanted[start : start + 500])
        found += tx.rows(t.Member.select().where(page).order_by(t.Member.id))
    return found


def tags_of_member(tx: Tx, member_id: int) -> list[Row]:
    """The tags of a member."""
    return tx.rows(t.TagUse.select().where((t.TagUse.owner_kind == "member") & (t.TagUse.owner_id == member_id)))


def seen_by_assignees(tx: Tx, tickets: Sequence[int]) -> None:
    """Tickets are read to their end by those who have them."""
    if not tickets:
        return
    last = t.Event.select(fn.MAX(t.Event.id)).where(t.Event.ticket_id == t.Ticket.id)
    rows = t.Ticket.select(
        SQL("'agent'"),
        t.Ticket.assignee_id,
        t.Ticket.id,
        last,
        fn.COALESCE(t.Ticket.last_message_id, 0),
        t.Ticket.updated_at,
    ).where(t.Ticket.id.between(tickets[0], tickets[-1]) & t.Ticket.assignee_id.is_null(False))
    fields = [t.Seen.owner_kind, t.Seen.owner_id, t.Seen.ticket_id, t.Seen.event_id, t.Seen.message_id, t.Seen.at]
    tx.run(t.Seen.insert_from(rows, fields))


def newest_ticket(tx: Tx) -> int:
    """The highest id of a ticket; 0 where there is none."""
    return int(tx.value(t.Ticket.select(fn.COALESCE(fn.MAX(t.Ticket.id), 0))))


def count_tickets(tx: Tx) -> int:
    """How many tickets there are."""
    return int(tx.value(t.Ticket.select(fn.COUNT(t.Ticket.id))))


def open_tickets(tx: Tx) -> list[Row]:
    """Number, kind, and assignee's username of the tickets that are not closed."""
    query = t.Ticket.select(t.Ticket.number, t.Ticket.kind, t.Agent.username)
    query = query.join(t.Agent, "LEFT OUTER JOIN", on=(t.Agent.id == t.Ticket.assignee_id))
    return tx.rows(query.where(t.Ticket.category != "closed").order_by(t.Ticket.id))


def known_members(tx: Tx) -> list[int]:
    """Ids of the members that are no guests."""
    return [int(one) for one in tx.values(t.Member.select(t.Member.id).where(~t.Member.guest).order_by(t.Member.id))]


def open_cases(tx: Tx, agent_id: int, most: int) -> list[int]:
    """Ids of an agent's newest open cases that are no chats."""
    mine = (t.Ticket.assignee_id == agent_id) & t.Ticket.category.in_(("open", "pending"))
    plain = t.Ticket.id.not_in(t.Chat.select(t.Chat.ticket_id))
    return list(tx.values(t.Ticket.select(t.Ticket.id).where(mine & plain).order_by(t.Ticket.id.desc()).limit(most)))

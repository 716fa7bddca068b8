"""Small questions the corridor asks: a member's open case, who waits and who has room, what a line belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from peewee import JOIN, fn

from engine.core.access import Scope
from engine.core.entities import Agent, Call, Case
from engine.core.routing import Waiting
from engine.store import tables as t
from engine.store.load import peek_member_cases
from engine.store.lookups import before_in_line
from engine.store.queries import OPEN, of_ticket
from engine.store.roster import serving
from engine.store.sql import Prepared, Row, p
from engine.store.stream import duplicate_by_outside
from engine.store.tx import Tx
from engine.store.values import Lexicon, words

PAGE = 200
"""Waiting tickets read at once."""
LATEST = 500
"""Chats among which a shop's own latest ones are looked for."""


def latest_number(tx: Tx, member_id: int, live_kinds: frozenset[str], *, open_only: bool) -> int | None:
    """The member's open live chat, or the latest one, ended or not."""
    query = t.Ticket.select(t.Ticket.number).where(
        (t.Ticket.member_id == member_id) & t.Ticket.kind.in_(sorted(live_kinds))
    )
    if open_only:
        query = query.where(t.Ticket.category.in_(OPEN))
    found = tx.value(query.order_by(t.Ticket.id.desc()).limit(1))
    return None if found is None else int(found)


def last_ended(tx: Tx, member_id: int, live_kinds: frozenset[str], since: int) -> Row | None:
    """The member's latest live chat where it ended after a moment, µs UTC: its `number`, `shop`, whether a rating was
    `asked` for and when it was first `rated`. None where the latest has not, or its lines stand in another case."""
    mine = (t.Ticket.member_id == member_id) & t.Ticket.kind.in_(sorted(live_kinds))
    query = (
        t.Ticket.select(
            t.Ticket.number,
            t.Ticket.shop,
            t.Ticket.merged_into,
            t.Ticket.rating_asked_at.alias("asked"),
            t.Chat.ended_at,
            t.Rating.created_at.alias("rated"),
        )
        .join(t.Chat, on=(t.Chat.ticket_id == t.Ticket.id))
        .join(t.Rating, JOIN.LEFT_OUTER, on=(t.Rating.ticket_id == t.Ticket.id))
        .where(mine)
        .order_by(t.Ticket.id.desc())
        .limit(1)
    )
    row = tx.row(query)
    if row is None or row["ended_at"] is None or row["ended_at"] < since or row["merged_into"] is not None:
        return None
    return row


def join_lines(tx: Tx, from_id: int, to_id: int) -> None:
    """The lines of one conversation stand in another from now on, which is as new and as unanswered as both were."""
    tx.run(t.Message.update(ticket_id=to_id).where(t.Message.ticket_id == from_id))
    newest = tx.value(t.Message.select(fn.MAX(t.Message.id)).where(t.Message.ticket_id == to_id))
    tx.update(t.Ticket, {"last_message_id": newest, "updated_at": tx.now}, id=to_id)


def open_number(tx: Tx, member_id: int, channel: str, account: str = "") -> int | None:
    """The member's latest open ticket of a channel's account: where the next line belongs of a channel that is one
    running conversation."""
    came = (t.Ticket.channel == channel) & (t.Ticket.account == account)
    mine = (t.Ticket.member_id == member_id) & came & t.Ticket.category.in_(OPEN)
    found = tx.value(t.Ticket.select(t.Ticket.number).where(mine).order_by(t.Ticket.id.desc()).limit(1))
    return None if found is None else int(found)


def merged_number(tx: Tx, member_id: int, channel: str, account: str = "") -> int | None:
    """The member's latest ticket of a channel's account, where that was merged into another: the conversation goes on
    there."""
    mine = (t.Ticket.member_id == member_id) & (t.Ticket.channel == channel) & (t.Ticket.account == account)
    row = tx.row(
        t.Ticket.select(t.Ticket.number, t.Ticket.merged_into).where(mine).order_by(t.Ticket.id.desc()).limit(1)
    )
    return None if row is None or row["merged_into"] is None else int(row["number"])


REFERRED = 20
"""Of the lines that a letter says it answers, so many are looked up: the nearest."""


def answered_ticket(tx: Tx, channel: str, account: str, names: Sequence[str]) -> int | None:
    """The id of the ticket with the line that one of these outside ids names, of the first that is known: a line of
    ours that left by the channel, or one that came by it."""
    for name in dict.fromkeys(names[:REFERRED]):
        ours = (t.Outbox.channel == channel) & (t.Outbox.external_id == name) & t.Outbox.ticket_id.is_null(False)
        found = tx.value(t.Outbox.select(t.Outbox.ticket_id).where(ours).limit(1))
        if found is None:
            duplicate = duplicate_by_outside(tx, channel, account, name)
            found = duplicate.ticket_id if duplicate else None
        if found is not None:
            return int(found)
    return None


def call_named(tx: Tx, account: str, name: str) -> Call | None:
    """The call an exchange speaks of, by the account under which its names count."""
    row = tx.row(
        t.Call.select(t.Call, t.Agent.username)
        .join(t.Agent, JOIN.LEFT_OUTER, on=(t.Agent.id == t.Call.agent_id))
        .where((t.Call.account == account) & (t.Call.name == name))
    )
    if row is None:
        return None
    numbers: Row = {k: tx.ring.decrypt_text(row[k], "call") if row[k] is not None else "" for k in ("caller", "callee")}
    plain: Row = {k: row[k] for k in ("id", "ticket_id", "account", "name", "direction", "result")}
    times: Row = {k: row[k] for k in ("rang_at", "answered_at", "ended_at")}
    return Call(**plain, **times, **numbers, agent=row["username"])


def number_of_message(tx: Tx, message_id: int) -> int | None:
    """The number of the ticket a line stands on."""
    found = tx.value(
        t.Ticket.select(t.Ticket.number)
        .join(t.Message, on=(t.Message.ticket_id == t.Ticket.id))
        .where(t.Message.id == message_id)
    )
    return None if found is None else int(found)


def member_for_window(tx: Tx, lexicon: Lexicon, member_id: int) -> Case | None:
    """A case of a member without a ticket, for reading only: no lock, no number taken."""
    return next((case for _, case in peek_member_cases(tx, lexicon, (member_id,))), None)


_WAITING = Prepared(
    lambda: (
        t.Ticket.select(
            t.Ticket.id,
            t.Ticket.team,
            t.Ticket.shop,
            t.Ticket.route_by,
            t.Ticket.route_skills,
            t.Ticket.member_id,
            t.Ticket.left_by,
        )
        .join(t.Member, on=(t.Member.id == t.Ticket.member_id))
        .where(
            t.Ticket.category.in_(OPEN)
            & t.Ticket.assignee_id.is_null()
            & t.Ticket.team.is_null(False)
            & t.Ticket.route_by.is_null(False)
        )
        .order_by(t.Member.tier_rank.desc(), t.Ticket.priority_rank.desc(), t.Ticket.id)
        .limit(PAGE)
        .offset(p("done"))
    )
)
_ONLINE = Prepared(
    lambda: t.Agent.select(t.Agent.id).where((t.Agent.status == "online") & (t.Agent.enabled == True)).limit(1)  # noqa: E712
)


def queue(tx: Tx) -> Iterator[Waiting]:
    """Tickets that wait for a team, in the order they are to be served: higher tiers, then urgency, then age. None
    where nobody is online to serve them. They are read as far as somebody asks."""
    if tx.value(_ONLINE) is None:
        return
    done = 0
    while rows := tx.rows(_WAITING, done=done):
        for row in rows:
            skills = words(row["route_skills"])
            yield Waiting(
                row["id"], row["shop"], row["team"], row["route_by"], skills, row["member_id"], row["left_by"]
            )
        done += len(rows)
        if len(rows) < PAGE:
            return


@dataclass(frozen=True, slots=True)
class Place:
    """Where a waiting chat stands. `ahead`: chats served before it; `roster`: all who serve the shop."""

    shop: str
    team: str
    skills: tuple[str, ...]
    ahead: int
    roster: Sequence[Agent]


def queue_place(tx: Tx, lexicon: Lexicon, scope: Scope, number: int) -> Place | None:
    """The place of a waiting chat in its team's line; None: it does not wait."""
    row = tx.row(
        t.Ticket.select(t.Ticket, t.Member.tier_rank.alias("tier_rank"))
        .join(t.Member, on=(t.Member.id == t.Ticket.member_id))
        .where(of_ticket(scope) & (t.Ticket.number == number) & t.Ticket.category.in_(OPEN))
    )
    if row is None or row["assignee_id"] is not None or row["team"] is None:
        return None
    served = tx.value(
        t.Chat.select(t.Chat.served_at).where((t.Chat.ticket_id == row["id"]) & t.Chat.served_at.is_null(False))
    )
    if served is not None:
        return None
    ranks = row["tier_rank"], row["priority_rank"]
    ahead = before_in_line(tx, row["id"], row["team"], row["shop"], *ranks)
    roster = serving(tx, lexicon, row["shop"], lock=False)
    return Place(row["shop"], row["team"], words(row["route_skills"]), ahead, roster)


def lasted(tx: Tx, shop: str, since: int) -> list[int]:
    """How long a shop's latest chats took from being served to their end, µs, of those that were served since a moment
    (µs UTC). Looked for among the latest chats of the desk only, so that it costs little on any."""
    latest = t.Chat.select().order_by(t.Chat.id.desc()).limit(LATEST).alias("latest")
    rows = tx.rows(
        t.Ticket.select((latest.c.ended_at - latest.c.served_at).alias("took"))
        .join(latest, on=(latest.c.ticket_id == t.Ticket.id))
        .where((t.Ticket.shop == shop) & (latest.c.served_at >= since) & latest.c.ended_at.is_null(False))
    )
    return [row["took"] for row in rows]


def served_by(tx: Tx, agent_id: int) -> list[int]:
    """The tickets of the chats that go on and that an agent serves."""
    going_on = (t.Ticket.assignee_id == agent_id) & (t.Ticket.category != "closed") & t.Chat.ended_at.is_null()
    chats = t.Ticket.select(t.Ticket.id).join(t.Chat, on=(t.Chat.ticket_id == t.Ticket.id)).where(going_on)
    return [row["id"] for row in tx.rows(chats.order_by(t.Ticket.id))]

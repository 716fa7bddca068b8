"""Reads about people: members with identities, agents with their load, teams with their work, sessions, notices."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from peewee import SQL, Case, fn

from engine.core import questions as ask
from engine.core.access import EACH_SHOP, Scope
from engine.core.entities import DAY, NEVER, Agent
from engine.store import tables as t
from engine.store.paging import cursor, limited, read_cursor
from engine.store.people import identities_of
from engine.store.queries import OPEN, tags_of, tickets_of_member
from engine.store.roster import agents_of
from engine.store.secret import masked
from engine.store.show import Percent, straight_percent
from engine.store.sql import Row
from engine.store.tx import Tx
from engine.store.values import Lexicon, show_fields

SHOWN_IDENTITIES = frozenset({"account", "email", "phone", "wechat", "weibo", "line"})
"""Kinds that people know; a browser's visitor key is nobody's business."""


def of_member(scope: Scope) -> Any:
    """What of the member table the scope lets be seen, as a condition."""
    seen: Any = SQL("1 = 1")
    if scope.shops is not None:
        seen = t.Member.shop.in_(list(scope.shops))
    if scope.member_id is not None:
        seen = seen & (t.Member.id == scope.member_id)
    return seen


def _member_rows(now: int, complaint_kinds: Collection[str]) -> Any:
    opened = t.Ticket.select(fn.COUNT(t.Ticket.id)).where(
        (t.Ticket.member_id == t.Member.id) & t.Ticket.category.in_(OPEN)
    )
    complaints = t.Ticket.select(fn.COUNT(t.Ticket.id)).where(
        (t.Ticket.member_id == t.Member.id)
        & t.Ticket.kind.in_(sorted(complaint_kinds))
        & (t.Ticket.created_at > now - 30 * DAY)
    )
    return t.Member.select(t.Member, opened.alias("open_tickets"), complaints.alias("complaints_30d"))


def _shown(tx: Tx, scope: Scope, rows: list[Row], lexicon: Lexicon | None) -> list[dict[str, Any]]:
    ids = [row["id"] for row in rows]
    tags, identities = tags_of(tx, "member", ids), identities_of(tx, ids)
    return [
        {
            "id": row["id"],
            "shop": row["shop"],
            "name": row["name"],
            "guest": bool(row["guest"]),
            "tier": row["tier"],
            "language": row["language"],
            "tags": tags.get(row["id"], []) if scope.staff else [],
            "fields": show_fields("member", row["fields"], tx.ring, scope, lexicon=lexicon),
            "blocked": scope.staff and (row["blocked_until"] or 0) > tx.now,
            "blocked_until": row["blocked_until"]
            if scope.staff and tx.now < (row["blocked_until"] or 0) < NEVER
            else None,
            "identities": [
                {
                    "kind": one["kind"],
                    "value": one["value"] if scope.personal else masked(one["kind"], one["value"]),
                    "verified": one["verified_at"] is not None,
                }
                for one in identities[row["id"]]
                if one["kind"] in SHOWN_IDENTITIES
            ],
            "open_tickets": row["open_tickets"] if scope.staff else 0,
            "complaints_30d": row["complaints_30d"] if scope.staff else 0,
            "created_at": row["created_at"],
        }
        for row in rows
    ]


def members(
    tx: Tx, scope: Scope, question: ask.Members, *, lexicon: Lexicon | None = None, now: int | None = None
) -> dict[str, Any]:
    """A page of members, newest first: all, or by words of the name; by account, e-mail, phone or its last four only
    for who may see these unmasked: else whoever guesses one would be told whose it is.

    Raises BadCursor.
    """
    lexicon = lexicon or Lexicon()
    condition = of_member(scope) & t.Member.merged_into.is_null()
    if question.shop is not None:
        condition &= t.Member.shop == question.shop
    q = (question.q or "").strip()
    if q:
        found: Any = SQL("1 = 0")
        if scope.personal:
            known = [tx.ring.blind(kind, q) for kind in ("account", "email", "phone")]
            held: Any = t.Identity.value_key.in_(known)
            if len(q) == 4 and q.isdigit():
                held |= t.Identity.tail_key == tx.ring.blind_tail(q)
            found = t.Member.id.in_(t.Identity.select(t.Identity.member_id).where(held))
        named = tx.indexes["member"].matching(q)
        if named is not None:
            found |= t.Member.id.in_(named)
        condition &= found
    if question.cursor is not None:
        condition &= t.Member.id < read_cursor(question.cursor, 1)[0]
    limit = limited(question.limit)
    query = _member_rows(tx.now if now is None else now, lexicon.complaint_kinds).where(condition)
    rows = tx.rows(query.order_by(t.Member.id.desc()).limit(limit + 1))
    more, rows = len(rows) > limit, rows[:limit]
    return {"items": _shown(tx, scope, rows, lexicon), "next": cursor(rows[-1]["id"]) if more else None}


def member(
    tx: Tx,
    scope: Scope,
    question: ask.MemberById,
    *,
    actor_id: int | None = None,
    lexicon: Lexicon | None = None,
    now: int | None = None,
    percent: Percent = straight_percent,
) -> dict[str, Any] | None:
    """One member with identities (masked unless allowed) and the last 20 tickets. None: not for the actor."""
    now = tx.now if now is None else now
    query = _member_rows(now, (lexicon or Lexicon()).complaint_kinds)
    rows = tx.rows(query.where(of_member(scope) & (t.Member.id == question.member_id)))
    if not rows:
        return None
    past = tickets_of_member(tx, scope, question.member_id, actor_id=actor_id, now=now, percent=percent)
    return {**_shown(tx, scope, rows, lexicon)[0], "tickets": past}


def agents(tx: Tx, scope: Scope, *, lexicon: Lexicon | None = None) -> list[Agent]:
    """Enabled agents who serve a shop the actor sees, by username."""
    ids = tx.values(_agent_ids(scope)) if scope.staff else []
    return agents_of(tx, lexicon or Lexicon(), ids) if ids else []


def _agent_ids(scope: Scope) -> Any:
    query = t.Agent.select(t.Agent.id).where(t.Agent.enabled == True)  # noqa: E712 (SQL)
    if scope.shops is not None:
        serving = t.AgentShop.select(t.AgentShop.agent_id).where(t.AgentShop.shop.in_([*scope.shops, EACH_SHOP]))
        query = query.where(t.Agent.id.in_(serving))
    return query


def show_agent(agent: Agent) -> dict[str, Any]:
    """An agent as the API shows them to staff."""
    return {
        "username": agent.username,
        "name": agent.name,
        "alias": agent.alias,
        "teams": list(agent.teams),
        "skills": list(agent.skills),
        "roles": list(agent.roles),
        "shops": list(agent.shops),
        "status": agent.status,
        "load": agent.load,
        "capacity": agent.capacity,
    }


def teams(tx: Tx, scope: Scope, question: ask.Teams) -> dict[str, Any]:
    """Teams by name, as far as rows know them: agents, open tickets, those that wait for an agent. Two statements."""
    if not scope.staff:
        return {"items": []}
    found: dict[str, dict[str, Any]] = {}

    def team(name: str) -> dict[str, Any]:
        return found.setdefault(name, {"name": name, "agents": [], "open": 0, "waiting": 0})

    mates = t.AgentTeam.select(t.AgentTeam.team, t.Agent.username).join(
        t.Agent, on=(t.Agent.id == t.AgentTeam.agent_id)
    )
    for row in tx.rows(mates.where(t.Agent.id.in_(_agent_ids(scope))).order_by(t.Agent.username)):
        team(row["team"])["agents"].append(row["username"])
    work = t.Ticket.select(
        t.Ticket.team,
        fn.COUNT(t.Ticket.id).alias("open"),
        fn.SUM(Case(None, ((t.Ticket.assignee_id.is_null(), 1),), 0)).alias("waiting"),
    ).where(t.Ticket.category.in_(OPEN) & t.Ticket.team.is_null(False))
    if scope.shops is not None:
        work = work.where(t.Ticket.shop.in_(list(scope.shops)))
    for row in tx.rows(work.group_by(t.Ticket.team)):
        team(row["team"]).update(open=row["open"], waiting=int(row["waiting"]))
    return {"items": [found[name] for name in sorted(found)]}


def sessions(
    tx: Tx, owner_kind: str, owner_id: int, *, current: int | None = None, now: int | None = None
) -> dict[str, Any]:
    """An owner's live sessions, the last used first."""
    live = t.Session.revoked_at.is_null() & (t.Session.expires_at > (tx.now if now is None else now))
    mine = (t.Session.owner_kind == owner_kind) & (t.Session.owner_id == owner_id)
    rows = tx.rows(t.Session.select().where(mine & live).order_by(t.Session.used_at.desc()).limit(200))
    return {
        "items": [
            {
                "id": row["id"],
                "kind": row["kind"],
                "current": row["id"] == current,
                "created_at": row["created_at"],
                "last_used_at": row["used_at"],
                "expires_at": row["expires_at"],
                "device": row["device"],
                "address": row["address"],
            }
            for row in rows
        ],
        "next": None,
    }

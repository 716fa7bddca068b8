"""Agents as decisions and lists see them: their rows, what hangs on them, and what they carry."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from peewee import SQL, fn

from engine.core.entities import Agent
from engine.core.values import replace
from engine.store import tables as t
from engine.store.sql import Prepared, PreparedOfIds, Row, p
from engine.store.tx import Tx
from engine.store.values import Lexicon


def agents_of(
    tx: Tx, lexicon: Lexicon, ids: Collection[int] | None = None, shop: str | None = None, *, lock: bool = True
) -> list[Agent]:
    """Agents by id, or the enabled ones who serve a shop, by username: two statements, however many there are.

    Those who serve a shop are locked to the COMMIT in the order of ids, so that two routings do not both give one agent
    the last free place; who only reads takes them without.
    """
    if ids is not None and len(ids) == 1:
        (one,) = ids
        rows = tx.rows(_AGENT, id=one)
    elif ids is not None:
        rows = tx.rows(t.Agent.select().where(t.Agent.id.in_(list(ids))).order_by(t.Agent.id))
    else:
        rows = tx.rows(_SERVING if lock else _SEEN_SERVING, shop=shop)
    return _agents(rows, _parts(tx, lexicon, [row["id"] for row in rows])) if rows else []


def everybody(tx: Tx, lexicon: Lexicon) -> list[Agent]:
    """Every enabled agent, by username, without a lock."""
    rows = tx.rows(_ENABLED)
    return _agents(rows, _parts(tx, lexicon, [row["id"] for row in rows])) if rows else []


def serving(tx: Tx, lexicon: Lexicon, shop: str, *, lock: bool = True) -> list[Agent]:
    """The enabled agents who serve a shop, by username, locked or not as by `agents_of`.

    They are read once a transaction, as long as none of its jobs writes to agents; what each carries is read each time.
    What another process changes meanwhile in teams or skills, which are not locked, counts from the next transaction.
    """
    if not lock:
        return agents_of(tx, lexicon, shop=shop, lock=False)
    known = tx.shared.agents.get(shop)
    if known is None:
        known = tx.shared.agents[shop] = agents_of(tx, lexicon, shop=shop)
        return known
    rows = _parts(tx, lexicon, [agent.id for agent in known], _loads) if known else []
    loads = {row["agent_id"]: row["count"] for row in rows}
    return [one if one.load == loads.get(one.id, 0) else replace(one, load=loads.get(one.id, 0)) for one in known]


def _parts(
    tx: Tx, lexicon: Lexicon, ids: Sequence[int], of: Callable[[Any, Iterable[str]], Any] | None = None
) -> list[Row]:
    """What `_parts_of`, or another, gives of some agents. They are asked for by their ids: who serves a shop is known
    by then, and asking for it again in each of the five parts takes twice as long."""
    build, kinds = of or _parts_of, sorted(lexicon.live_kinds)
    known = _parts_known.setdefault((build, *kinds), PreparedOfIds(lambda marks: build(marks, kinds)))
    return [row for statement, values in known.asked(ids) for row in tx.rows(statement, **values)]


_parts_known: dict[tuple[Any, ...], PreparedOfIds] = {}
_ENABLED = Prepared(lambda: t.Agent.select().where(t.Agent.enabled == True))  # noqa: E712
_AGENT = Prepared(lambda: t.Agent.select().where(t.Agent.id == p("id")))


def serving_ids() -> Any:
    """The ids of the enabled agents who serve the shop `p("shop")`."""
    return (
        t.Agent.select(t.Agent.id)
        .join(t.AgentShop, on=(t.AgentShop.agent_id == t.Agent.id))
        .where((t.Agent.enabled == True) & ((t.AgentShop.shop == p("shop")) | (t.AgentShop.shop == "*")))  # noqa: E712
    )


def _serving() -> Any:
    return t.Agent.select().where(t.Agent.id.in_(serving_ids())).order_by(t.Agent.id)


_SERVING = Prepared(_serving, lock_rows=t.Agent)
_SEEN_SERVING = Prepared(_serving)


def _parts_of(ids: Any, live_kinds: Iterable[str]) -> Any:
    """Teams, skills, shops, roles and load of agents in one statement of five parts."""
    none = SQL("0")

    def part(name: str, model: Any, field: Any) -> Any:
        return model.select(
            SQL(f"'{name}'").alias("part"), model.agent_id, field.alias("word"), none.alias("count")
        ).where(model.agent_id.in_(ids))

    return (
        part("team", t.AgentTeam, t.AgentTeam.team)
        .union_all(part("skill", t.AgentSkill, t.AgentSkill.skill))
        .union_all(part("shop", t.AgentShop, t.AgentShop.shop))
        .union_all(part("role", t.AgentRole, t.AgentRole.role))
        .union_all(_loads(ids, live_kinds))
    )


def _loads(ids: Any, live_kinds: Iterable[str]) -> Any:
    """How many open tickets of live kinds each has, as one more part."""
    return (
        t.Ticket.select(
            SQL("'load'").alias("part"),
            t.Ticket.assignee_id.alias("agent_id"),
            SQL("''").alias("word"),
            fn.COUNT(t.Ticket.id).alias("count"),
        )
        .where(
            t.Ticket.assignee_id.in_(ids)
            & (t.Ticket.category.in_(("open", "pending")))
            & (t.Ticket.kind.in_(list(live_kinds)))
        )
        .group_by(t.Ticket.assignee_id)
    )


def _agents(rows: Iterable[Mapping[str, Any]], parts: Iterable[Mapping[str, Any]]) -> list[Agent]:
    sets: dict[int, dict[str, list[str]]] = {}
    loads: dict[int, int] = {}
    for part in parts:
        if part["part"] == "load":
            loads[part["agent_id"]] = part["count"]
        else:
            sets.setdefault(part["agent_id"], {}).setdefault(part["part"], []).append(part["word"])
    found = []
    for row in rows:
        own = sets.get(row["id"], {})
        found.append(
            Agent(
                id=row["id"],
                username=row["username"],
                name=row["name"],
                alias=row["alias"],
                teams=tuple(sorted(own.get("team", ()))),
                skills=tuple(sorted(own.get("skill", ()))),
                roles=tuple(sorted(own.get("role", ()))),
                shops=tuple(sorted(own.get("shop", ()))),
                status=row["status"],
                capacity=row["capacity"],
                load=loads.get(row["id"], 0),
                last_assigned_at=row["last_assigned_at"],
                status_since=row["status_since"],
                locale=row["locale"],
            )
        )
    return sorted(found, key=lambda agent: agent.username)

"""Agents and teams with their work; the actor's own user and sessions."""

from __future__ import annotations

from typing import Any

from engine.core import questions as ask
from engine.desk import results
from engine.desk.context import Questions, Work
from engine.desk.rows import Asked
from engine.store import directory

COLLEAGUES = ("ticket.view", "monitor.view", "agents.manage")
"""Who works with the others, looks after their work or their accounts, sees who they are."""


def _agents(work: Work, q: ask.Agents) -> Any:
    found = directory.agents(work.tx, work.scope, lexicon=work.words)
    return {"items": [results.colleague(work, one) for one in found], "next": None}


def _teams(work: Work, q: ask.Teams) -> Any:
    found = {row["name"]: row for row in directory.teams(work.tx, work.scope, q)["items"]}
    items = []
    for name, team in work.book.teams.items():
        if team.shops and work.scope.shops is not None and not set(team.shops) & set(work.scope.shops):
            continue
        row = found.get(name, {"agents": [], "open": 0, "waiting": 0})
        shops = list(team.shops or work.book.shops)
        items.append({**row, "name": name, "label": dict(team.label), "shops": shops})
    return {"items": items, "next": None}


def _me(work: Work, q: ask.Me) -> Any:
    return results.user(work, work.actor)


def _sessions(work: Work, q: ask.Sessions) -> Any:
    if work.actor.session_id is None:
        return {"items": [], "next": None}
    kind = "agent" if work.actor.kind == "agent" else "member"
    return directory.sessions(work.tx, kind, work.actor.id, current=work.actor.session_id)


QUESTIONS: Questions = {
    ask.Agents: Asked(_agents, COLLEAGUES),
    ask.Teams: Asked(_teams, COLLEAGUES),
    ask.Me: Asked(_me, who="anybody"),
    ask.Sessions: Asked(_sessions, who="anybody"),
}

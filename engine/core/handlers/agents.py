"""Agents: their own presence."""

from __future__ import annotations

from collections.abc import Mapping

from engine.core.changes import Set
from engine.core.commands import SetStatus
from engine.core.draft import Draft
from engine.core.errors import Refused
from engine.core.handlers._beginning import Beginning
from engine.core.values import replace


def set_status(draft: Draft, command: SetStatus) -> None:
    agent = draft.agent
    if agent is None or draft.actor.kind != "agent":
        raise Refused("forbidden", "agents-only", "only agents have a status")
    if agent.status == command.status:
        return
    draft.agent = replace(agent, status=command.status, status_since=draft.now)
    draft.log.append(Set("agent", agent.id, {"status": command.status, "status_since": draft.now}))
    # The shops tell who hears of it: all who are shown the agent (`GET /agents`), not those of one shop.
    told = {"agent": agent.username, "from": agent.status, "to": command.status, "shops": list(agent.shops)}
    draft.record("agent.status_changed", told)
    draft.keys.add("agent.status_changed")


BEGIN: Mapping[type, Beginning] = {
    SetStatus: Beginning(set_status),
}

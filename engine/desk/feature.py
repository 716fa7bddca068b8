"""A feature: one noun that is only kept and shown, in a room of its own (`engine/features/NAME/`).

The machine (tickets, messages, chats, members …) has its commands and questions in `handlers/` and `queries/`. A
feature brings its own by the hook `register_features`; at start all are merged into plain tables, and doubles are
refused.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.desk import resealing, resettling, upkeep
from engine.desk.context import Context, Questions, Tables
from engine.desk.handlers import COMMANDS
from engine.desk.jobs import JobKind, JobSchedule
from engine.desk.queries import QUESTIONS, QUESTIONS_AHEAD
from engine.desk.rows import AsyncCommand, PlainCommand
from engine.plugins import PluginError, Plugins
from engine.store import Tx
from engine.store.stream import Committed
from engine.store.tables import Model

Row = PlainCommand | AsyncCommand


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """How an event of the log reaches agents' screens at once: `frame` shapes it, with its `type`; `to` names the one
    agent it is for, by username, where it is not for all who serve the shop."""

    frame: Callable[[Committed], Mapping[str, Any]]
    to: Callable[[Committed], str | None] | None = None


@dataclass(frozen=True, slots=True)
class Feature:
    """What one feature gives the house. All but the name may be left out.

    `tables`: its rows, each made by a migration. `impersonal`: those of them that hold nothing of a person.
    `permissions`: rights of its own, by name, each with what it lets one do. `pages`: paths of the console.
    `lookups`: what rules may ask of it inside a decision, by the type of the value, each with what loads it.
    `starter`: fills a new desk; `demo`: fills the demo shop. `erase_agent`: takes out what is of an agent, by id.
    `retention`: takes out some of what is too old and says whether there is more; asked each hour until there is not.
    `jobs`: kinds of long work; `schedules`: what of it is begun again and again.
    """

    name: str
    tables: tuple[type[Model], ...] = ()
    impersonal: tuple[type[Model], ...] = ()
    permissions: Mapping[str, str] = field(default_factory=dict)
    commands: tuple[Row, ...] = ()
    questions: Questions = field(default_factory=dict)
    lookups: Mapping[type, Callable[[Tx], Any]] = field(default_factory=dict)
    live_events: Mapping[str, LiveEvent] = field(default_factory=dict)
    pages: tuple[str, ...] = ()
    starter: Callable[[Context], Awaitable[None]] | None = None
    demo: Callable[[Context], Awaitable[None]] | None = None
    erase_agent: Callable[[Tx, int], None] | None = None
    retention: Callable[[Tx], bool] | None = None
    jobs: tuple[JobKind, ...] = ()
    schedules: tuple[JobSchedule, ...] = ()


def tables(plugins: Plugins) -> Tables:
    """What a desk with these plugins can do. Raises PluginError where two give one command or question."""
    features: list[Feature] = list(plugins.tables["features"].values())
    commands = _merged(
        ("the desk", {row.command: row for row in COMMANDS}),
        *((f.name, {row.command: row for row in f.commands}) for f in features),
    )
    questions = _merged(("the desk", {**QUESTIONS, **QUESTIONS_AHEAD}), *((f.name, f.questions) for f in features))
    ahead = QUESTIONS_AHEAD
    asked = {question: ask for question, ask in questions.items() if question not in ahead}
    live = _merged(*((f.name, f.live_events) for f in features))
    lookups = _merged(*((f.name, f.lookups) for f in features))
    own = {**upkeep.JOBS, **resettling.JOBS, **resealing.JOBS}
    jobs = _merged(("the desk", own), *((f.name, {one.name: one for one in f.jobs}) for f in features))
    schedules = _merged(
        ("the desk", upkeep.SCHEDULES), *((f.name, {one.name: one for one in f.schedules}) for f in features)
    )
    return Tables(commands, asked, ahead, live, lookups, jobs, schedules)


def _merged(*given: tuple[str, Mapping[Any, Any]]) -> dict[Any, Any]:
    merged: dict[Any, Any] = {}
    givers: dict[Any, str] = {}
    for name, rows in given:
        for kind, row in rows.items():
            if kind in merged:
                raise PluginError(f"`{givers[kind]}` and `{name}` both answer `{getattr(kind, '__name__', kind)}`")
            merged[kind], givers[kind] = row, name
    return merged

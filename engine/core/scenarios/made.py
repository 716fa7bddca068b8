"""What the entries of a scenario stand for on the desk."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from engine.core.access import Role
from engine.core.building import build
from engine.core.calendar import to_micros
from engine.core.commands import Page
from engine.core.entities import Agent, AgentStatus
from engine.core.library import Answer
from engine.core.rulebook import Rulebook
from engine.core.schema.scenarios import AgentEntry, AnswerEntry, PageEntry, TaskEntry
from engine.core.task_commands import AddTask, ChangeTask
from engine.lang import Duration, Field, Source, load_plain


def page_of(entry: PageEntry | None) -> Page:
    """Returns the web page that is written."""
    return Page() if entry is None else Page(**entry.written())


def agent_of(number: int, username: str, entry: AgentEntry, roles: Mapping[str, Role]) -> Agent:
    """Returns an agent with what is written; where no role is, with `agent`, else with every role of the rulebook."""
    usual = ("agent",) if "agent" in roles else tuple(roles)
    return Agent(
        id=number,
        username=username,
        name=entry.name or username,
        alias=entry.alias or "",
        teams=entry.teams or ((entry.team,) if entry.team else ()),
        skills=entry.skills,
        roles=entry.roles or ((entry.role,) if entry.role else usual),
        status=cast(AgentStatus, entry.status or "online"),
        capacity=entry.capacity,
    )


def answer_of(number: int, entry: AnswerEntry) -> Answer:
    """Returns an entry of the library: one text does for every language."""
    return Answer(number, {"": entry.title}, {"": entry.text}, entry.keywords, entry.shop or "", number)


def moment(text: str, zone: ZoneInfo) -> int:
    """Returns a time in µs UTC: of the zone, unless it says its own offset (`2026-03-02T10:00+00:00`)."""
    at = datetime.fromisoformat(text)
    return to_micros(at if at.tzinfo is not None else at.replace(tzinfo=zone))


_UNITS = {"秒鐘": "s", "秒": "s", "分鐘": "m", "分": "m", "小時": "h", "天": "d", "日": "d", "週": "w", "星期": "w"}
_UNITS |= {"秒钟": "s", "分钟": "m", "小时": "h", "周": "w"}
_LENGTH = re.compile(rf"(\d+(?:\.\d+)?)\s*個?个?({'|'.join(sorted(_UNITS, key=len, reverse=True))})")


def length_of(value: Any) -> Duration:
    """A length of time as rules write it (`2h`), in Chinese units, or a number of seconds. Raises ValueError."""
    if isinstance(value, int) and not isinstance(value, bool):
        return Duration(value * 1_000_000)
    text = str(value).strip()
    found = _LENGTH.fullmatch(text)
    return Duration.parse(found[1] + _UNITS[found[2]] if found else text)


def as_sent(spec: Field, value: Any, zone: ZoneInfo) -> Any:
    """A value of a scenario as people send it: a moment with its zone, a length in seconds. Raises ValueError."""
    if value is None:
        return None
    if spec.type.kind == "time":
        return datetime.fromtimestamp(moment(str(value), zone) / 1_000_000, UTC).isoformat()
    if spec.type.kind == "duration":
        return length_of(value).micros // 1_000_000
    return value


_SET: dict[tuple[str, str, str], tuple[Rulebook, Rulebook]] = {}
"""Rulebooks made for the settings of scenarios, many of which set the same: by digest, file and text."""


def with_settings(book: Rulebook, shop: str, values: Mapping[str, Any]) -> tuple[Rulebook, str | None]:
    """The rulebook as it is where the shop has these settings, and what is wrong with them if they cannot be set."""
    path = f"shops/{shop}/settings.yaml"
    own = load_plain(Source(path, book.files.get(path, "")))[0]
    known = own.data if own is not None and isinstance(own.data, dict) else {}
    text = json.dumps({**known, **values}, ensure_ascii=False, default=str)
    made = _SET.get((book.digest, path, text))
    if made is not None and made[0] is book:
        return made[1], None
    extras = book.extras
    changed, findings = build({**book.files, path: text}, previous=book, extras=extras, analyse=False)
    if changed is None:
        return book, findings[0].message
    _SET[book.digest, path, text] = (book, changed)
    while len(_SET) > 64:
        _SET.pop(next(iter(_SET)), None)
    return changed, None


def task_command(entry: TaskEntry, number: int, now: int) -> AddTask | ChangeTask:
    """What an agent does to a sub-task of a case."""
    due = None if entry.due is None else now + length_of(entry.due).micros
    if entry.add is not None:
        return AddTask(number, entry.add, entry.agent, entry.team, due)
    values = {"assignee": entry.agent, "team": entry.team, "due_at": due, "result": entry.result}
    if entry.done is not None or entry.cancel is not None:
        values["state"] = "done" if entry.done is not None else "cancelled"
    which = next((one for one in (entry.give, entry.done, entry.cancel) if one is not None), 0)
    return ChangeTask(number, which, {name: value for name, value in values.items() if value is not None})

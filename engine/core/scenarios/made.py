"""What the entries of a scenario stand for on the desk."""

from __future__ import annotations

from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo

from engine.core.calendar import to_micros
from engine.core.commands import Page
from engine.core.entities import Agent, AgentStatus
from engine.core.library import Answer
from engine.core.schema.scenarios import AgentEntry, AnswerEntry, PageEntry


def page_of(entry: PageEntry | None) -> Page:
    """Returns the web page that is written."""
    return Page() if entry is None else Page(**entry.written())


def agent_of(number: int, username: str, entry: AgentEntry) -> Agent:
    """Returns an agent with what is written."""
    return Agent(
        id=number,
        username=username,
        name=entry.name or username,
        alias=entry.alias or "",
        teams=entry.teams or ((entry.team,) if entry.team else ()),
        skills=entry.skills,
        roles=entry.roles or ((entry.role,) if entry.role else ("agent",)),
        status=cast(AgentStatus, entry.status or "online"),
        capacity=entry.capacity,
    )


def answer_of(number: int, entry: AnswerEntry) -> Answer:
    """Returns an entry of the library: one text does for every language."""
    return Answer(number, {"": entry.title}, {"": entry.text}, entry.keywords, entry.shop or "", number)


def moment(text: str, zone: ZoneInfo) -> int:
    """Returns a local time in µs UTC."""
    return to_micros(datetime.fromisoformat(text).replace(tzinfo=zone))

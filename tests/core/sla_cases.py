"""The cases of the law of time (`sla_cases.yaml`): read, and played on a desk in memory."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from engine.core import sla
from engine.core.calendar import to_micros
from engine.core.commands import ChangeTicket, MoveTicket, SettleClocks
from engine.core.entities import SYSTEM, Clock
from engine.core.rulebook import Rulebook
from engine.lang import Duration
from tests.core.desk import FILES, TAIPEI, Stage, built

_WEEK = datetime(2026, 3, 2, tzinfo=TAIPEI)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

LIFECYCLE = """\
kind: inquiry
initial: open
states:
  open: {sla: running, category: open}
  held: {sla: paused, category: pending}
  closed: {sla: stopped, category: closed}
transitions:
  - {trigger: hold, from: open, to: held, roles: [agent]}
  - {trigger: resume, from: held, to: open, roles: [agent]}
  - {trigger: close, from: "*", to: closed, roles: [agent]}
  - {trigger: reopen, from: closed, to: open, roles: [agent, member]}
"""
_RULES = "rule later\n  stage notify\n  on sla.breached after 2h\n  then add tag handled\n"


def cases() -> list[dict[str, Any]]:
    """Every case, in order."""
    found: list[dict[str, Any]] = _read()["cases"]
    return found


@functools.cache
def _read() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "sla_cases.yaml").read_text("utf-8"))
    return found


def texts(name: str) -> Mapping[str, str]:
    """The files of one of the books."""
    book = _read()["books"][name]
    office = book.get("calendar", "office")
    holidays = ", ".join(f'"{day}"' for day in book.get("holidays", ()))
    hours = '{mon-fri: ["09:00-12:00", "13:00-18:00"], sat: ["10:00-14:00"]}'
    calendars = f"""\
{office}: {{zone: Asia/Taipei, hours: {hours}, holidays: [{holidays}]}}
berlin: {{zone: Europe/Berlin, hours: {hours}}}
always: {{zone: Asia/Taipei, hours: {{mon-sun: ["00:00-24:00"]}}}}
"""
    plain = {path: text.replace("calendar: office", f"calendar: {office}") for path, text in FILES.items()}
    changed = {"sla.yaml": book["sla"], "calendars.yaml": calendars, "lifecycles/inquiry.yaml": LIFECYCLE}
    return {**plain, **changed, "all.rules": _RULES}


@functools.cache
def book(name: str) -> Rulebook:
    """One of the books, built once."""
    return built(texts(name))


def moment(text: str) -> int:
    """`mon+1 09:00` or a date with its zone, µs UTC."""
    if text[:4].isdigit():
        return to_micros(datetime.fromisoformat(text))
    day, clock = text.split()
    name, _, weeks = day.partition("+")
    hours, minutes = clock.split(":")
    days = _DAYS.index(name) + 7 * int(weeks or 0)
    return to_micros(_WEEK + timedelta(days=days, hours=int(hours), minutes=int(minutes)))


def steps(case: Mapping[str, Any]) -> list[tuple[int, str, str]]:
    """The history of a case: when, what, and with what."""
    found = []
    for line in case["history"]:
        parts = re.match(r"(\d{4}\S+|\S+ \S+) (\w+) ?(.*)", line)
        assert parts is not None, line
        found.append((moment(parts[1]), parts[2], parts[3]))
    return found


Log = list[tuple[int, str]]
"""What was told of clocks: when, and what in the words of the table."""


def play(case: Mapping[str, Any]) -> tuple[Stage, Log]:
    """The desk after the history of a case, and what its log tells of clocks."""
    history = steps(case)
    stage, log = Stage(book(case.get("book", "plain"))), []
    stage.world.now = history[0][0]
    amy = stage.agent()
    for when, what, which in history:
        _until(stage, when, log)
        if what == "ask":
            stage.says()
        elif what == "reply":
            stage.answers(amy)
        elif what == "priority":
            stage.does(ChangeTicket(stage.ticket.number, {"priority": which}), amy)
        elif what == "publish":
            name, _, later = which.partition(" ")
            stage.book = stage.world.book = book(name)
            if not later:
                stage.does(SettleClocks(stage.ticket.id))
        elif what != "look":
            stage.does(MoveTicket(stage.ticket.number, what), amy)
        _until(stage, when, log)
    return stage, log


def _until(stage: Stage, when: int, log: Log) -> None:
    """Time passes from one timer to the next."""
    while True:
        told_of = [e for e in stage.world.events if e.kind.startswith("sla.")][len(log) :]
        log.extend((stage.world.now, told(e.kind, e.body)) for e in told_of)
        due = min((timer.due_at for timer in stage.world.timers.values()), default=when + 1)
        if due > when:
            break
        stage.world.advance(due, SYSTEM)
    stage.world.advance(when, SYSTEM)


def differs(clock: Clock | None, wanted: str, rules: Rulebook, shop: str, now: int) -> list[str]:
    """What of a clock is not as it is wanted."""
    if clock is None or wanted == "none":
        return [] if clock is None and wanted == "none" else [f"{clock} is not {wanted}"]
    found = []
    for part in wanted.split(", "):
        key, _, value = part.partition(" ")
        got: object
        want: object
        if key.endswith("%"):
            got = sla.percent(clock, rules.calendar(clock.calendar, shop), now)
            want = float(key[:-1])
        elif key == "due":
            got, want = clock.due_at, moment(value)
        elif key == "late":
            got, want = clock.breached_at, moment(value.removeprefix("since "))
        elif key == "ended":
            got, want = clock.met_at, moment(value)
        elif key == "used":
            got, want = sla.used(clock, rules.calendar(clock.calendar, shop), now), Duration.parse(value).micros
        elif key in ("policy", "calendar"):
            got, want = getattr(clock, key), value
        else:
            got, want = clock.state, key
        if got != want:
            found.append(f"{part}: got {got}, wanted {want}")
    return found


def told(kind: str, body: Mapping[str, Any]) -> str:
    """What the log tells of a clock, in the words of the table."""
    words = [body["target"], kind.removeprefix("sla.")]
    if "percent" in body:
        words.append(str(body["percent"]))
    if "after" in body:
        words.append(f"after {body['after'] // 3600}h")
    words.extend([body["why"]] if "why" in body else ())
    words.extend(["withdrawn"] if body.get("withdrawn") else ())
    return " ".join(words)

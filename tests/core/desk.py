"""A small desk for the tests of the core: every noun once, no rules but those a test brings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from engine.core.access import permissions_of
from engine.core.actions import in_words
from engine.core.building import build
from engine.core.calendar import to_micros
from engine.core.changes import Record
from engine.core.commands import MemberLine, PostMessage
from engine.core.decide import Decision
from engine.core.entities import SYSTEM, Actor, Agent
from engine.core.memory import World
from engine.core.rulebook import Extras, Rulebook
from engine.lang import Finding, Function, Severity

TAIPEI = ZoneInfo("Asia/Taipei")

FILES: Mapping[str, str] = {
    "desk.yaml": """\
language: 1
shops:
  demo: {label: {zh-TW: 示範商店, en: Demo shop}, zone: Asia/Taipei, locales: [zh-TW, en], calendar: office}
  other: {label: Other, zone: Europe/Berlin, locales: [en], calendar: always}
stages: [guard, classify, {name: route, mode: first}, respond, notify]
priorities: [lowest, low, normal, high, urgent]
tiers: [guest, basic, gold]
types: [退換貨, 其他]
skills: [refunds, english]
tags: {known: [vip, handled], open: true}
fields:
  ticket.amount: {type: number, optional: true}
  ticket.step: {type: number, default: 0}
  ticket.account: {type: text, optional: true, personal: true}
  member.birthday: {type: date, optional: true, personal: true}
""",
    "teams.yaml": """\
care: {label: Care, calendar: office}
senior: {label: {zh-TW: 資深組, en: Seniors}, shops: [demo]}
""",
    "roles.yaml": """\
agent:
  permissions: [ticket.view, ticket.reply, ticket.anonymous, ticket.note, ticket.change, ticket.assign, ticket.move]
mover: {permissions: [ticket.view, ticket.move]}
giver: {permissions: [ticket.view, ticket.assign]}
supervisor: {permissions: [ticket.view]}
""",
    "calendars.yaml": """\
office:
  zone: Asia/Taipei
  hours: {mon-fri: ["09:00-12:00", "13:00-18:00"], sat: ["10:00-14:00"]}
  holidays: ["2026-01-01", "2026-02-16..2026-02-20"]
always: {zone: Asia/Taipei, hours: {mon-sun: ["00:00-24:00"]}}
""",
    "sla.yaml": """\
- name: standard
  targets: {first_reply: 4h, next_reply: 2h, resolve: 3d}
  warn_at: [50%, 80%]
""",
    "lifecycles/inquiry.yaml": """\
kind: inquiry
initial: 待回覆
states:
  待回覆: {sla: running, category: open}
  已回覆: {sla: paused, category: pending}
  對話中: {sla: running, category: open}
  已結案: {sla: stopped, category: closed}
transitions:
  - {trigger: agent_replied, from: [待回覆, 對話中], to: 已回覆}
  - {trigger: member_replied, from: 已回覆, to: 對話中}
  - {trigger: close, from: "*", to: 已結案, requires: [ticket.solution], roles: [agent, supervisor, mover]}
  - {trigger: reopen, from: 已結案, to: 對話中, when: ticket.closed_for <= 7d, roles: [agent, member]}
""",
    "lifecycles/chat.yaml": """\
kind: chat
live: true
initial: 待接入
states:
  待接入: {sla: running, category: open}
  等待顧客: {sla: paused, category: pending}
  已結束: {sla: stopped, category: closed}
transitions:
  - {trigger: agent_replied, from: 待接入, to: 等待顧客}
  - {trigger: member_replied, from: 等待顧客, to: 待接入}
  - {trigger: end, from: "*", to: 已結束, roles: [agent, member]}
""",
    "templates/all.yaml": """\
hello: {zh-TW: "{member.name} 您好", en: "Dear {member.name}"}
late: {zh-TW: "{ticket.number} 逾時", en: "{ticket.number} is late"}
""",
}


def files(rules: str = "", **more: str) -> dict[str, str]:
    """The small desk's files with these rules; other files by their name with `__` for `/` and `_yaml` at the end."""
    named = {name.replace("__", "/").removesuffix("_yaml") + ".yaml": text for name, text in more.items()}
    return {**FILES, **({"all.rules": rules} if rules else {}), **named}


def built(texts: Mapping[str, str], functions: Iterable[Function] = ()) -> Rulebook:
    """The rulebook of texts that are right."""
    book, findings = build(texts, extras=Extras(functions=tuple(functions)), analyse=False)
    errors = [(f.code, f.span.source.path, f.message) for f in findings if f.severity is Severity.ERROR]
    assert book is not None, errors
    return book


def book_of(rules: str = "", functions: Iterable[Function] = (), **more: str) -> Rulebook:
    """The small desk with these rules."""
    return built(files(rules, **more), functions)


def errors_of(texts: Mapping[str, str]) -> list[Finding]:
    """What is wrong with texts; the first of the two answers says whether they build."""
    book, findings = build(texts, analyse=False)
    errors = [f for f in findings if f.severity is Severity.ERROR]
    assert (book is None) == bool(errors), "a book stands or falls with its errors"
    return errors


def at(text: str, zone: ZoneInfo = TAIPEI) -> int:
    """A local time, µs UTC."""
    return to_micros(datetime.fromisoformat(text).replace(tzinfo=zone))


def clock_of(micros: int, zone: ZoneInfo = TAIPEI) -> str:
    """A moment in local time, to the minute."""
    return datetime.fromtimestamp(micros / 1_000_000, zone).strftime("%Y-%m-%d %H:%M")


class Stage:
    """A world in memory with one member, and what a test does in it."""

    def __init__(self, book: Rulebook, now: str = "2026-03-02 10:00", shop: str = "demo", **member: Any) -> None:
        self.book = book
        self.shop = shop
        self.world = World(book=book, now=at(now), outbound=frozenset({"test"}))
        self.member = self.world.add_member(shop, **{"name": "小明", **member})

    def agent(self, username: str = "amy", **values: Any) -> Actor:
        """An agent of team care with the role agent, on duty; as an actor."""
        plain = {"name": username.title(), "teams": ("care",), "roles": ("agent",), "status": "online"}
        agent = Agent(id=100 + len(self.world.agents), username=username, **{**plain, **values})
        self.world.agents[username] = agent
        return Actor(
            kind="agent",
            id=agent.id,
            name=agent.name,
            username=username,
            roles=agent.roles,
            permissions=permissions_of(self.book.roles, agent.roles),
            shops=tuple(self.book.shops),
            teams=agent.teams,
            alias=agent.alias,
        )

    @property
    def customer(self) -> Actor:
        """The member as an actor."""
        kind = "guest" if self.member.guest else "member"
        return Actor(kind=kind, id=self.member.id, name=self.member.name or "", shops=(self.shop,))

    @property
    def ticket(self) -> Any:
        """The newest ticket."""
        return self.world.tickets[max(self.world.tickets)]

    def says(self, text: str = "你好", *, new: bool = False, **values: Any) -> Decision:
        """A line of the member into the newest ticket, else a new inquiry."""
        plain = {"kind": "inquiry", "channel": "form"}
        ticket = self.ticket.id if self.world.tickets and not new else None
        line = MemberLine(self.shop, text, **{**plain, **values})
        return self.world.run(line, self.customer, member_id=self.member.id, ticket_id=ticket, shop=self.shop)

    def answers(self, actor: Actor, text: str = "您好", **values: Any) -> Decision:
        """A line of an agent into the newest ticket."""
        return self.does(PostMessage(self.ticket.number, text, **values), actor)

    def does(self, command: Any, actor: Actor = SYSTEM) -> Decision:
        """A command about the newest ticket."""
        return self.world.run(command, actor, ticket_id=self.ticket.id, shop=self.shop)

    def until(self, moment: str) -> list[Decision]:
        """Time passes until a local time."""
        return self.world.advance(at(moment), SYSTEM)

    def records(self, kind: str) -> list[Record]:
        """What the log has of a kind."""
        return [event for event in self.world.events if event.kind == kind]


def acted(decision: Decision) -> list[str]:
    """The rules that acted, in order."""
    return [entry.rule for entry in decision.trace if entry.outcome == "acted"]


def outcomes(decision: Decision) -> list[tuple[str, str]]:
    """Every rule of the trace with how it fared."""
    return [(entry.rule, entry.outcome) for entry in decision.trace]


def did(decision: Decision, rule: str) -> list[str]:
    """What the trace says a rule did, in English."""
    return [in_words(change) for entry in decision.trace if entry.rule == rule for change in entry.changes]

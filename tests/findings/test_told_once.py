"""What must be told of a folder, and what must not: each line of the table a folder over the sound desk, with the
findings it has, by code and the text they stand on. Nothing else is told, and nothing twice."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tests.findings.desk import base, found_in


@dataclass
class Shown:
    """A rule file (and other files) and what is told of it, as `code text` in the order of path and place."""

    name: str
    rules: str = ""
    told: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)


def one(event: str, condition: str, action: str = "add tag hello") -> str:
    return f"rule shown\n  on {event}\n  when {condition}\n  then {action}\n"


def never(event: str, condition: str) -> Shown:
    return Shown(f"{event} / {condition}", one(event, condition), (f"never-true {condition}",))


def fine(event: str, condition: str, action: str = "add tag hello") -> Shown:
    return Shown(f"{event} / {condition}", one(event, condition, action))


CASES = base()["lifecycles/inquiry.yaml"]
ARCHIVED = (
    CASES.replace("transitions:", "  封存: {sla: stopped, category: closed}\ntransitions:").rstrip()
    + "\n  - {trigger: archive, from: 已結案, to: 封存}\n"
)
NORTH = {
    "desk.yaml": base()["desk.yaml"].replace(
        "stages:", "  north: {label: North, zone: Asia/Taipei, locales: [en], calendar: office}\nstages:"
    )
}

SETTLED = [
    never("sla.warning", "sla.percent > 80"),
    never("sla.warning", "sla.percent >= 90%"),
    never("sla.breached", "sla.percent < 100%"),
    never("sla.warning", "sla.target = next_reply"),
    never("sla.breached after 2h", "sla.target = next_reply"),
    never("rating.received", "ticket.rating is empty"),
    never("call.missed", "call.result = answered"),
    never("call.ringing", "call.result is set"),
    never("ticket.created", "ticket.reopened >= 1"),
    never("ticket.created", "ticket.state = 已結案"),
    Shown(
        "a guest does not sign in",
        one("member.signed_in", "member.is_guest", "add tag hello to member"),
        ("never-true member.is_guest",),
    ),
    fine("sla.breached after 2h", "sla.percent < 100%"),
    fine("sla.warning", "sla.percent >= 80%"),
    fine("call.ended", "call.result = answered"),
    fine("ticket.changed", "ticket.reopened >= 1"),
    fine("sla.breached", "sla.target = resolve"),
    fine("rating.received", "ticket.rating != 5"),
    fine("agent.status_changed", "agent.status != online", 'notify role supervisor "hello"'),
    fine("ticket.changed", "ticket.assignee is set and agent.status != online"),
    Shown(
        "a shop's own rule asks for another shop",
        told=("never-true shop.name = demo",),
        files={**NORTH, "shops/north/own.rules": one("ticket.changed", "shop.name = demo")},
    ),
    Shown(
        "the first tier is the guests' alone",
        "rule a\n  on ticket.created\n  when member.is_guest\n  then set ticket.subject to x\n"
        "rule b\n  on ticket.created\n  when member.tier >= basic\n  then set ticket.subject to y\n",
    ),
    Shown(
        "a new ticket is in no later state",
        "rule a\n  on ticket.created\n  then move to 已結案\n",
        files={"lifecycles/inquiry.yaml": ARCHIVED},
    ),
    Shown(
        "unless a rule moves it there at once",
        "rule a\n  stage classify\n  on ticket.created\n  when ticket.channel = api\n  then move to 已結案\n"
        "rule b\n  stage respond\n  on ticket.created\n  when ticket.state = 已結案\n  then add tag hello\n",
    ),
]


@pytest.mark.parametrize("shown", SETTLED, ids=lambda shown: shown.name)
def test_what_an_event_settles_is_known(shown: Shown) -> None:
    check(shown)


def check(shown: Shown) -> None:
    rules = {"shown.rules": shown.rules} if shown.rules else {}
    findings = found_in({**rules, **shown.files})
    assert [f"{f.code} {f.span.text}" for f in findings] == list(shown.told), [(f.message, f.hint) for f in findings]


def test_eighty_percent_is_written_with_its_sign() -> None:
    (finding,) = found_in({"shown.rules": one("sla.warning", "sla.percent > 80")})
    assert finding.hint == "1 is the whole: write `80%`"

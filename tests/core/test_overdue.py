"""The clock is moved and nobody answers: two warnings, a breach, an escalation, each once, in office hours only.

Once on the desk in memory and once on the real desk over SQLite, with the starter rules as they ship.
"""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

from engine.config import load
from engine.core.entities import MINUTE, SYSTEM, Actor
from engine.desk import Desk, Events, MemberLine, SetStatus, TicketByNumber
from engine.features.notifications.commands import Notifications
from engine.folder import read_folder
from engine.reload import reload_now
from engine.store import people
from tests.core.desk import Stage, at, built, clock_of, files

ROOT = Path(__file__).resolve().parents[2]

# Thursday evening. Friday and Saturday are holidays of the starter calendar, then comes Sunday: of the four hours to a
# first reply half an hour is left on Thursday, three on Monday morning, and the last half hour comes after lunch.
ASKED = "2026-02-26 17:30"
END = "2026-03-02 15:45"
TOLD = [
    ("2026-03-02 10:30", "sla.warning", 50),
    ("2026-03-02 11:42", "sla.warning", 80),
    ("2026-03-02 13:30", "sla.breached", None),
    ("2026-03-02 15:30", "sla.breached", None),  # `after 2h`, by the clock
    ("2026-03-02 15:30", "sla.changed", None),  # the second step makes it urgent: another policy
]
NOTICES = {
    ("amy", "assigned_to_you"): 1,
    ("amy", "sla_warning_assignee"): 1,
    ("amy", "sla_tell_assignee"): 1,
    ("rita", "sla_first_step"): 1,
    ("rita", "sla_second_step"): 1,
    ("rita", "urgent_to_supervisor"): 1,
    ("rita", "inquiry_for_team"): 1,
    # An urgent case has to be solved sooner, and half of that time is gone.
    ("rita", "sla_half_nobody"): 1,
    # By the clock, whatever the case: Monday, 08:30.
    ("rita", "monday_reminder"): 1,
}
STEP = 7 * MINUTE
"""How far the clock of the real desk jumps: nothing is due on its grid, so ticks come late, as they do."""


def _first_reply(events: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return [(kind, body) for kind, body in events if kind.startswith("sla.") and body["target"] == "first_reply"]


def test_in_memory() -> None:
    stage = Stage(built(read_folder(ROOT / "rules")[0]), ASKED, tier="basic")
    stage.agent("amy", teams=("frontline",))
    stage.agent("rita", teams=("senior_care",), roles=("supervisor",), status="offline")
    stage.says("請問你們有門市嗎")
    assert stage.ticket.priority == "normal"
    told = []
    while stage.world.now < at(END):
        before = len(stage.world.events)
        stage.until(clock_of(stage.world.now + MINUTE))
        for kind, body in _first_reply([(event.kind, event.body) for event in stage.world.events[before:]]):
            told.append((clock_of(stage.world.now), kind, body.get("percent")))
    assert told == TOLD
    assert Counter((n["agent"], n["rule"]) for n in stage.world.notifications) == NOTICES
    assert (stage.ticket.priority, stage.ticket.escalation, stage.ticket.team) == ("urgent", 2, "senior_care")
    changes = [event.body["changes"] for event in stage.records("ticket.changed")]
    assert [c["escalation"] for c in changes if "escalation" in c] == [1, 2]


def test_an_answer_in_time_stops_it_all() -> None:
    stage = Stage(built(read_folder(ROOT / "rules")[0]), ASKED, tier="basic")
    amy = stage.agent("amy", teams=("frontline",))
    stage.says("請問你們有門市嗎")
    stage.until("2026-03-02 13:29")
    stage.answers(amy, "有的，歡迎光臨")
    stage.until(END)
    assert [e.body["percent"] for e in stage.records("sla.warning")] == [50, 80]
    assert stage.records("sla.breached") == []
    assert stage.world.clocks[stage.ticket.id]["first_reply"].state == "met"


class Turned:
    """A clock that is turned by hand."""

    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        self.now += 1
        return self.now


def _agent(desk: Desk, name: str, number: int, role: str) -> Actor:
    assert desk.rulebook is not None
    rights = desk.rulebook.roles[role].permissions
    return Actor(kind="agent", id=number, name=name, username=name, roles=(role,), permissions=rights, shops=("demo",))


async def _story(folder: Path) -> dict[str, Any]:
    shutil.copytree(ROOT / "rules", folder / "rules")
    clock = Turned(at(ASKED))
    desk = await Desk.open(
        load(folder, None, {"storage.url": "sqlite:desk.db", "files.url": "file:files"}), clock=clock
    )
    try:
        await reload_now(desk, by="test", note="", source="start")

        def people_of(tx: Any) -> list[int]:
            shared = {"shops": ["demo"], "skills": []}
            return [
                people.save_agent(tx, "amy", name="Amy", roles=["agent"], teams=["frontline"], **shared),
                people.save_agent(tx, "rita", name="Rita", roles=["supervisor"], teams=["senior_care"], **shared),
                people.add_member(
                    tx, desk.context.lexicon, "demo", guest=False, tier="basic", name="小明", language="zh-TW"
                ),
            ]

        amy_id, rita_id, member_id = (await desk.context.store.write(people_of)).result
        amy, rita = _agent(desk, "amy", amy_id, "agent"), _agent(desk, "rita", rita_id, "supervisor")
        await desk.act(amy, SetStatus("online"))
        ming = Actor(kind="member", id=member_id, name="小明", shops=("demo",))
        number = (await desk.act(ming, MemberLine("demo", "請問你們有門市嗎", kind="inquiry", channel="form")))[
            "ticket"
        ]
        while clock.now + STEP < at(END):
            clock.now += STEP
            await desk.tick()
            await desk.tick()  # a second look fires nothing again
        return {
            "ticket": await desk.query(SYSTEM, TicketByNumber(number)),
            "events": (await desk.query(SYSTEM, Events(number, limit=200)))["items"],
            "notices": [
                (agent.username, notice["rule"])
                for agent in (amy, rita)
                for notice in (await desk.query(agent, Notifications(limit=100)))["items"]
            ],
        }
    finally:
        await desk.close()


def test_on_the_real_desk(tmp_path: Path) -> None:
    story = asyncio.run(_story(tmp_path))
    events = sorted(story["events"], key=lambda event: event["seq"])
    told = [
        (event["at"], event["kind"], event["body"].get("percent"))
        for event in events
        if event["kind"].startswith("sla.") and event["body"]["target"] == "first_reply"
    ]
    assert [(kind, percent) for _, kind, percent in told] == [(kind, percent) for _, kind, percent in TOLD]
    for (moment, *_), (due, *_) in zip(told, TOLD, strict=True):
        assert at(due) <= moment < at(due) + STEP + MINUTE, "as soon as the desk looks at its clock, not before"
    assert Counter(story["notices"]) == NOTICES
    assert (story["ticket"]["priority"], story["ticket"]["team"]) == ("urgent", "senior_care")
    changes = [event["body"]["changes"] for event in events if event["kind"] == "ticket.changed"]
    assert [c["escalation"] for c in changes if "escalation" in c] == [1, 2]


def test_a_shops_own_policy_warns_and_breaches_too() -> None:
    texts = {**files(), "shops/demo/sla.yaml": "- {name: ours, targets: {first_reply: 1h}, warn_at: [50%]}"}
    stage = Stage(built(texts), "2026-03-02 11:15")
    stage.says()
    assert stage.world.clocks[stage.ticket.id]["first_reply"].policy == "ours"
    stage.until("2026-03-02 18:00")
    told = [(e.kind, e.body.get("percent")) for e in stage.world.events if e.kind.startswith("sla.")]
    assert told == [("sla.warning", 50), ("sla.breached", None)]
    assert stage.world.clocks[stage.ticket.id]["first_reply"].breached_at == at("2026-03-02 13:15")

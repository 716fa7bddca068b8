"""What real people wrote, and what the starter desk does with it: judged by people, in both ways of writing Chinese."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import opencc
import pytest
import yaml

from engine.core.calendar import to_micros
from engine.core.commands import MemberLine
from engine.core.entities import Actor
from engine.core.memory import World
from tests.starter.test_starter import BOOK, ROOT

FOLDER = ROOT / "tests/starter"
REVIEWS: list[dict[str, Any]] = yaml.safe_load((FOLDER / "sentences.yaml").read_text("utf-8"))
QUESTIONS: list[dict[str, Any]] = yaml.safe_load((FOLDER / "questions.yaml").read_text("utf-8"))
SENTENCES = REVIEWS + QUESTIONS
USUAL = {"priority": "normal", "tags": [], "replies": ["inquiry_ack"]}
AT = to_micros(datetime(2026, 3, 2, 10, tzinfo=ZoneInfo("Asia/Taipei")))
SCRIPTS = {
    "as written": str,
    "traditional": opencc.OpenCC("s2tw").convert,
    "simplified": opencc.OpenCC("t2s").convert,
}


def _decided(text: str) -> dict[str, Any]:
    assert BOOK is not None
    world = World(book=BOOK, now=AT)
    member = world.add_member("demo", tier="basic")
    actor = Actor(kind="member", id=member.id, shops=("demo",))
    line = MemberLine("demo", text, kind="inquiry", channel="form")
    decision = world.run(line, actor, member_id=member.id, shop="demo")
    if decision.rejected is not None:
        return dict.fromkeys(("type", "team", "priority", "tags", "replies"), "rejected")
    ticket = world.tickets[min(world.tickets)]
    return {
        "type": ticket.type,
        "team": ticket.team,
        "priority": ticket.priority,
        "tags": sorted(ticket.tags),
        "replies": sorted(said.template or said.text for said in decision.replies),
    }


def test_they_are_many_and_all_different() -> None:
    assert len({sentence["text"] for sentence in SENTENCES}) == len(SENTENCES) >= 200
    assert all(sentence["why"] for sentence in SENTENCES)
    assert len(QUESTIONS) >= 100


@pytest.mark.parametrize("script", SCRIPTS)
def test_what_the_desk_does_is_right(script: str) -> None:
    wrong = []
    for sentence in SENTENCES:
        text = SCRIPTS[script](sentence["text"])
        wanted = {key: sentence.get(key, usual) for key, usual in USUAL.items()}
        wanted |= {"type": sentence["type"], "team": sentence["team"]}
        got = _decided(text)
        for key, value in wanted.items():
            if got[key] != (sorted(value) if isinstance(value, list) else value):
                wrong.append(f"{text}: {key} is {got[key]}, not {value} ({sentence['why']})")
    assert wrong == []

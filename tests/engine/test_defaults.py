"""A member field with a default is never empty: not for a member who is older than the field either."""

from __future__ import annotations

from typing import Any

from engine.core.commands import ChangeMember, MemberLine
from engine.core.entities import HOUR, SYSTEM
from engine.core.questions import MemberById
from engine.desk import Desk
from engine.reload import reload_now
from tests.engine.test_schedules import Clock
from tests.support.house import House, member, sign_in

RULES = """
rule points
  stage notify
  on message.received
  when member.points >= 3 and not member.fan
  then note "{member.points}" add tag 有點數 to member
rule hourly_points
  stage housekeeping
  on every 1h for each member
  when member.points = 3
  then add tag 每小時 to member
"""
FIELDS = """
fields:
  member.points: {type: number, default: 3}
  member.fan: {type: flag, default: false}
"""


def test_an_older_member_has_the_default_everywhere(house: House) -> None:
    clock = Clock()

    async def work(desk: Desk) -> Any:
        ming, hua = await member(desk), await member(desk, "小華")
        amy = await sign_in(desk, "amy", "frontline", ("admin",))
        text = (house.folder / "rules" / "desk.yaml").read_text("utf-8")
        house.write("desk.yaml", text.replace("\nfields:\n", FIELDS))
        house.write("points.rules", RULES)
        assert (await reload_now(desk, by="test", source="test"))["findings"] == []
        await desk.act(ming, MemberLine("demo", "你好"))
        await desk.act(SYSTEM, ChangeMember(hua.id, {"fields.points": 2}))
        await desk.tick()
        clock.ahead += HOUR
        await desk.tick()
        return [await desk.query(amy, MemberById(one.id)) for one in (ming, hua)]

    ming, hua = house.run(work, clock)
    assert ming["fields"] == {"points": 3, "fan": False}
    assert set(ming["tags"]) >= {"有點數", "每小時"}
    assert hua["fields"] == {"points": 2, "fan": False}
    assert "每小時" not in hua["tags"]

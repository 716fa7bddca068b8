"""The place in the line, as rules tell it and as the window shows it."""

from __future__ import annotations

from engine.core.commands import MemberLine
from engine.core.questions import Messages, QueuePlace
from engine.desk import Desk
from tests.support.house import House, member, sign_in

RULES = """
rule place
  stage notify
  on chat.waiting
  when chat.queue_position is set
  then reply "您排第 {chat.queue_position} 位"
"""


def test_higher_tiers_are_told_of_a_place_before_others(house: House) -> None:
    house.write("place.rules", RULES)

    async def work(desk: Desk) -> list[tuple[str, int]]:
        amy = await sign_in(desk, "amy", "frontline", ("admin",))  # there, and not on duty
        found = []
        for name, tier in (("一", "basic"), ("二", "basic"), ("三", "vip")):
            who = await member(desk, name, tier)
            number = (await desk.act(who, MemberLine("demo", "你好")))["ticket"]
            lines = (await desk.query(amy, Messages(number)))["items"]
            (told,) = [line["text"] for line in lines if line["text"].startswith("您排第")]
            found.append((told, (await desk.query(who, QueuePlace(number)))["position"]))
        return found

    assert house.run(work) == [("您排第 1 位", 1), ("您排第 2 位", 2), ("您排第 1 位", 1)]

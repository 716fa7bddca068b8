"""A member's line opens the last chat again where the lifecycle says so; else it begins another."""

from __future__ import annotations

from engine.core.commands import EndChat, MemberLine
from engine.core.entities import MINUTE
from engine.core.questions import TicketByNumber
from engine.desk import Desk
from tests.engine.test_schedules import Clock
from tests.support.house import House, member, sign_in

REOPEN = """
  - trigger: reopen
    label: {zh-TW: 重開, zh-CN: 重开, en: Reopen}
    from: 已結束
    to: 服務中
    when: ticket.closed_for <= 10m
    roles: [agent, supervisor]
"""


def test_a_chat_goes_on_for_a_while_after_its_end(house: House) -> None:
    chat = house.folder / "rules" / "lifecycles" / "chat.yaml"
    chat.write_text(chat.read_text("utf-8") + REOPEN, "utf-8")
    clock = Clock()

    async def work(desk: Desk) -> tuple[list[int], list[str]]:
        ming, amy = await member(desk), await sign_in(desk, "amy", "frontline")
        numbers, states = [], []
        for wait in (0, 9, 11):
            clock.ahead += wait * MINUTE
            numbers.append((await desk.act(ming, MemberLine("demo", "在嗎")))["ticket"])
            states.append((await desk.query(amy, TicketByNumber(numbers[-1])))["category"])
            await desk.act(ming, EndChat(None, "demo"))
        return numbers, states

    numbers, states = house.run(work, clock)
    assert numbers[0] == numbers[1] < numbers[2]
    assert states == ["open"] * 3

"""A notice is read in the language its reader uses now, also when that is another than when it was written."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.commands import OpenTicket
from engine.desk import Desk
from engine.features.notifications.commands import Notifications
from tests.support.house import House, member, sign_in

RULES = """
rule told
  on ticket.created
  then notify team frontline template told_claim
rule said
  on ticket.created
  then notify team frontline "看一下"
"""


@pytest.fixture
def notices(house: House) -> dict[str, dict[str, Any]]:
    """What an agent was told of a new case, by rule."""
    house.write("new.rules", RULES)

    async def work(desk: Desk) -> dict[str, dict[str, Any]]:
        amy = await sign_in(desk, "amy", "frontline")
        await desk.act(await member(desk), OpenTicket("退貨", "我要退貨，尺寸不對"))
        return {one["rule"].rpartition("/")[2]: one for one in (await desk.query(amy, Notifications()))["items"]}

    return dict(house.run(work))


def test_a_notice_of_a_template_has_its_text_in_every_language_of_the_shop(notices: dict[str, Any]) -> None:
    (told,) = [one for name, one in notices.items() if name.endswith("told")]
    assert set(told["texts"]) == {"zh-TW", "zh-CN", "en"}
    assert told["text"] == told["texts"]["zh-TW"]
    assert "等待認領：退換貨" in told["texts"]["zh-TW"]
    assert "等待认领" in told["texts"]["zh-CN"]
    assert "waits to be claimed" in told["texts"]["en"] and "退換貨" not in told["texts"]["en"]


def test_one_that_reads_the_same_in_all_of_them_is_kept_once(notices: dict[str, Any]) -> None:
    (said,) = [one for name, one in notices.items() if name.endswith("said")]
    assert said["text"] == "看一下" and said["texts"] == {}

"""Masked words and blocked members on a real store: what search, the conversation and a repeat make of them."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.commands import MemberLine, OpenTicket
from engine.core.entities import SYSTEM
from engine.core.errors import Refused
from engine.core.questions import Messages, Search, Trace
from engine.desk import Desk
from tests.engine.conftest import House, member

MASK = """
words rude = ["壞蛋"]
rule tidy
  stage guard
  on message.received
  when message.text contains any rude
  then mask rude
rule nearly
  stage notify
  on message.received
  when message.text contains any rude and message.length > 500
  then flag "long"
"""


def test_masked_words_are_found_nowhere_and_a_repeat_is_the_same_line(house: House) -> None:
    house.write("mask.rules", MASK)

    async def work(desk: Desk) -> Any:
        ming = await member(desk)
        line = MemberLine("demo", "你是壞\u200b蛋！請問訂單", client_key="k1")
        first = await desk.act(ming, line)
        again = await desk.act(ming, line)
        with pytest.raises(Refused, match="another line"):
            await desk.act(ming, MemberLine("demo", "你是壞人啊！請問訂單", client_key="k1"))
        number = first["ticket"]
        found = [len((await desk.query(SYSTEM, Search(q)))["items"]) for q in ("壞蛋", "請問訂單")]
        shown = await desk.query(SYSTEM, Messages(number))
        trace = await desk.query(SYSTEM, Trace(number))
        return first, again, found, repr(shown), trace

    first, again, found, shown, trace = house.run(work)
    assert first["message"]["text"] == "你是＊\u200b＊！請問訂單"
    assert again["message"]["id"] == first["message"]["id"] and again["repeat"]
    assert found == [0, 1]
    assert "蛋" not in shown + repr(trace)
    rules = {rule["rule"]: rule["outcome"] for item in trace["items"] for rule in item["rules"]}
    assert rules["nearly"] == "nearly", "the conditions are asked again of the line as it was"


def test_a_case_by_the_api_is_masked_before_it_is_stored(house: House) -> None:
    house.write("mask.rules", MASK)

    async def work(desk: Desk) -> Any:
        ming = await member(desk)
        made = await desk.act(ming, OpenTicket("壞蛋客服", "壞蛋", shop="demo"))
        return made["ticket"]["subject"], (await desk.query(SYSTEM, Search("壞蛋")))["items"]

    assert house.run(work) == ("＊＊客服", [])

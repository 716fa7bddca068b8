"""The auto-reply library on a real desk: a change counts at once, and the decision says which version it asked."""

from __future__ import annotations

from typing import Any

from engine.core.commands import MemberLine
from engine.core.entities import SYSTEM
from engine.core.questions import Messages
from engine.desk import Desk
from engine.features.answers.commands import DeleteAnswers, SaveAnswer
from engine.store import packing
from engine.store import tables as t
from tests.support.house import House, member

RULES = """
rule library
  stage respond
  on message.received
  when message.answers > 0
  then answer
"""
ANSWER = {"titles": {"zh-TW": "月光寶盒"}, "texts": {"zh-TW": "在二樓"}, "keywords": ["月光寶盒"]}


def test_a_change_of_the_library_counts_with_the_next_line(house: House) -> None:
    house.write("library.rules", RULES)

    async def work(desk: Desk) -> Any:
        ming = await member(desk)

        async def asked() -> list[str]:
            number = (await desk.act(ming, MemberLine("demo", "月光寶盒在哪裡")))["ticket"]
            shown = await desk.query(SYSTEM, Messages(number))
            return [m["text"] for m in shown["items"] if m["text"].startswith("在")]

        said = [len(await asked())]
        made = (await desk.act(SYSTEM, SaveAnswer(ANSWER)))["entry"]
        said.append(len(await asked()))
        await desk.act(SYSTEM, SaveAnswer({"texts": {"zh-TW": "在三樓"}}, made["id"]))
        last = await asked()
        await desk.act(SYSTEM, DeleteAnswers((made["id"],)))
        said.append(len(await asked()))
        versions = await desk.context.store.read(
            lambda tx: [
                packing.unpack_snapshot(tx, row["snapshot"]).get("library")
                for row in tx.rows(t.Decision.select().order_by(t.Decision.id))
            ]
        )
        return said, last, versions

    said, last, versions = house.run(work)
    assert said == [0, 1, 2]
    assert last == ["在二樓", "在三樓"]
    assert [version for version in versions if version is not None] == [0, 1, 2, 3]

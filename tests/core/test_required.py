"""A rule that moves a case without what its transition requires of people is told of; the move is carried out."""

from __future__ import annotations

import pytest

from engine.core.building import build
from tests.core.desk import files

CLOSE = (
    "rule shut\n  stage notify\n  on message.received\n  when ticket.kind = inquiry and {when}\n  then\n    {then}\n"
)
OTHER = 'rule fill\n  stage {stage}\n  on message.received\n  when {when}\n  then set ticket.solution to "done"\n'
MINE = "ticket.state != 已結案"
TOLD = {
    "nothing of it": (CLOSE.format(when=MINE, then="move to 已結案"), True),
    "emptied": (CLOSE.format(when=MINE, then="set ticket.solution to empty\n    move to 已結案"), True),
    "set": (CLOSE.format(when=MINE, then='set ticket.solution to "x"\n    move to 已結案'), False),
    "asked": (CLOSE.format(when=f"{MINE} and ticket.solution is set", then="move to 已結案"), False),
    "asked for a value": (CLOSE.format(when=f'{MINE} and ticket.solution = "ok"', then="move to 已結案"), False),
    "a way without": (CLOSE.format(when="ticket.state = 待回覆", then="move to 已回覆"), False),
    "a companion": (
        CLOSE.format(when=MINE, then="move to 已結案")
        + OTHER.format(stage="notify", when=f"ticket.kind = inquiry and {MINE} and ticket.solution is empty"),
        False,
    ),
    "one too late": (
        CLOSE.format(when=MINE, then="move to 已結案").replace("stage notify", "stage classify")
        + OTHER.format(stage="notify", when="ticket.solution is empty"),
        True,
    ),
    "one that is not always there": (
        CLOSE.format(when=MINE, then="move to 已結案")
        + OTHER.format(stage="notify", when="ticket.solution is empty and member.tier = gold"),
        True,
    ),
}


@pytest.mark.parametrize("name", TOLD)
def test_a_move_without_what_it_requires(name: str) -> None:
    text, told = TOLD[name]
    _, found = build(files(text))
    assert [f.message for f in found if f.severity.value == "error"] == []
    mine = [f for f in found if f.code == "move-without-required"]
    assert [f.span.text for f in mine] == ["move to 已結案"] * told
    assert all("`ticket.solution`" in f.message and f.witness for f in mine)

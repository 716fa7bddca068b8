"""Cases of the inside: a line to a member who does not see the case is told of when rules are checked."""

from __future__ import annotations

import pytest

from engine.core.building import build
from tests.core.desk import files

ORDERS = """
kind: order
internal: true
initial: todo
states:
  todo: {category: open}
  done: {category: closed}
transitions:
  - {trigger: close, from: todo, to: done}
  - {trigger: reopen, from: done, to: todo}
"""
TOLD = {
    "by its kind": ("ticket.kind = order", 'reply "x"', True),
    "by its state": ("ticket.state = todo", 'reply "x"', True),
    "by its channel": ("ticket.channel = internal", "ask rating", True),
    "an answer": ("ticket.kind in [order]", "answer", True),
    "one that may be seen": ("ticket.kind in [order, inquiry]", 'reply "x"', False),
    "all but the inside": ("ticket.kind != order", 'reply "x"', False),
    "a note": ("ticket.kind = order", 'note "x"', False),
}


@pytest.mark.parametrize("name", TOLD)
def test_what_a_member_never_sees_is_told(name: str) -> None:
    asked, action, told = TOLD[name]
    text = f"rule inside\n  on message.received\n  when {asked}\n  then {action}\n"
    _, found = build({**files(text), "lifecycles/order.yaml": ORDERS})
    assert [f.message for f in found if f.severity.value == "error"] == []
    assert [f.span.text for f in found if f.code == "reply-to-nobody"] == [action] * told
